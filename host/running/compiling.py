"""What the compiler is at, for those who wait for it: which function, how many so far, how long; nothing of the cached.

A chip's functions and kernels compile at their first use on a machine, for most of a minute. They are told of by
:func:`chip.base.compiled.watch`; how many there are is known for kernels and programs.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

from chip.base import compiled

TASKS = "tasks_"  # how the function of a program's tasks is called


class CompileClock:
    """Adds up the seconds in which functions were compiled."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._begun_s: float | None = None

    def begun(self, name: str) -> None:
        self._begun_s = time.perf_counter()

    def ended(self) -> None:
        begun_s, self._begun_s = self._begun_s, None
        if begun_s is not None:  # not only loaded
            self.seconds += time.perf_counter() - begun_s


@contextlib.contextmanager
def compile_clock() -> Iterator[CompileClock]:
    """Measure how long functions are compiled within."""
    clock = CompileClock()
    with compiled.watch(clock.begun, clock.ended):
        yield clock


class Compiling:
    """Tells in sentences without a full stop; use :meth:`told` around everything that may compile.

    Args:
        tell: takes a sentence.
        every_s: how often it is told again while functions compile.
        redrawn: whether a sentence takes the place of the one before, as on a terminal. There every function is told
            of; elsewhere it is when kernels are begun, when the chip's own functions are, and every ``every_s``.
    """

    def __init__(self, tell: Callable[[str], None], every_s: float, redrawn: bool):
        self._tell, self._every_s, self._redrawn = tell, every_s, redrawn
        self._kernel: tuple[int, int] | None = None  # the one that is loaded now, and how many there are
        self._what = self._told = ""
        self._count, self._seconds = 0, 0.0  # compiled so far
        self._begun_s: float | None = None  # the one that is compiled now
        self.total_s = 0.0  # of all that was compiled

    def kernel(self, number: int, of: int) -> None:
        """From now on what compiles is number ``number`` of so many, from 0; from ``of`` on it is the chip's own.

        Kernels come first, behind them the tasks of each program.
        """
        self._kernel = (number, of) if number < of else None

    def summary(self) -> str:
        """Return what was compiled since the last summary, or ``""``."""
        count, self._count = self._count, 0
        if not count:
            return ""
        seconds, self._seconds = self._seconds, 0.0
        self._told = ""
        return f"compiled {count} function{'s' * (count > 1)} in {seconds:.0f} s"

    @contextlib.contextmanager
    def told(self) -> Iterator[None]:
        """Tell of every function that compiles within."""
        ending = threading.Event()
        with contextlib.ExitStack() as context:
            ticker = threading.Thread(target=self._tick, args=(ending,), daemon=True)
            ticker.start()
            context.callback(ticker.join)
            context.callback(ending.set)
            context.enter_context(compiled.watch(self._begun, self._ended))
            yield

    def _begun(self, name: str) -> None:
        self._begun_s, self._what = time.perf_counter(), name
        phase = "kernels" if self._kernel else "chip"
        if self._redrawn or phase != self._told:
            self._told = phase
            self._tell(self._sentence())

    def _ended(self) -> None:
        begun_s, self._begun_s = self._begun_s, None
        if begun_s is not None:  # not only loaded
            self._count += 1
            self.total_s += time.perf_counter() - begun_s
            self._seconds += time.perf_counter() - begun_s

    def _sentence(self) -> str:
        begun_s = self._begun_s
        seconds = self._seconds + (0.0 if begun_s is None else time.perf_counter() - begun_s)
        what, name = "the chip's functions", self._what
        if self._kernel is not None:
            kind = "program" if self._what.startswith(TASKS) else "kernel"
            what = f"the firmware's function {self._kernel[0] + 1} of {self._kernel[1]}"
            name = f"{kind} {self._what.removeprefix('kernel_').removeprefix(TASKS)}"
        if self._redrawn:
            return f"compiling {what}: {name}, {seconds:.0f} s"
        return f"compiling {what}" + f", after {seconds:.0f} s" * (seconds >= 1)

    def _tick(self, ending: threading.Event) -> None:
        while not ending.wait(self._every_s):
            if self._begun_s is not None:
                self._tell(self._sentence())
