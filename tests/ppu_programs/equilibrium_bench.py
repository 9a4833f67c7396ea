"""How far the updates of equilibrium propagation point along the gradient of the chip that makes them.

``python -m tests.ppu_programs.equilibrium_bench beta=1.5 frame_ns=120000 trace_tau_ns=20000`` prints the cosines of one
update over 200 samples, for a network that learned from 2000 of them once, on a ``typical`` chip; ``seed=2`` is another
chip and other weights, ``samples=100`` a coarser measurement.
"""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np

from chip import Chip, ChipConfig
from host import Host, tasks
from ppu_programs import EquilibriumPropagation
from ppu_programs.two_layer import weights
from tests.naive.equilibrium_rates import cosine
from tests.naive.equilibrium_response import gradient

LEARNED, TESTED, ROW = 2000, 32, 128


class FromWeights(EquilibriumPropagation):
    """The rule from weights int[inputs, hidden] and [hidden, outputs] that are given."""

    def __init__(self, given: tuple[np.ndarray, np.ndarray], **settings):
        super().__init__(**settings)
        self.given = given

    def training(self, task, config):
        hidden, output = (its.astype(float) for its in self.given)
        return replace(super().training(task, config), hidden=hidden, output=output)


def learned(config: ChipConfig, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the weights of a network that has learned from 2000 samples, once, phases alternating."""
    host, firmware = Host(Chip(config)), EquilibriumPropagation(epochs=1, checked=0, seed=seed, alternating=True)
    host.load(firmware, tasks.yin_yang().head(LEARNED, TESTED, TESTED))
    return host.built.plan.places.load(host.run().weights)[:2]


def update(firmware: EquilibriumPropagation, config: ChipConfig, task) -> tuple[np.ndarray, np.ndarray]:
    """Return what is added to both shadows by one batch, float64[inputs, hidden] and [hidden, outputs]."""
    host = Host(Chip(config))
    host.load(firmware, task)
    places, processors = host.built.plan.places, host.chip.processors
    before = [its.regions["shadow"].astype(int) for its in processors]
    host.run()
    rows = [
        weights.from_rows(its.regions["shadow"].astype(int) - old, ROW)[:, side.lanes]
        for side, its, old in zip(places.sides, processors, before, strict=True)
    ]
    return np.concatenate([its[: places.inputs] for its in rows], axis=1), np.concatenate(
        [its[places.inputs :].T for its in rows]
    )


def cosines(seed: int = 1, samples: int = 200, **settings) -> tuple[float, float]:
    """Return those of the updates of input and output weights with the negative gradient, on a ``typical`` chip."""
    config, task = ChipConfig.typical(seed=seed), tasks.yin_yang().head(samples, TESTED, TESTED)
    given = learned(config, seed)
    firmware = FromWeights(given, batch=samples, epochs=1, checked=0, seed=seed, **({"alternating": True} | settings))
    found = update(firmware, config, task)
    train = task.ranges["train"]
    shown, targets = (its[train.start : train.stop] for its in (task.inputs, task.targets))
    wanted = gradient(config, firmware.settings, shown, targets, *given)
    return cosine(-wanted[0], found[0]), cosine(-wanted[1], found[1])


def _number(text: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


if __name__ == "__main__":
    chosen = {name: _number(text) for name, text in (argument.split("=") for argument in sys.argv[1:])}
    print(chosen, "cosines of W1 and W2: {:.3f} {:.3f}".format(*cosines(**chosen)))
