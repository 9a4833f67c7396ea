"""What a user chooses of inhibitory plasticity. Rates are in kHz: events of a source in a millisecond."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chip.base import constants as c
from chip.base.settings import Checked, setting
from ppu_programs.stochastic_rounding import ROUNDINGS, STOCHASTIC

CHANNELS = 8
MOST_COUNT = 127  # of a neuron between two updates: what a signed byte holds
MOST_CELLS = c.LANES


@dataclass(frozen=True)
class Settings(Checked):
    """Settings of :class:`ppu_programs.inhibitory_plasticity.firmware.InhibitoryPlasticity`.

    Attributes:
        rounding: of steps of the 6-bit weights: ``stochastic``; or ``truncate``, downwards, as the vector unit does
            without random bits.
        target_khz: rate that cells are to spike at.
        rate: of learning, in steps of a weight for each spike of an interneuron times each spike of a cell above the
            target, between two updates; 0 leaves weights alone.
        period_ns: between two updates.
        updates: in all; half of them are before the change of the input.
        evaluated: updates at the end of either half, over which rates are judged.
        watched: updates from one record of the weights to the next one.
        change: channels by which excitation moves against inhibition in the middle of the run; 0 for no change.
        cells: how many there are.
        sources: of excitation, and as many that drive interneurons, in a channel; interneurons: in a channel.
        mean_khz: rate of a source; drive_khz: of a source of an interneuron.
        spread: of a channel's rate around its mean, as a fraction of it, standard deviation before it is cut off at 0.
        signal_ns: how long a channel's rate lasts until it is another one.
        tuning: highest excitatory weight, of the channel that a cell prefers.
        drive: weights of interneurons.
        initial: inhibitory weights at the start, at most.
        efficacy_lsb: current per weight of all neurons.
        tau_mem_ns, tau_syn_ns, tau_inh_ns: time constants of membranes and of synapses, excitatory and inhibitory.
        refractory_ns, threshold_lsb, leak_lsb: of all neurons; leak and reset potential, high enough for inhibition.
        seed: of trains, initial weights and random bits.

    Raises:
        ValueError: one of them is out of range, or clashes with another one.
    """

    section: ClassVar[str] = "inhibitory plasticity"

    rounding: str = STOCHASTIC
    target_khz: float = setting(16.0, 1.0, 100.0)
    rate: float = setting(0.008, 0.0, 0.49)
    period_ns: int = setting(500_000, 200_000, 10_000_000, c.FPGA_CLOCK_NS)
    updates: int = setting(1_200, 2, 100_000, 2)
    evaluated: int = setting(300, 1, 50_000)
    watched: int = setting(40, 1, 10_000)
    change: int = setting(3, 0, CHANNELS - 1)
    cells: int = setting(64, 1, MOST_CELLS)
    sources: int = setting(8, 1, 16)
    interneurons: int = setting(2, 1, 8)
    mean_khz: float = setting(12.0, 1.0, 200.0)
    drive_khz: float = setting(20.0, 1.0, 400.0)
    spread: float = setting(0.4, 0.0, 2.0)
    signal_ns: int = setting(500_000, 8_000, 100_000_000, c.FPGA_CLOCK_NS)
    tuning: int = setting(63, 1, c.WEIGHT_MAX)
    drive: int = setting(60, 1, c.WEIGHT_MAX)
    initial: int = setting(15, 0, c.WEIGHT_MAX)
    efficacy_lsb: float = setting(0.8, 0.05, 20.0)
    tau_mem_ns: int = setting(10_000, 500, 60_000)
    tau_syn_ns: int = setting(5_000, 300, 30_000)
    tau_inh_ns: int = setting(10_000, 300, 30_000)
    refractory_ns: int = setting(2_000, 40, 32_000, c.FPGA_CLOCK_NS)
    threshold_lsb: int = setting(40, 10, 100)
    leak_lsb: int = setting(130, 40, 200)
    seed: int = setting(1, 0, 1 << 62)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.rounding not in ROUNDINGS:
            raise ValueError(f"{self.section}.rounding is {self.rounding!r}; it must be {' or '.join(ROUNDINGS)}")
        if not 1 <= self.target <= MOST_COUNT // 2:
            raise ValueError(
                f"{self.section}: target_khz of {self.target_khz} in period_ns of {self.period_ns} is {self.target} "
                f"spikes between two updates; it must be 1..{MOST_COUNT // 2}, so that twice as many are still a "
                "signed byte: change one of them"
            )
        if self.evaluated > self.updates // 2:
            raise ValueError(
                f"{self.section}.evaluated is {self.evaluated}, more than the {self.updates // 2} updates of half a "
                "run; evaluate fewer"
            )

    @property
    def target(self) -> int:
        """Spikes of a cell between two updates."""
        return round(self.target_khz * self.period_ns * 1e-6)

    @property
    def duration_ns(self) -> int:
        """Of the run."""
        return self.updates * self.period_ns
