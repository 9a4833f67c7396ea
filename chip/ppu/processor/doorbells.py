"""Waiting for a doorbell, for one or a time, and for one ahead of time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from chip.ppu.processor.completions import completion


class EarlyWait:
    """Waits on a doorbell line for a processor that begins to do so later, at ``ready_ns``, and goes on then at once.

    A ring before that is pending until then, so that another one is lost.
    """

    __slots__ = ("ppu", "line", "ready_ns", "answer")

    def __init__(self, ppu, line: int):
        self.ppu, self.line, self.ready_ns = ppu, line, 0
        self.answer = partial(answer, ppu, line)

    def begin(self) -> None:
        """Begin to wait, from the processor's present operation on."""
        self.ready_ns = self.ppu.start_ns
        self.ppu.waiting[self.line] = self

    def go_off(self) -> None:
        """Called by the line when it rings, which has let go of this already."""
        ppu = self.ppu
        now_ns, ready_ns = ppu.environment.now, self.ready_ns
        if now_ns < ready_ns:
            ppu.pending[self.line] = True
            ppu.take(0, self.answer)
            ppu.end.set(ready_ns)
        else:
            ppu.end.set(now_ns)


class DoorbellOrTime:
    """Waits on doorbell lines for a processor whose alarm may be set for a time.

    The first ring lets the processor go on early: its alarm is moved. So waiting takes one SimPy event where nothing
    rings. The ring stays to be answered.
    """

    def __init__(self, ppu, lines: Sequence[int], timed: bool = False):
        """Wait on ``lines`` of a processor; ``timed``: its alarm may be set for a time."""
        self.ppu, self.lines, self.timed = ppu, tuple(lines), timed
        for line in self.lines:
            ppu.waiting[line] = self

    def go_off(self) -> None:
        """Called by a line that rings, which has let go of this already: keep its ring, go on."""
        ppu = self.ppu
        ppu.pending[next(line for line in self.lines if ppu.waiting[line] is not self)] = True
        wait_no_more(ppu, self.lines)
        end: Callable = ppu.end.move if self.timed else ppu.end.set
        end(ppu.environment.now)


@completion
def wait_no_more(ppu, lines: Sequence[int]) -> None:
    """Wait on doorbell lines no more."""
    for line in lines:
        ppu.waiting[line] = None


@completion
def answer(ppu, line: int) -> None:
    """Answer a doorbell line, which clears it."""
    ppu.pending[line] = False
