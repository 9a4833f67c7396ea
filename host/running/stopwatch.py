"""What a training sample takes, on the chip and on this machine, without compilation and without evaluation.

The clock runs from the request of the first timed sample to the request of the sample behind the last timed one, so
that weight updates and reports in between count, each in both clocks. Which samples are timed is the firmware's word:
training samples only, from where on every function has run once. An interrupted run is timed up to its interrupt.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

from chip.base import constants as c
from chip.chip import Chip

US_PER_CYCLE = c.PPU_CLOCK_NS * 1e-3

# part of a PPU's time in reports -> kinds of operation that its busy cycles are counted under
PARTS = {
    "fetch": ("cadc", "external load"),
    "kernel": ("kernel",),
    "write": ("weights", "external store", "neuron reset"),
    "send": ("omnibus",),
    "control": ("control",),
}
NOT_BUSY = ("play", "wait")  # kinds whose cycles go with what the PPU waits for


@dataclass(frozen=True)
class Lap:
    """Where the clocks stand at one moment: samples played, wall seconds, chip time, playing time, busy cycles."""

    samples: int
    wall_seconds: float
    chip_ns: int
    playing_ns: int
    busy_cycles: dict[str, Counter[str]]  # by PPU, then by kind of operation


class Stopwatch:
    """Takes two laps of a chip that learns; it looks, and changes nothing.

    Args:
        chip: loaded, not yet started.
        timed: which samples are timed, by the order of playing.
        load_seconds: wall time that loading took, for ``compile_seconds``.
        plays: how often each of them is played.
    """

    def __init__(self, chip: Chip, timed: range, load_seconds: float = 0.0, plays: int = 1):
        self.chip, self.timed, self.load_seconds, self.plays = chip, timed, load_seconds, plays
        self._first: Lap | None = None
        self._last: Lap | None = None
        if timed:
            chip.feed.samples.append(self._look)
        self._started = time.perf_counter()

    def stop(self) -> dict[str, Any]:
        """Return ``speed`` as ``result.json`` has it; values are None where no timed sample was played.

        ``samples``: how many were timed. ``wall_us_per_sample``, ``chip_us_per_sample``: what each took.
        ``compile_seconds``: wall time of loading and of what ran before the first timed sample, less what those samples
        take later. ``chip_parts``: by PPU, what it did in ``chip_us_per_sample``; the parts add up to it.
        """
        if self._first is not None and self._last is None:
            self._last = self._lap(self.chip.now_ns)
        first, last = self._first, self._last
        if first is None or last is None or last.samples == first.samples:
            names = ("wall_us_per_sample", "chip_us_per_sample", "compile_seconds")
            return {"samples": 0, **dict.fromkeys(names), "chip_parts": {}}
        count = (last.samples - first.samples) / self.plays
        wall_seconds = (last.wall_seconds - first.wall_seconds) / count
        before_seconds = self.load_seconds + first.wall_seconds - self._started
        return {
            "samples": int(count),
            "wall_us_per_sample": wall_seconds * 1e6,
            "chip_us_per_sample": (last.chip_ns - first.chip_ns) * 1e-3 / count,
            "compile_seconds": max(0.0, before_seconds - first.samples / self.plays * wall_seconds),
            "chip_parts": {name: self._parts(name, first, last) for name in first.busy_cycles},
        }

    def snapshot(self) -> dict[str, Any]:
        """Return both laps, as plain values; wall time counts from the start of the watch."""
        return {name: _as_data(lap, self._started) for name, lap in (("first", self._first), ("last", self._last))}

    def restore(self, saved: dict[str, Any], elapsed_seconds: float) -> None:
        """Take back what :meth:`snapshot` returned after so much wall time, which counts as if it had just passed."""
        self._started = time.perf_counter() - elapsed_seconds
        self._first, self._last = (_from_data(saved[name], self._started) for name in ("first", "last"))
        if self._last is not None:
            self.chip.feed.samples.remove(self._look)

    def _look(self, played: int, index: int, request_ns: int, zero_ns: int, end_ns: int) -> None:
        """Take a lap at the request of the first timed sample, and of the one behind the last."""
        if played == self.timed.start:
            self._first = self._lap(request_ns)
        elif played == self.timed.stop:
            self._last = self._lap(request_ns)
            self.chip.feed.samples.remove(self._look)

    def _lap(self, chip_ns: int) -> Lap:
        chip = self.chip
        busy = {p.name: Counter(p.cycles) for p in chip.processors if p.program is not None}
        return Lap(chip.player.played, time.perf_counter(), chip_ns, chip.player.playing_ns, busy)

    def _parts(self, name: str, first: Lap, last: Lap) -> dict[str, float]:
        """Microseconds of one PPU a sample: it plays (where it conducts), works, or waits."""
        count = (last.samples - first.samples) / self.plays
        cycles = last.busy_cycles[name] - first.busy_cycles[name]
        play_us = cycles["play"] * US_PER_CYCLE / count  # the requests
        parts = {"play": play_us + self._sample_us(first, last) if play_us else 0.0}
        parts |= {part: sum(cycles[kind] for kind in kinds) * US_PER_CYCLE / count for part, kinds in PARTS.items()}
        known = {kind for kinds in PARTS.values() for kind in kinds}
        other = sum(number for kind, number in cycles.items() if kind not in known and kind not in NOT_BUSY)
        if other:
            parts["other"] = other * US_PER_CYCLE / count
        parts["wait"] = (last.chip_ns - first.chip_ns) * 1e-3 / count - sum(parts.values())
        return parts

    def _sample_us(self, first: Lap, last: Lap) -> float:
        """From the end of the request of a sample to its doorbell, all its plays together."""
        fpga = self.chip.config.fpga
        playing_us = (last.playing_ns - first.playing_ns) * 1e-3 / (last.samples - first.samples)
        return self.plays * (playing_us + (fpga.writer_latency_ns + fpga.doorbell_latency_ns) * 1e-3)


def _as_data(lap: Lap | None, started: float) -> dict[str, Any] | None:
    if lap is None:
        return None
    busy = {name: dict(cycles) for name, cycles in lap.busy_cycles.items()}
    return vars(lap) | {"busy_cycles": busy, "wall_seconds": lap.wall_seconds - started}


def _from_data(saved: dict[str, Any] | None, started: float) -> Lap | None:
    if saved is None:
        return None
    busy = {name: Counter(cycles) for name, cycles in saved["busy_cycles"].items()}
    return Lap(**{**saved, "busy_cycles": busy, "wall_seconds": saved["wall_seconds"] + started})
