"""``plasticore export``: the programs of a loaded firmware as C, with calls to try them, and what was left out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from chip.base.saving import replace_together
from chip.chip import Chip
from chip.ppu.export.calls import calls_of
from chip.ppu.export.directory import files
from chip.ppu.export.program import ExportedProgram
from chip.ppu.export.tasks import left_out
from chip.ppu.export.trials import Trial, trial
from chip.ppu.processor.processor import Processor

MARK = "ppu.h"  # stands in every directory that was exported
PROGRAMS = ("top", "bottom")  # names of processors, and of their files
CALLS, EXPECTED = "calls.bin", "expected.bin"


@dataclass(frozen=True)
class Export:
    """Programs of a chip as C.

    Attributes:
        programs: those of its processors, top first; names: of their files; trials: of each program, one for a kernel.
        left_out: sentences about what has no C, of each program.
    """

    programs: list[ExportedProgram]
    names: list[str]
    trials: list[list[Trial]]
    left_out: list[list[str]]

    @property
    def files(self) -> dict[str, bytes]:
        """Return what stands in each file."""
        found = {name: text.encode() for name, text in files(self.programs, self.names).items()}
        ended = [one for trials in self.trials for one in trials if one.sequel is not None]
        found[CALLS] = calls_of(self.programs, [one.sequel for one in ended if one.sequel is not None])
        found[EXPECTED] = b"".join(one.left for one in ended)
        return found


def export(chip: Chip) -> Export:
    """Return the programs of a chip, which need not be compiled, as C.

    Raises:
        ExportError: a kernel has no C. ValueError: no processor has a program.
    """
    processors = [processor for processor in chip.processors if processor.program is not None]
    if not processors:
        raise ValueError("no processor of the chip has a program; there is nothing to export")
    names = [processor.name for processor in processors]
    programs = [_program(processor) for processor in processors]
    trials = [
        [trial(programs, number, kernel, processor.program.image()) for kernel in range(len(program.kernels))]
        for number, (program, processor) in enumerate(zip(programs, processors, strict=True))
    ]
    return Export(programs, names, trials, [left_out(processor.link_map) for processor in processors])


def _program(processor: Processor) -> ExportedProgram:
    program = processor.program
    return ExportedProgram(program.name, program.memory, program.kernels, symbol=f"{processor.name}_program_")


def check_empty(directory: Path) -> None:
    """Raise ValueError where a directory holds other things than an earlier export, which would be mixed with them."""
    if directory.is_dir() and any(directory.iterdir()) and not (directory / MARK).is_file():
        raise ValueError(
            f"{directory} holds files that are no export; nothing was changed; name another directory with --out"
        )


def write(made: Export, directory: Path) -> None:
    """Write the files of an export, all of them or none; those of an earlier one are replaced or removed."""
    directory.mkdir(parents=True, exist_ok=True)
    found = made.files
    for stale in {f"{name}.c" for name in PROGRAMS} - set(found):
        (directory / stale).unlink(missing_ok=True)
    replace_together({directory / name: content for name, content in found.items()})


def report(made: Export, directory: Path) -> str:
    """Return what was exported, and a sentence for everything that was not."""
    lines = [f"written to {directory}: `make -C {directory} check` builds it and runs it under qemu"]
    for name, program, trials, sentences in zip(made.names, made.programs, made.trials, made.left_out, strict=True):
        ended = sum(one.sequel is not None for one in trials)
        lines += ["", f"{name}.c: program {program.name}, {len(program.kernels)} kernels, {ended} of them with a call"]
        lines += [
            f"  no call of {kernel.name} was found that ends by itself, so that none is checked: {one.fault}"
            for kernel, one in zip(program.kernels, trials, strict=True)
            if one.sequel is None
        ]
        lines += [
            f"  {kernel.name} takes random bytes for halfwords: the processor joins them in the other order, and draws "
            "other numbers than the simulation; `make check` has the generators in the simulation's order"
            for kernel in program.kernels
            if kernel.draws_halfwords
        ]
        lines += [f"  {sentence}" for sentence in sentences]
    return "\n".join(lines)
