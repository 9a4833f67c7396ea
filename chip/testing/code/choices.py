"""Where the decisions of a drawn program come from: a seed here, hypothesis in :mod:`chip.testing.code.strategies`."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")

CORNERS = (1, 2, 3, 5, 7, 31, 32, 63, 127, 128, 255, 256, 32767, 32768, 65535, 65536, 0x12345678, 2**31 - 1)


class Choices:
    """Decisions, made by whole numbers; those that are nearer to 0 and come first are the simpler ones."""

    def integer(self, low: int, high: int) -> int:
        """Return a number of ``low`` .. ``high``."""
        raise NotImplementedError

    def group(self, kind: str, make: Callable[[], T]) -> T:
        """Return what ``make`` makes, whose decisions belong together: a thing of this kind."""
        return make()

    def pick(self, options: Sequence[T]) -> T:
        """Return one of the options; the first is the simplest."""
        return options[self.integer(0, len(options) - 1)]

    def more(self, mean: int, found: int) -> bool:
        """Return whether to add one more to a list of ``found``, which then grows to ``mean`` on average."""
        return self.integer(0, mean) > 0

    def number(self, low: int, high: int) -> int:
        """Return a number of ``low`` .. ``high`` as a program might have it: small, at a corner, or any."""
        kind = self.integer(0, 3)
        if kind == 3:
            return self.integer(low, high)
        if kind == 2:
            corners = [x for corner in CORNERS for x in (corner, -corner, -corner - 1) if low <= x <= high]
            return self.pick([*corners, low, high])
        return self.integer(max(low, -8), min(high, 8)) if low <= 8 else self.pick([low, high])


class SeededChoices(Choices):
    """The choices of a seed: the same ones in every version of Python and of hypothesis."""

    def __init__(self, seed: int):
        self._random = random.Random(seed)

    def integer(self, low: int, high: int) -> int:
        # random() alone is promised to stay the same between versions of Python; 53 bits are enough for 32
        return low + int(self._random.random() * (high - low + 1))

    def more(self, mean: int, found: int) -> bool:
        """Return whether to add one more; a list has half of its mean at least."""
        return found < mean // 2 or super().more(mean, found)
