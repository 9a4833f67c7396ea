"""What a firmware that learns must have; what its methods take and return, asked as they are called.

Whatever is refused is a :class:`chip.base.errors.DeclarationError`: a sentence, before any work where
that can be known.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from chip.base.config import ChipConfig
from chip.base.declaration import method_of, shown
from chip.base.errors import DeclarationError
from chip.base.registers import Registers
from chip.chip import Chip
from chip.fpga.samples import SampleSet
from chip.link import HostLink
from chip.ppu.program import Firmware, Program
from host.tasks import Task

TAKES = {"timed_samples": (), "status": ("chip",), "decode": ("link",)}  # the methods that are called after loading
OWN = "weights"  # the array that the host reads itself


class LearningFirmware(Protocol):
    """What a host needs from a firmware that learns a task: the contract of a learning rule.

    A rule is a subclass of :class:`chip.ppu.program.Firmware`. On the command line it is made with ``seed=``, and with
    ``epochs=`` and ``hidden=`` where they were given; a value that it cannot work with it refuses with a ValueError.

    Attributes:
        name: for titles and reports.
        seed, epochs: with which it was made; how often it visits the training samples.
    """

    name: str
    seed: int
    epochs: int

    def registers(self) -> Registers:
        """All registers of the chip: routing, neuron parameters, initial weights."""

    def programs(self) -> tuple[Program | None, Program | None]:
        """The programs of the top and the bottom PPU; None leaves a PPU asleep."""

    def assumptions(self) -> list[str]:
        """One sentence for everything that it takes for granted and no source confirms; Firmware's says nothing."""

    def samples(
        self, inputs: np.ndarray, targets: np.ndarray, ranges: dict[str, range], config: ChipConfig
    ) -> SampleSet:
        """Encode inputs float64[n, inputs] in 0..1 and classes uint8[n] as events; called before the other methods.

        ``ranges`` says which samples are for ``"train"``, ``"validation"`` and ``"test"``; ``config`` is the chip's.
        """

    def timed_samples(self) -> range:
        """Which training samples show the speed, by order of playing: not those in which functions run first."""

    def status(self, chip: Chip) -> tuple[int, float | None]:
        """Look at a learning chip: samples that the program will play in all, training accuracy of the last epoch."""

    def decode(self, link: HostLink) -> dict[str, Any]:
        """Read the recordings: ``accuracy`` (test, None if it was not reached), ``train_accuracy``, further arrays."""


METHODS = tuple(
    name for name, member in vars(LearningFirmware).items() if inspect.isfunction(member) and name[0] != "_"
)


def missing_methods(firmware: object) -> list[str]:
    """Return which methods of :class:`LearningFirmware` a firmware, or its class, has not got, or not written."""
    nothing = (None, Firmware.registers, Firmware.programs)
    found = {name: getattr(firmware, name, None) for name in METHODS}
    return [
        name
        for name, method in found.items()
        if any(getattr(method, "__func__", method) is none for none in nothing)  # what is no method may not compare
    ]


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
