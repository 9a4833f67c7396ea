"""What a user chooses of latent predictive learning with spikes. Rates are in kHz: events in a millisecond."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chip.base import constants as c
from chip.base.settings import Checked, setting

NOTHING, PULL, HEBB, TRIGGERED, INHIBITION, LEARNING = ABLATIONS = (
    *("none", "pull", "hebb", "triggered", "inhibition", "learning"),
)
MOST_COUNT = 127  # of spikes between two turns of inhibition, a signed byte
PART_INPUTS = 4  # of which the rows are written in a tick
MOST_EXCITATORY, MOST_INHIBITORY, MOST_INPUTS = 32, 8, 128


@dataclass(frozen=True)
class Settings(Checked):
    """Settings of :class:`ppu_programs.spiking_lpl.firmware.SpikingLPL`.

    Attributes:
        ablation: what is left out: ``none``; ``pull``, the predictive term; ``hebb``, the Hebbian one; ``triggered``,
            the transmitter-triggered one; ``inhibition``, inhibitory synapses and their plasticity; ``learning``, all
            of it, so that weights stay random.
        ticks: of learning; tick_ns: how long one is, which is the time over which rates are predicted, too.
        evaluated: ticks at the end, of which neurons' spikes are judged.
        pull, hebb, triggered: strengths of the three terms; the last one in spikes of a tick.
        rate: of learning, a factor of ``post``, 0..1, see ``factors``.
        mean_shift, variance_shift: running mean and variance of a neuron's spikes forget 2^-shift of themselves a tick.
        least_variance: which the Hebbian term's divisor has besides, in squared spikes.
        width_lsb: of the surrogate around the threshold; lowest_lsb: below leak potential by so much it is 0.
        target_khz: of excitatory neurons, what inhibition is for.
        inhibitory_rate: of its learning, see :mod:`ppu_programs.inhibitory_plasticity.settings`; times the spikes of an
            inhibitory neuron between two turns it counts as 127/256 where it is more, from 124 spikes on by default.
        excitatory, inhibitory: neurons.
        slow, shuffled, constant: inputs that follow the slow signal, the shuffled one, and none.
        mean_khz: of an input; depth: standard deviation of the signals as a fraction of it.
        signal_ns: period of the slow signal's lowest frequency; exponent: how its amplitudes fall with frequency.
        weight, weight_spread: of excitatory weights at the start, in weight steps.
        onto_inhibitory, from_inhibitory: highest weight of either at the start.
        efficacy_lsb, inhibitory_efficacy_lsb: current per weight of excitatory and of inhibitory neurons.
        tau_mem_ns, tau_syn_ns, tau_inh_ns, refractory_ns, threshold_lsb, leak_lsb: of these neurons, their excitatory
            and their inhibitory synapses.
        trace_lsb: by how much an input's mean rate lifts its trace; trace_tau_ns: time constant of its membrane and of
            its synapse.
        seed: of signals, events, initial weights and random bits.

    Raises:
        ValueError: one of them is out of range, or clashes with another one.
    """

    section: ClassVar[str] = "spiking LPL"

    ablation: str = NOTHING
    ticks: int = setting(20_000, 200, 340_000)
    tick_ns: int = setting(100_000, 92_000, 1_000_000, c.FPGA_CLOCK_NS)
    evaluated: int = setting(6_000, 200, 100_000)
    pull: float = setting(1.5, 0.0, 16.0)
    hebb: float = setting(0.3, 0.0, 16.0)
    triggered: float = setting(0.03, 0.0, 4.0)
    rate: float = setting(0.08, 0.0, 0.99)
    mean_shift: int = setting(10, 1, 14)
    variance_shift: int = setting(9, 1, 14)
    least_variance: float = setting(0.1, 0.01, 10.0)
    width_lsb: float = setting(40.0, 1.0, 100.0)
    lowest_lsb: float = setting(60.0, 0.0, 100.0)
    target_khz: float = setting(10.0, 1.0, 50.0)
    inhibitory_rate: float = setting(0.004, 0.0, 0.49)
    excitatory: int = setting(MOST_EXCITATORY, 1, MOST_EXCITATORY)
    inhibitory: int = setting(MOST_INHIBITORY, 1, MOST_INHIBITORY)
    slow: int = setting(40, 1, MOST_INPUTS)
    shuffled: int = setting(40, 1, MOST_INPUTS)
    constant: int = setting(20, 1, MOST_INPUTS)
    mean_khz: float = setting(8.0, 0.5, 50.0)
    depth: float = setting(0.6, 0.0, 2.0)
    signal_ns: int = setting(15_000_000, 1_000_000, 1_000_000_000)
    exponent: float = setting(1.1, 0.0, 4.0)
    weight: float = setting(18.0, 0.0, 63.0)
    weight_spread: float = setting(1.0, 0.0, 63.0)
    onto_inhibitory: int = setting(c.WEIGHT_MAX, 0, c.WEIGHT_MAX)
    from_inhibitory: int = setting(20, 0, c.WEIGHT_MAX)
    efficacy_lsb: float = setting(0.7, 0.05, 20.0)
    inhibitory_efficacy_lsb: float = setting(1.5, 0.05, 20.0)
    tau_mem_ns: int = setting(10_000, 500, 60_000)
    tau_syn_ns: int = setting(5_000, 300, 30_000)
    tau_inh_ns: int = setting(30_000, 300, 30_000)
    refractory_ns: int = setting(2_000, 40, 32_000, c.FPGA_CLOCK_NS)
    threshold_lsb: int = setting(40, 10, 100)
    leak_lsb: int = setting(120, 40, 200)
    trace_lsb: float = setting(20.0, 1.0, 100.0)
    trace_tau_ns: int = setting(30_000, 500, 30_000)
    seed: int = setting(1, 0, 1 << 62)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.ablation not in ABLATIONS:
            raise ValueError(f"{self.section}.ablation is {self.ablation!r}; it must be one of {', '.join(ABLATIONS)}")
        if self.inputs > MOST_INPUTS:
            raise ValueError(
                f"{self.section}: {self.slow} slow, {self.shuffled} shuffled and {self.constant} constant inputs are "
                f"{self.inputs}; a vector has lanes for {MOST_INPUTS}"
            )
        if self.inputs % PART_INPUTS:
            raise ValueError(
                f"{self.section}: {self.inputs} inputs are no multiple of {PART_INPUTS}, of which a tick writes "
                "the rows; change one of slow, shuffled and constant"
            )
        if not 1 <= self.window_target <= MOST_COUNT // 2:
            raise ValueError(
                f"{self.section}: target_khz of {self.target_khz} in {self.turns} ticks of {self.tick_ns} ns is "
                f"{self.window_target} spikes between two turns of inhibition; it must be 1..{MOST_COUNT // 2}, so "
                "that twice as many are still a signed byte: change one of them"
            )
        if self.evaluated > self.ticks:
            raise ValueError(f"{self.section}.evaluated is {self.evaluated}, more than {self.ticks} ticks")

    @property
    def inputs(self) -> int:
        """In all."""
        return self.slow + self.shuffled + self.constant

    @property
    def turns(self) -> int:
        """Ticks until all synapses have been written once; the last one is that of inhibition."""
        return self.inputs // PART_INPUTS + 1

    @property
    def window_target(self) -> int:
        """Spikes of an excitatory neuron between two turns of inhibition."""
        return round(self.target_khz * self.turns * self.tick_ns * 1e-6)

    @property
    def duration_ns(self) -> int:
        """Of the run: the first tick learns nothing."""
        return (self.ticks + 1) * self.tick_ns

    def without(self, *what: str) -> bool:
        """Whether one of these is left out."""
        return self.ablation in what
