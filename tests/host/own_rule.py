"""A firmware as a user writes it: tests copy this file. A network of its own, stimuli of its own, two settings."""

from dataclasses import dataclass

import numpy as np

from chip import Program
from chip.base.settings import Checked, setting
from chip.ppu import Memory, Recording, Timer, i32, kernel, u8
from ppu_programs import Array, Built, Firmware, Outcome, Status
from ppu_programs.network import LIF, Inputs, NetworkGraph, Projection
from ppu_programs.placement import place
from ppu_programs.trains import regular

CELLS, INPUTS = 4, 3
PERIOD_CYCLES = 50_000  # 0.2 ms
NETWORK = NetworkGraph(
    {"inputs": Inputs(INPUTS), "cells": LIF(CELLS, threshold_lsb=100)},
    Projection("inputs", "cells", sign="excitatory", efficacy_lsb=4),
)


@kernel
def add_up(v, m, bonus):
    for i in range(CELLS):
        m.total[0] = m.total[0] + m.counts[i] + bonus


class Counting(Program):
    name = "counting"
    memory = Memory(counts=u8[32], total=i32[1])
    kernels = (add_up,)

    def __init__(self, cells, updates, bonus):
        self.half, self.lanes, self.bonus = int(cells.halves[0]), tuple(cells.lanes.tolist()), bonus
        self.tasks = (Timer(start=0, period=PERIOD_CYCLES, count=updates, task="update"),)
        self.recordings = (Recording("counts", region="counts", count=updates),)

    def update(self, ppu):
        yield ppu.read_spike_counters(into="counts", halves=(self.half,), lanes=self.lanes, reset=True)
        yield ppu.run(add_up, self.bonus)
        yield ppu.record("counts")


@dataclass(frozen=True)
class Settings(Checked):
    section = "own"
    updates: int = setting(6, 1, 1000)
    bonus: int = setting(0, 0, 10)
    rate_hz: float = setting(50_000.0, 1.0, 500_000.0)
    seed: int = setting(1, 0)


class Own(Firmware):
    name = "own rule"
    settings_class = Settings
    network = NETWORK

    def build(self, task, config):
        s, placement = self.settings, place(NETWORK)
        registers = placement.registers()
        weights = np.random.default_rng(s.seed).integers(20, 63, (INPUTS, CELLS))
        placement.store(registers, 0, weights)
        stop_ns = 4 * PERIOD_CYCLES * max(1, s.updates - 1)
        events = regular(s.rate_hz, sources=INPUTS, stop_ns=stop_ns)
        stimuli = events.program(placement.sources["inputs"].labels)
        return Built(registers, (Counting(placement.neurons["cells"], s.updates, s.bonus), None), stimuli)

    def status(self, chip, built):
        return Status(chip.processors[0].recorder.track("counts").written, self.settings.updates, "updates")

    def outcome(self, link, built):
        counts = link.read_recording(0, "counts")["values"][:, :CELLS].astype(int)
        total = int(link.read_sram(0, "total")[0])
        arrays = {"counts": Array(counts, "update", "cell"), "sums": Array(counts.sum(axis=1), "update")}
        return Outcome({"total": total}, arrays, curve="sums")
