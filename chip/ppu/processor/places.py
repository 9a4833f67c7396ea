"""Where an operation reads or writes vectors: a region of SRAM, or vector registers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chip.ppu.vector.operands import VectorRegister

Place = str | VectorRegister | Sequence[VectorRegister]
"""A region of SRAM by its name, or registers."""


class RegisterSet:
    """Vector registers in any order, to be read or written as a whole: ``registers[...] = uint8[n, 128]``."""

    def __init__(self, memory: np.ndarray, numbers: list[int]):
        self.memory, self.numbers = memory, numbers

    def __getitem__(self, _) -> np.ndarray:
        return self.memory[self.numbers]

    def __setitem__(self, _, values: np.ndarray) -> None:
        self.memory[self.numbers] = values
