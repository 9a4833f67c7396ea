"""What a task is: inputs, or streams of events, and classes, split into training, validation and test samples."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from chip.base.declaration import whole_number
from host.tasks.events import EventSplit
from host.tasks.numbers import MOST_CLASSES, as_classes, as_inputs

SPLITS = ("train", "validation", "test")


class TaskWarning(UserWarning):
    """A task can be learned, but hardly as it was meant."""


@dataclass(frozen=True, eq=False)
class Split:
    """Samples of one purpose. Numbers of any type are taken, and become those of the attributes.

    Attributes:
        inputs: float64[n, inputs], in 0..1.
        targets: uint8[n], the class of each sample.

    Raises:
        ValueError: shapes do not agree, an input lies outside 0..1, or a target is no whole number from 0 on.
    """

    inputs: np.ndarray
    targets: np.ndarray

    def __post_init__(self) -> None:
        inputs = as_inputs("the inputs of a split", self.inputs)
        targets = as_classes("the targets of a split", self.targets)
        if targets.shape != inputs.shape[:1]:
            raise ValueError(
                f"a split has inputs {list(inputs.shape)} and targets {list(targets.shape)}; "
                "it needs one row of inputs per target"
            )
        object.__setattr__(self, "inputs", inputs)
        object.__setattr__(self, "targets", targets)

    def __len__(self) -> int:
        return len(self.targets)

    @property
    def width(self) -> int:
        """How many inputs a sample has."""
        return self.inputs.shape[1]

    @property
    def arrays(self) -> tuple[np.ndarray, ...]:
        """All that it holds."""
        return self.inputs, self.targets

    def head(self, count: int) -> Split:
        """Return the first samples."""
        return Split(self.inputs[:count], self.targets[:count])


@dataclass(frozen=True, eq=False)
class Task:
    """A classification task. ``train`` is learned, ``validation`` is for choices, ``test`` for the last number.

    Attributes:
        name: for titles and results.
        classes: the name of each class; a target is an index into it.
        train, validation, test: each a :class:`Split`, or each a :class:`host.tasks.events.EventSplit`.
        class_of: for tasks in the plane, whose first two inputs are x and y: the class of a point, or None outside.
        origin: where its data came from, as on the command line; "" where nobody knows.
        views: how many training samples that follow each other are views of one thing, 1 where each is of its own.

    Raises:
        ValueError: splits of different kinds or widths, one without samples, a class that has no name, or two of one.
    """

    name: str
    classes: tuple[str, ...]
    train: Split | EventSplit
    validation: Split | EventSplit
    test: Split | EventSplit
    class_of: Callable[[float, float], int | None] | None = None
    origin: str = ""
    views: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "classes", _names(self.name, self.classes))
        kinds = {type(split) for _, split in self._splits()}
        if kinds not in ({Split}, {EventSplit}):
            found = ", ".join(f"{name} is a {type(split).__name__}" for name, split in self._splits())
            raise ValueError(f"of task {self.name} {found}; give three of Split, or three of EventSplit")
        for name, split in self._splits():
            if len(split) == 0:
                raise ValueError(f"the {name} split of task {self.name} has no samples; give it one at least")
            if split.width != self.train.width:
                raise ValueError(
                    f"a sample of task {self.name} has {self.train.width} inputs in its train split and {split.width} "
                    f"in its {name} split; give all the same"
                )
            if split.targets.max() >= len(self.classes):
                raise ValueError(
                    f"the {name} split of task {self.name} has class {split.targets.max()}, but there are "
                    f"{len(self.classes)} classes, numbered from 0 on"
                )

    def _splits(self) -> list[tuple[str, Split | EventSplit]]:
        return [(name, getattr(self, name)) for name in SPLITS]

    @property
    def untaught(self) -> tuple[str, ...]:
        """The classes that no training sample has."""
        taught = set(self.train.targets.tolist())
        return tuple(name for number, name in enumerate(self.classes) if number not in taught)

    @property
    def inputs(self) -> np.ndarray:
        """float64[n, inputs] of all splits, in the order train, validation, test.

        Raises:
            ValueError: it has streams of events.
        """
        if isinstance(self.train, EventSplit):
            raise ValueError(
                f"the samples of task {self.name} are streams of events, in {self.train.width} channels, and not "
                "numbers; it takes a rule that reads task.events"
            )
        return np.concatenate([split.inputs for _, split in self._splits()])

    @property
    def events(self) -> EventSplit:
        """The streams of all splits, in the order train, validation, test.

        Raises:
            ValueError: it has numbers.
        """
        if isinstance(self.train, Split):
            raise ValueError(
                f"the samples of task {self.name} are {self.train.width} numbers each, and no streams of events; it "
                "takes a rule that reads task.inputs"
            )
        return EventSplit.joined([split for _, split in self._splits()])

    @property
    def targets(self) -> np.ndarray:
        """uint8[n] of all splits, in the order train, validation, test."""
        return np.concatenate([split.targets for _, split in self._splits()])

    @property
    def ranges(self) -> dict[str, range]:
        """Where each split lies in :attr:`inputs` and :attr:`targets`."""
        found, first = {}, 0
        for name, split in self._splits():
            found[name] = range(first, first + len(split))
            first = found[name].stop
        return found

    def classes_of_test(self, reported: Any) -> np.ndarray:
        """Return int64[n], what somebody took the first n test samples for; empty where that is no list of classes."""
        found = np.asarray(reported)
        if found.ndim != 1 or found.dtype.kind not in "iu" or found.size > len(self.test):
            return np.zeros(0, np.int64)
        known = (found >= 0) & (found < len(self.classes))
        return found.astype(np.int64) if known.all() else np.zeros(0, np.int64)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of its data: classes, and the arrays of its splits."""
        digest = hashlib.sha256(repr(self.classes).encode())
        for name, split in self._splits():
            for array in split.arrays:
                digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
                digest.update(np.ascontiguousarray(array).data if array.size else b"")
        return digest.hexdigest()

    @property
    def source(self) -> dict[str, str]:
        """What a result says of it: ``origin``, and ``sha256`` of the data."""
        return {"origin": self.origin or self.name, "sha256": self.digest}

    def head(self, train: int, validation: int, test: int) -> Task:
        """Return the same task with only the first samples of each split: quick trials, tests."""
        counts = dict(zip(SPLITS, (train, validation, test), strict=True))
        for name, count in counts.items():
            whole_number("", f"the number of {name} samples of task {self.name}", count, 1, len(getattr(self, name)))
        splits = {name: getattr(self, name).head(count) for name, count in counts.items()}
        return dataclasses.replace(self, **splits)


def _names(task: str, classes: object) -> tuple[str, ...]:
    """Return the names of classes as text."""
    if isinstance(classes, str) or not hasattr(classes, "__iter__"):
        raise ValueError(f"the classes of task {task} are {classes!r}; give a tuple with the name of each")
    names = tuple(str(name) for name in classes)
    if not 1 <= len(names) <= MOST_CLASSES:
        raise ValueError(f"task {task} has {len(names)} classes; there may be 1..{MOST_CLASSES}")
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"two classes of task {task} are called {twice[0]!r}; give each a name of its own")
    return names
