"""What a user chooses of latent predictive learning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chip.base import constants as c
from chip.base.settings import Checked, setting
from ppu_programs.stochastic_rounding import ROUNDINGS, STOCHASTIC

GROUP = 8  # lanes of each 16 whose bytes one vector of halfwords takes
MOST_UNITS = c.LANES // 2  # as many as halfwords in a vector
MATCHED, SHUFFLED = PAIRINGS = ("matched", "shuffled")
TERM_BITS = 3  # of the terms of a unit's learning signal: 8 to an LSB
STATISTICS_BITS = 8  # running means forget over 2^8 pairs
COARSE_BITS = 4  # of the strength of decorrelation: 16 for 1
VARIANCE_LSB2 = 256  # of a unit, where a push of 1 is as strong as what it learns is far from its mean


@dataclass(frozen=True)
class Settings(Checked):
    """What a user chooses.

    Attributes:
        pull: of what a unit makes of two views of one thing, towards each other; pull and push have steps of 1/8.
        push: of what it makes of a view, away from its mean, by ``256 / variance``.
        decorrelation: of units from each other; steps of 1/16.
        rounding: ``stochastic``, or ``truncate``: what is below a step of a weight is lost.
        pairing: ``matched``, or ``shuffled``: the first view is of another thing, a control.
        units: how many learn.
        side: of the pictures that units see, in pixels; the task's are scaled down, or taken as they are where they are
            no squares.
        events: of a pixel of 1, at most; fewer of a darker one.
        rate: of learning: a product of a learning signal of 1 LSB and an input of 1 changes a weight by so much.
        halvings: how often the rate is halved, after equal parts of the run.
        batch: pairs between two writes of the synapses, whose sums saturate at 4 weight steps: longer batches learn no
            more than that, and need a lower rate.
        epochs: how often all pairs are learned from.
        pairs: of an epoch, at most; 0 for all that the task has.
        settling: pairs at the start in which only means, variances and covariances are learned.
        looks: how often features are kept while it learns, the last time at its end; once more, before it learns.
        readout: samples of training, at most, that the host fits its readout to.
        window_ns: how long a view lasts, in which its events come.
        tau_mem_ns, tau_syn_ns: time constants of all neurons.
        leak_lsb, trace_leak_lsb: leak and reset potentials of units, and of the traces of inputs.
        efficacy_lsb, trace_lsb: current per weight of units; what an event lifts its trace by.
        spread: of normally distributed initial weights, in weight steps.
        seed: of initial weights and of random bits.
    """

    section: ClassVar[str] = "latent predictive learning"

    pull: float = setting(1.0, 0.0, 15.0)
    push: float = setting(1.0, 0.0, 15.0)
    decorrelation: float = setting(0.1875, 0.0, 1.9)
    rounding: str = STOCHASTIC
    pairing: str = MATCHED
    units: int = setting(64, 1, MOST_UNITS)
    side: int = setting(14, 2, 14)
    events: int = setting(2, 1, 7)
    rate: float = setting(0.1, 0.0, 0.24)
    halvings: int = setting(2, 0, 8)
    batch: int = setting(15, 1, 1_000)
    epochs: int = setting(1, 1, 1 << 16)
    pairs: int = setting(0, 0, 1 << 24)
    settling: int = setting(600, 0, 1 << 16)
    looks: int = setting(1, 1, 100)
    readout: int = setting(3_000, 1, 1 << 16)
    window_ns: int = setting(9_600, 1_000, 200_000, c.FPGA_CLOCK_NS)
    tau_mem_ns: int = setting(30_000, 500, 60_000)
    tau_syn_ns: int = setting(300, 300, 30_000)
    leak_lsb: int = setting(120, 40, 200)
    trace_leak_lsb: int = setting(60, 40, 200)
    efficacy_lsb: float = setting(20.0, 0.05, 100.0)
    trace_lsb: float = setting(50.0, 1.0, 60.0)
    spread: float = setting(20.0, 0.0, 63.0)
    seed: int = setting(0, 0)

    def __post_init__(self):
        super().__post_init__()
        for name, value, valid in (
            ("rounding", self.rounding, ROUNDINGS),
            ("pairing", self.pairing, PAIRINGS),
        ):
            if value not in valid:
                raise ValueError(f"{self.section}: {name} is {value!r}; it must be one of {', '.join(valid)}")

    @property
    def settling_pairs(self) -> int:
        """Pairs without learning, whole batches."""
        return self.settling // self.batch * self.batch
