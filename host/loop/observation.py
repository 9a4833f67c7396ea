"""What a host has observed of a batch, from the bytes that crossed the link.

The trace buffer holds spikes and, as the crossbar returns them, the events of samples. Their marks tell when a sample
began, so that every spike finds its sample and its time in it; its label tells the layer and the neuron.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chip.fpga.samples import SampleSet
from ppu_programs.network import Network
from ppu_programs.placement import INPUT_LAYER, Placement
from ppu_programs.two_layer.settings import TICK_NS


@dataclass(frozen=True, eq=False)
class Spikes:
    """The spikes of one layer in a batch of n samples.

    Attributes:
        times_ns: float64[m], since a sample's time zero, in order of samples, rising in each.
        neurons: int64[m], their numbers in the layer.
        first: int64[n + 1]; the spikes of sample k are ``first[k]:first[k + 1]``.
    """

    times_ns: np.ndarray
    neurons: np.ndarray
    first: np.ndarray

    def first_times(self, neurons: int) -> np.ndarray:
        """float64[n, neurons]: the first spike of each neuron in each sample, infinite where there is none."""
        samples = len(self.first) - 1
        found = np.full((samples, neurons), np.inf)
        sample = np.repeat(np.arange(samples), np.diff(self.first))
        np.minimum.at(found, (sample, self.neurons), self.times_ns)
        return found


@dataclass(frozen=True, eq=False)
class Observation:
    """A batch of n samples; times are ns since a sample's time zero.

    Attributes:
        arrivals_ns: float64[n, inputs], when each input's event came; targets: int64[n].
        readings: uint8[n, readouts], the CADC at the end of each sample; no columns where it was not read.
        spikes: of each layer that is recorded, in order; nothing where the trace was not read.
        conversions: uint8[n, conversions, hidden], membranes of the first layer on their way; empty where nothing was
            traced.
    """

    arrivals_ns: np.ndarray
    targets: np.ndarray
    readings: np.ndarray
    spikes: tuple[Spikes, ...]
    conversions: np.ndarray


def silence(network: Network, conversions: int) -> Observation:
    """An observation of one sample in which nothing happened: to compile a method with."""
    nothing = Spikes(np.zeros(0), np.zeros(0, np.int64), np.zeros(2, np.int64))
    (_, hidden), *_ = network
    return Observation(
        arrivals_ns=np.zeros((1, network.inputs)),
        targets=np.zeros(1, np.int64),
        readings=np.zeros((1, network.outputs), np.uint8),
        spikes=tuple(nothing for _, neurons in network if neurons.spikes),
        conversions=np.zeros((1, conversions, hidden.size), np.uint8),
    )


class Stimuli:
    """What the host has written into the sample memory, so knows.

    Attributes:
        arrivals_ns: float64[samples, inputs]; first_ticks: int64[samples], the earliest event of each; targets.
    """

    def __init__(self, samples: SampleSet, placement: Placement):
        inputs = placement.network.inputs
        which = placement.sources(samples.labels)[1].reshape(-1, inputs)
        times_ns = samples.times_ns.reshape(-1, inputs)
        self.arrivals_ns = np.empty(times_ns.shape)
        np.put_along_axis(self.arrivals_ns, which, times_ns.astype(float), axis=1)
        self.first_ticks = times_ns[:, 0].astype(np.int64) // TICK_NS
        self.targets = samples.tags.astype(np.int64)


def order_spikes(
    ticks: np.ndarray, labels: np.ndarray, first_ticks: np.ndarray, placement: Placement, duration_ticks: int
) -> tuple[Spikes, ...]:
    """Return the spikes of every recorded layer, from the trace of a run and its samples' first events.

    Args:
        ticks, labels: int64[events], uint16[events]: the trace.
        first_ticks: int64[samples], since each sample's time zero.
        placement: where the network lies.
        duration_ticks: how long a sample is; spikes from then on are left out.

    Raises:
        RuntimeError: events of samples are missing in the trace.
    """
    count, inputs = len(first_ticks), placement.network.inputs
    layers, numbers = placement.sources(labels)
    marked = layers == INPUT_LAYER
    marks = ticks[marked]
    if len(marks) != count * inputs:
        raise RuntimeError(
            f"the trace of {count} samples holds {len(marks)} of {count * inputs} input events; "
            "this loop needs them to tell when a sample began"
        )
    zeros = marks[::inputs] - first_ticks
    found = []
    for layer in placement.recorded:
        of_layer = layers == layer
        times = ticks[of_layer]
        sample = np.searchsorted(zeros, times, side="right") - 1
        since = times - zeros[np.maximum(sample, 0)]
        kept = (sample >= 0) & (since < duration_ticks)
        first = np.searchsorted(sample[kept], np.arange(count + 1))
        found.append(Spikes(since[kept] * float(TICK_NS), numbers[of_layer][kept], first))
    return tuple(found)
