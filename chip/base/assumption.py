"""What is taken for granted, as values: what, after which source, which way it errs, how much it weighs in a report."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum, StrEnum
from typing import Any

ASSUMED = "assumed"  # the source of what no public source gives


class Direction(StrEnum):
    """What an assumption makes the simulated chip, compared with the silicon."""

    FASTER = "faster than the chip"
    SLOWER = "slower than the chip"
    BETTER = "better than the chip"  # it does more, loses less, or is more exact
    EITHER = "either way"


class Weight(IntEnum):
    """How much an assumption weighs: reports that show few of many show the weightiest."""

    DETAIL = 0  # one of many, which such reports leave out
    REACH = 1  # the silicon may not get there
    COST_ABOVE = 2  # something takes longer than on the silicon
    COST_BELOW = 3  # something takes less than on the silicon
    GATEWARE = 4  # nothing that exists does it
    LINK = 5  # of time on the host link; a detail where no host takes part in learning
    CLOCK = 6  # of chip time itself


class Assumption(str):
    """One sentence for a report, with what a program may want to know of it. Wherever a text will do, it is one.

    The text is what is assumed and, in brackets, the source, if there is one::

        >>> Assumption("every branch is quick", "assumed; faster than the chip", Direction.FASTER, Weight.COST_BELOW)
        'every branch is quick (assumed; faster than the chip)'

    Attributes:
        what: is assumed, without the source.
        source: where it stands, what speaks against it, or only "assumed".
        direction, weight: see there.
    """

    what: str
    source: str
    direction: Direction
    weight: Weight

    def __new__(
        cls,
        what: str,
        source: str = ASSUMED,
        direction: Direction = Direction.EITHER,
        weight: Weight = Weight.DETAIL,
    ) -> Assumption:
        made = super().__new__(cls, f"{what} ({source})" if source else what)
        made.what, made.source, made.direction, made.weight = what, source, direction, weight
        return made

    def __getnewargs__(self) -> tuple[Any, ...]:  # type: ignore[override]
        return self.what, self.source, self.direction, self.weight  # so that it can be copied and pickled


def weightiest(sentences: Iterable[str], limit: Weight = Weight.CLOCK) -> list[str]:
    """Return those that are no details and weigh up to ``limit``, each once, the weightiest first.

    Plain texts, as users' firmware has them and files of results bring them back, are details.
    """
    weighed = [sentence for sentence in sentences if isinstance(sentence, Assumption)]
    found = [sentence for sentence in weighed if Weight.DETAIL < sentence.weight <= limit]
    return list(dict.fromkeys(sorted(found, key=lambda sentence: sentence.weight, reverse=True)))
