"""A program of a plasticity processor as one file of C: its memory, its kernels with their subroutines, their list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from chip.ppu.compiler.depth import deep
from chip.ppu.compiler.kernel import Kernel, KernelForm
from chip.ppu.compiler.unit import Declared, Lowered
from chip.ppu.costs import INSTRUCTION_BYTES
from chip.ppu.export.errors import ExportError
from chip.ppu.export.function import Function
from chip.ppu.export.names import Names, plain
from chip.ppu.export.registers import draws_halfwords, kinds, named
from chip.ppu.linker import link
from chip.ppu.memory import Memory

C_TYPES = {
    np.dtype(name): f"{name}_t" for name in ("int8", "uint8", "int16", "uint16", "int32", "uint32")
}  # fmt: skip
VECTOR_ALIGNMENT = 128


@dataclass(frozen=True)
class ExportedKernel:
    """A kernel and what it is called in C.

    Attributes:
        kernel: as it was declared; form: for the types of the program's regions; name: its function.
    """

    kernel: Kernel
    form: KernelForm
    name: str

    @property
    def draws_halfwords(self) -> bool:
        """Return whether it takes random bytes for halfwords, whose bytes the processor has in the other order."""
        return draws_halfwords(self.form.unit.routines.values())


class ExportedProgram:
    """A program's memory and kernels as C.

    Attributes:
        name: of the program, for its list; memory: its regions; kernels: in their order, which their numbers follow.
    """

    def __init__(self, name: str, memory: Memory, kernels: Sequence[Kernel], prefix: str = "", symbol: str = ""):
        """``prefix`` begins all names that another program of the same C file could have, too.

        ``symbol`` is what other files call the program.

        Raises:
            KernelError: a region is not what a kernel needs.
            ExportError: a kernel has no C.
        """
        self.name, self.memory, self.prefix = name, memory, prefix
        self.symbol = symbol or f"{prefix}program_"
        shapes = {region: np.empty(found.length, found.dtype) for region, found in memory.items()}
        forms = [(kernel, kernel.form_for(shapes)) for kernel in dict.fromkeys(kernels)]
        self._routines: dict[Declared, Lowered] = {}
        for _, form in forms:
            self._routines |= form.unit.routines
        self._names = Names(memory, named(self._routines.values()), prefix)
        for routine in self._routines:
            self._names.add(routine)
        self.kernels = [ExportedKernel(kernel, form, self._names.routine(kernel)) for kernel, form in forms]
        links = link(memory).placements
        self._placed = [(placement.name, placement.offset) for placement in links if placement.kind == "region"]

    @cached_property
    def offsets(self) -> dict[str, int]:
        """Where each region begins, in bytes from the first one's beginning."""
        return dict(self._placed)

    @cached_property
    def registers(self) -> dict[int, np.dtype]:
        """Vector registers that hold bytes alone, int8, or halfwords alone, int16: by number.

        In which order a halfword's bytes lie in a register differs between the simulation and the processor, which
        nobody sees who never takes one for the other.
        """
        return kinds(self._routines.values())

    @property
    def size(self) -> int:
        """Return the bytes of the memory, alignment included."""
        end = max((offset + self.memory[name].size for name, offset in self._placed), default=0)
        return max(-(-end // VECTOR_ALIGNMENT), 1) * VECTOR_ALIGNMENT

    @cached_property
    def functions(self) -> dict[Declared, str]:
        """The definitions of all routines, callees first."""
        results = {routine: lowered.result for routine, lowered in self._routines.items()}
        found = {}
        for routine, lowered in self._routines.items():
            with deep(routine.routine):
                try:
                    found[routine] = Function(self._names.routine(routine), lowered, self._names, results).text()
                except ExportError as error:
                    raise ExportError(f"{routine.routine.kind} {routine.name} of program {self.name} {error}") from None
        return found

    @property
    def estimated(self) -> dict[str, int]:
        """Return the bytes of code that we estimate for each routine, by its function's name."""
        return {
            self._names.routine(routine): INSTRUCTION_BYTES * lowered.words
            for routine, lowered in self._routines.items()
        }

    def text(self) -> str:
        """Return the C file."""
        head = f"/* Program {self.name}: its regions in SRAM and its kernels. Exported by plasticore. */"
        return (
            "\n\n".join(
                [head, '#include "ppu.h"\n#include <stddef.h>', self._memory_text(), *self._commented(), self._list()]
            )
            + "\n"
        )

    def image(self, regions: Mapping[str, np.ndarray]) -> bytes:
        """Return the bytes of the memory as the processor has them, big-endian; regions left out are zeros."""
        memory = np.zeros(self.size, np.uint8)
        for name, array in regions.items():
            stored = np.frombuffer(array.astype(array.dtype.newbyteorder(">")).tobytes(), np.uint8)
            memory[self.offsets[name] : self.offsets[name] + stored.size] = stored
        return memory.tobytes()

    # ------------------------------------------------------------------ parts of the text

    def _memory_text(self) -> str:
        lines = []
        for name, _ in self._placed:
            region = self.memory[name]
            alignment = VECTOR_ALIGNMENT if region.size >= VECTOR_ALIGNMENT else 4
            lines.append(
                f"    {C_TYPES[region.dtype]} {plain(name)}[{region.length}] __attribute__((aligned({alignment})));"
            )
        kind = f"struct {self.prefix}memory"
        if not lines:
            lines.append("    uint8_t none;")
        checks = [
            f'_Static_assert(offsetof({kind}, {plain(name)}) == {offset}, "{name} lies elsewhere");'
            for name, offset in self._placed
        ]
        whole = f'_Static_assert(sizeof({kind}) == {self.size}, "the memory has another size");'
        return "\n".join(
            [
                f"static {kind} {{",
                *lines,
                f"}} __attribute__((aligned({VECTOR_ALIGNMENT}))) {self.prefix}m;",
                *checks,
                whole,
            ]
        )

    def _commented(self) -> list[str]:
        """Return the definitions, each behind a comment that says where it comes from."""
        found = []
        for routine, text in self.functions.items():
            where = f"{routine.routine.file.replace(chr(92), '/').rsplit('/', 1)[-1]}:{routine.routine.first_line}"
            said = " ".join((routine.__doc__ or "").split("\n\n")[0].split()).replace("*/", "* /")
            comment = f"{routine.routine.kind} {routine.name}, {where}" + (f": {said}" if said else "")
            found.append(f"/* {comment} */\n{text.rstrip()}")
        return found

    def _list(self) -> str:
        """Return the list of kernels, for whoever calls them by numbers."""
        cases = []
        for number, exported in enumerate(self.kernels):
            unsigned = exported.kernel.unsigned_parameters
            arguments = [
                f"{'(uint32_t)' if name in unsigned else ''}integers[{position}]"
                for position, name in enumerate(exported.kernel.parameters)
            ]
            cases.append(f"    case {number}: {exported.name}({', '.join(arguments)}); break;")
        prefix = self.prefix
        return "\n".join(
            [
                f"static void {prefix}run_(int kernel, const int32_t *integers)",
                "{",
                "    (void)integers;",
                "    switch (kernel) {",
                *cases,
                "    }",
                "}",
                "",
                f"struct ppu_program {self.symbol} = {{"
                f'"{_quoted(self.name)}", &{prefix}m, sizeof {prefix}m, {len(self.kernels)}, {prefix}run_}};',
            ]
        )


def _quoted(name: str) -> str:
    return name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
