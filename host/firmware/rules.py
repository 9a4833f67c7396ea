"""Firmware for the command line: by name, or a user's own from a file, ``path/to/mine.py:MyRule``.

What a firmware must have is written down in :mod:`ppu_programs.contract`. On the command line it is made with the
settings that were given, see :mod:`host.firmware.settings`, and with the seed, where it has one. How a user's file is
imported is in :mod:`host.firmware.user_files`.

Where ``learning`` is an argument, True asks for a firmware that learns a task, False for one that learns none, and None
takes any.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any

import ppu_programs
from host.commands.arguments import DEFAULT_TASK
from host.firmware import settings as firmware_settings
from host.firmware import user_files
from host.firmware.user_files import blame as blame
from host.firmware.user_files import is_file as is_file
from host.firmware.user_files import short_name as short_name

if TYPE_CHECKING:
    from ppu_programs.contract import Firmware

FORM = "FILE.py:CLASS"
KIND = ("rule", "class")  # for sentences
OPTIONS = ("epochs", "hidden")  # of the command line, which are settings of a firmware
USUAL_TASKS = {"latent-predictive": "moving-bars"}  # of rules that cannot learn the usual one


def check(rule: str, learning: bool | None = True) -> None:
    """Refuse what can be refused without the compiler.

    Raises:
        ValueError: one sentence.
    """
    if is_file(rule):
        user_files.check(rule, *KIND)
    elif rule not in _names(None):
        raise ValueError(f"the rule {rule!r} is unknown; {valid(learning)}")
    elif rule not in _names(learning):
        raise ValueError(_of_the_other_kind(rule, rule in ppu_programs.names()))


def valid(learning: bool | None = True) -> str:
    """Return which rules there are, in words."""
    return f"valid are {', '.join(_names(learning))}, and {FORM} for one of your own"


def _names(learning: bool | None) -> tuple[str, ...]:
    return ppu_programs.names() * (learning is not False) + ppu_programs.example_names() * (not learning)


def _of_the_other_kind(rule: str, learns: bool) -> str:
    """What is to be done with a firmware that learns a task where none is, or the other way round."""
    if learns:
        return f"{rule} learns a task; `plasticore train TASK --rule {rule}` gives it one"
    return f"{rule} learns no task; `plasticore run {rule}` runs it"


def load(rule: str, learning: bool | None = True) -> type[Firmware]:
    """Import and return the firmware class of a rule.

    Raises:
        ValueError: one sentence, with file and line where there is one: the file cannot be read or imported, it has no
            such class, or the class is not a firmware, or not one of the kind that is asked for.
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
    if learning is not None and bool(found.learns_task) is not learning:
        hint = ", and with learns_task = True in its class it is given one" * (not found.learns_task)
        raise ValueError(_of_the_other_kind(rule, found.learns_task) + hint)
    return found


def usual_task(rule: str) -> str:
    """The name of a task, without files, that a rule can be looked at with."""
    return USUAL_TASKS.get(rule, DEFAULT_TASK)


def accepts(firmware_class: type, setting: str) -> bool:
    """Return whether a firmware has a setting of that name."""
    return setting in firmware_settings.fields(firmware_class)


def make(firmware_class: type, settings: Mapping[str, Any], seed: int | None = None) -> Firmware:
    """Make a firmware with settings of the command line, texts read as the types that they have.

    ``seed`` is left out where it has none, or where another one is among the settings.

    Raises:
        ValueError: one of them is not its setting, or it refuses a value.
    """
    name = getattr(firmware_class, "__name__", "rule")
    for setting in settings:
        if setting in OPTIONS and not accepts(firmware_class, setting):
            raise ValueError(f"firmware {name} has no setting {setting}; leave out --{setting}")
    chosen = firmware_settings.typed(firmware_class, settings)
    if seed is not None and accepts(firmware_class, "seed"):
        chosen.setdefault("seed", seed)
    firmware: Firmware = firmware_class(**chosen)
    return firmware


def _firmwares(module: ModuleType, firmware: type) -> str:
    """Say which firmware classes a module defines."""
    found = [
        name
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, firmware) and value.__module__ == module.__name__
    ]
    return f"its firmware classes are: {', '.join(found) or 'none'}"
