"""``compiled``: numba's njit with an on-disk cache of our own that notices a changed callee.

numba keys its cache by the file of the decorated function alone, so a function that calls another file's function keeps
the old machine code when that other file changes. Here the cache directory itself is keyed: by the text of the file and
of every file of ours that it imports, directly or not, by the versions of Python, numba and llvmlite, and by the
``NUMBA_*`` variables that change code generation (bounds checks, debugging). A user's file, outside of our packages,
counts with what it imports from beside itself.

The cache is ``$PLASTICORE_CACHE``, else ``$XDG_CACHE_HOME/plasticore``, else ``~/.cache/plasticore``. Where it cannot
be written to, functions are compiled without a cache. The user's own numba configuration is left as it is.

LLVM computes the trips of a loop by a division of 128 bits where a loop has two ends, as one with a watchdog has, and
calls a function for it that numba does not link: the call would be one of address 0. It is linked here.

An exception that a signal's handler raises inside numba leaves it in a state that crashes later. :func:`busy` says when
to wait with it, and :func:`watch` when that is over.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import hashlib
import os
import platform
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import llvmlite
import llvmlite.binding
import numba
from numba.core import config as numba_config
from numba.core import event as numba_event

from chip.base.recursion import deep_calls

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("chip", "ppu_programs", "host")
UNUSED_CACHE_DAYS = 30  # directories of old source text that nobody has used for so long are removed

_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+(?P<package>[\w.]+)[ \t]+import[ \t]+(?P<names>\([^)]*\)|[^\n]*)"
    r"|import[ \t]+(?P<plain>[^\n]*))",
    re.MULTILINE,
)
# variables that do not change the machine code
_HARMLESS = {"NUMBA_CACHE_DIR", "NUMBA_NUM_THREADS", "NUMBA_DISABLE_JIT", "NUMBA_DEBUG_CACHE"}

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


def cache_root() -> Path | None:
    """Return the directory of everything that we compile, or None where it cannot be written to."""
    chosen = os.environ.get("PLASTICORE_CACHE")
    if chosen:
        return _writable(chosen)
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return _writable(os.path.join(base, "plasticore"))


@functools.cache
def _writable(path: str) -> Path | None:
    """Return the path as an existing directory, or None where nothing can be written into it."""
    try:
        os.makedirs(path, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            return Path(path)
    except OSError:
        return None


@functools.cache
def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _module_file(name: str, importer: Path) -> Path | None:
    """Return the file of a dotted module name of ours or, for a user's file, beside it; None for anybody else's."""
    parts = name.split(".")
    if parts[0] in PACKAGES:
        base = ROOT.joinpath(*parts)
    elif any(importer.is_relative_to(ROOT / package) for package in PACKAGES):
        return None
    else:
        base = importer.parent.joinpath(*parts)
    for candidate in (base.with_suffix(".py"), base / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


def _absolute(name: str, path: Path) -> str:
    """Resolve the leading dots of a relative import in the file ``path``."""
    dots = len(name) - len(name.lstrip("."))
    if not dots or not path.is_relative_to(ROOT):
        return name
    parents = path.relative_to(ROOT).parts[:-dots]
    return ".".join([*parents, *filter(None, [name[dots:]])])


@functools.cache
def _imports(path: Path) -> tuple[Path, ...]:
    """Return our files that one file imports."""
    found = []
    for match in _IMPORT.finditer(_read(path)):
        if match["plain"]:
            names = [part.split()[0] for part in match["plain"].split(",") if part.split()]
        else:
            package = _absolute(match["package"], path)
            listed = re.sub(r"#[^\n]*|[()\\]", " ", match["names"]).split(",")
            names = [package, *(f"{package}.{part.split()[0]}" for part in listed if part.split())]
        found += [file for name in names if (file := _module_file(name, path)) is not None]
    return tuple(found)


@functools.cache
def import_closure(path: Path) -> tuple[Path, ...]:
    """Return the file and every file of our packages that it imports, directly or not, sorted."""
    seen: set[Path] = set()
    waiting = [path]
    while waiting:
        file = waiting.pop()
        if file not in seen:
            seen.add(file)
            waiting += _imports(file)
    return tuple(sorted(seen))


@functools.cache
def source_key(path: Path) -> str:
    """Return a hash, 20 hexadecimal digits, of all that the machine code of a file's functions depends on."""
    digest = hashlib.sha256()
    digest.update(repr((platform.python_version(), numba.__version__, llvmlite.__version__)).encode())
    flags = {k: v for k, v in os.environ.items() if k.startswith("NUMBA_") and k not in _HARMLESS}
    digest.update(repr(sorted(flags.items())).encode())
    for file in import_closure(path):
        digest.update(str(file).encode() + b"\0" + _read(file).encode() + b"\0")
    return digest.hexdigest()[:20]


@functools.cache
def _directory_of(path: Path, root: Path) -> str | None:
    """Return the cache directory for the functions of a source file; make it, and clear out long unused ones."""
    directory = root / source_key(path)
    try:
        if not directory.exists():
            directory.mkdir(exist_ok=True)
            _remove_unused(root)
        os.utime(directory)
    except OSError:
        return None
    return str(directory)


def _remove_unused(root: Path) -> None:
    oldest = time.time() - UNUSED_CACHE_DAYS * 24 * 3600
    for entry in root.iterdir():
        if re.fullmatch(r"[0-9a-f]{20}", entry.name) and entry.stat().st_mtime < oldest:
            shutil.rmtree(entry, ignore_errors=True)


class _Watch(numba_event.Listener):
    """Hears of numba when it compiles, and of us when it is through."""

    def __init__(self, begun: Callable[[str], None], ended: Callable[[], None]):
        self._begun, self._ended = begun, ended
        self._compiling = False

    def on_start(self, event: numba_event.Event) -> None:
        if _depth == 1 and not self._compiling:  # no callee, of ours or numba's, nor somebody else's function
            self._compiling = True
            self._begun(event.data["dispatcher"].py_func.__name__)

    def on_end(self, event: numba_event.Event) -> None:
        """Wait for our own end, when the machine code is in the cache too."""

    def ended(self) -> None:
        self._compiling = False
        self._ended()


_depth = 0  # functions that are being compiled or loaded, each the callee of the one before
_watches: list[_Watch] = []


def busy() -> bool:
    """Return whether numba compiles a function of ours, or loads it: no time for an exception from outside."""
    return _depth > 0


@contextlib.contextmanager
def watch(begun: Callable[[str], None], ended: Callable[[], None]) -> Iterator[None]:
    """Call ``begun(name)`` when a function is compiled, not only loaded, and ``ended()`` when numba is through.

    Callees belong to their caller. ``ended`` comes after loading too, and may raise.
    """
    watching = _Watch(begun, ended)
    numba_event.register("numba:compile", watching)
    _watches.append(watching)
    try:
        yield
    finally:
        _watches.remove(watching)
        numba_event.unregister("numba:compile", watching)


def _watched(dispatcher: Any) -> Any:
    """Return a function of numba's that counts as busy while it is compiled or loaded."""
    compile_one = dispatcher.compile

    def compile_watched(signature: Any) -> Any:
        global _depth
        _depth += 1
        try:
            with deep_calls():  # numba follows a variable from block to block, one within the other
                return compile_one(signature)
        finally:
            _depth -= 1
            if not _depth:
                for watching in _watches[::-1]:  # the innermost first, the outer may raise
                    watching.ended()

    dispatcher.compile = compile_watched
    return dispatcher


def compiled(function: Callable | None = None, **options: Any) -> Callable:
    """Compile a function with numba in no-Python mode, cached on disk; usable bare or with njit's options.

    With ``NUMBA_DISABLE_JIT=1`` the function stays plain Python. ``cache=False`` compiles without the disk cache.
    """
    if function is None:
        return functools.partial(compiled, **options)
    options.setdefault("no_cfunc_wrapper", True)  # nobody calls from C; a sixth of the compile time of small functions
    directory = None
    if options.pop("cache", True) and not numba_config.DISABLE_JIT:
        root = cache_root()
        path = Path(function.__code__.co_filename)
        if root is not None and path.is_file():
            directory = _directory_of(path.resolve(), root)
    if numba_config.DISABLE_JIT:
        return numba.njit(**options)(function)
    if directory is None:
        return _watched(numba.njit(**options)(function))
    previous = numba_config.CACHE_DIR
    numba_config.CACHE_DIR = directory  # numba chooses the place once, while it decorates
    try:
        return _watched(numba.njit(cache=True, **options)(function))
    finally:
        numba_config.CACHE_DIR = previous
