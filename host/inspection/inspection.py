"""``plasticore inspect``: what a rule's programs take of their processors, and where their cycles go."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.chip import Chip
from chip.ppu.compiler.profiling import ProfiledKernel, profile
from chip.ppu.processor.processor import Processor
from host.host import Host
from host.inspection.fabric_table import fabric_rows
from host.inspection.placement_drawing import drawing_of
from host.results.result import Result
from host.tasks import Task
from ppu_programs.contract import Firmware
from ppu_programs.contract.asking import assumptions_of

if TYPE_CHECKING:
    from host.running.progress import Progress

PROFILED = {"train": 250, "validation": 25, "test": 25}  # samples of each split, or all that there are
LINES_SHOWN = 3  # the costliest ones of each kernel
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


def load(
    firmware: Firmware, task: Task | None, config: ChipConfig, counting: bool = False, progress: Progress | None = None
) -> InspectedHost:
    """Load a firmware onto a chip of these settings; ``counting`` for a profile, with the first samples only.

    Raises:
        ValueError, ChipError: as :meth:`host.host.Host.load`.
    """
    host = InspectedHost(Chip(config), counting)
    if counting and task is not None:
        task = task.head(**{split: min(count, len(getattr(task, split))) for split, count in PROFILED.items()})
    host.load(firmware, task, progress=None if progress is None else progress.loading)
    return host


def report(host: InspectedHost, progress: Progress | None = None) -> str:
    """Return the report of a loaded firmware; where it counts let the chip run, and add the profile.

    Raises:
        ChipError: as :meth:`host.host.Host.run`.
    """
    firmware, config = host.firmware, host.chip.config
    if host.counting:
        host.result = host.run(progress=progress)
    seed = getattr(firmware.settings, "seed", config.seed)
    what = f"{firmware.name} for {host.task.name}" if host.task is not None else firmware.name
    return _report(f"{what} on chip {config.profile}, seed {seed}", host.chip, firmware, host.profiled)


def _report(title: str, chip: Chip, firmware: Firmware, profiled: dict[int, list[ProfiledKernel]]) -> str:
    parts = [title, *filter(None, [drawing_of(firmware), _fabric(chip)])]
    for processor in chip.processors:
        parts.append(_processor(processor))
        if processor.hemisphere in profiled:
            parts.append(_profile(processor, profiled[processor.hemisphere], chip))
    assumed = chip.report()["assumptions"] + assumptions_of(firmware)
    parts.append("\n".join(["assumed", *(f"  {sentence}" for sentence in assumed)]))
    return "\n\n".join(parts)


def _fabric(chip: Chip) -> str:
    """Return who sends to which output of the crossbar, where anybody does.

    Where events queue also how busy it was, and what got lost.
    """
    rows = fabric_rows(chip)
    if len(rows) == 1:
        return ""
    lines = ["event fabric", "", *_table(rows, "l" + "r" * (len(rows[0]) - 1))]
    return "\n".join([*lines, *(f"  {sentence}" for sentence in chip.report()["fabric"].get("warnings", ()))])


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
        lines.append(f"    costliest lines: {_shares(Counter(places).most_common(LINES_SHOWN), kernel.cycles)}")
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
