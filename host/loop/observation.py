"""What a host has observed of a batch, from the bytes that crossed the link.

The trace buffer holds spikes and, as the crossbar returns them, the events of samples. Their marks tell when a sample
began, so that every spike finds its sample and its time in it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chip import constants as c
from chip.fpga import SampleSet
from ppu_programs.placement import INPUT_MARK, LAYER_SHIFT, input_labels, lane_of
from ppu_programs.two_layer.settings import TICK_NS, Settings

FIRST_READOUT = c.LANES  # lanes below are hidden neurons


@dataclass(frozen=True, eq=False)
class Observation:
    """A batch of n samples; times are ns since a sample's time zero.

    Attributes:
        arrivals_ns: float64[n, inputs], when each input's event came; targets: int64[n].
        readings: uint8[n, readouts], the CADC at the end of each sample; no columns where it was not read.
        spikes_ns: float64[m], in order of samples, rising in each; lanes: int64[m], their hidden neurons, and readouts
            that are recorded from ``FIRST_READOUT`` on.
        first: int64[n + 1]; the spikes of sample k are ``first[k]:first[k + 1]``.
        looks: uint8[n, looks, hidden], hidden membranes on their way; empty where nothing was traced.
    """

    arrivals_ns: np.ndarray
    targets: np.ndarray
    readings: np.ndarray
    spikes_ns: np.ndarray
    lanes: np.ndarray
    first: np.ndarray
    looks: np.ndarray

    def first_spikes(self, lanes: int, from_lane: int = 0) -> np.ndarray:
        """float64[n, lanes]: the first spike of each of some lanes in each sample, infinite where there is none."""
        found = np.full((len(self.targets), lanes), np.inf)
        sample = np.repeat(np.arange(len(self.targets)), np.diff(self.first))
        kept = (self.lanes >= from_lane) & (self.lanes < from_lane + lanes)
        np.minimum.at(found, (sample[kept], self.lanes[kept] - from_lane), self.spikes_ns[kept])
        return found


def silence(settings: Settings, looks: int) -> Observation:
    """An observation of one sample in which nothing happened: to compile a method with."""
    return Observation(
        arrivals_ns=np.zeros((1, settings.inputs)),
        targets=np.zeros(1, np.int64),
        readings=np.zeros((1, settings.readouts), np.uint8),
        spikes_ns=np.zeros(0),
        lanes=np.zeros(0, np.int64),
        first=np.zeros(2, np.int64),
        looks=np.zeros((1, looks, settings.hidden), np.uint8),
    )


class Stimuli:
    """What the host has written into the sample memory, so knows.

    Attributes:
        arrivals_ns: float64[samples, inputs]; first_ticks: int64[samples], the earliest event of each; targets.
    """

    def __init__(self, samples: SampleSet, inputs: int):
        labels = input_labels(inputs).astype(np.int64)
        order = np.argsort(labels)
        which = order[np.searchsorted(labels[order], samples.labels)].reshape(-1, inputs)
        times_ns = samples.times_ns.reshape(-1, inputs)
        self.arrivals_ns = np.empty(times_ns.shape)
        np.put_along_axis(self.arrivals_ns, which, times_ns.astype(float), axis=1)
        self.first_ticks = times_ns[:, 0].astype(np.int64) // TICK_NS
        self.targets = samples.tags.astype(np.int64)


def order_spikes(
    ticks: np.ndarray, labels: np.ndarray, first_ticks: np.ndarray, settings: Settings
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return spikes_ns, lanes and first of an observation, from the trace of a run and its samples' first events.

    Raises:
        RuntimeError: events of samples are missing in the trace.
    """
    count = len(first_ticks)
    marked = (labels & INPUT_MARK) != 0
    marks = ticks[marked]
    if len(marks) != count * settings.inputs:
        raise RuntimeError(
            f"the trace of {count} samples holds {len(marks)} of {count * settings.inputs} input events; "
            "this loop needs them to tell when a sample began"
        )
    zeros = marks[:: settings.inputs] - first_ticks
    times, labels = ticks[~marked], labels[~marked]
    sample = np.searchsorted(zeros, times, side="right") - 1
    since = times - zeros[np.maximum(sample, 0)]
    kept = (sample >= 0) & (since < settings.duration_ticks)
    labels = labels[kept]
    lanes = lane_of(labels) + FIRST_READOUT * (labels >> LAYER_SHIFT & 1)
    first = np.searchsorted(sample[kept], np.arange(count + 1))
    return since[kept] * float(TICK_NS), lanes, first
