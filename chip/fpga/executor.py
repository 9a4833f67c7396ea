"""The FPGA's executor: plays the events of a playback program, while processors follow their timers.

It takes no SimPy event. The analog core asks it, before it lets time pass up to some time, for what is to be posted
before that (:class:`chip.core.stimuli.Stimuli`); so the core's queue never holds more than what happens next, and who
looks how often changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from chip.base.grid import FAR_NS
from chip.fpga.clock import edge_from
from chip.fpga.playback import PlaybackProgram

AT_ONCE = 1024  # events that are posted at most before the core lets them happen
SAVED = ("waiting", "zero_ns", "played", "late", "unplayed")


class PlaybackExecutor:
    """Executes a playback program in the run that follows its writing, from the start to the end of the last program.

    Attributes:
        program: the one that was written last, None before; waiting: whether the next run plays it.
        zero_ns: the chip's time of the program's 0 ns: the first edge of the FPGA's clock from the start on.
        played: events that were posted so far, of all runs; late: those of them that left behind their times, because
            more than three were to leave at once.
        unplayed: events whose run had ended before their time, or whose program was replaced by another one.
        next_ns: when the next event is to be posted, far away where none is.
    """

    def __init__(self, ended_ns: Callable[[], int | None]):
        """``ended_ns`` says when the last program of a chip has ended, None while one runs."""
        self._ended_ns = ended_ns
        self.program: PlaybackProgram | None = None
        self.waiting = False
        self.zero_ns = self.played = self.late = self.unplayed = 0
        self._core: Any = None
        self._cursor = 0
        self.next_ns = FAR_NS

    def load(self, program: PlaybackProgram) -> None:
        """Take a program for the next run; one that waits for it is dropped."""
        if self.waiting:
            self.unplayed += len(self.program)
        self.program, self.waiting = program, True
        self._cursor, self.next_ns = 0, FAR_NS

    def begin(self, core, now_ns: int) -> None:
        """Begin with a run, where a program waits for one."""
        self._halt()
        if not self.waiting:
            return
        self.waiting = False
        self.zero_ns = edge_from(now_ns)
        self._follow(core)
        core.tell_events(self.program.sent_ns, self.program.labels, self.zero_ns)

    def end(self, end_ns: int) -> None:
        """End with a run: what is later than that is not played."""
        while self.next_ns < end_ns:
            self.post_before(end_ns)
        self._halt()

    def post_before(self, time_ns: int) -> None:
        """Post the next events before a time, and before the end of the last program."""
        program, ended_ns = self.program, self._ended_ns()
        until_ns = time_ns if ended_ns is None else min(time_ns, ended_ns)
        first = self._cursor
        last = first + int(np.searchsorted(program.sent_ns[first : first + AT_ONCE], until_ns - self.zero_ns))
        if last > first:
            self._core.insert_events(program.sent_ns[first:last], program.labels[first:last], self.zero_ns)
            self.played += last - first
            self.late += int((program.sent_ns[first:last] > program.times_ns[first:last]).sum())
            self._cursor = last
        self._look_ahead()
        if until_ns <= self.next_ns < time_ns:
            self._halt()

    @property
    def left(self) -> int:
        """Events of the present run that are still to be posted."""
        return 0 if self.next_ns == FAR_NS else len(self.program) - self._cursor

    def report(self) -> dict[str, int]:
        """Return counts of events: ``events`` of the last program, ``played``, ``late`` by up to ``latest_ns``, ...

        ``late``: those of the last program that leave behind others of the same time. ``unplayed``: see there.
        """
        program = self.program
        if program is None:
            return dict.fromkeys(("events", "instructions", "late", "latest_ns", "played", "unplayed"), 0)
        found = {"events": len(program), "instructions": program.instructions}
        found |= {"late": program.late, "latest_ns": program.latest_ns}
        return found | {"played": self.played, "unplayed": self.unplayed}

    def _follow(self, core) -> None:
        self._core, core.stimuli = core, self
        self._look_ahead()

    def _look_ahead(self) -> None:
        sent_ns = self.program.sent_ns
        self.next_ns = self.zero_ns + int(sent_ns[self._cursor]) if self._cursor < sent_ns.size else FAR_NS

    def _halt(self) -> None:
        self.unplayed += self.left
        self.next_ns = FAR_NS

    # ------------------------------------------------------------------ snapshots

    def snapshot(self) -> dict[str, Any]:
        """Return the program and how far it was played."""
        counts = {name: getattr(self, name) for name in SAVED}
        program = None if self.program is None else {"times_ns": self.program.times_ns, "labels": self.program.labels}
        return counts | {"program": program, "cursor": self._cursor, "runs": self.next_ns != FAR_NS}

    def restore(self, saved: dict[str, Any], core) -> None:
        """Take back what :meth:`snapshot` returned, on the core of the same snapshot."""
        for name in SAVED:
            setattr(self, name, saved[name])
        self.program = None if saved["program"] is None else PlaybackProgram(**saved["program"])
        self._cursor, self.next_ns = saved["cursor"], FAR_NS
        if saved["runs"]:
            self._follow(core)
