"""Tasks from files of arrays, ``FILE.npz``, as ``numpy.savez`` writes them."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from chip.base.whole import whole_numbers
from host.tasks.events import MOST_CHANNELS, EventSplit
from host.tasks.task import SPLITS, Split, Task

HOLDS = (
    "X_inputs, numbers in 0..1 [samples, inputs], and X_targets, numbers of classes [samples], for X = train, "
    "validation and test; streams of events have X_times_ns, X_channels [events] and X_offsets [samples + 1] in the "
    "place of X_inputs, and may have channels, their number; classes, names of them, may be there"
)
INPUTS, EVENTS = ("inputs", "targets"), ("times_ns", "channels", "offsets", "targets")
OPTIONAL = ("classes", "channels")


def load(path: Path) -> Task:
    """Return the task of a file; its name is the file's.

    Raises:
        ValueError: the file cannot be read, holds something else, or arrays that make no task; one sentence.
    """
    arrays = _read(path)
    streams = any(f"{split}_{name}" in arrays for split in SPLITS for name in EVENTS[:-1])
    needed = [f"{split}_{name}" for split in SPLITS for name in (EVENTS if streams else INPUTS)]
    missing = [name for name in needed if name not in arrays]
    foreign = sorted(set(arrays) - {*needed, *(OPTIONAL if streams else OPTIONAL[:1])})
    if missing or foreign:
        what = f"has no {missing[0]}" if missing else f"holds {foreign[0]}, which is unknown"
        raise ValueError(f"the task file {path} {what}; it must hold {HOLDS}")
    try:
        splits = _events(arrays) if streams else {split: _numbers(arrays, split) for split in SPLITS}
        return Task(path.stem, _classes(arrays, splits), **splits, origin=str(path))
    except ValueError as error:
        raise ValueError(f"the task file {path}: {error}") from None


def _read(path: Path) -> dict[str, np.ndarray]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ValueError(f"the task file {path} cannot be read: {error.strerror or error}") from None
    name = ""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            found = {}
            for name in file.files:
                found[name] = file[name]
            return found
    except Exception as error:  # whatever numpy, zipfile and zlib say of what they were never written for
        if isinstance(error, ValueError) and name and "allow_pickle" in str(error):
            raise ValueError(
                f"the task file {path} holds {name} as an array of Python objects, which are not read; save it as "
                f"numbers, or names as texts: numpy.asarray({name}, {'str' if name == 'classes' else 'float'})"
            ) from None
        raise ValueError(
            f"the task file {path} is no .npz file of arrays, or damaged; numpy.savez writes one, which must "
            f"hold {HOLDS}"
        ) from None


def _numbers(arrays: dict[str, np.ndarray], split: str) -> Split:
    try:
        return Split(arrays[f"{split}_inputs"], arrays[f"{split}_targets"])
    except ValueError as error:
        raise ValueError(f"{split}: {error}") from None


def _events(arrays: dict[str, np.ndarray]) -> dict[str, EventSplit]:
    """Return its streams; there are as many channels as it says, or as the highest one of all splits asks for."""
    if "channels" in arrays:
        count = arrays["channels"]
        if count.size != 1 or count.dtype.kind not in "iu":
            raise ValueError(f"channels are {count.dtype}{list(count.shape)}; give their number")
        width = int(count.reshape(()))
    else:
        highest = [
            whole_numbers(name, arrays[name], MOST_CHANNELS - 1).max(initial=0)
            for name in arrays
            if name.endswith("channels")
        ]
        width = int(max(highest)) + 1
    found = {}
    for split in SPLITS:
        named = {name: arrays[f"{split}_{name}"] for name in EVENTS}
        try:
            found[split] = EventSplit(**named, width=width)
        except ValueError as error:
            raise ValueError(f"{split}: {error}") from None
    return found


def _classes(arrays: dict[str, np.ndarray], splits: Mapping[str, Split | EventSplit]) -> tuple[str, ...]:
    """Return the names of its classes, or numbers up to the highest target."""
    if "classes" in arrays:
        names = arrays["classes"]
        if names.ndim != 1 or names.dtype.kind not in "UiubS":
            raise ValueError(f"classes are {names.dtype}{list(names.shape)}; give the name of each, a text")
        return tuple(name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name) for name in names)
    highest = max(int(split.targets.max(initial=0)) for split in splits.values())
    return tuple(str(number) for number in range(highest + 1))
