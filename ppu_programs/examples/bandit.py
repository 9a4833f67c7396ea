"""A bandit with four arms: neurons compete, the busiest one is an arm that is pulled, and a reward changes its synapse.

    firmware = Bandit()                                  # 1000 pulls, 0.1 s of chip time
    chip = run_firmware(firmware)
    firmware.outcome(chip.link, firmware.build(None, chip.config)).metrics

Player and bandit both run on the top processor. In a pull it

1. resets the neurons and sends events, one every 2 us: those of the cue reach all neurons through the weights that are
   learned, those between them kick one neuron each, drawn at random, so that every arm has its turn;
2. reads the neurons' spike counters: the highest is pulled, of those alike one at random;
3. draws whether the arm pays, and changes the weight of the pulled arm by ``eta (reward - expected)``, where expected
   is a running mean of rewards; the weights of the others grow a little, out of curiosity;
4. writes the row of the cue.

That is reinforcement with a baseline (Williams, 1992, section 5, for the unit that acted; gradient bandits in Sutton
and Barto, 2018, section 2.8). In the middle of the run the arms' chances change places, the best one becomes the worst:
what was learned has to be unlearned. Neurons inhibit each other, which makes the winner's lead clearer.

With seeds 1 to 8 on `ideal` and `typical` chips the best arm is pulled in 0.98 of the last 50 pulls before the change,
and in 0.93 of the last 50 of all: 15 of these 16 chips have found it again, one does not try it any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.base.settings import Checked, setting
from chip.link import HostLink
from chip.ppu import (
    V0,
    V1,
    Memory,
    Recording,
    i32,
    kernel,
    load8,
    maximum,
    minimum,
    random8,
    seed_random8,
    store8,
    u8,
)
from chip.ppu.program import Program
from ppu_programs.contract import Array, Built, Firmware, Outcome, Status
from ppu_programs.network import LIF, Injected, NetworkGraph, Projection, Sign
from ppu_programs.placement import GraphPlacement, place

if TYPE_CHECKING:
    from chip.chip import Chip

ARMS = 4
CHANCES = (51, 102, 154, 230)  # of a reward, in 256ths
EVENTS = 24  # of the cue in a pull, and as many kicks
EVENT_WAIT_CYCLES = 220  # with what is around it an event every 2 us
DECAY_CYCLES = 5_000  # 20 us, until currents are gone
DRAWS = 8  # of random bits behind each other: so many share none
ONE = 256  # of a weight and of a reward, in the steps in which they are kept
HIGHEST = c.WEIGHT_MAX * ONE
FIRST_WEIGHT, KICK, INHIBITION = 20, 63, 10
LEARNED, KICKS, LATERAL = 0, 1, 2  # projections
BLOCK = 50  # pulls of a point of the curve
NETWORK = NetworkGraph(
    {"cue": Injected(1), "kicks": Injected(ARMS), "arms": LIF(ARMS, threshold_lsb=40)},
    Projection("cue", "arms", sign=Sign.EXCITATORY, efficacy_lsb=2),
    Projection("kicks", "arms", sign=Sign.EXCITATORY, mask=np.eye(ARMS, dtype=bool)),
    Projection("arms", "arms", sign=Sign.INHIBITORY, mask=~np.eye(ARMS, dtype=bool)),
)


@kernel
def begin(v, m):
    """Seed the random bits; those that follow are the same in every run with this seed."""
    load8(v, V0, m.random)
    seed_random8(v, V0)
    for _ in range(DRAWS):
        random8(v, V0)


@kernel
def draw(v, m):
    """Draw random bytes: of a pull's kicks the first, the others are for the choice and the reward."""
    for _ in range(DRAWS):
        random8(v, V1)
    store8(v, V1, m.random)


@kernel
def pull(v, m, turned, eta, curiosity):
    """Pull the arm of the busiest neuron, see whether it pays, and learn from that."""
    arm = m.random[EVENTS] & ARMS - 1
    for k in range(ARMS):
        other = arm + k & ARMS - 1
        if m.counts[other] > m.counts[m.pulled[0]] or k == 0:
            m.pulled[0] = other
    arm = m.pulled[0]
    reward = 0
    if m.random[EVENTS + 1] < m.chances[ARMS * turned + arm]:
        reward = ONE
    m.pulled[1] = reward >> 8
    m.fine[arm] = m.fine[arm] + (eta * (reward - m.expected[0]) >> 2) - curiosity
    m.expected[0] = m.expected[0] + (reward - m.expected[0] + 8 >> 4)
    for k in range(ARMS):
        m.fine[k] = minimum(maximum(m.fine[k] + curiosity, 0), HIGHEST)
        m.row[m.lanes[k]] = minimum(m.fine[k] + (ONE >> 1) >> 8, c.WEIGHT_MAX)


@dataclass(frozen=True)
class Settings(Checked):
    """Settings of :class:`Bandit`.

    Attributes:
        pulls: of arms.
        eta: rate of learning, in quarters of a weight for a reward that nobody expected.
        curiosity: what the weight of an arm grows in a pull of another one, in 256ths.
        seed: of the arms' chances and of all that the processor draws.
    """

    section: ClassVar[str] = "bandit"
    pulls: int = setting(1000, 2, 1 << 18)
    eta: int = setting(8, 0, 64)
    curiosity: int = setting(5, 0, 64)
    seed: int = setting(1, 0, 1 << 62)


class BanditProgram(Program):
    """What the top processor runs; see the module's text. The settings are those of :class:`Bandit`."""

    name = "bandit"
    memory = Memory(
        random=u8[c.LANES],
        row_selects=u8[1 + ARMS],
        labels=u8[1 + ARMS],
        lanes=u8[ARMS],
        counts=u8[ARMS],
        chances=u8[2 * ARMS],
        fine=i32[ARMS],
        expected=i32[1],
        pulled=u8[2],
        row=u8[c.LANES],
    )
    kernels = (begin, draw, pull)

    def __init__(self, placement: GraphPlacement, settings: Settings, chances: np.ndarray, seeds: np.ndarray):
        arms, cue, kicks = placement.neurons["arms"], placement.sources["cue"], placement.sources["kicks"]
        self.half, self.lanes = int(arms.halves[0]), tuple(arms.lanes.tolist())
        self.busses = tuple(sorted({*cue.busses.tolist(), *kicks.busses.tolist()}))
        self.row = int(cue.rows[0, c.TOP, 0])
        self.row_selects = np.concatenate([cue.row_selects, kicks.row_selects])
        self.labels = np.concatenate([cue.synapse_labels, kicks.synapse_labels])
        self.pulls, self.eta, self.curiosity = settings.pulls, settings.eta, settings.curiosity
        self.chances, self.seeds = chances, seeds
        self.recordings = (
            Recording("pulled", region="pulled", count=settings.pulls),
            Recording("fine", region="fine", count=settings.pulls),
        )

    def image(self) -> dict[str, np.ndarray]:
        return {
            "random": self.seeds,
            "row_selects": self.row_selects,
            "labels": self.labels,
            "lanes": np.array(self.lanes),
            "chances": self.chances.ravel(),
            "fine": np.full(ARMS, FIRST_WEIGHT * ONE),
            "expected": np.array([ONE // 2]),
        }

    def main(self, ppu):
        yield ppu.run(begin)
        for k in range(self.pulls):
            yield ppu.run(draw)
            yield ppu.reset_neurons()
            yield ppu.read_spike_counters(into="counts", halves=(self.half,), lanes=self.lanes, reset=True)
            for event in range(EVENTS):
                yield from self.send(ppu, 0)
                yield from self.send(ppu, 1 + (ppu.word("random", event) & (ARMS - 1)))
            yield ppu.wait(DECAY_CYCLES)
            yield ppu.read_spike_counters(into="counts", halves=(self.half,), lanes=self.lanes, reset=True)
            turned = 0
            if 2 * k >= self.pulls:
                turned = 1
            yield ppu.run(pull, turned, self.eta, self.curiosity)
            yield ppu.record("pulled")
            yield ppu.record("fine")
            yield ppu.store_weights((self.row,), half=self.half, source="row")
        return 0

    def send(self, ppu, source):
        yield ppu.inject_event(self.busses, ppu.word("row_selects", source), ppu.word("labels", source))
        yield ppu.wait(EVENT_WAIT_CYCLES)


class Bandit(Firmware):
    """The example: four arms, the top processor alone.

    The outcome is how often the best arm was pulled in the last ``BLOCK`` pulls, ``best_pulled``, how often before the
    chances changed, ``best_pulled_before``, and the mean ``reward`` of all; arrays ``best_pulled`` by block of pulls,
    the ``pulled`` arms, and their ``arm_weights`` after each pull. A metric is None where its pulls were not all done.
    """

    name = "bandit"
    settings_class = Settings
    network = NETWORK

    def build(self, task: None, config: ChipConfig) -> Built:
        s, placement = self.settings, place(NETWORK)
        rng = np.random.default_rng(s.seed)
        first = rng.permutation(CHANCES)
        chances = np.stack([first, np.array(CHANCES)[::-1][np.searchsorted(CHANCES, first)]])
        seeds = rng.integers(1, 256, c.LANES)
        registers = placement.registers()
        placement.store(registers, LEARNED, np.full((1, ARMS), FIRST_WEIGHT))
        placement.store(registers, KICKS, KICK * NETWORK.projections[KICKS].mask)
        placement.store(registers, LATERAL, INHIBITION * NETWORK.projections[LATERAL].mask)
        return Built(registers, (BanditProgram(placement, s, chances, seeds), None), plan=chances)

    def status(self, chip: Chip, built: Built) -> Status:
        """Pulls that were recorded."""
        return Status(chip.processors[c.TOP].recorder.track("fine").written, self.settings.pulls, "pulls")

    def outcome(self, link: HostLink, built: Built) -> Outcome:
        pulls = self.settings.pulls
        weights = link.read_recording(c.TOP, "fine")["values"] / ONE
        arms, rewards = link.read_recording(c.TOP, "pulled")["values"][: len(weights)].T
        best = arms == built.plan.argmax(axis=1)[(2 * np.arange(len(arms)) >= pulls).astype(int)]
        blocks = best[: len(best) // BLOCK * BLOCK].reshape(-1, BLOCK).mean(axis=1)
        done, turn = len(arms), -(-pulls // 2)
        metrics = {
            "best_pulled": float(best[-BLOCK:].mean()) if done == pulls else None,
            "best_pulled_before_turn": float(best[max(0, turn - BLOCK) : turn].mean()) if done >= turn else None,
            "reward": float(rewards.mean()) if done == pulls else None,
        }
        arrays = {
            "best_pulled": Array(blocks, "block"),
            "pulled": Array(arms, "pull"),
            "arm_weights": Array(weights, "pull", "arm"),
        }
        return Outcome(metrics, arrays, curve="best_pulled")
