"""Processes that do the runs: started afresh, with one thread each, deaf to the keyboard, ended with their parent."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Any

from chip.base import code_cache

# one thread a process: a run uses one core, and threads of several runs would fight for the others
ONE_THREAD = dict.fromkeys(
    (
        *("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"),
        *("BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"),
    ),
    "1",
)


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


NO_GUARD = 90  # exit code of a process that was to run the script that started it
SENTENCE = (
    "a comparison starts processes, and each of them imports the script that called it: put what the script does below "
    'if __name__ == "__main__":'
)


def end_without_guard() -> None:
    """End this process where it is one of a comparison's that imports a script, which calls for a comparison again."""
    if getattr(multiprocessing.current_process(), "_inheriting", False):  # as multiprocessing itself asks
        os._exit(NO_GUARD)


class Workers(ProcessPoolExecutor):
    """A pool of freshly started processes, as many as ``jobs``.

    An interrupt from the keyboard reaches every process of a terminal; here the parent alone answers it, and ends what
    still runs with :meth:`end`.
    """

    def __init__(self, jobs: int):
        super().__init__(jobs, multiprocessing.get_context("spawn"), initializer=_follow_parent)
        self._others = set(multiprocessing.active_children())
        self._ours: set[Any] = set()

    def submit(self, function: Callable, /, *arguments: Any, **named: Any) -> Future:
        with _inherited():  # processes are started by submitting
            future = super().submit(function, *arguments, **named)
        self._ours |= set(multiprocessing.active_children()) - self._others
        return future

    @property
    def without_guard(self) -> bool:
        """Whether a process ended because the script that it imports calls for a comparison."""
        return any(process.exitcode == NO_GUARD for process in self._ours)

    def end(self) -> None:
        """End all processes at once, whatever they do."""
        for process in set(multiprocessing.active_children()) - self._others:
            process.kill()
        self.shutdown(wait=False, cancel_futures=True)


@contextlib.contextmanager
def _inherited() -> Iterator[None]:
    """What a process gets that is started meanwhile: one thread, and no interrupts; ours come afterwards."""
    earlier = {name: os.environ.get(name) for name in ONE_THREAD}
    masks = hasattr(signal, "pthread_sigmask")
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if masks else set()
    os.environ.update(ONE_THREAD)
    try:
        yield
    finally:
        for name, value in earlier.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        if masks:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


def _follow_parent() -> None:
    """First thing in a new process: see to it that it ends when its parent has ended, in whatever way."""
    parent = multiprocessing.parent_process()

    def wait() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
    code_cache.say_nothing()  # about the place: the parent has
