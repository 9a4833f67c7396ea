"""The FPGA's trace buffer: today's way to record spikes, for the host to read after a run.

While it is on, every event that the crossbar sends to the FPGA is kept with its time stamp: spikes of neurons, and
events of samples that the crossbar returns. A run's trace is complete when all programs have ended. Only what comes
when the buffer is full is lost here; what gets lost on the way to it is the event fabric's,
:mod:`chip.fabric.links`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from chip.base import constants as c
from chip.base.errors import LossError
from chip.fpga.clock import edge_from

EVENT_BYTES = 8  # one entry: 43-bit time, 14-bit label
SAVED = ("on", "ticks", "zero_ns", "labels", "room", "lost")  # attributes in a snapshot, and of the present run:
SAVED += ("_begun_ns", "_taken_ns", "_found", "_times_ns", "_labels")
ROOM = 32 * 1024 * 1024 // EVENT_BYTES  # events; fisch constants.h: 32 MiB


class TraceBuffer:
    """The recorded events of the last run.

    Attributes:
        on: whether runs are recorded from their next start on.
        ticks: int64[events], time stamps in 8 ns since ``zero_ns``, rising.
        zero_ns: the chip's time of tick 0 and of a playback program's 0 ns: the first edge of the FPGA's clock from the
            run's start on. An event in the 4 ns before it has tick 0, too.
        labels: uint16[events], as they leave the crossbar.
        room: events that it holds; lost: those that came later, of all runs.
    """

    def __init__(self, strict: bool, ended_ns: Callable[[], int | None]):
        """``ended_ns`` says when the last program of a chip has ended, None while one runs."""
        self._ended_ns = ended_ns
        self.strict, self.on, self.room, self.lost = strict, False, ROOM, 0
        self._begun_ns: int | None = None
        self.zero_ns = 0
        self._clear()

    def _clear(self) -> None:
        self.ticks = self._times_ns = np.zeros(0, np.int64)
        self.labels = self._labels = np.zeros(0, np.uint16)
        self._taken_ns = self._found = 0  # of the present run: up to when its events were taken; how many there were

    def begin(self, core, now_ns: int) -> None:
        """Start with a run; what the last one left is overwritten."""
        self._clear()
        if self.on:
            self._begun_ns = self._taken_ns = now_ns
            core.keep_record(now_ns)
            core.readers.append(self.take)

    def end(self, core, now_ns: int) -> None:
        """Take the events of the run that ends now.

        Raises:
            LossError: on a strict chip, where they are more than it has room for.
        """
        if self._begun_ns is None:
            return
        self.take(core, now_ns)
        begun_ns, self._begun_ns = self._begun_ns, None
        core.release_record(self._taken_ns)
        core.readers.remove(self.take)
        self.zero_ns = edge_from(begun_ns)
        self.ticks = np.maximum(self._times_ns - self.zero_ns, 0) // c.FPGA_CLOCK_NS
        self.labels = self._labels
        lost = max(0, self._found - self.room)
        self.lost += lost
        if lost and self.strict:
            raise LossError(
                f"the trace buffer is full: {self._found} events in one run, room for {self.room}; play fewer "
                "samples in a run"
            )

    def take(self, core, until_ns: int) -> None:
        """Take the events of the present run before a time from the core, which may forget them from now on."""
        ended_ns = self._ended_ns()
        until_ns = until_ns if ended_ns is None else min(until_ns, ended_ns)
        core.advance(until_ns)  # on the way there it may cut its record, and call this before
        if until_ns <= self._taken_ns:
            return
        times_ns, labels = core.spikes(self._taken_ns, until_ns)
        room = self.room - self._times_ns.size
        if room and times_ns.size:
            self._times_ns = np.concatenate([self._times_ns, times_ns[:room]])
            self._labels = np.concatenate([self._labels, labels[:room]])
        self._found += times_ns.size
        core.release_record(self._taken_ns)
        core.keep_record(until_ns)
        self._taken_ns = until_ns

    def snapshot(self) -> dict[str, Any]:
        """Return what is recorded, and whether more is."""
        return {name: getattr(self, name) for name in SAVED}

    def restore(self, saved: dict[str, Any], core) -> None:
        """Take back what :meth:`snapshot` returned, on the core of the same snapshot."""
        for name, value in saved.items():
            setattr(self, name, value)
        if self._begun_ns is not None:
            core.readers.append(self.take)
