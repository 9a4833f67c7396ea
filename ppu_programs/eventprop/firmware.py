"""The EventProp firmware as a host sees it: registers, samples, two programs, and how to read what they report."""

from __future__ import annotations

import dataclasses

import numpy as np

from chip import constants as c
from chip.config import ChipConfig
from chip.fpga import SampleSet
from chip.ppu.processor_core import ISSUE_CYCLES
from chip.ppu.program import Firmware
from chip.registers import Registers
from ppu_programs.eventprop import readout, weights
from ppu_programs.eventprop.programs import HiddenProgram, Plan, ReadoutProgram, report_address
from ppu_programs.eventprop.settings import Settings
from ppu_programs.placement import hidden_drivers, input_labels, place_two_layers, store_signed

HIDDEN_LEAK_LSB = 80
READOUT_LEAK_LSB = 128  # the middle of the CADC's range


def doorbell_to_conversion_ns(config: ChipConfig) -> int:
    """From the end of a recording to the CADC conversion that its doorbell sets off."""
    return config.fpga.writer_latency_ns + config.fpga.doorbell_latency_ns + ISSUE_CYCLES * c.PPU_CLOCK_NS


class EventProp(Firmware):
    """EventProp on both processors: inputs and a bias - hidden spiking neurons - leaky integrators, one per class.

    Args:
        hidden: hidden neurons, 1..128.
        epochs: how often the training samples are visited.
        seed: of initial weights, order of samples and stochastic rounding.
        settings: everything else, see :class:`ppu_programs.eventprop.settings.Settings`; its ``hidden`` is replaced.

    Raises:
        ValueError: epochs or seed out of range. ChipLimitError: the network does not fit.
    """

    name = "eventprop"

    def __init__(
        self,
        hidden: int = 120,
        epochs: int = 30,
        seed: int = 0,
        settings: Settings | None = None,
    ):
        if epochs < 1:
            raise ValueError(f"eventprop: epochs is {epochs}; it must be at least 1")
        if not 0 <= seed < 2**30 - 2:
            raise ValueError(f"eventprop: seed is {seed}; it must lie in 0..{2**30 - 3}")
        self.settings = dataclasses.replace(settings or Settings(), hidden=hidden)
        self.epochs, self.seed = epochs, seed
        self.plan: Plan | None = None
        self._registers = place_two_layers(self.settings.inputs, hidden, self.settings.readouts)

    # ------------------------------------------------------------------ what the host loads

    def samples(
        self, inputs: np.ndarray, targets: np.ndarray, ranges: dict[str, range], config: ChipConfig
    ) -> SampleSet:
        """Encode inputs float64[n, inputs - 1] in 0..1 as event times, a bias event before them; class as tag.

        ``ranges`` says which samples are for ``"train"``, ``"validation"`` and ``"test"``. From ``config`` come the
        latencies of the chip that the program is loaded to.
        """
        self.settings = s = dataclasses.replace(self.settings, latency_ns=config.router.on_chip_latency_ns)
        if inputs.shape[1] != s.inputs - 1:
            raise ValueError(f"eventprop: a sample has {inputs.shape[1]} inputs; this network takes {s.inputs - 1}")
        if targets.max() >= s.readouts:
            raise ValueError(f"eventprop: class {targets.max()} among {s.readouts} readouts; add readouts")
        if len(ranges["train"]) < s.batch:
            raise ValueError(f"eventprop: {len(ranges['train'])} training samples are less than a batch of {s.batch}")
        self.plan = Plan(self.epochs, s.batch, ranges["train"], ranges["validation"], ranges["test"])
        span_ns = s.last_input_ns - s.first_input_ns
        times_ns = np.column_stack([s.first_input_ns + inputs * span_ns, np.full(len(inputs), float(s.bias_ns))])
        times_ns = (np.round(times_ns / c.FPGA_CLOCK_NS) * c.FPGA_CLOCK_NS).astype(np.int32)
        order = np.argsort(times_ns, axis=1, kind="stable")
        return SampleSet(
            offsets=np.arange(len(inputs) + 1) * s.inputs,
            times_ns=np.take_along_axis(times_ns, order, axis=1).ravel(),
            labels=input_labels(s.inputs)[order].ravel(),
            tags=targets.astype(np.uint16),
            duration_ns=s.duration_ns - doorbell_to_conversion_ns(config),
        )

    def registers(self) -> Registers:
        """Routing, neuron parameters and initial weights."""
        s, registers = self.settings, self._registers
        registers.leak_lsb[c.TOP] = registers.reset_lsb[c.TOP] = HIDDEN_LEAK_LSB
        registers.threshold_lsb[c.TOP] = HIDDEN_LEAK_LSB + s.threshold_lsb
        registers.tau_mem_ns[c.TOP] = s.tau_mem_ns
        registers.tau_syn_exc_ns[c.TOP] = registers.tau_syn_inh_ns[c.TOP] = s.tau_syn_ns
        registers.refractory_ns[c.TOP] = s.refractory_ns
        registers.efficacy_lsb[c.TOP] = s.efficacy_lsb
        registers.leak_lsb[c.BOTTOM] = registers.reset_lsb[c.BOTTOM] = READOUT_LEAK_LSB
        registers.tau_mem_ns[c.BOTTOM] = s.readout_tau_mem_ns
        registers.tau_syn_exc_ns[c.BOTTOM] = registers.tau_syn_inh_ns[c.BOTTOM] = s.readout_tau_syn_ns
        registers.efficacy_lsb[c.BOTTOM] = s.readout_efficacy_lsb
        hidden, output = (weights.steps(shadow) for shadow in weights.initial_shadow(s, self.seed))
        into_hidden, into_output = (weights.from_rows(rows, s.hidden) for rows in (hidden, output))
        store_signed(registers, c.TOP, np.arange(s.inputs), s.hidden, into_hidden)
        store_signed(registers, c.BOTTOM, hidden_drivers(s.hidden), s.readouts, into_output.T)
        return registers

    def programs(self) -> tuple[HiddenProgram, ReadoutProgram]:
        """Top and bottom program; :meth:`samples` must have been called before."""
        if self.plan is None:
            raise RuntimeError("eventprop: call samples() before programs(); the programs contain sample numbers")
        return (
            HiddenProgram(self.settings, self.plan, self.seed),
            ReadoutProgram(self.settings, self.plan, self.seed),
        )

    def assumptions(self) -> list[str]:
        current_lsb = c.WEIGHT_MAX * self.settings.efficacy_lsb
        return [
            f"a hidden synapse of weight {c.WEIGHT_MAX} brings {current_lsb} LSB of current, "
            f"{current_lsb / self.settings.threshold_lsb:.0f} thresholds (assumed to be in reach of the synapse bias)",
        ]

    # ------------------------------------------------------------------ what the host reads

    def status(self, chip) -> tuple[int, float | None]:
        """Look at a learning chip: samples to play in all, training accuracy of the last whole epoch."""
        epoch = min(chip.player.played // (self.plan.batches * self.plan.batch), self.epochs) - 1
        if epoch < 0:
            return self.plan.samples, None
        return self.plan.samples, self._accuracy(chip.external.view(report_address(epoch), c.VECTOR_BYTES))

    def decode(self, link) -> dict:
        """Read all reports over the host link: ``accuracy``, ``validation_accuracy``, ``train_accuracy``, shadows."""
        addresses = [report_address(index) for index in range(self.epochs + 2)]
        reports = [self._accuracy(link.read_external(address, c.VECTOR_BYTES)) for address in addresses]
        trained = [accuracy for accuracy in reports[: self.epochs] if accuracy is not None]
        return {
            "accuracy": reports[self.epochs + 1],
            "validation_accuracy": np.nan if reports[self.epochs] is None else reports[self.epochs],
            "train_accuracy": trained,
            "hidden_shadow": weights.from_rows(link.read_sram(c.TOP, "shadow"), self.settings.hidden),
            "readout_shadow": weights.from_rows(link.read_sram(c.BOTTOM, "shadow"), self.settings.hidden),
        }

    @staticmethod
    def _accuracy(report: np.ndarray) -> float | None:
        counters = report.view(np.int32)
        seen = int(counters[readout.SAMPLES])
        return int(counters[readout.CORRECT]) / seen if seen else None
