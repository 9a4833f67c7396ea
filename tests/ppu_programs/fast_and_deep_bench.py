"""The Fast & Deep kernels on two processors' regions, with no chip around them: for the tests of this folder."""

from __future__ import annotations

from functools import cache

import numpy as np

from chip.ppu import Memory, i8, i16, i32, u8
from ppu_programs.fast_and_deep import hidden, readout, spikes, tables
from ppu_programs.fast_and_deep.settings import Settings
from ppu_programs.placement import place
from ppu_programs.two_layer import weights
from ppu_programs.two_layer.layout import RECORD_WORDS, ROW
from ppu_programs.two_layer.plan import COUNTERS
from ppu_programs.two_layer.roles import PREDICTIONS
from ppu_programs.two_layer.settings import TICK_NS
from tests.naive import fast_and_deep as naive
from tests.ppu_programs.eventprop_bench import Side


@cache
def kernels(settings: Settings) -> tuple[dict, dict]:
    """The kernels of the hidden layer's and of the readouts' processor."""
    of_hidden = [
        spikes.first_spikes_kernel(settings),
        hidden.backward_kernel(settings),
        hidden.note_active_kernel(settings),
        hidden.bump_kernel(settings),
    ]
    of_readouts = [
        spikes.first_spikes_kernel(settings),
        readout.loss_kernel(settings),
        readout.impulses_kernel(settings),
        readout.readout_backward_kernel(settings),
    ]
    return {k.name: k for k in of_hidden}, {k.name: k for k in of_readouts}


def layer(rows: int) -> Memory:
    """What the programs of every rule for one hidden layer have."""
    return Memory(record=i32[RECORD_WORDS], errors=i16[64], shadow=i16[rows * ROW], gradient=i32[rows * ROW])


def float_network(s: Settings, hidden_weights: np.ndarray, readout_weights: np.ndarray) -> naive.Network:
    """A network of int[inputs, hidden] and int[readouts, hidden] weights for the float reference: ns, CADC LSB."""
    return naive.Network(
        hidden_weights * float(s.efficacy_lsb),
        readout_weights * float(s.readout_efficacy_lsb),
        tau_syn=s.tau_syn_ns,
        tau_mem=s.tau_mem_ns,
        threshold=s.threshold_lsb,
        readout_tau_syn=s.readout_tau_syn_ns,
        readout_tau_mem=s.readout_tau_mem_ns,
        readout_threshold=s.readout_threshold_lsb,
        duration=s.duration_ns,
        latency=s.latency_ns,
        softness=s.softness_ns,
        early=s.early,
        slope_limit=s.slope_limit / s.threshold_lsb,
        readout_slope_limit=s.readout_slope_limit / s.readout_threshold_lsb,
    )


class Bench:
    """Both processors, the way between them done by hand."""

    def __init__(self, settings: Settings, seed: int = 1):
        self.settings = s = settings
        of_hidden, of_readouts = kernels(s)
        for_hidden = Memory(readout_weights=i8[s.readouts * ROW])
        for_readouts = Memory(signed=i8[s.readouts * ROW], counters=i32[COUNTERS], predictions=u8[PREDICTIONS])
        self.hidden = Side(hidden.memory(s) | layer(s.inputs) | for_hidden, of_hidden, seed)
        self.readout = Side(readout.memory(s) | layer(s.readouts) | for_readouts, of_readouts, seed)
        self.hidden.regions["tables"][:] = tables.hidden_tables(s)
        self.readout.regions["tables"][:] = tables.readout_tables(s)
        self.readout.regions["boltzmann"][:] = tables.boltzmann_table(s)
        for side, shadow in zip((self.hidden, self.readout), weights.initial_shadow(s, seed), strict=True):
            side.regions["shadow"][:] = shadow
        signed = weights.steps(weights.from_rows(self.readout.regions["shadow"], ROW)).ravel()
        self.readout.regions["signed"][:] = self.hidden.regions["readout_weights"][:] = signed
        self.placement = place(s.network)
        self.labels = [self.placement.spike_labels(layer) for layer in range(2)]

    def network(self) -> naive.Network:
        """The same network for the float reference."""
        shadows = (side.regions["shadow"] for side in (self.hidden, self.readout))
        both = (weights.steps(weights.from_rows(shadow, self.settings.hidden)) for shadow in shadows)
        return float_network(self.settings, *both)

    def record(self, arrivals_ns, hidden_ns, readout_ns, label: int) -> tuple[np.ndarray, np.ndarray]:
        """Write the FPGA's record of a sample to both processors; returns the spike times as they were recorded."""
        inputs = zip(arrivals_ns, self.placement.input_labels, strict=True)
        words = [(int(t // TICK_NS), int(code)) for t, code in inputs]
        recorded = []
        for layer, times in enumerate((hidden_ns, readout_ns)):
            ticks = np.floor(np.asarray(times, float) / TICK_NS)
            words += [(int(t), int(self.labels[layer][lane])) for lane, t in enumerate(ticks) if not np.isnan(t)]
            recorded.append(ticks * TICK_NS)
        words.sort()
        for side in (self.hidden, self.readout):
            record = side.regions["record"]
            record[:2] = len(words), label
            record[2 : 2 + len(words)] = [time << 16 | code for time, code in words]
            side.call("first_spikes")
        return recorded[0], recorded[1]

    def errors(self) -> np.ndarray:
        """dL/dT in nats per ns, before ``impulses``."""
        raw = self.readout.regions["errors"].astype(float)
        unit = tables.error_unit(self.settings) / self.settings.softness_ns
        return raw[1 : 1 + self.settings.readouts] * unit / 2.0 ** raw[0]

    def backward(self) -> None:
        """Loss on one side, both backward passes."""
        self.readout.call("loss")
        if self.readout.regions["errors"].any():
            self.readout.call("impulses")
            self.hidden.regions["errors"][:] = self.readout.regions["errors"]
            self.readout.call("readout_backward")
            self.hidden.call("backward")

    def take_gradients(self) -> tuple[np.ndarray, np.ndarray]:
        """The accumulated gradients in nats per LSB of weight * efficacy, [rows, lanes]; cleared."""
        s, result = self.settings, []
        efficacies = (s.efficacy_lsb, s.readout_efficacy_lsb)
        for side, unit, efficacy in zip((self.hidden, self.readout), tables.gradient_units(s), efficacies, strict=True):
            gradient = side.regions["gradient"]
            result.append(weights.from_rows(gradient, s.hidden) * unit / efficacy)
            gradient[:] = 0
        return result[0], result[1]
