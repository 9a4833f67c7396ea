"""The slow twin of compiled tasks: the same methods as the plain Python generators that they look like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from chip.ppu.processor.operation import TABLE, Operation, operation


class PlainPpu:
    """What a generator gets as its processor: operations are values, words come from arrays, nothing takes time."""

    def __init__(self, regions: Mapping[str, np.ndarray], hemisphere: int = 0):
        self.regions, self.hemisphere = regions, hemisphere

    def __getattr__(self, name: str) -> Any:
        if name not in TABLE:
            raise AttributeError(name)
        return lambda *args, **named: operation(name, *args, **named)

    def word(self, region: str, index: int = 0) -> int:
        assert 0 <= index < self.regions[region].size, "a fault of the compiled task"
        return int(self.regions[region][index])


def asked(program: Any, regions: Mapping[str, np.ndarray], most: int = 10_000) -> tuple[list[Operation], Any]:
    """Return the operations that a program's ``main`` yields, in order, and what it returns."""
    main, found = program.main(PlainPpu(regions)), []
    while len(found) < most:
        try:
            found.append(next(main))
        except StopIteration as end:
            return found, end.value
    raise AssertionError("the program does not end")
