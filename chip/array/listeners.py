"""Who hears a row: the lanes whose synapse holds a label, for each row half.

Most rows of a sparse or recurrent network are heard by a few neurons, of which each can be told at once, where looking
at all lanes would take longer.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from chip.base import constants as c
from chip.base.inner import inlined
from chip.base.lanes import to_lanes
from chip.base.registers import Registers
from chip.base.slots import PLACE_HALF, PLACE_LANE

FEW = 16  # listeners of a row half that are taken one by one; with more of them all lanes at once are faster
LABELS = c.LABEL_MAX + 1


class Listeners(NamedTuple):
    """The enabled lanes of each row half, sorted by the labels of their synapses, then by number.

    first: int16[1024, 65], where those of each label begin; lanes: uint8[1024, 128].
    """

    first: np.ndarray
    lanes: np.ndarray


def listeners(registers: Registers) -> Listeners:
    """Sort the synapses of all row halves."""
    labels = to_lanes(registers.labels).reshape(-1, c.LANES).astype(np.int64)
    enabled = to_lanes(np.broadcast_to(registers.enabled[:, None], registers.labels.shape)).reshape(-1, c.LANES)
    asked = np.where(enabled, labels, LABELS)  # what is off hears nothing
    cells = np.arange(len(asked))[:, None] * (LABELS + 1) + asked
    count = np.bincount(cells.reshape(-1), minlength=len(asked) * (LABELS + 1)).reshape(len(asked), -1)
    first = np.zeros((len(asked), LABELS + 1), np.int16)
    first[:, 1:] = np.cumsum(count[:, :LABELS], axis=1)
    return Listeners(first, np.argsort(asked, axis=1, kind="stable").astype(np.uint8))


@inlined
def reaches_up(row, label, neurons, network):
    """Say whether a merged neuron hears a label by a row of the bottom hemisphere."""
    for n in range(neurons.merged.shape[0]):
        below = neurons.merged[n, c.BOTTOM]
        half, lane = neurons.place[below, PLACE_HALF] % c.HALVES, neurons.place[below, PLACE_LANE]
        if network.labels[c.HALVES * row + half, lane] == label:
            return True
    return False


@inlined
def are_few(row_half, label, network):
    """Say whether few lanes of a row half hear a label, or none."""
    return network.heard[row_half, label + 1] - network.heard[row_half, label] <= FEW
