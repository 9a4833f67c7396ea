"""How fast the simulator is. Run by hand: ``pytest tests/benchmarks/bench_speed.py``; compare ratios, not times.

Every benchmark is one round of many samples on one core, after compilation; ``extra_info`` has the numbers per sample.
The peer is the network alone: the same size, its forward and backward pass in float on a grid of 0.1 us, compiled as
our kernels are. It has no chip around it: no processor, no cycles, no routing, no 6-bit weights.
"""

from __future__ import annotations

import numpy as np
import pytest

from chip import Chip, ChipConfig
from host import Host, tasks
from ppu_programs import EventProp
from tests.benchmarks.float_network import forward_and_backward

SAMPLES = 2_000


def learning_host() -> Host:
    host = Host(Chip(ChipConfig.ideal(seed=1)))
    host.load(EventProp(epochs=1, seed=1), tasks.yin_yang().head(train=SAMPLES, validation=1, test=1))
    return host


@pytest.fixture(scope="module", autouse=True)
def compiled():
    host = Host(Chip(ChipConfig.ideal(seed=1)))
    host.load(EventProp(epochs=1, seed=1), tasks.yin_yang().head(train=50, validation=1, test=1))
    host.run()


def test_a_training_sample_on_the_chip(benchmark):
    """One epoch of on-chip EventProp on Yin-Yang, everything included."""
    results = []
    benchmark.pedantic(
        lambda host: results.append(host.run()), setup=lambda: ((learning_host(),), {}), rounds=5, iterations=1
    )
    per_sample_us = benchmark.stats.stats.min * 1e6 / results[-1].samples
    chip_us = results[-1].chip_seconds * 1e6 / results[-1].samples
    benchmark.extra_info.update(
        wall_us_per_sample=round(per_sample_us, 1),
        chip_us_per_sample=round(chip_us, 1),
        wall_time_per_chip_time=round(per_sample_us / chip_us, 2),
        simpy_events_per_sample=round(results[-1].simpy_events / results[-1].samples, 2),
    )


def test_the_float_network_alone(benchmark):
    """The peer: forward and backward of 5-120-3 in float64 on a 0.1 us grid."""
    rng = np.random.default_rng(0)
    inputs_ns = np.sort(1_000 + 27_000 * rng.random((SAMPLES, 5)), axis=1)
    hidden, output = rng.normal(0.6, 1.5, (5, 120)), rng.normal(0.0, 0.3, (120, 3))
    targets = rng.integers(0, 3, SAMPLES)
    forward_and_backward(inputs_ns[:1], targets[:1], hidden, output)
    benchmark.pedantic(forward_and_backward, args=(inputs_ns, targets, hidden, output), rounds=5, iterations=1)
    benchmark.extra_info.update(wall_us_per_sample=round(benchmark.stats.stats.min * 1e6 / SAMPLES, 1))
