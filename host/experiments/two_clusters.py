"""What latent predictive learning is for: two clusters that persist, and an axis of noise that varies more than they.

After the first figure of Halvagal and Zenke (Nature Neuroscience 26, 2023): points of two clusters, which stay in
their cluster from one view to the next, and a second axis that is new noise in each view. A unit that only looks for
variance learns the noise where that is the stronger one, a unit that only predicts falls silent; with both it parts the
clusters. Here 8 units learn from events on the chip, without decorrelation, each by itself; d' is how far a unit's
activity parts the clusters afterwards, in standard deviations within them, 0 for a silent one.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from chip.base.config import ChipConfig
from chip.chip import Chip
from host.calibration.progress import MeasuringProgress
from host.experiments.outcome import Outcome
from host.host import Host
from host.tasks.moving import two_clusters
from ppu_programs.latent_predictive.firmware import LatentPredictive

NAME = "two-clusters"
TITLE = "two clusters that persist, and an axis of noise"
NOISE = (0.3, 1.0, 2.0, 3.0)
RULES = {  # settings of each
    "latent predictive": {},
    "Hebbian alone": {"pull": 0.0},
    "predictive alone": {"push": 0.0},
}
UNITS, SEEDS = 8, 3
SETTINGS = {
    "units": UNITS,
    "decorrelation": 0.0,
    "readout": 200,
    "events": 7,
    "rate": 0.065,
    "halvings": 0,
    "trace_lsb": 33.0,
    "tau_mem_ns": 60_000,
    "tau_syn_ns": 500,
}


def run(
    config: ChipConfig,
    quiet: bool = True,
    noise: tuple[float, ...] = NOISE,
    seeds: int = SEEDS,
    pairs: int = 0,
) -> Outcome:
    """Learn with each rule at each noise, on chips of this one's seed and of those that follow.

    ``d_prime`` and ``random_d_prime``, of the initial weights, are float64[rules, noise, seeds], means of the units.
    """
    found = np.zeros((2, len(RULES), len(noise), seeds))
    total, done = len(RULES) * len(noise) * seeds, 0
    with MeasuringProgress(f"{NAME}, chip {config.profile}", quiet) as progress:
        for column, strength in enumerate(noise):
            task = two_clusters(strength)
            for row, (name, changes) in enumerate(RULES.items()):
                for k in range(seeds):
                    progress.measuring(done, total, f"noise {strength:g}, {name}")
                    host = Host(Chip(dataclasses.replace(config, seed=config.seed + k)))
                    host.load(LatentPredictive(**SETTINGS, **changes, pairs=pairs, seed=config.seed + k), task)
                    metrics = host.run().metrics
                    found[:, row, column, k] = metrics["d_prime"], metrics["random_d_prime"]
                    done += 1
    arrays = {"noise": np.array(noise), "d_prime": found[0], "random_d_prime": found[1], "rules": np.array(list(RULES))}
    summary = {"chip": config.profile, "seed": config.seed, "noise": list(noise), "seeds": seeds}
    summary |= {f"d_prime of {name}": found[0, row].mean(axis=1) for row, name in enumerate(RULES)}
    return Outcome(NAME, TITLE, summary, arrays, _report(config, noise, found))


def _report(config: ChipConfig, noise: tuple[float, ...], found: np.ndarray) -> str:
    lines = [f"{TITLE}: d' of {UNITS} units, {found.shape[-1]} seeds, {config.profile} chip", ""]
    lines.append(f"  {'noise':<20}" + "".join(f"{strength:>15g}" for strength in noise))
    rows = [*zip(RULES, found[0], strict=True), ("initial weights", found[1].mean(axis=0))]
    for name, values in rows:
        numbers = (f"{mean:.2f} +- {spread:.2f}" for mean, spread in zip(values.mean(1), values.std(1), strict=True))
        lines.append(f"  {name:<20}" + "".join(f"{text:>15}" for text in numbers))
    return "\n".join(lines)
