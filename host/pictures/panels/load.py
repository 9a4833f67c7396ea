"""What the processors did with their time."""

from __future__ import annotations

from matplotlib.axes import Axes

from chip.base import constants as c
from host.pictures.panels.look import colour, dress, legend_below
from host.results.result import Result

MS_PER_CYCLE = c.PPU_CLOCK_NS * 1e-6
LEAST_SHARE = 0.002  # of the whole that has a name
IDLE = "0.9"
WORDS = {  # for kinds of operations, where one word alone says little
    "cadc": "CADC conversions",
    "control": "control flow of tasks",
    "fetch": "code fetched from external memory",
    "kernel": "kernels",
    "omnibus": "writes on the Omnibus",
    "play": "requests of samples",
    "recording": "recordings to external memory",
    "scheduler": "scheduler",
    "weights": "weight rows",
}


def ppu_time(axes: Axes, result: Result) -> None:
    """A bar for each processor with a program: cycles by kind of operation, and what is left. One had cycles."""
    total = result.ppu["cycles"]
    busy = result.ppu["busy_cycles"]
    kinds = sorted(
        {kind for parts in busy.values() for kind in parts},
        key=lambda kind: -sum(parts.get(kind, 0) for parts in busy.values()),
    )
    for place, (_, parts) in enumerate(busy.items()):
        left = 0.0
        for index, kind in enumerate(kinds):
            width = parts.get(kind, 0) * MS_PER_CYCLE
            axes.barh(place, width, left=left, height=0.6, color=colour(index), alpha=0.85 - 0.35 * (index > 5))
            left += width
        axes.barh(place, total * MS_PER_CYCLE - left, left=left, height=0.6, color=IDLE)
    for index, kind in enumerate(kinds):
        share = sum(parts.get(kind, 0) for parts in busy.values()) / total / len(busy)
        if share >= LEAST_SHARE:
            label = f"{WORDS.get(kind, kind)} {share:.1%}"
            axes.plot([], [], "s", color=colour(index), alpha=0.85 - 0.35 * (index > 5), label=label)
    axes.plot([], [], "s", color=IDLE, label="idle")
    axes.set_yticks(range(len(busy)), [f"{name} PPU" for name in busy])
    axes.set_ylim(len(busy) - 0.4, -0.6)
    legend_below(axes)
    dress(axes, "Time of the processors", "time [ms]; per cent: of the whole run, all processors together", None)
