"""How fast the simulator is. Run by hand: ``pytest tests/benchmarks/bench_speed.py``; compare ratios, not times.

Every benchmark is one round of many samples on one core, after compilation; ``extra_info`` has the numbers per sample.
The peer is the network alone: the same size, its forward and backward pass in float on a grid of 0.1 us, compiled as
our kernels are. It has no chip around it: no processor, no cycles, no routing, no 6-bit weights.

Where the time of a training sample goes is told by two kinds of runs in turn, one as it is, one with a timer around
every compiled function that Python calls. A number is the median over the batches of an epoch, for each place in a
batch by itself; so neither the timers nor what else the machine does are counted as Python.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest

from chip import Chip, ChipConfig
from chip.base import constants as c
from chip.core import core, operations
from chip.ppu.compiler.kernel import BoundKernel
from chip.ppu.processor.flows.compiled import CompiledFlow
from host import Host, tasks
from ppu_programs import EventProp
from tests.benchmarks.float_network import forward_and_backward

SAMPLES = 2_000
RUNS = 15  # of either kind
COMPILED: dict[str, list] = {  # every compiled function that Python calls in a training sample
    "core": [],
    "posting": [
        *((operations, name) for name in ("insert_events", "insert_conversion", "insert_reset", "insert_rows")),
        (core, "take_conversion"),
    ],
    "kernels": [(BoundKernel, "__call__")],
    "tasks": [],  # each program has a function of its own, see `with_timers`
}
ENTRIES = {"core": "advance", "posting": "pack_log"}  # and those that a core has of its neuron model


def learning_host(profile: str = "ideal") -> Host:
    host = Host(Chip(getattr(ChipConfig, profile)(seed=1)))
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


class Timers:
    """Adds up the seconds that named functions take."""

    def __init__(self):
        self.seconds: Counter[str] = Counter()

    def with_timers(self, compile_tasks: Callable) -> Callable:
        """Return what compiles a program's tasks, and has their time counted."""

        def compile_timed(flow):
            compile_tasks(flow)
            flow._call = self.around("tasks", flow._call)

        return compile_timed

    def around(self, part: str, function: Callable) -> Callable:
        """Return a function that does the same and counts its time for a part."""

        def timed(*arguments):
            begun = time.perf_counter()
            result = function(*arguments)
            self.seconds[part] += time.perf_counter() - begun
            return result

        return timed


def us_per_sample(host: Host, timers: Timers) -> dict[str, float]:
    """Learn an epoch; return microseconds per sample: ``wall``, and what the timers have counted."""
    readings, batch = [], host.chip.processors[c.BOTTOM].program.plan.batch

    def look(*sample):
        readings.append((time.perf_counter(), *(timers.seconds[part] for part in COMPILED)))

    host.chip.feed.samples.append(look)
    host.run()
    spans = np.diff(np.array(readings[: SAMPLES // batch * batch + 1]), axis=0).reshape(-1, batch, 1 + len(COMPILED))
    medians = np.median(spans[1:], axis=0).mean(axis=0)
    return dict(zip(("wall", *COMPILED), (medians * 1e6).tolist(), strict=True))


@pytest.mark.parametrize("profile", ["typical", "ideal"])
def test_the_share_of_simpy_and_python(benchmark, monkeypatch, profile):
    """Wall time of a training sample less what compiled functions take of it: core, posting to it, kernels, tasks."""
    timers = Timers()
    plain, timed = [], []

    def run() -> None:
        plain.append(us_per_sample(learning_host(profile), timers))
        with monkeypatch.context() as patched:
            for part, functions in COMPILED.items():
                for owner, name in functions:
                    patched.setattr(owner, name, timers.around(part, getattr(owner, name)))
            entries = {name: timers.around(part, getattr(core.LIF, name)) for part, name in ENTRIES.items()}
            patched.setattr(core, "LIF", core.LIF._replace(**entries))
            patched.setattr(CompiledFlow, "compile", timers.with_timers(CompiledFlow.compile))
            timed.append(us_per_sample(learning_host(profile), timers))

    benchmark.pedantic(run, rounds=RUNS, iterations=1)
    wall = np.median([each["wall"] for each in plain])
    parts = {part: np.median([each[part] for each in timed]) for part in COMPILED}
    # each run beside the one behind it, so that both have seen the machine in one of its moods
    both = zip(plain, timed, strict=True)
    python = np.median([one["wall"] - sum(other[part] for part in COMPILED) for one, other in both])
    benchmark.extra_info.update(
        wall_us_per_sample=round(float(wall), 1),
        **{f"{part}_us_per_sample": round(float(us), 1) for part, us in parts.items()},
        simpy_and_python_us_per_sample=round(float(python), 1),
        share_of_simpy_and_python=round(float(python / wall), 3),
    )
    print(f"\n{profile}:", ", ".join(f"{name} {value}" for name, value in benchmark.extra_info.items()))


def test_the_float_network_alone(benchmark):
    """The peer: forward and backward of 5-120-3 in float64 on a 0.1 us grid."""
    rng = np.random.default_rng(0)
    inputs_ns = np.sort(1_000 + 27_000 * rng.random((SAMPLES, 5)), axis=1)
    hidden, output = rng.normal(0.6, 1.5, (5, 120)), rng.normal(0.0, 0.3, (120, 3))
    targets = rng.integers(0, 3, SAMPLES)
    forward_and_backward(inputs_ns[:1], targets[:1], hidden, output)
    benchmark.pedantic(forward_and_backward, args=(inputs_ns, targets, hidden, output), rounds=5, iterations=1)
    benchmark.extra_info.update(wall_us_per_sample=round(benchmark.stats.stats.min * 1e6 / SAMPLES, 1))
