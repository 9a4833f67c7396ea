"""Writes that take their time, and who looks at their target meanwhile.

A write over the Omnibus goes word by word, one to external memory vector by vector. Whoever reads the target in between
sees the first part of the new values and the last part of the old ones; that is a race, which the reader's or the
writer's chip counts, and an error on a strict one.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(eq=False, slots=True)
class Transfer:
    """One access to a memory, from its begin to its end.

    Attributes:
        who: the sentence's beginning, for an error.
        low, high: the bytes of the memory, the last one excluded.
        start_ns, end_ns: when it begins and ends.
        values: what it writes, a bytes-like; None where it reads.
        unit: bytes that are written at once.
        written: bytes so far.
        number: among the accesses to its memory.
    """

    who: str
    low: int
    high: int
    start_ns: int
    end_ns: int
    values: bytes | memoryview | None = None
    unit: int = 4
    written: int = 0
    number: int = 0

    def ends_with(self, byte: int) -> bool:
        """Return whether a byte of the memory is in the last unit that it writes."""
        return (byte - self.low) // self.unit >= (self.high - 1 - self.low) // self.unit

    def bring(self, memory: memoryview, now_ns: int) -> None:
        """Write what has arrived by now."""
        if self.values is None:
            return
        size = self.high - self.low
        units = -(-size // self.unit)
        span_ns = self.end_ns - self.start_ns
        done = units if now_ns >= self.end_ns else (now_ns - self.start_ns) * units // span_ns
        stop = min(size, done * self.unit)
        if stop > self.written:
            memory[self.low + self.written : self.low + stop] = self.values[self.written : stop]
            self.written = stop


class Transfers:
    """The accesses to one memory that are under way.

    Attributes:
        memory: its bytes; open: the accesses, by their numbers.
    """

    def __init__(self, memory: memoryview):
        self.memory, self.begun = memory, 0
        self.open: dict[int, Transfer] = {}

    def begin(self, transfer: Transfer) -> Transfer | None:
        """Begin an access; return one that it collides with, or None."""
        other = self.collision(transfer.low, transfer.high, transfer.start_ns, transfer.values is not None)
        self.begun += 1
        transfer.number = self.begun
        self.open[self.begun] = transfer
        return other

    def end(self, number: int) -> None:
        """End an access: everything is written."""
        transfer = self.open.pop(number)
        transfer.bring(self.memory, transfer.end_ns)

    def bring(self, now_ns: int) -> None:
        """Write what has arrived by now."""
        for transfer in self.open.values():
            transfer.bring(self.memory, now_ns)

    def collision(self, low: int, high: int, now_ns: int, writes: bool) -> Transfer | None:
        """Bring the target up to now; return an access to the same bytes that is under way, or None.

        Two that read do not collide.
        """
        found = None
        for transfer in self.open.values():
            if transfer.low < high and low < transfer.high:
                transfer.bring(self.memory, now_ns)
                if now_ns < transfer.end_ns and (writes or transfer.values is not None):
                    found = transfer
        return found

    def snapshot(self) -> dict[str, Any]:
        """Return the accesses that are under way."""
        return {"begun": self.begun, "open": [asdict(transfer) for transfer in self.open.values()]}

    def restore(self, saved: dict[str, Any]) -> None:
        """Take back what :meth:`snapshot` returned."""
        self.begun = saved["begun"]
        self.open.clear()
        self.open |= {transfer["number"]: Transfer(**transfer) for transfer in saved["open"]}
