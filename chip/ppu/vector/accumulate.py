"""The vector unit's accumulator: products summed in twice the lane's width.

``_mod`` works on integers modulo the accumulator's width and returns the low part; ``_sat`` works on fractions:
products are shifted left by one, sums saturate in the accumulator's width, results are the upper part, truncated. The
condition code masks as in ``chip.ppu.vector.arithmetic``, byte by byte: of a halfword's 32 bits the upper 16 under the
condition of its upper byte, the lower 16 under that of its lower byte (nux ``vector_predictor.sv``). Sources: nux
``doc/guide/src/fxv.tex``; where a fraction is added to the accumulator, nux ``vector_predictor.sv``, which aligns it to
the left as the hardware's decoder does (the manual's "sign extended" would add it to the lowest bits).
"""

from chip.base.compiled import compiled
from chip.ppu.compiler.scalars import int64, saturate16, saturate32, wrap8, wrap16, wrap32
from chip.ppu.vector.arithmetic import blend, enabled, enabled_halves, put8, put16


@compiled(forceinline=True)
def _keep8(v, i, value, code):
    """Write a lane of the 16-bit accumulator where its byte's condition holds."""
    v.accumulator16[i] = blend(int64(v.accumulator16[i]), value, enabled(v.conditions[i], code))


@compiled(forceinline=True)
def _keep16(v, i, value, code):
    """Write the halves of a lane of the 32-bit accumulator whose byte's condition holds."""
    v.accumulator32[i] = blend(int64(v.accumulator32[i]), value, enabled_halves(v, i, 0xFFFF, code))


@compiled(inline="always")
def to_accumulator8_mod(v, a, code=0):
    """Accumulator = a, aligned to the right, sign extended (fxvmtacb)."""
    for i in range(128):
        _keep8(v, i, int64(v.bytes[a, i]), code)


@compiled(inline="always")
def to_accumulator16_mod(v, a, code=0):
    """Accumulator = a, aligned to the right, sign extended (fxvmtach)."""
    for i in range(64):
        _keep16(v, i, int64(v.halfwords[a, i]), code)


@compiled(inline="always")
def to_accumulator8_sat(v, a, code=0):
    """Accumulator = a, aligned to the left (fxvmtacbf)."""
    for i in range(128):
        _keep8(v, i, int64(v.bytes[a, i]) * 256, code)


@compiled(inline="always")
def to_accumulator16_sat(v, a, code=0):
    """Accumulator = a, aligned to the left (fxvmtachf)."""
    for i in range(64):
        _keep16(v, i, int64(v.halfwords[a, i]) * 65536, code)


@compiled(inline="always")
def mul_to_accumulator8_mod(v, a, b, code=0):
    """Accumulator = a * b (fxvmultacbm)."""
    for i in range(128):
        _keep8(v, i, wrap16(int64(v.bytes[a, i]) * int64(v.bytes[b, i])), code)


@compiled(inline="always")
def mul_to_accumulator16_mod(v, a, b, code=0):
    """Accumulator = a * b (fxvmultachm)."""
    for i in range(64):
        _keep16(v, i, wrap32(int64(v.halfwords[a, i]) * int64(v.halfwords[b, i])), code)


@compiled(inline="always")
def mul_to_accumulator8_sat(v, a, b, code=0):
    """Accumulator = (a * b) << 1, saturating (fxvmultacbfs)."""
    for i in range(128):
        _keep8(v, i, saturate16(2 * int64(v.bytes[a, i]) * int64(v.bytes[b, i])), code)


@compiled(inline="always")
def mul_to_accumulator16_sat(v, a, b, code=0):
    """Accumulator = (a * b) << 1, saturating (fxvmultachfs)."""
    for i in range(64):
        _keep16(v, i, saturate32(2 * int64(v.halfwords[a, i]) * int64(v.halfwords[b, i])), code)


@compiled(forceinline=True)
def _sum8_mod(v, a, b, i):
    return int64(v.accumulator16[i]) + int64(v.bytes[a, i]) * int64(v.bytes[b, i])


@compiled(forceinline=True)
def _sum16_mod(v, a, b, i):
    return int64(v.accumulator32[i]) + int64(v.halfwords[a, i]) * int64(v.halfwords[b, i])


@compiled(forceinline=True)
def _sum8_sat(v, a, b, i):
    product = saturate16(2 * int64(v.bytes[a, i]) * int64(v.bytes[b, i]))
    return saturate16(int64(v.accumulator16[i]) + product)


@compiled(forceinline=True)
def _sum16_sat(v, a, b, i):
    product = saturate32(2 * int64(v.halfwords[a, i]) * int64(v.halfwords[b, i]))
    return saturate32(int64(v.accumulator32[i]) + product)


@compiled(inline="always")
def mac_to_accumulator8_mod(v, a, b, code=0):
    """Accumulator += a * b modulo 2^16 (fxvmatacbm)."""
    for i in range(128):
        _keep8(v, i, wrap16(_sum8_mod(v, a, b, i)), code)


@compiled(inline="always")
def mac_to_accumulator16_mod(v, a, b, code=0):
    """Accumulator += a * b modulo 2^32 (fxvmatachm)."""
    for i in range(64):
        _keep16(v, i, wrap32(_sum16_mod(v, a, b, i)), code)


@compiled(inline="always")
def mac_to_accumulator8_sat(v, a, b, code=0):
    """Accumulator += (a * b) << 1, saturating (fxvmatacbfs)."""
    for i in range(128):
        _keep8(v, i, _sum8_sat(v, a, b, i), code)


@compiled(inline="always")
def mac_to_accumulator16_sat(v, a, b, code=0):
    """Accumulator += (a * b) << 1, saturating (fxvmatachfs)."""
    for i in range(64):
        _keep16(v, i, _sum16_sat(v, a, b, i), code)


@compiled(inline="always")
def mac8_mod(v, d, a, b, code=0):
    """d = accumulator + a * b modulo 2^8; the accumulator stays (fxvmabm)."""
    for i in range(128):
        put8(v, d, i, wrap8(_sum8_mod(v, a, b, i)), code)


@compiled(inline="always")
def mac16_mod(v, d, a, b, code=0):
    """d = accumulator + a * b modulo 2^16; the accumulator stays (fxvmahm)."""
    for i in range(64):
        put16(v, d, i, wrap16(_sum16_mod(v, a, b, i)), code)


@compiled(inline="always")
def mac8_sat(v, d, a, b, code=0):
    """d = upper byte of accumulator + (a * b) << 1; the accumulator stays (fxvmabfs)."""
    for i in range(128):
        put8(v, d, i, _sum8_sat(v, a, b, i) >> 8, code)


@compiled(inline="always")
def mac16_sat(v, d, a, b, code=0):
    """d = upper halfword of accumulator + (a * b) << 1; the accumulator stays (fxvmahfs)."""
    for i in range(64):
        put16(v, d, i, _sum16_sat(v, a, b, i) >> 16, code)


@compiled(inline="always")
def add_to_accumulator8_mod(v, a, b, code=0):
    """Accumulator = a + b, sign extended; nothing is lost (fxvaddtacb)."""
    for i in range(128):
        _keep8(v, i, int64(v.bytes[a, i]) + int64(v.bytes[b, i]), code)


@compiled(inline="always")
def add_to_accumulator16_mod(v, a, b, code=0):
    """Accumulator = a + b, sign extended; nothing is lost (fxvaddtachm)."""
    for i in range(64):
        _keep16(v, i, int64(v.halfwords[a, i]) + int64(v.halfwords[b, i]), code)


@compiled(inline="always")
def accumulate8_mod(v, a, code=0):
    """Accumulator += a modulo 2^16, a sign extended (fxvaddactacb)."""
    for i in range(128):
        _keep8(v, i, wrap16(int64(v.accumulator16[i]) + int64(v.bytes[a, i])), code)


@compiled(inline="always")
def accumulate16_mod(v, a, code=0):
    """Accumulator += a modulo 2^32, a sign extended (fxvaddactachm)."""
    for i in range(64):
        _keep16(v, i, wrap32(int64(v.accumulator32[i]) + int64(v.halfwords[a, i])), code)


@compiled(inline="always")
def accumulate8_sat(v, a, code=0):
    """Accumulator += a, saturating, a aligned to the left (fxvaddactacbf)."""
    for i in range(128):
        _keep8(v, i, saturate16(int64(v.accumulator16[i]) + 256 * int64(v.bytes[a, i])), code)


@compiled(inline="always")
def accumulate16_sat(v, a, code=0):
    """Accumulator += a, saturating, a aligned to the left (fxvaddactachf)."""
    for i in range(64):
        _keep16(v, i, saturate32(int64(v.accumulator32[i]) + 65536 * int64(v.halfwords[a, i])), code)


@compiled(inline="always")
def add_accumulator8_mod(v, d, a, code=0):
    """d = accumulator + a modulo 2^8; the accumulator stays (fxvaddacbm)."""
    for i in range(128):
        put8(v, d, i, wrap8(int64(v.accumulator16[i]) + int64(v.bytes[a, i])), code)


@compiled(inline="always")
def add_accumulator16_mod(v, d, a, code=0):
    """d = accumulator + a modulo 2^16; the accumulator stays (fxvaddachm)."""
    for i in range(64):
        put16(v, d, i, wrap16(int64(v.accumulator32[i]) + int64(v.halfwords[a, i])), code)


@compiled(inline="always")
def add_accumulator8_sat(v, d, a, code=0):
    """d = upper byte of accumulator + a, saturating, a aligned to the left; the accumulator stays (fxvaddacbfs)."""
    for i in range(128):
        put8(v, d, i, saturate16(int64(v.accumulator16[i]) + 256 * int64(v.bytes[a, i])) >> 8, code)


@compiled(inline="always")
def add_accumulator16_sat(v, d, a, code=0):
    """d = upper halfword of accumulator + a, saturating, a aligned to the left; the accumulator stays (fxvaddachfs)."""
    for i in range(64):
        put16(v, d, i, saturate32(int64(v.accumulator32[i]) + 65536 * int64(v.halfwords[a, i])) >> 16, code)
