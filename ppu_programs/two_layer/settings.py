"""What a rule is built for: samples; for one hidden layer network, time constants, fixed-point scales, learning rate.

Physical units are the chip's: potentials in CADC LSB above the leak potential, which is the reset potential too; times
in ns. Inside the processor a time is a number of 8 ns ticks since the sample's time zero, as the FPGA stamps spikes,
and a current is in weight steps (one step of a 6-bit weight), times 256.

The default values were chosen on the validation set of Yin-Yang.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import ClassVar

from chip.base import constants as c
from chip.base.settings import Checked, setting
from ppu_programs.network import LI, LIF, Linear, Network

TICK_NS = c.FPGA_CLOCK_NS
TABLE_STEP_TICKS = 32  # distance of two entries of an interpolated table
WEIGHT_STEP = 512  # of the int16 shadow weights in one 6-bit weight step: 63.5 * 512 fills the int16
SHADOW_LIMIT = c.WEIGHT_MAX * WEIGHT_STEP
CURRENT_ONE = 256  # fixed point of currents: parts of a weight step


@dataclass(frozen=True)
class SampleSettings(Checked):
    """How samples become events and losses, whatever the network; that is an attribute ``network`` of subclasses.

    Attributes:
        duration_ns: from time zero of a sample to the one CADC sample of the readouts.
        settle_ns: from the doorbell to the next sample's request at the earliest, in which currents decay.
        first_input_ns, last_input_ns, bias_ns: times of the input values 0 and 1, and of the bias event.
        latency_ns: from a spike to the synapses of the next layer; a firmware that is built takes it from the chip.
        sharpness: nats per CADC LSB, what the softmax multiplies readout potentials with.
        batch: samples per update; a training set that is no multiple drops the rest of an epoch.
        epochs: how often the training samples are visited.
        seed: of initial weights, order of samples and stochastic rounding.
    """

    duration_ns: int = setting(30_000, 1_000, (TICK_NS << 13) - TICK_NS, TICK_NS)  # where tables end
    settle_ns: int = setting(60_000, 0, 1_000_000)
    first_input_ns: int = setting(1_000, 0, TICK_NS << 13)
    last_input_ns: int = setting(28_000, 0, TICK_NS << 13)
    bias_ns: int = setting(1_000, 0, TICK_NS << 13)
    latency_ns: int = setting(100, 0, 10_000)
    sharpness: float = setting(0.16, 1e-3, 1.0)
    batch: int = setting(25, 1, 1_000)
    epochs: int = setting(30, 1)
    seed: int = setting(0, 0)

    def __post_init__(self):
        super().__post_init__()
        if not self.first_input_ns < self.last_input_ns < self.duration_ns > self.bias_ns:
            raise ValueError(
                f"{self.section}: inputs come from {self.first_input_ns} to {self.last_input_ns} ns and the bias at "
                f"{self.bias_ns} ns; they must rise, and end before the sample does at {self.duration_ns} ns"
            )

    @property
    def duration_ticks(self) -> int:
        """Ticks from time zero to the CADC sample."""
        return self.duration_ns // TICK_NS


@dataclass(frozen=True)
class Settings(SampleSettings):
    """All that the kernels, the tables and the neurons' registers have in common; rules add their own.

    An input of the largest weight alone lifts a membrane to a quarter of 63 times the efficacy, 79 LSB, well over the
    threshold of 63. With an efficacy of 4 it would just touch it: there a spike's time has no derivative, and the
    optimiser drives many weights to that end. Efficacy and mean weight were chosen on validation samples.

    Attributes:
        inputs, hidden, readouts: neurons per layer; the bias is an input.
        tau_syn_ns, tau_mem_ns, refractory_ns: of hidden neurons; equal time constants are allowed.
        readout_tau_syn_ns, readout_tau_mem_ns: of the readouts, which are leaky integrators.
        threshold_lsb, efficacy_lsb: of hidden neurons; an input of weight w adds ``w * efficacy_lsb`` to the current.
        readout_efficacy_lsb: the same of readouts.
        rate, readout_rate: first step of a weight, in weight steps, where gradients keep their sign; both fall to 0.
        gradient_shift, readout_gradient_shift: how far a batch's gradient is shifted right into 16 bit.
        mean, spread, readout_mean, readout_spread: of normally distributed initial weights, in weight steps.
    """

    section: ClassVar[str] = "two layers"

    inputs: int = setting(5, 2, c.DRIVERS)
    hidden: int = setting(120, 1, c.LANES)
    readouts: int = setting(3, 2, 16)  # what the fixed point of the errors is for
    tau_syn_ns: int = setting(5_000, 300, 30_000)
    tau_mem_ns: int = setting(10_000, 500, 60_000)
    refractory_ns: int = setting(2_000, 40, 32_000, TICK_NS)
    readout_tau_syn_ns: int = setting(15_000, 300, 30_000)
    readout_tau_mem_ns: int = setting(60_000, 500, 60_000)
    threshold_lsb: int = setting(63, 1, 175)
    efficacy_lsb: float = setting(5.0, 0.05, 100.0)
    readout_efficacy_lsb: float = setting(2.0, 0.05, 100.0)
    rate: float = setting(0.24, 1e-6, 0.499)
    readout_rate: float = setting(0.32, 1e-6, 0.499)
    gradient_shift: int = setting(6, 0, 16)
    readout_gradient_shift: int = setting(9, 0, 16)
    mean: float = setting(10.0, -63.0, 63.0)
    spread: float = setting(24.0, 0.0, 63.0)
    readout_mean: float = setting(0.0, -63.0, 63.0)
    readout_spread: float = setting(3.0, 0.0, 63.0)

    @property
    def network(self) -> Network:
        """The network that these settings describe."""
        hidden = LIF(
            self.hidden,
            tau_mem_ns=self.tau_mem_ns,
            tau_syn_ns=self.tau_syn_ns,
            refractory_ns=self.refractory_ns,
            threshold_lsb=self.threshold_lsb,
        )
        into_hidden = Linear(
            self.inputs, self.hidden, efficacy_lsb=self.efficacy_lsb, mean=self.mean, spread=self.spread
        )
        into_readouts = Linear(
            self.hidden,
            self.readouts,
            efficacy_lsb=self.readout_efficacy_lsb,
            mean=self.readout_mean,
            spread=self.readout_spread,
        )
        return Network(into_hidden, hidden, into_readouts, self.readout_neurons)

    @property
    def readout_neurons(self) -> LI | LIF:
        """The last layer of the network."""
        return LI(self.readouts, tau_mem_ns=self.readout_tau_mem_ns, tau_syn_ns=self.readout_tau_syn_ns)

    def with_network(self, network: Network) -> SampleSettings:
        """Return these settings for another network; of a rule that serves further depths they may be of another class.

        Raises:
            ValueError: this rule cannot serve it: it has another depth, other readouts, or a setting of its own.
        """
        if not isinstance(network, Network) or network.depth != 2:
            raise ValueError(f"{self.section} serves networks of one hidden layer and readouts, not {network!r}")
        (into_hidden, hidden), (into_readouts, readouts) = network
        changed = {
            "inputs": network.inputs,
            "hidden": hidden.size,
            "readouts": network.outputs,
            "tau_syn_ns": hidden.tau_syn_ns,
            "tau_mem_ns": hidden.tau_mem_ns,
            "refractory_ns": hidden.refractory_ns,
            "threshold_lsb": hidden.threshold_lsb,
            "readout_tau_syn_ns": readouts.tau_syn_ns,
            "readout_tau_mem_ns": readouts.tau_mem_ns,
            "efficacy_lsb": into_hidden.efficacy_lsb,
            "readout_efficacy_lsb": into_readouts.efficacy_lsb,
            "mean": into_hidden.mean,
            "spread": into_hidden.spread,
            "readout_mean": into_readouts.mean,
            "readout_spread": into_readouts.spread,
        }
        found = dataclasses.replace(self, **changed)
        if found.network != network:
            raise ValueError(f"{self.section} serves {found.network!r}, not {network!r}")
        return found

    @property
    def refractory_ticks(self) -> int:
        """Ticks for which a membrane is clamped after a spike."""
        return self.refractory_ns // TICK_NS

    @property
    def table_entries(self) -> int:
        """Entries of one interpolated table, which covers 0 to ``duration_ticks``."""
        return self.duration_ticks // TABLE_STEP_TICKS + 2

    @property
    def threshold_current(self) -> int:
        """The current that holds a membrane at threshold, in 1/256 weight steps."""
        return round(CURRENT_ONE * self.threshold_lsb / self.efficacy_lsb)

    @property
    def first_rates(self) -> tuple[int, int]:
        """The first rates of both layers in 1/128 of a shadow step, 15 bits."""
        return round(self.rate * WEIGHT_STEP * 128), round(self.readout_rate * WEIGHT_STEP * 128)
