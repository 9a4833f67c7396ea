"""What compiled kernels call when they end: booking of their cycles and the record of a fault."""

from chip.base.compiled import compiled
from chip.ppu.vector.unit import VectorState


@compiled(forceinline=True)
def state_of(image):
    """Return the arrays of a vector unit from its image, IMAGE[1]."""
    unit = image[0]
    return VectorState(
        unit["bytes"],
        unit["halfwords"],
        unit["conditions"],
        unit["accumulator16"],
        unit["accumulator32"],
        unit["random_state"],
        unit["random_taps"],
        unit["scratch"],
    )


@compiled(forceinline=True)
def record_of(image):
    """Return int64[4], the count of cycles and the last fault, from a vector unit's image."""
    return image[0]["record"]


@compiled(forceinline=True)
def finish(record, cycles):
    """Add a kernel's cycles to its processor's count and return them."""
    record[0] += cycles
    return cycles


@compiled
def fault(record, cycles, site, value, size):
    """Note where a kernel faulted and on what; return its cycles so far as a negative number, -1 - cycles."""
    record[1] = site
    record[2] = value
    record[3] = size
    return -1 - cycles
