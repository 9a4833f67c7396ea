"""What a user chooses of Pong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chip.base import constants as c
from chip.base.settings import Checked, setting
from ppu_programs.contract.needs import check_rest
from ppu_programs.pong.variants import VARIANTS, Variant

PLAYBACK, PLAYER = STIMULI = ("playback", "player")
ALL, HEARD = UPDATED = ("all", "heard")
SMALLEST, LARGEST = 16, 250  # positions; a row is the noise's
REWARD_UNIT = 100  # a reward is the sum of factors times counts over this, whatever the size
MEAN_STEPS = 16  # an expected reward is kept in so many steps of 1 / REWARD_UNIT
INPUT_NS = 588_000  # of a ball: 140 events, one every 4.2 us
EVENT_NS, NOISE_NS = 4_200, 3_500


@dataclass(frozen=True)
class Settings(Checked):
    """Settings of :class:`ppu_programs.pong.firmware.Pong`. The demo's own are the defaults.

    Attributes:
        variant: ``text``, 100 positions, or ``recording``, 250 and smaller paddles, see
            :mod:`ppu_programs.pong.variants`.
        stimuli: ``playback``: events at times of their own, as today's chip has it, for a few ten epochs at most;
            ``player``: the processor has them played by gateware that is assumed, for any number of epochs.
        updated: ``all`` rows, as the demo does; ``heard``: those alone that had events, for the others have no
            correlation.
        size: positions of the ball, inputs and outputs, 16..250; 0 for the variant's.
        epochs: in which each position comes once.
        settling: epochs in the beginning that only learn what reward to expect.
        eta: of learning: a weight's step for a reward of 1 more than expected and a correlation of 2 LSB; 0 leaves
            weights alone.
        target: spikes of a neuron in an epoch for each position, which homeostasis wants; 0 is without homeostasis.
        noise_start, noise_end: standard deviation of the noise's weights, in the first epoch and behind
            ``noise_epochs``; noise_epochs: 0 for the variant's.
        reset_ns: the slot of resets and noise; update_ns: that of the update, 0 for the variant's.
        watched: epochs from one record of the weights to the next one.
        initial: weight of all synapses at the start.
        efficacy_lsb: current per weight. The chip's recorded one (demo ``ts_06``) is 0.83 with calix' defaults; the
            demo's calibration has 1000 / 600 of their DAC bias, 400 / 500 of their input's bias and twice their
            membrane time constant, which makes 2.22.
        tau_mem_ns, tau_syn_ns, leak_lsb, reset_lsb, threshold_lsb: of neurons, from the same calibration (calix,
            weekly, "correlation"); refractory_ns: calix' default.
        amplitude_lsb, tau_correlation_ns: of the correlation sensors, from there, too.
        seed: of the noise.

    Raises:
        ValueError: one of them is out of range, or none of the names that it can be.
    """

    section: ClassVar[str] = "pong"

    variant: str = "text"
    stimuli: str = PLAYBACK
    updated: str = ALL
    size: int = setting(0, 0, LARGEST)
    epochs: int = setting(20, 1, 100_000)
    settling: int = setting(10, 0, 10_000)
    eta: float = setting(0.01, 0.0, 1.0)
    target: int = setting(3, 0, 100)
    noise_start: float = setting(15.0, 0.0, 31.0)
    noise_end: float = setting(4.0, 0.0, 31.0)
    noise_epochs: int = setting(0, 0, 50_000)
    reset_ns: int = setting(1_000_000, 100_000, 100_000_000, c.FPGA_CLOCK_NS)
    update_ns: int = setting(0, 0, 100_000_000, c.FPGA_CLOCK_NS)
    watched: int = setting(10, 1, 100_000)
    initial: int = setting(1, 0, c.WEIGHT_MAX)
    efficacy_lsb: float = setting(2.22, 0.05, 20.0)
    tau_mem_ns: int = setting(20_000, 500, 60_000)
    tau_syn_ns: int = setting(5_000, 300, 30_000)
    refractory_ns: int = setting(2_000, 40, 32_000, c.FPGA_CLOCK_NS)
    leak_lsb: int = setting(100, 0, 255)
    reset_lsb: int = setting(80, 0, 255)
    threshold_lsb: int = setting(130, 1, 255)
    amplitude_lsb: float = setting(1.5, 0.2, 2.0)
    tau_correlation_ns: int = setting(30_000, 2_000, 30_000)
    seed: int = setting(1, 0, 1 << 62)

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, allowed in (("variant", tuple(VARIANTS)), ("stimuli", STIMULI), ("updated", UPDATED)):
            if getattr(self, name) not in allowed:
                raise ValueError(f"{self.section}.{name} is {getattr(self, name)!r}; it must be {' or '.join(allowed)}")
        if 0 < self.size < SMALLEST:
            raise ValueError(
                f"{self.section}.size is {self.size}; it must be {SMALLEST}..{LARGEST} positions, or 0 for the "
                "variant's"
            )
        check_rest(self.section, self.leak_lsb, self.threshold_lsb)

    @property
    def form(self) -> Variant:
        """The variant."""
        return VARIANTS[self.variant]

    @property
    def positions(self) -> int:
        """Of the ball: inputs, and outputs."""
        return self.size or self.form.size

    @property
    def update_slot_ns(self) -> int:
        return self.update_ns or self.form.update_ns

    @property
    def fading(self) -> int:
        """Epochs over which the noise fades."""
        return self.noise_epochs or self.form.noise_epochs

    @property
    def position_ns(self) -> int:
        """From one ball to the next one."""
        return self.reset_ns + INPUT_NS + self.update_slot_ns
