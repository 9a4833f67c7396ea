"""What a user chooses of equilibrium propagation; the defaults were chosen on the validation samples of Yin-Yang.

Rates are in kHz: events of a source in a millisecond. A ``beta`` of 1 nudges an output whose rate is wrong by the
whole target rate with a current of one threshold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

from chip.base import constants as c
from chip.base.settings import Checked, setting

CENTRED, CLASSIC, LOCK_IN, CHEBYSHEV = METHODS = ("centred", "classic", "lock-in", "chebyshev")
HARMONICS = {
    LOCK_IN: 1,
    CHEBYSHEV: 5,
}  # the highest that a method takes; more slots than twice that tell it from others
WEIGHT_STEP = 512  # of the int16 shadow weights in one 6-bit weight step, as in two_layer
SHARED, OWN = COPIES = ("shared", "own")
MOST_HIDDEN = 2 * 112  # the lanes of a half, less those of outputs and of traces of inputs and outputs
MOST_OUTPUTS = 16
READS = (1, 2, 4, 8)


class Phases(Protocol):
    """What settings of every rule with nudged phases and traces have, see :class:`Settings`."""

    section: ClassVar[str]
    method: str
    slots: int
    reads: int
    frame_ns: int
    trace_tau_ns: int
    threshold_lsb: int
    leak_lsb: int


def check_phases(s: Phases) -> None:
    """Raise ValueError where phases cannot be told apart, or neurons and traces cannot be read."""
    if s.method not in METHODS:
        raise ValueError(f"{s.section}: method is {s.method!r}; it must be one of {', '.join(METHODS)}")
    if (highest := HARMONICS.get(s.method)) and s.slots <= 2 * highest:
        raise ValueError(
            f"{s.section}: {s.slots} slots do not tell harmonic {highest}, which {s.method} takes, from "
            f"others; give it {2 * highest + 1} or more"
        )
    if s.reads not in READS:
        raise ValueError(f"{s.section}: reads is {s.reads}; it must be one of {', '.join(map(str, READS))}")
    if s.leak_lsb + s.threshold_lsb > c.CADC_MAX:
        raise ValueError(
            f"{s.section}: a threshold of {s.threshold_lsb} LSB above a leak potential of {s.leak_lsb} "
            f"LSB is beyond the CADC's {c.CADC_MAX} LSB; lower one of them"
        )
    if s.frame_ns < 3 * s.trace_tau_ns:
        raise ValueError(
            f"{s.section}: a phase of {s.frame_ns} ns is too short for traces of {s.trace_tau_ns} ns, "
            f"which forget what was before in three of their time constants; give it {3 * s.trace_tau_ns} ns"
        )


@dataclass(frozen=True)
class Settings(Checked):
    """Settings of :class:`ppu_programs.equilibrium_propagation.firmware.EquilibriumPropagation`.

    Attributes:
        method: which nudged phases follow the free one: ``centred``, one of either sign; ``classic``, two of positive
            sign, against the free one; ``lock-in``, ``slots`` of them with amplitudes on a cosine, of which the first
            harmonic counts; ``chebyshev``, the same with the third and the fifth.
        beta: strength of the nudge, the peak of it.
        slots: nudged phases of ``lock-in`` and ``chebyshev``, a period of the cosine.
        hidden: neurons, half of them in each hemisphere.
        frame_ns: how long each phase lasts; membranes of traces are read at its end.
        alternating: nudged phases come backwards in every other sample, so that what a phase reads because of the ones
            before it does not add up. Updates point better then, yet fewer samples are learned, see the rule's page.
        reads: conversions that are added up at the end of a phase, 1, 2, 4 or 8.
        tau_ns: time constants of membranes and synapses of hidden and output neurons; refractory_ns: theirs.
        trace_tau_ns: time constants of membranes and synapses of the traces.
        threshold_lsb, leak_lsb: of hidden and output neurons; leak and reset potential, high enough for inhibition.
        output_leak: leak potential of outputs above their reset potential, in thresholds.
        efficacy_lsb: current per weight of hidden neurons; feedback: the same as a fraction of that of outputs.
        input_khz, teacher_khz, target_khz, off_khz: rates of an input of 1 and of the teacher; of outputs, of the right
            class and of others.
        rate, readout_rate: of learning, of input weights and of output weights; they fall to 0. Steps are
            proportional to them and to ``beta``: who lowers that for the same steps has to raise them.
        mean, spread, readout_mean, readout_spread: of normally distributed initial weights, in weight steps.
        copies: of output weights, which are in both directions: ``shared``, one shadow for both, which learns from
            either; ``own``, a shadow for each direction, which learns from what its own synapses see.
        symmetry: of copies of their own: the fraction of half their difference that goes into either behind a batch.
        batch: samples between two writes of the synapses; learning goes on behind each sample.
        checked: samples that are settled twice at the end, from different starts.
    """

    section: ClassVar[str] = "equilibrium propagation"

    method: str = CENTRED
    beta: float = setting(1.0, 0.01, 4.0)
    slots: int = setting(8, 3, 64)
    hidden: int = setting(120, 2, MOST_HIDDEN, 2)
    frame_ns: int = setting(64_000, 8_000, 400_000, c.FPGA_CLOCK_NS)
    alternating: bool = False
    reads: int = setting(2, 1, 8)
    tau_ns: int = setting(4_000, 500, 30_000)
    refractory_ns: int = setting(2_000, 40, 32_000, c.FPGA_CLOCK_NS)
    trace_tau_ns: int = setting(10_000, 500, 30_000)
    threshold_lsb: int = setting(40, 10, 100)
    leak_lsb: int = setting(150, 40, 200)
    output_leak: float = setting(0.9, 0.0, 1.5)
    efficacy_lsb: float = setting(1.0, 0.05, 20.0)
    feedback: float = setting(0.3, 0.05, 1.0)
    input_khz: float = setting(400.0, 10.0, 2_000.0)
    teacher_khz: float = setting(200.0, 10.0, 2_000.0)
    target_khz: float = setting(200.0, 10.0, 400.0)
    off_khz: float = setting(20.0, 0.0, 400.0)
    rate: float = setting(0.5, 0.0, 0.99)
    readout_rate: float = setting(0.015, 0.0, 0.99)
    mean: float = setting(10.0, -63.0, 63.0)
    spread: float = setting(25.0, 0.0, 63.0)
    readout_mean: float = setting(0.5, -63.0, 63.0)
    readout_spread: float = setting(2.0, 0.0, 63.0)
    copies: str = SHARED
    symmetry: float = setting(0.0, 0.0, 0.99)
    batch: int = setting(10, 1, 1_000)
    epochs: int = setting(10, 1)
    checked: int = setting(32, 0, 1_000)
    seed: int = setting(0, 0)

    def __post_init__(self):
        super().__post_init__()
        check_phases(self)
        if self.copies not in COPIES:
            raise ValueError(f"{self.section}: copies is {self.copies!r}; it must be one of {', '.join(COPIES)}")
        if self.symmetry and self.copies == SHARED:
            raise ValueError(
                f"{self.section}: a symmetry of {self.symmetry:g} is for copies of their own, and both share one "
                "shadow here; leave it at 0, or set copies=own"
            )
        if self.off_khz >= self.target_khz:
            raise ValueError(
                f"{self.section}: outputs are to spike at {self.target_khz} kHz for their class and at {self.off_khz} "
                "kHz else; the first must be higher"
            )
        highest_khz = 1e6 / self.refractory_ns if self.refractory_ns else 1e6
        if self.target_khz >= highest_khz:
            raise ValueError(
                f"{self.section}: outputs are to spike at {self.target_khz} kHz, but a refractory time of "
                f"{self.refractory_ns} ns allows less than {highest_khz:g} kHz; lower one of them"
            )

    @property
    def output_efficacy_lsb(self) -> float:
        """Current per weight of outputs."""
        return self.efficacy_lsb / self.feedback

    @property
    def nudge_weights(self) -> float:
        """Weight of the teacher's synapse for a beta of 1 and an error of the whole target rate.

        It makes a current of a threshold: ``efficacy weight rate tau``.
        """
        return self.threshold_lsb / (self.output_efficacy_lsb * self.teacher_khz * 1e-6 * self.tau_ns)
