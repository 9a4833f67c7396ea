"""The chip's own errors. Each message is a sentence: what was wrong, which object, actual and limit, what to do."""

from __future__ import annotations

from enum import StrEnum


class Resource(StrEnum):
    """What a chip has only so much of."""

    SRAM = "SRAM"  # of a processor
    STACK = "stack"  # of a processor
    BLOCK_RAM = "block RAM"
    DRAM = "DRAM"
    PLAYBACK = "playback"  # of the FPGA: its buffer of instructions, or its timer
    NEURONS = "neurons"
    DRIVERS = "synapse drivers"
    ROWS = "synapse rows"
    LABELS = "synapse labels"
    HALVES = "halves of hemispheres"


class ChipError(RuntimeError):
    """Something the chip, as it was configured, cannot do."""


class ChipLimitError(ChipError, ValueError):
    """A resource of the chip is exhausted.

    Attributes:
        resource: what ran out.
        where: which of them, in words for the sentence, for example ``"SRAM of the top PPU"``.
        used, size: what was asked for and what there is, in the same unit.
    """

    def __init__(self, resource: Resource, where: str, used: int, size: int, unit: str, remedy: str):
        super().__init__(resource, where, used, size, unit, remedy)  # so that it can be copied and pickled
        self.resource, self.where, self.used, self.size = resource, where, used, size

    def __str__(self) -> str:
        _, where, used, size, unit, remedy = self.args
        return f"{where}: {used} {unit} needed, {size} available; {remedy}"


class DeclarationError(ChipError, ValueError):
    """A program or a firmware declares something that cannot be meant."""


class LinkError(ChipError):
    """A transfer over the host link while the chip learns by itself."""


class MachineFault(ChipError):
    """A plasticity processor did what its hardware cannot: a bad address, a division by zero, a runaway loop."""


class LossError(ChipError):
    """Raised in strict mode where events were lost or work came too late."""


class CacheWarning(UserWarning):
    """Compiled code cannot be kept, or what was kept is damaged; it is compiled anew, and nothing else changes."""
