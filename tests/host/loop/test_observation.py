"""From the bytes of a link to an observation: every spike finds its sample and its time in it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chip.fpga import SampleSet
from host.loop.observation import FIRST_READOUT, Stimuli, order_spikes
from ppu_programs.eventprop.settings import Settings
from ppu_programs.placement import LAYER_SHIFT, input_labels

NETWORK = Settings(inputs=5)


def label(lane: int) -> int:
    """As a neuron of the even half has it: event output, then its address."""
    if lane >= FIRST_READOUT:
        return 1 << LAYER_SHIFT | label(lane - FIRST_READOUT)
    return (lane // 16) << 8 | 16 * (lane // 64) | lane % 16


@settings(deadline=None, max_examples=30)
@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 3_749), st.integers(0, FIRST_READOUT + 2)), max_size=20),
        min_size=1,
        max_size=4,
    ),
    st.integers(0, 2**31),
)
def test_spikes_come_back_by_sample_and_lane(spikes, seed):
    random = np.random.default_rng(seed)
    inputs = np.sort(random.integers(0, 3_500, (len(spikes), 5)), axis=1)
    words = []
    for n, sample in enumerate(spikes):
        zero = 10_000 * n + 137
        words += [(zero + t, code) for t, code in zip(inputs[n], input_labels(5), strict=True)]
        words += [(zero + t, label(lane)) for t, lane in sample]
        words.append((zero + 3_750, label(3)))  # too late for the readouts
    words.sort(key=lambda word: word[0])
    ticks, labels = np.array([t for t, _ in words]), np.array([code for _, code in words], np.uint16)
    found, lanes, first = order_spikes(ticks, labels, inputs[:, 0], NETWORK)
    assert first[0] == 0 and first[-1] == len(found) == sum(map(len, spikes))
    for n, sample in enumerate(spikes):
        part = slice(first[n], first[n + 1])
        assert (np.diff(found[part]) >= 0).all()
        assert sorted(zip(found[part] / 8, lanes[part], strict=True)) == sorted(sample)


def test_a_trace_that_lost_events_of_samples_is_refused():
    with pytest.raises(RuntimeError, match="of 1 samples holds 4 of 5 input events"):
        order_spikes(np.arange(4), input_labels(5)[:4], np.array([0]), NETWORK)


def test_the_host_knows_what_it_wrote():
    times_ns = np.array([[8, 16, 24], [0, 0, 80]])
    which = np.array([[2, 0, 1], [1, 0, 2]])
    samples = SampleSet(
        np.array([0, 3, 6]), times_ns.ravel(), input_labels(3)[which].ravel(), np.array([4, 5], np.uint16), 800
    )
    stimuli = Stimuli(samples, 3)
    assert stimuli.arrivals_ns.tolist() == [[16, 24, 8], [0, 0, 80]]
    assert stimuli.first_ticks.tolist() == [1, 0] and stimuli.targets.tolist() == [4, 5]
