"""``plasticore inspect``: what a rule's programs take of their processors, and where their cycles go."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.base.errors import MachineFault
from chip.chip import Chip
from chip.ppu.compiler.profiling import ProfiledKernel, profile
from chip.ppu.contract import assumptions_of, programs_of, registers_of
from chip.ppu.processor.endings import ending
from chip.ppu.processor.processor import Processor
from chip.ppu.program import Firmware
from host.contract import LearningFirmware
from host.host import Host
from host.placement_drawing import drawing_of
from host.results import Result
from host.tasks import Task

if TYPE_CHECKING:
    from host.progress import Progress

PROFILED = {"train": 250, "validation": 25, "test": 25}  # samples of each split, or all that there are
LINES_SHOWN = 3  # the dearest ones of each kernel
WIDTH = 100  # of what is wrapped
LEAST_SHARE = 0.001  # of a kernel's cycles that is worth a word


class InspectedHost(Host):
    """A host that loads without compiling, or with kernels that count what they do.

    Attributes:
        profiled: the counting kernels, by hemisphere; result: of the run, None before it.
    """

    def __init__(self, chip: Chip, counting: bool):
        super().__init__(chip)
        self.counting = counting
        self.profiled: dict[int, list[ProfiledKernel]] = {}
        self.result: Result | None = None

    def _compile(self, progress) -> None:
        if not self.counting:
            return
        for processor in self.chip.processors:
            if processor.program is not None:
                self.profiled[processor.hemisphere] = profile(processor)
        super()._compile(progress)


def load(firmware: LearningFirmware, task: Task, config: ChipConfig, progress: Progress | None = None) -> InspectedHost:
    """Load a firmware onto a chip of these settings; with ``progress`` for a profile, with the first samples only.

    Raises:
        ValueError, ChipError: as :meth:`host.host.Host.load`.
    """
    host = InspectedHost(Chip(config), counting=progress is not None)
    if progress is not None:
        task = task.head(**{split: min(count, len(getattr(task, split))) for split, count in PROFILED.items()})
    host.load(firmware, task, progress=None if progress is None else progress.loading)
    return host


def report(host: InspectedHost, progress: Progress | None = None) -> str:
    """Return the report of a loaded firmware; with ``progress`` let the chip learn, and add the profile.

    Raises:
        ChipError: as :meth:`host.host.Host.run`.
    """
    firmware = host.firmware
    if progress is not None:
        host.result = host.run(progress=progress)
    title = f"{firmware.name} for {host.task.name} on chip {host.chip.config.profile}, seed {firmware.seed}"
    return _report(title, host.chip, firmware, host.profiled)


def load_unlearned(
    firmware: Firmware, config: ChipConfig, counting: bool = False
) -> tuple[Chip, dict[int, list[ProfiledKernel]]]:
    """Load a firmware that learns no task; with ``counting`` with kernels that do, which are returned by hemisphere.

    Raises:
        ChipError: it does not fit. ValueError: it declares something wrongly.
    """
    chip, profiled = Chip(config), {}
    registers, programs = registers_of(firmware), programs_of(firmware)
    assumptions_of(firmware)  # refused here, not behind a run
    chip.link.write_registers(registers)
    for processor, program in zip(chip.processors, programs, strict=True):
        if program is not None:
            chip.link.load_program(processor.hemisphere, program)
            if counting:
                profiled[processor.hemisphere] = profile(processor)
    return chip, profiled


def run_unlearned(chip: Chip) -> None:
    """Let a firmware that learns no task run to its end; raises ChipError: what it runs into, or an exit code not 0."""
    chip.start()
    chip.run()
    for processor in chip.processors:
        if processor.exit_code:
            raise MachineFault(ending(processor, chip.config))


def report_unlearned(firmware: Firmware, chip: Chip, profiled: dict[int, list[ProfiledKernel]]) -> str:
    """Return the report of a firmware that learns no task, as it was loaded, and has run where it is profiled."""
    config = chip.config
    return _report(f"{firmware.name} on chip {config.profile}, seed {config.seed}", chip, firmware, profiled)


def _report(title: str, chip: Chip, firmware: Firmware, profiled: dict[int, list[ProfiledKernel]]) -> str:
    parts = [title, *filter(None, [drawing_of(firmware)])]
    for processor in chip.processors:
        parts.append(_processor(processor))
        if processor.hemisphere in profiled:
            parts.append(_profile(processor, profiled[processor.hemisphere], chip))
    assumed = chip.report()["assumptions"] + assumptions_of(firmware)
    parts.append("\n".join(["assumed", *(f"  {sentence}" for sentence in assumed)]))
    return "\n\n".join(parts)


# ---------------------------------------------------------------------- what is known before it runs


def _processor(processor: Processor) -> str:
    program, link_map = processor.program, processor.link_map
    if program is None or link_map is None:
        return f"{processor.name} PPU: asleep, it has no program"
    where = "SRAM" if link_map.code_in == "sram" else "external memory"
    lines = [f"{processor.name} PPU: program {program.name}, code in {where}", "", "  offset  bytes  what"]
    lines += [f"  {line}" for line in link_map.report().splitlines()]
    if program.kernels:
        rows = [("kernel", "code with subroutines", "regions")]
        rows += [(k.name, str(k.code_bytes), ", ".join(k.regions) or "none") for k in program.kernels]
        lines += ["", *_table(rows, "lrl")]
    return "\n".join(lines)


# ---------------------------------------------------------------------- what is known after it ran


def _profile(processor: Processor, kernels: list[ProfiledKernel], chip: Chip) -> str:
    total = chip.now_ns // c.PPU_CLOCK_NS
    samples = f"{chip.player.played} samples, " if chip.player.played else ""
    lines = [f"  profile of {samples}{total} cycles of the {processor.name} PPU", ""]
    busy = sorted(processor.cycles.items(), key=lambda item: -item[1])
    idle = total - sum(processor.cycles.values())
    rows = [(part, str(cycles), _share(cycles, total)) for part, cycles in [*busy, ("idle", idle)] if cycles]
    lines += _table([("part", "cycles", "share"), *rows], "lrr")
    used = sorted((kernel for kernel in kernels if kernel.calls), key=lambda kernel: -kernel.cycles)
    everything = processor.cycles["kernel"]
    rows = [
        (k.kernel.name, str(k.calls), f"{k.cycles / k.calls:.1f}", str(k.cycles), _share(k.cycles, everything))
        for k in used
    ]
    lines += ["", *_table([("kernel", "calls", "cycles/call", "cycles", "share"), *rows], "lrrrr")]
    never = [kernel.kernel.name for kernel in kernels if not kernel.calls]
    if never:
        lines.append(f"  never called: {', '.join(never)}")
    for kernel in used:
        places = {f"{Path(file).name}:{line}": n for (file, line), n in kernel.cycles_by_line().items()}
        classes = f"{kernel.kernel.name}: {_shares(kernel.cycles_by_instruction().items(), kernel.cycles)}"
        lines += ["", *textwrap.wrap(classes, WIDTH, initial_indent="  ", subsequent_indent="    ")]
        lines.append(f"    dearest lines: {_shares(Counter(places).most_common(LINES_SHOWN), kernel.cycles)}")
    return "\n".join(lines)


def _shares(counts: Iterable[tuple[str, int]], total: int) -> str:
    ordered = sorted(counts, key=lambda item: -item[1])
    return ", ".join(f"{name} {_share(n, total)}" for name, n in ordered if n >= LEAST_SHARE * total)


def _share(count: int, total: int) -> str:
    return f"{count / total:.1%}" if total else "-"


def _table(rows: list[tuple[str, ...]], alignment: str) -> list[str]:
    """Return lines of aligned columns; ``alignment`` has an l or an r for each."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(alignment))]
    return [
        "  "
        + "  ".join(
            text.ljust(width) if side == "l" else text.rjust(width)
            for text, width, side in zip(row, widths, alignment, strict=True)
        ).rstrip()
        for row in rows
    ]
