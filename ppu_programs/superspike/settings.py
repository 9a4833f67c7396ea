"""What the SuperSpike firmware is built for, beside what every rule for one hidden layer is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from chip.base import constants as c
from chip.base.settings import setting
from chip.ppu.costs import issue_cycles
from ppu_programs.network import LIF
from ppu_programs.two_layer import settings as two_layer
from ppu_programs.two_layer.settings import TICK_NS

SURROGATE_ONE = 20  # the surrogate at threshold, an integer: six samples there fill a lane of the accumulator
# of the operations between the ring at a sample's beginning and the first conversion: `wait`, `sample_membranes`
WAIT_ARGUMENTS, SAMPLING_ARGUMENTS = 1, 3


@dataclass(frozen=True)
class Settings(two_layer.Settings):
    """Settings of :class:`ppu_programs.two_layer.settings.Settings`, and those of the surrogate gradient.

    Attributes:
        first_sample_ns, sample_period_ns, membrane_samples: when the hidden membranes are converted: time of the first
            conversion since time zero, time from one to the next, and how many.
        lead_ns: from the ring at a sample's beginning to its time zero; the firmware takes it from the chip.
        width_lsb: distance from threshold at which the surrogate is 0.
        activity: strength of the regularisation of activity: how each spike of a hidden neuron above
            ``activity_target`` in a sample counts, in weight steps times error; 0 is none.
        activity_target: spikes of a neuron in a sample that cost nothing.
    """

    section: ClassVar[str] = "superspike"

    first_sample_ns: int = setting(3_000, 0, TICK_NS << 13, TICK_NS)
    sample_period_ns: int = setting(2_000, c.CADC_SAMPLE_PERIOD_NS, 30_000, TICK_NS)
    membrane_samples: int = setting(14, 1, 20)
    lead_ns: int = setting(1_000, 0, 10_000_000, c.PPU_CLOCK_NS)
    width_lsb: int = setting(20, 1, 63)
    activity: float = setting(0.0, 0.0, 0.999)
    activity_target: int = setting(0, 0, 100)

    def __post_init__(self):
        super().__post_init__()
        last_ns = self.first_sample_ns + (self.membrane_samples - 1) * self.sample_period_ns
        if last_ns >= self.duration_ns:
            raise ValueError(
                f"{self.section}: the last of {self.membrane_samples} membrane samples comes at {last_ns} ns, and the "
                f"readouts are observed at {self.duration_ns} ns; take fewer samples, or sooner"
            )
        highest_lsb = c.CADC_MAX + 1 - LIF.leak_lsb - self.width_lsb
        if self.threshold_lsb > highest_lsb:
            raise ValueError(
                f"{self.section}: the threshold is {self.threshold_lsb} LSB above the leak potential; with a surrogate "
                f"of {self.width_lsb} LSB on either side {highest_lsb} is the highest that the CADC can tell"
            )

    @property
    def threshold_code(self) -> int:
        """What the CADC reads of a hidden membrane at threshold."""
        return LIF.leak_lsb + self.threshold_lsb

    @property
    def sample_ticks(self) -> np.ndarray:
        """int64[membrane_samples]: the time of each conversion, in ticks."""
        return (self.first_sample_ns + np.arange(self.membrane_samples) * self.sample_period_ns) // TICK_NS

    @property
    def wait_cycles(self) -> int:
        """From the ring to the first conversion, without the control flow on the way: to this wait and from it."""
        control_cycles = issue_cycles(WAIT_ARGUMENTS) + issue_cycles(SAMPLING_ARGUMENTS)
        return (self.lead_ns + self.first_sample_ns) // c.PPU_CLOCK_NS - control_cycles

    @property
    def surrogate_slope(self) -> int:
        """What the surrogate, an integer, falls by for each LSB of distance."""
        return max(1, SURROGATE_ONE // self.width_lsb)
