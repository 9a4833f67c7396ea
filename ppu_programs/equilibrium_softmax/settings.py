"""What a user chooses of equilibrium propagation with a softmax readout; defaults were chosen on validation samples.

Rates are in kHz: events of a source in a millisecond. A ``beta`` of 1 nudges a hidden neuron on whose rate the loss
has a slope of 1 nat in 100 kHz with a current of one threshold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chip.base import constants as c
from chip.base.settings import Checked, setting
from ppu_programs.equilibrium_propagation.settings import CENTRED, check_phases

LANES_OF_A_VECTOR = 64  # halfwords
MOST_HIDDEN = 2 * LANES_OF_A_VECTOR
MOST_INPUTS = LANES_OF_A_VECTOR  # whose traces lie between those of the hidden neurons
MOST_CLASSES = 10
MOST_NUDGE_WEIGHTS = 200.0  # for 1 nat in 100 kHz: what its factor, a fraction of 16 bits, holds


@dataclass(frozen=True)
class Settings(Checked):
    """Settings of :class:`ppu_programs.equilibrium_softmax.firmware.EquilibriumSoftmax`.

    Attributes:
        method, slots: of the nudged phases, as in :class:`ppu_programs.equilibrium_propagation.settings.Settings`.
        beta: strength of the nudge, the peak of it.
        certain: samples whose class has a probability within so much of 1 are not nudged, nor learned from.
        hidden: neurons, half of them in each hemisphere.
        frame_ns: how long each phase lasts; membranes of traces are read at its end.
        reads: conversions that are added up at the end of a phase, 1, 2, 4 or 8.
        tau_ns: time constants of membranes and synapses of hidden neurons; refractory_ns: theirs.
        trace_tau_ns: time constants of membranes and synapses of the traces.
        threshold_lsb, leak_lsb: of hidden neurons; leak and reset potential, high enough for inhibition.
        efficacy_lsb: current per weight of hidden neurons.
        input_khz, teacher_khz: rates of an input of 1 and of the teacher.
        rate, readout_rate: of learning, of input weights and of the readout; they fall to 0. Steps of input weights
            are proportional to ``beta``, too.
        mean, spread: of what initial weights, which are normally distributed, make of training samples: mean and
            standard deviation of the drive of hidden neurons, in thresholds.
        readout_spread: of those of the readout, whose mean is 0, in nats for 100 kHz.
        batch: samples between two writes of the synapses; learning goes on behind each sample.
    """

    section: ClassVar[str] = "equilibrium propagation with softmax"

    method: str = CENTRED
    beta: float = setting(0.7, 0.01, 4.0)
    slots: int = setting(8, 3, 64)
    certain: float = setting(0.1, 0.0, 0.5)
    hidden: int = setting(128, 2, MOST_HIDDEN, 2)
    frame_ns: int = setting(40_000, 8_000, 400_000, c.FPGA_CLOCK_NS)
    reads: int = setting(2, 1, 8)
    tau_ns: int = setting(4_000, 500, 30_000)
    refractory_ns: int = setting(2_000, 40, 32_000, c.FPGA_CLOCK_NS)
    trace_tau_ns: int = setting(8_000, 500, 30_000)
    threshold_lsb: int = setting(40, 10, 100)
    leak_lsb: int = setting(150, 40, 200)
    efficacy_lsb: float = setting(1.0, 0.05, 20.0)
    input_khz: float = setting(400.0, 10.0, 450.0)
    teacher_khz: float = setting(200.0, 10.0, 2_000.0)
    rate: float = setting(0.7, 0.0, 0.99)
    readout_rate: float = setting(0.1, 0.0, 0.99)
    mean: float = setting(1.15, -10.0, 10.0)
    spread: float = setting(1.4, 0.0, 10.0)
    readout_spread: float = setting(0.2, 0.0, 1.0)
    batch: int = setting(10, 1, 1_000)
    epochs: int = setting(6, 1)
    seed: int = setting(0, 0)

    def __post_init__(self):
        super().__post_init__()
        check_phases(self)
        if (wanted := self.beta * self.nudge_weights) > MOST_NUDGE_WEIGHTS:
            raise ValueError(
                f"{self.section}: a beta of {self.beta:g} asks for {wanted:.0f} weights of the teacher for 1 nat, at "
                f"{self.teacher_khz:g} kHz; {MOST_NUDGE_WEIGHTS:g} can be, so lower beta or raise teacher_khz"
            )

    @property
    def nudge_weights(self) -> float:
        """Weight of the teacher's synapse that makes a current of a threshold."""
        return self.threshold_weights(self.teacher_khz)

    def threshold_weights(self, rate_khz: float) -> float:
        """Weight that makes a current of a threshold with a source of some rate, ``efficacy weight rate tau``."""
        return self.threshold_lsb / (self.efficacy_lsb * rate_khz * 1e-6 * self.tau_ns)
