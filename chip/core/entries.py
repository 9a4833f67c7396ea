"""The compiled functions that depend on the neuron model, a set for each: what a core does not call is not compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from chip.core.advance import advance, advance_bounded
from chip.core.observe import known_until, known_until_bounded, observe, observe_bounded
from chip.core.record import pack_log, pack_log_bounded


class Entries(NamedTuple):
    """What a core calls, on the table of its arrays."""

    advance: Callable
    observe: Callable
    known_until: Callable
    pack_log: Callable


LIF = Entries(advance, observe, known_until, pack_log)
BOUNDED = Entries(advance_bounded, observe_bounded, known_until_bounded, pack_log_bounded)
