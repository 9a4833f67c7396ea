"""Python files of a user's on the command line, ``path/to/mine.py:NAME``: found, imported, and blamed for errors.

A file is imported as Python imports it: it may import what lies beside it, and what stands below
``if __name__ == "__main__":`` runs only as a script.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

from host.firmware import code, mistakes

UNSAFE = str.maketrans({mark: "_" for mark in '/\\:*?"<>| '})  # in the name of a file or a directory


def is_file(text: str) -> bool:
    """Return whether something is named by its file."""
    return ":" in text or text.endswith(".py")


def short_name(text: str) -> str:
    """Return a name for titles and directories: ``mine.MyRule`` for ``path/to/mine.py:MyRule``, else the text."""
    if not is_file(text):
        return text
    path, _, name = text.rpartition(":")
    return f"{Path(path).stem}.{name}"


def parts(text: str, what: str, kind: str) -> tuple[Path, str]:
    """Return the file and the name within it; ``what`` and ``kind`` are for sentences: a rule, which is a class.

    Raises:
        ValueError: one of them is missing.
    """
    path, _, name = text.rpartition(":")
    if not path or not name:
        raise ValueError(f"the {what} {text!r} needs a file and a {kind}; write FILE.py:{kind.upper()}")
    return Path(path).expanduser(), name


def check(text: str, what: str, kind: str) -> None:
    """Refuse what can be refused without an import: a file that cannot be read, a name that is none.

    Raises:
        ValueError: one sentence.
    """
    path, name = parts(text, what, kind)
    try:
        path.read_bytes()
    except OSError as error:
        raise ValueError(f"the {what} file {path} cannot be read: {error.strerror or error}") from None
    if not name.isidentifier():
        raise ValueError(
            f"the {what} {text!r} names the {kind} {name!r}, which cannot be one; write FILE.py:{kind.upper()}"
        )


def load(text: str, what: str, kind: str) -> tuple[ModuleType, str, object]:
    """Import a file; return the module, the name within it, and what has that name, None where nothing has.

    Raises:
        ValueError: it cannot be imported; one sentence, with file and line where there is one.
    """
    path, name = parts(text, what, kind)
    try:
        module = _import(path.resolve())
    except (Exception, SystemExit) as error:
        sentence = blame(text, error) or f"{path}: {type(error).__name__}: {error}"
        raise ValueError(f"the {what} file cannot be imported: {sentence}") from error
    return module, name, getattr(module, name, None)


def blame(text: str, error: BaseException) -> str | None:
    """Return where in a user's file, or beside it, an error happened, and what; None where it did not happen there.

    Where on the chip it happened is told too, see :mod:`host.firmware.mistakes`.
    """
    if not is_file(text):
        return None
    directory = parts(text, "file", "name")[0].resolve().parent
    if isinstance(error, SyntaxError):
        return f"{error.filename}:{error.lineno}: {type(error).__name__}: {error.msg}"
    where, traceback = mistakes.line(error), error.__traceback__  # tasks are compiled and leave no trace
    if where and Path(where.rpartition(":")[0]).parent != directory:
        where = ""
    while traceback is not None:
        file = traceback.tb_frame.f_code.co_filename
        if Path(file).parent == directory:
            where = f"{file}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    if not where:
        return None
    what = mistakes.sentence(error)
    if str(error).startswith(f"{where.rpartition(':')[0]}:"):
        return f"{error}{mistakes.place(error)}"
    return f"{where}: {what}"


def _import(path: Path) -> ModuleType:
    """Run a file as a module of its own name, without Python's bytecode cache, which can miss an edit."""
    source = path.read_bytes()
    if sys.path[0] != str(path.parent):
        sys.path.insert(0, str(path.parent))
    name = path.stem
    if name in sys.modules and getattr(sys.modules[name], "__file__", None) != str(path):
        name = f"rule_{name}"  # somebody else's module has the name
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module
    code.forget(path)
    try:
        with code.watching(path):
            exec(compile(source, str(path), "exec", dont_inherit=True), module.__dict__)
    except BaseException:
        del sys.modules[name]
        raise
    return module
