"""Handwritten digits, 16 x 16 or 8 x 8, from MNIST's files in a directory of the user's; or others of its format.

The pictures, 28 x 28 bytes, are scaled down by area: a pixel of 16 x 16 covers 1.75 x 1.75 pixels and is their mean,
each weighed by the area of it that is covered; one of 8 x 8 covers 3.5 x 3.5. So the mean of a picture stays what it
was. 255 becomes 1.

With the files of both parts, ``train`` and ``t10k``, the last sixth of the former is for validation: 50 000, 10 000 and
10 000 samples of MNIST. Where only ``t10k`` is there, its samples are shuffled, always in the same way, since its first
half is easier than its second; the last fifth is for tests, and of the rest the last eighth for validation: 7000, 1000
and 2000 samples.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from host.tasks import idx
from host.tasks.task import Split, Task
from ppu_programs import area

PREFIX, SMALL_PREFIX = "digits:", "digits-8x8:"
SIDE, SMALL_SIDE = 16, 8  # of a sample's picture
SIDES = {PREFIX: SIDE, SMALL_PREFIX: SMALL_SIDE}
CLASSES = tuple("0123456789")
TRAIN, TEST = "train", "t10k"  # how the names of files begin
IMAGES, LABELS = "images-idx3", "labels-idx1"  # and go on
SHUFFLE_SEED = 0
FEWEST = 10  # pictures of a part


def check(name: str) -> None:
    """Refuse a directory that has not got the files, with a ValueError."""
    check_directory(name, prefix_of(name))


def is_digits(name: str) -> bool:
    """Whether a name is of a task in this file, with a directory or without."""
    return any(name == prefix[:-1] or name.startswith(prefix) for prefix in SIDES)


def prefix_of(name: str) -> str:
    """How the name of a task in this file begins, with the colon."""
    return f"{name.partition(':')[0]}:"


def check_directory(name: str, prefix: str) -> None:
    """The same for a task whose name begins with another prefix."""
    _files(_directory(name, prefix))


def load(name: str) -> Task:
    """Return the task ``digits:DIRECTORY``, or ``digits-8x8:DIRECTORY``.

    Raises:
        ValueError: there is no such directory, or it has not got the files, or they are damaged; one sentence.
    """
    prefix = prefix_of(name)
    parts = pictures(name, prefix)
    splits = {split: Split(scaled(images, SIDES[prefix]), targets) for split, (images, targets) in parts.items()}
    return Task(prefix[:-1], CLASSES, **splits, origin=name)


def pictures(name: str, prefix: str) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return uint8[n, height, width] pictures and uint8[n] classes of each split of the directory in a name.

    Raises:
        ValueError: as :func:`load`.
    """
    files = _files(_directory(name, prefix))
    tested = _samples(*files[TEST])
    if TRAIN in files:
        learned = _samples(*files[TRAIN])
        count = len(learned[1]) // 6
    else:
        order = np.random.RandomState(SHUFFLE_SEED).permutation(len(tested[1]))
        mixed, first = tuple(part[order] for part in tested), len(order) - len(order) // 5
        learned, tested = _part(mixed, 0, first), _part(mixed, first, len(order))
        count = first // 8
    last = len(learned[1])
    return {"train": _part(learned, 0, last - count), "validation": _part(learned, last - count, last), "test": tested}


def scaled(images: np.ndarray, side: int = SIDE) -> np.ndarray:
    """Return float64[n, side * side] in 0..1, row by row, of uint8[n, height, width], as many pixels a side or more."""
    parts = np.split(images, range(area.AT_ONCE, len(images), area.AT_ONCE))
    return np.concatenate([area.scaled(part / 255.0, side) for part in parts])


def _part(samples: tuple[np.ndarray, np.ndarray], first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
    return samples[0][first:last], samples[1][first:last]


def _directory(name: str, prefix: str) -> Path:
    text = name.removeprefix(prefix)
    if not name.startswith(prefix) or not text.strip():
        raise ValueError(f"the task {name!r} needs the directory of MNIST's files; write {prefix}DIRECTORY")
    return Path(text).expanduser()


def _files(directory: Path) -> dict[str, tuple[Path, Path]]:
    """Return the files of pictures and of classes of each part that is there."""
    if not directory.is_dir():
        raise ValueError(f"there is no directory {directory} with MNIST's files")
    found = {}
    for part in (TRAIN, TEST):
        pictures, classes = (_file(directory, part, kind) for kind in (IMAGES, LABELS))
        if pictures is not None and classes is not None:
            found[part] = pictures, classes
        elif part == TRAIN and (pictures or classes):
            there, missing = ("pictures", "classes") if pictures else ("classes", "pictures")
            raise ValueError(
                f"the directory {directory} has {(pictures or classes).name}, {there} for training, and not their "
                f"{missing}; put {TRAIN}-{IMAGES}-ubyte and {TRAIN}-{LABELS}-ubyte there, with .gz or without, or "
                "neither of them"
            )
    if TEST not in found:
        raise ValueError(
            f"the directory {directory} has no {TEST}-{IMAGES}-ubyte and {TEST}-{LABELS}-ubyte, with .gz or "
            f"without; put MNIST's files there, those that begin with {TRAIN}- as well, if you have them"
        )
    return found


def _file(directory: Path, part: str, kind: str) -> Path | None:
    """Return a file under one of the names that it goes by."""
    names = (f"{part}-{each}-ubyte{end}" for each in (kind, kind.replace("-", ".")) for end in ("", ".gz"))
    return next((directory / name for name in names if (directory / name).is_file()), None)


def _samples(pictures: Path, classes: Path) -> tuple[np.ndarray, np.ndarray]:
    images, targets = idx.read(pictures, 3), idx.read(classes, 1)
    if len(images) != len(targets):
        raise ValueError(f"{pictures} has {len(images)} pictures, {classes} has {len(targets)} classes; give as many")
    if len(images) < FEWEST:
        raise ValueError(f"{pictures} has {len(images)} pictures; {FEWEST} at least are needed for training and tests")
    if min(images.shape[1:]) < SIDE:
        raise ValueError(f"the pictures of {pictures} are {images.shape[1]} x {images.shape[2]}; give {SIDE} at least")
    if targets.max() >= len(CLASSES):
        raise ValueError(f"{classes} holds class {targets.max()}; there are {len(CLASSES)}, from 0 on")
    return images, targets
