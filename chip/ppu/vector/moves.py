"""The vector unit's way in and out: SRAM, splat, packing of halfwords into bytes, random numbers.

Kernels reach SRAM and registers only. Rows of weights and labels, CADC, neuron resets and external memory, which the
chip's vector unit reaches with the instructions fxvinx and fxvoutx, are operations that a program's generator yields
(``chip.ppu.processor``): they take time on a bus and act on what others see. Each moves whole vectors to or from SRAM.

Packing follows the eight slices of 128 bit that make up the unit: no instruction moves data between slices. Slice s
holds byte lanes 16 s .. 16 s + 15 and halfword lanes 8 s .. 8 s + 7. Packing two halfword registers a, b fills the
first eight bytes of every slice from a and the last eight from b; unpacking left and right are the way back (nux
``vector_predictor.sv``; the manual's loop bounds do not agree with its text). So halfword lane h of ``a`` belongs to
byte lane ``16 * (h // 8) + h % 8`` and halfword lane h of ``b`` to the byte lane 8 above it
(``chip.ppu.vector.unit.byte_lanes``). With ``spare`` = 1..3 the bytes are numbers of 8 - spare bits, aligned to the
right with zeros above, as weights are with 2: the upper ones are the halfword's first bits, the lower ones the bits
that follow.
"""

from chip.base.compiled import compiled
from chip.ppu.compiler.scalars import int64, wrap8, wrap16
from chip.ppu.vector.arithmetic import blend, enabled, put8


@compiled(inline="always")
def load8(v, d, region, index=0):
    """d = the index-th 128 bytes of an SRAM region of bytes (fxvlax)."""
    part = region[128 * index : 128 * index + 128]
    for i in range(128):
        v.bytes[d, i] = wrap8(int64(part[i]))


@compiled(inline="always")
def store8(v, a, region, index=0):
    """The index-th 128 bytes of an SRAM region of bytes = a (fxvstax)."""
    part = region[128 * index : 128 * index + 128].view(v.bytes.dtype)
    for i in range(128):
        part[i] = v.bytes[a, i]


@compiled(inline="always")
def load16(v, d, region, index=0):
    """d = the index-th 64 halfwords of an SRAM region of halfwords (fxvlax)."""
    part = region[64 * index : 64 * index + 64]
    for i in range(64):
        v.halfwords[d, i] = wrap16(int64(part[i]))


@compiled(inline="always")
def store16(v, a, region, index=0):
    """The index-th 64 halfwords of an SRAM region of halfwords = a (fxvstax)."""
    part = region[64 * index : 64 * index + 64].view(v.halfwords.dtype)
    for i in range(64):
        part[i] = v.halfwords[a, i]


@compiled(inline="always")
def splat8(v, d, value):
    """Every byte lane of d = the low 8 bits of a scalar (fxvsplatb)."""
    for i in range(128):
        v.bytes[d, i] = wrap8(value)


@compiled(inline="always")
def splat16(v, d, value):
    """Every halfword lane of d = the low 16 bits of a scalar (fxvsplath)."""
    for i in range(64):
        v.halfwords[d, i] = wrap16(value)


@compiled(inline="always")
def pack_upper(v, d, a, b, spare=0):
    """d = the first 8 - spare bits of the halfwords of a and b, slice by slice (fxvpckbu); d may be a or b."""
    for s in range(8):
        for i in range(8):
            x, y = int64(v.halfwords[a, 8 * s + i]), int64(v.halfwords[b, 8 * s + i])
            v.scratch[16 * s + i] = wrap8((x & 0xFFFF) >> (8 + spare))
            v.scratch[16 * s + 8 + i] = wrap8((y & 0xFFFF) >> (8 + spare))
    for i in range(128):
        v.bytes[d, i] = v.scratch[i]


@compiled(inline="always")
def pack_lower(v, d, a, b, spare=0):
    """d = the next 8 - spare bits of the halfwords of a and b, slice by slice (fxvpckbl); d may be a or b."""
    mask = 0xFF >> spare
    for s in range(8):
        for i in range(8):
            x, y = int64(v.halfwords[a, 8 * s + i]), int64(v.halfwords[b, 8 * s + i])
            v.scratch[16 * s + i] = wrap8((x >> (2 * spare)) & mask)
            v.scratch[16 * s + 8 + i] = wrap8((y >> (2 * spare)) & mask)
    for i in range(128):
        v.bytes[d, i] = v.scratch[i]


@compiled(inline="always")
def _unpack(v, d, upper, lower, spare, offset):
    mask = 0xFF >> spare
    for s in range(8):
        for i in range(8):
            lane = 16 * s + offset + i
            first, second = int64(v.bytes[upper, lane]) & mask, int64(v.bytes[lower, lane]) & mask
            value = (first << (8 + spare)) | (second << (2 * spare))
            v.scratch[16 * s + 2 * i] = wrap8(value)
            v.scratch[16 * s + 2 * i + 1] = wrap8(value >> 8)
    for i in range(64):
        v.halfwords[d, i] = int64(v.scratch[2 * i + 1]) * 256 + (int64(v.scratch[2 * i]) & 0xFF)


@compiled(forceinline=True)
def unpack_left(v, d, upper, lower, spare=0):
    """Halfwords of d = the first eight bytes of every slice: their first bits from one register, the next from another
    (fxvupckbl)."""
    _unpack(v, d, upper, lower, spare, 0)


@compiled(forceinline=True)
def unpack_right(v, d, upper, lower, spare=0):
    """Halfwords of d = the last eight bytes of every slice: their first bits from one register, the next from another
    (fxvupckbr)."""
    _unpack(v, d, upper, lower, spare, 8)


@compiled(inline="always")
def random8(v, d, code=0):
    """d = the low byte of every lane's 16-bit shift register, after one step of it (fxvinx at 0xe0000).

    One step is one new bit: who knows a draw has two choices for the next one, and draws share nothing only when they
    are 8 apart. All registers step, whatever the condition of their lanes (assumed).
    """
    for i in range(128):
        state = int64(v.random_state[i])
        state = (state >> 1) ^ (int64(v.random_taps[i]) & -(state & 1))
        v.random_state[i] = state
        put8(v, d, i, wrap8(state), code)


@compiled(inline="always")
def seed_random8(v, a, code=0):
    """The shift registers' low 8 bits = a, their high 8 bits = 0 (fxvoutx at 0xe0000).

    A lane that is seeded with 0 draws 0 until it is seeded again. Seeds close to each other begin alike: draw 8 times
    before the first use.
    """
    for i in range(128):
        seed = int64(v.bytes[a, i]) & 0xFF
        v.random_state[i] = blend(int64(v.random_state[i]), seed, enabled(v.conditions[i], code))
