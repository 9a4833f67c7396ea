"""A machine: one clock, the chips that stand on it, and the loop that runs them to their ends.

    machine = Machine()
    a, b = Chip(config_a, machine), Chip(config_b, machine)
    ...  # registers and programs of each, over its own link
    a.start()
    b.start()
    machine.run()

A chip that is given no machine makes one of its own. Chips of one machine share its time and nothing else: they
exchange no events yet. So each does what it does alone where it starts at the same time; a program that waits forever
faults only once nothing is left to happen on the whole machine. Their programs may start at different times.

A machine knows its chips by :class:`Member` only; what they are is in :mod:`chip.chip`, which lies above.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from simpy.core import EmptySchedule

from chip.base import constants as c
from chip.base.clock import Alarm, Clock
from chip.base.declaration import whole_number
from chip.base.errors import LossError, MachineFault
from chip.base.live import Live

PROGRESS_EVERY_S = 0.1
STEPS_BETWEEN_CLOCK_LOOKS = 16


class Member(Protocol):
    """What a machine knows of a chip.

    Attributes:
        started: whether its programs were ever started; stopped: an error has ended a run of its machine since.
        limit_ns: its watchdog's time: what has not ended by then is ended.
    """

    started: bool
    stopped: bool

    @property
    def limit_ns(self) -> int: ...

    @property
    def unfinished(self) -> bool:
        """Whether a program of it has been started and not ended."""
        ...

    @property
    def ended_ns(self) -> int | None:
        """When the last of its programs ended, by itself or by the watchdog."""
        ...

    def end_by_watchdog(self) -> None:
        """End all programs that have not ended."""
        ...

    def waits(self) -> list[tuple[int, str]]:
        """Say of each program that has not ended since when, in ns, it waits, and for what."""
        ...

    def end_run(self) -> None:
        """Keep what the host may read of a run, once its programs have ended; nothing where that was done.

        Raises:
            LossError: on a strict chip, where that is more than it can keep.
        """
        ...

    def check_losses(self) -> None:
        """Raise LossError on a strict chip that has lost something."""
        ...


class Pause:
    """Halts a machine at a time, behind what its programs do then.

    Attributes:
        since_ns: when it was set; over: whether that time has come.
    """

    def __init__(self, clock: Clock, time_ns: int):
        self.since_ns, self.over = clock.now, False
        self._clock, self._alarm = clock, Alarm(clock, self._halt)
        self._alarm.set(time_ns)

    def _halt(self) -> None:
        self.over = self._clock.halted = True

    def take_back(self) -> None:
        """Halt nobody any more."""
        self._alarm.move(None)


class Machine(Live):
    """Chips on one clock.

    Attributes:
        environment: the SimPy environment, see :mod:`chip.base.clock`.
        chips: in the order in which they were built, which is that of their numbers, from 0.
    """

    def __init__(self):
        self.environment = Clock()
        self.chips: tuple[Member, ...] = ()

    def add(self, chip: Member) -> int:
        """Take a chip that is being built; return its number."""
        self.chips += (chip,)
        return len(self.chips) - 1

    @property
    def now_ns(self) -> int:
        """The time of all its chips."""
        return self.environment.now

    def run(self, progress: Callable[[Machine], None] | None = None, until_ns: int | None = None) -> None:
        """Run until every program of every chip has ended, or until a time.

        ``progress`` is called about ten times a second with this machine; it may look at everything and changes
        nothing. A watchdog is its chip's own: the others go on where it ends one.

        At ``until_ns``, a multiple of 4, what programs do before and at that time has begun; another run goes on from
        there, and comes to the same bytes as one without a pause. The links of chips that have not ended stay closed.

        Raises:
            ValueError: a time that is past, or off the clock.
            RuntimeError: no chip has been started, or an error has ended a run before.
            MachineFault: a program did what the hardware cannot, or all that run wait for a doorbell forever.
            LossError: a strict chip has lost something, or something came late: where it happens, or behind the run.
            KeyboardInterrupt: passed on.

        After any of the last three every chip stands where it was stopped, and its link is open for reading what
        there is.
        """
        self.check_none_was_stopped()
        if not any(chip.started for chip in self.chips):
            raise RuntimeError("no chip of this machine has been started; call start() of each that is to run first")
        pause = None if until_ns is None else Pause(self.environment, self._checked_end(until_ns))
        try:
            self._step_to_the_end(progress, pause)
        except BaseException:
            for chip in self._started():
                chip.stopped = True
                if chip.ended_ns is not None:  # before the error came, of which it is told
                    with suppress(LossError):
                        chip.end_run()
            raise
        finally:
            if pause is not None:
                pause.take_back()
        self._end_runs()

    def _checked_end(self, until_ns: int) -> int:
        """Return the time until which to run; raise ValueError where it cannot be."""
        end_ns = whole_number("", "until_ns of a run", until_ns, self.now_ns, c.END_NS - 1)
        if end_ns % c.EVENT_CLOCK_NS:
            raise ValueError(f"until_ns of a run is {end_ns}; it must be a multiple of {c.EVENT_CLOCK_NS} ns")
        return end_ns

    def _started(self) -> list[Member]:
        return [chip for chip in self.chips if chip.started]

    def _step_to_the_end(self, progress: Callable[[Machine], None] | None, pause: Pause | None) -> None:
        environment = self.environment
        next_look = time.perf_counter() + PROGRESS_EVERY_S
        while running := [chip for chip in self.chips if chip.unfinished]:
            nothing_left = False
            try:
                environment.take_steps(STEPS_BETWEEN_CLOCK_LOOKS)
            except EmptySchedule:
                nothing_left = True
            if pause is not None and pause.over and not environment.queue and any(chip.unfinished for chip in running):
                nothing_left, environment.now = True, pause.since_ns  # nothing but the pause has brought it here
            for chip in running:
                if environment.now > chip.limit_ns:
                    chip.end_by_watchdog()
            if nothing_left and (asleep := [chip for chip in running if chip.unfinished]):
                raise MachineFault(self._deadlock(asleep))
            if progress is not None and time.perf_counter() >= next_look:
                progress(self)
                next_look = time.perf_counter() + PROGRESS_EVERY_S
            if pause is not None and pause.over:
                return

    def _deadlock(self, asleep: list[Member]) -> str:
        """Say who waits for what; the time is that at which the last of them began to."""
        waits = [wait for chip in asleep for wait in chip.waits()]
        self.environment.now = max(self.now_ns, *(since_ns for since_ns, _ in waits))
        sentences = " and ".join(sentence for _, sentence in waits)
        return f"at {self.now_ns} ns nothing is left to happen: {sentences}, and nobody will ring"

    def _end_runs(self) -> None:
        """Let every chip whose programs have ended keep what it has recorded, then tell of all losses at once.

        Raises:
            LossError: there are any, on strict chips.
        """
        losses: list[tuple[int, LossError]] = []
        for number, chip in enumerate(self.chips):
            if chip.started and not chip.unfinished:
                try:
                    chip.end_run()
                    chip.check_losses()
                except LossError as error:
                    losses.append((number, error))
        if not losses:
            return
        if len(self.chips) == 1:
            raise losses[0][1]
        raise LossError("; ".join(f"chip {number}: {error}" for number, error in losses))

    # ------------------------------------------------------------------ what one chip may do beside others

    def check_none_was_stopped(self) -> None:
        """Raise RuntimeError where an error has ended a run: what is left of it would go on with the next one."""
        for number, chip in enumerate(self.chips):
            if chip.stopped:
                raise RuntimeError(
                    f"chip {number} of this machine was stopped before its programs ended; build a new Machine, and "
                    "new chips on it, to run again"
                )

    def check_others_have_ended(self, chip: Member, what: str) -> None:
        """Raise RuntimeError where programs of others would go on while something takes time on a chip."""
        for number, other in enumerate(self.chips):
            if other is not chip and other.unfinished:
                raise RuntimeError(
                    f"to {what} takes chip time, in which programs of chip {number} of this machine would go on; let "
                    "them end first, machine.run()"
                )
