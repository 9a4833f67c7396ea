"""What the silicon does: a BrainScaleS-2-like chip. Knows nothing of learning rules or of the host.

``from chip import Chip, ChipConfig`` imports the compiler behind them only when asked, so that a command line can
refuse bad input at once. What firmware is written with comes from :mod:`chip.ppu`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chip.chip import Chip as Chip
    from chip.config import ChipConfig as ChipConfig
    from chip.ppu.program import Firmware as Firmware
    from chip.ppu.program import Program as Program
    from chip.registers import Registers as Registers

_HOMES = {
    "Chip": "chip.chip",
    "ChipConfig": "chip.config",
    "Firmware": "chip.ppu.program",
    "Program": "chip.ppu.program",
    "Registers": "chip.registers",
}
__all__ = list(_HOMES)


def __getattr__(name: str):
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
