"""Objects of which nobody can have a copy, because compiled code or others know where their memory is."""

from __future__ import annotations

from typing import NoReturn


class Live:
    """Refuses to be copied and pickled: a copy would go on in the memory of the original."""

    __slots__ = ()

    def __reduce_ex__(self, protocol) -> NoReturn:
        raise TypeError(
            f"{type(self).__name__} cannot be copied or pickled, because compiled code knows where its memory is; take "
            "Chip.snapshot() and restore it on another chip, or AnalogCore.snapshot() on another core"
        )
