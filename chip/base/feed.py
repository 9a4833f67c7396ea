"""The feed of a chip: who wants to know what happens is told, and nothing has to be replaced to be seen.

There is a list of listeners for each kind of change. A listener is a function that is called when it happens; it looks
and changes nothing, of which tests hold that it changes no byte of a run::

    chip.feed.operations[c.TOP].append(lambda ppu, operation: print(ppu.start_ns, operation.name))
    chip.feed.posts.append(lambda posted: print(posted.what, posted.times_ns))

Where nobody listens, a change costs a look at an empty list. Who listens to a processor has its kernels run one by one
and nothing ahead of its time, which takes longer and comes to the same.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np

from chip.base import constants as c


class Post(StrEnum):
    """What can be posted to the analog core."""

    EVENTS = "events from the FPGA"  # labels
    PADI_EVENT = "an event from a processor"  # hemisphere, busses, row_select, label
    GENERATOR = "a write to a background generator"  # generator, values int64[7], see chip.fabric.generators
    WEIGHTS = "weights"  # hemisphere, rows, halves, values uint8[n, 128]
    NEURON_RESET = "a neuron reset"  # hemisphere, half, mask uint8[128]
    CONVERSION = "a conversion of membranes"  # hemisphere
    CORRELATION_CONVERSION = "a conversion of correlations"  # hemisphere, row
    CORRELATION_RESET = "a reset of correlation sensors"  # hemisphere, row, masks uint8[n, 2, 128]


class Posted(NamedTuple):
    """What was posted to the analog core, which has not happened yet.

    what: the kind. times_ns: int64[n], when each of it acts.
    arguments: by name, as :class:`Post` lists them, copies: one for all of it, or arrays with an element for each.
    """

    what: Post
    times_ns: np.ndarray
    arguments: dict[str, Any]


class Conversion(NamedTuple):
    """All membranes of a hemisphere, as the CADC has converted them: uint8[2, 128] ``codes``, [half, lane]."""

    time_ns: int
    hemisphere: int
    codes: np.ndarray


class Follower:
    """Follows the program of a processor from stretch to stretch. The methods of this class look away."""

    def goes_on(self, ppu: Any, now_ns: int, horizon_ns: int) -> None:
        """The program goes on from a time; somebody else acts next at the horizon.

        While others write into its SRAM it goes on step by step, so that nothing comes there within a stretch.
        """

    def came_to(self, ppu: Any, now_ns: int, horizon_ns: int, code: int) -> None:
        """It has come to what :meth:`chip.ppu.processor.flows.flow.Flow.advance` returned."""

    def begins(self, ppu: Any, operation: Any) -> None:
        """An operation begins; those of a chain one by one, each at its ``ppu.start_ns``."""

    def has_begun(self, ppu: Any, operation: Any) -> None:
        """That operation has begun without a fault of its own; what it brings at its end is still to come."""


class Feed:
    """Who listens to what. Lists with an index have one for each hemisphere's processor.

    Attributes:
        operations: [hemisphere], called with the processor and each operation when it begins, a chain as one.
        programs: [hemisphere], each a :class:`Follower`.
        places: [hemisphere], called with the processor, the name of a region, a first byte and what is there: whenever
            an operation asks for bytes of SRAM that it moves, be it from there or to there.
        conversions: called with each :class:`Conversion` when it is read, and reading may be long after its time.
        posts: called with each :class:`Posted`.
        doorbells: called with the time in ns, the hemisphere and the line of each ring of a processor's doorbell,
            before it is answered, kept or lost.
        samples: called when a sample is asked for, before its events are posted, with how many were played before, its
            index, and the times in ns of the request, of its time zero and of the end of its recording.
    """

    def __init__(self) -> None:
        self.operations: tuple[list[Callable[[Any, Any], None]], ...] = _for_each_processor()
        self.programs: tuple[list[Follower], ...] = _for_each_processor()
        self.places: tuple[list[Callable[[Any, str, int, Any], None]], ...] = _for_each_processor()
        self.conversions: list[Callable[[Conversion], None]] = []
        self.posts: list[Callable[[Posted], None]] = []
        self.doorbells: list[Callable[[int, int, int], None]] = []
        self.samples: list[Callable[[int, int, int, int, int], None]] = []


def tell(listeners: list[Callable[..., None]], *change: Any) -> None:
    """Call all listeners, of which each may leave, or others come, meanwhile."""
    for listener in tuple(listeners):
        listener(*change)


def _for_each_processor() -> tuple[list[Any], ...]:
    return tuple([] for _ in range(c.HEMISPHERES))
