"""Random kernels of vector operations: every one of them, under conditions, in loops, with scalars that are computed.

A register holds bytes or halfwords, never both: in which order a halfword's bytes lie depends on the machine that
simulates (``chip.ppu.vector.unit``), and the accumulator, of either width, is one memory. So a kernel accumulates in
one width.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from chip.ppu.compiler.kernel import Kernel
from chip.ppu.memory import Memory
from chip.ppu.vector.operations import OPERATIONS, Operation
from chip.testing.code.choices import Choices, SeededChoices
from chip.testing.code.loading import kernel_from_text, module_from_text

_REGIONS = (
    "Memory(bytes=u8[512], signed=i8[256], halves=i16[256], unsigned=u16[128], words=i32[8], "
    "left8=u8[896], left16=i16[448])"
)
_REGISTERS = 7  # of either kind
_VECTORS = {"bytes": 4, "signed": 2, "halves": 4, "unsigned": 2}
_CONDITIONS = ("ALWAYS", "ALWAYS", "GREATER", "LESS", "EQUAL")
_NARROWING, _WIDENING = ("pack_upper", "pack_lower"), ("unpack_left", "unpack_right")


@dataclass(frozen=True)
class VectorCase:
    """A kernel with what it is run with.

    Attributes:
        text: Python, with the declared ``memory``; contents: of regions; calls: the integers of each call.
    """

    text: str
    contents: Mapping[str, np.ndarray]
    calls: tuple[tuple[int, ...], ...]

    @property
    def kernel(self) -> Kernel:
        return kernel_from_text(self.text)

    @property
    def memory(self) -> Memory:
        return module_from_text(self.text).memory

    def regions(self) -> dict[str, np.ndarray]:
        """Return the regions as they are before the first call, new arrays each time."""
        return {name: array.copy() for name, array in self.contents.items()}

    def __repr__(self) -> str:
        return self.text


class VectorKernels:
    """Draws kernels of vector operations."""

    def __init__(self, choices: Choices):
        self.choices = choices
        self.accumulating = choices.pick(("8", "16"))
        self.halves_compared = False

    def text(self, size: int) -> str:
        """Draw a kernel of about ``size`` operations."""
        lines = [f"memory = {_REGIONS}", "", "", "@kernel", "def drawn(v, m, x, y):"]
        for register in range(_REGISTERS):
            region = ("bytes", "signed")[register % 2]
            lines.append(f"    load8(v, V{register}, m.{region}, {self.choices.integer(0, 1)})")
            region = ("halves", "unsigned")[register % 2]
            lines.append(f"    load16(v, V{8 + register}, m.{region}, {self.choices.integer(0, 1)})")
        found = 0
        while found < size:
            kind = self.choices.integer(0, 5)
            count = self.choices.integer(1, 4)
            if kind == 4:
                lines.append(f"    for i in range({self.choices.integer(1, 3)}):")
                lines += [f"        {self._statement('i')}" for _ in range(count)]
                self.halves_compared = False
            elif kind == 5:
                lines.append(f"    if {self._scalar()} {self.choices.pick(('<', '>=', '=='))} {self._scalar()}:")
                lines += [f"        {self._statement('0')}" for _ in range(count)]
                self.halves_compared = False
            else:
                lines += [f"    {self._statement('0')}" for _ in range(count)]
            found += count
        for register in range(_REGISTERS):
            lines.append(f"    store8(v, V{register}, m.left8, {register})")
            lines.append(f"    store16(v, V{8 + register}, m.left16, {register})")
        return "\n".join(["from chip.ppu import *", "", *lines]) + "\n"

    def _statement(self, index: str) -> str:
        """Draw one operation, or a change of a word."""
        if self.choices.integer(0, 7) == 0:
            return f"m.words[{self.choices.integer(0, 7)}] = {self._scalar()}"
        operation = self.choices.pick([*OPERATIONS.values()])
        if self._cannot(operation):
            operation = OPERATIONS[f"mac{self.accumulating}_{self.choices.pick(('mod', 'sat'))}"]
        if operation.name == "compare16":
            self.halves_compared = True
        elif operation.name == "compare8":
            self.halves_compared = False
        return f"{operation.name}(v, {', '.join(self._operands(operation, index))})"

    def _cannot(self, operation: Operation) -> bool:
        accumulates = "accum" in operation.name or operation.name.startswith("mac")
        return accumulates and self.accumulating not in operation.name

    def _operands(self, operation: Operation, index: str) -> list[str]:
        halves, registers, region = "16" in operation.name, 0, ""
        if operation.name == "move" or operation.name == "select" and self.halves_compared:
            halves = bool(self.choices.integer(0, 1))
        found = []
        for kind in operation.operands:
            if kind == "register":
                of_halves = halves
                if operation.name in _NARROWING + _WIDENING:
                    of_halves = (registers == 0) == (operation.name in _WIDENING)
                found.append(self._register(of_halves))
                registers += 1
            elif kind == "region":
                region = self.choices.pick(("halves", "unsigned") if halves else ("bytes", "signed"))
                found.append(f"m.{region}")
            elif kind == "index":
                count = _VECTORS[region]
                found.append(
                    self.choices.pick((str(self.choices.integer(0, count - 1)), f"({index} + x) & {count - 1}"))
                )
            elif kind == "scalar":
                found.append(self._scalar())
            elif kind == "code":
                found.append(self.choices.pick(_CONDITIONS))
            else:
                found.append(str(self.choices.integer(0, int(kind.removeprefix("amount")))))
        return found

    def _register(self, halves: bool) -> str:
        return f"V{self.choices.integer(0, _REGISTERS - 1) + 8 * halves}"

    def _scalar(self) -> str:
        word = f"m.words[{self.choices.integer(0, 7)}]"
        return self.choices.pick(
            (
                word,
                "x",
                str(self.choices.number(-(2**31), 2**31 - 1)),
                f"({word} + y) >> {self.choices.integer(0, 31)}",
                f"saturate16({word} * x)",
                f"maximum({word}, y) & 0xFFFF",
            )
        )


def seeded_vector_kernel(seed: int, size: int = 24) -> VectorCase:
    """Return the kernel of a seed, the same one at all times, with contents of its regions and two calls."""
    text = VectorKernels(SeededChoices(seed)).text(size)
    rng = np.random.default_rng(seed)
    regions = {}
    for name, region in module_from_text(text).memory.items():
        limits = np.iinfo(region.dtype)
        regions[name] = rng.integers(limits.min, limits.max, region.length, region.dtype, endpoint=True)
    calls = tuple(tuple(int(x) for x in rng.integers(-200, 200, 2)) for _ in range(2))
    return VectorCase(text, regions, calls)
