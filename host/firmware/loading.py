"""Writes what a firmware has built over the host link of a chip."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from chip.base import constants as c
from chip.base.errors import ChipLimitError, Resource
from chip.chip import Chip
from ppu_programs.contract import Built


def load(chip: Chip, built: Built, remedy: str = "") -> None:
    """Write stimuli, registers, both programs and external memory.

    Args:
        remedy: what is said of a program that is too large for its memory, in the place of its size alone.

    Raises:
        ChipLimitError: something does not fit. ValueError: a program declares what cannot be meant.
    """
    link = chip.link
    if built.stimuli is not None:
        link.write_stimuli(built.stimuli)
    link.write_registers(built.registers)
    for hemisphere, program in zip((c.TOP, c.BOTTOM), built.programs, strict=True):
        if program is not None:
            with _remedy_for(remedy, f"SRAM of the {chip.processors[hemisphere].name} PPU"):
                link.load_program(hemisphere, program)
    for address, values in built.external.items():  # behind those who reserve parts of it
        link.write_external(address, values)


@contextlib.contextmanager
def _remedy_for(remedy: str, where: str) -> Iterator[None]:
    """Say of a program that is too large for its memory what whoever chose the settings can do."""
    try:
        yield
    except ChipLimitError as error:
        if not remedy or error.resource != Resource.SRAM:
            raise
        raise ChipLimitError(Resource.SRAM, where, error.used, error.size, "bytes", remedy) from error
