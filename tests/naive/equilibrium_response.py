"""The gradient that equilibrium propagation is to find, from a chip's own response: no model of a neuron is in it.

The network of the rule is put onto an analog core, without processors, and its rates are counted in long windows. What
a rate changes by with its neuron's drive is measured: leak potentials are moved by a few LSB, of all hidden neurons at
once or of all outputs, while the way back from the outputs is cut and leak potentials stand for what it carried. What
the drive changes by with a rate or a weight follows from the parameters of that chip. With slopes s, couplings J and
the outputs' error e, the adjoint of the settled network is

    a = (1 - J(h by y)^T s_h  J(y by h)^T s_y)^-1 e,

solved for each sample. A synaptic current in LSB is the mean ``tau sum(rate jump)``; inhibition with a limit L settles
at L A / (1 + A), A = tau sum(rate (1 - exp(-jump / L))).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from chip import ChipConfig
from chip.base import constants as c
from chip.core.core import AnalogCore
from chip.silicon.mismatch import silicon
from ppu_programs.equilibrium_propagation.firmware import encode
from ppu_programs.equilibrium_propagation.network import BACK, INTO_HIDDEN, INTO_OUTPUTS, EquilibriumPlacement
from ppu_programs.equilibrium_propagation.settings import Settings

SETTLE_NS, COUNT_NS, PAUSE_NS, BLOCK_NS = 60_000, 200_000, 24_000, 1_600
MOVED_LSB = 4.0


class Bench:
    """The network on a core, with weights int[inputs, hidden] and [hidden, outputs]; ``cut``: without the way back."""

    def __init__(self, config: ChipConfig, s: Settings, hidden: np.ndarray, output: np.ndarray, cut: bool = False):
        self.settings, self.config = s, config
        self.places = places = EquilibriumPlacement(s, hidden.shape[0], output.shape[1])
        self.registers = places.registers(hidden, output)
        if cut:
            for side in places.sides:
                nothing = np.zeros((output.shape[1], len(side.numbers)), int)
                places.on_chip.store(self.registers, places.projection(side, BACK), nothing)
        self.core = AnalogCore(config, self.registers)
        self.core.keeps_record = False
        self.hidden = np.concatenate([_neurons(side.hemisphere, side.hidden_half, side.lanes) for side in places.sides])
        top = places.sides[c.TOP]
        self.outputs = _neurons(c.TOP, top.output_half, top.output_lanes)

    def move_leaks(self, hidden_lsb: np.ndarray | float, output_lsb: float) -> None:
        """Let leak potentials lie so far from what the rule asks for."""
        leak = self.registers.leak_lsb.astype(float)
        leak.reshape(-1)[self.hidden] += hidden_lsb
        leak[:, self.outputs % c.COLUMNS] += output_lsb
        self.core.configure(self.registers.changed(leak_lsb=np.clip(leak, 0.0, 255.0)))

    def rates(self, inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return events per us of hidden neurons and outputs while float64[inputs - 1] are shown."""
        core, s = self.core, replace(self.settings, frame_ns=SETTLE_NS + COUNT_NS)
        frame, begin_ns = encode(s, self.places, inputs[None], np.zeros(1, int)), core.now_ns + PAUSE_NS
        core.post_events(frame.times_ns, frame.labels.astype(np.int64), begin_ns)
        begin_ns += SETTLE_NS
        before, after = (core.spike_totals(begin_ns + passed).copy() for passed in (0, COUNT_NS))
        core.advance(-(-(begin_ns + COUNT_NS) // BLOCK_NS) * BLOCK_NS)
        found = (after - before) / (COUNT_NS * 1e-3)
        return found[self.hidden], found[self.outputs]


def _neurons(hemisphere: int, half: int, lanes: np.ndarray) -> np.ndarray:
    return hemisphere * c.COLUMNS + 2 * np.asarray(lanes) + half


@dataclass(frozen=True)
class Population:
    """What a chip makes of the synapses onto a population: time constants in us, the limit of inhibition in LSB."""

    tau_exc: np.ndarray
    tau_inh: np.ndarray
    limit: np.ndarray

    def drive(self, *sources: tuple[np.ndarray, np.ndarray, np.ndarray]) -> tuple:
        """Return the mean drive float64[targets], then of each source what it changes by with its rates and weights.

        A source has rates float64[n], weights int[n, targets], and LSB for a weight of 1, float64[2, n, targets], of
        excitatory and of inhibitory synapses.
        """
        jumps = [(np.maximum(w, 0) * lsb[0], np.maximum(-w, 0) * lsb[1]) for _, w, lsb in sources]
        excitation = self.tau_exc * sum(s[0] @ up for s, (up, _) in zip(sources, jumps, strict=True))
        shares = [self._share(down) for _, down in jumps]
        filled = self.tau_inh * sum(s[0] @ share for s, share in zip(sources, shares, strict=True))
        room = 1.0 / (1.0 + filled / self.limit) ** 2
        slopes = []
        for (rates, w, lsb), (up, down), share in zip(sources, jumps, shares, strict=True):
            by_rate = self.tau_exc * up - room * self.tau_inh * share
            inhibiting = room * self.tau_inh * np.exp(-down / self.limit) * lsb[1]
            by_weight = rates[:, None] * np.where(w >= 0, self.tau_exc * lsb[0], inhibiting)
            slopes.append((by_rate, by_weight))
        return excitation - filled / (1.0 + filled / self.limit), *slopes

    def _share(self, jump: np.ndarray) -> np.ndarray:
        """What a jump adds to an empty current."""
        return np.where(np.isfinite(self.limit), -np.expm1(-jump / self.limit) * np.nan_to_num(self.limit), jump)


class Synapses:
    """The synapses of the rule's network on one chip: LSB for a weight of 1, and both populations."""

    def __init__(self, bench: Bench):
        true, places, outputs = silicon(bench.config, bench.registers), bench.places, bench.places.outputs
        efficacy, factor = true.registers.efficacy_lsb, true.synapse_factor
        sizes = (places.inputs, len(bench.hidden)), (len(bench.hidden), outputs), (outputs, len(bench.hidden))
        found = [np.zeros((2, *size)) for size in sizes]
        for side in places.sides:
            own = side.numbers.start
            firsts = (0, own), (own, 0), (0, own)
            for which, first, lsb in zip((INTO_HIDDEN, INTO_OUTPUTS, BACK), firsts, found, strict=True):
                at = places.on_chip.synapses(places.projection(side, which))
                for sign in range(2):
                    of_synapse = efficacy[at.hemispheres, at.columns].astype(float)
                    if factor is not None:
                        of_synapse = of_synapse * factor[at.hemispheres, at.rows[:, sign], at.columns]
                    lsb[sign, at.sources + first[0], at.targets + first[1]] = of_synapse
        self.into_hidden, self.into_outputs, self.back = found
        limit = bench.config.limits.limit("inhibition")
        both = efficacy.sum(axis=0)[bench.outputs % c.COLUMNS]
        self.hidden = self._population(true.registers, bench.hidden, limit * efficacy.reshape(-1)[bench.hidden])
        self.outputs = self._population(true.registers, bench.outputs, limit * both)

    @staticmethod
    def _population(registers, neurons: np.ndarray, limit: np.ndarray) -> Population:
        taus = (getattr(registers, f"tau_syn_{sign}_ns").reshape(-1)[neurons] * 1e-3 for sign in ("exc", "inh"))
        return Population(*taus, limit)


def gradient(
    config: ChipConfig, s: Settings, inputs: np.ndarray, targets: np.ndarray, hidden: np.ndarray, output: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return d/dW1 and d/dW2 of half the squared error of the outputs' rates, summed over samples, events per us.

    inputs: float64[n, inputs - 1]; targets: int[n].
    """
    coupled, cut = (Bench(config, s, hidden, output, cut) for cut in (False, True))
    synapses = Synapses(coupled)
    rates = s.input_khz * 1e-3 * np.concatenate([inputs, np.ones((len(inputs), 1))], axis=1)
    by_hidden, by_output = np.zeros(hidden.shape), np.zeros(output.shape)
    for shown, x, target in zip(inputs, rates, targets, strict=True):
        h, y = coupled.rates(shown)
        wanted = 1e-3 * np.where(np.arange(len(y)) == target, s.target_khz, s.off_khz)
        first, second = (x, hidden, synapses.into_hidden), (y, output.T, synapses.back)
        driven, (_, by_weight), (by_y, by_back) = synapses.hidden.drive(first, second)
        _, (by_h, by_forward) = synapses.outputs.drive((h, output, synapses.into_outputs))
        slope_h, slope_y = _slopes(cut, shown, driven - synapses.hidden.drive(first)[0])
        forward, backward = (by_h * slope_y).T, (by_y * slope_h).T  # d y / d h and d h / d y
        error = np.linalg.solve(np.eye(len(y)) - (forward @ backward).T, y - wanted)
        of_hidden = slope_h * (forward.T @ error)
        by_hidden += by_weight * of_hidden
        by_output += by_forward * slope_y * error + (by_back * of_hidden).T
    return by_hidden, by_output


def _slopes(cut: Bench, shown: np.ndarray, fed_back_lsb: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return what rates of hidden neurons, and of outputs, change by with an LSB of drive."""
    found = []
    for moved in ((MOVED_LSB, 0.0), (0.0, MOVED_LSB)):
        ends = []
        for sign in (1, -1):
            cut.move_leaks(fed_back_lsb + sign * moved[0], sign * moved[1])
            ends.append(cut.rates(shown))
        found.append([(up - down) / (2 * MOVED_LSB) for up, down in zip(*ends, strict=True)])
    return found[0][0], found[1][1]
