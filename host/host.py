"""The host beside a chip: loads everything once, lets the chip run by itself, reads what it left behind.

It needs a firmware that keeps :mod:`ppu_programs.contract`, and nothing of tasks, comparisons or pictures.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from chip.base.registers import Registers
from chip.chip import Chip
from host.firmware import code
from host.firmware.loading import load
from host.firmware.source import file_of, is_a_users, source_of
from host.results.reading import Load, result_of
from host.results.result import Result
from host.running.checkpoint import Checkpoint, Checkpoints
from host.running.compiling import compile_clock
from host.running.timing import Timing
from ppu_programs.contract import Built, Firmware, Outcome, Status, asking


@dataclass(frozen=True)
class Moment:
    """Where a running chip is: what its firmware says of it, and simulated seconds."""

    status: Status
    chip_seconds: float
    warm: bool = True  # False while functions still compile at their first call


class Host:
    """Sets one chip up for one run.

    Life cycle: :meth:`load` writes registers, stimuli and programs over the host link; :meth:`run` starts the chip,
    waits for its exit codes while the link is closed, and reads the results.

        host = Host(Chip(ChipConfig.ideal(seed=1)))
        host.load(EventProp(epochs=10, seed=1), tasks.yin_yang())
        result = host.run()
    """

    where = "chip"  # that computes the weights

    def __init__(self, chip: Chip):
        if not isinstance(chip, Chip):
            raise TypeError(f"a Host needs a Chip, not a {type(chip).__name__}; write Host(Chip(config))")
        self.chip = chip
        self._broken = False  # a load that failed half-way
        self._load: Load | None = None
        self._ran = False
        self._resumed: dict[str, Any] | None = None  # what the checkpoint knew that this run goes on from

    # ------------------------------------------------------------------ load

    def load(
        self,
        firmware: Firmware,
        task: Any = None,
        progress: Callable[[int, int], None] | None = None,
        compiling: bool = True,
    ) -> None:
        """Write everything that the chip needs, once: stimuli, registers, both programs.

        All kernels and the tasks of both programs are compiled, or read from the cache; ``progress`` is called with
        their count so far and in all.
        Without ``compiling`` they will be at their first call: a quick way to see whether everything fits.

        Args:
            firmware: of any kind.
            task: what it learns, see :meth:`ppu_programs.contract.Firmware.build`; None where it learns none.

        Raises:
            ChipLimitError: the network, its stimuli or a program do not fit.
            ValueError: the firmware cannot learn this task on this chip, or declares what cannot be meant.
            TypeError: not a firmware, or not a task.
            RuntimeError: this host or its chip was loaded already.

        After any error nothing can run: this host and its chip are of no further use.
        """
        asking.check_firmware(firmware)
        _check_task(task)
        asking.check_task(firmware, task)
        self._check_unloaded()
        begun = time.perf_counter()
        try:
            with code.watching(file_of(firmware)):
                firmware = asking.fitted(firmware, task)
                built = self._build(firmware, task)
                asking.assumptions_of(firmware)  # a rule that refuses does so before anything is written
                load(self.chip, built, "" if is_a_users(firmware) else built.remedy)
                if compiling:
                    self._compile(progress)
        except BaseException:
            self._broken = True
            for processor in self.chip.processors:
                processor.unload()  # so that nobody can start a chip with half of what it needs
            raise
        self._load = Load(firmware, task, built, time.perf_counter() - begun, source_of(firmware))

    def compile(self, progress: Callable[[int, int], None] | None = None) -> None:
        """Compile what :meth:`load` has left to the first calls, see there for ``progress``."""
        load, begun = self._need_loaded(), time.perf_counter()
        self._compile(progress)
        self._load = replace(load, seconds=load.seconds + time.perf_counter() - begun)

    def _check_unloaded(self) -> None:
        if self._broken:
            raise RuntimeError("loading failed before and left this chip half loaded; build a new Chip and Host")
        if self._load is not None:
            raise RuntimeError(f"this host has loaded {self._load.firmware.name} already; build a new Chip and Host")
        loaded = any(processor.program is not None for processor in self.chip.processors)
        if loaded or self.chip.player.samples is not None or self.chip.started:
            raise RuntimeError("this chip was loaded by another host already; build a new Chip and Host")

    def _build(self, firmware: Firmware, task: Any) -> Built:
        return asking.built_by(firmware, task, self.chip.config)

    def _compile(self, progress: Callable[[int, int], None] | None) -> None:
        processors = [processor for processor in self.chip.processors if processor.program is not None]
        kernels = [kernel for processor in processors for kernel in processor.bound_kernels()]
        parts = [*kernels, *(processor.flow for processor in processors)]
        for count, part in enumerate(parts):
            if progress is not None:
                progress(count, len(parts))
            part.compile()
        if progress is not None:
            progress(len(parts), len(parts))

    # ------------------------------------------------------------------ start

    def run(self, progress: Callable[[Moment], None] | None = None, checkpoints: Checkpoints | None = None) -> Result:
        """Start the chip, or go on where :meth:`resume` has brought it, wait until its programs have ended, and read.

        ``progress`` is called about ten times a second, and at the end, with a :class:`Moment`. After an interrupt from
        the keyboard the result is what there is so far, with ``complete`` False; so it is after a program that the
        watchdog stopped or that ended with an exit code other than 0.

        Raises:
            RuntimeError: nothing was loaded, or this chip has run already, or cannot be saved in checkpoints.
            ChipError: a program faulted, or a strict chip lost something.
        """
        load = self._need_unstarted()
        self._ran, timing = True, Timing(self.chip, load, self._resumed)
        if checkpoints is not None:
            checkpoints.begin(self, self.moment().status.done)
        if self._resumed is None:
            self.chip.start()

        def look(_: Chip) -> None:
            moment = self.moment()
            if progress is not None:
                progress(moment)
            if checkpoints is not None:
                checkpoints.look(self, moment.status.done, lambda: self._state(timing))

        watched = look if progress is not None or checkpoints is not None else None
        with contextlib.suppress(KeyboardInterrupt), code.watching(file_of(load.firmware)), compile_clock() as clock:
            self.chip.run(watched)  # which knows, when it was stopped
        wall_seconds = timing.elapsed()
        if not load.built.timed:  # the stopwatch has nothing to tell first calls by
            wall_seconds -= clock.seconds
        if progress is not None:
            progress(self.moment())  # the last tenth of a second
        return self._read(timing.stopwatch.stop(), wall_seconds)

    # ------------------------------------------------------------------ checkpoints

    def resume(self, checkpoint: Checkpoint) -> None:
        """Bring what was loaded to where a checkpoint of the same run was taken; :meth:`run` goes on from there.

        Raises:
            ValueError: it is of another version, rule, task, setting or chip, see :mod:`host.running.checkpoint`.
            RuntimeError: nothing was loaded, or this chip has run already.
        """
        self._need_unstarted()
        state = checkpoint.restore(self)
        self._resumed = state
        self._take_back(state)

    def _state(self, timing: Timing) -> dict[str, Any]:
        """What this host knows of a run beside its chip."""
        return {**timing.snapshot(), "resumed_at": self.resumed_at}

    def _take_back(self, state: dict[str, Any]) -> None:
        """Take back of :meth:`_state` what is not the time's."""

    @property
    def resumed_at(self) -> list[int]:
        """How much was done at every checkpoint that this run went on from."""
        return [] if self._resumed is None else [*self._resumed["resumed_at"], self._resumed["done"]]

    # ------------------------------------------------------------------ read

    def _read(self, speed: dict[str, Any], wall_seconds: float) -> Result:
        """Read what the firmware, and every run, leaves behind; ``speed`` is the stopwatch's."""
        load = self._need_loaded()
        if speed["compile_seconds"] is not None:  # of loading, which is over, and of first calls
            wall_seconds -= max(0.0, speed["compile_seconds"] - load.seconds)
        return self._result(self._outcome(), speed, wall_seconds)

    def _outcome(self) -> Outcome:
        load = self._need_loaded()
        return asking.outcome_of(load.firmware, self.chip.link, load.built)

    def _result(self, outcome: Outcome, speed: dict[str, Any], wall_seconds: float) -> Result:
        result = result_of(self.chip, self._need_loaded(), outcome, self.moment().status, speed, wall_seconds)
        return self._with_resumptions(result)

    def _with_resumptions(self, result: Result) -> Result:
        if self.resumed_at:
            result.progress["resumed_at"] = self.resumed_at
        return result

    def moment(self) -> Moment:
        """Look at the chip, which changes nothing."""
        load, played = self._need_loaded(), self.chip.player.played
        timed, status = load.built.timed, asking.status_of(load.firmware, self.chip, load.built)
        return Moment(status, self.chip.now_ns * 1e-9, warm=not timed or played > timed.start)

    @property
    def over(self) -> bool:
        """Whether the programs have ended, or were stopped."""
        return self.chip.stopped or self.chip.finished

    @property
    def firmware(self) -> Firmware:
        """What was loaded."""
        return self._need_loaded().firmware

    @property
    def task(self) -> Any:
        """What the chip learns; None where it learns no task."""
        return self._need_loaded().task

    @property
    def built(self) -> Built:
        """What the firmware has built for this chip; nobody changes it."""
        return self._need_loaded().built

    @property
    def registers(self) -> Registers:
        """Those that the chip was loaded with."""
        return self.built.registers

    @property
    def spiking_neurons(self) -> int:
        """How many neurons can spike: the hidden ones, and readouts with a threshold."""
        return int((self.registers.enabled & self.registers.spiking).sum())

    def _need_loaded(self) -> Load:
        if self._broken:
            raise RuntimeError("loading failed, nothing can run; build a new Chip and Host")
        if self._load is None:
            raise RuntimeError("the host has loaded nothing yet; call load(firmware, task) first")
        return self._load

    def _need_unstarted(self) -> Load:
        load = self._need_loaded()
        if self.chip.started and (self._resumed is None or self._ran):
            raise RuntimeError("this chip was started already; build a new Chip and Host to learn again")
        return load


def _check_task(task: Any) -> None:
    """Refuse what stands in the place of a task; which attributes a task needs its firmware knows."""
    if isinstance(task, str):
        raise TypeError(f"the task is {task!r}; write tasks.load({task!r})")
    if callable(task):
        raise TypeError(f"the task is {task!r}; call it: {getattr(task, '__name__', 'task')}()")
