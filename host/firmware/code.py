"""What code a run was made by: our sources, and every module and data file that a user's rule has loaded, by hash.

Modules are found twice: in the syntax trees of the rule's file and of what it imports, and by watching Python import
while the rule is loaded and runs, as for a name that is computed. Files that it reads through Python's ``open`` are
found by watching, too. Installed distributions count with their version and, where there is one, their list of hashes.

:data:`UNKNOWN` says what nobody can see from here.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import sys
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from chip.base import version
from chip.base.imports import ROOT, foreign_imports_of, import_closure, is_installed, is_ours, source

UNKNOWN = (
    "files that a library opens without Python, as HDF5's does",
    "what comes from other processes, the network or environment variables",
)
SYSTEM = tuple(map(Path, ("/proc", "/sys", "/dev")))
METADATA = (".dist-info", ".egg-info")  # of distributions; an editable install has its own beside its sources
_NOT_READING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


@dataclass
class _Seen:
    """What Python was seen to do while one rule was loaded, or ran, in this process.

    Attributes:
        imported: names of modules; modules: files of a user's among them.
        read: hashes of files, as they were when they were opened last; states: their times and sizes.
    """

    imported: set[str] = field(default_factory=set)
    modules: set[Path] = field(default_factory=set)
    read: dict[Path, str] = field(default_factory=dict)
    states: dict[Path, tuple[int, ...]] = field(default_factory=dict)


_seen: dict[Path, _Seen] = {}  # by the rule's file
_watching: list[_Seen] = []
_hashes: dict[Path, tuple[object, str]] = {}  # of modules, as they were when they were seen first, and that load's spec
_hearing = threading.local()


# ---------------------------------------------------------------------- watching


@contextlib.contextmanager
def watching(rule_file: Path | None) -> Iterator[None]:
    """Within this context see what is imported and read for the rule of a file; for one of ours, None, nothing."""
    if rule_file is None:
        yield
        return
    _listen()
    seen = _seen.setdefault(rule_file.resolve(), _Seen())
    _watching.append(seen)
    try:
        yield
    finally:
        _watching.remove(seen)
        loaded = _files_of(seen.imported)
        _module_hashes(loaded)
        seen.modules |= loaded


def forget(file: Path) -> None:
    """A file is about to be run anew: what it was before counts no more."""
    _hashes.pop(file, None)


class _Listener:
    """Stands among Python's finders of modules, hears what is looked for, and finds nothing."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        for seen in tuple(_watching):
            seen.imported.add(name)


_listener = _Listener()


def _listen() -> None:
    if _listener not in sys.meta_path:
        sys.meta_path.insert(0, _listener)  # type: ignore[arg-type]
    _listen_to_files()


@functools.cache
def _listen_to_files() -> None:
    sys.addaudithook(_hear)  # for good: Python has no way to take it back


def _hear(event: str, arguments: tuple) -> None:
    if not _watching or event != "open" or getattr(_hearing, "busy", False):
        return
    _hearing.busy = True
    try:
        for seen in tuple(_watching):
            _note_read(seen, *arguments)
    finally:
        _hearing.busy = False


def _note_read(seen: _Seen, path: Any, mode: str | None, flags: int) -> None:
    """Note a file that is opened for reading, with the hash of what it holds now."""
    if flags & _NOT_READING or not isinstance(path, str | bytes | os.PathLike):
        return
    with contextlib.suppress(OSError, ValueError):
        file = Path(os.fsdecode(path)).resolve()
        if not _is_data(file):
            return
        found = file.stat()
        state = found.st_mtime_ns, found.st_size, found.st_ino
        if seen.states.get(file) != state:
            seen.states[file], seen.read[file] = state, _hash(file.read_bytes())


def _is_data(file: Path) -> bool:
    """Return whether a file may be a rule's data: none of the system, of Python, of ours, and no cached code."""
    from chip.base.code_cache import cache_root

    if any(parent.suffix in METADATA for parent in file.parents):
        return False
    if not file.is_file() or is_ours(file) or is_installed(file) or file == version.PROJECT_FILE:
        return False
    cache = cache_root()
    places = SYSTEM if cache is None else (*SYSTEM, cache)
    return not any(file.is_relative_to(place) for place in places) and file.suffix not in (".py", ".pyc")


def _files_of(modules: Iterable[str]) -> set[Path]:
    """Return the files of a user's modules that are loaded."""
    files = (getattr(sys.modules.get(name), "__file__", None) for name in modules)
    found = {Path(file).resolve() for file in files if isinstance(file, str)}
    return {file for file in found if file.is_file() and not is_ours(file) and not is_installed(file)}


# ---------------------------------------------------------------------- what was used


@dataclass(frozen=True)
class Code:
    """What a run was made by.

    Attributes:
        ours: a hash, 16 hexadecimal digits, of those of our sources that it needs.
        files: SHA-256 of a user's modules, the rule's own first, and of data files that it has read.
        distributions: other people's packages that the rule imports, with their versions.
        imported: those of the files that the texts of the rule's modules import; read: those that are data.
    """

    ours: str
    files: dict[Path, str] = field(default_factory=dict)
    distributions: dict[str, str] = field(default_factory=dict)
    imported: frozenset[Path] = frozenset()
    read: frozenset[Path] = frozenset()

    @property
    def rule_file(self) -> Path | None:
        """The user's file that the rule comes from."""
        return next(iter(self.files), None)

    def table(self) -> dict[str, Any]:
        """As plain values; files by their paths from the directory of the rule's file."""
        base = None if self.rule_file is None else self.rule_file.parent
        files = {os.path.relpath(file, base): digest for file, digest in self.files.items()}
        return {"ours": self.ours, "files": files, "distributions": self.distributions}


def code_of(firmware_class: type, *others: type) -> Code:
    """Return what a rule's firmware is made by; our sources are those of the other classes, too."""
    modules = [sys.modules.get(made_by.__module__) for made_by in (firmware_class, *others)]
    paths = [Path(file).resolve() for module in modules if (file := getattr(module, "__file__", None)) is not None]
    paths = [path for path in paths if path.is_file()]
    closure = {file for path in paths for file in import_closure(path)}
    digest = hashlib.sha256()
    for name, file in sorted((file.relative_to(ROOT).as_posix(), file) for file in closure if is_ours(file)):
        digest.update(name.encode() + b"\0" + source(file) + b"\0")
    ours = digest.hexdigest()[:16]
    own = next((path for path in paths[:1] if not is_ours(path)), None)
    if own is None:
        return Code(ours)
    imported = frozenset(file for file in closure if not is_ours(file))
    modules, data = _users_files(own, imported)
    return Code(ours, modules | data, _distributions(imported), imported, frozenset(data))


def _users_files(own: Path, imported: frozenset[Path]) -> tuple[dict[Path, str], dict[Path, str]]:
    """Return hashes of a rule's modules and data: what it imports, and what was seen where any of that was loaded."""
    files, read = set(imported), {}
    for rule_file, seen in _seen.items():
        if rule_file == own or seen.modules & imported:
            files |= seen.modules
            files |= {f for file in seen.modules for f in import_closure(file) if not is_ours(f)}
            read |= seen.read
    found = _module_hashes((own, *sorted(files - {own})))
    return found, {file: digest for file, digest in sorted(read.items()) if file not in found}


def _module_hashes(files: Iterable[Path]) -> dict[Path, str]:
    """Return hashes of modules as they were when they were loaded: an edit afterwards does not count until the next."""
    files, specs = list(files), {}
    wanted = set(files)
    for module in list(sys.modules.values()):
        name = getattr(module, "__file__", None)
        if isinstance(name, str) and (file := Path(name).resolve()) in wanted:
            specs[file] = getattr(module, "__spec__", None)
    for file, spec in specs.items():
        if file not in _hashes or _hashes[file][0] is not spec:
            _hashes[file] = spec, _hash(file.read_bytes())
    return {file: _hashes[file][1] if file in specs else _hash(file.read_bytes()) for file in files}


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _distributions(imported: frozenset[Path]) -> dict[str, str]:
    """Return the versions of the distributions that a user's files import; with a hash of their lists of hashes."""
    wanted = {name for file in imported for name in foreign_imports_of(file)}
    names = {name for module in wanted for name in _providers().get(module, ())}
    found = {}
    for name in sorted(names):
        distribution = metadata.distribution(name)
        record = distribution.read_text("RECORD")
        found[name] = distribution.version + (f", {_hash(record.encode())[:16]}" if record else "")
    return found


@functools.cache
def _providers() -> dict[str, list[str]]:
    return dict(metadata.packages_distributions())


# ---------------------------------------------------------------------- then and now


def changes(then: Any, now: Code) -> str:
    """Return what differs between the table of a run and the code now, as the end of a sentence; "" where nothing does.

    Files that only the run has seen, as it ran to its end, are looked at as they are now.
    """
    table = now.table()
    if not isinstance(then, dict) or then.get("ours") != table["ours"]:
        return "was written by another state of plasticore's own sources"
    base = Path() if now.rule_file is None else now.rule_file.parent
    data = {os.path.relpath(file, base) for file in now.read}
    for name, digest in then["files"].items():
        modules = {} if name in data else table["files"]  # what was loaded stays so, what was read is read again
        there = modules.get(name) or _hash_now(base / name)
        if there != digest:
            return f"was written with another {name}" + ("" if there else ", which cannot be read now")
    for file in now.imported:
        if (name := os.path.relpath(file, base)) not in then["files"]:
            return f"was written without {name}, which the rule imports now"
    return _other_distribution(then, table)


def conflict(one: dict[str, Any], other: dict[str, Any]) -> str:
    """Return what two tables of the same rule do not agree in; "" where they do, as far as both know."""
    if one["ours"] != other["ours"]:
        return "plasticore's own sources were"
    for name, digest in one["files"].items():
        if other["files"].get(name, digest) != digest:
            return f"{name} was"
    return "a distribution that it imports was" if _other_distribution(one, other) else ""


def joined(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Return what either of two tables knows that do not disagree."""
    return one | {name: one[name] | other[name] for name in ("files", "distributions")}


def _other_distribution(then: dict[str, Any], now: dict[str, Any]) -> str:
    for name, at in now["distributions"].items():
        if (was := then["distributions"].get(name)) != at:
            return f"was written with {name} {was}, now it is {at}"
    return ""


def _hash_now(file: Path) -> str | None:
    with contextlib.suppress(OSError):
        return _hash(file.read_bytes())
    return None
