"""Histograms of a calibration, before and after: one panel for each parameter."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from chip.base.config import ChipConfig
from chip.base.saving import replace_together
from chip.calibration.calibration import BOUNDS, QUANTITIES, SENSORS, TARGETS, UNITS, Calibration
from chip.calibration.sensors import AMPLITUDE_LSB, TAU_US
from host.calibration.report import NAMES
from host.pictures import plots

SIZE_INCHES, DOTS_PER_INCH = (16.0, 12.0), 100
GRID = 3, 4  # rows and columns of panels, one of which is left for words
BINS = 40
ASKED = TARGETS | dict(zip(SENSORS, (AMPLITUDE_LSB, TAU_US), strict=True))


def draw(calibration: Calibration, title: str) -> bytes:
    """Return the figure as PNG, 1600 x 1200 points; raises ImportError where matplotlib is not installed."""
    from host.pictures.panels import fitting, look

    text = (
        "As measured by CADC and spike counters.\n\nBefore: codes of the design's curves.\nAfter: codes of each "
        "neuron's own\nmeasured curve.\n\nRatio: of standard deviations, without\n5 % of the neurons at either end; in "
        "\nbrackets the bound of the vendor's tests.\n\nDashed: what was asked for."
    )
    names = (*QUANTITIES, *SENSORS)
    buffer = io.BytesIO()
    with look.style():
        figure = fitting.new_figure(SIZE_INCHES, DOTS_PER_INCH, title)
        grid = figure.add_gridspec(*GRID)
        for place, name in enumerate(names):
            _panel(figure.add_subplot(grid[place]), calibration, name, (look.ORANGE, look.BLUE))
        figure.text(0.77, 0.3, text, va="top", fontsize=12, color="0.25")
        fitting.fit(figure)
        figure.savefig(buffer, format="png")
    return buffer.getvalue()


def save(path: Path, calibration: Calibration, title: str) -> None:
    """Draw and write a file, whole or not at all; raises OSError where it cannot be written."""
    replace_together({path: draw(calibration, title)})


def histograms(calibration: Calibration, config: ChipConfig, path: Path) -> str:
    """Draw the histograms where matplotlib is installed; return what the report has to add."""
    path.unlink(missing_ok=True)  # an earlier one's
    if not plots.available():
        return f"\n  {plots.MISSING}"
    save(path, calibration, f"Calibration of chip {config.profile}, seed {config.seed}")
    return f", histograms to {path}"


def _panel(axes, calibration: Calibration, name: str, colours: tuple[str, str]) -> None:
    before, after = (each[np.isfinite(each)] for each in calibration.measured(name))
    both = np.concatenate([before, after])
    low, high = (both.min(), both.max()) if both.size else (0.0, 1.0)
    edges = np.linspace(low, max(high, low + 1e-6), BINS + 1)
    for values, label, colour in ((before, "before", colours[0]), (after, "after", colours[1])):
        axes.hist(values, edges, histtype="stepfilled", alpha=0.35, color=colour)
        axes.hist(values, edges, histtype="step", linewidth=1.5, color=colour, label=label)
    axes.axvline(ASKED.get(name, 0.0), color="0.3", linestyle="--", linewidth=1)
    bound = f" [{BOUNDS[name]:.2f}]" if name in BOUNDS else ""
    axes.set_title(f"{NAMES[name]}: ratio {calibration.ratio(name):.3f}{bound}", loc="left", fontsize=12)
    axes.set_xlabel(UNITS[name].replace("us", "µs"))
    axes.set_ylabel("neurons" if name in TARGETS else "branches of synapses" if name in SENSORS else "channels")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="upper right")
