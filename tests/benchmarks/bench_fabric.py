"""The event fabric alone: how many events it routes in a second of wall time. Run by hand, on one core:

    taskset -c 0 pytest tests/benchmarks/bench_fabric.py

Events from the FPGA, three every 8 ns, which is all that eight lanes carry, go each to one PADI bus, without contention
and with. Then every node is open and background generators send at their fastest as well, so that every output of the
crossbar is busy and drops what it cannot pass: copies are counted there, passed or lost. No neuron is enabled. The
table, and ``extra_info``, have the fastest round.
"""

from __future__ import annotations

import numpy as np
import pytest

from chip.base import constants as c
from chip.base.config import ChipConfig, RouterConfig
from chip.base.registers import Registers
from chip.core.core import AnalogCore
from tests.benchmarks.bench_peers import one_core as one_core  # a fixture, used by every test here

ROUND_NS = 400_000
ROUNDS = 8


@pytest.fixture(scope="module")
def table(request):
    """Rows of results; shown when all are there."""
    rows: list[tuple[str, str, float]] = []
    yield rows
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print("\n\n{:<24}{:<16}{:>28}".format("traffic", "contention", "million a wall second"))
        for traffic, contention, rate in rows:
            print(f"{traffic:<24}{contention:<16}{rate / 1e6:>28.1f}")


def stream() -> tuple[np.ndarray, np.ndarray]:
    """Three events every 8 ns, by the four channels in turn."""
    times = np.repeat(np.arange(0, ROUND_NS, c.FPGA_CLOCK_NS), 3)
    return times, np.arange(times.size) % c.PADI_BUSSES << c.SPL1_SHIFT


def one_bus_each() -> Registers:
    registers = Registers()
    for bus in range(c.PADI_BUSSES):
        registers.crossbar_target[c.CROSSBAR_FPGA_IN + bus, bus] = 0
    return registers


def all_open() -> Registers:
    registers = Registers()
    registers.crossbar_target = 0
    registers.background_enabled = True
    registers.background_period = 1
    return registers


@pytest.mark.parametrize("traffic", [one_bus_each, all_open], ids=["one bus an event", "all nodes, overload"])
@pytest.mark.parametrize("contention", [False, True], ids=["off", "on"])
def test_events_are_routed(benchmark, table, request, traffic, contention):
    core = AnalogCore(ChipConfig(router=RouterConfig(contention=contention)), traffic())
    core.keeps_record = False
    times, labels = stream()

    def post():
        zero_ns = core.now_ns
        core.post_events(times, labels, zero_ns)
        return (zero_ns + ROUND_NS,), {}

    benchmark.pedantic(core.advance, setup=post, rounds=ROUNDS, warmup_rounds=1, iterations=1)
    counters = core.counters
    rounds = ROUNDS + 1
    copies = counters["sent"] / rounds
    rate = copies / benchmark.stats.stats.min
    benchmark.extra_info["copies_routed_per_wall_second"] = round(rate)
    table.append((*request.node.callspec.id.split("-"), rate))
    assert counters["sent"] == counters["delivered"] + counters["lost"] + counters["in_flight"]
    assert (counters["lost"] > 0) == (contention and traffic is all_open)
