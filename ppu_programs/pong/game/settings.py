"""What a user chooses of Pong with the game on the processor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chip.base import constants as c
from chip.base.settings import Checked, setting
from ppu_programs.contract.needs import check_rest
from ppu_programs.stochastic_rounding import ROUNDINGS, STOCHASTIC

SMALLEST, LARGEST = 4, 64  # positions, of which each has a row


@dataclass(frozen=True)
class Settings(Checked):
    """Settings of :class:`ppu_programs.pong.game.firmware.PongGame`.

    Attributes:
        iterations: moves of the ball, each with a choice, a reward and an update.
        positions: of the ball, inputs and outputs.
        eta: of learning: what a reward of 1 more than expected adds to a weight for 2 LSB of correlation.
        rounding: ``stochastic``, or ``truncate``, towards 0, a control that learns little.
        events: of the ball's row in an iteration; event_ns: from one to the next one.
        noise_khz: rate of the random events that each output gets; noise_weight: of their synapses.
        first_weight, spread: mean and standard deviation of the normally distributed initial weights.
        ball_speed, paddle_speed: in an iteration, in ten thousandths of the field.
        paddle: its length, in ten thousandths of the field.
        efficacy_lsb: current per weight.
        tau_mem_ns, tau_syn_ns, refractory_ns, leak_lsb, reset_lsb, threshold_lsb: of neurons.
        amplitude_lsb, tau_correlation_ns: of the correlation sensors.
        seed: of initial weights, the noise, the ball's directions, and random bits.

    Raises:
        ValueError: one of them is out of range, or none of the names that it can be.
    """

    section: ClassVar[str] = "pong game"

    iterations: int = setting(20_000, 100, 1_000_000, 100)
    positions: int = setting(32, SMALLEST, LARGEST)
    eta: float = setting(0.99, 0.0, 1.0)
    rounding: str = STOCHASTIC
    events: int = setting(20, 1, 1_000)
    event_ns: int = setting(10_000, 1_000, 1_000_000, c.PPU_CLOCK_NS)
    noise_khz: float = setting(50.0, 0.0, 200.0)
    noise_weight: int = setting(20, 0, c.WEIGHT_MAX)
    first_weight: int = setting(14, 0, c.WEIGHT_MAX)
    spread: float = setting(2.0, 0.0, 63.0)
    ball_speed: int = setting(250, 1, 2_500)
    paddle_speed: int = setting(500, 0, 10_000)
    paddle: int = setting(700, 1, 10_000)
    efficacy_lsb: float = setting(4.0, 0.05, 20.0)
    tau_mem_ns: int = setting(20_000, 500, 60_000)
    tau_syn_ns: int = setting(5_000, 300, 30_000)
    refractory_ns: int = setting(4_000, 40, 32_000, c.FPGA_CLOCK_NS)
    leak_lsb: int = setting(100, 0, 255)
    reset_lsb: int = setting(80, 0, 255)
    threshold_lsb: int = setting(130, 1, 255)
    amplitude_lsb: float = setting(2.0, 0.2, 2.0)
    tau_correlation_ns: int = setting(30_000, 2_000, 30_000)
    seed: int = setting(1, 0, 1 << 62)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.rounding not in ROUNDINGS:
            raise ValueError(f"{self.section}.rounding is {self.rounding!r}; it must be {' or '.join(ROUNDINGS)}")
        check_rest(self.section, self.leak_lsb, self.threshold_lsb)
