"""Methods that turn what a host has observed of a batch into a gradient, by the name of the on-chip rule beside them.

A method sees recorded spikes, CADC bytes and the weights as they were written, nothing of the chip.
"""

from __future__ import annotations

from collections.abc import Callable

from host.loop.methods.eventprop import EventPropMethod
from host.loop.methods.fast_and_deep import FastAndDeepMethod
from host.loop.methods.method import Method
from host.loop.methods.superspike import SuperSpikeMethod

# each is made with the settings of its rule
_METHODS: dict[str, Callable[..., Method]] = {
    "eventprop": EventPropMethod,
    "fast-and-deep": FastAndDeepMethod,
    "superspike": SuperSpikeMethod,
}


def names() -> tuple[str, ...]:
    """Return the names of all methods."""
    return tuple(_METHODS)


def method(name: str) -> Callable[..., Method]:
    """Return the class of the method ``name``; raises ValueError with the valid names for an unknown one."""
    if name not in _METHODS:
        raise ValueError(f"the rule {name!r} cannot be trained from the host; valid are {', '.join(_METHODS)}")
    return _METHODS[name]
