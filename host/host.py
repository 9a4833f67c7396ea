"""The host beside a chip: loads everything once, lets the chip learn by itself, reads what it left behind."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from chip import energy
from chip.base import constants as c
from chip.base.config.link import PRESETS
from chip.base.errors import ChipLimitError, Resource
from chip.base.registers import Registers
from chip.base.settings import Checked
from chip.chip import Chip
from chip.ppu.contract import assumptions_of, programs_of, registers_of
from host import contract, rules
from host.contract import LearningFirmware, missing_methods
from host.replay import Replay, replay
from host.results import Result
from host.stopwatch import Stopwatch
from host.tasks import Task
from host.versions import versions
from ppu_programs.network import Network


@dataclass(frozen=True)
class Status:
    """Where a learning chip is: samples played so far and in all, accuracy of the last epoch, simulated seconds."""

    samples: int
    samples_total: int
    accuracy: float | None
    chip_seconds: float
    warm: bool = True  # False while functions still compile at their first call


class Host:
    """Sets one chip up for one run.

    Life cycle: :meth:`load` writes registers, samples and programs over the host link; :meth:`run` starts the chip,
    waits for its exit codes while the link is closed, and reads the results.

        host = Host(Chip(ChipConfig.ideal(seed=1)))
        host.load(EventProp(epochs=10, seed=1), tasks.yin_yang())
        result = host.run()
    """

    def __init__(self, chip: Chip):
        if not isinstance(chip, Chip):
            raise TypeError(f"a Host needs a Chip, not a {type(chip).__name__}; write Host(Chip(config))")
        self.chip = chip
        self._broken = False  # a load that failed half-way
        self._timed = range(0)
        self._loaded: tuple[LearningFirmware, Task] | None = None
        self._registers: Registers | None = None
        self._load_seconds = 0.0
        self._rule_source: dict[str, Any] | None = None

    def load(
        self,
        firmware: LearningFirmware,
        task: Task,
        progress: Callable[[int, int], None] | None = None,
        compiling: bool = True,
    ) -> None:
        """Write everything that the chip needs, once: samples of all splits, registers, both programs.

        All kernels and the tasks of both programs are compiled, or read from the cache; ``progress`` is called with
        their count so far and in all.
        Without ``compiling`` they will be at their first call: a quick way to see whether everything fits.

        Raises:
            ChipLimitError: the network, its samples or a program do not fit.
            ValueError: the firmware cannot learn this task on this chip, or declares what cannot be meant.
            TypeError: not a firmware, or not a task.
            RuntimeError: this host or its chip was loaded already.

        After any error nothing can run: this host and its chip are of no further use.
        """
        _check_types(firmware, task)
        contract.check_later_methods(firmware)
        if self._broken:
            raise RuntimeError("loading failed before and left this chip half loaded; build a new Chip and Host")
        if self._loaded is not None:
            raise RuntimeError(f"this host has loaded {self._loaded[0].name} already; build a new Chip and Host")
        if self.chip.player.samples is not None or self.chip.started:
            raise RuntimeError("this chip was loaded by another host already; build a new Chip and Host")
        begun = time.perf_counter()
        self._rule_source = rules.source_of(firmware)
        try:
            self._write(firmware, task)
            self._timed = contract.timed_samples_of(firmware)
            if compiling:
                self._compile(progress)
        except BaseException:
            self._broken = True
            for processor in self.chip.processors:
                processor.unload()  # so that nobody can start a chip with half of what it needs
            raise
        self._loaded = firmware, task
        self._load_seconds = time.perf_counter() - begun

    def _write(self, firmware: LearningFirmware, task: Task) -> None:
        link = self.chip.link
        samples = contract.samples_of(firmware, task, self.chip)
        self._registers = registers_of(firmware)
        programs = programs_of(firmware)  # a rule that refuses does so before anything is written
        assumptions_of(firmware)
        link.write_samples(samples)
        link.write_registers(self._registers)
        for hemisphere, program in zip((c.TOP, c.BOTTOM), programs, strict=True):
            if program is not None:
                with self._remedy_for(firmware, hemisphere):
                    link.load_program(hemisphere, program)

    @contextlib.contextmanager
    def _remedy_for(self, firmware: LearningFirmware, hemisphere: int) -> Iterator[None]:
        """Say of a program of ours that is too large for its memory what whoever chose the network can do."""
        try:
            yield
        except ChipLimitError as error:
            network = getattr(firmware, "network", None)
            if self._rule_source is not None or network is None or error.resource != Resource.SRAM:
                raise
            *hidden, (_, readouts) = network.layers
            remedy = (
                f"{' + '.join(str(layer.size) for _, layer in hidden)} hidden neurons and {readouts.size} readouts are "
                f"too many for the program of {firmware.name}; use fewer hidden neurons or readouts"
            )
            name = self.chip.processors[hemisphere].name
            where = f"SRAM of the {name} PPU"
            raise ChipLimitError(Resource.SRAM, where, error.used, error.size, "bytes", remedy) from error

    def _compile(self, progress: Callable[[int, int], None] | None) -> None:
        processors = [processor for processor in self.chip.processors if processor.program is not None]
        kernels = [kernel for processor in processors for kernel in processor.bound_kernels()]
        parts = [*kernels, *(processor.flow for processor in processors)]
        for count, part in enumerate(parts):
            if progress is not None:
                progress(count, len(parts))
            part.compile()
        if progress is not None:
            progress(len(parts), len(parts))

    def run(self, progress: Callable[[Status], None] | None = None) -> Result:
        """Start the chip, wait until it has learned, and read the result.

        ``progress`` is called about ten times a second, and at the end, with a :class:`Status`. After an interrupt from
        the keyboard the result is what there is so far, with ``complete`` False; so it is after a program that the
        watchdog stopped or that ended with an exit code other than 0.

        Raises:
            RuntimeError: nothing was loaded, or this chip has run already.
            ChipError: a program faulted, or a strict chip lost something.
        """
        firmware, task = self._need_loaded()
        if self.chip.started:
            raise RuntimeError("this chip was started already; build a new Chip and Host to learn again")
        self.chip.start()
        stopwatch = Stopwatch(self.chip, self._timed, self._load_seconds)
        started = time.perf_counter()
        with contextlib.suppress(KeyboardInterrupt):  # the chip knows that it was stopped
            self.chip.run(None if progress is None else lambda chip: progress(self.status()))
        wall_seconds = time.perf_counter() - started
        if progress is not None:
            progress(self.status())  # the last tenth of a second
        speed = stopwatch.stop()
        if speed["compile_seconds"] is not None:  # of loading, which is over, and of first calls
            wall_seconds -= max(0.0, speed["compile_seconds"] - self._load_seconds)
        result = read_result(self.chip, firmware, task, wall_seconds, speed)
        result.rule_source = self._rule_source
        return result

    @property
    def over(self) -> bool:
        """Whether learning has ended, or was stopped."""
        return self.chip.stopped or self.chip.finished

    @property
    def firmware(self) -> LearningFirmware:
        """What was loaded."""
        return self._need_loaded()[0]

    @property
    def task(self) -> Task:
        """What the chip learns."""
        return self._need_loaded()[1]

    @property
    def spiking_neurons(self) -> int:
        """How many neurons can spike: the hidden ones, and readouts with a threshold."""
        self._need_loaded()
        return int((self._registers.enabled & self._registers.spiking).sum())

    def replay(self, result: Result, index: int) -> Replay:
        """Play sample ``index`` of the task once more, on a second chip of the same settings with learned weights."""
        self._need_loaded()
        samples, calibration = self.chip.player.samples, self.chip.calibration
        return replay(self.chip.config, self._registers, result.weights, samples, index, calibration)

    def status(self) -> Status:
        """Look at the chip, which changes nothing."""
        firmware, _ = self._need_loaded()
        total, accuracy = contract.status_of(firmware, self.chip)
        played = self.chip.player.played
        warm = not self._timed or played > self._timed.start
        return Status(played, total, accuracy, self.chip.now_ns * 1e-9, warm)

    def _need_loaded(self) -> tuple[LearningFirmware, Task]:
        if self._loaded is None:
            if self._broken:
                raise RuntimeError("loading failed, nothing can run; build a new Chip and Host")
            raise RuntimeError("the host has loaded nothing yet; call load(firmware, task) first")
        return self._loaded


def _check_types(firmware: object, task: object) -> None:
    if isinstance(firmware, type):
        raise TypeError(f"the class {firmware.__name__} is not a firmware; make one: {firmware.__name__}(...)")
    missing = missing_methods(firmware)
    missing += [name for name in LearningFirmware.__annotations__ if not hasattr(firmware, name)]
    if missing:
        raise TypeError(f"{firmware!r} is not a firmware that learns: it has no {' and no '.join(missing)}")
    if isinstance(task, Task):
        return
    remedy = "hand over a host.tasks.Task"
    if isinstance(task, str):
        remedy = f"write tasks.load({task!r})"
    elif callable(task):
        remedy = f"call it: {getattr(task, '__name__', 'task')}()"
    raise TypeError(f"the task is {task!r}; {remedy}")


def read_result(
    chip: Chip,
    firmware: LearningFirmware,
    task: Task,
    wall_seconds: float,
    speed: dict[str, Any],
    recordings: dict[str, Any] | None = None,
    where: str = "chip",
    host_seconds: float = 0.0,
    complete: bool = True,
) -> Result:
    """Read recordings, weights and counters over the link of a chip that has learned, or was interrupted.

    A host that learns brings the recordings, with the time of its own arithmetic, and whether it is done.
    """
    recordings = contract.recordings_of(firmware, chip.link) if recordings is None else recordings
    accuracy = recordings.pop("accuracy")
    arrays = {name: np.asarray(values) for name, values in recordings.items()}
    arrays["weights"] = chip.link.read_weights()
    report = chip.report()
    exit_codes = report["ppu"]["exit_codes"].values()
    alone = {"link_us_per_sample": 0.0, "link_us_per_sample_by_preset": dict.fromkeys(PRESETS, 0.0)}
    speed = alone | {"host_us_per_sample": 0.0} | speed  # of a chip that learns by itself
    link_seconds = report["host_link"]["seconds"]
    waited_us = sum(speed[f"{part}_us_per_sample"] or 0.0 for part in ("link", "host"))
    return Result(
        task=task.name,
        task_source=task.source,
        rule=firmware.name,
        where=where,
        chip=chip.config.profile + _calibrated(chip),
        seed=firmware.seed,
        epochs=firmware.epochs,
        accuracy=accuracy,
        train_accuracy=[float(value) for value in arrays["train_accuracy"]],
        chip_seconds=report["chip_seconds"],
        time={"chip_s": report["chip_seconds"], "link_s": link_seconds, "host_s": host_seconds},
        wall_seconds=wall_seconds,
        ppu=report["ppu"],
        events=report["events"],
        losses=report["losses"],
        host_link=report["host_link"],
        samples=report["samples_played"],
        samples_total=contract.status_of(firmware, chip)[0],
        simpy_events=report["simpy_events"],
        speed=speed,
        assumptions=report["assumptions"] + energy.assumptions() + assumptions_of(firmware),
        versions=versions(),
        config=chip.config.to_dict(),
        network=network.to_dict() if isinstance(network := getattr(firmware, "network", None), Network) else None,
        settings=_plain(settings) if isinstance(settings := getattr(firmware, "settings", None), Checked) else None,
        complete=complete and chip.finished and all(code == 0 for code in exit_codes),
        energy=energy.energy(
            report["chip_seconds"], speed["chip_us_per_sample"], link_seconds + host_seconds, waited_us
        ),
        calibration=_calibration(chip),
        arrays=arrays,
    )


def _plain(settings: Checked) -> dict[str, Any]:
    """Return settings by name; a network has its own place in a result."""
    return {name: value for name, value in asdict(settings).items() if not isinstance(value, Network)}


def _calibrated(chip: Chip) -> str:
    """Return what a chip's name is followed by: nothing where its neurons have no codes."""
    if not chip.config.capmem.used:
        return ""
    return ", uncalibrated" if chip.calibration is None else ", calibrated"


def _calibration(chip: Chip) -> dict[str, Any] | None:
    used = chip.calibration
    if used is None:
        return None
    origin = {"file": used.file, "sha256": used.sha256}  # None where it was measured by this process
    return {**origin, "chip": chip.config.profile, "chip_seed": used.chip["seed"], "plasticore": used.version}
