"""From the bytes of a link to an observation: every spike finds its sample, its layer, its neuron and its time."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chip.fpga.samples import SampleSet
from host.loop.observation import Stimuli, order_spikes
from ppu_programs.network import LI, LIF, Linear, Network
from ppu_programs.placement import place

DURATION_TICKS = 3_750
SIZES = {
    "two layers": (5, 120, 3),
    "three layers": (5, 60, 60, 3),
    "four layers": (7, 40, 30, 50, 3),
    "full": (64, 68, 64, 60, 3),  # every driver of both hemispheres has a source
}


def network(sizes, last=LI) -> Network:
    layers = [(Linear(n, m), LIF(m)) for n, m in itertools.pairwise(sizes)]
    return Network(*itertools.chain(*layers[:-1]), layers[-1][0], last(sizes[-1]))


PLACEMENTS = {name: place(network(sizes)) for name, sizes in SIZES.items()}
PLACEMENTS["spiking readouts"] = place(network((5, 120, 3), LIF))


@st.composite
def batches(draw):
    """A placement, and for each sample its spikes: tick, layer, neuron."""
    placement = PLACEMENTS[draw(st.sampled_from(sorted(PLACEMENTS)))]
    spikes = st.sampled_from(placement.recorded).flatmap(
        lambda k: st.tuples(
            st.integers(0, DURATION_TICKS - 1),
            st.just(k),
            st.integers(0, placement.network.layers[k][1].size - 1),
        )
    )
    return placement, draw(st.lists(st.lists(spikes, max_size=25), min_size=1, max_size=4))


@settings(deadline=None, max_examples=60)
@given(batches(), st.integers(0, 2**31))
def test_spikes_come_back_by_sample_layer_and_neuron(batch, seed):
    (placement, spikes), random = batch, np.random.default_rng(seed)
    labels = [placement.spike_labels(k) for k in placement.recorded]
    inputs = placement.network.inputs
    arrivals = np.sort(random.integers(0, 3_500, (len(spikes), inputs)), axis=1)
    words = []
    for n, sample in enumerate(spikes):
        zero = 10_000 * n + 137
        words += [(zero + t, code) for t, code in zip(arrivals[n], placement.input_labels, strict=True)]
        words += [(zero + t, labels[k][neuron]) for t, k, neuron in sample]
        words.append((zero + DURATION_TICKS, labels[-1][0]))  # too late for the readouts
    words.sort(key=lambda word: word[0])
    ticks, codes = np.array([t for t, _ in words]), np.array([code for _, code in words], np.uint16)
    found = order_spikes(ticks, codes, arrivals[:, 0], placement, DURATION_TICKS)
    assert len(found) == len(placement.recorded)
    for k, of_layer in zip(placement.recorded, found, strict=True):
        assert of_layer.first[0] == 0 and of_layer.first[-1] == len(of_layer.times_ns) == len(of_layer.neurons)
        for n, sample in enumerate(spikes):
            part = slice(of_layer.first[n], of_layer.first[n + 1])
            times = of_layer.times_ns[part] / 8
            assert (np.diff(times) >= 0).all()
            mine = sorted((t, neuron) for t, layer, neuron in sample if layer == k)
            assert sorted(zip(times, of_layer.neurons[part], strict=True)) == mine


@pytest.mark.parametrize("name", ["two layers", "three layers"])
def test_a_trace_that_lost_events_of_samples_is_refused(name):
    placement = PLACEMENTS[name]
    with pytest.raises(RuntimeError, match="of 1 samples holds 4 of 5 input events"):
        order_spikes(np.arange(4), placement.input_labels[:4], np.array([0]), placement, DURATION_TICKS)


@pytest.mark.parametrize("sizes", [(3, 4, 2), (3, 20, 30, 2)])
def test_the_host_knows_what_it_wrote(sizes):
    """Inputs that share a hemisphere with on-chip sources have other labels."""
    placement = place(network(sizes))
    times_ns = np.array([[8, 16, 24], [0, 0, 80]])
    which = np.array([[2, 0, 1], [1, 0, 2]])
    samples = SampleSet(
        np.array([0, 3, 6]), times_ns.ravel(), placement.input_labels[which].ravel(), np.array([4, 5], np.uint16), 800
    )
    stimuli = Stimuli(samples, placement)
    assert stimuli.arrivals_ns.tolist() == [[16, 24, 8], [0, 0, 80]]
    assert stimuli.first_ticks.tolist() == [1, 0] and stimuli.targets.tolist() == [4, 5]
