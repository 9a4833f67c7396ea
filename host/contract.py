"""What the methods of a firmware that learns must take and return, asked as they are called; see LearningFirmware.

Whatever is refused is a :class:`chip.base.errors.DeclarationError`: a sentence, before any work where
that can be known.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from chip.base.declaration import method_of, shown
from chip.base.errors import DeclarationError
from chip.chip import Chip
from chip.fpga.samples import SampleSet
from chip.link import HostLink
from host.tasks import Task

if TYPE_CHECKING:
    from host.host import LearningFirmware

TAKES = {"timed_samples": (), "status": ("chip",), "decode": ("link",)}  # the methods that are called after loading
OWN = "weights"  # the array that the host reads itself


def check_later_methods(firmware: LearningFirmware) -> None:
    """Refuse methods that could not be called once the chip has learned."""
    for name, takes in TAKES.items():
        method_of(firmware, _who(firmware), name, *takes)


def samples_of(firmware: LearningFirmware, task: Task, chip: Chip) -> SampleSet:
    """Return a task's samples as a firmware encodes them."""
    method = method_of(firmware, _who(firmware), "samples", "inputs", "targets", "ranges", "config")
    samples = method(task.inputs, task.targets, task.ranges, chip.config)
    if not isinstance(samples, SampleSet):
        raise _wrong(firmware, "samples", samples, "return a chip.fpga.SampleSet")
    return samples


def timed_samples_of(firmware: LearningFirmware) -> range:
    """Return which training samples show the speed."""
    timed = firmware.timed_samples()
    if not isinstance(timed, range) or (timed and (timed.step != 1 or timed.start < 0)):
        raise _wrong(firmware, "timed_samples", timed, "return a range of sample numbers, by order of playing")
    return timed


def status_of(firmware: LearningFirmware, chip: Chip) -> tuple[int, float | None]:
    """Return how many samples the program plays in all, and the training accuracy of the last epoch."""
    status = firmware.status(chip)
    remedy = "return the number of samples, and an accuracy or None"
    if not isinstance(status, tuple | list) or len(status) != 2:
        raise _wrong(firmware, "status", status, remedy)
    total, accuracy = status
    if isinstance(total, bool) or not isinstance(total, int | np.integer) or not _is_number_or_none(accuracy):
        raise _wrong(firmware, "status", status, remedy)
    return int(total), accuracy


def recordings_of(firmware: LearningFirmware, link: HostLink) -> dict[str, Any]:
    """Return what a firmware reads of a chip that has learned; ``accuracy``, ``train_accuracy`` and further arrays."""
    found = firmware.decode(link)
    if not isinstance(found, Mapping):
        raise _wrong(firmware, "decode", found, "return a dict with accuracy, train_accuracy and further arrays")
    for name in ("accuracy", "train_accuracy"):
        if name not in found:
            raise DeclarationError(f"decode() of {_who(firmware)} returned no {name}; None and [] are for none")
    if not _is_number_or_none(found["accuracy"]):
        raise _wrong(firmware, "decode", found["accuracy"], "an accuracy is a number or None", " as accuracy")
    for name, values in found.items():
        if not isinstance(name, str) or name == OWN:
            raise DeclarationError(
                f"decode() of {_who(firmware)} returned something called {name!r}; give it another name, a text "
                f"({OWN!r} is what the host reads itself)"
            )
        if name != "accuracy" and not _is_array(values):
            raise _wrong(firmware, "decode", values, "return an array of numbers", f" as {name}")
    accuracies = np.asarray(found["train_accuracy"])
    if accuracies.ndim != 1 or accuracies.dtype.kind not in "iuf" or not np.isfinite(accuracies).all():
        remedy = "return a number for each epoch that was reached"
        raise _wrong(firmware, "decode", found["train_accuracy"], remedy, " as train_accuracy")
    return dict(found)


def _is_number_or_none(value: object) -> bool:
    if value is None:
        return True
    numbers = int | float | np.integer | np.floating
    return isinstance(value, numbers) and not isinstance(value, bool) and bool(np.isfinite(value))


def _is_array(values: object) -> bool:
    try:
        return not np.asarray(values).dtype.hasobject
    except ValueError:  # rows of different lengths
        return False


def _who(firmware: LearningFirmware) -> str:
    return f"firmware {firmware.name}"


def _wrong(firmware: LearningFirmware, method: str, value: object, remedy: str, what: str = "") -> DeclarationError:
    return DeclarationError(f"{method}() of {_who(firmware)} returned {shown(value)}{what}; {remedy}")
