"""What a method of the host loop is: which observation it needs, how it learns, its gradient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from chip.base.assumption import Assumption
from host.loop.observation import Observation
from ppu_programs.two_layer.settings import SampleSettings

OF_THIS_METHOD = ""  # in the place of a source: so it is, here


@dataclass(frozen=True)
class Conversions:
    """Samples of the hidden membranes by the CADC while a sample is played.

    Attributes:
        count: how many; first_ns: time of the first one; period_ns: between two, at least 1700.
    """

    count: int = 0
    first_ns: int = 0
    period_ns: int = 1_700


@dataclass(frozen=True)
class Learning:
    """How fast weights follow their gradient, see :class:`host.loop.adam.Adam`.

    Tuned on validation data: the rates of each method, and beta 2 of 0.95 for all of them, in the place of the usual
    0.999. The on-chip rules use AdaMax, which divides by a decaying maximum of gradients: both places differ in their
    optimisers, not only in arithmetic.

    Attributes:
        rate, readout_rate: of hidden layers and of readouts, in 6-bit weight steps; they fall linearly to 0 over a run.
        memory, square_memory: Adam's beta 1 and beta 2; gradients of spike times have rare large values, which a short
            memory of squares forgets.
    """

    rate: float = 0.2
    readout_rate: float = 0.2
    memory: float = 0.9
    square_memory: float = 0.95


@dataclass(frozen=True, eq=False)
class Gradient:
    """The mean loss of a batch in nats, and its gradient per weight step: float64[inputs, outputs] of each layer.

    ``lift``: float64[hidden], what is added to all weights of a neuron of the first layer beside the optimiser's step.
    """

    loss: float
    by_weight: tuple[np.ndarray, ...] = field(repr=False)
    lift: np.ndarray | float = field(default=0.0, repr=False)


class BatchMethod:
    """What methods have in common: they learn with Adam from what crosses the link.

    Attributes:
        settings, network: of the rule; network is theirs.
    """

    name: str
    learning: Learning
    conversions: Conversions
    spiking_readouts = False

    def __init__(self, settings: SampleSettings, learning: Learning):
        self.settings, self.network, self.learning = settings, settings.network, learning

    def _need_two_layers(self) -> None:
        if self.network.depth != 2:
            raise ValueError(
                f"the method {self.name} trains networks of one hidden layer and readouts, not {self.network!r}; "
                "eventprop trains deeper ones"
            )

    def _per_weight(
        self, loss: float, count: int, sums: Sequence[np.ndarray], lift: np.ndarray | float = 0.0
    ) -> Gradient:
        """Return the mean over ``count`` samples of sums per LSB of current, in the shapes of the weights."""
        scales = [linear.efficacy_lsb / count for linear, _ in self.network]
        means = (np.multiply(total, scale, order="C") for total, scale in zip(sums, scales, strict=True))
        return Gradient(loss, tuple(means), lift)

    def assumptions(self) -> list[Assumption]:
        """The optimiser and the observation, which are not those of the on-chip rule of the same name."""
        learning, conversions = self.learning, self.conversions
        seen = ["spikes with time stamps of 8 ns"]
        if not self.spiking_readouts:
            seen.append("the readouts' CADC bytes")
        if conversions.count:
            seen.append(
                f"{conversions.count} CADC conversions of the hidden membranes, {conversions.period_ns} ns apart"
            )
        return [
            Assumption(
                f"the host learns in float by Adam with rates of {learning.rate} and {learning.readout_rate} weight "
                f"steps that fall to 0 and beta of {learning.memory} and {learning.square_memory}, chosen on "
                "validation samples; the on-chip rule by AdaMax in fixed point",
                OF_THIS_METHOD,
            ),
            Assumption(
                f"the host observes {', '.join(seen)}, and takes the labels and input times of samples from what it "
                "wrote",
                OF_THIS_METHOD,
            ),
        ]


class ReadingMethod(BatchMethod):
    """What methods have in common whose readouts are read by the CADC at the end of a sample."""

    def __init__(self, settings: SampleSettings, learning: Learning):
        super().__init__(settings, learning)
        _, readouts = self.network.layers[-1]
        self._readouts = np.array(
            [readouts.tau_syn_ns, readouts.tau_mem_ns, settings.duration_ns - settings.latency_ns], float
        )

    @staticmethod
    def predictions(seen: Observation) -> np.ndarray:
        """The class of the highest reading, the first of equals."""
        return seen.readings.argmax(axis=1).astype(np.uint8)


class Method(Protocol):
    """One way from observations to gradients; made with the settings of a rule.

    Attributes:
        name: as the on-chip rule's; learning: chosen on validation samples; conversions: what it needs beside spikes.
        spiking_readouts: whether readouts are recorded like hidden neurons, in the place of their CADC readings.

    Raises ValueError when it is made for a network that it cannot train.
    """

    name: str
    learning: Learning
    conversions: Conversions
    spiking_readouts: bool

    def assumptions(self) -> list[str]:
        """One sentence each: the optimiser, the observation."""

    def predictions(self, seen: Observation) -> np.ndarray:
        """uint8[n]: the classes that the chip gives the samples."""

    def gradient(self, seen: Observation, weights: Sequence[np.ndarray]) -> Gradient:
        """Return the gradient for weights as written: float64[inputs, outputs] of each layer, in steps."""
