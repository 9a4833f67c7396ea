"""The EventProp kernels that are not the gradient: optimiser, conversion of weights, tables."""

import numpy as np
import pytest

from chip.ppu import Memory, VectorUnit, i16, i32
from ppu_programs.eventprop import adjoint, tables
from ppu_programs.eventprop.settings import Settings
from ppu_programs.two_layer import layout, update, weights
from ppu_programs.two_layer.settings import SHADOW_LIMIT, WEIGHT_STEP
from ppu_programs.two_layer.tables import fractions, grid_ns, psp
from tests.naive import eventprop as naive
from tests.ppu_programs.eventprop_bench import ROWS_AT_ONCE, Bench, Side


def adamax(gradient, mean, largest, shadow, rate, shift):
    """One step in floats."""
    g = np.clip(gradient / 2.0**shift, -32768, 32767)
    mean = mean + (g - mean) / 8
    largest = np.maximum(np.abs(g), largest * (1 - 1 / 512))
    return mean, largest, np.clip(shadow - rate / 128 * mean / (largest + update.FLOOR), -SHADOW_LIMIT, SHADOW_LIMIT)


def test_optimiser_follows_the_float_one_on_average():
    rows, shift, rate = 3, 4, 1280
    memory = update.memory(rows) | Memory(shadow=i16[rows * 128], gradient=i32[rows * 128])
    side = Side(memory, {"update": update.update_kernel(rows, shift)}, 1)
    random, regions = np.random.default_rng(3), side.regions
    regions["random"][0] = 4711
    scale = 2.0 ** random.uniform(4, 18, rows * 128)
    state = np.zeros(rows * 128), np.zeros(rows * 128), np.zeros(rows * 128)
    for _ in range(300):
        gradient = np.round(scale * random.normal(0.3, 1.0, scale.size))
        regions["gradient"][:] = gradient
        side.call("update", rate)
        assert not regions["gradient"].any()
        state = adamax(gradient, *state, rate, shift)
    strong = scale > 2.0**10
    assert np.abs(regions["largest"] - state[1])[strong].max() <= 3 + 0.01 * state[1].max()
    error = (regions["shadow"] - state[2])[strong]
    assert np.abs(state[2][strong]).mean() > 300
    assert abs(error.mean()) < 5 and error.std() < 40


def test_weights_without_gradient_stay_and_weights_end_at_the_limit():
    bench = Bench(Settings())
    regions = bench.hidden.regions
    before = regions["shadow"].copy()
    bench.hidden.call("update", 20000)
    assert (regions["shadow"] == before).all()
    for _ in range(500):
        regions["gradient"][:] = np.where(np.arange(before.size) % 2, 1 << 20, -(1 << 20))
        bench.hidden.call("update", 20000)
    assert (regions["shadow"] == np.where(np.arange(before.size) % 2, -SHADOW_LIMIT, SHADOW_LIMIT)).all()
    assert set(np.abs(weights.steps(regions["shadow"]))) == {63}


def test_conversion_is_to_the_nearest_step_with_the_signs_apart():
    bench = Bench(Settings(), seed=2)
    shadow = bench.hidden.regions["shadow"]
    shadow[:128] = np.linspace(-SHADOW_LIMIT, SHADOW_LIMIT, 128).astype(np.int16)
    signed = weights.from_rows(weights.steps(shadow), 128)
    assert np.abs(signed - weights.from_rows(shadow, 128) / WEIGHT_STEP).max() <= 0.5
    bench.hidden.call("rows_of_synapses")
    synapses = bench.hidden.regions["synapses"].reshape(-1, 2, 128)
    assert (synapses[:, 0] == np.maximum(signed, 0)).all() and (synapses[:, 1] == np.maximum(-signed, 0)).all()


def test_readout_weights_are_transposed_for_the_synapses():
    bench = Bench(Settings(readout_spread=30.0))
    signed = weights.from_rows(weights.steps(bench.readout.regions["shadow"]), 128)
    assert (bench.readout.regions["signed"].reshape(3, 128) == signed).all()
    for first in (0, 40, 108):
        bench.readout.call("transposed_synapses", first, ROWS_AT_ONCE)
        synapses = bench.readout.regions["synapses"].reshape(ROWS_AT_ONCE, 2, 128)
        part = signed[:, first : first + ROWS_AT_ONCE].T
        assert (synapses[:, 0, :3] == np.maximum(part, 0)).all() and (synapses[:, 1, :3] == np.maximum(-part, 0)).all()
        assert not synapses[:, :, 3:].any()


def test_initial_weights_depend_on_the_seed_and_fill_only_the_hidden_lanes():
    settings = Settings(hidden=100)
    one, same, other = (weights.initial_shadow(settings, seed)[0] for seed in (1, 1, 2))
    assert (one == same).all() and (one != other).any()
    lanes = weights.from_rows(one, 128)
    assert not lanes[:, 100:].any() and (lanes[:, :100] != 0).mean() > 0.99


def test_tables_interpolate_the_functions_of_the_float_reference():
    settings = Settings()
    entries, step = settings.table_entries, 256.0
    parts = tables.hidden_tables(settings).reshape(4, entries).astype(float)
    t = np.arange(0, settings.duration_ns, 40.0)
    exact = np.array([naive.psp(x, settings.tau_syn_ns, settings.tau_mem_ns) for x in t])
    _, scale = fractions(psp(grid_ns(settings), settings.tau_syn_ns, settings.tau_mem_ns))
    assert np.interp(t / step, np.arange(entries), parts[2]) * scale == pytest.approx(exact, abs=3e-4)
    for part, tau in zip(parts, (settings.tau_syn_ns, settings.tau_mem_ns), strict=False):
        assert np.interp(t / step, np.arange(entries), part) / 2**15 == pytest.approx(np.exp(-t / tau), abs=4e-4)


def test_record_is_sorted_into_chains():
    bench = Bench(Settings())
    arrivals = np.array([8000.0, 1000.0, 16000.0, 2400.0, 800.0])
    spikes = [np.array([])] * 120
    spikes[0], spikes[17], spikes[119] = np.array([3000.0]), np.array([4000.0, 9000.0, 9600.0]), np.array([29000.0])
    bench.record(arrivals, spikes, 2)
    bench.hidden.call("sort_record")
    regions = bench.hidden.regions
    assert (regions["input_ticks"] == arrivals / 8).all()
    for lane in range(128):
        chain, n = [], int(regions["latest"][lane])
        while n:
            chain.append(8 * int(regions["record"][n - 1 + adjoint.RECORD_HEADER_WORDS] >> 16))
            n = int(regions["earlier"][n - 1])
        assert chain == (sorted(spikes[lane], reverse=True) if lane < 120 else [])


def test_bad_settings_are_refused():
    words = {"rate": 0.6, "hidden": 257, "readouts": 1, "slope_limit": 100.0, "refractory_ns": 4, "batch": 0}
    for name, value in words.items():
        with pytest.raises(ValueError, match=name):
            Settings(**{name: value})
    with pytest.raises(ValueError, match="duration_ns is 80000; it must lie in 1000..65528"):
        Settings(duration_ns=80_000)
    with pytest.raises(ValueError, match="from 1000 to 28000 ns .* sample does at 20000 ns"):
        Settings(duration_ns=20_000)


def test_both_programs_fit_with_their_code():
    bench = Bench(Settings())
    for side in (bench.hidden, bench.readout):
        assert side.map.code_in == "sram" and side.map.used <= side.map.size
    assert layout.ROW == VectorUnit(1).state.bytes.shape[1]
