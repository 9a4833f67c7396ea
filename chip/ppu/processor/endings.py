"""How a program ended, as a sentence: with which exit code, by the watchdog, or with a fault."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from chip.ppu.processor.processor import FAULTED, WATCHDOG

if TYPE_CHECKING:
    from chip.base.config import ChipConfig
    from chip.ppu.processor.processor import Processor


def stopped_by_watchdog(ppus: Iterable[str], limit_cycles: int) -> str:
    """Return which PPUs, by name, the watchdog stopped, after how many cycles, and the setting that says so."""
    names = " and the ".join(f"{name} PPU" for name in ppus)
    return f"the watchdog stopped the {names} after {limit_cycles} cycles; raise ppu.program_limit_cycles"


def ending(processor: Processor, config: ChipConfig) -> str:
    """Return how a processor's program ended, without a full stop."""
    program = f"program {processor.program.name} on the {processor.name} PPU"
    if processor.exit_code == WATCHDOG:
        how = stopped_by_watchdog([processor.name], config.ppu.program_limit_cycles)
        return f"{program} did not end: {how}, or let it end"
    if processor.exit_code == FAULTED:
        return f"{program} faulted"
    return f"{program} ended with {processor.exit_code}"
