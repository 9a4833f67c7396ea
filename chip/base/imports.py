"""What a source file imports, directly or not, read from its syntax tree; other people's packages are left out.

A name is looked up where Python would find it: among the modules that are loaded, else on Python's path, beside the
importing file first. What a program imports by a name that it computes is not seen here; who must know it looks at what
was loaded, see :mod:`host.firmware.code`.
"""

from __future__ import annotations

import ast
import functools
import importlib.machinery
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("chip", "ppu_programs", "host")
_OF_A_SCRIPT = ("__name__ == '__main__'", "'__main__' == __name__")
_INSTALLED = ("stdlib", "platstdlib", "purelib", "platlib")


@dataclass(frozen=True)
class Import:
    """One name that a statement may import; ``level`` dots stand in front of it."""

    name: str
    level: int = 0


@functools.cache
def is_ours(path: Path) -> bool:
    """Return whether a resolved path is one of our packages' files."""
    return any(path.is_relative_to(ROOT / package) for package in PACKAGES)


@functools.cache
def is_installed(path: Path) -> bool:
    """Return whether a resolved path lies where Python and installed distributions have theirs."""
    return any(path.is_relative_to(place) for place in _installed_places())


@functools.cache
def _installed_places() -> tuple[Path, ...]:
    import site

    found = [sysconfig.get_paths()[name] for name in _INSTALLED]
    base = {"base": sys.base_prefix, "platbase": sys.base_exec_prefix}
    found += [sysconfig.get_path(name, vars=base) for name in ("stdlib", "platstdlib")]
    found += [*site.getsitepackages(), site.getusersitepackages()]
    return tuple(Path(place).resolve() for place in found)


def import_closure(path: Path) -> tuple[Path, ...]:
    """Return a file and every file of ours or of a user's that it imports, directly or not, sorted.

    Raises:
        OSError: one of them cannot be read.
    """
    seen: set[Path] = set()
    waiting = [path]
    while waiting:
        file = waiting.pop()
        if file not in seen:
            seen.add(file)
            waiting += imports_of(file)
    return tuple(sorted(seen))


def source(path: Path) -> bytes:
    """Return the text of a file; of ours as it was when it was first asked for, of a user's as it is."""
    return _our_source(path) if is_ours(path) else path.read_bytes()


@functools.cache
def _our_source(path: Path) -> bytes:
    return path.read_bytes()


def imports_of(path: Path) -> tuple[Path, ...]:
    """Return the files of ours and of a user's that one file imports; none where it is no Python that can be read."""
    return _our_imports_of(path) if is_ours(path) else _imports_of(path)


@functools.cache
def _our_imports_of(path: Path) -> tuple[Path, ...]:
    return _imports_of(path)


def _imports_of(path: Path) -> tuple[Path, ...]:
    found = []
    for wanted in _wanted(source(path)):
        found += _files_of(wanted, path)
    return tuple(dict.fromkeys(found))


def foreign_imports_of(path: Path) -> set[str]:
    """Return the first names of the other modules that one file imports: Python's own and installed ones."""
    return {
        wanted.name.partition(".")[0]
        for wanted in _wanted(source(path))
        if not wanted.level and not _files_of(wanted, path)
    }


@functools.lru_cache(4096)
def _wanted(text: bytes) -> tuple[Import, ...]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return ()
    return tuple(wanted for statement in _statements(tree) for wanted in _of_statement(statement))


def _statements(tree: ast.AST) -> Iterator[ast.stmt]:
    """Yield all statements within a tree, but those that only a script runs; expressions import nothing."""
    for field in ("body", "orelse", "finalbody", "handlers", "cases"):
        for child in getattr(tree, field, ()):
            if isinstance(child, ast.stmt):
                yield child
            if not (isinstance(child, ast.If) and ast.unparse(child.test) in _OF_A_SCRIPT):
                yield from _statements(child)


def _of_statement(statement: ast.stmt) -> list[Import]:
    if isinstance(statement, ast.Import):
        return [Import(alias.name) for alias in statement.names]
    if isinstance(statement, ast.ImportFrom):
        package, level = statement.module or "", statement.level
        inner = [f"{package}.{alias.name}".strip(".") for alias in statement.names if alias.name != "*"]
        return [Import(name, level) for name in filter(None, [package, *inner])] or [Import("", level)]
    return []


def _files_of(wanted: Import, importer: Path) -> list[Path]:
    """Return the files that an import runs: the module's, and those of the packages around it."""
    parts = wanted.name.split(".") if wanted.name else []
    if wanted.level:
        return _below(importer.parents[min(wanted.level, len(importer.parents)) - 1], parts, within=True)
    if parts[0] in PACKAGES:
        return _below(ROOT, parts)
    if is_ours(importer):
        return []
    return _users_files(parts, importer)


def _below(base: Path, parts: list[str], within: bool = False) -> list[Path]:
    """Return the files of a dotted name below a directory, packages first; ``within`` a package that is itself one."""
    found = [base / "__init__.py"] if within else []
    for part in parts:
        base = base / part
        found += [base.with_name(f"{part}.py"), base / "__init__.py"]
    return [path for path in found if path.is_file()]


def _users_files(parts: list[str], importer: Path) -> list[Path]:
    found = []
    for count in range(1, len(parts) + 1):
        path = _loaded_file(".".join(parts[:count]))
        if path is None:
            found += _searched(parts, importer)
            break
        found.append(path)
    return [path for path in found if not is_installed(path)]


def _loaded_file(name: str) -> Path | None:
    file = getattr(sys.modules.get(name), "__file__", None)
    return Path(file).resolve() if isinstance(file, str) and file.endswith(".py") and Path(file).is_file() else None


def _searched(parts: list[str], importer: Path) -> list[Path]:
    """Return the files of a module that is not loaded: beside its importer, or where Python's path leads to."""
    if beside := _below(importer.parent, parts):
        return [path.resolve() for path in beside]
    if parts[0] in sys.builtin_module_names or parts[0] in sys.stdlib_module_names:
        return []
    try:
        spec = importlib.machinery.PathFinder.find_spec(parts[0])
    except (ImportError, OSError, ValueError):
        return []
    places = [Path(place) for place in (spec.submodule_search_locations or ())] if spec else []
    found = [Path(spec.origin)] if spec and spec.origin and spec.origin.endswith(".py") else []
    for place in places:
        found += _below(place, parts[1:])
    return [path.resolve() for path in found if path.is_file()]
