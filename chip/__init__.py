"""What the silicon does: a BrainScaleS-2-like chip. Knows nothing of learning rules or of the host.

``from chip import Chip, ChipConfig`` imports the compiler behind them only when asked, so that a command line can
refuse bad input at once. What firmware is written with comes from :mod:`chip.ppu`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chip.base.config import ChipConfig as ChipConfig
    from chip.base.registers import ROW_EXCITATORY as ROW_EXCITATORY
    from chip.base.registers import ROW_INHIBITORY as ROW_INHIBITORY
    from chip.base.registers import Registers as Registers
    from chip.chip import Chip as Chip
    from chip.machine import Machine as Machine
    from chip.ppu.program import Program as Program

_HOMES = {
    "Chip": "chip.chip",
    "ChipConfig": "chip.base.config",
    "Machine": "chip.machine",
    "Program": "chip.ppu.program",
    "Registers": "chip.base.registers",
    "ROW_EXCITATORY": "chip.base.registers",
    "ROW_INHIBITORY": "chip.base.registers",
}
__all__ = list(_HOMES)


def __getattr__(name: str):
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
