"""Firmware for the plasticity processors: one learning rule per file, and what the rules share.

What makes a firmware a learning rule is written down in ``host/host.py``, class LearningFirmware. A rule of a user's
own needs no entry here: ``plasticore train TASK --rule path/to/mine.py:MyRule`` takes it from its file.

Rules are found by name without importing them, since a rule pulls in the compiler: :func:`names` and
:func:`summaries` are free, :func:`load` and attribute access (``from ppu_programs import EventProp``) import one.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ppu_programs.eventprop.firmware import EventProp as EventProp

# name on the command line -> (module:class, one line for `plasticore rules`)
_RULES = {
    "eventprop": (
        "ppu_programs.eventprop.firmware:EventProp",
        "exact gradients of spike times, by the adjoint in reverse time",
    ),
}


def names() -> tuple[str, ...]:
    """Return the names of all rules."""
    return tuple(_RULES)


def summaries() -> dict[str, str]:
    """Return one line about each rule, by name."""
    return {name: summary for name, (_, summary) in _RULES.items()}


def load(name: str) -> type:
    """Import the firmware class of the rule ``name``; raises ValueError with the valid names for an unknown one."""
    if name not in _RULES:
        raise ValueError(f"the rule {name!r} is unknown; valid are {', '.join(_RULES)}")
    module, _, attribute = _RULES[name][0].partition(":")
    firmware: type = getattr(import_module(module), attribute)
    return firmware


def __getattr__(attribute: str) -> type:
    for name, (target, _) in _RULES.items():
        if target.endswith(f":{attribute}"):
            return load(name)
    raise AttributeError(f"module {__name__!r} has no attribute {attribute!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *(target.partition(":")[2] for target, _ in _RULES.values())])
