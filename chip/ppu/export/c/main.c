/* Runs kernels on the contents of memories: calls come from standard input, what they leave goes to standard output.
 *
 * All numbers are big-endian. A call is: program, kernel, whether to begin anew, how many integers, which registers to
 * write afterwards, bit by bit (uint32_t each); the integers (int32_t); and where it begins anew, the state of the random
 * generators and their polynomials (128 uint16_t each), the vector registers (32 x 128 bytes) and the program's regions as they lie in the SRAM.
 * After every call the regions are written, and those registers. */
#include "ppu.h"

#include <stdio.h>
#include <stdlib.h>

enum { MOST_INTEGERS = 64 };

static void refuse(const char *sentence)
{
    fflush(stdout);
    fprintf(stderr, "%s\n", sentence);
    exit(1);
}

void ppu_fault(int site, int32_t value)
{
    fflush(stdout);
    fprintf(stderr, "fault at site %d: %d\n", site, (int)value);
    exit(2);
}

static void get(void *where, size_t bytes)
{
    if (fread(where, 1, bytes, stdin) != bytes)
        refuse("the calls end in the middle of one");
}

int main(void)
{
    uint32_t call[5];
    int32_t integers[MOST_INTEGERS];
    uint16_t random[2 * 128];
    static uint8_t registers[32 * 128];
    while (fread(call, sizeof call, 1, stdin) == 1) {
        if (call[0] >= (uint32_t)ppu_program_count || call[1] >= (uint32_t)ppu_programs[call[0]]->kernels)
            refuse("a call names a kernel that is not there");
        if (call[3] > MOST_INTEGERS)
            refuse("a call has too many integers");
        struct ppu_program *program = ppu_programs[call[0]];
        get(integers, 4 * call[3]);
        if (call[2]) {
            get(random, sizeof random);
            get(registers, sizeof registers);
            ppu_begin(random, registers);
            get(program->memory, program->bytes);
        }
        program->run((int)call[1], integers);
        fwrite(program->memory, 1, program->bytes, stdout);
        for (int number = 0; number < 32; number++)
            if (call[4] >> number & 1)
                fwrite(ppu_register(number), 1, 128, stdout);
    }
    return 0;
}
