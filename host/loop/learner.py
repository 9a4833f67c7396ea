"""The loop: play a batch, read what was recorded, compute a gradient in float, write weights.

It has a link and nothing else of the chip: whatever it knows has crossed the link or was written by it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chip.base import constants as c
from chip.base.config.link import Start
from chip.base.traffic import Traffic
from chip.link import HostLink
from host.loop.adam import Adam
from host.loop.methods.method import Gradient, Method
from host.loop.observation import Observation, Stimuli, order_spikes, silence
from host.loop.synapses import Synapses, to_steps
from ppu_programs.contract import Array, Outcome, Status
from ppu_programs.observing import Observing
from ppu_programs.placement import Placement
from ppu_programs.two_layer import weights
from ppu_programs.two_layer.settings import WEIGHT_STEP, SampleSettings
from ppu_programs.two_layer.training import Training

EVALUATED_AT_ONCE = 250  # samples of one run where nothing is learned
Hook = Callable[[], None]
SAVED = (
    *("train_accuracy", "losses", "predictions", "host_seconds", "learned_host_seconds", "played", "learned"),
    "finished",
)


@dataclass
class Place:
    """Where in its plan a learner is.

    Attributes:
        begun, learned: whether training was begun, and is over.
        epoch, batch: the next one; order: of the samples of this epoch, None before it.
        right, loss: of this epoch so far.
        split: the evaluation that is next, or under way; found: what it has found so far.
    """

    begun: bool = False
    learned: bool = False
    epoch: int = 0
    batch: int = 0
    order: np.ndarray | None = None
    right: int = 0
    loss: float = 0.0
    split: int = 0
    found: list[np.ndarray] = field(default_factory=list)

    def next_epoch(self) -> None:
        self.epoch, self.batch, self.order, self.right, self.loss = self.epoch + 1, 0, None, 0, 0.0


def observing_for(settings: SampleSettings, placement: Placement, method: Method) -> Observing:
    """What the processors have to do for a method."""
    room = max(settings.batch, EVALUATED_AT_ONCE)
    readouts, conversions = 0 if method.spiking_readouts else placement.network.outputs, method.conversions
    place = placement.layers[-1]
    return Observing(
        *(room, readouts, settings.settle_ns, conversions.count, conversions.first_ns, conversions.period_ns),
        *(place.hemisphere, place.half),
    )


class ProgramEndedError(Exception):
    """A program of the chip was stopped by its watchdog, or ended with another exit code than 0."""


class Learner:
    """Trains a chip that is loaded with a network, its samples and the programs of :func:`observing_for`.

    Attributes:
        weights: float64[inputs, outputs] of each layer, shadow weights in 6-bit steps.
        train_accuracy, losses: of the training samples as seen while learning, one per whole epoch; losses in nats.
        predictions: uint8 classes of the validation and of the test samples, empty where they were not reached.
        host_seconds: wall time of the host's own arithmetic.
        learned, learned_traffic: training samples so far, and what crossed the link for them, stimuli included;
            learned_host_seconds: host time of them; neither has evaluation.
        played: samples so far, those for evaluation included; finished: whether all were played.
    """

    def __init__(
        self,
        link: HostLink,
        method: Method,
        training: Training,
    ):
        settings, placement, plan = training.settings, training.placement, training.plan
        self.link, self.method, self.settings, self.placement, self.plan = link, method, settings, placement, plan
        self.stimuli, seed = Stimuli(training.samples, placement), settings.seed
        self.observing = observing_for(settings, placement, method)
        shadows = weights.initial_shadows(placement.network, seed)
        self.weights = [shadow / float(WEIGHT_STEP) for shadow in shadows]
        self._steps = [weights.steps(shadow) for shadow in shadows]
        self._synapses = Synapses(placement, self._steps)
        learning, updates = method.learning, plan.epochs * plan.batches
        rates = [learning.rate] * (len(shadows) - 1) + [learning.readout_rate]
        self._adams = [
            Adam(of_layer, rate, updates, learning.memory, learning.square_memory, float(c.WEIGHT_MAX))
            for of_layer, rate in zip(self.weights, rates, strict=True)
        ]
        self._order = np.random.default_rng(np.random.SeedSequence([seed, 1]))
        self.train_accuracy: list[float] = []
        self.losses: list[float] = []
        self.predictions = [np.zeros(0, np.uint8) for _ in plan.evaluations()]
        self._place = Place()
        self.host_seconds = self.learned_host_seconds = 0.0
        self.played = self.learned = 0
        self.learned_traffic = Traffic()
        self.finished = False

    def learn(self, on_run: Hook = lambda: None, behind_batch: Hook = lambda: None) -> None:
        """Train for all epochs, then evaluate, or go on with it from where the learner is.

        ``on_run`` is called behind every run of the chip, ``behind_batch`` where :meth:`snapshot` may be taken.

        Raises:
            ProgramEndedError: what was learned so far stays.
        """
        place = self._place
        if not place.begun:
            self.link.record_trace(True)
            place.begun = True
        while place.epoch < self.plan.epochs:
            self._learn_epoch(on_run, behind_batch)
        if not place.learned:
            self.link.record_trace(self.method.spiking_readouts)
            place.learned = True
        for index, split in enumerate(self.plan.evaluations()):
            if index == place.split:
                self.predictions[index] = self._evaluate(np.arange(split.start, split.stop), on_run, behind_batch)
                place.split, place.found = index + 1, []
        self.finished = True

    def compile(self) -> None:
        """Compile the method, or read it from the cache, so that nobody takes the time for arithmetic."""
        self._gradient(silence(self.placement.network, self.method.conversions.count))

    def accuracy(self, index: int) -> float | None:
        """The fraction of right predictions of evaluation 0, validation, or 1, test; None where it was not reached."""
        split, found = self.plan.evaluations()[index], self.predictions[index]
        return float(np.mean(found == self.stimuli.targets[split.start : split.stop])) if len(found) else None

    def status(self) -> Status:
        """Samples played, and the accuracy of the last whole epoch."""
        accuracy = self.train_accuracy[-1] if self.train_accuracy else None
        return Status(self.played, self.plan.samples, metrics={"train_accuracy": accuracy})

    def outcome(self) -> Outcome:
        """What has been learned so far, with the names that on-chip rules have for it.

        Beside these ``train_loss`` in nats, and shadow weights in 6-bit steps: [inputs, outputs] of hidden layers, with
        numbers if several; of readouts [readouts, hidden].
        """
        *hidden, readout = self.weights
        names = ["hidden_weights"] if len(hidden) == 1 else [f"hidden_{k}_weights" for k in range(len(hidden))]
        shadows = {name: Array(layer, "input", "output") for name, layer in zip(names, hidden, strict=True)}
        return Outcome(
            {"accuracy": self.accuracy(1), "validation_accuracy": self.accuracy(0)},
            {
                "train_accuracy": Array(np.array(self.train_accuracy, float), "epoch"),
                "train_loss": Array(np.array(self.losses, float), "epoch"),
                "validation_predictions": Array(self.predictions[0], "sample"),
                "test_predictions": Array(self.predictions[1], "sample"),
                **shadows,
                "readout_weights": Array(readout.T, "readout", "hidden"),
            },
            curve="train_accuracy",
        )

    def _gradient(self, seen: Observation) -> Gradient:
        return self.method.gradient(seen, [steps.astype(float) for steps in self._steps])

    def _learn_epoch(self, on_run: Hook, behind_batch: Hook) -> None:
        plan, place = self.plan, self._place
        if place.order is None:
            place.order = plan.train.start + self._order.permutation(len(plan.train))
        while place.batch < plan.batches:
            self._learn_batch(place.order[place.batch * plan.batch : (place.batch + 1) * plan.batch], on_run)
            place.batch += 1
            if place.batch < plan.batches:  # else behind the epoch
                behind_batch()
        self.train_accuracy.append(place.right / (plan.batches * plan.batch))
        self.losses.append(place.loss / plan.batches)
        place.next_epoch()
        behind_batch()

    def _learn_batch(self, numbers: np.ndarray, on_run: Hook) -> None:
        before = self.link.crossed
        seen = self._observe(numbers)
        on_run()
        begun = time.perf_counter()
        gradient = self._gradient(seen)
        for adam, by_weight in zip(self._adams, gradient.by_weight, strict=True):
            adam.step(by_weight)
        into_hidden = self.weights[0]
        np.clip(into_hidden + gradient.lift, -c.WEIGHT_MAX, c.WEIGHT_MAX, out=into_hidden)
        self._steps = [to_steps(of_layer) for of_layer in self.weights]
        self._place.right += int(np.sum(self.method.predictions(seen) == seen.targets))
        self._place.loss += float(gradient.loss)
        self.host_seconds += time.perf_counter() - begun
        self._synapses.write(self.link, self._steps)
        self.learned += self.plan.batch
        self.learned_traffic += self.link.crossed - before
        self.learned_host_seconds = self.host_seconds  # evaluation comes when all is learned

    def _play(self, numbers: np.ndarray) -> None:
        self.link.book_stimuli(len(numbers) * self.placement.network.inputs)  # an event for each input of a sample
        self.observing.prepare(self.link, numbers)
        if any(self.link.run()):
            raise ProgramEndedError
        self.played += len(numbers)

    def _observe(self, numbers: np.ndarray, learning: bool = True) -> Observation:
        """Play samples and read what the method needs to learn, or just to tell their classes."""
        self._play(numbers)
        count, link, stimuli = len(numbers), self.link, self.stimuli
        trace = link.read_trace() if learning or self.method.spiking_readouts else None
        readings = np.zeros((count, 0), np.uint8)
        if self.observing.readouts:
            readings = self.observing.read_readings(link, count)
        conversions = np.zeros((count, 0, c.LANES), np.uint8)
        if learning and self.observing.conversions:
            conversions = self.observing.read_conversions(link, count)
        begun = time.perf_counter()
        spikes = ()
        if trace is not None:
            first_ticks, duration_ticks = stimuli.first_ticks[numbers], self.settings.duration_ticks
            spikes = order_spikes(*trace, first_ticks, self.placement, duration_ticks)
        conversions = np.ascontiguousarray(conversions[:, :, self.placement.layers[0].lanes])
        seen = Observation(stimuli.arrivals_ns[numbers], stimuli.targets[numbers], readings, spikes, conversions)
        self.host_seconds += time.perf_counter() - begun
        return seen

    def _evaluate(self, numbers: np.ndarray, on_run: Hook, behind_batch: Hook) -> np.ndarray:
        """uint8[n]: the classes that the chip gives samples."""
        found = self._place.found
        while len(found) * EVALUATED_AT_ONCE < len(numbers):
            first = len(found) * EVALUATED_AT_ONCE
            seen = self._observe(numbers[first : first + EVALUATED_AT_ONCE], learning=False)
            found.append(self.method.predictions(seen))
            on_run()
            behind_batch()
        return np.concatenate(found)

    # ------------------------------------------------------------------ checkpoints

    def snapshot(self) -> dict[str, Any]:
        """Return where the learner is, between two batches: numbers, text and arrays."""
        traffic = self.learned_traffic
        return {
            **{name: getattr(self, name) for name in SAVED},
            "place": vars(self._place).copy(),
            "layers": [adam.snapshot() for adam in self._adams],
            "steps": [steps.copy() for steps in self._steps],
            "synapses": self._synapses.snapshot(),
            "order": self._order.bit_generator.state,
            "traffic": {"nbytes": traffic.nbytes, "round_trips": traffic.round_trips, "starts": dict(traffic.starts)},
        }

    def restore(self, saved: dict[str, Any]) -> None:
        """Take back what :meth:`snapshot` returned, beside a chip that was brought to the same moment."""
        for name in SAVED:
            setattr(self, name, saved[name])
        self._place = Place(**saved["place"])
        for adam, of_layer in zip(self._adams, saved["layers"], strict=True):
            adam.restore(of_layer)
        self._steps = list(saved["steps"])
        self._synapses.restore(saved["synapses"])
        self._order.bit_generator.state = saved["order"]
        starts = {kind: saved["traffic"]["starts"][kind] for kind in Start}
        self.learned_traffic = Traffic(**{**saved["traffic"], "starts": starts})
