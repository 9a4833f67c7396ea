"""Resets between samples fire neurons; nothing of that may be seen in the next sample, whoever learns."""

import numpy as np
import pytest

from chip import Chip, ChipConfig
from chip.base.feed import Post
from host import Host, tasks
from host.loop.host_loop import HostLoop
from ppu_programs import EventProp, FastAndDeep, SuperSpike
from ppu_programs.placement import INPUT_LAYER

TASK = tasks.yin_yang().head(50, 10, 15)


def watched(where, rule):
    """Learn a little; return the host, when neurons were reset, and when samples began."""
    host = where(Chip(ChipConfig.typical(seed=1)))
    host.load(rule(epochs=1, seed=1), TASK)
    resets, zeros, feed = [], [], host.chip.feed

    def note(posted):
        if posted.what is Post.NEURON_RESET:
            resets.extend(posted.times_ns)

    feed.posts.append(note)
    feed.samples.append(lambda played, index, request_ns, zero_ns, end_ns: zeros.append(zero_ns))
    host.chip.link.record_trace()
    result = host.run()
    assert result.complete and len(zeros) == 75 and not any(result.losses.values())
    return host, np.array(resets), np.array(zeros)


@pytest.mark.parametrize("where", [Host, HostLoop])
@pytest.mark.parametrize("rule", [EventProp, SuperSpike])
def test_integrators_are_free_again_before_the_first_input_of_the_next_sample(rule, where):
    host, resets, zeros = watched(where, rule)
    readouts = host.firmware.placement.layers[-1]
    refractory_ns = host.registers.refractory_ns[readouts.hemisphere, readouts.columns]
    assert (zeros[:-1] < resets[:-1]).all() and len(resets) == len(zeros)  # one behind each sample
    first_input_ns = min(host.firmware.settings.first_input_ns, host.firmware.settings.bias_ns)
    assert (resets[:-1] + refractory_ns.max() < zeros[1:] + first_input_ns).all()
    neurons = readouts.hemisphere * 256 + readouts.columns
    counts = host.chip.core.spike_counts(neurons, np.full(len(neurons), resets[-1] + 4))
    assert (counts == len(resets)).all()  # counted, though nobody hears of it


@pytest.mark.parametrize("where", [Host, HostLoop])
def test_readouts_that_spike_are_not_reset(where):
    _, resets, _ = watched(where, FastAndDeep)
    assert resets.size == 0


@pytest.mark.parametrize("rule", [EventProp, SuperSpike, FastAndDeep])
def test_the_trace_has_inputs_and_spikes_of_comparators_alone(rule):
    host, _, zeros = watched(Host, rule)
    placement, (ticks, labels) = host.firmware.placement, host.chip.link.read_trace()
    layers, _ = placement.sources(labels)  # which refuses labels of others
    assert set(layers.tolist()) == {INPUT_LAYER, *placement.recorded}
    times_ns = 8 * ticks[layers != INPUT_LAYER]
    sample = np.searchsorted(zeros, times_ns, side="right") - 1
    assert (sample >= 0).all()
    assert host.chip.counters()["from_neurons"] == (layers != INPUT_LAYER).sum()
