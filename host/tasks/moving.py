"""Pairs of views of moving things: training samples 2 k and 2 k + 1 are one thing, seen before and after it has moved.

``moving-digits:DIRECTORY``: handwritten digits, as ``digits:DIRECTORY`` reads them, each shifted by up to 4 of its 28
pixels along both sides, other shifts for either view, and scaled down to 14 x 14. Where there are few digits there are
several pairs of each, 30 000 pairs at least. ``moving-bars``: bars of six
orientations in pictures of 14 x 14, made here. ``two-clusters:NOISE``: points of two clusters on a line, which stay in
their cluster from one view to the next, and a second axis of nothing but noise, of that standard deviation, 3 without
a number, where clusters are 1 from 0. For either axis there are eight inputs for what is above 0 and eight for what is
below, with a little noise of their own (after Halvagal and Zenke, Nature Neuroscience 26, 2023).

Labels are for readouts, which are fitted afterwards; rules that learn from views do not see them.
"""

from __future__ import annotations

import numpy as np

from host.tasks import digits
from host.tasks.task import Split, Task
from ppu_programs.area import scaled

DIGITS, CLUSTERS = "moving-digits:", "two-clusters:"
SIDE = 14  # of pictures
SHIFT = 4  # of a digit, in its own pixels, at most
VIEWS = 2
FEWEST_PAIRS = 30_000  # of digits: where there are fewer pictures, each is shifted several times
SEED = 0
BAR_SAMPLES = {"train": 4000, "validation": 1000, "test": 2000}
BAR_ORIENTATIONS, BAR_LENGTH, BAR_WIDTH, BAR_SHIFT = 6, 7.0, 1.0, 2.0
POINT_SAMPLES = {"train": 4000, "validation": 500, "test": 1000}
POINT_NOISE, MOST_NOISE = 3.0, 10.0
CLUSTER, CLUSTER_SPREAD = 0.15, 0.3  # where clusters are, of an input's range; their spread, as a fraction of that
COPIES, OWN_NOISE = 8, 0.05  # inputs for each side of an axis, and the standard deviation that each has of its own


def check(name: str) -> None:
    """Refuse what can be refused without reading data, with a ValueError."""
    if name.startswith(DIGITS) or name == DIGITS[:-1]:
        digits.check_directory(name, DIGITS)
    else:
        noise_of(name)


def load(name: str) -> Task:
    """Return the task of a name that :func:`has_argument`; ValueError, one sentence, where data make none."""
    return moving_digits(name) if name.startswith(DIGITS) else two_clusters(noise_of(name))


def has_argument(name: str) -> bool:
    """Whether a name is of a task in this file that takes something behind a colon."""
    return name.startswith((DIGITS, CLUSTERS)) or name == DIGITS[:-1]


# ---------------------------------------------------------------------- digits


def moving_digits(name: str) -> Task:
    """Return the task ``moving-digits:DIRECTORY``."""
    parts = digits.pictures(name, DIGITS)
    rng = np.random.default_rng(SEED)
    images, targets = parts["train"]
    times = -(-FEWEST_PAIRS // len(images))
    images, targets = np.tile(images, (times, 1, 1)), np.tile(targets, times)
    views = np.empty((VIEWS * len(images), SIDE * SIDE))
    for view in range(VIEWS):
        views[view::VIEWS] = shifted(images, rng)
    splits = {"train": Split(views, np.repeat(targets, VIEWS))}
    for split in ("validation", "test"):
        images, targets = parts[split]
        splits[split] = Split(shifted(images, rng), targets)
    return Task("moving-digits", digits.CLASSES, **splits, origin=name, views=VIEWS)


def shifted(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return float64[n, 196] of uint8[n, height, width], each shifted at random and scaled down; 255 becomes 1."""
    count, height, width = images.shape
    padded = np.pad(images, ((0, 0), (SHIFT, SHIFT), (SHIFT, SHIFT)))
    down, right = rng.integers(0, 2 * SHIFT + 1, (2, count))
    rows = (down[:, None] + np.arange(height))[:, :, None]
    columns = (right[:, None] + np.arange(width))[:, None, :]
    return scaled(padded[np.arange(count)[:, None, None], rows, columns] / 255.0, SIDE)


# ---------------------------------------------------------------------- bars


def moving_bars() -> Task:
    """Return the task ``moving-bars``."""
    rng = np.random.default_rng(SEED)
    splits = {}
    for name, count in BAR_SAMPLES.items():
        views = VIEWS if name == "train" else 1
        targets = rng.integers(0, BAR_ORIENTATIONS, count)
        centres = (SIDE - 1) / 2 + rng.uniform(-3.5, 3.5, (count, 2))
        found = np.empty((views * count, SIDE * SIDE))
        for view in range(views):
            found[view::views] = bars(targets, centres + rng.uniform(-BAR_SHIFT, BAR_SHIFT, (count, 2)))
        splits[name] = Split(found, np.repeat(targets, views))
    classes = tuple(f"{round(180 * k / BAR_ORIENTATIONS)} degrees" for k in range(BAR_ORIENTATIONS))
    return Task("moving-bars", classes, **splits, views=VIEWS)


def bars(orientations: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Return float64[n, 196] of bars of orientations int[n] around centres float[n, 2], with soft edges."""
    angle = np.pi * orientations / BAR_ORIENTATIONS
    y, x = np.mgrid[0:SIDE, 0:SIDE].reshape(2, -1)
    dx, dy = x - centres[:, :1], y - centres[:, 1:]
    along = np.abs(dx * np.cos(angle)[:, None] + dy * np.sin(angle)[:, None])
    across = np.abs(dy * np.cos(angle)[:, None] - dx * np.sin(angle)[:, None])
    return np.clip(BAR_LENGTH / 2 - along + 0.5, 0, 1) * np.clip(BAR_WIDTH / 2 - across + 0.5, 0, 1)


# ---------------------------------------------------------------------- clusters


def noise_of(name: str) -> float:
    """The noise of ``two-clusters:NOISE``; raises ValueError where it is no number from 0 to 10."""
    text = name.removeprefix(CLUSTERS)
    try:
        noise = float(text)
    except ValueError:
        noise = -1.0
    if not 0 <= noise <= MOST_NOISE:
        raise ValueError(
            f"the task {name!r} has the noise {text!r}; give a number of 0..{MOST_NOISE:g} behind the colon"
        )
    return noise


def two_clusters(noise: float = POINT_NOISE) -> Task:
    """Return the task ``two-clusters``; noise is the standard deviation of its second axis."""
    rng = np.random.default_rng(SEED)
    splits = {}
    for name, count in POINT_SAMPLES.items():
        views = VIEWS if name == "train" else 1
        targets = np.repeat(rng.integers(0, 2, count), views)
        first = 2 * targets - 1 + CLUSTER_SPREAD * rng.standard_normal(targets.size)
        points = CLUSTER * np.stack([first, noise * rng.standard_normal(targets.size)], axis=1)
        inputs = np.stack([points, -points], axis=2).reshape(targets.size, 4).repeat(COPIES, axis=1)
        own = OWN_NOISE * rng.standard_normal(inputs.shape)
        splits[name] = Split(np.clip(inputs + own, 0.0, 1.0), targets)
    return Task("two-clusters", ("left", "right"), **splits, origin=f"{CLUSTERS}{noise:g}", views=VIEWS)
