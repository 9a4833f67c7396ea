"""What every picture has to keep: no panel is empty, and no text runs into a neighbour or out of the figure."""

from itertools import combinations

import numpy as np

TOUCHING = 1.0  # points of the picture that do not count


def assert_sound(figure):
    """Fail where an axes shows no data, or where what belongs to one reaches into another or out of the figure."""
    figure.draw_without_rendering()
    panels = [axes for axes in figure.axes if axes.get_label() != "<colorbar>"]
    assert panels
    for axes in panels:
        assert points_of(axes) > 0, f"the panel {axes.get_title(loc='left')!r} is empty"
    boxes = {f"panel {axes.get_title(loc='left')!r}": axes.get_tightbbox() for axes in panels}
    for text in (figure._suptitle, figure._supxlabel):
        if text is not None and text.get_text():
            boxes[text.get_text()] = text.get_window_extent()
    for name, box in boxes.items():
        whole = figure.bbox
        inside = box.x0 >= -TOUCHING and box.y0 >= -TOUCHING
        assert inside and box.x1 <= whole.x1 + TOUCHING and box.y1 <= whole.y1 + TOUCHING, f"{name} leaves the figure"
    for (one, a), (other, b) in combinations(boxes.items(), 2):
        width, height = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
        assert min(width, height) <= TOUCHING, f"{one} runs into {other} by {width:.0f} x {height:.0f}"
    for axes in panels:
        assert_ticks_apart(axes)
        legend, label = axes.get_legend(), axes.xaxis.label
        if legend is not None and label.get_text():
            apart = not legend.get_window_extent().overlaps(label.get_window_extent())
            assert apart, f"the legend of {axes.get_title(loc='left')!r} covers the label of x"


def assert_ticks_apart(axes):
    """Fail where two labels of an axis touch each other."""
    for axis in (axes.xaxis, axes.yaxis):
        low, high = sorted(axis.get_view_interval())
        shown = [tick.label1 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
        shown = [label for label in shown if label.get_text() and label.get_visible() and not label.get_rotation()]
        for one, other in combinations([label.get_window_extent() for label in shown], 2):
            assert not one.overlaps(other), f"labels touch at {axes.get_title(loc='left')!r}"


def points_of(axes):
    """How many points, bars, cells and segments with a size an axes shows; lines across it are no data."""
    lines = sum(np.size(line.get_xdata()) for line in axes.lines if line.get_transform() is axes.transData)
    bars = sum(patch.get_extents().width > 0 for patch in axes.patches)
    cells = sum(image.get_array().size for image in axes.images)
    segments = sum(len(collection.get_paths()) for collection in axes.collections)
    return lines + bars + cells + segments
