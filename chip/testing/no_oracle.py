"""No oracle: a program's reads are logged, and its ``main`` and kernels replayed with nothing but the log.

    with record(chip) as logs:
        chip.start()
        chip.run()
    assert replay(logs[c.TOP], program) == logs[c.TOP].outcome

A log has one entry for everything that ``main`` asked its PPU for, in order: the operation with its arguments, and what
it brought into SRAM or vector registers (conversions, rows of weights, records, what the other PPU sent meanwhile) or
the value that it returned (the time base). The operations of a chain stand before it, each with what it brought. The
replay has the program, its SRAM, its vector unit and the log; there is no chip, no analog core and no clock. Its
kernels are run, not read from the log. Where the outcome is the same to the byte, the program has learned from what it
read and from nothing else.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import contextmanager

import numpy as np

from chip.clock import Clock
from chip.config import ChipConfig
from chip.ppu.memory import link
from chip.ppu.processor.chaining import READS
from chip.ppu.processor.core import CHAINED
from chip.ppu.processor.processor import Processor
from chip.ppu.program import Program
from chip.testing.log import (
    Entry,
    Log,
    Outcome,
    bound_arguments,
    is_operation,
    named_operation,
    named_registers,
    update_digest,
    vector_bytes,
)

# what a PPU has in itself, without asking anybody
LOCAL = frozenset({"hemisphere", "name", "config", "link_map", "regions", "sram", "vector", "scheduler"})
CHIP = frozenset({"chip", "environment"})


class ReplayError(RuntimeError):
    """A replayed program does something else than its log says, or asks for what is not in a log."""


@contextmanager
def record(chip) -> Iterator[dict[int, Log]]:
    """Log what the programs of a loaded chip do that is started inside; yields the logs by hemisphere.

    Recording changes nothing that a program can see. Raises RuntimeError for a chip without programs or one that runs.
    """
    if chip.started:
        raise RuntimeError("this chip was started already; open record(chip) before chip.start()")
    loaded = [processor for processor in chip.processors if processor.program is not None]
    if not loaded:
        raise RuntimeError("no PPU has a program to record; load one over chip.link first")
    logs, recorders = {}, []
    for processor in loaded:
        log = Log(processor.program.name, processor.hemisphere, processor.config, processor.vector.snapshot())
        recorder = LoggedPpu(processor, log)
        logs[processor.hemisphere] = log
        recorders.append((processor, processor.program, recorder))
        processor.program = _Recorded(processor.program, recorder)
    try:
        yield logs
    finally:
        for processor, program, recorder in recorders:
            processor.program = program
            recorder.finish()


def replay(log: Log, program: Program) -> Outcome:
    """Run a program again on what a log says it read, without a chip; returns what it comes to.

    Raises:
        ReplayError: it asks for something else than the log has next, or for the chip itself.
        MachineFault: one of its kernels faults.
    """
    return ReplayedPpu(log, program).run_to_the_end()


# ---------------------------------------------------------------------- recording


class _Recorded:
    """A program whose ``main`` talks to a recorder; everything else is the program's own."""

    def __init__(self, program: Program, recorder: LoggedPpu):
        self._program, self._recorder = program, recorder

    def __getattr__(self, name: str):
        return getattr(self._program, name)

    def main(self, _):
        main = self._program.main(self._recorder)
        return self._pass_on(main) if isinstance(main, Generator) else main

    def _pass_on(self, main: Generator) -> Generator:
        while True:
            try:
                operation = next(main)
            except StopIteration as end:
                return end.value
            yield operation
            self._recorder.ended()


class LoggedPpu:
    """Stands between a program and its PPU: passes everything on and writes it down."""

    def __init__(self, processor: Processor, log: Log):
        self._processor, self._log = processor, log
        self._open: Entry | None = None
        self._expected = processor.sram  # SRAM as it would be without what the open operation brings
        self._late: list[tuple[Entry, list[tuple[int, np.ndarray]]]] = []  # what brings when the open operation ends
        self._written = hashlib.sha256()

    def __getattr__(self, name: str):
        if name in LOCAL | CHIP:
            return getattr(self._processor, name)
        if is_operation(name):
            return named_operation(self._call, name)
        booked = Counter(self._processor.cycles)
        value = getattr(self._processor, name)
        self._log.entries.append(Entry(name, {}, value, cycles=self._processor.cycles - booked))
        return value

    def _call(self, name: str, *args, **named):
        processor = self._processor
        entry = Entry(name, bound_arguments(name, args, named))
        update_digest(self._written, entry, processor)
        booked, self._expected, kernel_cycles = (
            Counter(processor.cycles),
            processor.sram.copy(),
            processor.vector.cycles,
        )
        with self._targets_noted(entry.arguments.get("into")) as targets:
            result = getattr(processor, name)(*args, **named)
        if name != "chain":  # whose operations have booked it
            entry.cycles = processor.cycles - booked
            entry.cycles["kernel"] -= processor.vector.cycles - kernel_cycles
        self._log.entries.append(entry)
        if result is CHAINED:
            self._note(entry, targets)
            self._expected = processor.sram.copy()
            if name in READS:
                self._late.append((entry, targets))
        elif result is not None and result is processor._issued:  # to be yielded
            entry.yielded, self._open = True, entry
            self._late.append((entry, targets))
            if name == "run":
                self._expected = processor.sram.copy()
        else:
            entry.value = result
        return result

    @contextmanager
    def _targets_noted(self, into: object) -> Iterator[list[tuple[int, np.ndarray]]]:
        """Note which bytes of the region that it names an operation asks for: it writes them, changed or not."""
        processor, bytes_of = self._processor, self._processor._bytes
        targets: list[tuple[int, np.ndarray]] = []
        if not isinstance(into, str):
            yield targets
            return

        def noted(region: str, offset: int, count: int) -> np.ndarray:
            if region == into:
                targets.append((processor.link_map.offset(region) + offset, bytes_of(region, offset, count)))
            return bytes_of(region, offset, count)

        processor._bytes = noted
        try:
            yield targets
        finally:
            del processor._bytes

    def _note(self, entry: Entry, targets: list[tuple[int, np.ndarray]]) -> None:
        """Write down what stands now where an operation has written."""
        entry.brought = [(offset, target.copy()) for offset, target in targets]
        registers, memory = named_registers(entry.arguments.get("into")), self._processor.vector.state.bytes
        entry.registers = [(number, memory[number].copy()) for number in registers]
        for offset, values in entry.brought:
            self._expected[offset : offset + values.size] = values

    def ended(self) -> None:
        """The open operation has ended: write down what it brought, then what else came into SRAM meanwhile."""
        entry, self._open = self._open, None
        for late, targets in self._late:
            self._note(late, targets)
        self._late = []
        sram = self._processor.sram
        changed = np.flatnonzero(self._expected != sram)
        for run in np.split(changed, np.flatnonzero(np.diff(changed) > 1) + 1) if changed.size else ():
            entry.brought.append((int(run[0]), sram[run[0] : run[-1] + 1].copy()))

    def finish(self) -> None:
        processor = self._processor
        self._log.outcome = Outcome(
            processor.exit_code,
            processor.sram.tobytes(),
            vector_bytes(processor.vector),
            {kind: count for kind, count in sorted(processor.cycles.items()) if count},
            self._written.hexdigest(),
        )


# ---------------------------------------------------------------------- replaying


class ReplayedPpu:
    """A PPU without a chip: its own SRAM, vector unit and kernels, and a log for everything else."""

    def __init__(self, log: Log, program: Program):
        self._log, self._position, self._issued = log, 0, None
        self._body = body = Processor(_NoChip(log.config), log.hemisphere)  # never started: SRAM, vector unit, kernels
        body.load(program, link(program.memory, program.kernels, code_in=program.code_in), program.image())
        body.vector.restore(log.vector)
        self._program, self._cycles, self._chaining = program, Counter(), False
        self._written = hashlib.sha256()

    def __getattr__(self, name: str):
        if name in LOCAL:
            return getattr(self._body, name)
        if name in CHIP:
            raise ReplayError(
                f"program {self._program.name} asks for ppu.{name}, which is no operation of a PPU: a replay has only "
                "what the program reads"
            )
        if is_operation(name):
            return named_operation(self._call, name)
        return self._next(Entry(name, {})).value

    def run_to_the_end(self) -> Outcome:
        main = self._program.main(self)
        while True:
            try:
                operation = next(main)
            except StopIteration as end:
                if self._position < len(self._log.entries):
                    self._differ("the end of main")
                return self._outcome(end.value)
            if operation is None or operation is not self._issued:
                raise ReplayError(
                    f"program {self._program.name} yields {operation!r}, which is no operation of its PPU"
                )
            self._issued = None
            operation.bring(self.sram, self.vector)

    def _call(self, name: str, *args, **named):
        asked = Entry(name, bound_arguments(name, args, named))
        if name == "chain":
            self._chaining = True
            for method, *arguments in args:
                method(*arguments)
            self._chaining = False
        entry = self._next(asked)
        update_digest(self._written, asked, self)
        if name == "word":
            return int(self.regions[asked.arguments["region"]][asked.arguments["index"]])
        if name == "run":
            kernel, *integers = args
            self._cycles["kernel"] += self._body._kernels[kernel](self.config.ppu.kernel_limit_cycles, *integers)
        if self._chaining:
            entry.bring(self.sram, self.vector)  # nothing behind it in the chain uses what it brings late
        if not entry.yielded:
            return entry.value
        self._issued = entry
        return entry

    def _next(self, asked: Entry) -> Entry:
        if self._position == len(self._log.entries):
            self._differ(str(asked))
        entry = self._log.entries[self._position]
        if (entry.name, entry.arguments) != (asked.name, asked.arguments):
            self._differ(str(asked))
        self._position += 1
        self._cycles += entry.cycles
        return entry

    def _differ(self, now: str) -> None:
        entries = self._log.entries
        then = entries[self._position] if self._position < len(entries) else "the end of main"
        raise ReplayError(
            f"program {self._log.program}: entry {self._position} of its log is {then}, the replay asks for {now}; the "
            "program is another one, or decides on something that it did not read"
        )

    def _outcome(self, exit_code) -> Outcome:
        cycles = {kind: count for kind, count in sorted(self._cycles.items()) if count}
        return Outcome(exit_code, self.sram.tobytes(), vector_bytes(self.vector), cycles, self._written.hexdigest())


class _NoChip:
    """What a processor needs to be built, and no more."""

    def __init__(self, config: ChipConfig):
        self.config, self.environment = config, Clock()
