"""No oracle: a program's reads are logged, and its ``main`` and kernels replayed with nothing but the log.

    with record(chip) as logs:
        chip.start()
        chip.run()
    assert replay(logs[c.TOP], program) == logs[c.TOP].outcome

A log has one entry for everything that ``main`` asked its PPU for, in order: the operation with its arguments, and what
it brought into SRAM (converted membranes, rows of weights, records, what the other PPU sent meanwhile) or the value
that it returned (the time base). The replay has the program, its SRAM, its vector unit and the log; there is no chip,
no analog core and no clock. Its kernels are run, not read from the log. Where the outcome is the same to the byte, the
program has learned from what it read and from nothing else.
"""

from __future__ import annotations

import hashlib
import inspect
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, partial

import numpy as np

from chip.config import ChipConfig
from chip.ppu.kernel import Kernel
from chip.ppu.memory import link
from chip.ppu.processor import Processor
from chip.ppu.program import Program

# what a PPU has in itself, without asking anybody
LOCAL = frozenset({"hemisphere", "name", "config", "link_map", "regions", "sram", "vector", "scheduler"})
CHIP = frozenset({"chip", "environment"})


class ReplayError(RuntimeError):
    """A replayed program does something else than its log says, or asks for what is not in a log."""


@dataclass
class Entry:
    """One thing that ``main`` asked its PPU for.

    Attributes:
        name: of the operation or property; arguments: by name, as plain values.
        value: what it returned, for what is not yielded. yielded: it is an operation that takes time.
        brought: (offset in SRAM, uint8[n]) for everything that stood in SRAM when it ended and no kernel wrote.
        cycles: what it booked, by kind; without the cycles of a kernel, which a replay counts itself.
    """

    name: str
    arguments: dict[str, object]
    value: object = None
    yielded: bool = False
    brought: list[tuple[int, np.ndarray]] = field(default_factory=list)
    cycles: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        return f"{self.name}({', '.join(f'{name}={value!r}' for name, value in self.arguments.items())})"


@dataclass(frozen=True)
class Outcome:
    """What a program has come to; two of them are equal where every byte is.

    Attributes:
        exit_code: None where it has not ended.
        sram: all 16 KiB of it. vector: the arrays of the vector unit, its cycles among them.
        cycles: busy cycles by kind.
        written: SHA-256 of everything that left its SRAM, in order, with where it went.
    """

    exit_code: int | None
    sram: bytes
    vector: dict[str, bytes]
    cycles: dict[str, int]
    written: str


@dataclass
class Log:
    """What one program asked for and got, from its start to its end; ``outcome`` is filled when recording ends."""

    program: str
    hemisphere: int
    config: ChipConfig
    vector: dict[str, np.ndarray]
    entries: list[Entry] = field(default_factory=list)
    outcome: Outcome | None = None


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
        self._targets: list[tuple[int, np.ndarray]] = []
        self._written = hashlib.sha256()

    def __getattr__(self, name: str):
        if name in LOCAL | CHIP:
            return getattr(self._processor, name)
        if _is_operation(name):
            return partial(self._call, name)
        booked = Counter(self._processor.cycles)
        value = getattr(self._processor, name)
        self._log.entries.append(Entry(name, {}, value, cycles=self._processor.cycles - booked))
        return value

    def _call(self, name: str, *args, **named):
        processor = self._processor
        entry = Entry(name, bound_arguments(name, args, named))
        update_digest(self._written, entry, processor.regions)
        booked, before, kernel_cycles = Counter(processor.cycles), processor.sram.copy(), processor.vector.cycles
        with self._targets_noted(entry.arguments.get("into")):
            result = getattr(processor, name)(*args, **named)
        entry.cycles = processor.cycles - booked
        entry.cycles["kernel"] -= processor.vector.cycles - kernel_cycles
        self._log.entries.append(entry)
        if result is not None and result is processor._issued:  # to be yielded
            entry.yielded, self._open = True, entry
            self._expected = processor.sram.copy() if name == "run" else before
        else:
            entry.value = result
        return result

    @contextmanager
    def _targets_noted(self, into: object) -> Iterator[None]:
        """Note which bytes of the region that it names an operation asks for: it writes them, changed or not."""
        processor, bytes_of = self._processor, self._processor._bytes
        self._targets = []

        def noted(region: str, offset: int, count: int) -> np.ndarray:
            if region == into:
                self._targets.append((processor.link_map.offset(region) + offset, bytes_of(region, offset, count)))
            return bytes_of(region, offset, count)

        processor._bytes = noted
        try:
            yield
        finally:
            del processor._bytes

    def ended(self) -> None:
        """The open operation has ended: write down what it brought, then what else came into SRAM meanwhile."""
        entry, self._open = self._open, None
        entry.brought = [(offset, target.copy()) for offset, target in self._targets]
        for offset, values in entry.brought:
            self._expected[offset : offset + values.size] = values
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
        self._program, self._cycles = program, Counter()
        self._written = hashlib.sha256()

    def __getattr__(self, name: str):
        if name in LOCAL:
            return getattr(self._body, name)
        if name in CHIP:
            raise ReplayError(
                f"program {self._program.name} asks for ppu.{name}, which is no operation of a PPU: a replay has only "
                "what the program reads"
            )
        if _is_operation(name):
            return partial(self._call, name)
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
            for offset, values in operation.brought:
                self.sram[offset : offset + values.size] = values

    def _call(self, name: str, *args, **named):
        asked = Entry(name, bound_arguments(name, args, named))
        entry = self._next(asked)
        update_digest(self._written, asked, self.regions)
        if name == "word":
            return int(self.regions[asked.arguments["region"]][asked.arguments["index"]])
        if name == "run":
            kernel, *integers = args
            self._cycles["kernel"] += self._body._kernels[kernel](self.config.ppu.kernel_limit_cycles, *integers)
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

    environment = None

    def __init__(self, config: ChipConfig):
        self.config = config


# ---------------------------------------------------------------------- shared


def _is_operation(name: str) -> bool:
    return inspect.isfunction(inspect.getattr_static(Processor, name, None))


@cache
def _signature(name: str) -> inspect.Signature:
    return inspect.signature(getattr(Processor, name))


def bound_arguments(name: str, args: tuple, named: dict) -> dict[str, object]:
    """The arguments of an operation by name, defaults filled in, as values that compare equal when they are."""
    bound = _signature(name).bind(None, *args, **named)
    bound.apply_defaults()
    return {key: _plain(value) for key, value in list(bound.arguments.items())[1:]}


def _plain(value: object) -> object:
    if isinstance(value, Kernel):
        return value.name
    if isinstance(value, np.ndarray | np.integer):
        return _plain(value.tolist())
    if isinstance(value, range | list | tuple):
        return tuple(_plain(element) for element in value)
    return value


def update_digest(digest, entry: Entry, regions: dict[str, np.ndarray]) -> None:
    """Take in what an operation with a ``source`` sends out of SRAM, and where it goes."""
    region = regions.get(entry.arguments.get("source"))
    if region is not None:
        digest.update(str(entry).encode() + region.tobytes())


def vector_bytes(vector) -> dict[str, bytes]:
    return {name: array.tobytes() for name, array in vector.snapshot().items()}
