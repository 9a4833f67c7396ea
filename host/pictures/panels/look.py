"""How all pictures look: colours, titles, legends, and settings that are nobody else's.

Colours are those of Okabe and Ito, which stay apart for colour-blind eyes; classes differ in marker, too.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import matplotlib
from matplotlib.axes import Axes
from matplotlib.transforms import ScaledTranslation

BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9"
CLASS_COLOURS, CLASS_MARKERS = (BLUE, ORANGE, GREEN, PURPLE, SKY), "osD^v"
COLOURS = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILION)
GREY = "0.45"
LEGEND_INCHES = 0.5  # from the axes down to the legend below them
LEGEND_CHARACTERS, HANDLE_CHARACTERS = 72, 7  # across a panel, and what a handle takes of them
COLUMNS = 3  # of a legend, at most


@contextlib.contextmanager
def style() -> Iterator[None]:
    """The settings of all pictures, from the first axes to the saved file, whatever a user's own matplotlib has."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update({"legend.frameon": False, "legend.fontsize": 9.5})
        yield


def class_colour(index: int) -> str:
    return CLASS_COLOURS[index % len(CLASS_COLOURS)]


def colour(index: int) -> str:
    return COLOURS[index % len(COLOURS)]


def dress(axes: Axes, title: str, x: str, y: str | None) -> None:
    """Give axes a title and labels; None where the values on y have named themselves."""
    axes.set_title(title, loc="left", fontsize=12)
    axes.set_xlabel(x)
    if y is not None:
        axes.set_ylabel(y)
    axes.spines[["top", "right"]].set_visible(False)


def legend_below(axes: Axes, title: str | None = None, fontsize: float = 9.0, columns: int = COLUMNS) -> None:
    """A legend that covers nothing: below the axes and the label of x, in as many columns as there is room for."""
    labels = axes.get_legend_handles_labels()[1]
    if not labels:
        return
    room = int(LEGEND_CHARACTERS * 9.0 / fontsize / (max(map(len, labels)) + HANDLE_CHARACTERS))
    below = ScaledTranslation(0, -LEGEND_INCHES, axes.figure.dpi_scale_trans)  # a distance that no height changes
    axes.legend(
        loc="upper center",
        bbox_to_anchor=(0.5, 0.0),
        bbox_transform=axes.transAxes + below,
        ncols=max(1, min(room, len(labels), columns)),
        title=title,
        fontsize=fontsize,
        title_fontsize=fontsize,
        borderaxespad=0.0,
    )
