"""The core against its slow twin: random recurrent networks on both hemispheres, with resets and weight writes."""

import numpy as np
import pytest

from chip.base.config import ChipConfig
from chip.core.core import AnalogCore
from tests.chip.core.networks import random_events, random_network, with_merged_neurons, with_plastic_drivers
from tests.naive.core import NaiveCore

END_NS = 9_000


def operations(seed):
    rng = np.random.default_rng([seed, 2])

    def time():
        return 4 * int(rng.integers(0, END_NS // 4))

    resets = [
        (time(), int(rng.integers(2)), int(rng.integers(2)), rng.integers(0, 256, 128, np.uint8)) for _ in range(6)
    ]
    writes = [
        (time(), int(rng.integers(2)), row, int(rng.integers(2)), rng.integers(0, 64, 128).astype(np.uint8))
        for row in rng.choice(256, 40, replace=False).tolist()
    ]
    looks = sorted({time() for _ in range(25)})
    return resets, writes, looks


@pytest.mark.parametrize("seed", range(16))
def test_spikes_are_equal_and_membranes_agree(seed):
    registers = random_network(seed)
    if seed >= 8:
        with_plastic_drivers(registers, seed)
    if seed >= 12:
        with_merged_neurons(registers, seed)
    times, labels = random_events(seed, 18, END_NS * 2 // 3)
    resets, writes, looks = operations(seed)
    naive = NaiveCore(registers)
    expected = naive.run(END_NS, list(zip(times.tolist(), labels.tolist(), strict=True)), resets, writes, looks)

    core = AnalogCore(ChipConfig.ideal(), registers)
    core.post_events(times, labels)
    for reset in resets:
        core.post_neuron_reset(*reset)
    for time_ns, hemisphere, row, half, values in writes:
        core.post_weight_rows([time_ns], hemisphere, [row], half, values)
    seen = [core.membranes(time_ns)[naive.hemisphere, naive.column] for time_ns in looks]
    spike_times, neurons = core.all_spikes(0, END_NS)
    recorded_times, recorded_labels = core.spikes(0, END_NS)

    assert len(naive.spikes) > 20
    assert list(zip(spike_times.tolist(), neurons.tolist(), strict=True)) == sorted(naive.spikes)
    assert sorted(zip(recorded_times.tolist(), recorded_labels.tolist(), strict=True)) == sorted(naive.recorded)
    np.testing.assert_allclose(seen, expected, rtol=0, atol=1e-9)
    np.testing.assert_array_equal(core.weights(), naive.weights)
    counters = core.counters
    assert (counters["synaptic_events"], counters["spikes"]) == (naive.synaptic_events, len(naive.spikes))
    assert counters["sent"] == naive.sent
    assert counters["from_neurons"] == registers.event_output.reshape(-1)[neurons].sum()


@pytest.mark.parametrize("latency_ns", [104, 1000])
def test_longer_latencies(latency_ns):
    registers = random_network(21)
    times, labels = random_events(21, 18, END_NS // 2)
    naive = NaiveCore(registers, latency_ns)
    naive.run(END_NS, list(zip(times.tolist(), labels.tolist(), strict=True)))
    core = AnalogCore(ChipConfig.from_dict({"router": {"on_chip_latency_ns": latency_ns}}), registers)
    core.post_events(times, labels)
    spike_times, neurons = core.all_spikes(0, END_NS)
    assert len(naive.spikes) > 20
    assert list(zip(spike_times.tolist(), neurons.tolist(), strict=True)) == sorted(naive.spikes)
