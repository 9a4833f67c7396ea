"""The analog core alone, beside others on the same network. Run by hand, on one core and a quiet machine:

    taskset -c 0 pytest tests/benchmarks/bench_core.py

256 inputs of 15 kHz each in hardware time drive 512 LIF neurons, all to all: 131,072 synapses, 2 thousand million
synaptic events in a second of hardware time. Once next to no neuron spikes, once each does at about 15 kHz. A round is
1 ms of hardware time, which stands for a biological second. The table, and ``extra_info``, have the fastest round:
wall time by hardware time, and wall seconds for a biological second, which is the same number in thousandths.

Beside it stand a bare compiled kernel, the dense update of the same neurons on a grid of 0.1 us with nothing around it,
and Brian2 with exact integration on the same grid, where it is installed (the extra ``test``): through Cython, which
needs a C compiler, and in numpy. Both go through Python at each step; Brian2's standalone C++, which
does not, is not among these. The core sees spikes to 4 ns and routes labels; they do neither.
"""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from chip.base.config import ChipConfig
from tests.benchmarks import core_network as net
from tests.benchmarks.bench_peers import Stopwatch
from tests.benchmarks.bench_peers import one_core as one_core  # a fixture, used by every test here

ROUND_NS = 1_000_000
ROUNDS, WARMUP_ROUNDS = 8, 1
BRIAN2_ROUND_NS, BRIAN2_ROUNDS, BRIAN2_START_NS = 4_000_000, 2, 100_000  # each run of Brian2 takes a second to begin
EFFICACIES = {"silent": 0.05, "15 kHz out": 0.11}  # LSB of current for a unit of weight
CASES = pytest.mark.parametrize("case", EFFICACIES)


@pytest.fixture(scope="module")
def table(request):
    """Rows of results; shown when all are there."""
    rows: list[tuple] = []
    yield rows
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        line = "{:<24}{:<14}{:>8}{:>16}{:>14}{:>20}{:>16}"
        titles = "", "case", "neurons", "wall/hardware", "CPU/hardware", "s per biological s", "kHz per neuron"
        print("\n\n" + line.format(*titles))
        for name, case, neurons, ratio, cpu, rate in rows:
            numbers = f"{ratio:.2f}", f"{cpu:.2f}", f"{ratio * 1e-3:.5f}", f"{rate * 1e-3:.1f}"
            print(line.format(name, case, neurons, *numbers))


def note(benchmark, table, name: str, case: str, neurons: int, watch: Stopwatch, round_ns: int, spikes: int,
         total_ns: int) -> None:  # fmt: skip
    """Put a result into the table and ``extra_info``; ``spikes`` are those of all neurons in ``total_ns``."""
    ratio, cpu = (seconds / (round_ns * 1e-9) for seconds in (benchmark.stats.stats.min, min(watch.cpu_seconds)))
    rate_hz = spikes / neurons / (total_ns * 1e-9)
    benchmark.extra_info.update(
        wall_time_per_hardware_time=round(ratio, 2),
        cpu_time_per_hardware_time=round(cpu, 2),
        wall_s_per_biological_s=round(ratio * 1e-3, 5),
        output_rate_hz=round(rate_hz),
        events_per_round=round(net.INPUTS * net.RATE_HZ * round_ns * 1e-9),
    )
    table.append((name, case, neurons, ratio, cpu, rate_hz))
    if case == "silent":
        assert rate_hz < 100
    else:
        assert 8_000 < rate_hz < 25_000


def time_core(benchmark, config: ChipConfig, neurons: int, efficacy_lsb: float) -> tuple[Stopwatch, int, int, int]:
    """Time rounds of a core; return what ``note`` wants."""
    total_ns = (ROUNDS + WARMUP_ROUNDS) * ROUND_NS
    core = net.loaded_core(config, net.registers(neurons, efficacy_lsb), total_ns)
    ends, watch = iter(range(ROUND_NS, total_ns + 1, ROUND_NS)), Stopwatch(core.advance)
    benchmark.pedantic(
        watch, setup=lambda: ((next(ends),), {}), rounds=ROUNDS, warmup_rounds=WARMUP_ROUNDS, iterations=1
    )
    return watch, ROUND_NS, core.counters["spikes"], total_ns


@CASES
@pytest.mark.parametrize("profile", ["ideal", "typical"])
def test_the_core(benchmark, table, profile, case):
    result = time_core(benchmark, getattr(ChipConfig, profile)(seed=1), 512, EFFICACIES[case])
    note(benchmark, table, f"core, {profile}", case, 512, *result)


@pytest.mark.parametrize("neurons", [128, 256])
def test_growth_with_neurons(benchmark, table, neurons):
    result = time_core(benchmark, ChipConfig.ideal(), neurons, EFFICACIES["silent"])
    note(benchmark, table, "core, ideal", "silent", neurons, *result)


@CASES
def test_the_bare_kernel(benchmark, table, case):
    total_ns = (ROUNDS + WARMUP_ROUNDS) * ROUND_NS
    bare = net.BareNetwork(net.registers(512, EFFICACIES[case]), *net.events(total_ns))
    watch = Stopwatch(bare.run)
    benchmark.pedantic(watch, args=(ROUND_NS,), rounds=ROUNDS, warmup_rounds=WARMUP_ROUNDS, iterations=1)
    note(benchmark, table, "bare kernel, 0.1 us", case, 512, watch, ROUND_NS, bare.spikes, total_ns)


@pytest.mark.filterwarnings("ignore")  # those of other people's packages
@CASES
@pytest.mark.parametrize("target", ["cython", "numpy"])
def test_brian2(benchmark, table, target, case):
    pytest.importorskip("brian2", reason="the peer Brian2 is not installed; the extra `test` brings it")
    if target == "cython" and not (shutil.which("cc") or shutil.which("gcc")):
        pytest.skip("Brian2's target cython needs a C compiler, and there is none")
    from tests.chip.core.brian2_network import Brian2Network

    values = net.registers(512, EFFICACIES[case])
    total_ns = BRIAN2_START_NS + BRIAN2_ROUNDS * BRIAN2_ROUND_NS
    times, inputs = net.events(total_ns)
    kept = np.unique(np.stack([times // net.GRID_NS, inputs]), axis=1)  # an input has one event in a step
    network = Brian2Network(
        values, *net.jumps(values), None, kept[0] * net.GRID_NS, kept[1], step_ns=net.GRID_NS, target=target
    )
    network.run(BRIAN2_START_NS)
    watch = Stopwatch(network.run)
    benchmark.pedantic(watch, args=(BRIAN2_ROUND_NS,), rounds=BRIAN2_ROUNDS, iterations=1)
    note(benchmark, table, f"Brian2, {target}", case, 512, watch, BRIAN2_ROUND_NS, len(network.spikes()[0]), total_ns)
