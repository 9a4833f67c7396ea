"""Chains: operations that follow each other without a look in between, as one.

    yield ppu.chain(
        ppu.run(update),
        ppu.store_row(row, WEIGHTS),
        ppu.reset_correlation(row),
        ppu.read_correlation(row + 1, READINGS),
        ppu.load_row(row + 1, WEIGHTS),
    )

does what the same operations do that are yielded one by one, with the same cycles in all: each has its own start, its
own booked cycles, and acts on the chip at its own time. In a compiled task the control flow of all of them comes before
the first one; plain Python has its share before each. What reads bring is there when the chain ends. The simulation
takes one event for the whole chain, which is several times as fast; the chip gains nothing.

A chain begins all of its operations at its own beginning. So it takes those alone that nobody else sees before they
act, and refuses an operation behind a read that may use, or overwrite, what the read brings. Nobody may send into a
region that a chain uses while it lasts. Where the other PPU acts at the very instant at which a chain ends, the chain
counts as scheduled at its beginning.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from chip.base.constants import PPU_CLOCK_NS
from chip.base.errors import MachineFault
from chip.ppu.processor.completions import Failure, completion
from chip.ppu.processor.state import ProcessorState
from chip.ppu.processor.value import Operation
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


def run_chain(ppu: ProcessorState, beginnings: Sequence[Callable[[], None]]) -> None:
    """Do operations that have been checked, each of which is begun by a call."""
    gap_cycles = ppu.flow.chain_gap_cycles
    brought: list[Callable[[], None]] = []
    cycles, begun_ns, parts = 0, ppu.start_ns, ppu.parts
    for number, begin in enumerate(beginnings):
        if number:
            cycles += gap_cycles
            ppu.flow.control_cycles += gap_cycles
        ppu.start_ns = begun_ns + cycles * PPU_CLOCK_NS
        if parts is None:
            begin()
        else:
            ppu.begin_part(parts[number], begin)
        cycles += ppu.span_cycles
        then = ppu.then
        if then is not None:
            ppu.then = None
            brought.append(then)
            if isinstance(then, Failure):
                break
    ppu.start_ns = begun_ns
    ppu.take(cycles, partial(bring_all, ppu, *brought))


@completion
def bring_all(ppu: ProcessorState, *completions: Callable[[], None]) -> None:
    """Do what the operations of a chain do at their ends."""
    for bring in completions:
        bring()


def check_chain(ppu: ProcessorState, operations: Sequence[Operation]) -> None:
    """Refuse operations that cannot be a chain."""
    places: list = []  # of reads so far
    for operation in operations:
        name, arguments = getattr(operation, "name", None), getattr(operation, "arguments", ())
        if name not in PLACE_ARGUMENT:
            shown = repr(operation) if name is None else name
            raise MachineFault(
                f"{ppu.who} chains {shown}, which is no operation, waits, or "
                f"acts on others when it ends; yield it by itself. Operations that can be chained are: "
                f"{', '.join(PLACE_ARGUMENT)}"
            )
        _check_behind_reads(ppu, name, arguments, places)
        if name in READS:
            places.append(arguments[PLACE_ARGUMENT[name]])


def _check_behind_reads(ppu: ProcessorState, name: str, arguments: Sequence[Any], places: list) -> None:
    """Refuse an operation that may use or overwrite what reads of the same chain bring."""
    used = _place_of(name, arguments)
    if name != "run" and used is None:
        return
    for place in places:
        if name == "run" or _overlap(used, place):
            raise MachineFault(
                f"{ppu.who} chains {name} behind a read into {place!r}, which "
                "brings its values at the end of the chain only; end the chain with the read, and begin the next one "
                "here"
            )


def _place_of(name: str, arguments: Sequence[Any]) -> Any:
    """Return the SRAM or the registers that an operation names, None where it names none."""
    at = PLACE_ARGUMENT[name]
    if at is None or (name == "reset_neurons" and not isinstance(arguments[at], str)):
        return None  # a mask that is no region is data
    return arguments[at]


def _overlap(one: Any, other: Any) -> bool:
    """Say whether two places, regions or vector registers, have memory in common."""
    if isinstance(one, str) or isinstance(other, str):
        return isinstance(one, str) and isinstance(other, str) and one == other
    return bool(set(_registers(one)) & set(_registers(other)))


def _registers(place: Any) -> list[VectorRegister]:
    places = place if isinstance(place, (tuple, list)) else (place,)
    return [one for one in places if isinstance(one, VectorRegister)]  # what is none is refused when it begins
