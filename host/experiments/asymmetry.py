"""What equilibrium propagation loses where both directions of the loop differ: mismatch of synapses, own updates.

An energy asks for the same weights both ways. On the chip the copies of a weight are two synapses, which deviate by
themselves, and the processors may give both the same update, or each what its own two neurons say (vector-field
equilibrium propagation, Scellier et al. 2018); or, in addition, pull them together behind each batch, after the
homeostasis of Laborieux and Zenke (2024). That one acts on the Jacobian as neurons have it; this one, which a processor
can compute from what it knows, on the weights that it has programmed, so that mismatch is beyond its reach. Copies
begin equal.

Yin-Yang on the chip, few samples; alignment is the cosine between the weights of both directions as synapses have them,
mismatch and all, behind learning.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from chip.base.config import ChipConfig
from chip.chip import Chip
from chip.silicon.mismatch import synapse_factor
from host import tasks
from host.calibration.progress import MeasuringProgress
from host.experiments.outcome import Outcome
from host.host import Host
from ppu_programs.equilibrium_propagation.firmware import EquilibriumPropagation
from ppu_programs.equilibrium_propagation.network import BACK, INTO_OUTPUTS, EquilibriumPlacement

NAME = "asymmetry"
TITLE = "equilibrium propagation with copies of weights that differ"
MISMATCH = (0.0, 0.2, 0.5)  # standard deviation of a synapse
RULES = {  # settings of each
    "same updates": {"copies": "shared"},
    "own updates": {"copies": "own"},
    "own updates, pulled together": {"copies": "own", "symmetry": 0.05},
}
SEEDS, EPOCHS, TRAINED, VALIDATED, TESTED = 3, 2, 1500, 10, 1000


def run(
    config: ChipConfig,
    quiet: bool = True,
    mismatch: tuple[float, ...] = MISMATCH,
    seeds: int = SEEDS,
    epochs: int = EPOCHS,
    samples: tuple[int, int, int] = (TRAINED, VALIDATED, TESTED),
) -> Outcome:
    """Learn with each rule on chips of this one's seed and of those that follow, with each mismatch in turn.

    ``accuracy``, of the test samples, and ``alignment`` are float64[rules, mismatch, seeds].
    """
    task = tasks.yin_yang().head(*samples)
    found = np.zeros((2, len(RULES), len(mismatch), seeds))
    total, done = len(RULES) * len(mismatch) * seeds, 0
    with MeasuringProgress(f"{NAME}, chip {config.profile}", quiet) as progress:
        for k in range(seeds):
            for column, deviation in enumerate(mismatch):
                chip_config = with_mismatch(config, deviation, config.seed + k)
                for row, (name, changes) in enumerate(RULES.items()):
                    progress.measuring(done, total, f"mismatch {deviation:.0%}, {name}")
                    host = Host(Chip(chip_config))
                    rule = EquilibriumPropagation(epochs=epochs, checked=0, seed=chip_config.seed, **changes)
                    host.load(rule, task)
                    result = host.run()
                    places = host.built.plan.places
                    aligned = alignment(places, result.weights, synapse_factor(chip_config))
                    found[:, row, column, k] = result.accuracy, aligned
                    done += 1
    arrays = {"mismatch": np.array(mismatch), "accuracy": found[0], "alignment": found[1], "rules": np.array([*RULES])}
    summary = {"chip": config.profile, "seed": config.seed, "mismatch": list(mismatch), "seeds": seeds}
    summary |= {"epochs": epochs, "samples": list(samples)}
    for what, values in (("accuracy", found[0]), ("alignment", found[1])):
        summary |= {f"{what} with {name}": values[row].mean(axis=1) for row, name in enumerate(RULES)}
    return Outcome(NAME, TITLE, summary, arrays, _report(config, mismatch, samples[0], epochs, found))


def with_mismatch(config: ChipConfig, deviation: float, seed: int) -> ChipConfig:
    """Return the settings with this standard deviation of each synapse, none of drivers, and another seed."""
    changed = dataclasses.replace(
        config.imperfections,
        synapse_efficacy=True,
        synapse_efficacy_relative_std=deviation,
        driver_efficacy=False,
    )
    return dataclasses.replace(config, imperfections=changed, seed=seed)


def alignment(places: EquilibriumPlacement, weights: np.ndarray, factor: np.ndarray | None) -> float:
    """Return the cosine between the output weights of both directions, uint8[2, 256, 256], as synapses have them."""
    forward, back = [], []
    for side in places.sides:
        for which, found in ((INTO_OUTPUTS, forward), (BACK, back)):
            at = places.on_chip.synapses(places.projection(side, which))
            values = np.zeros(len(at.sources))
            for sign, row in enumerate(at.rows.T):
                synapse = at.hemispheres, row, at.columns
                values += (1 - 2 * sign) * weights[synapse].astype(float) * (1.0 if factor is None else factor[synapse])
            shape = at.sources.max() + 1, at.targets.max() + 1
            matrix = np.zeros(shape)
            matrix[at.sources, at.targets] = values
            found.append(matrix.ravel() if which == INTO_OUTPUTS else matrix.T.ravel())
    one, other = np.concatenate(forward), np.concatenate(back)
    norms = np.sqrt((one**2).sum() * (other**2).sum())
    return float(one @ other / norms) if norms else 0.0


def _report(config: ChipConfig, mismatch: tuple[float, ...], trained: int, epochs: int, found: np.ndarray) -> str:
    lines = [
        f"{TITLE}: Yin-Yang, {epochs} epochs of {trained} samples, {found.shape[-1]} seeds, {config.profile} chip",
        "",
    ]
    for what, values in zip(("test accuracy", "alignment of both directions"), found, strict=True):
        lines.append(f"  {what + ', mismatch':<42}" + "".join(f"{deviation:>18.0%}" for deviation in mismatch))
        for name, of in zip(RULES, values, strict=True):
            numbers = (f"{mean:.3f} +- {spread:.3f}" for mean, spread in zip(of.mean(1), of.std(1), strict=True))
            lines.append(f"    {name:<40}" + "".join(f"{text:>18}" for text in numbers))
    return "\n".join(lines)
