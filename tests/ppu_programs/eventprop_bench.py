"""The EventProp kernels on two processors' regions, with no chip around them: for the tests of this folder."""

from __future__ import annotations

from functools import cache

import numpy as np

from chip.ppu import Memory, VectorUnit, link
from ppu_programs.eventprop import adjoint, tables
from ppu_programs.eventprop.settings import Settings
from ppu_programs.placement import INPUT_MARK
from ppu_programs.two_layer import integrators, programs, update, weights
from ppu_programs.two_layer import tables as readout_tables
from ppu_programs.two_layer.settings import TICK_NS
from tests.naive import eventprop as naive

CADC_ZERO = 128
LIMIT_CYCLES = 10_000_000
ROWS_AT_ONCE = programs.NEURONS_PER_WRITE


@cache
def kernels(settings: Settings) -> tuple[dict, dict]:
    """The kernels of the hidden layer's and of the readout's processor."""
    hidden = [
        adjoint.sort_record,
        adjoint.backward_kernel(settings),
        update.update_kernel(settings.inputs, settings.gradient_shift),
        weights.rows_of_synapses_kernel(settings.inputs),
    ]
    outer = [
        integrators.loss_kernel(settings),
        integrators.readout_backward_kernel(settings),
        update.update_kernel(settings.readouts, settings.readout_gradient_shift),
        weights.signed_rows_kernel(settings.readouts),
        weights.transposed_synapses_kernel(settings.readouts),
    ]
    return {k.name: k for k in hidden}, {k.name: k for k in outer}


class Side:
    """One processor: regions by name, and ``call`` for its kernels."""

    def __init__(self, memory: Memory, kernels: dict, seed: int, code_in: str = "sram"):
        self.map = link(memory, kernels.values(), code_in=code_in)
        self.regions = self.map.views(np.zeros(self.map.size, np.uint8))
        self.unit = VectorUnit(seed)
        self.kernels = {name: kernel.bind(self.unit, self.regions) for name, kernel in kernels.items()}

    def call(self, name: str, *integers: int) -> int:
        return self.kernels[name](LIMIT_CYCLES, *integers)


def float_network(s: Settings, hidden: np.ndarray, readout: np.ndarray) -> naive.Network:
    """A network of int[inputs, hidden] and int[readouts, hidden] weights for the float reference: ns, CADC LSB."""
    return naive.Network(
        hidden * float(s.efficacy_lsb),
        readout * float(s.readout_efficacy_lsb),
        tau_syn=s.tau_syn_ns,
        tau_mem=s.tau_mem_ns,
        threshold=s.threshold_lsb,
        refractory=s.refractory_ns,
        readout_tau_syn=s.readout_tau_syn_ns,
        readout_tau_mem=s.readout_tau_mem_ns,
        duration=s.duration_ns,
        latency=s.latency_ns,
        sharpness=s.sharpness,
        slope_limit=s.slope_limit / s.threshold_lsb,
    )


def chip_errors(raw: np.ndarray, settings: Settings) -> np.ndarray:
    """dL/dV in nats per LSB from the processor's mantissas and exponent."""
    unit = settings.sharpness * readout_tables.error_unit(settings)
    return raw[1 : 1 + settings.readouts].astype(float) * unit / 2.0 ** raw[0]


class Bench:
    """Both processors, the way between them done by hand."""

    def __init__(self, settings: Settings, seed: int = 1):
        self.settings = settings
        hidden, outer = kernels(settings)
        s = settings
        self.hidden = Side(adjoint.memory(s) | programs.hidden_memory(s), hidden, seed)
        judged = integrators.loss_memory() | integrators.backward_memory(s)
        self.readout = Side(judged | programs.readout_memory(s, programs.NEURONS_PER_WRITE), outer, seed)
        self.hidden.regions["tables"][:] = tables.hidden_tables(s)
        self.readout.regions["psp"][:] = readout_tables.readout_table(s)
        self.readout.regions["boltzmann"][:] = readout_tables.boltzmann_table(s)
        for side, shadow in zip((self.hidden, self.readout), weights.initial_shadow(s, seed), strict=True):
            side.regions["shadow"][:] = shadow
            side.regions["random"][0] = 12345 + seed
        self.copy_readout_weights()

    def copy_readout_weights(self) -> None:
        self.readout.call("signed_rows")
        self.hidden.regions["readout_weights"][:] = self.readout.regions["signed"]

    def network(self) -> naive.Network:
        """The same network for the float reference: ns, and potentials in CADC LSB."""
        s = self.settings
        hidden, outer = (
            weights.steps(weights.from_rows(side.regions["shadow"], s.hidden)) for side in (self.hidden, self.readout)
        )
        return float_network(s, hidden, outer)

    def record(self, arrivals_ns: np.ndarray, spikes: list[np.ndarray], label: int) -> list[np.ndarray]:
        """Write the FPGA's record of a sample to both processors; returns the spikes at their recorded times."""
        ticks = [np.floor(times / TICK_NS).astype(int) for times in spikes]
        inputs = [(i & 3) << 14 | INPUT_MARK | (i >> 2) << 6 for i in range(len(arrivals_ns))]
        words = [(int(t // TICK_NS), code) for t, code in zip(arrivals_ns, inputs, strict=True)]
        words += [(int(t), (lane // 16) << 8 | lane % 16) for lane, times in enumerate(ticks) for t in times]
        words.sort()
        for side in (self.hidden, self.readout):
            record = side.regions["record"]
            record[:2] = len(words), label
            record[2 : 2 + len(words)] = [time << 16 | code for time, code in words]
        return [times * float(TICK_NS) for times in ticks]

    def sample(self, potentials_lsb: np.ndarray) -> np.ndarray:
        """One CADC sample of the readouts; returns the bytes."""
        values = np.clip(np.floor(CADC_ZERO + potentials_lsb + 0.5), 0, 255).astype(np.uint8)
        self.readout.regions["membranes"][: len(values)] = values
        return values

    def errors(self) -> np.ndarray:
        """dL/dV in nats per LSB, as the readout's processor sends it."""
        return chip_errors(self.readout.regions["errors"], self.settings)

    def backward(self) -> None:
        """Loss on one side, both backward passes."""
        self.readout.call("loss")
        self.hidden.regions["errors"][:] = self.readout.regions["errors"]
        self.readout.call("readout_backward")
        self.hidden.call("sort_record")
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
