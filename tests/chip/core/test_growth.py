"""What a long run and a large network cost: counters of work, and sizes of arrays; no clock is read."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from numba.core import config

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.base.grid import BLOCK_STEPS, GRID_NS
from chip.base.registers import Registers
from chip.core.core import AnalogCore
from tests.chip.core.networks import one_neuron

SPAN_NS = 40_000


def population(neurons: int, threshold_lsb: float = 125.0) -> Registers:
    """The first columns of both hemispheres; label 0 from the FPGA excites all of them through row 0."""
    registers = one_neuron(threshold_lsb=threshold_lsb, efficacy_lsb=1.0)
    registers.enabled[:] = False
    registers.enabled[:, : neurons // c.HEMISPHERES] = True
    registers.row_mode[:, 0] = 1
    registers.weights[:, 0] = 40
    registers.crossbar_mask[8, 4] = registers.crossbar_target[8, 4] = 0
    return registers


def work(core: AnalogCore) -> dict[str, int]:
    """Counters since the core was built, and ``updates``: neurons that were moved, by a step or over a whole block."""
    counters = core.counters
    return counters | {"updates": (counters["grid_steps"] + counters["quiet_blocks"]) * core._neurons.now.shape[1]}


def array_bytes(core: AnalogCore) -> int:
    """Bytes of all arrays of a core, with what is in use of its queues and its record counted twice."""
    used = sum(array.nbytes for array in core.snapshot().values())
    tuples = core._neurons, core._network, core._queues, core._scratch
    return used + sum(array.nbytes for arrays in tuples for array in arrays)


def driven_core(registers: Registers, events: int, span_ns: int = SPAN_NS) -> AnalogCore:
    core = AnalogCore(ChipConfig.ideal(), registers)
    core.post_events(np.arange(events) * (span_ns // events // 4 * 4), np.zeros(events, int))
    core.advance(span_ns)
    return core


def test_work_is_linear_in_neurons():
    """Slots, bytes and synaptic events are proportional to the neurons; steps are as many."""
    of = {n: driven_core(population(n, threshold_lsb=200.0), events=50) for n in (128, 256, 512)}
    for n in (256, 512):
        now, half = work(of[n]), work(of[n // 2])
        for name in ("updates", "synaptic_events"):
            assert now[name] == 2 * half[name] > 0
        assert now["grid_steps"] == half["grid_steps"] and now["rows_driven"] == half["rows_driven"]
        for name in ("place", "cell", "fine", "coarse", "scan", "live", "now", "release", "held"):
            assert getattr(of[n]._neurons, name).nbytes == 2 * getattr(of[n // 2]._neurons, name).nbytes


def test_work_is_linear_in_events():
    """Each event drives its rows and synapses once; a step is taken once, however many events are in it."""
    steps = SPAN_NS // GRID_NS
    few, many = (work(driven_core(population(64, threshold_lsb=200.0), events)) for events in (200, 2_000))
    for name in ("from_fpga", "sent", "rows_driven", "synaptic_events"):
        assert many[name] == 10 * few[name] > 0
    assert few["grid_steps"] <= many["grid_steps"] == steps


def test_rest_costs_a_jump_for_each_block():
    core = driven_core(population(64, threshold_lsb=200.0), events=1, span_ns=100 * SPAN_NS)
    counters = work(core)
    assert counters["grid_steps"] <= BLOCK_STEPS
    assert counters["grid_steps"] + BLOCK_STEPS * counters["quiet_blocks"] == 100 * SPAN_NS // GRID_NS


def busy_run(core: AnalogCore, spans: int) -> None:
    """Go on as a program would: events, weights, resets and conversions in each span; the record is not kept."""
    for _ in range(spans):
        start_ns = core.now_ns
        core.post_events(np.arange(0, 4_000, 80), np.zeros(50, int), start_ns)
        rows = np.full((8, c.LANES), 40, np.uint8)
        core.post_weight_rows(start_ns + 4 * np.arange(8), c.TOP, np.arange(8), c.EVEN, rows)
        core.post_neuron_reset(start_ns + 2_000, c.BOTTOM, c.ODD)
        tickets = [core.post_cadc(start_ns + time_ns, c.TOP) for time_ns in (400, 1_200, 2_000)]
        core.advance(start_ns + 4_000)
        for ticket in tickets:
            core.cadc_result(ticket)
        core.forget_before(core.now_ns)


@pytest.mark.parametrize("profile", ["ideal", "typical"])
def test_memory_is_flat(profile):
    """Ten times as long a run takes no more: neither the core's arrays nor what Python allocates beside them."""
    core = AnalogCore(getattr(ChipConfig, profile)(seed=1), population(16))
    busy_run(core, 10)
    spikes, size = core.counters["spikes"], array_bytes(core)
    tracing = not config.DISABLE_JIT  # without the compiler each number would be traced
    if tracing:
        tracemalloc.start()
        busy_run(core, 5)
    start = tracemalloc.get_traced_memory()[0]
    busy_run(core, 100)
    grown = tracemalloc.get_traced_memory()[0] - start
    tracemalloc.stop()
    assert core.counters["spikes"] > 5 * spikes > 0
    assert array_bytes(core) == size
    assert grown < 20_000, f"{grown} bytes more after ten times the run"


def test_a_record_that_is_kept_grows_with_spikes_only():
    """Without ``forget_before`` the record grows: by two words for each spike, and not by more than it doubles."""
    core = AnalogCore(ChipConfig.ideal(), population(64))
    for _ in range(50):
        core.post_events(np.arange(0, 4_000, 80), np.zeros(50, int), core.now_ns)
        core.advance(core.now_ns + 4_000)
    kept = core.all_spikes()[0].size
    assert kept == core.counters["spikes"] > 1_000
    snapshot = core.snapshot()
    assert snapshot["log_time"].nbytes + snapshot["log_info"].nbytes == 16 * kept
    core.forget_before(core.now_ns)
    assert core.all_spikes(core.now_ns)[0].size == 0
    assert core.snapshot()["log_time"].nbytes == 0
