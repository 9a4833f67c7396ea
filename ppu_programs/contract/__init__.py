"""The contract of a firmware: what it builds for a chip, and what it reads of that chip afterwards.

    firmware = MyRule(epochs=3, seed=1)           its settings, one dataclass
    built = firmware.build(task, config)          registers, programs and stimuli, in one pure step
    ...                                           whoever runs the chip loads these, starts it, waits for exit codes
    firmware.status(chip, built)                  meanwhile: how far it is
    outcome = firmware.outcome(link, built)       behind it: named metrics, named arrays with their axes

``build`` changes nothing: called again, in any order and for other tasks and chips, it gives the same for the same, so
that one firmware serves any number of chips. Whatever the firmware needs later to read results, sample numbers and
addresses for example, goes into :attr:`Built.plan` and comes back with ``built``; it is nobody else's business.

A firmware may learn a task or none, play samples or none, and end in an accuracy, a rate, a reward or nothing at all.
What these classes hold is checked where they are made; what methods take and return in
:mod:`ppu_programs.contract.asking`.
"""

from __future__ import annotations

from ppu_programs.contract.built import Built
from ppu_programs.contract.firmware import Firmware
from ppu_programs.contract.outcome import Array, Outcome, Status

__all__ = ["Array", "Built", "Firmware", "Outcome", "Status"]
