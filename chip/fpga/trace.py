"""The FPGA's trace buffer: today's way to record spikes, for the host to read after a run.

While it is on, every event that the crossbar sends to the FPGA is kept with its time stamp: spikes of neurons, and
events of samples that the crossbar returns. A run's trace is complete when all programs have ended. Nothing is lost but
what comes when the buffer is full, which is assumed: on silicon spikes cross from chip to FPGA without repetition,
unlike registers, and some are lost.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from chip.base import constants as c
from chip.base.errors import LossError

EVENT_BYTES = 8  # one entry: 43-bit time, 14-bit label
ROOM = 32 * 1024 * 1024 // EVENT_BYTES  # events; fisch constants.h: 32 MiB


class TraceBuffer:
    """The recorded events of the last run.

    Attributes:
        on: whether runs are recorded from their next start on.
        ticks: int64[events], time stamps in 8 ns since ``zero_ns``, rising.
        zero_ns: the chip's time of tick 0: the edge of the FPGA's clock at the run's start or, as that clock does not
            start with a run, the last one before it, by less than 8 ns.
        labels: uint16[events], as they leave the crossbar.
        room: events that it holds; lost: those that came later, of all runs.
    """

    def __init__(self, strict: bool):
        self.strict, self.on, self.room, self.lost = strict, False, ROOM, 0
        self._begun_ns: int | None = None
        self.zero_ns = 0
        self._clear()

    def _clear(self) -> None:
        self.ticks, self.labels = np.zeros(0, np.int64), np.zeros(0, np.uint16)

    def begin(self, core, now_ns: int) -> None:
        """Start with a run; what the last one left is overwritten."""
        self._clear()
        if self.on:
            self._begun_ns = now_ns
            core.keep_record(now_ns)

    def end(self, core, now_ns: int) -> None:
        """Take the events of the run that ends now.

        Raises:
            LossError: on a strict chip, where they are more than it has room for.
        """
        if self._begun_ns is None:
            return
        begun_ns, self._begun_ns = self._begun_ns, None
        times_ns, labels = core.spikes(begun_ns, now_ns)
        core.release_record(begun_ns)
        self.zero_ns = begun_ns // c.FPGA_CLOCK_NS * c.FPGA_CLOCK_NS
        self.ticks = (times_ns[: self.room] - self.zero_ns) // c.FPGA_CLOCK_NS
        self.labels = labels[: self.room]
        lost = max(0, len(times_ns) - self.room)
        self.lost += lost
        if lost and self.strict:
            raise LossError(
                f"the trace buffer is full: {len(times_ns)} events in one run, room for {self.room}; play fewer "
                "samples in a run"
            )

    def snapshot(self) -> dict[str, Any]:
        """Return what is recorded, and whether more is."""
        return {name: getattr(self, name) for name in ("on", "ticks", "zero_ns", "labels", "room", "lost", "_begun_ns")}

    def restore(self, saved: dict[str, Any]) -> None:
        """Take back what :meth:`snapshot` returned."""
        for name, value in saved.items():
            setattr(self, name, value)
