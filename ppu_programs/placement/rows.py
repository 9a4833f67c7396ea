"""Which synapse drivers and rows take the events of each source.

A row has one sign, and a PADI bus 32 drivers of two rows in either hemisphere. A source takes a row for each sign with
which it is heard, both of one driver, in every hemisphere where it is heard. It takes rows that are its own while there
are some; then it shares those of sources that no common column hears, which labels tell apart.

The bus of a neuron's events follows from its column; inputs and processors may choose. Neurons come first, and fill the
drivers of a bus from above in the top hemisphere and from below in the bottom one; inputs and processors take the least
driver that is left.

Drivers may select: with ``class_bits`` of a bus, a neuron's events reach drivers whose index on it has the same low
bits as the row select of these events, see :mod:`ppu_programs.placement.labels`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from chip.base import constants as c
from chip.base.errors import ChipLimitError, Resource
from ppu_programs.placement.columns import HEMISPHERE_NAMES
from ppu_programs.placement.demand import Choice, Heard, Kind, Source
from ppu_programs.placement.drivers import BUS_ROWS, Driver

Fit = Callable[[int, int, int], tuple[int, int] | None]  # rows for a source on a driver: hemisphere, bus, index


@dataclass(frozen=True)
class Seat:
    """Where one source's events are taken in one hemisphere.

    Attributes:
        index: of the driver on its bus.
        rows: of the driver's two, 0 or 1, that for either sign, -1 where there is none.
    """

    index: int
    rows: tuple[int, int]


@dataclass(frozen=True)
class Seats:
    """Where one source's events are taken.

    Attributes:
        bus: their PADI bus, 0..3, in either hemisphere.
        at: its :class:`Seat` by hemisphere, where it is heard.
        choice: what of the source's choices it is; None where nobody hears it.
    """

    bus: int
    at: dict[int, Seat]
    choice: Choice | None


class Rows:
    """All synapse drivers of a chip, as sources take them.

    Args:
        class_bits: of each bus, how many low bits of a driver's index must be those of a neuron's row select, 0..2.
            What these bits may be are its classes; neurons are spread over them alike.
        given_away: the busses of each hemisphere that its processor feeds.
        compact: sources share rows from the first on, so that others find rows that are free.
    """

    def __init__(self, class_bits: Sequence[int], given_away: tuple[set[int], set[int]], compact: bool):
        self.class_bits, self.given_away, self.compact = class_bits, given_away, compact
        self._members = [[0] * (1 << bits) for bits in class_bits]
        self._most = [0] * c.PADI_BUSSES  # members of a class, of each bus
        self._used = [[0] * c.PADI_BUSSES for _ in range(c.HEMISPHERES)]  # rows, of each bus
        self.drivers = [
            [[Driver() for _ in range(c.DRIVERS_PER_BUS)] for _ in range(c.PADI_BUSSES)] for _ in range(c.HEMISPHERES)
        ]

    def place(self, sources: Sequence[Source]) -> list[Seats]:
        """Return the seats of all sources; raises ChipLimitError where rows do not suffice."""
        on_bus = Counter(source.output % c.PADI_BUSSES for source in sources if source.kind is Kind.NEURON)
        self._most = [-(-on_bus[bus] >> bits) for bus, bits in enumerate(self.class_bits)]
        seats = [self._seat(number, source) for number, source in enumerate(sources)]
        self._check(sources)
        return seats

    # ------------------------------------------------------------------ one source

    def _seat(self, number: int, source: Source) -> Seats:
        if not source.heard:
            return Seats(self._bus_of_silent(number, source), {}, None)
        choices = sorted(source.choices(), key=lambda choice: self._load(source, choice.heard))
        tried = ((choice, shared) for shared in (False, True)[self.compact :] for choice in choices)
        found = next((seats for choice, shared in tried if (seats := self._find(source, choice, shared))), None)
        seats = found or self._open(source, choices[0])
        for hemisphere, seat in seats.at.items():
            driver = self.drivers[hemisphere][seats.bus][seat.index]
            before = driver.used
            driver.take(number, seats.choice.heard[hemisphere], seat.rows, source.kind is Kind.NEURON)
            self._used[hemisphere][seats.bus] += driver.used - before
        if source.kind is Kind.NEURON:
            self._members[seats.bus][self._class_of(seats.bus, seat.index)] += 1
        return seats

    def _class_of(self, bus: int, index: int) -> int:
        return index % len(self._members[bus])

    @staticmethod
    def _bus_of_silent(number: int, source: Source) -> int:
        return source.output % c.PADI_BUSSES if source.kind is Kind.NEURON else number % c.PADI_BUSSES

    def _load(self, source: Source, needs: dict[int, Heard]) -> tuple[bool, int, int]:
        """Whether no bus can serve it, how many hemispheres are needed, then how much of the fullest one is taken."""
        busses = self._busses(source, needs)
        used = max(sum(self._used[h][bus] for bus in busses) for h in needs)
        return not busses, len(needs), used

    def _busses(self, source: Source, hemispheres: Iterable[int]) -> list[int]:
        busses = [source.output % c.PADI_BUSSES] if source.kind is Kind.NEURON else range(c.PADI_BUSSES)
        fed = source.kind is Kind.PROCESSOR
        return [b for b in busses if all((b in self.given_away[h]) == fed for h in hemispheres)]

    def _find(self, source: Source, choice: Choice, shared: bool) -> Seats | None:
        """Return seats on drivers that there are, if there are any."""
        needs = choice.heard
        on_chip = source.kind is Kind.NEURON
        busses = [b for b in self._busses(source, needs) if shared or all(self._used[h][b] < BUS_ROWS for h in needs)]

        def fit(hemisphere: int, bus: int, index: int) -> tuple[int, int] | None:
            return self.drivers[hemisphere][bus][index].rows_for(needs[hemisphere], on_chip, shared)

        places = self._of_one_class(needs, busses, fit) if on_chip else self._least(needs, busses, fit)
        for bus, indices in places:
            return Seats(bus, {h: Seat(index, fit(h, bus, index)) for h, index in indices.items()}, choice)
        return None

    def _of_one_class(self, needs: dict[int, Heard], busses: list[int], fit: Fit) -> Iterator[tuple]:
        """Drivers, a bus and an index by hemisphere, that a neuron's events can select in all hemispheres."""
        order = {h: range(c.DRIVERS_PER_BUS)[:: -1 if h == c.TOP else 1] for h in needs}
        first, *others = needs
        for bus in busses:
            members, most = self._members[bus], self._most[bus]
            for index in (i for i in order[first] if members[self._class_of(bus, i)] < most and fit(first, bus, i)):
                alike = {h: [i for i in order[h] if self._class_of(bus, i ^ index) == 0] for h in others}
                same = {h: [i for i in indices if fit(h, bus, i)] for h, indices in alike.items()}
                if all(same.values()):
                    yield bus, {first: index} | {h: indices[0] for h, indices in same.items()}

    @staticmethod
    def _least(needs: dict[int, Heard], busses: list[int], fit: Fit) -> Iterator[tuple]:
        """Drivers of one index in all hemispheres, the least number first, or else of any indices on one bus."""
        for index in range(c.DRIVERS_PER_BUS):
            for bus in busses:
                if all(fit(h, bus, index) for h in needs):
                    yield bus, dict.fromkeys(needs, index)
        for bus in busses if len(needs) > 1 else ():
            fitting = {h: [i for i in range(c.DRIVERS_PER_BUS) if fit(h, bus, i)] for h in needs}
            if all(fitting.values()):
                yield bus, {h: indices[0] for h, indices in fitting.items()}

    # ------------------------------------------------------------------ what does not fit

    def _open(self, source: Source, choice: Choice) -> Seats:
        """Take drivers that do not exist, on the emptiest bus, so that it shows how many there would have to be."""
        on_chip, needs = source.kind is Kind.NEURON, choice.heard
        busses = self._busses(source, needs) or list(range(c.PADI_BUSSES))
        bus, at = min(busses, key=lambda b: max(self._used[h][b] for h in needs)), {}
        for h, heard in needs.items():
            beyond = [*self._beyond(h, bus), Driver()]
            extra, rows = next((n, rows) for n, d in enumerate(beyond) if (rows := d.rows_for(heard, on_chip, True)))
            self.drivers[h][bus][c.DRIVERS_PER_BUS :] = beyond[: max(extra + 1, len(beyond) - 1)]
            at[h] = Seat(c.DRIVERS_PER_BUS + extra, rows)
        return Seats(bus, at, choice)

    def _check(self, sources: Sequence[Source]) -> None:
        for hemisphere, name in enumerate(HEMISPHERE_NAMES):
            short = [bus for bus in range(c.PADI_BUSSES) if self._beyond(hemisphere, bus)]
            if short:
                where, busses = self._what_is_short(hemisphere, short, sources)
                used = BUS_ROWS * len(busses) + sum(d.used for bus in busses for d in self._beyond(hemisphere, bus))
                served = {n for bus in busses for driver in self.drivers[hemisphere][bus] for n in driver.sources}
                names = " and ".join(dict.fromkeys(sources[n].population for n in sorted(served)))
                raise ChipLimitError(
                    Resource.ROWS, f"synapse rows of {where.format(name)}, for events of {names}", used,
                    BUS_ROWS * len(busses), "rows",
                    "make these populations smaller or their projections sparser; a source takes a row for each sign",
                )  # fmt: skip

    def _what_is_short(self, hemisphere: int, short: list[int], sources: Sequence[Source]) -> tuple[str, list[int]]:
        """The words for rows that do not suffice, and the busses that have them."""
        fed = sorted(self.given_away[hemisphere])
        late = {bus: {sources[n].kind for d in self._beyond(hemisphere, bus) for n in d.sources} for bus in short}
        for bus, kinds in late.items():
            if Kind.NEURON in kinds:  # whose bus follows from where they lie
                return f"PADI bus {bus} of the {{}} hemisphere", [bus]
        if any(Kind.FPGA in kinds for kinds in late.values()):
            return "the {} hemisphere", [bus for bus in range(c.PADI_BUSSES) if bus not in fed]
        return "the busses that the {} processor feeds", fed

    def _beyond(self, hemisphere: int, bus: int) -> list[Driver]:
        return self.drivers[hemisphere][bus][c.DRIVERS_PER_BUS :]
