"""Lays the panels of a figure out, and breaks its texts into lines, so that none runs into a neighbour."""

from __future__ import annotations

import math
import textwrap

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import ScaledTranslation

PADS = {"w_pad": 0.12, "h_pad": 0.12, "wspace": 0.02, "hspace": 0.02}
WIDEST_ROW = 3  # panels beside each other
SMALL_CHARACTER = 0.4  # of the height of a font: narrower than most
POINTS_PER_INCH = 72
LEGEND_GAP_INCHES = 0.06  # between the label of x and a legend that had to make way
LEAST_CHARACTERS = 8  # of a line
MOST_PASSES = 6  # a text of more lines makes the axes smaller, and so the room for others


def new_figure(size_inches: tuple[float, float], dots_per_inch: int, title: str) -> Figure:
    """Return a figure that is drawn into memory: no window, no display, no global state."""
    figure = Figure(figsize=size_inches, dpi=dots_per_inch, layout="constrained")
    FigureCanvasAgg(figure)
    figure.get_layout_engine().set(**PADS)
    figure.suptitle(title, fontsize=15, fontweight="bold")
    return figure


def rows_of(count: int) -> list[int]:
    """Return how many panels stand in each row: three at most, the upper rows have no fewer than those below."""
    rows = math.ceil(count / WIDEST_ROW)
    return [count // rows + (row < count % rows) for row in range(rows)]


def add_panels(figure: Figure, count: int) -> list[Axes]:
    """Return the axes of so many panels, each row as wide as the figure."""
    rows = rows_of(count)
    parts = math.lcm(*rows)
    grid = figure.add_gridspec(len(rows), parts)
    return [
        figure.add_subplot(grid[row, place * (parts // panels) : (place + 1) * (parts // panels)])
        for row, panels in enumerate(rows)
        for place in range(panels)
    ]


def fit(figure: Figure) -> None:
    """Break every title and label that is longer than there is room for; turn tick labels that touch each other."""
    whole = [text for text in (figure._suptitle, figure._supxlabel) if text is not None]
    for axes in figure.axes:
        _break_at_first(axes, figure)
    for _ in range(MOST_PASSES):
        figure.draw_without_rendering()
        broken = [_break(text, 0.97 * figure.bbox.width) for text in whole]
        for axes in figure.axes:
            broken.append(_break(axes._left_title, _room_for_title(axes, figure)))
            broken.append(_break(axes.xaxis.label, 1.02 * axes.bbox.width))
            broken.append(_break(axes.yaxis.label, 1.02 * axes.bbox.height, upright=True))
            broken.append(_turn_ticks(axes))
            broken.append(_lower_legend(axes))
        if not any(broken):
            return


def _break_at_first(axes: Axes, figure: Figure) -> None:
    """Break what would leave no room for the axes themselves, by the place that they have, before anything is drawn."""
    if (spec := axes.get_subplotspec()) is None:
        return
    place = spec.get_position(figure)
    for text, part, room in (
        (axes._left_title, place.width, figure.bbox.width),
        (axes.xaxis.label, place.width, figure.bbox.width),
        (axes.yaxis.label, place.height, figure.bbox.height),
    ):
        narrow = SMALL_CHARACTER * text.get_fontsize() * figure.dpi / POINTS_PER_INCH
        text.set_text(_lines(text.get_text(), int(part * room / narrow)))


def _lines(text: str, characters: int) -> str:
    words = " ".join(text.split("\n"))
    return textwrap.fill(words, max(LEAST_CHARACTERS, characters), break_long_words=False, break_on_hyphens=False)


def _room_for_title(axes: Axes, figure: Figure) -> float:
    """From the left end of axes to the next ones on their right, or to the end of the figure."""
    ours = axes.get_window_extent()
    right = [
        other.get_tightbbox().x0
        for other in figure.axes
        if other is not axes and other.bbox.x0 > ours.x0 and other.bbox.y0 < ours.y1 and other.bbox.y1 > ours.y0
    ]
    return min([figure.bbox.width, *(x0 for x0 in right if x0 > ours.x0 + ours.width)]) - ours.x0 - 8


def _break(text: Text, room: float, upright: bool = False) -> bool:
    """Break a text into as many lines as it takes to be no longer than there is room for; say whether it was."""
    if not text.get_text():
        return False
    extent = text.get_window_extent()
    length = extent.height if upright else extent.width
    longest = max(map(len, text.get_text().split("\n")))
    before = text.get_text()
    if length > room:
        text.set_text(_lines(before, min(longest - 1, int(longest * room / length))))
    return text.get_text() != before


def _lower_legend(axes: Axes) -> bool:
    """Move a legend that stands below axes below the label of x, too; say whether it was moved."""
    legend, label = axes.get_legend(), axes.xaxis.label
    if legend is None or not label.get_text():
        return False
    dpi, place, under = axes.figure.dpi, legend.get_window_extent(), label.get_window_extent()
    if place.y1 > axes.bbox.y0 or place.y1 <= under.y0:
        return False
    below = ScaledTranslation(0, (under.y0 - axes.bbox.y0) / dpi - LEGEND_GAP_INCHES, axes.figure.dpi_scale_trans)
    legend.set_bbox_to_anchor((0.5, 0.0), axes.transAxes + below)
    return True


def _turn_ticks(axes: Axes) -> bool:
    """Turn the labels of x where two of them touch; say whether they were."""
    labels = [label for label in axes.get_xticklabels() if label.get_text() and label.get_visible()]
    extents = sorted((label.get_window_extent() for label in labels), key=lambda extent: extent.x0)
    touching = any(after.x0 < before.x1 + 2 for before, after in zip(extents, extents[1:], strict=False))
    if not touching or any(label.get_rotation() for label in labels):
        return False
    axes.tick_params(axis="x", labelrotation=40)
    for label in labels:
        label.set_ha("right")
        label.set_rotation_mode("anchor")
    return True
