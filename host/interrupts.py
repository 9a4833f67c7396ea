"""Ctrl-C and SIGTERM while a chip learns: the first stops the chip, none stops the saving of what there is."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from types import FrameType

ONE_INTERRUPT_S = 0.2  # signals closer together are one: `timeout` and terminals send some twice


class Interrupts:
    """A context in which both signals raise KeyboardInterrupt, except while results are read and saved.

    There an interrupt is kept until :meth:`release`. A signal that was ignored before (``nohup``, ``&`` in a script)
    stays ignored. Signals belong to the main thread; elsewhere this context changes nothing.
    """

    def __init__(self) -> None:
        self._holding: Callable[[], bool] = lambda: False
        self._kept = False
        self._last_s = float("-inf")
        self._earlier: dict[int, object] = {}

    def hold_when(self, holding: Callable[[], bool]) -> None:
        """From now on keep interrupts for later whenever ``holding()``."""
        self._holding = holding

    def release(self) -> None:
        """Hold nothing any more; raises KeyboardInterrupt if one was kept."""
        self._holding = lambda: False
        if self._kept:
            self._kept = False
            raise KeyboardInterrupt

    def _handle(self, number: int, frame: FrameType | None) -> None:
        now_s = time.monotonic()
        again, self._last_s = now_s - self._last_s < ONE_INTERRUPT_S, now_s
        if self._holding():
            self._kept = self._kept or not again
        elif not again:
            raise KeyboardInterrupt

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                if signal.getsignal(number) not in (signal.SIG_IGN, None):
                    self._earlier[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._earlier.items():
            signal.signal(number, handler)
