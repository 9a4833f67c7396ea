"""Events that somebody holds ready for the core, rather than post all of them at once."""

from __future__ import annotations

from typing import Protocol


class Stimuli(Protocol):
    """What the core asks for events before it lets time pass.

    Attributes:
        next_ns: when the first of them is due that was not posted yet, far away where there is none.
    """

    next_ns: int

    def post_before(self, time_ns: int) -> None:
        """Post the next events before a time to the core, as many as it likes to take at once."""
        ...
