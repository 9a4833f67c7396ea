"""Chains: operations that follow each other without a look in between, as one.

    yield ppu.chain(
        (ppu.run, update),
        (ppu.store_row, row, WEIGHTS),
        (ppu.reset_correlation, row),
        (ppu.read_correlation, row + 1, READINGS),
        (ppu.load_row, row + 1, WEIGHTS),
    )

does what the same operations do that are yielded one by one, to the byte and to the cycle: each has its own start, its
own booked cycles, and acts on the chip at its own time. What reads bring is there when the chain ends. The simulation
takes one event for the whole chain, which is several times as fast; the chip gains nothing.

A chain begins all of its operations at its own beginning. So it takes those alone that nobody else sees before they
act, and refuses an operation behind a read that may use, or overwrite, what the read brings. Nobody may send into a
region that a chain uses while it lasts. Where the other PPU acts at the very instant at which a chain ends, the chain
counts as scheduled at its beginning.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from chip import constants as c
from chip.errors import MachineFault
from chip.ppu.processor.core import BUSY, CHAINED, Operation, ProcessorCore
from chip.ppu.vector.operands import VectorRegister

# what can be chained, and which of its arguments names the SRAM or the registers that it uses
PLACE_ARGUMENT = {
    "run": None,
    "load_row": 1,
    "store_row": 1,
    "load_weights": 2,
    "store_weights": 2,
    "reset_neurons": 1,
    "reset_correlation": None,
    "inject_event": None,
    "read_cadc": 0,
    "sample_membranes": 1,
    "read_correlation": 1,
    "read_spike_counters": 0,
}
READS = frozenset({"read_cadc", "sample_membranes", "read_correlation", "read_spike_counters"})  # bring it at their end
Link = tuple[Any, ...]  # an operation of the processor, and its arguments by position


class Chaining(ProcessorCore):
    """The operation of :class:`chip.ppu.processor.processor.Processor` that is made of others."""

    def __init__(self, chip, hemisphere: int):
        super().__init__(chip, hemisphere)
        self._chain: tuple[Link, ...] = ()  # the last one
        self._chain_end_ns = 0

    def chain(self, *operations: Link) -> Operation:
        """Do operations one after the other: (method, argument, ...) each, see :mod:`chip.ppu.processor.chaining`.

        Raises:
            MachineFault: an operation that cannot be in a chain, or not behind the reads before it.
        """
        if self._issued is not None:
            self._check_yielded()
        self._brought = []
        self._issued = CHAINED
        try:
            self._begin_links(operations)
        finally:
            self._issued = None
        self._chain, self._chain_end_ns = operations, self.environment.now + self._owed_cycles * c.PPU_CLOCK_NS
        self._span_cycles, self._then = 0, self._bring
        self._issued = BUSY
        return BUSY

    def _bring(self) -> None:
        """Bring the values of a chain's reads."""
        for deliver in self._brought:
            deliver()

    def _begin_links(self, operations: tuple[Link, ...]) -> None:
        places: list = []  # of reads so far
        for link in operations:
            if not isinstance(link, (tuple, list)) or not link:
                raise MachineFault(
                    f"program {self.program.name} on the {self.name} PPU chains {link!r}; give each operation with its "
                    "arguments as a tuple, for example (ppu.run, kernel)"
                )
            method, *arguments = link
            name = getattr(method, "__name__", None)
            if name not in PLACE_ARGUMENT:
                self._refuse_link(method)
            if places:
                self._check_behind_reads(name, arguments, places)
            method(*arguments)
            if name in READS:
                places.append(arguments[PLACE_ARGUMENT[name]])

    def _refuse_link(self, method: Callable) -> NoReturn:
        name = getattr(method, "__name__", None) or repr(method)
        raise MachineFault(
            f"program {self.program.name} on the {self.name} PPU chains {name}, which waits or acts on others when it "
            f"ends; yield it by itself. Operations that can be chained are: {', '.join(PLACE_ARGUMENT)}"
        )

    def _check_behind_reads(self, name: str, arguments: list, places: list) -> None:
        """Refuse an operation that may use or overwrite what reads of the same chain bring."""
        used = _place_of(name, arguments)
        if name != "run" and used is None:
            return
        for place in places:
            if name == "run" or _overlap(used, place):
                raise MachineFault(
                    f"program {self.program.name} on the {self.name} PPU chains {name} behind a read into {place!r}, "
                    "which brings its values at the end of the chain only; end the chain with the read, and begin the "
                    "next one here"
                )

    def _check_race(self, region: str) -> None:
        if self.environment.now < self._chain_end_ns and region in regions_of(self._chain):
            raise MachineFault(
                f"region {region} of the {self.name} PPU was written while a chain of program {self.program.name} used "
                "it; let the sender wait for a doorbell first, or yield the chain's operations one by one"
            )
        ProcessorCore._check_race(self, region)  # not by super(), which takes as long as the rest


def _place_of(name: str, arguments: Sequence[Any]) -> Any:
    """Return the SRAM or the registers that an operation names, None where it names none."""
    at = PLACE_ARGUMENT[name]
    if at is None or at >= len(arguments) or (name == "reset_neurons" and not isinstance(arguments[at], str)):
        return None  # a mask that is no region is data
    return arguments[at]


def _overlap(one: Any, other: Any) -> bool:
    """Say whether two places, regions or vector registers, have memory in common."""
    if isinstance(one, str) or isinstance(other, str):
        return isinstance(one, str) and isinstance(other, str) and one == other
    others = _registers(other)
    for register in _registers(one):
        for taken in others:
            if register is taken:
                return True
    return False


def _registers(place: VectorRegister | Sequence[VectorRegister]) -> Sequence[VectorRegister]:
    return place if isinstance(place, (tuple, list)) else (place,)


def regions_of(chain: tuple[Link, ...]) -> set[str]:
    """Return the regions that the operations of a chain use."""
    regions: set[str] = set()
    for method, *arguments in chain:
        place = _place_of(method.__name__, arguments)
        if method.__name__ == "run":
            regions.update(arguments[0].regions)
        elif isinstance(place, str):
            regions.add(place)
    return regions
