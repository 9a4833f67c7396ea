"""What the model of the event fabric takes for granted and no public source confirms."""

from __future__ import annotations

from chip.base.assumption import Assumption, Direction

FABRIC = (
    Assumption(
        "busses, crossbar and links carry every event: contention and its losses are not modelled",
        direction=Direction.BETTER,
    ),
)
