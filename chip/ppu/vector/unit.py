"""The vector unit of one processor: its registers as plain arrays, with snapshot and restore.

32 registers of 128 bytes, seen as 128 byte lanes or 64 halfword lanes; one accumulator of twice the lane's width; one
condition per lane; one 16-bit shift register per lane for random numbers, each with a polynomial of its own, which
moves one step, one new bit, per draw. Kernels name registers ``V0`` to ``V31`` (``chip.ppu.vector.operands``); what one
holds lives until it is written. A halfword's two bytes lie in the order of the simulating machine: kernels change
between bytes and halfwords by packing and unpacking, never by taking a register for the other kind.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from chip.base.arrays.aligned import aligned
from chip.base.constants import LANES, VECTOR_BYTES, VECTOR_REGISTERS

# Primitive polynomials of degree 16, one per lane, as the mask of a shift register that moves right: period 2^16 - 1
# each (a test walks them). The chip's own 128 polynomials are not public: assumed.
_TAPS = (
    "AE52BF988E78F074CDE5D9A4849CC9E29E989762E394EF3499779E239F18DD66B748E6ABA2B9893B9FD2D8BBE41BD828"
    "E4B7A6F3ACEBC5B1BACDE61381B4AC128DEB9C6597ADE554DB48B2F99639C807D689A8A4B4C6F08BD5D399E8EAF1A536"
    "C758E2E88F3D90C3A725E532B29FDE03B5CE846FECD9C3D7EE0CA75186A1E8C9F50FF8D3A314F2348E669D2A9F28F321"
    "9CB2A792C677F82F91B6BE69D8CCBCF4992D84D7E304B733A633A7589341C257BC80A03AFE64A7B6B591C823ED69B295"
    "C20DDDA5992BC1459E91CBD5D74DD97696C092BCD9A7E058A775991B8C91EA58960FF1D6E591A4F2A6AFD2D8BC6ED2AA"
    "A497CCA3C219D4A9B61CE6329C9FF1A8"
)
RANDOM_TAPS = np.frombuffer(bytes.fromhex(_TAPS), dtype=">u2").astype(np.uint16)


# The whole unit as one record: a compiled kernel takes it as one argument, which is four times as fast as nine arrays.
# Views of one memory share their offset.
_FIELDS = {
    "bytes": ("i1", (VECTOR_REGISTERS, VECTOR_BYTES), 0),
    "halfwords": ("i2", (VECTOR_REGISTERS, VECTOR_BYTES // 2), 0),
    "conditions": ("u1", (LANES,), 4096),
    "accumulator16": ("i2", (LANES,), 4224),
    "accumulator32": ("i4", (LANES // 2,), 4224),
    "random_state": ("u2", (LANES,), 4480),
    "random_taps": ("u2", (LANES,), 4736),
    "scratch": ("i1", (LANES,), 4992),
    "record": ("i8", (4,), 5120),
}
IMAGE = np.dtype(
    {
        "names": list(_FIELDS),
        "formats": [(kind, shape) for kind, shape, _ in _FIELDS.values()],
        "offsets": [offset for _, _, offset in _FIELDS.values()],
        "itemsize": 5184,
    }
)


class VectorState(NamedTuple):
    """The arrays that the operations work on.

    Attributes:
        bytes: int8[32, 128], the registers by byte lane.
        halfwords: int16[32, 64], the same memory by halfword lane.
        conditions: uint8[128], the last comparison per byte lane: 0 none yet, else the code of GREATER, LESS or EQUAL.
            Those of a halfword lane h are 2 h for its upper byte and 2 h + 1 for its lower one, as on the chip.
        accumulator16: int16[128], the accumulator of byte operations.
        accumulator32: int32[64], the same memory for halfword operations.
        random_state, random_taps: uint16[128], the random shift registers and their polynomials.
        scratch: int8[128], work space of the permutations, of no meaning between operations.
    """

    bytes: np.ndarray
    halfwords: np.ndarray
    conditions: np.ndarray
    accumulator16: np.ndarray
    accumulator32: np.ndarray
    random_state: np.ndarray
    random_taps: np.ndarray
    scratch: np.ndarray


class VectorUnit:
    """One processor's vector unit and the count of cycles that its kernels have used.

    Attributes:
        image: IMAGE[1], everything below in one piece of memory.
        state: its arrays (``VectorState``).
        record: int64[4]: [0] cycles of all kernels so far, [1..3] site, index and size of the last fault.
    """

    def __init__(self, seed: int = 0):
        """Make a unit with all registers 0 and its random shift registers seeded from ``seed`` >= 0."""
        self.image = aligned(np.zeros(1, IMAGE))
        self.state = VectorState(*(self.image[name][0] for name in VectorState._fields))
        self.record = self.image["record"][0]
        self.state.random_taps[:] = RANDOM_TAPS
        self.seed_random(seed)

    def seed_random(self, seed: int) -> None:
        """Set the 128 shift registers, 1..65535 each (a zero would stay zero), from one seed >= 0.

        This is where they stand when the chip is switched on; programs seed them with ``seed_random8``.
        """
        words = np.random.SeedSequence(seed).generate_state(LANES)
        self.state.random_state[:] = 1 + words % 0xFFFF

    @property
    def cycles(self) -> int:
        """Return the cycles that kernels have used on this unit so far."""
        return int(self.record[0])

    def snapshot(self) -> dict[str, np.ndarray]:
        """Return copies of all arrays that the next kernel's results depend on."""
        names = ("bytes", "conditions", "accumulator16", "random_state", "random_taps")
        return {"record": self.record.copy()} | {name: getattr(self.state, name).copy() for name in names}

    def restore(self, saved: dict[str, np.ndarray]) -> None:
        """Take back what ``snapshot`` returned."""
        for name, array in saved.items():
            target = self.record if name == "record" else getattr(self.state, name)
            target[...] = array


def byte_lanes(second: bool = False) -> np.ndarray:
    """Return int64[64]: the byte lane that halfword lane h is packed to and unpacked from.

    Args:
        second: False for the first packed register (``unpack_left``), True for the second (``unpack_right``).
    """
    halfword = np.arange(LANES // 2)
    return 16 * (halfword // 8) + halfword % 8 + (8 if second else 0)
