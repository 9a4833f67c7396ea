"""The flow of a compiled program: one function over its state, in plain Python for a while, then in machine code."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from numba.core import config as numba_config

from chip.base.constants import PPU_CLOCK_NS
from chip.base.errors import MachineFault
from chip.ppu.compiler.kernel import stop
from chip.ppu.compiler.tasks.form import TaskForm
from chip.ppu.compiler.tasks.requests import Dynamic, Request, Selected, Word, numbers_of
from chip.ppu.compiler.tasks.text import (
    ALONE_NS,
    ARGUMENTS,
    CONTROL,
    EARLY_NS,
    END,
    END_NS,
    ENDED,
    GIVEN,
    KERNEL_CYCLES,
    KERNEL_FAULT,
    LAST_RUN,
    LAST_RUN_ENDS_NS,
    LIMIT_CYCLES,
    LOOKED_AT_TIME,
    PLACE,
    SCHEDULED,
    SHARED,
    SITE,
    SLEEP,
    TIME_NS,
    VALUE,
    WATCHED,
)
from chip.ppu.compiler.unit import DIVISION_BY_ZERO
from chip.ppu.processor.chaining import check_chain, run_chain
from chip.ppu.processor.flows.flow import Flow
from chip.ppu.processor.operation import TABLE
from chip.ppu.processor.scheduling import PASS, scheduler_pass
from chip.ppu.processor.state import ProcessorState
from chip.ppu.processor.value import Operation
from chip.ppu.program import Program

ROUNDS_BEFORE_COMPILING = 2_000  # of the function in plain Python, and at most as many cycles of control flow as:
CYCLES_BEFORE_COMPILING = 200_000
MOST_ALONE_NS = 200_000  # ahead of the others, behind which an endless loop lets them go on
POLLING_NS = 400_000  # without an operation: then the flow looks whether it goes round in circles
PATIENCE_BEFORE_COMPILING_NS = 2 * POLLING_NS
LONGEST_PATIENCE_NS = 1_000_000_000  # between two such looks; each comes after twice the time of the one before
SAVED = ("time_ns", "result", "_code", "_told", "_leapt_cycles")  # with the state, all that a snapshot needs
MOST_STEPS_TO_A_CIRCLE = 128  # looks for the program's own state; a circle of 64 is found, after as many


class CompiledFlow(Flow):
    """The flow of a compiled program.

    Attributes:
        state: int64[n], its place and its variables: all that it has beside the SRAM.
    """

    def __init__(self, ppu: ProcessorState, program: Program, form: TaskForm):
        self.ppu, self.program, self.form = ppu, program, form
        self._observers, self._followers = ppu.observers, ppu.followers
        self._told = False
        self.sends = form.sends
        self.state = np.zeros(form.state_size, np.int64)
        self.state[LIMIT_CYCLES] = ppu.kernel_limit_cycles
        self._early_ns = (ppu.write_cycles - 1) * PPU_CLOCK_NS  # less than a word takes over the Omnibus
        tables = np.concatenate([np.zeros(0, np.int64), *form.tables])
        self._arrays = self.state, ppu.vector.image, ppu.sram, tables
        self._offsets = {name: ppu.link_map.offset(name) for name in program.memory}
        self._elements = memoryview(self.state)  # the same: faster where Python reads one
        self._use(form.plain_function(self._offsets))
        self._compiled = numba_config.DISABLE_JIT
        self._rounds = self._leapt_cycles = 0
        self.beginnings = [_beginning(ppu, self.state, request) for request in form.requests]
        self._words = {
            place: (word.region, _taker_of(self.state, form.slots, word)) for place, word in form.words.items()
        }
        self._code = 0
        self._back, self._result = form.entry_slots

    def start(self) -> None:
        state = self.state
        state[ARGUMENTS:] = 0
        state[PLACE], state[self._back] = self.form.entry_place, END
        state[SHARED] = self.form.shared(self.ppu.regions_sent_to())
        state[END_NS] = self.ppu.limit_ns + 1
        self._tell(self._told)
        self.result = None

    def compile(self) -> None:
        """Have the function in machine code, now."""
        if not self._compiled:
            self._compiled = True
            self._use(self.form.machine_code(self._offsets, *self._arrays))

    def _use(self, function: Callable) -> None:
        """Go on by a function of the form."""
        self._call = partial(function, *self._arrays)

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
        ppu, code = self.ppu, None
        if self._observers or self._followers or ppu.incoming.open or self._told:
            code = self._look_who_watches(now_ns, horizon_ns)
        if code is None:
            stop_ns = now_ns + POLLING_NS
            code = self._call(now_ns, stop_ns if stop_ns < horizon_ns else horizon_ns)
            self.time_ns = time_ns = self._elements[TIME_NS]
            if not self._compiled:
                self._count_round()
            if code == SLEEP and time_ns < horizon_ns:
                code = self._be_patient(horizon_ns)
        self._code = code
        if code < 0:
            self._note(code, horizon_ns)
        return code

    def _look_who_watches(self, now_ns: int, horizon_ns: int) -> int | None:
        """Have the function know who watches; go on word by word where one is written and may be read."""
        incoming = self.ppu.incoming.open
        watched = bool(self._observers or self._followers or incoming)
        if watched is not self._told:
            self._tell(watched)
        if not incoming or not self._words:
            return None
        self.time_ns = now_ns
        return self._read_while_written(horizon_ns)

    def _tell(self, watched: bool) -> None:
        """Have the function know whether somebody watches: then it runs no kernel and nothing ahead of its time."""
        self._told = watched
        self.state[WATCHED] = watched
        self.state[EARLY_NS], self.state[ALONE_NS] = (0, 0) if watched else (self._early_ns, MOST_ALONE_NS)

    def _be_patient(self, horizon_ns: int) -> int:
        """Go on where no operation has come for long; look whether the program goes round in circles."""
        patience_ns = POLLING_NS
        while True:
            code = self._skip_circles(horizon_ns)
            if code != SLEEP or self.time_ns >= horizon_ns:
                return code
            patience_ns = min(2 * patience_ns, LONGEST_PATIENCE_NS)
            if patience_ns > PATIENCE_BEFORE_COMPILING_NS:
                self.compile()
            code = self._run_until(min(self.time_ns + patience_ns, horizon_ns))
            if code != SLEEP or self.time_ns >= horizon_ns:
                return code

    def _count_round(self) -> None:
        """Count a round of the function in plain Python; have it in machine code where there are to be many."""
        self._rounds += 1
        gone_cycles = self.state[CONTROL] - self._leapt_cycles
        if self._rounds >= ROUNDS_BEFORE_COMPILING or gone_cycles >= CYCLES_BEFORE_COMPILING:
            self.compile()

    def _note(self, code: int, horizon_ns: int) -> None:
        """Keep the result at the end; tell of a kernel that somebody may yet disturb."""
        state = self.state
        if code == ENDED:
            self.result = state.item(self._result) if state[GIVEN] else None
        elif code == SLEEP and state[LAST_RUN] and state[LAST_RUN_ENDS_NS] >= horizon_ns:
            self._code = state.item(LAST_RUN) - 1
            kernel = self.form.requests[self._code].arguments[0]
            self.ppu.uses(kernel.regions, state.item(LAST_RUN_ENDS_NS))

    def _run_until(self, stop_ns: int) -> int:
        code = self._call(self.time_ns, stop_ns)
        self.time_ns = self._elements[TIME_NS]
        return code

    def _step(self) -> int:
        """Go on by one step, to the next place at which time has passed."""
        return self._run_until(self.time_ns + 1)

    # ------------------------------------------------------------------ snapshots

    def identity(self) -> str:
        """Return a hash of what it runs: its tasks, its kernels, and where its regions lie."""
        texts = [self.form.text(self._offsets), *(kernel.text for kernel in self.program.kernels)]
        return hashlib.sha256("\n".join(texts).encode()).hexdigest()

    def snapshot(self) -> dict[str, Any]:
        found = {name: getattr(self, name) for name in SAVED}
        return found | {"state": self.state.copy()}

    def restore(self, saved: dict[str, Any]) -> None:
        for name in SAVED:
            setattr(self, name, saved[name])
        self.state[:] = saved["state"]

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

        Goes from look to look until the program is where it was, or comes to something else, which is returned. The
        look to come back to is a later one after 1, 2, 4 ... steps (R. P. Brent, BIT 20, 1980, 176): a horizon may
        have stopped the program on a way into the circle, or at a place that it passes without a stop.
        """
        spans = self.state[EARLY_NS:END_NS].copy()
        self.state[EARLY_NS:END_NS] = 0  # a step is one
        code = self._look_for_circle(horizon_ns)
        self.state[EARLY_NS:END_NS] = spans
        return code

    def _look_for_circle(self, horizon_ns: int) -> int:
        state, first, begun_ns, renewed_after = self.state, self.state.copy(), self.time_ns, 1
        state[LOOKED_AT_TIME] = 0
        for steps in range(1, MOST_STEPS_TO_A_CIRCLE + 1):
            if self.time_ns >= horizon_ns:
                break
            code = self._step()
            if code != SLEEP:
                return code
            if state[LOOKED_AT_TIME] or state[KERNEL_CYCLES] != first[KERNEL_CYCLES]:
                break
            if state[PLACE] == first[PLACE] and np.array_equal(state[ARGUMENTS:], first[ARGUMENTS:]):
                rounds = max(0, (horizon_ns - self.time_ns) // (self.time_ns - begun_ns))
                leapt_cycles = rounds * (state[CONTROL] - first[CONTROL])
                state[CONTROL] += leapt_cycles
                self._leapt_cycles += leapt_cycles
                self.time_ns += rounds * (self.time_ns - begun_ns)
                state[TIME_NS] = self.time_ns
                break
            if steps == renewed_after:
                first, begun_ns, renewed_after = state.copy(), self.time_ns, 2 * renewed_after
        return SLEEP

    # ------------------------------------------------------------------ operations

    def operation(self, code: int) -> Operation:
        return valued(self.form.requests[code], self.state)

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


def _beginning(ppu: ProcessorState, state: np.ndarray, request: Request) -> Callable[[], None]:
    """Return what begins a request's operation."""
    if request.operation == PASS:

        def run_pass() -> None:
            scheduler_pass(ppu)
            state[SCHEDULED] = ppu.scheduler.choice

        return run_pass
    if request.operation == "chain":
        return _beginning_of_chain(ppu, state, request)
    takers = [_taker(state, argument) for argument in request.arguments]
    function = TABLE[request.operation]
    values = [take() for take in takers]
    if not request.dynamic():
        return partial(function, ppu, *values)
    changing = [(at, take) for at, take in enumerate(takers) if numbers_of(request.arguments[at])]

    def begin() -> None:
        for at, take in changing:
            values[at] = take()
        function(ppu, *values)

    return begin


def _beginning_of_chain(ppu: ProcessorState, state: np.ndarray, request: Request) -> Callable[[], None]:
    """Return what begins a chain, which is checked once: its operations and their places are known at load."""
    beginnings = [_beginning(ppu, state, inner) for inner in request.arguments]
    checked = False

    def begin() -> None:
        nonlocal checked
        if not checked:
            check_chain(ppu, valued(request, state).arguments)
            checked = True
        run_chain(ppu, beginnings)

    return begin


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
            constant = valued(argument, state)
            return lambda: constant
        name, takers = argument.operation, [_taker(state, inner) for inner in argument.arguments]
        return lambda: Operation(name, tuple(take() for take in takers))
    return lambda: argument


def valued(request: Request, state: np.ndarray) -> Operation:
    """Return a request as an operation, with the values that its arguments have now."""
    return Operation(request.operation, tuple(_taker(state, argument)() for argument in request.arguments))
