"""What the Fast & Deep firmware is built for, beside what every rule for one hidden layer is."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import ClassVar, Self

from chip.base import constants as c
from chip.base.settings import setting
from ppu_programs.network import LIF, Network
from ppu_programs.two_layer import settings as two_layer
from ppu_programs.two_layer.settings import CURRENT_ONE, TICK_NS, WEIGHT_STEP


@dataclass(frozen=True)
class Settings(two_layer.Settings):
    """Settings of :class:`ppu_programs.two_layer.settings.Settings`, other defaults for spiking readouts, and these.

    Readouts have no CADC sample: a sample is recorded for ``duration_ns``, and ``sharpness`` is not used. Refractory
    times last until its end, so that every neuron spikes at most once.

    Attributes:
        hidden: more than 128 are divided between both processors, see :mod:`ppu_programs.two_layer.halves`. A record of
            254 events has room for all spikes of 246 with 5 inputs and 3 readouts; further ones are lost, and counted.
        readout_threshold_lsb: of readouts, above their leak potential.
        softness_ns: xi, in which the softmax of spike times measures their differences.
        early: weight of the early-spike term, in which the loss grows by ``early / softness_ns`` with the label's time;
            off by default, since on validation data it gained nothing, and without it learned samples need no gradient.
        slope_limit, readout_slope_limit: the clip of both layers: 1 / (I - threshold) is at most this over the
            threshold.
        bump: what the weights of a hidden neuron gain that was silent for a whole batch, in weight steps.
    """

    section: ClassVar[str] = "fast-and-deep"

    hidden: int = setting(120, 1, c.HEMISPHERES * c.LANES)
    last_input_ns: int = setting(14_000, 0, TICK_NS << 13)
    bias_ns: int = setting(6_304, 0, TICK_NS << 13)
    tau_syn_ns: int = setting(7_000, 300, 30_000)
    tau_mem_ns: int = setting(7_000, 500, 60_000)
    refractory_ns: int = setting(32_000, 40, 32_000, TICK_NS)
    readout_tau_syn_ns: int = setting(7_000, 300, 30_000)
    readout_tau_mem_ns: int = setting(7_000, 500, 60_000)
    efficacy_lsb: float = setting(4.0, 0.05, 100.0)
    gradient_shift: int = setting(2, 0, 16)
    readout_gradient_shift: int = setting(2, 0, 16)
    rate: float = setting(0.49, 1e-6, 0.499)
    readout_rate: float = setting(0.49, 1e-6, 0.499)
    mean: float = setting(16.0, -63.0, 63.0)
    spread: float = setting(20.0, 0.0, 63.0)
    readout_mean: float = setting(20.0, -63.0, 63.0)
    readout_spread: float = setting(6.0, 0.0, 63.0)
    readout_threshold_lsb: int = setting(63, 1, 125)
    softness_ns: int = setting(64, 20, 10_000)
    early: float = setting(0.0, 0.0, 0.25)
    slope_limit: float = setting(8.0, 1.0, 64.0)
    readout_slope_limit: float = setting(8.0, 1.0, 64.0)
    bump: float = setting(0.05, 0.0, 1.0)

    def __post_init__(self):
        super().__post_init__()
        longest_ns = self.duration_ns - min(self.first_input_ns, self.bias_ns)
        if self.refractory_ns < longest_ns:
            raise ValueError(
                f"{self.section}: a refractory time of {self.refractory_ns} ns ends before the sample, in which a "
                f"neuron may spike {longest_ns} ns before its end; lengthen it, or shorten duration_ns"
            )

    @property
    def readout_neurons(self) -> LIF:
        """The last layer of the network, with the refractory time of the hidden one."""
        return LIF(
            self.readouts,
            tau_mem_ns=self.readout_tau_mem_ns,
            tau_syn_ns=self.readout_tau_syn_ns,
            refractory_ns=self.refractory_ns,
            threshold_lsb=self.readout_threshold_lsb,
        )

    def with_network(self, network: Network) -> Self:
        """Return these settings for another network; see the base class."""
        served = self
        if isinstance(network, Network) and isinstance(readouts := network.layers[-1][1], LIF):
            served = dataclasses.replace(self, readout_threshold_lsb=readouts.threshold_lsb)
        return super(Settings, served).with_network(network)

    @property
    def latency_ticks(self) -> int:
        """Whole ticks of the latency; tables contain the rest of it."""
        return self.latency_ns // TICK_NS

    @property
    def least_excess(self) -> int:
        """The least I - threshold of a hidden neuron that its gradient is divided by, in 1/256 weight steps."""
        return max(1, round(self.threshold_current / self.slope_limit))

    @property
    def readout_threshold_current(self) -> int:
        """The current that holds a readout at its threshold, in 1/256 weight steps."""
        return round(CURRENT_ONE * self.readout_threshold_lsb / self.readout_efficacy_lsb)

    @property
    def least_readout_excess(self) -> int:
        """The least I - threshold of a readout that its error is divided by, in 1/256 weight steps."""
        return max(1, round(self.readout_threshold_current / self.readout_slope_limit))

    @property
    def bump_steps(self) -> int:
        """``bump`` in steps of the shadow weights."""
        return round(self.bump * WEIGHT_STEP)
