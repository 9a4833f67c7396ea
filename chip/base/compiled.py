"""``compiled``: numba's njit with an on-disk cache of our own, :mod:`chip.base.code_cache`.

The user's own numba configuration is left as it is. Several threads may compile at the same time.

LLVM computes the trips of a loop by a division of 128 bits where a loop has two ends, as one with a watchdog has, and
calls a function for it that numba does not link: the call would be one of address 0. It is linked here.

An exception that a signal's handler raises inside numba leaves it in a state that crashes later. :func:`busy` says when
to wait with it, and :func:`watch` when that is over.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import llvmlite.binding
import numba
from numba.core import config as numba_config
from numba.core import event as numba_event

from chip.base.code_cache import KeptCode, cache_root, directory_of
from chip.base.recursion import deep_calls

_WIDE_DIVISIONS = ("__divti3", "__modti3", "__udivti3", "__umodti3")
_RUNTIME_LIBRARIES = ("libgcc_s.so.1", "libSystem.B.dylib")  # of Linux and of macOS


def _link_wide_divisions() -> None:
    """Tell LLVM where the divisions of 128 bits are, in the runtime library of the system's C compiler."""
    for name in _RUNTIME_LIBRARIES:
        try:
            library = ctypes.CDLL(name)
        except OSError:
            continue
        for function in _WIDE_DIVISIONS:
            address = ctypes.cast(getattr(library, function), ctypes.c_void_p).value
            llvmlite.binding.add_symbol(function, address)


_link_wide_divisions()


class _Watch(numba_event.Listener):
    """Hears of numba when it compiles in the thread that watches, and of us when it is through."""

    def __init__(self, begun: Callable[[str], None], ended: Callable[[], None]):
        self._begun, self._ended = begun, ended
        self._compiling = False
        self.thread = threading.get_ident()

    def on_start(self, event: numba_event.Event) -> None:
        if threading.get_ident() != self.thread:
            return
        if _depths.get(self.thread) == 1 and not self._compiling:  # no callee, nor somebody else's function
            self._compiling = True
            self._begun(event.data["dispatcher"].py_func.__name__)

    def on_end(self, event: numba_event.Event) -> None:
        """Wait for our own end, when the machine code is in the cache too."""

    def ended(self) -> None:
        self._compiling = False
        self._ended()


_depths: dict[int, int] = {}  # by thread: functions that are compiled or loaded, each the callee of the one before
_watches: list[_Watch] = []


def busy() -> bool:
    """Return whether the main thread compiles or loads a function of ours: no time for an exception from outside."""
    return threading.main_thread().ident in _depths


@contextlib.contextmanager
def watch(begun: Callable[[str], None], ended: Callable[[], None]) -> Iterator[None]:
    """Call ``begun(name)`` when a function is compiled, not only loaded, and ``ended()`` when numba is through.

    Callees belong to their caller, and a watch to the thread that it was begun in. ``ended`` comes after loading too,
    and may raise.
    """
    watching = _Watch(begun, ended)
    numba_event.register("numba:compile", watching)
    _watches.append(watching)
    try:
        yield
    finally:
        _watches.remove(watching)
        numba_event.unregister("numba:compile", watching)


@contextlib.contextmanager
def _counted_as_busy() -> Iterator[None]:
    thread = threading.get_ident()
    _depths[thread] = _depths.get(thread, 0) + 1  # no other thread has this key
    try:
        yield
    finally:
        if _depths[thread] > 1:
            _depths[thread] -= 1
        else:
            del _depths[thread]
            for watching in _watches[::-1]:  # the innermost first, the outer may raise
                if watching.thread == thread:
                    watching.ended()


def _watched(dispatcher: Any) -> Any:
    """Return a function of numba's that counts as busy while it is compiled or loaded."""
    compile_one = dispatcher.compile

    def compile_watched(signature: Any) -> Any:
        with _counted_as_busy(), deep_calls():  # numba follows a variable from block to block, one within the other
            return compile_one(signature)

    dispatcher.compile = compile_watched
    return dispatcher


def compiled(function: Callable | None = None, **options: Any) -> Callable:
    """Compile a function with numba in no-Python mode, cached on disk; usable bare or with njit's options.

    With ``NUMBA_DISABLE_JIT=1`` the function stays plain Python. ``cache=False`` compiles without the disk cache.
    """
    if function is None:
        return functools.partial(compiled, **options)
    options.setdefault("no_cfunc_wrapper", True)  # nobody calls from C; a sixth of the compile time of small functions
    wanted = options.pop("cache", True)
    dispatcher = numba.njit(**options)(function)
    if numba_config.DISABLE_JIT:
        return dispatcher
    directory = _directory_of(function) if wanted else None
    if directory is not None:
        dispatcher._cache = KeptCode(function, directory)
    return _watched(dispatcher)


def _directory_of(function: Callable) -> str | None:
    """Return where a function's machine code is kept; None where it comes from no file, or nothing can be kept."""
    root, path = cache_root(), Path(function.__code__.co_filename)
    return directory_of(path.resolve(), root) if root is not None and path.is_file() else None
