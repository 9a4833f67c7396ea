"""How a program gets from one operation to the next: compiled, or, in tests that say so, as a plain generator.

A flow is advanced from a time up to a horizon, at which somebody else acts. It comes to an operation, which begins at
``time_ns``; to the horizon, to go on at ``time_ns``; or to its end.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numba.core import config as numba_config

from chip.constants import PPU_CLOCK_NS
from chip.errors import MachineFault
from chip.ppu.compiler.kernel import stop
from chip.ppu.compiler.requests import Dynamic, Request, Selected, Word
from chip.ppu.compiler.task_form import TaskForm
from chip.ppu.compiler.task_text import (
    AHEAD_CYCLES,
    ARGUMENTS,
    CONTROL,
    END,
    ENDED,
    FAULT,
    GIVEN,
    KERNEL_CYCLES,
    KERNEL_FAULT,
    LAST_RUN,
    LAST_RUN_ENDS_NS,
    LIMIT_CYCLES,
    LOOKED_AT_TIME,
    PLACE,
    SCHEDULED,
    SITE,
    SLEEP,
    TIME_NS,
    VALUE,
    WATCHED,
)
from chip.ppu.compiler.unit import DIVISION_BY_ZERO
from chip.ppu.processor.operation import TABLE, Operation, operation
from chip.ppu.processor.scheduling import PASS, scheduler_pass
from chip.ppu.processor.timing import PLAIN_CONTROL_CYCLES, WORD_CYCLES
from chip.ppu.program import Program, UncompiledProgram

if TYPE_CHECKING:
    from chip.ppu.processor.processor import Processor

ROUNDS_BEFORE_COMPILING = 2_000  # of the function in plain Python
POLLING_NS = 40_000  # without an operation: then the flow looks whether it goes round in circles
PATIENCE_BEFORE_COMPILING_NS = 16 * POLLING_NS
LONGEST_PATIENCE_NS = (
    1_000_000_000  # between two such looks, each of which comes after twice the time of the one before
)
LONGEST_CIRCLE = 64  # looks for the program's own state
MOST_WORDS = 100_000  # of plain Python without an operation between them

__all__ = ["ENDED", "FAULT", "SLEEP", "Flow", "flow_of"]


class Flow:
    """What a processor asks of a program that runs.

    Attributes:
        time_ns: where :meth:`advance` has come to; result: the exit code, at the end.
        control_cycles: booked for the way between operations.
        where: ``file:line`` of the present operation, or ``""``; doing: a word for it.
    """

    time_ns = 0
    control_cycles = 0
    result: Any = None
    kernel_cycles = 0  # of kernels that it has run itself
    watched = True
    chain_gap_cycles = 0  # between two operations of a chain
    where = ""
    doing = "an operation"

    def start(self) -> None:
        """Begin the program's ``main``."""
        raise NotImplementedError

    def compile(self) -> None:
        """Have in machine code what can be, now rather than on the way."""

    def advance(self, now_ns: int, horizon_ns: int) -> int:
        """Go on; return the number of an operation, SLEEP, ENDED or FAULT."""
        raise NotImplementedError

    def operation(self, code: int) -> Operation:
        """Return the operation that it has come to."""
        raise NotImplementedError

    def begin(self, code: int) -> None:
        """Begin that operation."""
        raise NotImplementedError

    def leave(self, code: int) -> None:
        """Take that operation as begun, which somebody else has done in the place of :meth:`begin`."""
        raise NotImplementedError

    def fault(self) -> MachineFault:
        """Return what went wrong between two operations."""
        raise NotImplementedError


def flow_of(ppu: Processor, program: Program, form: TaskForm | None) -> Flow:
    """Return the flow of a loaded program."""
    if isinstance(program, UncompiledProgram) or form is None:
        return PlainFlow(ppu, program)
    return CompiledFlow(ppu, program, form)


class CompiledFlow(Flow):
    """The flow of a compiled program.

    Attributes:
        state: int64[n], its place and its variables: all that it has beside the SRAM.
        watched: whether the processor runs its kernels one by one, rather than the compiled function itself.
    """

    def __init__(self, ppu: Processor, program: Program, form: TaskForm):
        self.ppu, self.program, self.form = ppu, program, form
        self.watched = self._told = False
        self._image, self._sram = ppu.vector.image, ppu.sram
        self.state = np.zeros(form.state_size, np.int64)
        self.state[LIMIT_CYCLES] = ppu.kernel_limit_cycles
        self.state[AHEAD_CYCLES] = ppu.write_cycles - 1  # less than a word takes over the Omnibus
        self._tables = np.concatenate([np.zeros(0, np.int64), *form.tables])
        self._offsets = {name: ppu.link_map.offset(name) for name in program.memory}
        self._function: Callable = form.plain_function(self._offsets)
        self._compiled = numba_config.DISABLE_JIT
        self._rounds = 0
        self.beginnings = [_beginning(ppu, self.state, request) for request in form.requests]
        self._words = {
            place: (word.region, _taker_of(self.state, form.slots, word)) for place, word in form.words.items()
        }
        self._code = 0
        self._back, self._result = form.entry_slots("main")

    def start(self) -> None:
        state = self.state
        state[ARGUMENTS:] = 0
        state[PLACE], state[self._back] = self.form.entry_place("main"), END
        self.result = None

    def compile(self) -> None:
        """Have the function in machine code, now."""
        if not self._compiled:
            self._compiled = True
            from numba import int64, typeof

            function = self.form.compiled_function(self._offsets)
            arrays = (self.state, self.ppu.vector.image, self.ppu.sram, self._tables)
            signature = (*(typeof(array) for array in arrays), int64, int64)
            self._function = function.compile(signature)  # type: ignore[attr-defined]

    @property
    def control_cycles(self) -> int:  # type: ignore[override]
        return int(self.state[CONTROL])

    @control_cycles.setter
    def control_cycles(self, cycles: int) -> None:
        self.state[CONTROL] = cycles

    @property
    def kernel_cycles(self) -> int:  # type: ignore[override]
        return int(self.state[KERNEL_CYCLES])

    def advance(self, now_ns: int, horizon_ns: int) -> int:
        state, ppu, patience_ns = self.state, self.ppu, POLLING_NS
        watched = bool(self.watched or ppu.observers or ppu.incoming.open)
        if watched is not self._told:
            self._told = watched
            state[WATCHED] = watched
        if ppu.incoming.open and self._words:
            self.time_ns = now_ns
            code = self._read_while_written(horizon_ns)
        else:
            while True:
                stop_ns = now_ns + patience_ns
                if stop_ns > horizon_ns:
                    stop_ns = horizon_ns
                code = self._function(state, self._image, self._sram, self._tables, now_ns, stop_ns)
                self._rounds += 1
                if self._rounds == ROUNDS_BEFORE_COMPILING:
                    self.compile()
                self.time_ns = now_ns = state.item(TIME_NS)
                if code != SLEEP or now_ns >= horizon_ns:
                    break
                code = self._skip_circles(horizon_ns)
                now_ns = self.time_ns
                if code != SLEEP or now_ns >= horizon_ns:
                    break
                patience_ns = min(2 * patience_ns, LONGEST_PATIENCE_NS)
                if patience_ns > PATIENCE_BEFORE_COMPILING_NS:
                    self.compile()
        self._code = code
        if code < 0:
            self._note(code, horizon_ns)
        return code

    def _note(self, code: int, horizon_ns: int) -> None:
        """Keep the result at the end; tell of a kernel that somebody may yet disturb."""
        state = self.state
        if code == ENDED:
            self.result = state.item(self._result) if state[GIVEN] else None
        elif code == SLEEP and state[LAST_RUN] and state[LAST_RUN_ENDS_NS] >= horizon_ns:
            self._code = state.item(LAST_RUN) - 1
            kernel = self.form.requests[self._code].arguments[0]
            self.ppu.uses(kernel.regions, state.item(LAST_RUN_ENDS_NS))

    def _step(self) -> int:
        """Go on by one step, to the next place at which time has passed."""
        now_ns = self.time_ns
        code = self._function(self.state, self._image, self._sram, self._tables, now_ns, now_ns + 1)
        self.time_ns = self.state.item(TIME_NS)
        return code

    # ------------------------------------------------------------------ words that somebody writes meanwhile

    def _read_while_written(self, horizon_ns: int) -> int:
        """Go on step by step, and bring the memory up to date before each word that is read."""
        state, code, self._code = self.state, SLEEP, SLEEP
        while code == SLEEP and self.time_ns < horizon_ns:
            word = self._words.get(state.item(PLACE))
            if word is not None:
                region, index = word
                self.ppu.look_at_word(region, index(), self.time_ns)
            code = self._step()
        return code

    # ------------------------------------------------------------------ going round in circles

    def _skip_circles(self, horizon_ns: int) -> int:
        """Let whole rounds of polling pass at once: nobody acts before the horizon, so they are all the same.

        Goes from look to look until the program is where it was, or comes to something else, which is returned.
        """
        state, first, begun_ns = self.state, self.state.copy(), self.time_ns
        state[LOOKED_AT_TIME] = 0
        for _ in range(LONGEST_CIRCLE):
            if self.time_ns >= horizon_ns:
                break
            code = self._step()
            if code != SLEEP:
                return code
            if state[LOOKED_AT_TIME] or state[LAST_RUN]:
                break
            if state[PLACE] == first[PLACE] and np.array_equal(state[ARGUMENTS:], first[ARGUMENTS:]):
                rounds = max(0, (horizon_ns - self.time_ns) // (self.time_ns - begun_ns))
                state[CONTROL] += rounds * (state[CONTROL] - first[CONTROL])
                self.time_ns += rounds * (self.time_ns - begun_ns)
                state[TIME_NS] = self.time_ns
                break
        return SLEEP

    # ------------------------------------------------------------------ operations

    def operation(self, code: int) -> Operation:
        return _valued(self.form.requests[code], self.state)

    def begin(self, code: int) -> None:
        self.beginnings[code]()

    def leave(self, code: int) -> None:
        if self.form.requests[code].operation == PASS:
            self.state[SCHEDULED] = self.ppu.scheduler.choice

    @property
    def where(self) -> str:  # type: ignore[override]
        requests = self.form.requests
        return requests[self._code].where if 0 <= self._code < len(requests) else ""

    @property
    def doing(self) -> str:  # type: ignore[override]
        requests = self.form.requests
        return f"its {requests[self._code].operation}" if 0 <= self._code < len(requests) else "an operation"

    def fault(self) -> MachineFault:
        if self._code == KERNEL_FAULT:
            return self._kernel_fault()
        site = self.form.unit.sites[self.state.item(SITE)]
        where = f"{site.file}:{site.line}: task {site.routine}"
        if site.kind == DIVISION_BY_ZERO:
            return MachineFault(f"{where} divided by zero")
        return MachineFault(
            f"{where} reached for element {self.state.item(VALUE)} of {site.region}, beyond its end: check the index"
        )

    def _kernel_fault(self) -> MachineFault:
        """Book a kernel up to its fault, and return that."""
        ppu, self._code = self.ppu, self.state.item(SITE)
        kernel, cycles = self.form.requests[self._code].arguments[0], self.state.item(VALUE)
        ppu.book("kernel", cycles)
        self.time_ns += cycles * PPU_CLOCK_NS
        try:
            stop(ppu.kernels[kernel].form, ppu.vector.record, cycles, ppu.kernel_limit_cycles)
        except MachineFault as fault:
            return fault


def _taker_of(state: np.ndarray, slots: Mapping[str, int], word: Word) -> Callable[[], int]:
    """Return what gives a word's index."""
    if isinstance(word.index, int):
        index = word.index
        return lambda: index
    slot = slots[word.index]
    return lambda: state.item(slot)


def _beginning(ppu: Processor, state: np.ndarray, request: Request) -> Callable[[], None]:
    """Return what begins a request's operation."""
    if request.operation == PASS:

        def run_pass() -> None:
            scheduler_pass(ppu)
            state[SCHEDULED] = ppu.scheduler.choice

        return run_pass
    if not request.dynamic():
        constant = _valued(request, state)
        return partial(TABLE[constant.name], ppu, *constant.arguments)
    function = TABLE[request.operation]
    takers = [_taker(state, argument) for argument in request.arguments]
    return lambda: function(ppu, *[take() for take in takers])


def _taker(state: np.ndarray, argument: Any) -> Callable[[], Any]:
    """Return what gives an argument's value."""
    if isinstance(argument, Dynamic):
        slot = ARGUMENTS + argument.slot
        return lambda: state.item(slot)
    if isinstance(argument, Selected):
        slot, choices = ARGUMENTS + argument.index.slot, argument.choices
        return lambda: choices[state.item(slot)]
    if isinstance(argument, Request):
        if not argument.dynamic():
            constant = _valued(argument, state)
            return lambda: constant
        name, takers = argument.operation, [_taker(state, inner) for inner in argument.arguments]
        return lambda: Operation(name, tuple(take() for take in takers))
    return lambda: argument


def _valued(request: Request, state: np.ndarray) -> Operation:
    """Return a request as an operation, with the values that its arguments have now."""
    values = [
        _valued(argument, state) if isinstance(argument, Request) else _taker(state, argument)()
        for argument in request.arguments
    ]
    return Operation(request.operation, tuple(values))


# ---------------------------------------------------------------------- plain generators


class PlainPpu:
    """What a plain generator gets as its processor: operations by name, and everything that the processor has.

    For tests: it may look at anything, and nothing that it does by itself is booked.
    """

    def __init__(self, ppu: Processor, flow: PlainFlow):
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

    def __init__(self, ppu: Processor, program: Program):
        self.ppu, self.program = ppu, program
        self._main: Generator | None = None
        self._next: Operation | None = None
        self._made: list[Operation] = []
        self._owed = self._words = 0
        self.control_cycles = 0

    def start(self) -> None:
        self._next, self._owed, self._words = None, 0, 0
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
                f"program {self.program.name} on the {ppu.name} PPU reads element {index!r} of region {region}, whose "
                f"elements are 0..{values.size - 1}"
            )
        self._words += 1
        if self._words > MOST_WORDS:
            raise MachineFault(
                f"program {self.program.name} on the {ppu.name} PPU reads words without end: no time passes in plain "
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
                f"program {self.program.name} on the {self.ppu.name} PPU made an operation and did not yield it; write "
                "`yield` before every operation, one at a time"
            )

    def advance(self, now_ns: int, horizon_ns: int) -> int:
        if self._next is None:
            self._words = 0
            try:
                found = next(self._main)  # type: ignore[arg-type]
            except StopIteration as end:
                self._check_yielded(0)
                self.result, self.time_ns = end.value, now_ns + self._owed * PPU_CLOCK_NS
                self._owed = 0
                return ENDED
            if not isinstance(found, Operation) or found.name not in TABLE:
                raise MachineFault(
                    f"program {self.program.name} on the {self.ppu.name} PPU yields {found!r}; it can only yield the "
                    "operation that it has just made, for example `yield ppu.run(kernel)`, or a ready-made one"
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

    def begin(self, code: int) -> None:
        found = self.operation(code)
        self._next, self.doing = None, f"its {found.name}"
        found.begin(self.ppu)

    def leave(self, code: int) -> None:
        self._next = None
