"""Samples: stimuli as lists of events, in the FPGA's memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chip.base import constants as c
from chip.base.declaration import shown
from chip.base.whole import decrease_within, whole, whole_numbers

STAMPS_END_NS = c.FPGA_CLOCK_NS << 16  # of the 16-bit time stamps in a sample's spike record, 524 us


@dataclass(frozen=True)
class SampleSet:
    """Stimuli as event lists, one after the other.

    Attributes:
        offsets: int64[n + 1]; sample k is events ``offsets[k]:offsets[k + 1]``.
        times_ns: int64[events], since the sample's time zero, a multiple of the 8 ns FPGA clock, sorted in a sample.
        labels: uint16[events], as they enter the crossbar (SPL1 address in bits 14-15).
        tags: uint16[n], handed to the PPU in the header of the sample's spike record, for example the class.
        duration_ns: from time zero to the end of recording, a multiple of 8 ns; below :data:`STAMPS_END_NS` on a chip
            with a spike writer.

    Raises:
        ValueError: an array has the wrong length, or times are off the clock, unsorted, or outside the duration. Arrays
            can be edited afterwards, so :meth:`check` asks again when they are written into the FPGA.
    """

    offsets: np.ndarray
    times_ns: np.ndarray
    labels: np.ndarray
    tags: np.ndarray
    duration_ns: int

    def __post_init__(self):
        self.check()

    def check(self) -> None:
        """Raise ValueError where it is none."""
        found = self._check_types()
        times, offsets = found["times_ns"], found["offsets"]  # int64: unsigned differences wrap
        lengths_agree = len(offsets) == len(self.tags) + 1 and len(times) == len(self.labels)
        if not lengths_agree or offsets[0] != 0 or offsets[-1] != len(times) or (np.diff(offsets) < 0).any():
            raise ValueError(
                f"a sample set has {len(offsets)} offsets, {len(self.tags)} tags, {len(times)} times and "
                f"{len(self.labels)} labels; it needs one offset more than tags, rising from 0 to the number of times "
                "and labels"
            )
        if self.duration_ns <= 0 or self.duration_ns % c.FPGA_CLOCK_NS:
            raise ValueError(f"a sample lasts {self.duration_ns} ns; it must be a positive multiple of 8 ns")
        if times.size and (times.max() >= self.duration_ns or (times % c.FPGA_CLOCK_NS).any()):
            raise ValueError(f"event times must be multiples of 8 ns in 0..{self.duration_ns} ns")
        if decrease_within(times, offsets):
            raise ValueError("the event times of a sample must not decrease")

    def _check_types(self) -> dict[str, np.ndarray]:
        """Return the arrays as int64."""
        arrays = {}
        limits = {"offsets": 1 << 40, "times_ns": 1 << 40, "labels": 0xFFFF, "tags": 0xFFFF}
        for name, high in limits.items():
            array = getattr(self, name)
            if not isinstance(array, np.ndarray):
                raise ValueError(f"{name} of a sample set are {shown(array)}; give a numpy array of integers")
            arrays[name] = whole_numbers(f"{name} of a sample set", array, high)
        object.__setattr__(self, "duration_ns", whole("the duration of a sample in ns", self.duration_ns))
        return arrays

    def __len__(self) -> int:
        return len(self.tags)

    @property
    def nbytes(self) -> int:
        """Bytes in DRAM: 8 per event (32-bit time, 16-bit label, padding), 8 per sample (offset and tag)."""
        return 8 * len(self.times_ns) + 8 * len(self.tags)
