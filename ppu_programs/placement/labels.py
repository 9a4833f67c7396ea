"""The labels that tell sources apart: synapse labels, row selects, and the compare masks of drivers.

A synapse takes what its driver takes and has its own label, so each source of a driver has a label that nothing else
which arrives there has. There are 64 of them; one is sent by nobody, for synapses that are not used.

What arrives follows from the compare masks. Drivers of inputs or of a processor's events select one row select, their
index on the bus. Neurons choose two bits of theirs, the others are given by their column; so drivers that serve
neurons take all events of their bus, mask 0, and the labels do the rest. Where 63 labels are not enough, they compare
the lowest bit, then two, which leaves fewer events for each and fewer drivers to each source. The two bits are the
number of the population otherwise, by which the crossbar tells populations apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from chip.base import constants as c
from chip.base.errors import ChipLimitError, Resource
from ppu_programs.placement.crossbar import CODES
from ppu_programs.placement.demand import Kind, Source
from ppu_programs.placement.drivers import LABELS
from ppu_programs.placement.rows import Rows, Seats

MOST_CLASS_BITS = 2
ALL_BITS = c.DRIVERS_PER_BUS - 1


@dataclass(frozen=True)
class Labels:
    """What tells sources apart.

    Attributes:
        row_selects: int64[n], bits 6..10 of each source's label.
        synapse_labels: int64[n], bits 0..5; above 62 where they do not suffice.
        compare_masks: uint8[2, 128], of all drivers.
        busses: int64[n], of the sources.
    """

    row_selects: np.ndarray
    synapse_labels: np.ndarray
    compare_masks: np.ndarray
    busses: np.ndarray

    @property
    def short(self) -> list[int]:
        """The busses whose labels do not suffice."""
        return sorted(set(self.busses[self.synapse_labels >= LABELS].tolist()))

    def limit(self, sources: Sequence[Source]) -> ChipLimitError | None:
        """The error of the first bus whose labels do not suffice, if there is one."""
        if not self.short:
            return None
        there = np.flatnonzero(self.busses == self.short[0])
        names = " and ".join(dict.fromkeys(sources[n].population for n in there))
        return ChipLimitError(
            Resource.LABELS, f"synapse labels of PADI bus {self.short[0]}, for events of {names}",
            int(self.synapse_labels[there].max()) + 1, LABELS, "labels",
            "make these populations smaller, or let fewer of them be heard together",
        )  # fmt: skip


def label(
    sources: Sequence[Source], seats: Sequence[Seats], rows: Rows, numbers: Mapping[str, int], present: np.ndarray
) -> Labels:
    """Return what tells sources in their seats apart.

    Args:
        numbers: of each spiking population, 0..3.
        present: bool[n, 2], the hemispheres that a source's events come to.
    """
    codes = _codes(sources, seats, rows.class_bits, numbers)
    selects = _row_selects(sources, seats, codes)
    masks = _compare_masks(rows, selects)
    return Labels(selects, _synapse_labels(sources, seats, codes, selects, masks, present), masks,
                  np.array([at.bus for at in seats], np.int64))  # fmt: skip


def _codes(sources: Sequence[Source], seats: Sequence[Seats], class_bits: Sequence[int], numbers: Mapping[str, int]):
    """Return int64[n], bits 6 and 7 of the labels of neurons: their class, and their population in what bits it leaves.

    Args:
        class_bits: of each bus, that drivers compare.
        numbers: of each spiking population.
    """
    found, members = np.zeros(len(sources), np.int64), np.zeros((c.PADI_BUSSES, CODES), np.int64)
    for n, (source, at) in enumerate(zip(sources, seats, strict=True)):
        if source.kind is Kind.NEURON:
            bits = class_bits[at.bus]
            classes = 1 << bits
            free = int(np.argmin(members[at.bus, :classes]))  # of a neuron that nobody hears
            its = next((seat.index % classes for seat in at.at.values()), free)
            members[at.bus, its] += 1
            found[n] = (numbers[source.population] << bits | its) % CODES
    return found


def _row_selects(sources: Sequence[Source], seats: Sequence[Seats], codes: np.ndarray) -> np.ndarray:
    """Return int64[n], bits 6..10 of each source's label: as its column has them, or as its driver's index."""
    found = codes.copy()
    for n, (source, at) in enumerate(zip(sources, seats, strict=True)):
        if source.kind is Kind.NEURON:
            found[n] |= source.output << 2
        else:
            found[n] = next((seat.index for seat in at.at.values()), n // c.PADI_BUSSES % c.DRIVERS_PER_BUS)
    return found


def _compare_masks(rows: Rows, row_selects: np.ndarray) -> np.ndarray:
    """Return uint8[2, 128] compare masks of all drivers: what each of its sources agrees with, of the bits to select.

    A driver without sources selects its index.
    """
    masks = np.full((c.HEMISPHERES, c.DRIVERS), ALL_BITS, np.uint8)
    for hemisphere, busses in enumerate(rows.drivers):
        for bus, drivers in enumerate(busses):
            for index, driver in enumerate(drivers):
                mask = (1 << rows.class_bits[bus]) - 1 if driver.on_chip else ALL_BITS
                for n in driver.sources:
                    mask &= ~(index ^ int(row_selects[n]))
                masks[hemisphere, c.PADI_BUSSES * index + bus] = mask
    return masks


def _synapse_labels(
    sources: Sequence[Source],
    seats: Sequence[Seats],
    codes: np.ndarray,
    row_selects: np.ndarray,
    masks: np.ndarray,
    present: np.ndarray,
) -> np.ndarray:
    """Return int64[n], a synapse label for each source, the first one that is left; there may be more than 63.

    Inputs that share a hemisphere with neurons' events count down from 62, all else counts up.

    Args:
        present: bool[n, 2], the hemispheres that a source's events come to.
    """
    kinds = np.array([source.kind for source in sources], np.int64)
    busses = np.array([at.bus for at in seats], np.int64)
    on_chip = [any(h in at.at for at, kind in zip(seats, kinds, strict=True) if kind == Kind.NEURON) for h in range(2)]
    labels = np.zeros(len(sources), np.int64)
    for bus in range(c.PADI_BUSSES):
        members = np.flatnonzero(busses == bus)
        apart = _apart(members, seats, row_selects, masks[:, bus :: c.PADI_BUSSES], present)
        alike = codes[members] + CODES * row_selects[members] * (kinds[members] != Kind.NEURON)
        apart |= (alike[:, None] == alike) & (kinds[members, None] == kinds[members])  # a record names its sources
        for i, n in enumerate(members.tolist()):
            others = labels[members[:i][apart[i, :i]]]
            down = kinds[n] == Kind.FPGA and any(on_chip[h] for h in seats[n].at)
            labels[n] = _first_left(others, LABELS - 1 if down else 0)
    return labels


def _apart(members, seats, row_selects, masks, present) -> np.ndarray:
    """Return bool[m, m]: whose labels must differ, since one comes to a driver that serves the other."""
    apart = np.zeros((len(members), len(members)), bool)
    index = np.arange(c.DRIVERS_PER_BUS)
    for hemisphere in range(c.HEMISPHERES):
        arriving = ((row_selects[members, None] ^ index) & masks[hemisphere]) == 0
        arriving &= present[members, hemisphere, None]
        served = np.zeros_like(arriving)
        for i, n in enumerate(members.tolist()):
            if hemisphere in seats[n].at:
                served[i, seats[n].at[hemisphere].index] = True
        apart |= (served.astype(np.int64) @ arriving.T.astype(np.int64)) > 0
    return apart | apart.T


def _first_left(others: np.ndarray, start: int) -> int:
    """The label next to ``start``, away from the nearer end, that none of the others has; above 62 if there is none."""
    taken = set(others.tolist())
    order = range(start, -1, -1) if start else range(LABELS)
    return next((label for label in order if label not in taken), max(taken, default=-1) + 1)
