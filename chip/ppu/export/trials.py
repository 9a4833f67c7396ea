"""Calls to try exported kernels with: contents of regions and integers on which the simulated kernel ends by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from chip.base.constants import VECTOR_BYTES
from chip.base.errors import MachineFault
from chip.ppu.export.calls import Sequel, left_by
from chip.ppu.export.program import ExportedProgram

MOST_TRIES = 24
LIMIT_CYCLES = 150_000


class Trial(NamedTuple):
    """A call and what it leaves; neither where every try faulted, and then the last fault."""

    sequel: Sequel | None
    left: bytes
    fault: str = ""


def trial(
    programs: Sequence[ExportedProgram],
    program: int,
    kernel: int,
    image: Mapping[str, np.ndarray],
    seed: int = 0,
    limit_cycles: int = LIMIT_CYCLES,
) -> Trial:
    """Try a kernel with contents of regions that get tamer and tamer, until the simulated one ends without a fault.

    Args:
        programs: all programs; program, kernel: their numbers.
        image: what regions begin with where the program is loaded, with which some tries begin, too.
        seed: of what is drawn; limit_cycles: the watchdog's limit.
    """
    exported = programs[program].kernels[kernel]
    made = exported.kernel
    rng = np.random.default_rng([seed, program, kernel])
    fault = ""
    for number in range(MOST_TRIES):
        regions = _contents(rng, programs[program], image if number % 2 else {}, number)
        integers = tuple(_integer(rng, name in made.unsigned_parameters, number) for name in made.parameters)
        registers = _registers(rng, programs[program])
        sequel = Sequel(program, ((kernel, integers),), regions, registers, exported.draws_halfwords)
        try:
            return Trial(sequel, left_by(programs, sequel, limit_cycles))
        except MachineFault as error:
            fault = str(error)
    return Trial(None, b"", fault)


def _contents(rng, program: ExportedProgram, image: Mapping[str, np.ndarray], number: int) -> dict[str, np.ndarray]:
    """Return contents of all regions: any numbers at first, later small ones, at last those of the image and zeros."""
    found = {}
    for name, region in program.memory.items():
        limits = np.iinfo(region.dtype)
        low, high = limits.min, limits.max
        if number >= 4:
            most = 1 << max(8 - number // 3, 0)
            low, high = max(low, -most) if number < 12 else 0, min(high, most)
        found[name] = rng.integers(low, high, region.length, region.dtype, endpoint=True)
        if name in image:
            found[name] = np.array(image[name], region.dtype)
        elif number >= MOST_TRIES - 2:
            found[name][:] = 0
    return found


def _registers(rng, program: ExportedProgram) -> dict[int, np.ndarray]:
    """Return any contents of the vector registers."""
    limits = {kind: np.iinfo(kind) for kind in program.registers.values()}
    return {
        number: rng.integers(limits[kind].min, limits[kind].max, VECTOR_BYTES // kind.itemsize, kind, endpoint=True)
        for number, kind in program.registers.items()
    }


def _integer(rng, unsigned: bool, number: int) -> int:
    """Return an integer to call with, from a narrower range in later tries."""
    if number == 0:
        return int(rng.integers(0, 1 << 32)) - (0 if unsigned else 1 << 31)
    most = max(256 >> number, 1)
    return int(rng.integers(0 if unsigned or number > 3 else -most, most, endpoint=True))
