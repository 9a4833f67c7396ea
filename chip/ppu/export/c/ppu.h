/* What exported kernels use of a plasticity processor: its scalar core and its vector unit.
 *
 * Vector operations are the processor's instructions, one call each: fxv_addbm(V0, V1, V2, GREATER) is
 * "fxvaddbm 0, 1, 2, 1". Registers are named, as in the vendor's own macros; they keep their contents between kernels.
 * With FXV_ASSEMBLER they are these instructions, for the vendor's compiler; with FXV_WORDS each is a word that stands
 * for it, to see how long code is; else functions of vector_unit.c, a vector unit in software.
 *
 * Compile with -fwrapv: integers wrap at 32 bits, as the processor's do. With PPU_CHECK an index beyond its region and
 * a division by zero end the run, as they end the simulated one; the processor looks at neither. */
#ifndef PPU_H
#define PPU_H

#include <stdint.h>

#pragma GCC diagnostic ignored "-Wbuiltin-declaration-mismatch" /* C has functions of these names for floats */

/* ---------------------------------------------------------------------- scalar core */

#ifdef PPU_CHECK
void ppu_fault(int site, int32_t value);
static inline int32_t at(int32_t index, int32_t length, int site)
{
    if (index < 0 || index >= length)
        ppu_fault(site, index);
    return index;
}
#define nonzero(divisor, site) ((divisor) == 0 ? (ppu_fault(site, 0), (divisor)) : (divisor))
#else
#define at(index, length, site) (index)
#define nonzero(divisor, site) (divisor)
#endif

static inline int32_t minimum(int32_t a, int32_t b) { return a < b ? a : b; }
static inline int32_t maximum(int32_t a, int32_t b) { return a > b ? a : b; }
static inline uint32_t minimum_unsigned(uint32_t a, uint32_t b) { return a < b ? a : b; }
static inline uint32_t maximum_unsigned(uint32_t a, uint32_t b) { return a > b ? a : b; }
static inline int32_t saturate8(int32_t x) { return minimum(maximum(x, -128), 127); }
static inline int32_t saturate16(int32_t x) { return minimum(maximum(x, -32768), 32767); }
static inline int32_t saturate8_unsigned(uint32_t x) { return (int32_t)minimum_unsigned(x, 127); }
static inline int32_t saturate16_unsigned(uint32_t x) { return (int32_t)minimum_unsigned(x, 32767); }
static inline int32_t absolute(int32_t x) { return x < 0 ? -x : x; }
static inline int32_t multiply_high(int32_t a, int32_t b) { return (int32_t)(((int64_t)a * b) >> 32); }
static inline int32_t count_leading_zeros(uint32_t x) { return x ? __builtin_clz(x) : 32; }
/* truncates; the least number by -1 wraps, where divw leaves it open */
static inline int32_t divide(int32_t a, int32_t b) { return b == -1 ? -a : a / b; }
static inline int32_t remainder(int32_t a, int32_t b) { return b == -1 ? 0 : a % b; }

/* six bits of an amount count; C leaves open what one beyond 31 does, slw, srw and sraw do not */
#ifdef __powerpc__
static inline uint32_t shift_left_unsigned(uint32_t x, uint32_t amount)
{
    uint32_t result;
    __asm__("slw %0,%1,%2" : "=r"(result) : "r"(x), "r"(amount));
    return result;
}
static inline uint32_t shift_right_unsigned(uint32_t x, uint32_t amount)
{
    uint32_t result;
    __asm__("srw %0,%1,%2" : "=r"(result) : "r"(x), "r"(amount));
    return result;
}
static inline int32_t shift_right(int32_t x, uint32_t amount)
{
    int32_t result;
    __asm__("sraw %0,%1,%2" : "=r"(result) : "r"(x), "r"(amount) : "xer");
    return result;
}
#else
static inline uint32_t shift_left_unsigned(uint32_t x, uint32_t n) { return (n & 63) > 31 ? 0 : x << (n & 31); }
static inline uint32_t shift_right_unsigned(uint32_t x, uint32_t n) { return (n & 63) > 31 ? 0 : x >> (n & 31); }
static inline int32_t shift_right(int32_t x, uint32_t n) { return x >> ((n & 63) > 31 ? 31 : (n & 31)); }
#endif
static inline int32_t shift_left(int32_t x, uint32_t amount) { return (int32_t)shift_left_unsigned(x, amount); }

/* ---------------------------------------------------------------------- vector unit */

enum { V0, V1, V2, V3, V4, V5, V6, V7, V8, V9, V10, V11, V12, V13, V14, V15, V16, V17, V18, V19, V20, V21, V22, V23,
       V24, V25, V26, V27, V28, V29, V30, V31 };
enum { ALWAYS, GREATER, LESS, EQUAL }; /* conditions that the last comparison has set, lane by lane */
#define FXV_RANDOM 0xe0000u            /* the random generators, in the space of vector input and output */

/* the instructions by their operands: d written, a and b read, c the condition, n a number in the instruction */
#define FXV_DABC(X) \
    X(addbm) X(addbfs) X(subbm) X(subbfs) X(mulbm) X(mulbfs) X(addhm) X(addhfs) X(subhm) X(subhfs) X(mulhm) X(mulhfs) \
    X(mabm) X(mabfs) X(mahm) X(mahfs) X(sel)
#define FXV_ABC(X) \
    X(multacbm) X(multacbfs) X(multachm) X(multachfs) X(matacbm) X(matacbfs) X(matachm) X(matachfs) X(addtacb) \
    X(addtachm)
#define FXV_DAC(X) X(addacbm) X(addacbfs) X(addachm) X(addachfs)
#define FXV_AC(X) X(mtacb) X(mtacbf) X(mtach) X(mtachf) X(addactacb) X(addactacbf) X(addactachm) X(addactachf)
#define FXV_DABN(X) X(pckbu) X(pckbl) X(upckbl) X(upckbr)
#define FXV_DAN(X) X(shb) X(shh)
#define FXV_A(X) X(cmpb) X(cmph)
#define FXV_D_SCALAR(X) X(splatb) X(splath)

#if defined(FXV_ASSEMBLER) || defined(FXV_WORDS)
#ifdef FXV_ASSEMBLER
#define FXV_SAY(text) text
#else
#define FXV_SAY(text) ".long 0 # " text
#endif
#define FXV_INLINE static inline __attribute__((always_inline)) void
#define FXV_DO(name, form, ...) __asm__ volatile(FXV_SAY("fxv" #name " " form) : : __VA_ARGS__ : "memory")
#define X(name) FXV_INLINE fxv_##name(int d, int a, int b, int c) { FXV_DO(name, "%0,%1,%2,%3", "i"(d), "i"(a), "i"(b), "i"(c)); }
FXV_DABC(X)
FXV_DABN(X)
#undef X
#define X(name) FXV_INLINE fxv_##name(int d, int a, int c) { FXV_DO(name, "%0,%1,%2", "i"(d), "i"(a), "i"(c)); }
FXV_ABC(X)
FXV_DAC(X)
FXV_DAN(X)
#undef X
#define X(name) FXV_INLINE fxv_##name(int a, int c) { FXV_DO(name, "%0,%1", "i"(a), "i"(c)); }
FXV_AC(X)
#undef X
#define X(name) FXV_INLINE fxv_##name(int a) { FXV_DO(name, "%0", "i"(a)); }
FXV_A(X)
#undef X
#define X(name) FXV_INLINE fxv_##name(int d, int32_t x) { FXV_DO(name, "%0,%1", "i"(d), "r"(x)); }
FXV_D_SCALAR(X)
#undef X
FXV_INLINE fxv_lax(int d, const void *vector) { FXV_DO(lax, "%0,0,%1", "i"(d), "r"(vector)); }
FXV_INLINE fxv_stax(int a, void *vector) { FXV_DO(stax, "%0,0,%1", "i"(a), "r"(vector)); }
FXV_INLINE fxv_inx(int d, uint32_t base, uint32_t index, int c)
{
    FXV_DO(inx, "%0,%1,%2,%3", "i"(d), "b"(base), "r"(index), "i"(c));
}
FXV_INLINE fxv_outx(int a, uint32_t base, uint32_t index, int c)
{
    FXV_DO(outx, "%0,%1,%2,%3", "i"(a), "b"(base), "r"(index), "i"(c));
}
#else
#define X(name) void fxv_##name(int d, int a, int b, int c);
FXV_DABC(X)
#undef X
#define X(name) void fxv_##name(int d, int a, int b, int spare);
FXV_DABN(X)
#undef X
#define X(name) void fxv_##name(int a, int b, int c);
FXV_ABC(X)
#undef X
#define X(name) void fxv_##name(int d, int a, int c);
FXV_DAC(X)
#undef X
#define X(name) void fxv_##name(int d, int a, int amount); /* to the left; to the right where it is negative */
FXV_DAN(X)
#undef X
#define X(name) void fxv_##name(int a, int c);
FXV_AC(X)
#undef X
#define X(name) void fxv_##name(int a);
FXV_A(X)
#undef X
#define X(name) void fxv_##name(int d, int32_t x);
FXV_D_SCALAR(X)
#undef X
void fxv_lax(int d, const void *vector);
void fxv_stax(int a, void *vector);
void fxv_inx(int d, uint32_t base, uint32_t index, int c);
void fxv_outx(int a, uint32_t base, uint32_t index, int c);
#endif

/* ---------------------------------------------------------------------- for main.c */

struct ppu_program {
    const char *name;
    void *memory;   /* its regions, as they lie in the SRAM */
    uint32_t bytes; /* of memory */
    int kernels;
    void (*run)(int kernel, const int32_t *integers);
};
extern struct ppu_program *const ppu_programs[];
extern const int ppu_program_count;
void ppu_begin(const uint16_t *random, const uint8_t *registers); /* the software vector unit at a state */
const void *ppu_register(int number);

#endif
