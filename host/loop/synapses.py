"""The weights of a network on the chip: rounded to 6 bit, written over the link where they have changed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chip.base import constants as c
from chip.link import HostLink
from ppu_programs.placement import LayerPlace, Placement

PER_WORD = c.SYNAPSES_PER_WORD


def to_steps(weights: np.ndarray) -> np.ndarray:
    """int64 of the same shape: the nearest weights that synapses can have, -63..63; halves upwards, as on the chip."""
    return np.clip(np.floor(weights + 0.5), -c.WEIGHT_MAX, c.WEIGHT_MAX).astype(np.int64)


class Layer:
    """The synapses of one layer in its place: a row of either sign for each source, one column for each neuron."""

    def __init__(self, place: LayerPlace, steps: np.ndarray):
        """Of a chip whose registers hold ``steps`` already, int[inputs, outputs]."""
        self.hemisphere, self.columns, self.rows = place.hemisphere, place.columns, place.rows.ravel()
        width = -(-(int(self.columns.max()) + 1) // PER_WORD) * PER_WORD  # columns without a neuron stay 0
        self._written = self._placed(np.zeros((len(self.rows), width), np.uint8), steps)

    def _placed(self, rows: np.ndarray, steps: np.ndarray) -> np.ndarray:
        rows[0::2, self.columns] = np.maximum(steps, 0)
        rows[1::2, self.columns] = np.maximum(-steps, 0)
        return rows

    def write(self, link: HostLink, steps: np.ndarray) -> None:
        """Write those words of synapses that differ from what was written before."""
        wanted = self._placed(self._written.copy(), steps)
        changed = (wanted != self._written).reshape(len(self.rows), -1, PER_WORD).any(axis=2)
        row, word = np.nonzero(changed)
        if row.size:
            values = wanted.reshape(len(self.rows), -1, PER_WORD)[row, word]
            link.write_weights(self.hemisphere, self.rows[row], word, values)
        self._written = wanted

    def written(self) -> np.ndarray:
        """uint8[rows, columns]: what the chip's synapses have."""
        return self._written.copy()

    def restore(self, written: np.ndarray) -> None:
        """Of a chip that was brought to where its synapses have something else."""
        self._written = written.copy()


class Synapses:
    """All layers of a network, int[inputs, outputs] each, as the registers hold them."""

    def __init__(self, placement: Placement, steps: Sequence[np.ndarray]):
        self._layers = [Layer(place, of_layer) for place, of_layer in zip(placement.layers, steps, strict=True)]

    def write(self, link: HostLink, steps: Sequence[np.ndarray]) -> None:
        """Write what has changed."""
        for layer, of_layer in zip(self._layers, steps, strict=True):
            layer.write(link, of_layer)

    def snapshot(self) -> list[np.ndarray]:
        """Return what was written last into every layer."""
        return [layer.written() for layer in self._layers]

    def restore(self, saved: Sequence[np.ndarray]) -> None:
        """Take back what :meth:`snapshot` returned."""
        for layer, written in zip(self._layers, saved, strict=True):
            layer.restore(written)
