"""The vector unit's way in and out: SRAM, splat, packing of halfwords into bytes, random numbers.

Packing follows the eight slices of 128 bit that make up the unit: no instruction moves data between slices. Slice s
holds byte lanes 16 s .. 16 s + 15 and halfword lanes 8 s .. 8 s + 7. Packing two halfword registers a, b fills the
first eight bytes of every slice from a and the last eight from b; unpacking left and right are the way back (the order
within a slice is assumed: the manual's loop bounds do not agree with its text). So halfword lane h of ``a`` belongs to
byte lane ``16 * (h // 8) + h % 8`` and halfword lane h of ``b`` to the byte lane 8 above it
(``chip.ppu.vector.byte_lanes``).
"""

from chip.compiled import compiled
from chip.ppu.scalars import int64, wrap8, wrap16


@compiled(forceinline=True)
def load8(v, d, region, index=0):
    """d = the index-th 128 bytes of an SRAM region of bytes (fxvlax)."""
    part = region[128 * index : 128 * index + 128]
    for i in range(128):
        v.bytes[d, i] = wrap8(int64(part[i]))


@compiled(forceinline=True)
def store8(v, a, region, index=0):
    """The index-th 128 bytes of an SRAM region of bytes = a (fxvstax)."""
    part = region[128 * index : 128 * index + 128].view(v.bytes.dtype)
    for i in range(128):
        part[i] = v.bytes[a, i]


@compiled(forceinline=True)
def load16(v, d, region, index=0):
    """d = the index-th 64 halfwords of an SRAM region of halfwords (fxvlax)."""
    part = region[64 * index : 64 * index + 64]
    for i in range(64):
        v.halfwords[d, i] = wrap16(int64(part[i]))


@compiled(forceinline=True)
def store16(v, a, region, index=0):
    """The index-th 64 halfwords of an SRAM region of halfwords = a (fxvstax)."""
    part = region[64 * index : 64 * index + 64].view(v.halfwords.dtype)
    for i in range(64):
        part[i] = v.halfwords[a, i]


@compiled(forceinline=True)
def splat8(v, d, value):
    """Every byte lane of d = the low 8 bits of a scalar (fxvsplatb)."""
    for i in range(128):
        v.bytes[d, i] = wrap8(value)


@compiled(forceinline=True)
def splat16(v, d, value):
    """Every halfword lane of d = the low 16 bits of a scalar (fxvsplath)."""
    for i in range(64):
        v.halfwords[d, i] = wrap16(value)


@compiled(forceinline=True)
def pack_upper(v, d, a, b):
    """d = the upper bytes of the halfwords of a and b, slice by slice (fxvpckbu); d may be a or b."""
    for s in range(8):
        for i in range(8):
            v.scratch[16 * s + i] = int64(v.halfwords[a, 8 * s + i]) >> 8
            v.scratch[16 * s + 8 + i] = int64(v.halfwords[b, 8 * s + i]) >> 8
    for i in range(128):
        v.bytes[d, i] = v.scratch[i]


@compiled(forceinline=True)
def pack_lower(v, d, a, b):
    """d = the lower bytes of the halfwords of a and b, slice by slice (fxvpckbl); d may be a or b."""
    for s in range(8):
        for i in range(8):
            v.scratch[16 * s + i] = wrap8(int64(v.halfwords[a, 8 * s + i]))
            v.scratch[16 * s + 8 + i] = wrap8(int64(v.halfwords[b, 8 * s + i]))
    for i in range(128):
        v.bytes[d, i] = v.scratch[i]


@compiled(forceinline=True)
def _unpack(v, d, upper, lower, offset):
    for s in range(8):
        for i in range(8):
            lane = 16 * s + offset + i
            value = int64(v.bytes[upper, lane]) * 256 + (int64(v.bytes[lower, lane]) & 0xFF)
            v.scratch[16 * s + 2 * i] = wrap8(value)
            v.scratch[16 * s + 2 * i + 1] = value >> 8
    for i in range(64):
        v.halfwords[d, i] = int64(v.scratch[2 * i + 1]) * 256 + (int64(v.scratch[2 * i]) & 0xFF)


@compiled(forceinline=True)
def unpack_left(v, d, upper, lower):
    """Halfwords of d = the first eight bytes of every slice: upper bytes from one register, lower from another."""
    _unpack(v, d, upper, lower, 0)


@compiled(forceinline=True)
def unpack_right(v, d, upper, lower):
    """Halfwords of d = the last eight bytes of every slice: upper bytes from one register, lower from another."""
    _unpack(v, d, upper, lower, 8)


@compiled(forceinline=True)
def random8(v, d):
    """d = the low byte of every lane's 16-bit shift register, after one step of it (bus read at 0xe0000)."""
    for i in range(128):
        state = int64(v.random_state[i])
        state = (state >> 1) ^ (int64(v.random_taps[i]) & -(state & 1))
        v.random_state[i] = state
        v.bytes[d, i] = wrap8(state)
