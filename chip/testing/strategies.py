"""Hypothesis strategies for what a chip is made of and fed with: configurations, registers, weights, labels, stimuli.

They draw what is valid and small enough to run in milliseconds: every chip of :func:`configs` with any of
:func:`registers` and :func:`sample_sets` runs every program of :mod:`chip.testing.random_programs`.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from hypothesis.vendor.pretty import for_type_by_name

from chip.base import constants as c
from chip.base.config import CadcConfig, ChipConfig, FpgaConfig, ImperfectionConfig, RouterConfig
from chip.base.registers import Registers
from chip.fpga.playback import PlaybackProgram
from chip.fpga.samples import SampleSet
from chip.testing.networks import random_network, with_merged_neurons

# how far a setting is drawn, where its own range is wider than a quick run or the default sample period allows
_READ_CYCLES = c.CADC_SAMPLE_PERIOD_NS // c.PPU_CLOCK_NS
_UP_TO = {"read_cycles": _READ_CYCLES, "buffered_read_cycles": 100, "record_bytes": FpgaConfig().record_bytes}
_LATENCY_UP_TO_NS = 2_000

# where hypothesis does not know how registers were drawn it would print all their arrays
for_type_by_name("chip.base.registers", "Registers", lambda registers, printer, cycle: printer.text(repr(registers)))


def configs(**fixed) -> st.SearchStrategy[ChipConfig]:
    """Chips: any seed, strict or not, each imperfection on or off at up to twice its default, other latencies.

    ``fixed`` names fields of :class:`chip.base.config.ChipConfig` and the values that they keep, for example
    ``configs(strict=True)``. Watchdogs are those of the default.
    """
    drawn = {
        "seed": st.integers(0, 2**63 - 1),
        "strict": st.booleans(),
        "profile": st.just("random"),
        "imperfections": imperfections(),
        "router": _section(RouterConfig),
        "cadc": _section(CadcConfig),
        "fpga": _section(FpgaConfig),
    }
    return st.builds(ChipConfig, **{**drawn, **{name: st.just(value) for name, value in fixed.items()}})


def imperfections() -> st.SearchStrategy[ImperfectionConfig]:
    """Each imperfection on or off, its magnitude from zero to twice the default."""
    return _section(ImperfectionConfig)


def _section(cls):
    return st.builds(cls, **{field.name: _values(field) for field in dataclasses.fields(cls)})


def _values(field: dataclasses.Field) -> st.SearchStrategy:
    """All values of a setting, from its own range; gateware stays switched on."""
    low, high, step = (field.metadata[key] for key in ("low", "high", "multiple_of"))
    if isinstance(field.default, bool):
        return st.booleans() if field.metadata["source"] == "switch" else st.just(field.default)
    if isinstance(field.default, float):
        return st.floats(low, min(high, 2 * field.default))
    high = min(high, _UP_TO.get(field.name, _LATENCY_UP_TO_NS))
    return st.integers(-(-low // step), high // step).map(lambda count: count * step)


def registers(drive: float = 0.3, max_neurons: int = 12) -> st.SearchStrategy[Registers]:
    """Registers of a recurrent network of a few neurons, all parameters mixed; weights and labels are dense.

    In half of them most neurons are merged with the circuit on the other side. ``drive`` scales the synapses: at 0.3 a
    few events make a neuron spike, at 1 one of them may.
    """
    seeds, neurons = st.integers(0, 2**32 - 1), st.integers(0, max_neurons)
    return st.builds(_network, seeds, neurons, st.just(drive), st.booleans())


def _network(seed: int, neurons: int, drive: float, merged: bool) -> Registers:
    network = random_network(seed, neurons, drive)
    return with_merged_neurons(network, seed) if merged else network


def weights(shape: int | tuple[int, ...] = (c.LANES,)) -> st.SearchStrategy[np.ndarray]:
    """uint8[shape], 0..63; a half row by default."""
    return arrays(np.uint8, shape, elements=st.integers(0, c.WEIGHT_MAX))


def labels(shape: int | tuple[int, ...] = (c.LANES,)) -> st.SearchStrategy[np.ndarray]:
    """uint8[shape], 0..63: what synapses compare the low six bits of an event with; a half row by default."""
    return arrays(np.uint8, shape, elements=st.integers(0, c.LABEL_MAX))


def event_labels() -> st.SearchStrategy[int]:
    """16-bit labels of events as they enter the crossbar, SPL1 address in bits 14-15."""
    return st.integers(0, 0xFFFF)


@st.composite
def spike_trains(draw, duration_ns: int = 8_000, max_events: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """Events of one sample: int64[n] times on the 8 ns clock below ``duration_ns``, sorted, and uint16[n] labels."""
    ticks = st.integers(0, duration_ns // c.FPGA_CLOCK_NS - 1)
    events = sorted(draw(st.lists(st.tuples(ticks, event_labels()), max_size=max_events)))
    times_ns = np.array([tick * c.FPGA_CLOCK_NS for tick, _ in events], np.int64)
    return times_ns, np.array([label for _, label in events], np.uint16)


@st.composite
def sample_sets(draw, max_samples: int = 3, duration_ns: int = 8_000, max_events: int = 12) -> SampleSet:
    """One sample or more of random events, each with a random tag."""
    trains = draw(st.lists(spike_trains(duration_ns, max_events), min_size=1, max_size=max_samples))
    return SampleSet(
        offsets=np.cumsum([0, *(len(times) for times, _ in trains)]),
        times_ns=np.concatenate([times for times, _ in trains]),
        labels=np.concatenate([found for _, found in trains]),
        tags=draw(arrays(np.uint16, len(trains))),
        duration_ns=duration_ns,
    )


def playback_programs(duration_ns: int = 80_000, max_events: int = 40) -> st.SearchStrategy[PlaybackProgram]:
    """Events that the FPGA plays by itself from the start on, below ``duration_ns``, often several at one time."""
    return st.builds(lambda train: PlaybackProgram(*train), spike_trains(duration_ns, max_events))
