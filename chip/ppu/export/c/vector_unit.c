/* The vector unit in software: 32 registers of 128 bytes, an accumulator, conditions, random generators.
 *
 * Lanes are bytes or halfwords of the machine that runs this; on a big-endian one, as the processor is, a register's
 * bytes are those of the chip. Sources: the vendor's public description of the unit (nux, doc/guide). */
#include "ppu.h"

#include <string.h>

enum { BYTES = 128, HALVES = 64 };

static union {
    int8_t b[BYTES];
    int16_t h[HALVES];
} v[32];
static union {
    int16_t b[BYTES];
    int32_t h[HALVES];
} accumulator;
static uint8_t conditions[BYTES];
static uint16_t random_state[BYTES];
static uint16_t random_taps[BYTES] = {
#include "random_taps.h"
};

void ppu_begin(const uint16_t *random, const uint8_t *registers)
{
    memcpy(v, registers, sizeof v);
    memset(&accumulator, 0, sizeof accumulator);
    memset(conditions, 0, sizeof conditions);
    memcpy(random_state, random, sizeof random_state);
    memcpy(random_taps, random + BYTES, sizeof random_taps);
}

const void *ppu_register(int number) { return &v[number]; }

static inline int32_t saturate32(int64_t x) { return x < INT32_MIN ? INT32_MIN : x > INT32_MAX ? INT32_MAX : (int32_t)x; }

/* which bits a lane's conditions let through: of a halfword, and of its accumulator, each half by itself */
static inline uint32_t bit(int lane, int c) { return c == ALWAYS || conditions[lane] == c ? 0xffffffffu : 0; }
static inline uint32_t bits_b(int i, int c, int half) { (void)half; return bit(i, c); }
static inline uint32_t bits_h(int i, int c, int half)
{
    uint32_t lower = half == 16 ? 0xffffu : 0xffu;
    return (bit(2 * i, c) & ~lower) | (bit(2 * i + 1, c) & lower);
}
static inline int32_t blend(int32_t old, int32_t new, uint32_t mask)
{
    return (int32_t)(((uint32_t)old & ~mask) | ((uint32_t)new & mask));
}

/* ---------------------------------------------------------------------- arithmetic */

#define EACH_b for (int i = 0; i < BYTES; i++)
#define EACH_h for (int i = 0; i < HALVES; i++)
#define TO_REGISTER(name, w, value) \
    void fxv_##name(int d, int a, int b, int c) \
    { EACH_##w { int32_t x = v[a].w[i], y = v[b].w[i]; v[d].w[i] = blend(v[d].w[i], value, bits_##w(i, c, 8)); } }
TO_REGISTER(addbm, b, x + y)
TO_REGISTER(addbfs, b, saturate8(x + y))
TO_REGISTER(subbm, b, x - y)
TO_REGISTER(subbfs, b, saturate8(x - y))
TO_REGISTER(mulbm, b, x * y)
TO_REGISTER(mulbfs, b, saturate8((x * y) >> 7))
TO_REGISTER(addhm, h, x + y)
TO_REGISTER(addhfs, h, saturate16(x + y))
TO_REGISTER(subhm, h, x - y)
TO_REGISTER(subhfs, h, saturate16(x - y))
TO_REGISTER(mulhm, h, x * y)
TO_REGISTER(mulhfs, h, saturate16((x * y) >> 15))

#define SUM_b saturate16(accumulator.b[i] + saturate16(2 * x * y))
#define SUM_h saturate32((int64_t)accumulator.h[i] + saturate32(2 * (int64_t)x * y))
TO_REGISTER(mabm, b, accumulator.b[i] + x * y)
TO_REGISTER(mabfs, b, SUM_b >> 8)
TO_REGISTER(mahm, h, accumulator.h[i] + x * y)
TO_REGISTER(mahfs, h, SUM_h >> 16)

#define TO_ACCUMULATOR(name, w, value) \
    void fxv_##name(int a, int b, int c) \
    { EACH_##w { int32_t x = v[a].w[i], y = v[b].w[i]; accumulator.w[i] = blend(accumulator.w[i], value, bits_##w(i, c, 16)); } }
TO_ACCUMULATOR(multacbm, b, x * y)
TO_ACCUMULATOR(multacbfs, b, saturate16(2 * x * y))
TO_ACCUMULATOR(multachm, h, x * y)
TO_ACCUMULATOR(multachfs, h, saturate32(2 * (int64_t)x * y))
TO_ACCUMULATOR(matacbm, b, accumulator.b[i] + x * y)
TO_ACCUMULATOR(matacbfs, b, SUM_b)
TO_ACCUMULATOR(matachm, h, accumulator.h[i] + x * y)
TO_ACCUMULATOR(matachfs, h, SUM_h)
TO_ACCUMULATOR(addtacb, b, x + y)
TO_ACCUMULATOR(addtachm, h, x + y)

#define INTO_ACCUMULATOR(name, w, value) \
    void fxv_##name(int a, int c) \
    { EACH_##w { int32_t x = v[a].w[i]; accumulator.w[i] = blend(accumulator.w[i], value, bits_##w(i, c, 16)); } }
INTO_ACCUMULATOR(mtacb, b, x)
INTO_ACCUMULATOR(mtacbf, b, 256 * x)
INTO_ACCUMULATOR(mtach, h, x)
INTO_ACCUMULATOR(mtachf, h, 65536 * x)
INTO_ACCUMULATOR(addactacb, b, accumulator.b[i] + x)
INTO_ACCUMULATOR(addactacbf, b, saturate16(accumulator.b[i] + 256 * x))
INTO_ACCUMULATOR(addactachm, h, accumulator.h[i] + x)
INTO_ACCUMULATOR(addactachf, h, saturate32(accumulator.h[i] + 65536 * (int64_t)x))

#define FROM_ACCUMULATOR(name, w, value) \
    void fxv_##name(int d, int a, int c) \
    { EACH_##w { int32_t x = v[a].w[i]; v[d].w[i] = blend(v[d].w[i], value, bits_##w(i, c, 8)); } }
FROM_ACCUMULATOR(addacbm, b, accumulator.b[i] + x)
FROM_ACCUMULATOR(addacbfs, b, saturate16(accumulator.b[i] + 256 * x) >> 8)
FROM_ACCUMULATOR(addachm, h, accumulator.h[i] + x)
FROM_ACCUMULATOR(addachfs, h, saturate32(accumulator.h[i] + 65536 * (int64_t)x) >> 16)

/* ---------------------------------------------------------------------- comparison, selection, shifts */

static inline uint8_t condition(int32_t x) { return x == 0 ? EQUAL : x > 0 ? GREATER : LESS; }
void fxv_cmpb(int a) { EACH_b conditions[i] = condition(v[a].b[i]); }
void fxv_cmph(int a) { EACH_h conditions[2 * i] = conditions[2 * i + 1] = condition(v[a].h[i]); }

void fxv_sel(int d, int a, int b, int c) { EACH_b v[d].b[i] = blend(v[a].b[i], v[b].b[i], bit(i, c)); }

static inline uint32_t shifted(uint32_t x, int amount) { return amount < 0 ? x >> -amount : x << amount; }
void fxv_shb(int d, int a, int amount) { EACH_b v[d].b[i] = shifted((uint8_t)v[a].b[i], amount); }
void fxv_shh(int d, int a, int amount) { EACH_h v[d].h[i] = shifted((uint16_t)v[a].h[i], amount); }

/* ---------------------------------------------------------------------- memory, splat, packing */

void fxv_lax(int d, const void *vector) { memcpy(&v[d], vector, BYTES); }
void fxv_stax(int a, void *vector) { memcpy(vector, &v[a], BYTES); }
void fxv_splatb(int d, int32_t x) { EACH_b v[d].b[i] = x; }
void fxv_splath(int d, int32_t x) { EACH_h v[d].h[i] = x; }

/* a slice has 8 halfwords of either register, whose bytes lie side by side */
#define PACK(name, value) \
    void fxv_##name(int d, int a, int b, int spare) \
    { \
        int8_t bytes[BYTES]; \
        EACH_h for (int second = 0; second < 2; second++) { \
            uint32_t x = (uint16_t)v[second ? b : a].h[i]; \
            bytes[16 * (i / 8) + 8 * second + i % 8] = value; \
        } \
        memcpy(&v[d], bytes, BYTES); \
    }
PACK(pckbu, x >> (8 + spare))
PACK(pckbl, (x >> (2 * spare)) & (0xffu >> spare))

static void unpack(int d, int a, int b, int spare, int offset)
{
    int16_t halves[HALVES];
    EACH_h {
        int lane = 16 * (i / 8) + offset + i % 8;
        uint32_t mask = 0xffu >> spare, first = v[a].b[lane] & mask, second = v[b].b[lane] & mask;
        halves[i] = (first << (8 + spare)) | (second << (2 * spare));
    }
    memcpy(&v[d], halves, BYTES);
}
void fxv_upckbl(int d, int a, int b, int spare) { unpack(d, a, b, spare, 0); }
void fxv_upckbr(int d, int a, int b, int spare) { unpack(d, a, b, spare, 8); }

/* ---------------------------------------------------------------------- input and output: random generators alone */

void fxv_inx(int d, uint32_t base, uint32_t index, int c)
{
    (void)base, (void)index;
    EACH_b {
        random_state[i] = (random_state[i] >> 1) ^ (random_state[i] & 1 ? random_taps[i] : 0);
        v[d].b[i] = blend(v[d].b[i], (int8_t)random_state[i], bit(i, c));
    }
}
void fxv_outx(int a, uint32_t base, uint32_t index, int c)
{
    (void)base, (void)index;
    EACH_b random_state[i] = blend(random_state[i], (uint8_t)v[a].b[i], bit(i, c));
}
