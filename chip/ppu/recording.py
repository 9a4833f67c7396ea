"""Recordings: what a program writes down for the host, one record with a time stamp at a time, in external memory.

    recordings = (
        Recording("rates", region="counts", count=100),                  # a region of SRAM: an array
        Recording("rate", region="counts", element=7, count=100),        # one element of it: a neuron
        Recording("row", rows=3, count=100),                             # weights of rows, here of one
        Recording("weight", rows=3, column=17, count=100),               # the weight of one synapse
    )

    def on_timer(self, ppu):
        yield ppu.record("rates")

After the program ended, ``chip.link.read_recording(hemisphere, "rates")`` returns the records. Where they lie and what
they cost: :mod:`chip.ppu.processor.recorder`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from chip.base import constants as c
from chip.base.declaration import declared_at, shown, whole_number

MEMORIES = ("dram", "block_ram")
MOST_RECORDS = 1 << 40


@dataclass(frozen=True)
class Recording:
    """What one record holds, and how many there is room for. Names either a region of SRAM or rows of synapses.

    Attributes:
        name: how program and host call it.
        region: a region of the program's SRAM; element: one element of it, by default all.
        rows: a row of this hemisphere's weights, 0..255, or several; column: one synapse of each, 0..255, by default
            all 256.
        count: how many records there is room for, >= 1.
        memory: "dram" (256 MiB) or "block_ram" (126 KiB).

    Raises:
        ValueError: any of it is missing, out of range or contradictory; begins with ``file:line``.
    """

    name: str
    region: str | None = None
    element: int | None = None
    rows: int | tuple[int, ...] | None = None
    column: int | None = None
    count: int = 0
    memory: str = "dram"
    declared: str = field(default="", init=False, repr=False, compare=False)

    def __post_init__(self):
        where = declared_at(__file__)
        object.__setattr__(self, "declared", where)
        if not isinstance(self.name, str) or not self.name:
            raise ValueError(f"{where}: a recording is called {self.name!r}; give it a name")
        what = f"of recording {self.name}"
        if (self.region is None) == (self.rows is None):
            raise ValueError(f"{where}: recording {self.name} must name either a region or rows of weights")
        if (self.element is not None and self.region is None) or (self.column is not None and self.rows is None):
            raise ValueError(
                f"{where}: recording {self.name} names an element of no region or a column of no rows; an element goes "
                "with a region, a column with rows"
            )
        if self.memory not in MEMORIES:
            raise ValueError(f"{where}: the memory {what} is {self.memory!r}; it is 'dram' or 'block_ram'")
        object.__setattr__(self, "count", whole_number(where, f"the count {what}", self.count, 1, MOST_RECORDS))
        if self.rows is not None and np.ndim(self.rows) > 0:
            rows = tuple(whole_number(where, f"a row {what}", row, 0, c.ROWS - 1) for row in self.rows)
            if not rows:
                raise ValueError(f"{where}: recording {self.name} has no rows; name one or more")
            object.__setattr__(self, "rows", rows)
        elif self.rows is not None:
            object.__setattr__(self, "rows", whole_number(where, f"the row {what}", self.rows, 0, c.ROWS - 1))
        if self.column is not None:
            whole_number(where, f"the column {what}", self.column, 0, c.COLUMNS - 1)

    def value_type(self, memory) -> np.dtype:
        """The type of one record's values, as a numpy subarray type; ``memory`` is the program's."""
        if self.rows is not None:
            shape = np.shape(self.rows) + (() if self.column is not None else (c.COLUMNS,))
            return np.dtype((np.uint8, shape))
        region = memory[self.region]
        return np.dtype((region.dtype, () if self.element is not None else (region.length,)))

    def check(self, program) -> None:
        """Refuse a region or an element that the program's memory does not have."""
        if self.region is None:
            return
        if self.region not in program.memory:
            raise ValueError(
                f"{self.declared}: recording {self.name} of program {program.name} is of region {self.region!r}; the "
                f"program's regions are: {', '.join(program.memory) or 'none'}"
            )
        if self.element is not None:
            what = f"the element of recording {self.name} of program {program.name}"
            whole_number(self.declared, what, self.element, 0, program.memory[self.region].length - 1)


def check_recordings(program) -> None:
    """Refuse recordings that a program cannot make.

    Raises:
        ValueError: something else than a recording, two of one name, or a region that is not there.
    """
    if not isinstance(program.recordings, tuple | list):
        raise ValueError(
            f"recordings of program {program.name} is {shown(program.recordings)}; it must be a tuple, "
            "(Recording(...),)"
        )
    names = set()
    for recording in program.recordings:
        if not isinstance(recording, Recording):
            raise ValueError(f"a recording of program {program.name} is {shown(recording)}; it must be a Recording")
        if recording.name in names:
            raise ValueError(
                f"{recording.declared}: program {program.name} has two recordings called {recording.name}; give one of "
                "them another name"
            )
        names.add(recording.name)
        recording.check(program)
