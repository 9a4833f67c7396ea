"""A network's place on the chip as text: who uses which columns, drivers and labels, and how much is left."""

from __future__ import annotations

import string
import textwrap
from collections.abc import Iterable

import numpy as np

from chip.base import constants as c
from ppu_programs.contract import Firmware
from ppu_programs.network import LI, LIF, Injected, Inputs, Network, NetworkGraph
from ppu_programs.placement import HEMISPHERE_NAMES, DividedPlacement, GraphPlacement, Placement, place

CELLS = 32  # of a line: four lanes of a half each, or one driver of a PADI bus each
LANES_PER_CELL = c.LANES // CELLS
HALF_NAMES = ("even", "odd")
NEURON_KEYS, OTHER_KEYS = (
    string.digits + string.ascii_uppercase,
    string.ascii_lowercase[8:] + string.ascii_lowercase[:8],
)
SEVERAL, FREE, NO_KEY = "+", ".", "?"
LABEL_WIDTH, BLOCK_WIDTH = 16, 41  # of what stands before the blocks, and of the block of a hemisphere
WIDTH = 100  # of a wrapped title
OF_LAYERS = "  a character: 4 columns of a half, by layer; a driver of a bus, by the layer whose events it takes"
OF_POPULATIONS = "  a character: 4 columns of a half, or a driver of a bus and whose events it takes; + is several"


def drawing_of(firmware: Firmware) -> str | None:
    """Draw what a firmware has as its ``placement`` or, in the place that follows from it, as its ``network``, if any.

    A divided layer is two populations.
    Raises ChipLimitError for a network that does not fit.
    """
    placement, network = (getattr(firmware, name, None) for name in ("placement", "network"))
    if isinstance(placement, DividedPlacement):
        placement = placement.on_chip
    if not isinstance(placement, Placement | GraphPlacement):
        placement = place(network) if isinstance(network, Network | NetworkGraph) else None
    return None if placement is None else drawing(placement)


def drawing(placement: Placement | GraphPlacement) -> str:
    """Return both hemispheres side by side, then a line for each population, of about 100 columns.

    A character is four neurons' columns in a half, or one driver of a bus: the key of the population that lies there,
    or whose events the driver takes; ``+`` for several, a dot where nothing is. Keys of layers are their numbers, and i
    for inputs. Populations that are no layers have a line for each projection, too.
    """
    if isinstance(placement, Placement):
        graph, meaning = placement.on_chip, OF_LAYERS
        what = {"inputs": f"{placement.network.inputs} inputs"}
        what |= {f"layer {k}": str(neurons) for k, (_, neurons) in enumerate(placement.network)}
        title, projections = f"placement of {placement.network}", []
    else:
        graph, meaning = placement, OF_POPULATIONS
        what = {name: f"{name} {population}" for name, population in placement.graph.populations.items()}
        title, projections = f"placement of {graph.graph}", ["", *_projections(graph)]
    lines = [*textwrap.wrap(title, WIDTH, subsequent_indent="  "), "", *_hemispheres(graph)]
    return "\n".join([*lines, "", *_populations(graph, what), *projections, "", meaning])


# ---------------------------------------------------------------------- columns and drivers


def _hemispheres(placement: GraphPlacement) -> list[str]:
    names = "".join(f"{name + ' hemisphere':<{BLOCK_WIDTH}}" for name in HEMISPHERE_NAMES)
    lines, sides = [" " * LABEL_WIDTH + names.rstrip()], range(c.HEMISPHERES)
    columns, rows = _columns(placement), _rows(placement)
    for half, name in enumerate(HALF_NAMES):
        lines.append(
            _line(f"{name} columns", [_cells(columns[side, half :: c.HALVES], LANES_PER_CELL) for side in sides])
        )
    for bus in range(c.PADI_BUSSES):
        of_bus = rows.reshape(c.HEMISPHERES, c.DRIVERS_PER_BUS, c.PADI_BUSSES, 2)[:, :, bus]
        blocks = [_cells(of_bus[side].reshape(-1), 2) for side in sides]
        drivers = [sum(cell != FREE for cell in cells) for cells, _ in blocks]
        lines.append(_line(f"PADI bus {bus}", [(cells, str(n)) for (cells, _), n in zip(blocks, drivers, strict=True)]))
    in_use = rows.reshape(c.HEMISPHERES, c.DRIVERS, 2).astype(bool).any(axis=2)
    for label, used in (("columns", columns), ("drivers", in_use), ("rows", rows)):
        size = used.shape[1]
        lines.append(_line(label, [(f"{used[side].astype(bool).sum()} of {size}", "") for side in sides]))
    return lines


def _line(label: str, blocks: Iterable[tuple[str, str]]) -> str:
    return (f"  {label:<{LABEL_WIDTH - 2}}" + "".join(f"{cells:<{CELLS}}  {n:<7}" for cells, n in blocks)).rstrip()


def _cells(used: np.ndarray, size: int) -> tuple[str, str]:
    """A character for each ``size`` places, each with the keys of who is there; and how many are used."""
    cells = ["".join(set("".join(part))) for part in used.reshape(-1, size)]
    return "".join(FREE if not keys else keys if len(keys) == 1 else SEVERAL for keys in cells), str((used != "").sum())


def _keys(placement: GraphPlacement) -> dict[str, str]:
    neurons, others, keys = iter(NEURON_KEYS), iter(OTHER_KEYS), {}
    for name, population in placement.graph.populations.items():
        keys[name] = next(neurons if isinstance(population, LIF | LI) else others, NO_KEY)
    return keys


def _columns(placement: GraphPlacement) -> np.ndarray:
    """object[2, 256]: the keys of who lies in each column."""
    found, keys = np.full((c.HEMISPHERES, c.COLUMNS), "", object), _keys(placement)
    for name, at in placement.neurons.items():
        for side, columns in at.circuits():
            found[side, columns] += keys[name]
    return found


def _rows(placement: GraphPlacement) -> np.ndarray:
    """object[2, 256]: the keys of whose events each row takes."""
    found, keys = np.full((c.HEMISPHERES, c.ROWS), "", object), _keys(placement)
    for name, at in placement.sources.items():
        for side in range(c.HEMISPHERES):
            rows = at.rows[:, side]
            found[side, np.unique(rows[rows >= 0])] += keys[name]
    return found


# ---------------------------------------------------------------------- tables


def _populations(placement: GraphPlacement, what: dict[str, str]) -> list[str]:
    head = ("key", "what", "weights", "columns", "event labels", "synapse labels", "recorded")
    keys, graph = _keys(placement), placement.graph
    rows = [head]
    for name, population in graph.populations.items():
        neurons, sources = placement.neurons.get(name), placement.sources.get(name)
        leads = any(projection.source == name for projection in graph.projections)
        weights = columns = "-"
        if neurons is not None:
            weights = str(sum(int(projection.mask.sum()) for projection in graph.onto(name)))
            columns = _range(neurons.columns) + (" merged" if neurons.merged else "")
        events = "none" if sources is None else _events(placement, name)
        synapses = _range(sources.synapse_labels) if leads else "-"
        recorded = "yes" if isinstance(population, Inputs) or name in placement.recorded else "no"
        rows.append((keys[name], what[name], weights, columns, events, synapses, recorded))
    return _table(rows)


def _events(placement: GraphPlacement, name: str) -> str:
    at = placement.sources[name]
    if isinstance(placement.graph.populations[name], Injected):
        return f"its processor's, bus {_range(at.busses)}"
    return _labels(at.labels)


def _projections(placement: GraphPlacement) -> list[str]:
    rows = [("from", "to", "signs", "weights", "rows a neuron", *(f"rows {name}" for name in HEMISPHERE_NAMES))]
    for k, projection in enumerate(placement.graph.projections):
        at = placement.synapses(k)
        used = [at.rows[at.hemispheres == side] for side in range(c.HEMISPHERES)]
        counts = [str(len(np.unique(part[part >= 0]))) for part in used]
        heard = projection.mask.sum(axis=0) * len(projection.sign.rows)
        rows.append(
            (projection.source, projection.target, projection.sign.value, str(len(at.sources)), _range(heard), *counts)
        )
    return _table(rows)


def _table(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  " + "  ".join(f"{t:<{w}}" for t, w in zip(row, widths, strict=True)).rstrip() for row in rows]


def _labels(labels: np.ndarray) -> str:
    return f"{labels.min():#06x}..{labels.max():#06x}" if len(labels) > 1 else f"{labels[0]:#06x}"


def _range(numbers: np.ndarray) -> str:
    low, high = int(numbers.min()), int(numbers.max())
    return f"{low}..{high}" if low < high else f"{low}"
