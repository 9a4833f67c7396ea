"""Firmware for the command line: by name, or a user's own from a file, ``path/to/mine.py:MyRule``.

What a firmware must have is written down in :mod:`ppu_programs.contract`. On the command line it is made with those of
the settings ``seed``, ``epochs`` and ``hidden`` that it has and that were given. A user's file is imported as Python
imports it: it may import what lies beside it, and what stands below ``if __name__ == "__main__":`` runs only as a
script.
"""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import ppu_programs
from host import mistakes

if TYPE_CHECKING:
    from ppu_programs.contract import Firmware

FORM = "FILE.py:CLASS"
OPTIONS = ("epochs", "hidden")  # of the command line, which are settings of a firmware


def is_file(rule: str) -> bool:
    """Return whether a rule is named by its file."""
    return ":" in rule or rule.endswith(".py")


def short_name(rule: str) -> str:
    """Return a rule's name for titles and directories: ``mine.MyRule`` for a file's."""
    if not is_file(rule):
        return rule
    path, _, name = rule.rpartition(":")
    return f"{Path(path).stem}.{name}"


def check(rule: str, learning: bool = True) -> None:
    """Refuse what can be refused without the compiler, without ``learning`` no example of ours.

    Raises:
        ValueError: one sentence.
    """
    if not is_file(rule):
        if rule in _names(learning):
            return
        if rule in ppu_programs.examples():
            raise ValueError(f"{rule} is an example that learns no task; `plasticore inspect {rule}` shows it")
        raise ValueError(f"the rule {rule!r} is unknown; {valid(learning)}")
    path, name = _parts(rule)
    try:
        path.read_bytes()
    except OSError as error:
        raise ValueError(f"the rule file {path} cannot be read: {error.strerror or error}") from None
    if not name.isidentifier():
        raise ValueError(f"the rule {rule!r} names the class {name!r}, which cannot be one; write {FORM}")


def valid(learning: bool = True) -> str:
    """Return which rules there are, in words; without ``learning`` with the examples."""
    return f"valid are {', '.join(_names(learning))}, and {FORM} for one of your own"


def _names(learning: bool) -> tuple[str, ...]:
    return ppu_programs.names() if learning else (*ppu_programs.names(), *ppu_programs.examples())


def load(rule: str, learning: bool = True) -> type[Firmware]:
    """Import and return the firmware class of a rule; without ``learning``, of any firmware.

    Raises:
        ValueError: one sentence, with file and line where there is one: the file cannot be read or imported, it has no
            such class, or the class is not a firmware, or learns no task.
    """
    check(rule, learning)
    if not is_file(rule):
        return ppu_programs.load(rule)
    from ppu_programs.contract import Firmware  # our packages come before what lies beside the user's file

    path, name = _parts(rule)
    try:
        module = _import(path.resolve())
    except (Exception, SystemExit) as error:
        sentence = blame(rule, error) or f"{path}: {type(error).__name__}: {error}"
        raise ValueError(f"the rule file cannot be imported: {sentence}") from error
    found = getattr(module, name, None)
    if found is None:
        raise ValueError(f"the rule file {path} has no class {name}; {_firmwares(module, Firmware)}")
    if not isinstance(found, type) or not issubclass(found, Firmware):
        raise ValueError(
            f"{name} of the rule file {path} is not a firmware, a subclass of ppu_programs.Firmware; "
            f"{_firmwares(module, Firmware)}"
        )
    if learning and not found.learns_task:
        raise ValueError(
            f"firmware {name} of the rule file {path} learns no task; `plasticore inspect` shows it, and with "
            "learns_task = True in its class it is given one"
        )
    return found


def accepts(firmware_class: type, setting: str) -> bool:
    """Return whether a firmware has a setting of that name."""
    settings_class = getattr(firmware_class, "settings_class", None)
    return dataclasses.is_dataclass(settings_class) and setting in (f.name for f in dataclasses.fields(settings_class))


def make(firmware_class: type, seed: int | None = None, **settings: Any) -> Firmware:
    """Make a firmware with settings of the command line; ``seed`` is left out where it has none.

    Raises:
        ValueError: one of them is not its setting, or it refuses a value.
    """
    name = getattr(firmware_class, "__name__", "rule")
    if seed is not None and accepts(firmware_class, "seed"):
        settings["seed"] = seed
    for setting in settings:
        if setting in OPTIONS and not accepts(firmware_class, setting):
            raise ValueError(f"firmware {name} has no setting {setting}; leave out --{setting}")
    firmware: Firmware = firmware_class(**settings)
    return firmware


def blame(rule: str, error: BaseException) -> str | None:
    """Return where in a user's file, or beside it, an error happened, and what; None where it did not happen there.

    Where on the chip it happened is told too, see :mod:`host.mistakes`.
    """
    if not is_file(rule):
        return None
    directory = _parts(rule)[0].resolve().parent
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


def _parts(rule: str) -> tuple[Path, str]:
    path, _, name = rule.rpartition(":")
    if not path or not name:
        raise ValueError(f"the rule {rule!r} needs a file and a class; write {FORM}")
    return Path(path).expanduser(), name


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
    try:
        exec(compile(source, str(path), "exec", dont_inherit=True), module.__dict__)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _firmwares(module: ModuleType, firmware: type) -> str:
    """Say which firmware classes a module defines."""
    found = [
        name
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, firmware) and value.__module__ == module.__name__
    ]
    return f"its firmware classes are: {', '.join(found) or 'none'}"
