"""What a picture needs beside a result: what the chip was loaded with, and a second chip to look at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from chip.base import constants as c
from chip.base.errors import ChipError
from chip.base.registers import ROW_BOTH, ROW_EXCITATORY, ROW_INHIBITORY, Registers
from chip.fpga.samples import SampleSet
from host.pictures.replay import Replay, opening, replay
from host.results.reading import Origin
from host.results.result import Result
from ppu_programs.network import Network, NetworkGraph, Projection, Sign
from ppu_programs.placement import GraphPlacement, place, place_layers

Weights = dict[str, tuple[np.ndarray, np.ndarray]]
SIDES = ("top hemisphere", "bottom hemisphere")


def view_of(result: Result) -> View | None:
    """Return how a result's host knows it; None of a result that was saved, or that came from another process."""
    return None if result.origin is None else View(result.origin)


class View:
    """A run as its host knows it.

    Attributes:
        firmware, task, built, config, calibration, where: as of :class:`host.results.reading.Origin`.
    """

    def __init__(self, origin: Origin):
        self.firmware, self.task, self.built = origin.firmware, origin.task, origin.built
        self.config, self.calibration, self.where = origin.config, origin.calibration, origin.where

    @property
    def registers(self) -> Registers:
        """Those that the chip was loaded with."""
        return self.built.registers

    @property
    def has_classes(self) -> bool:
        """Whether the samples of a task with classes were loaded, one for each, in their order."""
        samples, task = self.built.stimuli, self.task
        if not isinstance(samples, SampleSet) or not hasattr(task, "classes"):
            return False
        return np.array_equal(samples.tags, task.targets)

    # ------------------------------------------------------------------ activity

    def activity(self, weights: np.ndarray, sample: int | None) -> Replay | None:
        """What a second chip does: sample ``sample`` with these weights, or the run's opening where it is None.

        None where nothing happens at all.
        """
        try:
            if sample is not None and isinstance(self.built.stimuli, SampleSet):
                found = replay(self.config, self.registers, weights, self.built.stimuli, sample, self.calibration)
            elif self.where == "chip":
                found = opening(self.firmware, self.task, self.config, self.calibration)
            else:
                return None
        except ChipError:  # of a program that faults, which the report says
            return None
        return found

    def populations(self, found: Replay) -> dict[str, np.ndarray]:
        """Neurons of each population that is enabled, ``hemisphere * 256 + column``, by name."""
        placement = self._placement
        if isinstance(placement, GraphPlacement):
            return {name: c.COLUMNS * at.hemispheres + at.columns for name, at in placement.neurons.items()}
        hidden, readouts = found.layers
        if readouts.size:
            named = {"hidden": hidden, "readouts": readouts}
        else:
            named = {SIDES[side]: hidden[hidden // c.COLUMNS == side] for side in (c.TOP, c.BOTTOM)}
        return {name: neurons for name, neurons in named.items() if neurons.size}

    # ------------------------------------------------------------------ weights

    @cached_property
    def _placement(self) -> Any:
        """Where the firmware's network lies; None where it has none, or has put it elsewhere and does not say where."""
        if self.built.placement is not None:
            return self.built.placement
        network = getattr(self.firmware, "network", None)
        try:
            if isinstance(network, NetworkGraph):
                placement: Any = place(network)
            elif isinstance(network, Network):
                placement = place_layers(network)
            else:
                return None
        except (ValueError, ChipError):
            return None
        same = np.array_equal(placement.registers().row_mode, self.registers.row_mode)
        return placement if same else None

    def weights_of(self, after: np.ndarray) -> Weights:
        """Weights before and ``after``, uint8[2, 256, 256], by projection; empty where there are no synapses."""
        if self._placement is None:
            return _by_side(self.registers, after)
        pick = self._pickers(self._placement)
        found = {name: (of(self.registers.weights), of(after)) for name, of in pick.items()}
        return {name: pair for name, pair in found.items() if pair[1].size}

    def _pickers(self, placement: Any) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
        """By projection, what picks its weights from all of a chip."""
        if isinstance(placement, GraphPlacement):
            return {
                name: lambda all_of, k=k, p=p: _factor(p) * placement.load(all_of, k)[p.mask].astype(np.int64)
                for name, (k, p) in _named(placement.graph.projections).items()
            }
        hidden = placement.network.depth - 1
        names = ["onto hidden neurons"] if hidden == 1 else [f"onto hidden layer {k}" for k in range(hidden)]
        return {
            name: lambda all_of, k=k: placement.load(all_of, k).ravel()
            for k, name in enumerate([*names, "onto readouts"])
        }


def _named(projections: Sequence[Projection]) -> dict[str, tuple[int, Projection]]:
    """Projections and their places by what they are called; two between the same populations have their sign, too."""
    named = {}
    for k, p in enumerate(projections):
        alone = sum((other.source, other.target) == (p.source, p.target) for other in projections) == 1
        named[f"{p.source} to {p.target}" if alone else f"{p.source} to {p.target}, {p.sign}"] = (k, p)
    return named


def _factor(projection: Projection) -> int:
    """-1 where all of a projection inhibits, whose weights have no sign."""
    return -1 if projection.sign is Sign.INHIBITORY else 1


def _by_side(registers: Registers, after: np.ndarray) -> Weights:
    """Weights of each hemisphere onto neurons in use, by the signs of rows; of what changed where no row has one."""
    found = {}
    for side in (c.TOP, c.BOTTOM):
        columns = np.flatnonzero(registers.enabled[side])
        pair = [_signed(registers.row_mode[side], w[side][:, columns]) for w in (registers.weights, after)]
        if not pair[1].size:
            rows = (registers.weights[side] != after[side]).any(axis=1)
            pair = [w[side][rows].ravel().astype(np.int64) for w in (registers.weights, after)]
        if pair[1].size:
            found[SIDES[side]] = (pair[0], pair[1])
    return found


def _signed(modes: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """int64[n]: drivers with a row of each sign have their difference, others the weights of their rows.

    Args:
        modes: uint8[256], of the rows. weights: uint8[256, columns].
    """
    weights, pairs = weights.astype(np.int64), modes.reshape(-1, 2)
    signed = (pairs == (ROW_EXCITATORY, ROW_INHIBITORY)).all(axis=1)
    alone = modes * ~signed.repeat(2)
    parts = [
        weights[0::2][signed] - weights[1::2][signed],
        weights[(alone == ROW_EXCITATORY) | (alone == ROW_BOTH)],
        -weights[alone == ROW_INHIBITORY],
    ]
    return np.concatenate([part.ravel() for part in parts])
