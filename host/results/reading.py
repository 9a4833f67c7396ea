"""From a chip that has run, or was interrupted, to a :class:`host.results.result.Result`."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np

from chip import energy
from chip.base.config import ChipConfig
from chip.base.config.link import PRESETS
from chip.calibration.calibration import Calibration
from chip.chip import Chip
from host.results.result import Result
from host.results.versions import versions
from ppu_programs.contract import Built, Firmware, Outcome, Status
from ppu_programs.contract.asking import WEIGHTS, assumptions_of
from ppu_programs.network import Network, NetworkGraph

NETWORKS = (Network, NetworkGraph)
WEIGHT_AXES = ("hemisphere", "row", "column")


@dataclass(frozen=True, eq=False)
class Load:
    """What a chip was loaded with.

    Attributes:
        firmware, task, built: the task is None where none is learned.
        seconds: of wall time that loading took.
        rule_source: class and files of a user's firmware, see :func:`host.firmware.source.source_of`.
    """

    firmware: Firmware
    task: Any
    built: Built
    seconds: float
    rule_source: dict[str, Any] | None


@dataclass(frozen=True, eq=False)
class Origin:
    """What a result came from, for those who look at it once more: what was loaded onto which chip, and who learned.

    Attributes:
        firmware, task, built, where: as of :class:`Load` and of the result.
        config, calibration: the chip's.
    """

    firmware: Firmware
    task: Any
    built: Built
    config: ChipConfig
    calibration: Calibration | None
    where: str


def result_of(
    chip: Chip,
    load: Load,
    outcome: Outcome,
    status: Status,
    speed: dict[str, Any],
    wall_seconds: float,
    where: str = "chip",
    host_seconds: float = 0.0,
    complete: bool = True,
) -> Result:
    """Read weights and counters over the link, and put them beside what the firmware has read.

    A host that learns says ``where``, the time of its own arithmetic, and whether it is done.
    """
    arrays, axes = _arrays(chip, outcome)
    report, firmware, settings = chip.report(), load.firmware, settings_of(load.firmware, load.built)
    exit_codes = report["ppu"]["exit_codes"].values()
    alone = {"link_us_per_sample": 0.0, "link_us_per_sample_by_preset": dict.fromkeys(PRESETS, 0.0)}
    speed = alone | {"host_us_per_sample": 0.0} | speed  # of a chip that learns by itself
    link_seconds = report["host_link"]["seconds"]
    waited_us = sum(speed[f"{part}_us_per_sample"] or 0.0 for part in ("link", "host"))
    result = Result(
        task=getattr(load.task, "name", None),
        task_source=getattr(load.task, "source", None),
        rule=firmware.name,
        where=where,
        chip=chip.config.profile + _calibrated(chip),
        seed=settings.get("seed"),
        epochs=settings.get("epochs"),
        metrics={name: None if value is None else float(value) for name, value in outcome.metrics.items()},
        curve=outcome.curve,
        axes=axes,
        progress={"done": status.done, "total": status.total, "unit": status.unit},
        chip_seconds=report["chip_seconds"],
        time={"chip_s": report["chip_seconds"], "link_s": link_seconds, "host_s": host_seconds},
        wall_seconds=wall_seconds,
        ppu=report["ppu"],
        events=report["events"],
        losses=report["losses"],
        fabric=report["fabric"],
        host_link=report["host_link"],
        samples=report["samples_played"],
        simpy_events=report["simpy_events"],
        speed=speed,
        assumptions=report["assumptions"] + energy.assumptions() + assumptions_of(firmware),
        versions=versions(),
        config=chip.config.to_dict(),
        network=network.to_dict() if isinstance(network := getattr(firmware, "network", None), NETWORKS) else None,
        settings=settings,
        complete=complete and chip.finished and all(code == 0 for code in exit_codes),
        rule_source=load.rule_source,
        energy=energy.energy(
            report["chip_seconds"], speed["chip_us_per_sample"], link_seconds + host_seconds, waited_us
        ),
        calibration=_calibration(chip),
        arrays=arrays,
    )
    result.origin = Origin(firmware, load.task, load.built, chip.config, chip.calibration, where)
    return result


def _arrays(chip: Chip, outcome: Outcome) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """All arrays by name, and the names of their axes."""
    arrays = {name: array.values for name, array in outcome.arrays.items()}
    axes = {name: list(array.axes) for name, array in outcome.arrays.items()}
    return arrays | {WEIGHTS: chip.link.read_weights()}, axes | {WEIGHTS: list(WEIGHT_AXES)}


def settings_of(firmware: Firmware, built: Built) -> dict[str, Any]:
    """Settings by name, as they held on this chip; a network has its own place in a result."""
    settings = firmware.settings if built.settings is None else built.settings
    found = {field.name: getattr(settings, field.name) for field in dataclasses.fields(settings)}
    return {name: _plain(value) for name, value in found.items() if not isinstance(value, NETWORKS)}


def _plain(value: Any) -> Any:
    """Return a setting as JSON has it; what that does not know is shown in words."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    return value if isinstance(value, bool | int | float | str | None) else repr(value)


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
