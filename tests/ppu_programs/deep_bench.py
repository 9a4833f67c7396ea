"""The kernels between two hidden layers on one processor's regions, with no chip around them."""

from __future__ import annotations

from functools import cache

import numpy as np

from ppu_programs.eventprop.deep import between, tables
from ppu_programs.eventprop.deep.adjoint import backward_kernel
from ppu_programs.eventprop.deep.currents import currents_kernel
from ppu_programs.eventprop.deep.events import gather_pushes, name_events_kernel
from ppu_programs.eventprop.deep.update import step_kernel
from ppu_programs.eventprop.deep.weights import LANES, packed
from ppu_programs.eventprop.settings import DeepSettings
from ppu_programs.placement import INPUT_MARK, place
from ppu_programs.two_layer.tables import fractions, slope_readout
from tests.naive.deep_adjoint import Layer
from tests.ppu_programs.eventprop_bench import Side

SETTINGS = DeepSettings(latency_ns=96)
PLACEMENT = place(SETTINGS.network)
LATENCY_TICKS = 12


@cache
def kernels() -> dict:
    found = (
        *(name_events_kernel(PLACEMENT), currents_kernel(SETTINGS.of_layer(1)), backward_kernel(SETTINGS)),
        *(gather_pushes, step_kernel(SETTINGS.of_layer(1).hidden)),
    )
    return {kernel.name: kernel for kernel in found}


def layer() -> Layer:
    """The constants of the second layer for the slow twin."""
    s = SETTINGS.of_layer(1)
    tick, threshold = 8.0, s.threshold_lsb / s.efficacy_lsb
    taus = s.tau_syn_ns / tick, s.tau_mem_ns / tick
    return Layer(*taus, s.refractory_ns / tick, threshold, threshold / s.slope_limit)


class Bench:
    """A processor with weights int[60, 60] between the layers, whose rows are its neurons in another order."""

    def __init__(self, weights: np.ndarray, row_of: np.ndarray):
        second = SETTINGS.of_layer(1)
        self.second, self.weights, self.row_of = second, weights, row_of
        memory = between.memory(len(weights), weights.shape[1], second.table_entries)
        self.side = Side(memory, kernels(), 1, code_in="external")
        self.regions = self.side.regions
        by_row = np.empty_like(weights)
        by_row[row_of] = weights
        self.regions["weights"][:] = packed(by_row)
        self.regions["row_of"][:] = row_of
        self.regions["tables"][:] = tables.between_tables(second)

    def record(self, inputs: list[int], first: list[tuple[int, int]], second: list[tuple[int, int]]) -> None:
        """Write a record of inputs at ticks, and of spikes (ticks, neuron) of both layers."""
        words = [(ticks, INPUT_MARK) for ticks in inputs]
        for number, spikes in enumerate((first, second)):
            labels = PLACEMENT.spike_labels(number)
            words += [(ticks, int(labels[neuron])) for ticks, neuron in spikes]
        words.sort(key=lambda word: word[0])
        record = self.regions["record"]
        record[:2] = len(words), 0
        record[2 : 2 + len(words)] = [ticks << 16 | label for ticks, label in words]

    def events(self) -> tuple[np.ndarray, np.ndarray]:
        """``who`` and the ticks of all events."""
        count = int(self.regions["record"][0])
        return self.regions["who"][:count].astype(int), self.regions["record"][2 : 2 + count] >> 16

    def low_halves(self) -> np.ndarray:
        """What stands in the place of labels, int16[events]."""
        count = int(self.regions["record"][0])
        return (self.regions["record"][2 : 2 + count] & 0xFFFF).astype(np.uint16).view(np.int16)

    def gradient(self) -> np.ndarray:
        """int[first, second]: the sums of gradients, by neuron."""
        by_row = self.regions["gradient"].reshape(-1, LANES)[:, : self.weights.shape[1]]
        return by_row[self.row_of].astype(int)

    def direct(self, pull: int, ticks: int) -> float:
        """dL/ds by the readouts of a spike of a neuron with this pull, in the kernel's units."""
        left = self.second.duration_ticks - ticks
        slope = fractions(slope_readout(self.second))[0]
        value = np.interp(left / 32.0, np.arange(len(slope)), slope)
        return -pull * value / 2**14
