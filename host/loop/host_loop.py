"""A host that trains the chip from outside, in the place of :class:`host.host.Host`."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Any

from chip.base import constants as c
from chip.base.assumption import Assumption, Weight
from chip.base.errors import ChipLimitError, Resource
from chip.chip import Chip
from chip.link import assumptions as link_assumptions
from host.firmware.source import is_a_users
from host.host import Host, Moment
from host.loop import methods
from host.loop.learner import Learner, ProgramEndedError
from host.loop.methods.method import Method
from host.results.reading import result_of
from host.results.result import Result
from host.running.checkpoint import Checkpoints
from host.running.timing import Timing
from ppu_programs.contract import Built, Firmware, Outcome
from ppu_programs.placement import DividedPlacement
from ppu_programs.two_layer.firmware import TwoLayerFirmware

PROGRESS_EVERY_S = 0.1
GATEWARE = ("sample_player",)  # spikes come from the trace buffer
STANDING_STILL = Assumption("chip time stands still while the host and the link are at work", weight=Weight.CLOCK)


class HostLoop(Host):
    """Trains a chip with the network, encoding, batches and epochs of an on-chip rule, but from outside in float.

    The programs of the processors are those of :mod:`ppu_programs.observing`. The method is that of the rule's name.
    EventProp's trains networks of up to three hidden layers, ``EventProp(network=...)``. Spikes come from the trace
    buffer: ``fpga.spike_writer`` can be off, whose record of 254 spikes a sample a lively deep network overflows.

        host = HostLoop(Chip(ChipConfig.typical(seed=1)))
        host.load(EventProp(epochs=10, seed=1), tasks.yin_yang())
        result = host.run()          # result.where == "host", result.time["link_s"]

    Args:
        chip: as for a Host.
        method: in the place of the rule's own, see :mod:`host.loop.methods`.
    """

    where = "host"

    def __init__(self, chip: Chip, method: Callable[..., Method] | None = None):
        super().__init__(chip)
        self._method = method
        self.learner: Learner | None = None
        self._over = False

    def _build(self, firmware: Firmware, task: Any) -> Built:
        """Return samples and registers of the firmware, and programs that play and observe; make the learner."""
        if not isinstance(firmware, TwoLayerFirmware):
            raise ValueError(
                f"the rule {firmware.name} has no network that can be trained from the host; rules that can are "
                f"{', '.join(methods.names())}"
            )
        _check_place(firmware)
        training = firmware.training(task, self.chip.config, GATEWARE)
        if self._method is None and is_a_users(firmware):
            raise ValueError(
                f"{type(firmware).__name__} is a rule of your own, whose programs would not run: from the host our own "
                "methods train; hand over a method of yours, HostLoop(chip, method)"
            )
        settings = training.settings
        method = (self._method or methods.method(firmware.name))(settings)
        self.learner = Learner(self.chip.link, method, training)
        return Built(
            training.registers(),
            self.learner.observing.programs(self.chip.config),
            training.samples,
            timed=training.timed,
            settings=settings,
            plan=training,
        )

    def _compile(self, progress: Callable[[int, int], None] | None) -> None:
        super()._compile(progress)
        self.learner.compile()

    def run(self, progress: Callable[[Moment], None] | None = None, checkpoints: Checkpoints | None = None) -> Result:
        """Train the chip and read the result; see :meth:`host.host.Host.run`.

        ``progress`` is called behind a run of the chip, at most about ten times a second; checkpoints are written
        between two batches.
        """
        load = self._need_unstarted()
        self._ran, timing = True, Timing(self.chip, load, self._resumed)
        next_look = time.perf_counter()
        if checkpoints is not None:
            checkpoints.begin(self, self.learner.played)

        def look() -> None:
            nonlocal next_look
            if progress is not None and time.perf_counter() >= next_look:
                progress(self.moment())
                next_look = time.perf_counter() + PROGRESS_EVERY_S

        def behind_batch() -> None:
            if checkpoints is not None:
                checkpoints.look(self, self.learner.played, lambda: self._state(timing))

        with contextlib.suppress(KeyboardInterrupt, ProgramEndedError):  # the result says how it ended
            self.learner.learn(look, behind_batch)
        self._over = True
        self.chip.stopped |= not self.chip.finished  # wherever an interrupt came, the link is open
        wall_seconds = timing.elapsed()
        if progress is not None:
            progress(self.moment())
        return self._read(timing.stopwatch.stop() | self._apart(), wall_seconds)

    def _state(self, timing: Timing) -> dict[str, Any]:
        return super()._state(timing) | {"learner": self.learner.snapshot()}

    def _take_back(self, state: dict[str, Any]) -> None:
        self.learner.restore(state["learner"])

    def _outcome(self) -> Outcome:
        return self.learner.outcome()

    def _result(self, outcome: Outcome, speed: dict[str, Any], wall_seconds: float) -> Result:
        learner = self.learner
        result = result_of(
            *(self.chip, self._need_loaded(), outcome, self.moment().status, speed, wall_seconds),
            where=self.where,
            host_seconds=learner.host_seconds,
            complete=learner.finished,
        )
        result.assumptions += [STANDING_STILL, *link_assumptions(), *learner.method.assumptions()]
        if learner.learned:
            result.host_link["bytes_per_training_sample"] = learner.learned_traffic.nbytes / learner.learned
        return self._with_resumptions(result)

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

    def moment(self) -> Moment:
        """Where learning is."""
        learner = self.learner
        warm = learner.played > self.built.timed.start
        return Moment(learner.status(), self.chip.now_ns * 1e-9, warm)


def _check_place(firmware: TwoLayerFirmware) -> None:
    """Refuse a hidden layer on both sides: the learner knows layers that lie in a half of a hemisphere each."""
    if isinstance(firmware.placement, DividedPlacement):
        hidden = firmware.network.layers[0][1].size
        where = "hidden layer that a host trains (even columns of a hemisphere)"
        remedy = f"use 1..{c.LANES} neurons, or let the chip learn by itself"
        raise ChipLimitError(Resource.NEURONS, where, hidden, c.LANES, "neurons", remedy)
