"""A synapse driver while rows are given away: sources share a row where no column would hear two of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from chip.base import constants as c
from ppu_programs.placement.demand import SIGNS, Heard

ROWS_PER_DRIVER = 2
UNUSED_LABEL = c.LABEL_MAX  # no source sends it, so unused synapses stay silent
LABELS = UNUSED_LABEL  # how many there are for sources
BUS_ROWS = c.DRIVERS_PER_BUS * ROWS_PER_DRIVER
FREE = 0  # of Driver.modes; otherwise 1 + the sign


@dataclass
class Driver:
    """A synapse driver while rows are given away.

    Attributes:
        modes: of its two rows, FREE, 1 excitatory or 2 inhibitory.
        taken: columns that hear something on each row.
        sources: numbers of the sources that it serves.
        on_chip: whether one of them is a neuron.
    """

    modes: list[int] = field(default_factory=lambda: [FREE] * ROWS_PER_DRIVER)
    taken: list[int] = field(default_factory=lambda: [0] * ROWS_PER_DRIVER)
    sources: list[int] = field(default_factory=list)
    on_chip: bool = False

    @property
    def used(self) -> int:
        """How many of its rows have a source."""
        return sum(mode != FREE for mode in self.modes)

    def rows_for(self, heard: Heard, on_chip: bool, shared: bool) -> tuple[int, int] | None:
        """Return the row, 0 or 1, for either sign, -1 where it needs none, or None if they do not fit.

        Unless ``shared``, rows must be free, and the driver without sources of another kind. No driver has more sources
        than there are labels for.
        """
        if len(self.sources) == LABELS or not shared and self.sources and self.on_chip != on_chip:
            return None
        rows, left = [-1] * SIGNS, [0, 1]
        for sign, columns in enumerate(heard):
            if columns:
                fitting = [r for r in left if self._fits(r, sign, columns, shared)]
                if not fitting:
                    return None
                rows[sign] = fitting[0]
                left.remove(fitting[0])
        return rows[0], rows[1]

    def _fits(self, row: int, sign: int, columns: int, shared: bool) -> bool:
        if self.modes[row] == FREE:
            return True
        return shared and self.modes[row] == 1 + sign and not self.taken[row] & columns

    def take(self, number: int, heard: Heard, rows: tuple[int, int], on_chip: bool) -> None:
        """Let a source have rows."""
        for sign, row in enumerate(rows):
            if row >= 0:
                self.modes[row] = 1 + sign
                self.taken[row] |= heard[sign]
        self.sources.append(number)
        self.on_chip |= on_chip
