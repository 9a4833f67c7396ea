"""The weights of a two-layer network on the chip: rounded to 6 bit, written over the link where they have changed."""

from __future__ import annotations

import numpy as np

from chip import constants as c
from chip.link import HostLink
from ppu_programs.placement import hidden_drivers

PER_WORD = c.SYNAPSES_PER_WORD


def to_steps(weights: np.ndarray) -> np.ndarray:
    """int64 of the same shape: the nearest weights that synapses can have, -63..63; halves upwards, as on the chip."""
    return np.clip(np.floor(weights + 0.5), -c.WEIGHT_MAX, c.WEIGHT_MAX).astype(np.int64)


class Layer:
    """The synapses of one layer: weights[n, lanes] of n drivers, a row of either sign each, in even columns."""

    def __init__(self, hemisphere: int, drivers: np.ndarray, steps: np.ndarray):
        """Of a chip whose registers hold ``steps`` already, int[n, lanes]."""
        self.hemisphere = hemisphere
        self.rows = (2 * np.asarray(drivers)[:, None] + np.arange(2)).ravel()
        columns = -(-2 * steps.shape[1] // PER_WORD) * PER_WORD
        self._written = np.zeros((len(self.rows), columns), np.uint8)
        self._place(self._written, steps)

    def _place(self, rows: np.ndarray, steps: np.ndarray) -> None:
        columns = slice(0, 2 * steps.shape[1], 2)
        rows[0::2, columns] = np.maximum(steps, 0)
        rows[1::2, columns] = np.maximum(-steps, 0)

    def write(self, link: HostLink, steps: np.ndarray) -> None:
        """Write those words of synapses that differ from what was written before."""
        wanted = self._written.copy()
        self._place(wanted, steps)
        changed = (wanted != self._written).reshape(len(self.rows), -1, PER_WORD).any(axis=2)
        row, word = np.nonzero(changed)
        if row.size:
            values = wanted.reshape(len(self.rows), -1, PER_WORD)[row, word]
            link.write_weights(self.hemisphere, self.rows[row], word, values)
        self._written = wanted


class Synapses:
    """Both layers: hidden int[inputs, hidden], readout int[readouts, hidden], as the registers hold them."""

    def __init__(self, hidden: np.ndarray, readout: np.ndarray):
        self._hidden = Layer(c.TOP, np.arange(len(hidden)), hidden)
        self._readout = Layer(c.BOTTOM, hidden_drivers(readout.shape[1]), readout.T)

    def write(self, link: HostLink, hidden: np.ndarray, readout: np.ndarray) -> None:
        """Write what has changed."""
        self._hidden.write(link, hidden)
        self._readout.write(link, readout.T)
