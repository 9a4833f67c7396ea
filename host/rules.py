"""Firmware for the command line: by name, or a user's own from a file, ``path/to/mine.py:MyRule``.

What a firmware must have is written down in :mod:`ppu_programs.contract`. On the command line it is made with those of
the settings ``seed``, ``epochs`` and ``hidden`` that it has and that were given. How a user's file is imported is in
:mod:`host.user_files`.
"""

from __future__ import annotations

import dataclasses
from types import ModuleType
from typing import TYPE_CHECKING, Any

import ppu_programs
from host import user_files
from host.user_files import blame as blame
from host.user_files import is_file as is_file
from host.user_files import short_name as short_name

if TYPE_CHECKING:
    from ppu_programs.contract import Firmware

FORM = "FILE.py:CLASS"
KIND = ("rule", "class")  # for sentences
OPTIONS = ("epochs", "hidden")  # of the command line, which are settings of a firmware


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
    user_files.check(rule, *KIND)


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

    path = user_files.parts(rule, *KIND)[0]
    module, name, found = user_files.load(rule, *KIND)
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


def _firmwares(module: ModuleType, firmware: type) -> str:
    """Say which firmware classes a module defines."""
    found = [
        name
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, firmware) and value.__module__ == module.__name__
    ]
    return f"its firmware classes are: {', '.join(found) or 'none'}"
