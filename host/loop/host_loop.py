"""A host that trains the chip from outside, in the place of :class:`host.host.Host`."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from chip.base import constants as c
from chip.base.assumption import Assumption, Weight
from chip.chip import Chip
from chip.link import assumptions as link_assumptions
from host import rules
from host.contract import LearningFirmware
from host.host import Host, Status, read_result
from host.loop import methods
from host.loop.learner import Learner, ProgramEndedError, playback_for
from host.loop.methods.method import Method
from host.results import Result
from host.stopwatch import Stopwatch
from host.tasks import Task
from ppu_programs.two_layer.firmware import TwoLayerFirmware

PROGRESS_EVERY_S = 0.1
STANDING_STILL = Assumption("chip time stands still while the host and the link are at work", weight=Weight.CLOCK)


class HostLoop(Host):
    """Trains a chip with the network, encoding, batches and epochs of an on-chip rule, but from outside in float.

    The programs of the processors are those of :mod:`ppu_programs.playback`. The method is that of the rule's name.
    EventProp's trains networks of up to three hidden layers, ``EventProp(network=...)``. Spikes come from the trace
    buffer: ``fpga.spike_writer`` can be off, whose record of 254 spikes a sample a lively deep network overflows.

        host = HostLoop(Chip(ChipConfig.typical(seed=1)))
        host.load(EventProp(epochs=10, seed=1), tasks.yin_yang())
        result = host.run()          # result.where == "host", result.time["link_s"]

    Args:
        chip: as for a Host.
        method: in the place of the rule's own, see :mod:`host.loop.methods`.
    """

    def __init__(self, chip: Chip, method: Callable[..., Method] | None = None):
        super().__init__(chip)
        self._method = method
        self.learner: Learner | None = None
        self._over = False

    def _write(self, firmware: LearningFirmware, task: Task) -> None:
        if not isinstance(firmware, TwoLayerFirmware):
            raise ValueError(
                f"the rule {firmware.name} has no network that can be trained from the host; rules that can are "
                f"{', '.join(methods.names())}"
            )
        link = self.chip.link
        firmware.gateware = ("sample_player",)  # spikes come from the trace buffer
        samples = firmware.samples(task.inputs, task.targets, task.ranges, self.chip.config)
        settings = firmware.settings
        if self._method is None and rules.source_of(firmware) is not None:
            raise ValueError(
                f"{type(firmware).__name__} is a rule of your own, whose programs would not run: from the host our own "
                "methods train; hand over a method of yours, HostLoop(chip, method)"
            )
        method = (self._method or methods.method(firmware.name))(settings)
        link.write_samples(samples)
        self._registers = firmware.registers()
        link.write_registers(self._registers)
        programs = playback_for(settings, firmware.placement, method).programs(self.chip.config)
        for hemisphere, program in zip((c.TOP, c.BOTTOM), programs, strict=True):
            if program is not None:
                link.load_program(hemisphere, program)
        self.learner = Learner(link, method, settings, firmware.placement, firmware.plan, samples, firmware.seed)

    def _compile(self, progress: Callable[[int, int], None] | None) -> None:
        super()._compile(progress)
        self.learner.compile()

    def run(self, progress: Callable[[Status], None] | None = None) -> Result:
        """Train the chip and read the result; see :meth:`host.host.Host.run`.

        ``progress`` is called behind a run of the chip, at most about ten times a second.
        """
        firmware, task = self._need_loaded()
        if self.chip.started:
            raise RuntimeError("this chip was started already; build a new Chip and Host to learn again")
        stopwatch = Stopwatch(self.chip, self._timed, self._load_seconds)
        started = next_look = time.perf_counter()

        def look() -> None:
            nonlocal next_look
            if progress is not None and time.perf_counter() >= next_look:
                progress(self.status())
                next_look = time.perf_counter() + PROGRESS_EVERY_S

        with contextlib.suppress(KeyboardInterrupt, ProgramEndedError):  # the result says how it ended
            self.learner.learn(look)
        self._over = True
        self.chip.stopped |= not self.chip.finished  # wherever an interrupt came, the link is open
        wall_seconds = time.perf_counter() - started
        if progress is not None:
            progress(self.status())
        speed = stopwatch.stop() | self._apart()
        if speed["compile_seconds"] is not None:
            wall_seconds -= max(0.0, speed["compile_seconds"] - self._load_seconds)
        result = read_result(
            *(self.chip, firmware, task, wall_seconds, speed),
            recordings=self._recordings(),
            where="host",
            host_seconds=self.learner.host_seconds,
            complete=self.learner.finished,
        )
        result.assumptions += [STANDING_STILL, *link_assumptions(), *self.learner.method.assumptions()]
        if self.learner.learned:
            result.host_link["bytes_per_training_sample"] = self.learner.learned_traffic.nbytes / self.learner.learned
        result.rule_source = self._rule_source
        return result

    def _apart(self) -> dict[str, Any]:
        """What a training sample takes beside chip time; None where none was learned.

        The first start waits for the capacitor memory, as that of a chip that learns by itself does: loading has that.
        """
        learner = self.learner
        traffic, count = learner.learned_traffic.settled(), learner.learned

        def each_us(seconds: float) -> float | None:
            return seconds * 1e6 / count if count else None

        return {
            "link_us_per_sample": each_us(traffic.seconds(self.chip.config.link)),
            "link_us_per_sample_by_preset": {
                name: each_us(seconds) for name, seconds in traffic.seconds_by_preset().items()
            },
            "host_us_per_sample": each_us(learner.learned_host_seconds),
        }

    @property
    def over(self) -> bool:
        """Whether learning has ended."""
        return self._over

    def status(self) -> Status:
        """Where learning is."""
        learner, plan = self.learner, self.firmware.plan
        accuracy = learner.train_accuracy[-1] if learner.train_accuracy else None
        warm = learner.played > self._timed.start
        return Status(learner.played, plan.samples, accuracy, self.chip.now_ns * 1e-9, warm)

    def _recordings(self) -> dict[str, Any]:
        learner = self.learner
        validation = learner.accuracy(0)
        return {
            "accuracy": learner.accuracy(1),
            "validation_accuracy": np.nan if validation is None else validation,
            "train_accuracy": learner.train_accuracy,
            "train_loss": learner.losses,
            "validation_predictions": learner.predictions[0],
            "test_predictions": learner.predictions[1],
            **self._weights(),
        }

    def _weights(self) -> dict[str, np.ndarray]:
        """Shadow weights in 6-bit steps: [inputs, outputs] of hidden layers, with numbers if several; of readouts
        [readouts, hidden].
        """
        *hidden, readout = self.learner.weights
        names = ["hidden_weights"] if len(hidden) == 1 else [f"hidden_{k}_weights" for k in range(len(hidden))]
        return dict(zip(names, hidden, strict=True)) | {"readout_weights": readout.T}
