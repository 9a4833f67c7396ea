"""The chip's learning beside that of two libraries. Run by hand, on one core and a quiet machine:

    taskset -c 0 pytest tests/benchmarks/bench_peers.py

All learn the 5000 training samples of Yin-Yang with the same 5-120-3 network: current-based LIF neurons, leaky
readouts, the time constants and the encoding of the firmware. One round is one epoch behind the first ones, in which
functions are compiled. The table at the end, and ``extra_info``, have microseconds per sample and seconds per 5000
samples, by the fastest round.

The peers train a float network without a chip around it: no processor, no cycles, no routing, no 6-bit weights. spyx
and snntorch go in 40 steps of 1 us with surrogate gradients, all samples of a batch at once (256 and 128 samples, as in
their examples); ours goes in 300 steps of 0.1 us, sample by sample. The chip simulates events to 4 ns, a batch has 25
samples, and each is played by itself, as on hardware. A peer that is not installed is skipped: ``pip install spyx``
(brings jax), ``pip install torch snntorch``.
"""

from __future__ import annotations

import os
import time
from importlib import metadata

import pytest

from chip import Chip, ChipConfig
from host import Host, tasks
from ppu_programs import EventProp
from tests.benchmarks.float_network import BATCH, STEP_NS, FloatNetwork
from tests.benchmarks.grid import NETWORK, STEP_US, event_times_ns, on_grid

EPOCH = 5_000
ROUNDS, WARMUP_ROUNDS = 5, 2
CHANCE, LEARNED = 1 / 3, 0.75  # an accuracy below the second is no learning, and then a time is no result


@pytest.fixture(scope="module")
def task():
    return tasks.yin_yang()


@pytest.fixture(scope="module", autouse=True)
def one_core():
    """Pin this process, before a library counts cores and makes as many threads."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    yield
    os.sched_setaffinity(0, before)


@pytest.fixture(scope="module")
def table(request):
    """Rows of results by name; shown when all are there."""
    rows: dict[str, dict] = {}
    yield rows
    if rows:
        with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
            show(rows)


def show(rows: dict[str, dict]) -> None:
    """Print all results; the ratio is to the chip with imperfections, or to the first row where that did not run."""
    reference = rows.get("chip, typical", next(iter(rows.values())))["wall_us_per_sample"]
    line = "{:<24}{:>6}{:>8}{:>12}{:>15}{:>12}{:>9}{:>10}{:>8}"
    titles = ("", "batch", "step", "us/sample", "CPU us/sample", "s per 5000", "ratio", "accuracy", "epochs")
    print("\n\n" + line.format(*titles))
    for name, row in rows.items():
        ratio = row["wall_us_per_sample"] / reference
        times = [f"{row[key]:.1f}" for key in ("wall_us_per_sample", "cpu_us_per_sample")]
        learning = f"{row['accuracy']:.3f}", row["epochs"]
        seconds = f"{row['seconds_per_5000_samples']:.3f}"
        print(line.format(name, row["batch"], row["step"], *times, seconds, f"{ratio:.3f}", *learning))


class Stopwatch:
    """Calls a function and keeps its processor times, in which waiting for other programs does not count."""

    def __init__(self, function):
        self.function, self.cpu_seconds = function, []

    def __call__(self, *arguments):
        before = time.process_time()
        result = self.function(*arguments)
        self.cpu_seconds.append(time.process_time() - before)
        return result


def note(benchmark, table: dict, name: str, samples: int, stopwatch: Stopwatch, **further) -> None:
    """Put a result into the table and ``extra_info``, and refuse one of a network that did not learn."""
    per_sample_us = benchmark.stats.stats.min * 1e6 / samples
    row = {
        "wall_us_per_sample": round(per_sample_us, 2),
        "cpu_us_per_sample": round(min(stopwatch.cpu_seconds[-ROUNDS:]) * 1e6 / samples, 2),
        "seconds_per_5000_samples": round(per_sample_us * EPOCH * 1e-6, 4),
        **further,
    }
    benchmark.extra_info.update(row, samples_per_round=samples)
    table[name] = row
    assert row["accuracy"] > LEARNED, f"{name} reached {row['accuracy']:.3f}; chance is {CHANCE:.3f}"


def note_peer(benchmark, table: dict, name: str, network, held_out, **further) -> None:
    """Train a peer round by round and note it; its accuracy is that of the test set after all epochs."""
    stopwatch = Stopwatch(network.train_epoch)
    benchmark.pedantic(stopwatch, rounds=ROUNDS, warmup_rounds=WARMUP_ROUNDS, iterations=1)
    further |= {"accuracy": round(network.accuracy(*held_out), 4), "epochs": ROUNDS + WARMUP_ROUNDS}
    note(benchmark, table, name, network.samples, stopwatch, **further)


def versions(*packages: str) -> str:
    return ", ".join(f"{package} {metadata.version(package)}" for package in packages)


@pytest.mark.parametrize("profile", ["typical", "ideal"])
def test_the_chip(benchmark, task, table, profile):
    """One epoch of on-chip EventProp, everything included; the accuracy is that of the training samples meanwhile."""
    results = []
    epoch = task.head(train=EPOCH, validation=1, test=1)

    def loaded_host():
        host = Host(Chip(getattr(ChipConfig, profile)(seed=1)))
        host.load(EventProp(epochs=1, seed=1), epoch)
        return (host,), {}

    stopwatch = Stopwatch(lambda host: results.append(host.run()))
    benchmark.pedantic(stopwatch, setup=loaded_host, rounds=ROUNDS, warmup_rounds=1, iterations=1)
    result = results[-1]
    training_us = min(each.speed["wall_us_per_sample"] for each in results[-ROUNDS:])  # what result.json has
    note(
        benchmark,
        table,
        f"chip, {profile}",
        result.samples,
        stopwatch,
        training_us_per_sample=round(training_us, 1),
        chip_us_per_sample=round(result.chip_seconds * 1e6 / result.samples, 1),
        accuracy=float(result.learning[0]),
        epochs=1,
        batch=NETWORK.batch,
        step="4 ns",
    )


def test_the_float_network_alone(benchmark, task, table):
    """What the chip's own kind of code takes for the network alone: EventProp in float on a grid, with Adam."""
    train, test = ((event_times_ns(split.inputs), split.targets) for split in (task.train, task.test))
    network = FloatNetwork(*train, NETWORK.hidden, NETWORK.readouts, seed=1)
    note_peer(benchmark, table, "float EventProp, numba", network, test, batch=BATCH, step=f"{STEP_NS / 1e3:g} us")


@pytest.mark.filterwarnings("ignore")  # those of other people's packages
def test_spyx(benchmark, task, table, monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")
    for package in ("jax", "optax", "flax", "spyx"):
        pytest.importorskip(package, reason=f"the peer spyx needs {package}, which is not installed")
    from tests.benchmarks import spyx_network as peer

    network = peer.SpyxNetwork(*on_grid(task.train), seed=1)
    further = {"batch": peer.BATCH, "step": f"{STEP_US:g} us", "versions": versions("spyx", "jax", "flax")}
    note_peer(benchmark, table, "spyx", network, on_grid(task.test), **further)


@pytest.mark.filterwarnings("ignore")  # those of other people's packages
def test_snntorch(benchmark, task, table):
    for package in ("torch", "snntorch"):
        pytest.importorskip(package, reason=f"the peer snntorch needs {package}, which is not installed")
    from tests.benchmarks import snntorch_network as peer

    network = peer.SnntorchNetwork(*on_grid(task.train), seed=1)
    further = {"batch": peer.BATCH, "step": f"{STEP_US:g} us", "versions": versions("snntorch", "torch")}
    note_peer(benchmark, table, "snntorch", network, on_grid(task.test), **further)
