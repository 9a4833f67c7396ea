"""The host beside a chip: loads everything once, lets the chip learn by itself, reads what it left behind."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from chip import constants as c
from chip.chip import Chip
from chip.config import ChipConfig
from chip.fpga import SampleSet
from chip.link import HostLink
from chip.ppu.program import Program
from chip.registers import Registers
from host.replay import Replay, replay
from host.results import Result
from host.stopwatch import Stopwatch
from host.tasks import Task
from host.versions import versions


class LearningFirmware(Protocol):
    """What a host needs from a firmware that learns a task; :class:`chip.ppu.program.Firmware` and three methods."""

    name: str
    seed: int
    epochs: int

    def registers(self) -> Registers: ...

    def programs(self) -> tuple[Program | None, Program | None]: ...

    def assumptions(self) -> list[str]: ...

    def samples(
        self, inputs: np.ndarray, targets: np.ndarray, ranges: dict[str, range], config: ChipConfig
    ) -> SampleSet:
        """Encode inputs float64[n, inputs] in 0..1 and classes uint8[n] as events; called before the other methods.

        ``ranges`` says which samples are for ``"train"``, ``"validation"`` and ``"test"``; ``config`` is the chip's.
        """

    def timed_samples(self) -> range:
        """Which training samples show the speed, by order of playing: not those in which functions run first."""

    def status(self, chip: Chip) -> tuple[int, float | None]:
        """Look at a learning chip: samples that the program will play in all, training accuracy of the last epoch."""

    def decode(self, link: HostLink) -> dict[str, Any]:
        """Read the recordings: ``accuracy`` (test, None if it was not reached), ``train_accuracy``, further arrays."""


@dataclass(frozen=True)
class Status:
    """Where a learning chip is: samples played so far and in all, accuracy of the last epoch, simulated seconds."""

    samples: int
    samples_total: int
    accuracy: float | None
    chip_seconds: float


class Host:
    """Sets one chip up for one run.

    Life cycle: :meth:`load` writes registers, samples and programs over the host link; :meth:`run` starts the chip,
    waits for its exit codes while the link is closed, and reads the results.

        host = Host(Chip(ChipConfig.ideal(seed=1)))
        host.load(EventProp(epochs=10, seed=1), tasks.yin_yang())
        result = host.run()
    """

    def __init__(self, chip: Chip):
        self.chip = chip
        self._loaded: tuple[LearningFirmware, Task] | None = None
        self._registers: Registers | None = None
        self._load_seconds = 0.0

    def load(self, firmware: LearningFirmware, task: Task, progress: Callable[[int, int], None] | None = None) -> None:
        """Write everything that the chip needs, once: samples of all splits, registers, both programs.

        All kernels are compiled, or read from the cache; ``progress`` is called with their count so far and in all.

        Raises:
            ChipLimitError: the network, its samples or a program do not fit.
            RuntimeError: the host has loaded already.
        """
        if self._loaded is not None:
            raise RuntimeError(f"this host has loaded {self._loaded[0].name} already; build a new Chip and Host")
        begun = time.perf_counter()
        link = self.chip.link
        link.write_samples(firmware.samples(task.inputs, task.targets, task.ranges, self.chip.config))
        self._registers = firmware.registers()
        link.write_registers(self._registers)
        for hemisphere, program in zip((c.TOP, c.BOTTOM), firmware.programs(), strict=True):
            if program is not None:
                link.load_program(hemisphere, program)
        kernels = [kernel for processor in self.chip.processors for kernel in processor.bound_kernels()]
        for count, kernel in enumerate(kernels):
            if progress is not None:
                progress(count, len(kernels))
            kernel.compile()
        if progress is not None:
            progress(len(kernels), len(kernels))
        self._loaded = firmware, task
        self._load_seconds = time.perf_counter() - begun

    def run(self, progress: Callable[[Status], None] | None = None) -> Result:
        """Start the chip, wait until it has learned, and read the result.

        ``progress`` is called about ten times a second, and at the end, with a :class:`Status`. After an interrupt from
        the keyboard the result is what there is so far, with ``complete`` False.

        Raises:
            RuntimeError: nothing was loaded, or this chip has run already.
            ChipError: a program faulted, or a strict chip lost something.
        """
        firmware, task = self._need_loaded()
        self.chip.start()
        stopwatch = Stopwatch(self.chip, firmware.timed_samples(), self._load_seconds)
        started = time.perf_counter()
        with contextlib.suppress(KeyboardInterrupt):  # the chip knows that it was stopped
            self.chip.run(None if progress is None else lambda chip: progress(self.status()))
        wall_seconds = time.perf_counter() - started
        if progress is not None:
            progress(self.status())  # the last tenth of a second
        return read_result(self.chip, firmware, task, wall_seconds, stopwatch.stop())

    @property
    def task(self) -> Task:
        """What the chip learns."""
        return self._need_loaded()[1]

    def replay(self, result: Result, index: int) -> Replay:
        """Play sample ``index`` of the task once more, on a second chip of the same settings with learned weights."""
        self._need_loaded()
        return replay(self.chip.config, self._registers, result.weights, self.chip.player.samples, index)

    def status(self) -> Status:
        """Look at the chip, which changes nothing."""
        firmware, _ = self._need_loaded()
        total, accuracy = firmware.status(self.chip)
        return Status(self.chip.player.played, total, accuracy, self.chip.now_ns * 1e-9)

    def _need_loaded(self) -> tuple[LearningFirmware, Task]:
        if self._loaded is None:
            raise RuntimeError("the host has loaded nothing yet; call load(firmware, task) first")
        return self._loaded


def read_result(
    chip: Chip, firmware: LearningFirmware, task: Task, wall_seconds: float, speed: dict[str, Any]
) -> Result:
    """Read recordings, weights and counters over the link of a chip that has learned, or was interrupted."""
    recordings = firmware.decode(chip.link)
    accuracy = recordings.pop("accuracy")
    arrays = {name: np.asarray(values) for name, values in recordings.items()}
    arrays["weights"] = chip.link.read_weights()
    report = chip.report()
    return Result(
        task=task.name,
        rule=firmware.name,
        where="chip",
        chip=chip.config.profile,
        seed=firmware.seed,
        epochs=firmware.epochs,
        accuracy=accuracy,
        train_accuracy=[float(value) for value in arrays["train_accuracy"]],
        chip_seconds=report["chip_seconds"],
        wall_seconds=wall_seconds,
        ppu=report["ppu"],
        events=report["events"],
        losses=report["losses"],
        host_link=report["host_link"],
        samples=report["samples_played"],
        simpy_events=report["simpy_events"],
        speed=speed,
        assumptions=report["assumptions"] + firmware.assumptions(),
        versions=versions(),
        config=chip.config.to_dict(),
        complete=chip.finished,
        arrays=arrays,
    )
