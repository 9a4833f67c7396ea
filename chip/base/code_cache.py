"""Where machine code is kept on disk: the place, a directory for each state of the sources, and files that are checked.

numba keys its cache by the file of the decorated function alone, so a function that calls another file's function keeps
the old machine code when that other file changes. Here the directory is keyed: by the text of the file and of every
file of ours, or of the user's, that it imports, directly or not, by the versions of Python, numba, llvmlite and numpy,
and by the ``NUMBA_*`` variables that change code generation (bounds checks, debugging).

The cache is ``$PLASTICORE_CACHE``, else ``$XDG_CACHE_HOME/plasticore``, else ``~/.cache/plasticore``. Nothing that is
wrong with it stops anybody: where nothing can be written, or the disk is full, functions are compiled and not kept;
what is damaged, each file has a checksum, is compiled anew. Either is said once, as a :class:`CacheWarning`.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import pickle
import platform
import re
import shutil
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import llvmlite
import numba
import numpy as np
from numba.core.caching import CompileResultCacheImpl, FunctionCache, IndexDataCacheFile, _CacheLocator

from chip.base import imports
from chip.base.errors import CacheWarning
from chip.base.imports import import_closure, is_ours, source

FORMAT = "2"  # of the files, so that those of another one are left alone
UNUSED_DAYS = 30  # directories of old source text that nobody has used for so long are removed
REMEDY = "every start compiles anew; PLASTICORE_CACHE names another place"
CHECKSUM_BYTES = 16

# variables that do not change the machine code
_HARMLESS = {"NUMBA_CACHE_DIR", "NUMBA_NUM_THREADS", "NUMBA_DISABLE_JIT", "NUMBA_DEBUG_CACHE"}
_KEEPING = {Path(__file__).resolve(), Path(imports.__file__).resolve()}  # say where code is kept, not what it is
_said: set[str] = set()  # kinds of trouble that this process has told of


def say_once(kind: str, sentence: str) -> None:
    """Warn, unless trouble of this kind was told of before in this process."""
    if kind not in _said:
        _said.add(kind)
        warnings.warn(sentence, CacheWarning, stacklevel=2)


def say_nothing() -> None:
    """Be silent about a place where nothing can be kept: somebody else has told of it, as for a pool of processes."""
    _said.add("place")


# ---------------------------------------------------------------------- the place


def cache_root() -> Path | None:
    """Return the directory of everything that we compile, or None where it cannot be written to."""
    chosen = os.environ.get("PLASTICORE_CACHE")
    if chosen:
        path = os.path.expanduser(chosen)
    else:
        base = os.environ.get("XDG_CACHE_HOME", "")
        path = os.path.join(base if os.path.isabs(base) else os.path.expanduser("~/.cache"), "plasticore")
    if path.startswith("~"):
        say_once("place", f"compiled code is not kept: {path} is in a home directory that nobody knows; {REMEDY}")
        return None
    return _writable(os.path.abspath(path))


@functools.cache
def _writable(path: str) -> Path | None:
    """Return the path as an existing directory, or None where nothing can be written into it."""
    try:
        os.makedirs(path, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            return Path(path)
    except OSError as error:
        not_kept("place", path, error)
        return None


def not_kept(kind: str, path: object, error: OSError) -> None:
    """Tell that something could not be written."""
    say_once(kind, f"compiled code is not kept: nothing can be written to {path}: {error.strerror or error}; {REMEDY}")


def source_key(path: Path) -> str:
    """Return a hash, 20 hexadecimal digits, of all that the machine code of a file's functions depends on.

    Raises:
        OSError: a file cannot be read.
    """
    return _our_key(path) if is_ours(path) else _key(path)  # a user's file may be edited and imported again


@functools.cache
def _our_key(path: Path) -> str:
    return _key(path)


def _key(path: Path) -> str:
    digest = hashlib.sha256()
    made_by = (FORMAT, platform.python_version(), numba.__version__, llvmlite.__version__, np.__version__)
    flags = {k: v for k, v in os.environ.items() if k.startswith("NUMBA_") and k not in _HARMLESS}
    digest.update(repr((made_by, sorted(flags.items()))).encode(errors="surrogateescape"))
    for file in sorted(set(import_closure(path)) - _KEEPING):
        digest.update(os.fsencode(file) + b"\0" + source(file) + b"\0")
    return digest.hexdigest()[:20]


def directory_of(path: Path, root: Path) -> str | None:
    """Return the cache directory for the functions of a source file; make it, and clear out long unused ones."""
    try:
        return _made(root / source_key(path), root)
    except OSError as error:
        not_kept("full", root, error)
        return None


@functools.cache
def _made(directory: Path, root: Path) -> str:
    if not directory.exists():
        directory.mkdir(exist_ok=True)
        _remove_unused(root)
    os.utime(directory)
    return str(directory)


def _remove_unused(root: Path) -> None:
    oldest = time.time() - UNUSED_DAYS * 24 * 3600
    for entry in root.iterdir():
        with contextlib.suppress(OSError):  # somebody else does the same
            if re.fullmatch(r"[0-9a-f]{20}", entry.name) and entry.stat().st_mtime < oldest:
                shutil.rmtree(entry, ignore_errors=True)


# ---------------------------------------------------------------------- the files


class DamagedError(Exception):
    """A file of the cache is not what was written."""


class _Place(_CacheLocator):
    """One directory, for a function whose sources have named it: no time stamp is needed."""

    def __init__(self, directory: str, line: int):
        self.directory, self.line = directory, line

    def get_cache_path(self) -> str:
        return self.directory

    def get_source_stamp(self) -> str:
        return FORMAT

    def get_disambiguator(self) -> str:
        return str(self.line)


class _Results(CompileResultCacheImpl):
    """numba's results of compiling, in a place that is given and not searched for."""

    def __init__(self, function: Callable, directory: str):
        code = function.__code__
        self._lineno = code.co_firstlineno
        self._locator = _Place(directory, code.co_firstlineno)
        name = f"{Path(code.co_filename).stem}.{function.__qualname__}"
        self._filename_base = self.get_filename_base(name, "")


class _CheckedFiles(IndexDataCacheFile):
    """numba's index and data files, each with a checksum of its content in front."""

    def _load_index(self) -> dict:
        try:
            stamp, overloads = self._read(self._index_path)
        except FileNotFoundError:
            return {}
        except DamagedError:
            _damaged(self._index_path)
            return {}
        return overloads if stamp == self._source_stamp else {}

    def _load_data(self, name: str) -> Any:
        path = self._data_path(name)
        try:
            return self._read(path)
        except DamagedError:
            _damaged(path)
            return None

    def _save_index(self, overloads: dict) -> None:
        self._write(self._index_path, (self._source_stamp, overloads))

    def _save_data(self, name: str, data: Any) -> None:
        self._write(self._data_path(name), data)

    def _write(self, path: str, content: Any) -> None:
        data = self._dump(content)
        os.makedirs(self._cache_path, exist_ok=True)  # somebody may have cleared the cache
        with self._open_for_write(path) as file:
            file.write(_checksum(data) + data)

    @staticmethod
    def _read(path: str) -> Any:
        with open(path, "rb") as file:
            checksum, data = file.read(CHECKSUM_BYTES), file.read()
        if checksum != _checksum(data):
            raise DamagedError
        return pickle.loads(data)  # what we have written ourselves, into the user's own directory


class KeptCode(FunctionCache):
    """The cache of one function, in the place of numba's: any trouble with it is a compilation."""

    def __init__(self, function: Callable, directory: str):
        self._name, self._py_func = repr(function), function
        self._impl = _Results(function, directory)
        self._cache_path = directory
        self._cache_file = _CheckedFiles(directory, self._impl.filename_base, self._impl.locator.get_source_stamp())
        self.enable()

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return what was compiled before for a signature, or None."""
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # whatever a file that is none of ours can make of numba
            _damaged(self._cache_path)
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep what was compiled for a signature, where that is possible."""
        try:
            super().save_overload(sig, data)
        except OSError as error:
            not_kept("full", self._cache_path, error)


def _checksum(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=CHECKSUM_BYTES).digest()


def _damaged(path: str) -> None:
    say_once("damaged", f"compiled code in {path} is damaged, as after a power cut; it is compiled anew")
