"""No oracle: a program's reads are logged, and its tasks and kernels replayed with nothing but the log.

    with record(chip) as logs:
        chip.start()
        chip.run()
    assert replay(logs[c.TOP], program) == logs[c.TOP].outcome

A log has one entry for every time that the program went on: when that was, when somebody else acted next, and what it
came to, which is an operation as a rule. With the operation stands what it brought into SRAM or vector registers
(conversions, rows of weights, records) and what others wrote there meanwhile. The replay has the program, compiled or
plain, its SRAM, its vector unit and the log; there is no chip, no analog core and no clock. The program must come to
what its log says, each time; its kernels are run, not read from the log. Words of SRAM it reads by itself, and its time
base from the times in the log. Where the outcome is the same to the byte, the program has learned from what it read and
from nothing else.

A compiled program can ask for nothing else; a plain one that tries is refused.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from chip.base import constants as c
from chip.base.clock import Clock
from chip.base.config import ChipConfig
from chip.base.feed import Feed, Follower
from chip.ppu.contract import image_of
from chip.ppu.processor.chaining import READS
from chip.ppu.processor.flows.flow import FAULT, Flow
from chip.ppu.processor.flows.plain import PlainFlow, PlainPpu
from chip.ppu.processor.linking import link_program
from chip.ppu.processor.operation import TABLE, Operation
from chip.ppu.processor.operation import begin as begin_operation
from chip.ppu.processor.processor import FAULTED, Processor
from chip.ppu.processor.scheduling import PASS
from chip.ppu.program import Program
from chip.testing.log import (
    END,
    Bytes,
    Effect,
    Entry,
    Log,
    Outcome,
    argument,
    begin,
    came_to,
    outcome_of,
    plain,
    put,
    registers_at,
    update_digest,
)

# what a PPU has in itself, without asking anybody
LOCAL = frozenset({"hemisphere", "name", "who", "config", "link_map", "regions", "sram", "vector", "scheduler"})


class ReplayError(RuntimeError):
    """A replayed program does something else than its log says, or asks for what is not in a log."""


@contextmanager
def record(chip) -> Iterator[dict[int, Log]]:
    """Log what the programs of a loaded chip do that is started inside; yields the logs by hemisphere.

    Recording changes nothing that a program can see. Raises RuntimeError for a chip without programs or one that was
    started before; it may be started several times inside.
    """
    if chip.started:
        raise RuntimeError("this chip was started already; open record(chip) before chip.start()")
    loaded = [processor for processor in chip.processors if processor.program is not None]
    if not loaded:
        raise RuntimeError("no PPU has a program to record; load one over chip.link first")
    recorders = [_Recorder(processor) for processor in loaded]
    try:
        yield {processor.hemisphere: recorder.log for processor, recorder in zip(loaded, recorders, strict=True)}
    finally:
        for recorder in recorders:
            recorder.finish()


def replay(log: Log, program: Program) -> Outcome:
    """Run a program again on what a log says it read, without a chip; returns what it comes to.

    A run that was cut off, by the watchdog or a fault, is replayed up to there; its exit code is the log's.

    Raises:
        ReplayError: it comes to something else than the log has next, or asks for the chip itself.
        MachineFault: one of its kernels faults, or its flow does.
    """
    return _Replay(log, program).outcome()


# ---------------------------------------------------------------------- recording


class _Recorder(Follower):
    """Follows a program and writes it down."""

    def __init__(self, ppu: Processor):
        self.ppu = ppu
        self.log = Log(ppu.program.name, ppu.hemisphere, ppu.config, ppu.vector.snapshot())
        self._came = self.log.host  # where goes what others have written by now
        self._expected = np.zeros_like(ppu.sram)  # SRAM as it would be without them
        for name, values in image_of(ppu.program).items():
            ppu.link_map.views(self._expected)[name][...] = values
        self._present: _Present | None = None  # the operation that begins
        self._open: list[_Present] = []  # operations that bring something at their end
        self._written = hashlib.sha256()
        ppu.followers.append(self)
        ppu.place_listeners.append(self._note_place)

    def goes_on(self, ppu: Processor, now_ns: int, horizon_ns: int) -> None:
        self._look()

    def came_to(self, ppu: Processor, now_ns: int, horizon_ns: int, code: int) -> None:
        self._expected[:] = ppu.sram  # a plain program may have written there
        entry = Entry(now_ns, horizon_ns, came_to(ppu.flow, code))
        self.log.entries.append(entry)
        self._came = entry.came

    def begins(self, ppu: Processor, operation: Operation) -> None:
        effect = Effect(plain(operation))
        self.log.entries[-1].effects.append(effect)
        update_digest(self._written, operation, ppu)
        if operation.name == "run":
            self._note_arrivals(operation, effect)
        self._present = _Present(operation, effect, ppu.cycles)

    def has_begun(self, ppu: Processor, operation: Operation) -> None:
        present = self._end_present()
        present.effect.done = ppu.failure is None
        if operation.name == "run":
            self._expected[:] = ppu.sram
            return
        if operation.name == PASS:
            present.effect.choice = ppu.scheduler.choice
        if operation.name in READS or ppu.parts is None:
            self._open.append(present)
        else:
            self._note(present)

    def _end_present(self) -> _Present:
        present, self._present = self._present, None
        assert present is not None
        if present.operation.name != "run":
            present.effect.cycles = self.ppu.cycles - present.booked
        return present

    def _note_place(self, ppu: Processor, region: str, first: int, values: np.ndarray) -> None:
        """Note bytes of the region that an operation brings something to: it writes them, changed or not."""
        if self._present is not None and region == self._present.into:
            self._present.targets.append((ppu.link_map.offset(region) + first, values))

    def _note_arrivals(self, operation: Operation, effect: Effect) -> None:
        """Write down what a kernel finds of regions that are half-written: as :meth:`Processor.look` brings it."""
        ppu = self.ppu
        if not ppu.incoming.open or operation.arguments[0] not in ppu.kernels:
            return
        for region in operation.arguments[0].regions:
            low = ppu.link_map.offset(region)
            ppu.incoming.collision(low, low + ppu.regions[region].nbytes, ppu.environment.now, writes=False)
        effect.arrived = self._changes()

    def _note(self, present: _Present) -> None:
        """Write down what stands now where an operation has written."""
        effect, memory = present.effect, self.ppu.vector.state.bytes
        effect.brought = [(offset, target.copy()) for offset, target in present.targets]
        effect.registers = [(n, memory[n].copy()) for n in registers_at(argument(effect.operation, "into"))]
        put(effect.brought, self._expected)

    def _look(self) -> None:
        """Write down what the last operation brought at its end, and what else came into SRAM by now."""
        for present in self._open:
            self._note(present)
        self._open = []
        self._came += self._changes()

    def _changes(self) -> list[Bytes]:
        """Return what differs from what is expected in SRAM, and expect it."""
        sram, expected = self.ppu.sram, self._expected
        changed = np.flatnonzero(expected != sram)
        if not changed.size:
            return []
        runs = np.split(changed, np.flatnonzero(np.diff(changed) > 1) + 1)
        expected[:] = sram
        return [(int(run[0]), sram[run[0] : run[-1] + 1].copy()) for run in runs]

    def finish(self) -> None:
        """End the recording."""
        if self._present is not None:  # an operation that faulted
            self._end_present()
        self._look()
        self.log.outcome = outcome_of(self.ppu, self.ppu.exit_code, self._written)
        self.ppu.followers.remove(self)
        self.ppu.place_listeners.remove(self._note_place)


class _Present:
    """An operation that begins, with what it has booked when it does, and the bytes that it names as its target."""

    def __init__(self, operation: Operation, effect: Effect, booked: Counter[str]):
        self.operation, self.effect, self.booked = operation, effect, booked
        into = argument(operation, "into")
        self.into = into if isinstance(into, str) and operation.name != "send" else None  # which names another PPU's
        self.targets: list[Bytes] = []


# ---------------------------------------------------------------------- replaying


class _LocalPpu(PlainPpu):
    """What a plain generator gets as its processor in a replay: no chip."""

    def __getattr__(self, name: str) -> Any:
        if name in TABLE or name in LOCAL:
            return super().__getattr__(name)
        raise ReplayError(
            f"program {self._ppu.program.name} asks for ppu.{name}, which is no operation of a PPU: a replay has only "
            "what the program reads"
        )


class _NoChip:
    """What a processor needs to be built, and no more."""

    def __init__(self, config: ChipConfig):
        self.config, self.environment, self.processors, self.feed = config, Clock(), (), Feed()


class _CutOff(Exception):
    """The log ends here: the operation faulted on the chip."""


class _Replay:
    """A PPU without a chip: its own SRAM, vector unit, kernels and flow, and a log for everything else."""

    def __init__(self, log: Log, program: Program):
        self.log = log
        self.ppu = ppu = Processor(_NoChip(log.config), log.hemisphere)  # never started
        ppu.limit_ns = c.END_NS
        ppu.load(program, link_program(program, log.hemisphere), image_of(program))
        ppu.vector.restore(log.vector)
        put(log.host, ppu.sram)
        assert ppu.flow is not None
        self.flow: Flow = ppu.flow
        ppu.followers.append(Follower())  # so that kernels are operations here, too
        if isinstance(self.flow, PlainFlow):
            self.flow.offers = _LocalPpu
        self._written = hashlib.sha256()

    def outcome(self) -> Outcome:
        """Go through the log; return what the program has come to."""
        assert self.log.outcome is not None
        cut_off, starts = self.log.outcome.exit_code, True
        exit_code = cut_off
        for number, entry in enumerate(self.log.entries):
            if starts:
                self.flow.start()
            code = self._advance(number, entry)
            starts = entry.came_to == END
            exit_code = self.ppu.exit_code_of(self.flow.result) if starts else cut_off
            if code >= 0:
                self._begin(code, entry)
            put(entry.came, self.ppu.sram)
        return outcome_of(self.ppu, exit_code, self._written)

    def _advance(self, number: int, entry: Entry) -> int:
        """Let the program go on as it did in the log; it must come to the same."""
        flow, ppu = self.flow, self.ppu
        ppu.environment.now = entry.now_ns
        code = flow.advance(entry.now_ns, entry.horizon_ns)
        found = came_to(flow, code)
        if found != entry.came_to:
            raise ReplayError(
                f"program {self.log.program}: entry {number} of its log is {entry.came_to}, the replay asks for "
                f"{found}; the program is another one, or decides on something that it did not read"
            )
        if code == FAULT and self._faults:
            raise flow.fault()
        return code

    @property
    def _faults(self) -> bool:
        """Whether a fault ended the run of the log, and not the watchdog before it came."""
        assert self.log.outcome is not None
        return self.log.outcome.exit_code == FAULTED

    def _begin(self, code: int, entry: Entry) -> None:
        """Do the operation that it has come to: a kernel for real, others as the log says."""
        effects = iter(entry.effects)
        try:
            begin(self.ppu, self.flow.operation(code), lambda one: self._do(one, next(effects)))
        except _CutOff:
            return
        self.flow.leave(code)

    def _do(self, operation: Operation, effect: Effect) -> None:
        ppu = self.ppu
        update_digest(self._written, operation, ppu)
        if operation.name == "run":
            put(effect.arrived, ppu.sram)
            begin_operation(operation, ppu)
            if ppu.failure is not None:
                if self._faults:
                    ppu.failure()
                raise _CutOff
            if not effect.done:
                raise ReplayError(
                    f"program {self.log.program}: its log ends with a fault of {effect.operation}, the replay has "
                    "none; the kernel is another one"
                )
            return
        for kind, cycles in effect.cycles.items():
            ppu.book(kind, cycles)
        if not effect.done:
            raise _CutOff
        if effect.choice is not None:
            ppu.scheduler.choice = effect.choice
        effect.bring(ppu.sram, ppu.vector)  # nothing behind it in a chain uses what it brings late
