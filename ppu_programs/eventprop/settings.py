"""What the EventProp firmware is built for: network, time constants, fixed-point scales, learning rate.

Physical units are the chip's: potentials in CADC LSB above the leak potential, which is the reset potential too; times
in ns. Inside the processor a time is a number of 8 ns ticks since the sample's time zero, as the FPGA stamps spikes,
and a current is in weight steps (one step of a 6-bit weight), times 256.

The default values were chosen on the validation set of Yin-Yang.
"""

from __future__ import annotations

from dataclasses import dataclass

from chip import constants as c

TICK_NS = c.FPGA_CLOCK_NS
TABLE_STEP_TICKS = 32  # distance of two entries of an interpolated table
WEIGHT_STEP = 512  # of the int16 shadow weights in one 6-bit weight step: 63.5 * 512 fills the int16
SHADOW_LIMIT = c.WEIGHT_MAX * WEIGHT_STEP
CURRENT_ONE = 256  # fixed point of currents: parts of a weight step


@dataclass(frozen=True)
class Settings:
    """All that the kernels, the tables and the neurons' registers have in common.

    Attributes:
        inputs, hidden, readouts: neurons per layer; the bias is an input.
        duration_ns: from time zero of a sample to the one CADC sample of the readouts.
        settle_ns: from the doorbell to the next sample's request at the earliest, in which currents decay.
        first_input_ns, last_input_ns, bias_ns: times of the input values 0 and 1, and of the bias event.
        tau_syn_ns, tau_mem_ns, refractory_ns: of hidden neurons; equal time constants are allowed.
        readout_tau_syn_ns, readout_tau_mem_ns: of the readouts, which are leaky integrators.
        latency_ns: from a hidden spike to the readouts' synapses.
        threshold_lsb, efficacy_lsb: of hidden neurons; an input of weight w adds ``w * efficacy_lsb`` to the current.
        readout_efficacy_lsb: the same of readouts.
        sharpness: nats per CADC LSB, what the softmax multiplies readout potentials with.
        slope_limit: the clip of the adjoint: 1 / (I - threshold) is at most this over the threshold.
        batch: samples per update; a training set that is no multiple drops the rest of an epoch.
        rate, readout_rate: first step of a weight, in weight steps, where gradients keep their sign; both fall to 0.
        gradient_shift, readout_gradient_shift: how far a batch's gradient is shifted right into 16 bit.
        mean, spread, readout_spread: of normally distributed initial weights, in weight steps.
    """

    inputs: int = 5
    hidden: int = 120
    readouts: int = 3
    duration_ns: int = 30_000
    settle_ns: int = 60_000
    first_input_ns: int = 1_000
    last_input_ns: int = 28_000
    bias_ns: int = 1_000
    tau_syn_ns: int = 5_000
    tau_mem_ns: int = 10_000
    refractory_ns: int = 2_000
    readout_tau_syn_ns: int = 15_000
    readout_tau_mem_ns: int = 60_000
    latency_ns: int = 100
    threshold_lsb: int = 63
    efficacy_lsb: int = 4
    readout_efficacy_lsb: int = 2
    sharpness: float = 0.16
    slope_limit: float = 8.0
    batch: int = 25
    rate: float = 0.24
    readout_rate: float = 0.32
    gradient_shift: int = 6
    readout_gradient_shift: int = 9
    mean: float = 12.0
    spread: float = 24.0
    readout_spread: float = 3.0

    def __post_init__(self):
        for name in ("inputs", "hidden", "readouts", "batch", "threshold_lsb", "efficacy_lsb", "duration_ns"):
            if getattr(self, name) < 1:
                raise ValueError(f"eventprop: {name} is {getattr(self, name)}; it must be at least 1")
        for name in ("hidden", "readouts"):
            if getattr(self, name) > c.LANES:
                raise ValueError(f"eventprop: {name} is {getattr(self, name)}; a vector has {c.LANES} lanes")
        for name in ("duration_ns", "refractory_ns"):
            if getattr(self, name) % TICK_NS:
                raise ValueError(f"eventprop: {name} is {getattr(self, name)} ns, not a multiple of {TICK_NS} ns")
        if not 2 <= self.readouts <= 16:
            raise ValueError(f"eventprop: {self.readouts} readouts; the errors' fixed point is for 2 to 16")
        if self.duration_ns >= TICK_NS << 13:
            raise ValueError(f"eventprop: a sample of {self.duration_ns} ns; tables end at {TICK_NS << 13} ns")
        if not 1.0 <= self.slope_limit <= 64.0:
            raise ValueError(f"eventprop: slope_limit is {self.slope_limit}; it must be 1 to 64")
        for name in ("rate", "readout_rate"):
            if not 0.0 < getattr(self, name) < 0.5:
                raise ValueError(f"eventprop: {name} is {getattr(self, name)} weight steps; it must be in 0 to 0.5")

    @property
    def duration_ticks(self) -> int:
        """Ticks from time zero to the CADC sample."""
        return self.duration_ns // TICK_NS

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
    def least_excess(self) -> int:
        """The least I - threshold that the adjoint divides by, in 1/256 weight steps."""
        return round(CURRENT_ONE * self.threshold_lsb / self.efficacy_lsb / self.slope_limit)

    @property
    def first_rates(self) -> tuple[int, int]:
        """The first rates of both layers in 1/128 of a shadow step, 15 bits."""
        return round(self.rate * WEIGHT_STEP * 128), round(self.readout_rate * WEIGHT_STEP * 128)
