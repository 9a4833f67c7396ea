"""Ask a firmware for what :mod:`ppu_programs.contract` promises: what cannot be meant is refused in a sentence.

Methods are looked at before any work is done, so that none is found to be wrong once the chip has learned.
"""

from __future__ import annotations

import inspect
from typing import Any, TypeVar

from chip.base.config import ChipConfig
from chip.base.declaration import method_of, shown
from chip.base.errors import DeclarationError
from chip.chip import Chip
from chip.link import HostLink
from chip.ppu.contract import ALMOST_EQUAL, check_spelling
from ppu_programs.contract.built import Built
from ppu_programs.contract.firmware import Firmware
from ppu_programs.contract.outcome import Outcome, Status

TAKES = {
    "for_task": ("task",),
    "build": ("task", "config"),
    "status": ("chip", "built"),
    "outcome": ("link", "built"),
    "assumptions": (),
}
WEIGHTS = "weights"  # the array that a host reads itself
Kind = TypeVar("Kind")


def check_firmware(firmware: object) -> None:
    """Refuse what is no firmware, or has methods that could not be called.

    Raises:
        TypeError: a class in the place of an object, or no firmware at all.
        DeclarationError: no name, no ``build``, a method that takes something else, or a name that is almost right.
    """
    if isinstance(firmware, type):
        raise TypeError(f"the class {firmware.__name__} is not a firmware; make one: {firmware.__name__}(...)")
    if not isinstance(firmware, Firmware):
        raise TypeError(f"{shown(firmware)} is not a firmware; it must be of a subclass of ppu_programs.Firmware")
    who = _who(firmware)
    check_spelling(firmware, Firmware, who, dict.fromkeys(TAKES, (ALMOST_EQUAL, inspect.isfunction)))
    if getattr(firmware.build, "__func__", None) is Firmware.build:
        raise DeclarationError(f"{who} has no build(self, task, config); ppu_programs/contract says what it returns")
    for name, takes in TAKES.items():
        method_of(firmware, who, name, *takes)


def check_task(firmware: Firmware, task: Any) -> None:
    """Raise ValueError where a firmware learns a task and there is none, or the other way round."""
    if firmware.learns_task and task is None:
        raise ValueError(f"{_who(firmware)} learns a task; hand one over, as host.tasks.yin_yang()")
    if task is not None and not firmware.learns_task:
        raise ValueError(f"{_who(firmware)} learns no task; leave it out, or set learns_task = True in its class")


def fitted(firmware: Firmware, task: Any) -> Firmware:
    """Return what a firmware is for a task; raises DeclarationError where that is no firmware."""
    return _returned(firmware, "for_task", firmware.for_task(task), Firmware)


def built_by(firmware: Firmware, task: Any, config: ChipConfig) -> Built:
    """Return what a firmware builds for a task, None for none, and a chip.

    Raises:
        DeclarationError: it returns something else. ValueError: as :meth:`Firmware.build`.
    """
    return _returned(firmware, "build", firmware.build(task, config), Built)


def status_of(firmware: Firmware, chip: Chip, built: Built) -> Status:
    """Return how far a chip is; raises DeclarationError where it returns something else."""
    return _returned(firmware, "status", firmware.status(chip, built), Status)


def outcome_of(firmware: Firmware, link: HostLink, built: Built) -> Outcome:
    """Return what a firmware reads of a chip that has run.

    Raises:
        DeclarationError: it returns something else, or an array with the name of one that the host reads.
    """
    outcome = _returned(firmware, "outcome", firmware.outcome(link, built), Outcome)
    if WEIGHTS in outcome.arrays:
        raise DeclarationError(
            f"outcome() of {_who(firmware)} has an array called {WEIGHTS!r}, which the host reads itself; give it "
            "another name"
        )
    return outcome


def assumptions_of(firmware: Firmware) -> list[str]:
    """Return what a firmware takes for granted; raises DeclarationError where it is no list of sentences."""
    found = firmware.assumptions()
    if not isinstance(found, tuple | list) or not all(isinstance(sentence, str) for sentence in found):
        raise DeclarationError(f"assumptions() of {_who(firmware)} returned {shown(found)}; return a list of sentences")
    return list(found)


def _returned(firmware: Firmware, method: str, value: object, kind: type[Kind]) -> Kind:
    if isinstance(value, kind):
        return value
    raise DeclarationError(
        f"{method}() of {_who(firmware)} returned {shown(value)}; return {kind.__name__}(...), see "
        "ppu_programs/contract"
    )


def _who(firmware: Firmware) -> str:
    name = firmware.name
    if not isinstance(name, str) or not name:
        raise DeclarationError(f"name of firmware {type(firmware).__name__} is {shown(name)}; give it a name, a text")
    return f"firmware {name}"
