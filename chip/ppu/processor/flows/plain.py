"""The flow of a plain generator, for tests: its operations are booked, what is between them costs a fixed time."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np

from chip.base.constants import PPU_CLOCK_NS
from chip.base.declaration import shown
from chip.base.errors import MachineFault
from chip.ppu.processor.flows.flow import ENDED, SLEEP, Flow
from chip.ppu.processor.operation import TABLE, begin, operation
from chip.ppu.processor.scheduling import PASS
from chip.ppu.processor.state import ProcessorState
from chip.ppu.processor.timing import PLAIN_CONTROL_CYCLES, WORD_CYCLES
from chip.ppu.processor.value import Operation
from chip.ppu.program import Program

MOST_WORDS = 100_000  # of plain Python without an operation between them


class PlainPpu:
    """What a plain generator gets as its processor: operations by name, and everything that the processor has.

    For tests: it may look at anything, and nothing that it does by itself is booked.
    """

    def __init__(self, ppu: ProcessorState, flow: PlainFlow):
        self._ppu, self._flow = ppu, flow

    def __getattr__(self, name: str) -> Any:
        if name in TABLE:
            return lambda *args, **named: self._flow.make(name, args, named)
        return getattr(self._ppu, name)

    def word(self, region: str, index: int = 0) -> int:
        """Read one element of SRAM to decide on the way; booked as a scalar load."""
        return self._flow.word(region, index)

    @property
    def time_base(self) -> int:
        """The 64-bit time base: PPU cycles since the chip was started; reading it is booked as a scalar load."""
        return self._flow.time_base()


class PlainFlow(Flow):
    """The flow of a plain generator: operations are booked, what is between them costs a fixed number of cycles.

    It yields operations that it makes through its processor, each of which it has to yield at once, or ready-made ones,
    which it has from a list.

    Attributes:
        offers: the class of what the generator gets as its processor.
    """

    offers: type[PlainPpu] = PlainPpu
    chain_gap_cycles = PLAIN_CONTROL_CYCLES

    def __init__(self, ppu: ProcessorState, program: Program):
        self.ppu, self.program = ppu, program
        self._main: Generator | None = None
        self._next: Operation | None = None
        self._made: list[Operation] = []
        self._owed = self._words = 0
        self._ended = False
        self.control_cycles = 0
        self.beginnings = [self._begin]

    def start(self) -> None:
        self._next, self._owed, self._words, self._ended = None, 0, 0, False
        self._made.clear()
        ppu = self.offers(self.ppu, self)
        self._main = self.program.main(ppu)
        if not isinstance(self._main, Generator):
            raise MachineFault(
                f"main of program {self.program.name} yields nothing; it must be a generator that "
                "yields operations, for example `yield ppu.run(kernel)`"
            )

    def make(self, name: str, args: tuple, named: dict) -> Operation:
        """Make an operation, which has to be yielded next, or chained."""
        made = operation(name, *args, **named)
        inner = [one for one in made.arguments if isinstance(one, Operation)]
        for one in inner:
            self._made = [other for other in self._made if other is not one]
        self._made.append(made)
        return made

    def word(self, region: str, index: int) -> int:
        ppu = self.ppu
        self._check_yielded(0)
        values = ppu.regions.get(region)
        if values is None:
            raise ppu.no_region(region)
        if not isinstance(index, int | np.integer) or not 0 <= index < values.size:
            raise MachineFault(
                f"{ppu.who} reads element {index!r} of region {region}, whose elements are 0..{values.size - 1}"
            )
        self._words += 1
        if self._words > MOST_WORDS:
            raise MachineFault(
                f"{ppu.who} reads words without end: no time passes in plain "
                "Python between two operations; let the program be compiled"
            )
        if ppu.incoming.open:
            ppu.look_at_word(region, int(index), ppu.environment.now)
        self._owe(WORD_CYCLES)
        return values.item(index)

    def time_base(self) -> int:
        self._owe(WORD_CYCLES)
        return self.ppu.environment.now // PPU_CLOCK_NS + self._owed

    def _owe(self, cycles: int) -> None:
        self.control_cycles += cycles
        self._owed += cycles

    def _check_yielded(self, allowed: int) -> None:
        if len(self._made) > allowed:
            raise MachineFault(
                f"{self.ppu.who} made an operation and did not yield it; write "
                "`yield` before every operation, one at a time"
            )

    def advance(self, now_ns: int, horizon_ns: int) -> int:
        if self._ended:
            self.time_ns = now_ns
            return ENDED
        if self._next is None:
            self._words = 0
            try:
                found = next(self._main)  # type: ignore[arg-type]
            except StopIteration as end:
                self._check_yielded(0)
                self.result, self.time_ns = end.value, now_ns + self._owed * PPU_CLOCK_NS
                self._owed, self._ended = 0, True
                return ENDED if self.time_ns < horizon_ns else SLEEP
            if not isinstance(found, Operation) or found.name not in TABLE:
                raise MachineFault(
                    f"{self.ppu.who} yields {shown(found)}; it can only yield "
                    "the operation that it has just made, for example `yield ppu.run(kernel)`, or a ready-made one"
                )
            self._check_yielded(int(bool(self._made) and found is self._made[-1]))
            self._made.clear()
            self._next = found
            if found.name != PASS:
                self._owe(PLAIN_CONTROL_CYCLES)
            self.time_ns = now_ns + self._owed * PPU_CLOCK_NS
            self._owed = 0
            if self.time_ns >= horizon_ns:
                return SLEEP
        else:
            self.time_ns = now_ns
        return 0

    def operation(self, code: int) -> Operation:
        assert self._next is not None
        return self._next

    def _begin(self) -> None:
        found = self.operation(0)
        self._next, self.doing = None, f"its {found.name}"
        begin(found, self.ppu)

    def leave(self, code: int) -> None:
        self._next = None

    def snapshot(self) -> dict[str, Any]:
        raise RuntimeError(
            f"{self.ppu.who} is plain Python, whose state nobody can save; let it be compiled, or take no snapshot"
        )
