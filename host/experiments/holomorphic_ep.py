"""How near equilibrium propagation comes to the gradient: against the amplitude of its nudge, and against noise.

Four ways to read the derivative of a network's products by its nudge, with the same number of reads of all states:

    classic       half of the reads free, half at the nudge beta
    centred       half at beta, half at -beta
    lock-in       at beta cos t, t in equal steps: the first harmonic
    Chebyshev     the same reads: the first harmonic - 3 x the third + 5 x the fifth, which is the derivative at 0 of
                  any response without harmonics beyond the sixth

The last is what complex nudges on a circle give (Laborieux and Zenke, "Holomorphic Equilibrium Propagation Computes
Exact Gradients Through Finite Size Oscillations", 2022), from real numbers alone. The derivative is compared with the
gradient of the free phase, by the cosine of the angle between both over all weights. The nets are in float, trained on
Yin-Yang until they are half way; noise is added to every read of every state.

What to expect of it: the bias of classic nudges grows with the amplitude, that of centred ones with its square; noise
asks for large amplitudes. So the robustness comes from both signs and from large amplitudes. At the same peak a cosine
has half the power of two signs, so lock-in has twice the variance of centred reads and nothing for it; the higher
harmonics remove the bias at ten times the variance.
"""

from __future__ import annotations

from contextlib import suppress
from itertools import product
from typing import Any

import numpy as np

from chip.base.config import ChipConfig
from host import tasks
from host.calibration.progress import MeasuringProgress
from host.experiments.outcome import Outcome, mean_and_spread
from host.experiments.settling_network import SettlingNetwork, States, trained

NAME = "holomorphic-ep"
METHODS = ("classic", "centred", "lock-in", "Chebyshev")
HARMONICS = {"lock-in": {1: 1.0}, "Chebyshev": {1: 1.0, 3: -3.0, 5: 5.0}}
READS = 12  # of every state, for one derivative
BETAS = np.geomspace(0.05, 5.0, 13)
NOISES = np.geomspace(1e-3, 0.3, 11)  # standard deviation of a read; states are between 0 and 1
NOISE, BETA = 0.03, 0.5  # of the picture's panels where the other one changes
NETS, REPEATS = 3, 5
SAMPLES, HIDDEN, STEPS, RATE = 200, 20, 150, 0.5


def nudges(method: str, beta: float) -> np.ndarray:
    """Return float64[READS]: the nudge of every read."""
    half = np.ones(READS // 2)
    if method == "classic":
        return beta * np.concatenate([0 * half, half])
    if method == "centred":
        return beta * np.concatenate([-half, half])
    return beta * np.cos(2 * np.pi * np.arange(READS) / READS)


def weights_of_reads(method: str, beta: float) -> np.ndarray:
    """Return float64[READS]: what every read is multiplied with, so that their sum is the derivative."""
    half = np.full(READS // 2, 2 / READS)
    if method == "classic":
        return np.concatenate([-half, half]) / beta
    if method == "centred":
        return np.concatenate([-half, half]) / (2 * beta)
    angles = 2 * np.pi * np.arange(READS) / READS
    found = sum(factor * np.cos(harmonic * angles) for harmonic, factor in HARMONICS[method].items())
    return 2 / READS / beta * np.asarray(found)


def settled(network: SettlingNetwork, method: str, beta: float) -> list[States]:
    """Return the states at every read; raises RuntimeError where the nudged network does not settle."""
    free = network.settle()
    error, found = network.wanted - free[1], dict[float, States]()
    for nudge in nudges(method, beta):
        if nudge not in found:
            found[nudge] = network.settle(nudge * error, free)
    return [found[nudge] for nudge in nudges(method, beta)]


def derivative(
    network: SettlingNetwork,
    states: list[States],
    method: str,
    beta: float,
    noise: float = 0.0,
    random: np.random.Generator | None = None,
) -> np.ndarray:
    """Return the derivative of the products by the nudge, float64[weights], from states that are read with noise."""
    found = np.zeros(network.hidden.size + network.output.size)
    for (h, y), weight in zip(states, weights_of_reads(method, beta), strict=True):
        if random is not None:
            h, y = (state + noise * random.standard_normal(state.shape) for state in (h, y))
        found += weight * network.products((h, y))
    return found


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    """Return that of the angle between two arrays."""
    return float((a * b).sum() / np.sqrt((a**2).sum() * (b**2).sum()))


def networks(seed: int) -> list[SettlingNetwork]:
    """Return nets on the way to Yin-Yang, of seeds from ``seed`` on."""
    task = tasks.yin_yang()
    x = np.column_stack([task.inputs[:SAMPLES], np.ones(SAMPLES)])
    wanted = np.eye(len(task.classes))[task.targets[:SAMPLES]]
    return [trained(x, wanted, HIDDEN, seed + n, STEPS, RATE) for n in range(NETS)]


def run(config: ChipConfig, quiet: bool = True) -> Outcome:
    """Measure all cosines; of the chip's settings only the seed matters."""
    nets = networks(config.seed)
    arrays = {"betas": BETAS, "noises": NOISES, "accuracies": np.array([net.accuracy for net in nets])}
    sweeps = {  # points, each an amplitude and a noise; repeats
        "bias": ([(beta, 0.0) for beta in BETAS], 1),
        "amplitude": ([(beta, NOISE) for beta in BETAS], REPEATS),
        "noise": ([(BETA, noise) for noise in NOISES], REPEATS),
    }
    with MeasuringProgress(NAME, quiet) as progress:
        for done, (name, (points, repeats)) in enumerate(sweeps.items()):
            progress.measuring(done, len(sweeps), name)
            arrays[f"cosines_of_{name}"] = _cosines(nets, points, repeats, config.seed)
    return Outcome(
        NAME, f"holomorphic equilibrium propagation, seed {config.seed}", _summary(arrays), arrays, _report(arrays)
    )


def _cosines(nets: list[SettlingNetwork], points: list[tuple[float, float]], repeats: int, seed: int) -> np.ndarray:
    """float64[methods, points, nets, repeats]: cosines to the gradient; NaN where a nudged net does not settle."""
    found = np.full((len(METHODS), len(points), len(nets), repeats), np.nan)
    for number, net in enumerate(nets):
        truth = -net.gradient()
        for (of, method), (place, (beta, noise)) in product(enumerate(METHODS), enumerate(points)):
            with suppress(RuntimeError):
                states = settled(net, method, beta)
                for repeat in range(repeats):
                    random = np.random.default_rng((seed, of, place, number, repeat))
                    read = derivative(net, states, method, beta, noise, random)
                    found[of, place, number, repeat] = cosine(read, truth)
    return found


def _summary(arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    """Mean cosines of each method: without noise at one amplitude; with noise the best, and where that is."""
    bias, _ = mean_and_spread(arrays["cosines_of_bias"], axis=(2, 3))
    noisy, spread = mean_and_spread(arrays["cosines_of_amplitude"], axis=(2, 3))
    at = int(np.abs(np.log(BETAS / BETA)).argmin())
    found = {}
    for of, method in enumerate(METHODS):
        best = int(np.nanargmax(noisy[of]))
        found[method] = {
            "without_noise": bias[of, at],
            "smallest_beta": noisy[of, 0],
            "best": noisy[of, best],
            "best_spread": spread[of, best],
            "best_beta": BETAS[best],
        }
    return {"beta": BETAS[at], "noise": NOISE, "reads": READS, "accuracies": arrays["accuracies"], "methods": found}


def _report(arrays: dict[str, np.ndarray]) -> str:
    summary = _summary(arrays)
    accuracies = ", ".join(f"{accuracy:.2f}" for accuracy in arrays["accuracies"])
    lines = [
        f"cosine to the gradient, {READS} reads of every state, {NETS} float nets (accuracy {accuracies}), no chip",
        f"  {'':<11}{'no noise':>10}{'noise ' + str(NOISE):>14}{'noise ' + str(NOISE):>24}",
        f"  {'':<11}{f'beta {BETA:g}':>10}{f'beta {BETAS[0]:g}':>14}{'best beta':>24}",
    ]
    for method, of in summary["methods"].items():
        best = f"{of['best']:.4f} at {of['best_beta']:.2f}"
        lines.append(f"  {method:<11}{of['without_noise']:>10.5f}{of['smallest_beta']:>14.3f}{best:>24}")
    lines.append("  robustness comes from large amplitudes and from both signs; a cosine adds nothing over two signs")
    lines.append("  the higher harmonics (Chebyshev) take the bias away, and have more noise for it")
    return "\n".join(lines)
