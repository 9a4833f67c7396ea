"""A rule for one hidden layer as a host sees it: what it builds, and how to read what its programs report."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from chip.base import constants as c
from chip.base.assumption import Assumption, Direction, Weight
from chip.base.config import ChipConfig
from chip.base.errors import ChipLimitError, Resource
from ppu_programs.contract import Array, Built, Firmware, Outcome, Status
from ppu_programs.contract.needs import LABELLED, check_gateware, check_has
from ppu_programs.network import Network
from ppu_programs.placement import DividedPlacement, Placement, place, place_layers, two_layers
from ppu_programs.two_layer import weights
from ppu_programs.two_layer.integrators import DIVIDED_ARGUMENTS, IntegratorReadouts
from ppu_programs.two_layer.plan import (
    CORRECT,
    MAX_EPOCHS,
    SAMPLES,
    Plan,
    predictions_address,
    report_address,
)
from ppu_programs.two_layer.programs import HiddenProgram, LayerProgram, ReadoutProgram
from ppu_programs.two_layer.settings import SampleSettings, Settings
from ppu_programs.two_layer.training import Training, encode, recording_ns

if TYPE_CHECKING:
    from chip.chip import Chip
    from chip.link import HostLink


NETWORK_ENDS = ("inputs", "readouts")  # settings that a task decides where nobody chose them


class TwoLayerFirmware(Firmware):
    """A rule on both processors: inputs and a bias - hidden spiking neurons - readouts, one per class.

    A rule is a subclass with its ``name``, ``settings_class``, ``hidden_program`` and ``readout_program``; readouts are
    leaky integrators unless it says otherwise. With ``divided_programs`` it serves more hidden neurons than a half of a
    hemisphere has, too: they are divided between both.

    Args:
        settings: all of them; those of the rule by default.
        network: inputs, a bias being the last of them - hidden neurons - readouts; by default that of the settings,
            whose numbers of inputs and readouts follow from the task, see :meth:`for_task`.
        changes: settings that are to be others, such as ``hidden``, ``epochs`` and ``seed``; of a rule that serves
            several hidden layers, ``hidden`` may be a tuple of their sizes.

    Raises:
        ValueError: settings out of range or of another rule, or a network that this rule cannot serve.
        ChipLimitError: the network or its reports do not fit.
    """

    settings_class: ClassVar[type[Settings]] = Settings
    learns_task = True
    hidden_program: ClassVar[Callable[[Settings, Plan, Placement], HiddenProgram]]
    readout_program: ClassVar[Callable[[Settings, Plan, Placement], ReadoutProgram]] = IntegratorReadouts
    divided_programs: ClassVar[
        Callable[[Settings, Plan, DividedPlacement], tuple[LayerProgram, LayerProgram]] | None
    ] = None
    served: ClassVar[str] = "one hidden layer and readouts"  # of networks, what its programs train
    gateware: ClassVar[tuple[str, ...]] = ("sample_player", "spike_writer")  # that its programs need

    def __init__(self, settings: SampleSettings | None = None, *, network: Network | None = None, **changes: Any):
        ends_are_open = settings is None and network is None and not changes.keys() & {*NETWORK_ENDS}
        self._chosen_without_ends = dict(changes) if ends_are_open else None
        settings = self._with_network(settings, network, changes)
        super().__init__(settings, **changes)
        s = self.settings
        if s.epochs > MAX_EPOCHS:
            raise ChipLimitError(
                Resource.DRAM, "reports in DRAM", s.epochs, MAX_EPOCHS, "epochs", "train for fewer epochs"
            )
        self.placement = self.place(s.network)

    @property
    def network(self) -> Network:
        """What is trained."""
        return self.placement.network

    @classmethod
    def place(cls, network: Network) -> Placement | DividedPlacement:
        """Find the place of a network, its hidden layer divided where it has to be and this rule can.

        Raises ChipLimitError where it does not fit.
        """
        return place(network) if cls.divided_programs is None else place_layers(network)

    @classmethod
    def accepts(cls, settings: object) -> bool:
        """Whether these are settings of this rule; for networks of other depths they may be of another class."""
        return isinstance(settings, SampleSettings) and settings.section == cls.settings_class.section

    def _with_network(
        self, settings: SampleSettings | None, network: Network | None, changes: dict[str, Any]
    ) -> SampleSettings | None:
        """Return settings with the network in them, if one is given; refuse neurons that do not fit."""
        used = self.settings_class() if settings is None else settings
        hidden = changes.get("hidden")
        if not self.accepts(used):
            return settings  # which is refused behind this
        if network is not None:
            if hidden is not None:
                raise ValueError(f"give the hidden neurons by hidden={hidden} or by a network, not by both")
            return used.with_network(network)
        if isinstance(hidden, tuple):
            ends = {name: changes.pop(name) for name in NETWORK_ENDS if name in changes}
            used = dataclasses.replace(used, **ends)
            return used.with_network(self.deep_network(used, changes.pop("hidden")))
        if hidden is None:
            return settings
        if not isinstance(used, Settings):
            raise ValueError(f"{used.section}: hidden is {hidden}, but {used.network!r} has more hidden layers")
        if type(hidden) is int and hidden > c.LANES:  # more than settings of a half know; what is less is placed behind
            self.place(two_layers(used.inputs, hidden, used.readouts))
        return settings

    @classmethod
    def deep_network(cls, settings: SampleSettings, sizes: tuple[int, ...]) -> Network:
        """Return the network with hidden layers of these sizes that is meant by ``hidden``.

        Raises ValueError where this rule serves none.
        """
        raise ValueError(f"{cls.settings_class.section} serves one hidden layer, so hidden is one number, not {sizes}")

    # ------------------------------------------------------------------ what the host loads

    def for_task(self, task: Any) -> Firmware:
        """Return this rule with as many inputs and readouts as a task needs, where neither was chosen.

        Raises:
            ValueError: it needs more than the rule serves.
        """
        if self._chosen_without_ends is None or not hasattr(task, "inputs") or not hasattr(task, "targets"):
            return self
        s, inputs = self.settings, task.inputs.shape[1] + 1
        classes = max(2, len(task.classes) if hasattr(task, "classes") else int(task.targets.max()) + 1)
        if (inputs, classes) == (s.inputs, s.readouts):
            return self
        self._check_inputs(inputs - 1)
        return type(self)(**self._chosen_without_ends, inputs=inputs, readouts=classes)

    def build(self, task: Any, config: ChipConfig) -> Built:
        """Return samples, registers and both programs for a task with classes as targets.

        Raises:
            ValueError: it cannot learn this task on this chip, or only a host can train this network.
            ChipLimitError: samples or network do not fit.
        """
        training = self.on_chip(self.training(task, config, self.gateware), config)
        return Built(
            *(training.registers(), self.programs(training), training.samples),
            timed=training.timed,
            settings=training.settings,
            remedy=self._remedy(),
            plan=training,
            external=training.external(),
        )

    def on_chip(self, training: Training, config: ChipConfig) -> Training:
        """Return a training with what the chip needs beside it to learn by itself; raises ChipLimitError."""
        return training

    def training(self, task: Any, config: ChipConfig, gateware: tuple[str, ...]) -> Training:
        """Return what is to be learned, for whoever trains; ``gateware`` is what that needs of the FPGA.

        ``task`` has ``inputs`` float64[n, inputs - 1] in 0..1, ``targets`` uint8[n], and ``ranges``.
        """
        check_gateware(self.name, config.fpga, gateware)
        check_has(self.name, task, LABELLED)
        settings, ranges = self.settings_on(config), task.ranges
        inputs, targets = task.inputs, task.targets
        self._check(settings, inputs, targets, ranges)
        plan = Plan(settings.epochs, settings.batch, ranges["train"], ranges["validation"], ranges["test"])
        duration_ns = self.recording_ns(settings, config)
        samples = encode(settings, self.placement, inputs, targets, duration_ns)
        return Training(settings, plan, self.placement, samples)

    def settings_on(self, config: ChipConfig) -> SampleSettings:
        """Return the settings with what they take from a chip: the latency of its router."""
        return dataclasses.replace(self.settings, latency_ns=config.router.on_chip_latency_ns)

    def _check(self, s: SampleSettings, inputs: np.ndarray, targets: np.ndarray, ranges: dict[str, range]) -> None:
        self._check_inputs(inputs.shape[1])
        if inputs.shape[1] != s.inputs - 1:
            raise ValueError(
                f"{self.name}: a sample has {inputs.shape[1]} inputs; a network of {s.inputs}, the last of which is a "
                f"bias, takes {s.inputs - 1}: let its first layer have {inputs.shape[1] + 1}"
            )
        if targets.max() >= s.readouts:
            raise ValueError(f"{self.name}: class {targets.max()} among {s.readouts} readouts; add readouts")
        if len(ranges["train"]) < s.batch:
            raise ValueError(f"{self.name}: {len(ranges['train'])} training samples are less than a batch of {s.batch}")

    def _check_inputs(self, inputs: int) -> None:
        if inputs >= c.DRIVERS:
            raise ValueError(
                f"{self.name}: a sample has {inputs} inputs; this rule takes {c.DRIVERS - 1} at most, which "
                f"with a bias have the {c.DRIVERS} synapse drivers of a hemisphere: give fewer, or write another rule"
            )

    def recording_ns(self, settings: SampleSettings, config: ChipConfig) -> int:
        """How long a sample is recorded, on a chip with these settings."""
        if isinstance(self.placement, DividedPlacement):
            return recording_ns(settings, config, DIVIDED_ARGUMENTS)
        return recording_ns(settings, config)

    def programs(self, training: Training) -> tuple[LayerProgram, LayerProgram]:
        """Return the top and the bottom program; raises ValueError for a network that only a host can train."""
        if self.network.depth != 2:
            raise ValueError(
                f"{self.name} on the chip serves networks of {self.served}, not {self.network!r}; "
                "train deeper ones from the host, with --where host, or a HostLoop in the place of the Host"
            )
        settings, plan, placement = training.settings, training.plan, training.placement
        if isinstance(placement, DividedPlacement):
            return self.divided_programs(settings, plan, placement)
        return self.hidden_program(settings, plan, placement), self.readout_program(settings, plan, placement)

    def _remedy(self) -> str:
        *hidden, (_, readouts) = self.network.layers
        return (
            f"{' + '.join(str(layer.size) for _, layer in hidden)} hidden neurons and {readouts.size} readouts are "
            f"too many for the program of {self.name}; use fewer hidden neurons or readouts"
        )

    def assumptions(self) -> list[Assumption]:
        latencies = "the firmware knows the configured latencies of gateware and router"
        known = [Assumption(latencies, "assumed to be calibrated", Direction.BETTER)]
        for layer, (linear, neurons) in enumerate(self.network.layers[:-1]):
            current_lsb = c.WEIGHT_MAX * linear.efficacy_lsb
            synapse = "hidden synapse" if self.network.depth == 2 else f"synapse of hidden layer {layer}"
            charge = (
                f"a {synapse} of weight {c.WEIGHT_MAX} brings {current_lsb:g} LSB of current, "
                f"{current_lsb / neurons.threshold_lsb:.0f} thresholds"
            )
            known.append(
                Assumption(charge, "assumed to be in reach of the synapse bias", Direction.BETTER, Weight.REACH)
            )
        return known

    # ------------------------------------------------------------------ what the host reads

    def status(self, chip: Chip, built: Built) -> Status:
        """Look at a learning chip: samples played, training accuracy of the last whole epoch."""
        plan, played = built.plan.plan, chip.player.played
        epoch = min(played // (plan.batches * plan.batch), plan.epochs) - 1
        accuracy = None
        if epoch >= 0:
            accuracy = accuracy_of(chip.external.view(report_address(epoch), c.VECTOR_BYTES))
        return Status(played, plan.samples, metrics={"train_accuracy": accuracy})

    def outcome(self, link: HostLink, built: Built) -> Outcome:
        """Read all reports over the host link.

        Metrics ``accuracy``, of the test samples, and ``validation_accuracy``; arrays ``train_accuracy``, of every
        epoch while learning; ``validation_predictions`` and ``test_predictions``, uint8 classes, empty where the split
        was not reached; ``hidden_shadow`` and ``readout_shadow``.
        """
        plan = built.plan.plan
        reports = [accuracy_of(report) for report in self.reports(link, plan)]
        trained = np.array([accuracy for accuracy in reports[: plan.epochs] if accuracy is not None], float)
        predicted = [
            link.read_external(predictions_address(number), 0 if reports[plan.epochs + number] is None else len(split))
            for number, split in enumerate(plan.evaluations())
        ]
        return Outcome(
            {"accuracy": reports[plan.epochs + 1], "validation_accuracy": reports[plan.epochs]},
            {
                "train_accuracy": Array(trained, "epoch"),
                "validation_predictions": Array(predicted[0], "sample"),
                "test_predictions": Array(predicted[1], "sample"),
                **self.shadow_arrays(link, built.plan),
            },
            curve="train_accuracy",
        )

    def shadow_arrays(self, link: HostLink, training: Training) -> dict[str, Array]:
        """Read the shadow weights of all layers."""
        hidden, readout = self.shadows(link, training)
        return {
            "hidden_shadow": Array(hidden, "input", "hidden"),
            "readout_shadow": Array(readout, "readout", "hidden"),
        }

    @staticmethod
    def shadows(link: HostLink, training: Training) -> tuple[np.ndarray, np.ndarray]:
        """Read int16[inputs, hidden] and int16[readouts, hidden] shadow weights."""
        rows = [link.read_sram(hemisphere, "shadow") for hemisphere in (c.TOP, c.BOTTOM)]
        if isinstance(training.placement, DividedPlacement):
            parts = training.placement.parts
            own = [weights.from_rows(its, len(part.neurons)) for its, part in zip(rows, parts, strict=True)]
            both = np.concatenate(own, axis=1)
            return both[: training.settings.inputs], both[training.settings.inputs :]
        hidden, readout = (weights.from_rows(its, training.settings.hidden) for its in rows)
        return hidden, readout

    @staticmethod
    def reports(link: HostLink, plan: Plan) -> list[np.ndarray]:
        """Read the counters of every epoch, then of validation and of test samples, int32[32] each."""
        addresses = [report_address(number) for number in range(plan.epochs + len(plan.evaluations()))]
        return [link.read_external(address, c.VECTOR_BYTES).view(np.int32) for address in addresses]


def accuracy_of(report: np.ndarray) -> float | None:
    """The fraction of right samples in a report; None where it was not reached."""
    counters = report.view(np.int32)
    seen = int(counters[SAMPLES])
    return int(counters[CORRECT]) / seen if seen else None
