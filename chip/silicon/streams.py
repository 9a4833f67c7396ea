"""Random streams of a chip: each belongs to the chip's seed and a name, and to nothing else."""

from __future__ import annotations

import hashlib

import numpy as np

CUT_STD = 4.0  # draws are cut off there


def stream(seed: int, name: str) -> np.random.Generator:
    """Return the random stream of a chip that has a name."""
    word = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little")
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(word,))))


def normal(seed: int, name: str, std: float, shape: tuple[int, ...]) -> np.ndarray:
    """Return float64 draws of a stream, cut off at four standard deviations; zeros where ``std`` is zero."""
    if std == 0.0:
        return np.zeros(shape)
    return std * np.clip(stream(seed, name).standard_normal(shape), -CUT_STD, CUT_STD)
