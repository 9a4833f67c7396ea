"""A rule for one hidden layer as a host sees it: registers, samples, two programs, how to read what they report."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from operator import index
from typing import ClassVar

import numpy as np

from chip.base import constants as c
from chip.base.assumption import Assumption, Direction, Weight
from chip.base.config import ChipConfig
from chip.base.declaration import shown
from chip.base.errors import ChipLimitError, Resource
from chip.base.registers import Registers
from chip.fpga.memory import DRAM_BASE
from chip.fpga.samples import SampleSet
from chip.ppu.costs import issue_cycles
from chip.ppu.program import Firmware
from ppu_programs.network import Network
from ppu_programs.placement import check_size, place
from ppu_programs.two_layer import weights
from ppu_programs.two_layer.integrators import IntegratorReadouts
from ppu_programs.two_layer.plan import (
    CORRECT,
    MAX_EPOCHS,
    REPORTS_ADDRESS,
    SAMPLES,
    Plan,
    predictions_address,
    report_address,
)
from ppu_programs.two_layer.programs import HiddenProgram, ReadoutProgram
from ppu_programs.two_layer.settings import SampleSettings, Settings

CONVERSION_ARGUMENTS = 1  # of the operation that a doorbell sets off, `ppu.read_cadc(into="membranes")`


def recording_ns(settings: SampleSettings, config: ChipConfig) -> int:
    """How long a sample is recorded, so that the conversion that its doorbell sets off comes at ``duration_ns``.

    To the FPGA's clock; the conversion is at most 4 ns early.
    """
    fpga = config.fpga
    after_ns = fpga.writer_latency_ns + fpga.doorbell_latency_ns + issue_cycles(CONVERSION_ARGUMENTS) * c.PPU_CLOCK_NS
    recorded_ns = (settings.duration_ns - after_ns) // c.FPGA_CLOCK_NS * c.FPGA_CLOCK_NS
    if recorded_ns <= max(settings.last_input_ns, settings.bias_ns):
        raise ValueError(
            f"{settings.section}: from the end of a recording to the conversion takes {after_ns} ns on this chip, so "
            f"of a sample of {settings.duration_ns} ns only {recorded_ns} ns are recorded, and inputs come up to "
            f"{settings.last_input_ns} ns; lower fpga.writer_latency_ns or fpga.doorbell_latency_ns"
        )
    return recorded_ns


class TwoLayerFirmware(Firmware):
    """A rule on both processors: inputs and a bias - hidden spiking neurons - readouts, one per class.

    A rule is a subclass with its ``name``, ``settings_class``, ``hidden_program`` and ``readout_program``; readouts are
    leaky integrators unless it says otherwise.

    Args:
        hidden: hidden neurons, 1..128; 120 by default.
        epochs: how often the training samples are visited.
        seed: of initial weights, order of samples and stochastic rounding.
        settings: everything else.
        network: inputs, a bias being the last of them - hidden neurons - readouts; by default that of ``settings``.

    Raises:
        ValueError: epochs or seed out of range, another rule's settings, or a network that this rule cannot serve.
        ChipLimitError: the network or its reports do not fit.
    """

    settings_class: ClassVar[type[Settings]] = Settings
    hidden_program: ClassVar[Callable[[Settings, Plan, int], HiddenProgram]]
    readout_program: ClassVar[Callable[[Settings, Plan, int], ReadoutProgram]] = IntegratorReadouts
    gateware: tuple[str, ...] = ("sample_player", "spike_writer")  # that it needs; a host that learns needs less

    def __init__(
        self,
        hidden: int | None = None,
        epochs: int = 30,
        seed: int = 0,
        settings: SampleSettings | None = None,
        network: Network | None = None,
    ):
        epochs, seed = index(epochs), index(seed)
        if epochs < 1:
            raise ValueError(f"{self.name}: epochs is {epochs}; it must be at least 1")
        if epochs > MAX_EPOCHS:
            raise ChipLimitError(
                Resource.DRAM, "reports in DRAM", epochs, MAX_EPOCHS, "epochs", "train for fewer epochs"
            )
        if seed < 0:
            raise ValueError(f"{self.name}: seed is {seed}; it must not be negative")
        own = self.settings_class
        if settings is not None and not (isinstance(settings, SampleSettings) and settings.section == own.section):
            raise ValueError(f"{self.name}: settings is {shown(settings)}; it needs its own, those of {own.__module__}")
        self.settings = self._settings(settings or self.settings_class(), hidden, network)
        self.epochs, self.seed = epochs, seed
        self.plan: Plan | None = None
        self.placement = place(self.settings.network)

    @property
    def network(self) -> Network:
        """What is trained."""
        return self.placement.network

    @staticmethod
    def _settings(settings: SampleSettings, hidden: int | None, network: Network | None) -> SampleSettings:
        if network is not None:
            if hidden is not None:
                raise ValueError(f"give the hidden neurons by hidden={hidden} or by a network, not by both")
            return settings.with_network(network)
        if hidden is None:
            return settings
        hidden = index(hidden)
        if hidden < 1:
            raise ValueError(f"{settings.section}: hidden is {hidden}; it must be at least 1")
        if not isinstance(settings, Settings):
            raise ValueError(f"{settings.section}: hidden is {hidden}, but {settings.network!r} has more hidden layers")
        check_size(settings.inputs, hidden, settings.readouts)
        return dataclasses.replace(settings, hidden=hidden)

    # ------------------------------------------------------------------ what the host loads

    def samples(
        self, inputs: np.ndarray, targets: np.ndarray, ranges: dict[str, range], config: ChipConfig
    ) -> SampleSet:
        """Encode inputs float64[n, inputs - 1] in 0..1 as event times, a bias event before them; class as tag.

        ``ranges`` says which samples are for ``"train"``, ``"validation"`` and ``"test"``. From ``config`` come the
        latencies of the chip that the program is loaded to.
        """
        for gateware in self.gateware:
            if not getattr(config.fpga, gateware):
                raise ValueError(f"{self.name} needs fpga.{gateware}, which this chip has off; switch it on")
        self.settings = s = dataclasses.replace(self.settings, latency_ns=config.router.on_chip_latency_ns)
        if inputs.shape[1] != s.inputs - 1:
            raise ValueError(
                f"{self.name}: a sample has {inputs.shape[1]} inputs; a network of {s.inputs}, the last of which is a "
                f"bias, takes {s.inputs - 1}: let its first layer have {inputs.shape[1] + 1}"
            )
        if targets.max() >= s.readouts:
            raise ValueError(f"{self.name}: class {targets.max()} among {s.readouts} readouts; add readouts")
        if len(ranges["train"]) < s.batch:
            raise ValueError(f"{self.name}: {len(ranges['train'])} training samples are less than a batch of {s.batch}")
        self.plan = Plan(self.epochs, s.batch, ranges["train"], ranges["validation"], ranges["test"])
        span_ns = s.last_input_ns - s.first_input_ns
        times_ns = np.column_stack([s.first_input_ns + inputs * span_ns, np.full(len(inputs), float(s.bias_ns))])
        times_ns = (np.round(times_ns / c.FPGA_CLOCK_NS) * c.FPGA_CLOCK_NS).astype(np.int32)
        order = np.argsort(times_ns, axis=1, kind="stable")
        samples = SampleSet(
            offsets=np.arange(len(inputs) + 1) * s.inputs,
            times_ns=np.take_along_axis(times_ns, order, axis=1).ravel(),
            labels=self.placement.input_labels[order].ravel(),
            tags=targets.astype(np.uint16),
            duration_ns=self.recording_ns(config),
        )
        room = REPORTS_ADDRESS - DRAM_BASE
        if samples.nbytes > room:
            raise ChipLimitError(
                Resource.DRAM, "DRAM below the reports", samples.nbytes, room, "bytes", "load fewer samples"
            )
        return samples

    def recording_ns(self, config: ChipConfig) -> int:
        """How long a sample is recorded, on a chip with these settings."""
        return recording_ns(self.settings, config)

    def registers(self) -> Registers:
        """Routing, neuron parameters and initial weights."""
        registers = self.placement.registers()
        for layer, shadow in enumerate(weights.initial_shadows(self.network, self.seed)):
            self.placement.store(registers, layer, weights.steps(shadow))
        return registers

    def programs(self) -> tuple[HiddenProgram, ReadoutProgram]:
        """Top and bottom program; :meth:`samples` must have been called before.

        Raises ValueError for a network that only a host can train.
        """
        if self.network.depth != 2:
            raise ValueError(
                f"{self.name} on the chip serves networks of one hidden layer and readouts, not {self.network!r}; "
                "train deeper ones from the host, with a HostLoop in the place of the Host"
            )
        if self.plan is None:
            raise RuntimeError(f"{self.name}: call samples() before programs(); the programs contain sample numbers")
        built_for = self.settings, self.plan, self.seed
        return self.hidden_program(*built_for), self.readout_program(*built_for)

    def assumptions(self) -> list[Assumption]:
        latencies = "the firmware knows the configured latencies of gateware and router"
        known = [Assumption(latencies, "assumed to be calibrated", Direction.BETTER)]
        for layer, (linear, neurons) in enumerate(self.network.layers[:-1]):
            current_lsb = c.WEIGHT_MAX * linear.efficacy_lsb
            synapse = "hidden synapse" if self.network.depth == 2 else f"synapse of hidden layer {layer}"
            charge = (
                f"a {synapse} of weight {c.WEIGHT_MAX} brings {current_lsb} LSB of current, "
                f"{current_lsb / neurons.threshold_lsb:.0f} thresholds"
            )
            known.append(
                Assumption(charge, "assumed to be in reach of the synapse bias", Direction.BETTER, Weight.REACH)
            )
        return known

    # ------------------------------------------------------------------ what the host reads

    def status(self, chip) -> tuple[int, float | None]:
        """Look at a learning chip: samples to play in all, training accuracy of the last whole epoch."""
        epoch = min(chip.player.played // (self.plan.batches * self.plan.batch), self.epochs) - 1
        if epoch < 0:
            return self.plan.samples, None
        return self.plan.samples, self._accuracy(chip.external.view(report_address(epoch), c.VECTOR_BYTES))

    def timed_samples(self) -> range:
        """Training samples behind the first batch, in which the last machine code is loaded, by order of playing."""
        return range(self.plan.batch, self.plan.epochs * self.plan.batches * self.plan.batch)

    def decode(self, link) -> dict:
        """Read all reports over the host link.

        ``accuracy``, ``validation_accuracy``, ``train_accuracy``; ``validation_predictions`` and ``test_predictions``,
        uint8 classes, empty where the split was not reached; ``hidden_shadow`` and ``readout_shadow``.
        """
        addresses = [report_address(number) for number in range(self.epochs + 2)]
        reports = [self._accuracy(link.read_external(address, c.VECTOR_BYTES)) for address in addresses]
        trained = [accuracy for accuracy in reports[: self.epochs] if accuracy is not None]
        predicted = [
            link.read_external(predictions_address(number), 0 if reports[self.epochs + number] is None else len(split))
            for number, split in enumerate(self.plan.evaluations())
        ]
        return {
            "accuracy": reports[self.epochs + 1],
            "validation_accuracy": np.nan if reports[self.epochs] is None else reports[self.epochs],
            "train_accuracy": trained,
            "validation_predictions": predicted[0],
            "test_predictions": predicted[1],
            "hidden_shadow": weights.from_rows(link.read_sram(c.TOP, "shadow"), self.settings.hidden),
            "readout_shadow": weights.from_rows(link.read_sram(c.BOTTOM, "shadow"), self.settings.hidden),
        }

    @staticmethod
    def _accuracy(report: np.ndarray) -> float | None:
        counters = report.view(np.int32)
        seen = int(counters[SAMPLES])
        return int(counters[CORRECT]) / seen if seen else None
