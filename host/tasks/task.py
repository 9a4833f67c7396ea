"""What a task is: inputs and classes, split into training, validation and test samples."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True, eq=False)
class Split:
    """Samples of one purpose.

    Attributes:
        inputs: float64[n, inputs], in 0..1.
        targets: uint8[n], the class of each sample.

    Raises:
        ValueError: shapes do not agree, or an input lies outside 0..1.
    """

    inputs: np.ndarray
    targets: np.ndarray

    def __post_init__(self) -> None:
        if self.inputs.ndim != 2 or self.targets.shape != self.inputs.shape[:1]:
            raise ValueError(
                f"a split has inputs {list(self.inputs.shape)} and targets {list(self.targets.shape)}; "
                "it needs one row of inputs per target"
            )
        if not ((self.inputs >= 0) & (self.inputs <= 1)).all():  # written so that NaN is refused too
            raise ValueError("the inputs of a split must lie in 0..1; scale them first")

    def __len__(self) -> int:
        return len(self.targets)


@dataclass(frozen=True, eq=False)
class Task:
    """A classification task. ``train`` is learned, ``validation`` is for choices, ``test`` for the last number.

    Attributes:
        name: as on the command line.
        classes: the name of each class; a target is an index into it.
        class_of: for tasks in the plane, whose first two inputs are x and y: the class of a point, or None outside.
    """

    name: str
    classes: tuple[str, ...]
    train: Split
    validation: Split
    test: Split
    class_of: Callable[[float, float], int | None] | None = None

    @property
    def inputs(self) -> np.ndarray:
        """float64[n, inputs] of all splits, in the order train, validation, test."""
        return np.concatenate([getattr(self, split).inputs for split in SPLITS])

    @property
    def targets(self) -> np.ndarray:
        """uint8[n] of all splits, in the order train, validation, test."""
        return np.concatenate([getattr(self, split).targets for split in SPLITS])

    @property
    def ranges(self) -> dict[str, range]:
        """Where each split lies in :attr:`inputs` and :attr:`targets`."""
        found, first = {}, 0
        for split in SPLITS:
            found[split] = range(first, first + len(getattr(self, split)))
            first = found[split].stop
        return found

    def head(self, train: int, validation: int, test: int) -> Task:
        """Return the same task with only the first samples of each split: quick trials, tests."""
        counts = dict(zip(SPLITS, (train, validation, test), strict=True))
        for split, count in counts.items():
            if not 1 <= count <= len(getattr(self, split)):
                raise ValueError(
                    f"{count} {split} samples of task {self.name} were asked for; it has 1..{len(getattr(self, split))}"
                )
        splits = {split: _first(getattr(self, split), count) for split, count in counts.items()}
        return dataclasses.replace(self, **splits)


def _first(split: Split, count: int) -> Split:
    return Split(split.inputs[:count], split.targets[:count])
