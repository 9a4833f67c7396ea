"""Ctrl-C, SIGTERM and SIGHUP while a chip learns: the first stops the chip, none stops the saving of what there is.

While numba compiles a function an exception would leave it broken, and one function can take half a minute. So there
the first interrupt is told at once, by a thread that the operating system wakes, and raised when the function is
compiled. A second one does not wait: it ends the process.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType

from chip.base import compiled
from host.commands.common import EXIT_INTERRUPTED

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # the last is a terminal that was closed
ONE_INTERRUPT_S = 0.2  # signals closer together are one: `timeout` and terminals send some twice
HEARD = "interrupted; stopping after this function is compiled, a second interrupt stops at once"


class Interrupts:
    """A context in which these signals raise KeyboardInterrupt, except while results are read and saved.

    There an interrupt is kept until :meth:`release`; while numba compiles, until the function is compiled. A signal
    that was ignored before (``nohup``, ``&`` in a script) stays ignored. Signals belong to the main thread; elsewhere
    this context changes nothing.
    """

    def __init__(self) -> None:
        self._holding: Callable[[], bool] = lambda: False
        self._kept = False
        self._last_s = float("-inf")
        self._heard_s = float("-inf")  # while the function at hand is compiled
        self._earlier: dict[int, object] = {}
        self._context = contextlib.ExitStack()

    def hold_when(self, holding: Callable[[], bool]) -> None:
        """From now on keep interrupts for later whenever ``holding()``."""
        self._holding = holding

    def release(self) -> None:
        """Hold nothing any more; raises KeyboardInterrupt if one was kept."""
        self._holding = lambda: False
        self._raise_kept()

    def _raise_kept(self) -> None:
        self._heard_s = float("-inf")
        if self._kept and not self._holding():
            self._kept = False
            raise KeyboardInterrupt

    def _handle(self, number: int, frame: FrameType | None) -> None:
        now_s = time.monotonic()
        again, self._last_s = now_s - self._last_s < ONE_INTERRUPT_S, now_s
        if self._holding() or compiled.busy():
            self._kept = self._kept or not again
        elif not again:
            raise KeyboardInterrupt

    def _listen(self, pipe: int) -> None:
        """Read the number of every signal as it comes, whatever the main thread is at."""
        while number := os.read(pipe, 1):
            now_s = time.monotonic()
            if number[0] not in self._earlier or now_s - self._heard_s < ONE_INTERRUPT_S:
                continue
            if not compiled.busy() or self._holding():
                continue
            if self._heard_s > 0:
                _tell("stopped at once")
                os._exit(EXIT_INTERRUPTED)
            self._heard_s = now_s
            _tell(HEARD)

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                if signal.getsignal(number) not in (signal.SIG_IGN, None):
                    self._earlier[number] = signal.signal(number, self._handle)
            self._context.enter_context(compiled.watch(lambda name: None, self._raise_kept))
            self._context.enter_context(self._listening())
        return self

    @contextlib.contextmanager
    def _listening(self):
        reading, writing = os.pipe()
        os.set_blocking(writing, False)
        listener = threading.Thread(target=self._listen, args=(reading,), daemon=True)
        listener.start()
        earlier = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(earlier)
            os.close(writing)
            listener.join()
            os.close(reading)

    def __exit__(self, *_: object) -> None:
        for number, handler in self._earlier.items():
            signal.signal(number, handler)
        self._context.close()


def _tell(sentence: str) -> None:
    if sys.stderr is None:
        return
    with contextlib.suppress(OSError, ValueError):
        new_line = "\n" if sys.stderr.isatty() else ""  # below the line of the progress
        print(f"{new_line}plasticore: {sentence}", file=sys.stderr, flush=True)
