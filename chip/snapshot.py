"""A snapshot of a whole chip: analog core, processors with their programs, FPGA, link and time, as one file.

It is taken between two steps of the environment: before a start, between ``chip.environment.step()`` calls, in a
progress function, or after a run. What a program's present operation does at its end is a value, so a program may be
anywhere. To go on from it gives the same bytes as to go on without it.

The code of programs is not in it: it is restored on a chip with the same configuration and the same programs loaded.
Registers and samples are.
"""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from chip.base.clock import Alarm
from chip.base.registers import Registers
from chip.base.saving import pack, replace_together, unpack
from chip.base.version import version
from chip.ppu.processor.saving import identity_of, restore_on, snapshot_of

FORMAT = 4
FLAGS = ("started", "stopped", "weight_overflows", "torn_reads", "keep_spikes", "plastic_drivers")
LINK = ("bytes", "starts", "round_trips", "pending", "refused")
CODES = ("codes", "ranges", "cadc_offset", "acausal_offset", "amplitude_trim", "time_trim")


class Snapshot:
    """What a chip is at a moment, as :meth:`chip.chip.Chip.snapshot` returns it.

    Attributes:
        tree: dicts, lists, numbers, text and arrays.
    """

    def __init__(self, tree: dict[str, Any]):
        self.tree = tree

    @property
    def now_ns(self) -> int:
        """The chip's time when it was taken."""
        return self.tree["clock"]["now"]

    def to_bytes(self) -> bytes:
        """Return the content of its file."""
        return pack(self.tree)

    def save(self, path: str | Path) -> None:
        """Write it into a file, whole or not at all.

        Raises:
            OSError: it cannot be written.
        """
        replace_together({Path(path): self.to_bytes()})

    @classmethod
    def load(cls, path: str | Path) -> Snapshot:
        """Read one from a file.

        Raises:
            ValueError: the file is damaged, no snapshot, or of another format. OSError: it cannot be read.
        """
        tree = unpack(Path(path).read_bytes(), f"snapshot {path}")
        if not isinstance(tree, dict) or tree.get("format") != FORMAT:
            found = tree.get("format") if isinstance(tree, dict) else None
            raise ValueError(
                f"snapshot {path} has the format {found}, of plasticore {tree.get('version', 'unknown')}; this is "
                f"{version()}, which reads format {FORMAT}: take it anew"
            )
        return cls(tree)


def take(chip) -> Snapshot:
    """Return a snapshot of a chip; see :meth:`chip.chip.Chip.snapshot`."""
    _check_quiescent(chip)
    clock = chip.environment
    return Snapshot(
        {
            "format": FORMAT,
            "version": version(),
            "config": dataclasses.asdict(chip.config),
            "registers": None if chip.registers is None else vars(chip.registers).copy(),
            "codes": _codes(chip),
            "clock": {"now": clock.now, "limit_ns": chip.limit_ns, "steps": clock.steps},
            "chip": {name: getattr(chip, name) for name in FLAGS},
            "counter_base": chip.counter_base.copy(),
            "core": None if chip.core is None else chip.core.snapshot(),
            "processors": [snapshot_of(processor) for processor in chip.processors],
            "external": chip.external.snapshot(),
            "player": chip.player.snapshot(),
            "executor": chip.executor.snapshot(),
            "writer": {"lost": chip.writer.lost, "written": chip.writer.written},
            "trace": chip.trace.snapshot(),
            "link": {name: copy.deepcopy(getattr(chip.link, name)) for name in LINK},
        }
    )


def restore(chip, snapshot: Snapshot) -> None:
    """Bring a chip to where a snapshot was taken; see :meth:`chip.chip.Chip.restore`."""
    tree = snapshot.tree
    _check_quiescent(chip)
    _check_alone(chip)
    _check_same(chip, tree)
    if tree["registers"] is not None:
        chip.configure(Registers(**tree["registers"]))
        chip.core.restore(tree["core"])
    clock, times = chip.environment, tree["clock"]
    clock.now, chip.limit_ns, clock.steps = times["now"], times["limit_ns"], times["steps"]
    for name in FLAGS:
        setattr(chip, name, tree["chip"][name])
    chip.counter_base[:] = tree["counter_base"]
    chip.player.restore(tree["player"])
    chip.executor.restore(tree["executor"], chip.core)
    chip.external.restore(tree["external"])
    chip.writer.lost, chip.writer.written = tree["writer"]["lost"], tree["writer"]["written"]
    chip.trace.restore(tree["trace"], chip.core)
    for name in LINK:
        setattr(chip.link, name, copy.deepcopy(tree["link"][name]))
    for processor, saved in zip(chip.processors, tree["processors"], strict=True):
        restore_on(processor, saved)
    chip.probes.restart()


def _check_quiescent(chip) -> None:
    """Refuse what stands in the middle of a step, or where somebody else is scheduled, too, as another chip is.

    Raises:
        RuntimeError: one of them.
    """
    clock = chip.environment
    if clock.stepping:
        raise RuntimeError(
            "this chip is in the middle of a step; take or restore a snapshot between two steps, for example in the "
            "progress function of run"
        )
    own = [processor.end for processor in chip.processors]
    others = [entry[-1] for entry in clock.queue if not isinstance(entry[-1], Alarm) or entry[-1] not in own]
    if any(isinstance(event, Alarm) for event in others):
        raise RuntimeError(
            "programs of other chips run on this chip's machine, which a snapshot of one chip cannot hold: let them "
            "end first, machine.run(), or give each chip a machine of its own"
        )
    if others:
        raise RuntimeError(
            f"{len(others)} events of somebody else wait in the chip's environment, which no snapshot can hold: let "
            "them happen first, or do not schedule any"
        )


def _check_alone(chip) -> None:
    """Refuse a chip that shares its clock, which goes to the time of the snapshot.

    Raises:
        RuntimeError: it does.
    """
    chips = len(chip.machine.chips)
    if chips > 1:
        raise RuntimeError(
            f"this chip is one of {chips} on its machine, whose time goes back or on where a snapshot is restored; "
            "restore it on a chip with a machine of its own"
        )


def _check_same(chip, tree: dict[str, Any]) -> None:
    """Refuse a snapshot of another configuration, calibration, or of other programs.

    Raises:
        ValueError: one of them.
    """
    for path in _differences(dataclasses.asdict(chip.config), tree["config"]):
        raise ValueError(
            f"the snapshot is of a chip with another {path}; restore it on a chip of the same configuration"
        )
    for processor, saved in zip(chip.processors, tree["processors"], strict=True):
        here, there = identity_of(processor), saved.get("program")
        if here != there:
            names = [f"program {one['name']}" if one else "no program" for one in (here, there)]
            raise ValueError(
                f"the {processor.name} PPU has {names[0]}, the snapshot is of {names[1]}"
                + (" with other code" if here and there and here["name"] == there["name"] else "")
                + "; load the same program first"
            )
    calibrated = chip.calibration is not None
    if tree["codes"] is not None:
        registers = Registers(**tree["registers"])
        same = calibrated and all(
            np.array_equal(getattr(chip.calibration.codes(registers), name), tree["codes"][name]) for name in CODES
        )
        if not same:
            raise ValueError("the snapshot is of a chip with a calibration; write the same calibration first")
    elif calibrated and tree["registers"] is not None:
        raise ValueError("the snapshot is of a chip without a calibration, and this one has one; build a new Chip")


def _codes(chip) -> dict[str, np.ndarray] | None:
    """Return what a calibration makes of the registers, None without one."""
    if chip.calibration is None or chip.registers is None:
        return None
    codes = chip.calibration.codes(chip.registers)
    return {name: getattr(codes, name) for name in CODES}


def _differences(one: Any, other: Any, path: str = "") -> Iterable[str]:
    """Yield the paths of what differs in two trees of settings; lists and tuples are the same."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in {**one, **other}:
            yield from _differences(one.get(key), other.get(key), f"{path}.{key}" if path else key)
    elif json.dumps(one) != json.dumps(other):
        yield path
