"""Who looks at the core at times of their own, and keeps what they want of it."""

from __future__ import annotations

from typing import Protocol


class Observer(Protocol):
    """What the core asks to look while it lets time pass. It changes nothing.

    Attributes:
        next_ns: when it wants to look next, not before the core's present time; far away where it never does.
    """

    next_ns: int

    def look(self, time_ns: int) -> None:
        """Look at the core just before a time, to which it has come, and set ``next_ns`` to a later one."""
        ...

    def begin_anew(self) -> None:
        """Forget what it has seen: the core has gone to another time, with a state and a record of its own."""
        ...

    def forgets(self, time_ns: int) -> None:
        """Take what it wants of the spikes before a time, which the core is about to forget."""
        ...
