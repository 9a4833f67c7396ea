"""Calls of exported kernels: what main.c reads, and what the simulated processor leaves after each of them."""

from __future__ import annotations

import struct
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from chip.base.constants import VECTOR_BYTES, VECTOR_REGISTERS
from chip.ppu.export.program import ExportedProgram
from chip.ppu.stepping import steps
from chip.ppu.vector.unit import VectorUnit


@dataclass(frozen=True, eq=False)
class Sequel:
    """Kernels of one program that run one after the other.

    Attributes:
        program: its number in the list of programs; calls: numbers of kernels, with their integers.
        regions: what they begin with, by name; registers: what vector registers begin with, those of bytes int8[128],
            of halfwords int16[64], by number. What is left out is 0.
        swapped: random generators change places with their neighbours, for kernels that take two random bytes as one
            halfword: its bytes lie in the other order on the machine that simulates.
    """

    program: int
    calls: tuple[tuple[int, tuple[int, ...]], ...]
    regions: Mapping[str, np.ndarray]
    registers: Mapping[int, np.ndarray] = field(default_factory=dict)
    swapped: bool = False


def calls_of(programs: Sequence[ExportedProgram], sequels: Sequence[Sequel]) -> bytes:
    """Return the calls as main.c reads them."""
    state = VectorUnit().state
    random = np.stack([state.random_state, state.random_taps]).astype(">u2")
    pairwise = random.reshape(2, -1, 2)[:, :, ::-1]
    found = []
    for sequel in sequels:
        program = programs[sequel.program]
        shown = sum(1 << number for number in program.registers)
        for position, (kernel, integers) in enumerate(sequel.calls):
            found.append(struct.pack(">5I", sequel.program, kernel, position == 0, len(integers), shown))
            found += [struct.pack(">I", value & 0xFFFFFFFF) for value in integers]
            if position == 0:
                registers = [sequel.registers.get(n, np.zeros(VECTOR_BYTES, np.int8)) for n in range(VECTOR_REGISTERS)]
                generators = pairwise if sequel.swapped and sys.byteorder == "little" else random
                found += [generators.tobytes(), *map(_big_endian, registers), program.image(sequel.regions)]
    return b"".join(found)


def left_by(programs: Sequence[ExportedProgram], sequel: Sequel, limit_cycles: int = 1_000_000_000) -> bytes:
    """Return what the simulated processor leaves after each call, as main.c writes it: memory and registers.

    Raises:
        MachineFault: a kernel faults, or runs for more than ``limit_cycles``.
    """
    program, unit = programs[sequel.program], VectorUnit()
    for number, register in sequel.registers.items():
        _register(unit, number, register.dtype)[:] = register
    regions = {
        name: np.array(sequel.regions.get(name, np.zeros(region.length)), region.dtype)
        for name, region in program.memory.items()
    }
    found = []
    for kernel, integers in sequel.calls:
        for _ in steps(program.kernels[kernel].kernel, unit, regions, *integers, limit_cycles=limit_cycles):
            pass
        found.append(program.image(regions))
        found += [_big_endian(_register(unit, number, kind)) for number, kind in sorted(program.registers.items())]
    return b"".join(found)


def _register(unit: VectorUnit, number: int, kind: np.dtype) -> np.ndarray:
    return (unit.state.bytes if kind == np.int8 else unit.state.halfwords)[number]


def _big_endian(array: np.ndarray) -> bytes:
    return array.astype(array.dtype.newbyteorder(">")).tobytes()
