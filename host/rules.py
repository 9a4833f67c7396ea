"""Learning rules for the command line: by name, or a user's own from a file, ``path/to/mine.py:MyRule``.

What a rule must have is written down in :class:`host.contract.LearningFirmware`. On the command line its class is
called with ``seed=``, and with ``epochs=`` and ``hidden=`` where they were given. How a user's file is imported is in
:mod:`host.user_files`.
"""

from __future__ import annotations

import hashlib
import inspect
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import ppu_programs
from host import user_files
from host.user_files import blame as blame
from host.user_files import is_file as is_file
from host.user_files import short_name as short_name

PACKAGES = ("chip", "ppu_programs", "host")
FORM = "FILE.py:CLASS"
KIND = ("rule", "class")  # for sentences


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


def load(rule: str, learning: bool = True) -> type:
    """Import and return the firmware class of a rule; without ``learning``, of any firmware.

    Raises:
        ValueError: one sentence, with file and line where there is one: the file cannot be read or imported, it has no
            such class, the class is not a firmware, or lacks a method that it needs.
    """
    check(rule, learning)
    if not is_file(rule):
        return ppu_programs.load(rule)
    from chip.ppu.program import Firmware  # our packages come before what lies beside the user's file
    from host.contract import missing_methods

    path = user_files.parts(rule, *KIND)[0]
    module, name, found = user_files.load(rule, *KIND)
    if found is None:
        raise ValueError(f"the rule file {path} has no class {name}; {_firmwares(module, Firmware)}")
    if not isinstance(found, type) or not issubclass(found, Firmware):
        raise ValueError(
            f"{name} of the rule file {path} is not a firmware, a subclass of chip.ppu.program.Firmware; "
            f"{_firmwares(module, Firmware)}"
        )
    missing = missing_methods(found)
    if not learning and not learns(found):
        missing = [name for name in missing if hasattr(Firmware, name)]
    if missing:
        raise ValueError(
            f"firmware {name} of the rule file {path} has no {' and no '.join(missing)}; "
            "host.host.LearningFirmware says what each must do"
        )
    return found


def learns(firmware: object) -> bool:
    """Return whether a firmware, or its class, is meant for a task: it has anything that only a learning rule has."""
    from chip.ppu.program import Firmware
    from host.contract import METHODS

    return any(hasattr(firmware, name) for name in METHODS if not hasattr(Firmware, name))


def make(firmware_class: type, **settings: Any) -> Any:
    """Make a firmware with settings of the command line; one that does not learn needs neither seed nor epochs.

    Raises:
        ValueError: one of them is not its setting, a needed one is missing, or it refuses a value.
    """
    name, parameters = getattr(firmware_class, "__name__", "rule"), _parameters(firmware_class)
    if not learns(firmware_class) and not accepts(firmware_class, "seed"):
        settings.pop("seed", None)
    if parameters is not None:
        for setting in settings:
            if not accepts(firmware_class, setting):
                remedy = "give it one" if setting == "seed" else f"leave out --{setting}"
                raise ValueError(f"firmware {name} has no setting {setting} in its __init__; {remedy}")
        for p in parameters:
            if p.default is p.empty and p.name not in settings and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL):
                raise ValueError(f"firmware {name} needs the setting {p.name}, which nobody gives; give it a default")
    firmware = firmware_class(**settings)
    missing = [attribute for attribute in ("seed", "epochs") if not hasattr(firmware, attribute)]
    if missing and learns(firmware):
        raise ValueError(f"firmware {name} has no {' and no '.join(missing)}; its __init__ must set it")
    return firmware


def accepts(firmware_class: type, setting: str) -> bool:
    """Return whether a firmware's class can be called with a setting of that name."""
    parameters = _parameters(firmware_class)
    return parameters is None or any(p.name == setting or p.kind is p.VAR_KEYWORD for p in parameters)


def _parameters(firmware_class: type) -> list[inspect.Parameter] | None:
    try:
        return list(inspect.signature(firmware_class).parameters.values())
    except (TypeError, ValueError):
        return None


def source_of(firmware: object) -> dict[str, Any] | None:
    """Return what a user's firmware was made from, for ``result.json``; None for a rule of ours.

    ``class``: its name; ``files``: SHA-256 of its file, which is the first, and of those that it imports from beside
    itself, by absolute path; empty where it comes from no file.
    """
    module = sys.modules.get(type(firmware).__module__)
    if module is None or module.__name__.partition(".")[0] in PACKAGES:
        return None
    from chip.base.compiled import ROOT, import_closure

    files: dict[str, str] = {}
    name = getattr(module, "__file__", None)
    if name is not None and Path(name).is_file():
        own = Path(name).resolve()
        others = [path for path in import_closure(own) if path != own]
        theirs = [p for p in others if not any(p.is_relative_to(ROOT / package) for package in PACKAGES)]
        files = {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in (own, *theirs)}
    return {"class": type(firmware).__qualname__, "files": files}


def _firmwares(module: ModuleType, firmware: type) -> str:
    """Say which firmware classes a module defines."""
    found = [
        name
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, firmware) and value.__module__ == module.__name__
    ]
    return f"its firmware classes are: {', '.join(found) or 'none'}"
