"""The Fast & Deep kernels that are not the gradient, its tables and its settings."""

import numpy as np
import pytest

from ppu_programs.fast_and_deep import tables
from ppu_programs.fast_and_deep.settings import Settings
from ppu_programs.fast_and_deep.spikes import SILENT
from ppu_programs.two_layer import weights
from ppu_programs.two_layer.settings import SHADOW_LIMIT, TICK_NS, WEIGHT_STEP
from tests.ppu_programs.fast_and_deep_bench import Bench


def test_first_spikes_are_parted_by_layer_and_neuron():
    settings = Settings(hidden=128)
    bench, random = Bench(settings), np.random.default_rng(1)
    for _ in range(3):
        arrivals = np.round(random.uniform(0, 14_000, 5) / 8) * 8
        hidden = np.where(random.random(128) < 0.7, random.uniform(0, 29_000, 128), np.nan)
        readouts = np.array([9_000.0, np.nan, 20_000.0])
        found = bench.record(arrivals, hidden, readouts, 2)
        for side in (bench.hidden, bench.readout):
            times = side.regions["spike_ticks"].astype(float) * TICK_NS
            assert (np.where(times < 0, np.nan, times) == found[0])[~np.isnan(hidden)].all()
            assert (side.regions["spike_ticks"][np.isnan(hidden)] == SILENT).all()
            assert side.regions["readout_ticks"][:3].tolist() == [1_125, settings.duration_ticks, 2_500]
            assert (side.regions["input_ticks"] * TICK_NS == arrivals).all()


def test_a_second_spike_does_not_count():
    bench = Bench(Settings())
    for side in (bench.hidden, bench.readout):
        label = int(bench.labels[0][17])
        side.regions["record"][:5] = [3, 0, 100 << 16 | label, 200 << 16 | label, 300 << 16 | int(bench.labels[1][0])]
        side.call("first_spikes")
        assert side.regions["spike_ticks"][17] == 100 and side.regions["readout_ticks"][0] == 300


def test_only_neurons_silent_for_a_whole_batch_are_bumped():
    settings = Settings(bump=0.25, hidden=100)
    bench = Bench(settings)
    shadow = bench.hidden.regions["shadow"]
    shadow[:] = 0
    shadow[:128] = SHADOW_LIMIT - 1
    before = shadow.copy()
    for lanes in ([3, 50], [50, 99]):
        hidden = np.full(100, np.nan)
        hidden[lanes] = 5_000.0
        bench.record(np.zeros(5), hidden, [np.nan] * 3, 0)
        bench.hidden.call("note_active")
    bench.hidden.call("bump")
    change = weights.from_rows(shadow.astype(int) - before, 128)
    expected = np.full(128, WEIGHT_STEP // 4)
    expected[[3, 50, 99]] = 0
    expected[100:] = 0
    assert (change[1:] == expected).all()
    assert (change[0] == np.minimum(expected, 1)).all()  # no further than the limit
    bench.hidden.call("bump")  # nobody has spiked since
    assert (weights.from_rows(shadow.astype(int) - before, 128)[1:, :100] > 0).all()


@pytest.mark.parametrize("softness_ns", [20, 125, 250, 1_000, 10_000])
def test_factors_are_exponential_and_end_where_they_are_small(softness_ns):
    settings = Settings(softness_ns=softness_ns)
    table = tables.boltzmann_table(settings)
    step_ns = tables.boltzmann_step_ticks(settings) * TICK_NS
    assert table[0] == 1 << 21 and table[-1] <= 1 << 5
    middle = (table[:-1] + table[1:]) / 2
    exact = 2.0**21 * np.exp(-(np.arange(256) + 0.5) * step_ns / softness_ns)
    if step_ns > TICK_NS:
        assert np.abs(middle - exact).max() < 2e-3 * 2**21


def test_refractory_times_that_end_within_a_sample_are_refused():
    with pytest.raises(ValueError, match="refractory time of 20000 ns ends before the sample"):
        Settings(refractory_ns=20_000)
    with pytest.raises(ValueError, match="lengthen it, or shorten duration_ns"):
        Settings(duration_ns=40_000)
