"""A network's place on the chip as text: who uses which columns, drivers and labels, and how much is left."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

import numpy as np

from chip.base import constants as c
from ppu_programs.contract import Firmware
from ppu_programs.network import Network
from ppu_programs.placement import HEMISPHERE_NAMES, INPUT_LAYER, Placement, place

CELLS = 32  # of a line: four lanes of a half each, or one driver of a PADI bus each
LANES_PER_CELL = c.LANES // CELLS
HALF_NAMES = ("even", "odd")
INPUT_KEY, FREE = "i", "."
LABEL_WIDTH, BLOCK_WIDTH = 16, 41  # of what stands before the blocks, and of the block of a hemisphere
WIDTH = 100  # of a wrapped title
MEANING = "  a character: 4 columns of a half, by layer; a driver of a bus, by the layer whose events it takes"


def drawing_of(firmware: Firmware) -> str | None:
    """Draw what a firmware has as its ``placement`` or, in the place that follows from it, as its ``network``, if any.

    Raises ChipLimitError for a network that does not fit.
    """
    placement, network = (getattr(firmware, name, None) for name in ("placement", "network"))
    if not isinstance(placement, Placement):
        placement = place(network) if isinstance(network, Network) else None
    return None if placement is None else drawing(placement)


def drawing(placement: Placement) -> str:
    """Return both hemispheres side by side, then a line for the inputs and for each layer, of 100 columns.

    A character is four neurons' columns in a half, or one driver of a bus: the number of the layer that lies there, or
    whose events the driver takes, i for inputs; a dot where nothing is.
    """
    names = "".join(f"{name + ' hemisphere':<{BLOCK_WIDTH}}" for name in HEMISPHERE_NAMES)
    lines = textwrap.wrap(f"placement of {placement.network}", WIDTH, subsequent_indent="  ")
    lines += ["", " " * LABEL_WIDTH + names.rstrip()]
    for half, name in enumerate(HALF_NAMES):
        blocks = [_neurons(placement, hemisphere, half) for hemisphere in range(c.HEMISPHERES)]
        lines.append(_line(f"{name} columns", blocks))
    for bus in range(c.PADI_BUSSES):
        blocks = [_drivers(placement, hemisphere, bus) for hemisphere in range(c.HEMISPHERES)]
        lines.append(_line(f"PADI bus {bus}", blocks))
    for what, count in (("columns", _columns), ("drivers", _used), ("rows", lambda *at: 2 * _used(*at))):
        size = {"columns": c.COLUMNS, "drivers": c.DRIVERS, "rows": c.ROWS}[what]
        lines.append(_line(what, [(f"{count(placement, side)} of {size}", "") for side in range(c.HEMISPHERES)]))
    return "\n".join([*lines, "", *_legend(placement), "", MEANING])


def _line(label: str, blocks: Iterable[tuple[str, str]]) -> str:
    return (f"  {label:<{LABEL_WIDTH - 2}}" + "".join(f"{cells:<{CELLS}}  {n:<7}" for cells, n in blocks)).rstrip()


def _neurons(placement: Placement, hemisphere: int, half: int) -> tuple[str, str]:
    cells, count = [FREE] * CELLS, 0
    for k, at in enumerate(placement.layers):
        if (at.hemisphere, at.half) == (hemisphere, half):
            count += len(at.lanes)
            for cell in set((at.lanes // LANES_PER_CELL).tolist()):
                cells[cell] = str(k)
    return "".join(cells), str(count)


def _drivers(placement: Placement, hemisphere: int, bus: int) -> tuple[str, str]:
    cells = [FREE] * CELLS
    for k, at in enumerate(placement.layers):
        if at.hemisphere == hemisphere:
            for driver in at.drivers[at.drivers % c.PADI_BUSSES == bus]:
                cells[driver // c.PADI_BUSSES] = _key(k - 1)
    return "".join(cells), str(CELLS - cells.count(FREE))


def _columns(placement: Placement, hemisphere: int) -> int:
    return sum(len(at.lanes) for at in placement.layers if at.hemisphere == hemisphere)


def _used(placement: Placement, hemisphere: int) -> int:
    return sum(len(at.drivers) for at in placement.layers if at.hemisphere == hemisphere)


def _key(layer: int) -> str:
    return INPUT_KEY if layer == INPUT_LAYER else str(layer)


def _legend(placement: Placement) -> list[str]:
    network, rows = placement.network, []
    for k in range(INPUT_LAYER, network.depth):
        what = f"{network.inputs} inputs" if k == INPUT_LAYER else str(network.layers[k][1])
        sends = k == INPUT_LAYER or network.layers[k][1].spikes
        labels = "none" if not sends else _labels(placement.input_labels if k < 0 else placement.spike_labels(k))
        leads = k + 1 < network.depth
        synapses = _range(placement.layers[k + 1].synapse_labels) if leads else "-"
        columns = "-" if k == INPUT_LAYER else _range(placement.layers[k].columns)
        recorded = "yes" if k == INPUT_LAYER or k in placement.recorded else "no"
        weights = "-" if k == INPUT_LAYER else str(network.layers[k][0].inputs * network.layers[k][0].outputs)
        rows.append((_key(k), what, weights, columns, labels, synapses, recorded))
    head = ("key", "what", "weights", "columns", "event labels", "synapse labels", "recorded")
    widths = [max(len(row[n]) for row in [head, *rows]) for n in range(len(head))]
    return ["  " + "  ".join(f"{t:<{w}}" for t, w in zip(row, widths, strict=True)).rstrip() for row in [head, *rows]]


def _labels(labels: np.ndarray) -> str:
    return f"{labels.min():#06x}..{labels.max():#06x}" if len(labels) > 1 else f"{labels[0]:#06x}"


def _range(numbers: np.ndarray) -> str:
    low, high = int(numbers.min()), int(numbers.max())
    return f"{low}..{high}" if low < high else f"{low}"
