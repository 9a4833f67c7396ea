"""The settings of the host link, part of :class:`chip.base.config.ChipConfig`: two presets, and what one's own say.

What a start costs a host is published as bounds of a test only: the vendor's own of its experiment software (grenade,
``test-jit_graph_executor.cpp``, in the version that is switched off for the variance of the cluster) accepts 100 ms or
more for a run where a cell of the capacitor memory was changed, 5 to 100 ms where anything else was, and up to 90 ms
where nothing was. Earlier versions accept up to 5 ms in the last case.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from math import inf
from typing import ClassVar

from chip.base.assumption import ASSUMED, Assumption, Direction, Weight
from chip.base.settings import Checked, setting

TODAY, OPTIMISTIC = "today", "optimistic"
PRESETS = (TODAY, OPTIMISTIC)
OWN = "own settings"  # in the place of a preset's name
_TEST = "grenade's own test accepts"


class Start(StrEnum):
    """What was written over the link since the start before; of several kinds the last in this order counts."""

    UNCHANGED = "unchanged"  # nothing
    CHANGED = "changed"  # anything else than cells of the capacitor memory
    CAPMEM = "capmem"  # cells of the capacitor memory, to another value


ACCEPTED_US = {Start.CHANGED: (5_000.0, 100_000.0), Start.CAPMEM: (100_000.0, inf)}  # what that test accepts


@dataclass(frozen=True)
class LinkConfig(Checked):
    """What the link between host and FPGA takes in time: bytes, waits for an answer, and each start of the programs.

    It is booked apart from chip time, which stands still while the link is at work but for the writes to synapses. No
    byte of what a chip does depends on it. The overhead of a start has the host's preparation of the run and the reset
    and restart of the processors, which take no chip time here (assumed). The preset ``today`` has the least that the
    test accepts where something was changed, and so errs in favour of the host; ``optimistic`` has 1 ms, whatever was
    written.

    Attributes:
        start_unchanged_us, start_changed_us, start_capmem_us: of a start, by what was written since the one before, see
            :class:`Start`.
    """

    section: ClassVar[str] = "link"
    shorthands: ClassVar[tuple[str, ...]] = ("preset",)
    bandwidth_bytes_per_second: int = setting(125_000_000, 1, 10**12, source="1 GbE: sctrltp WIRESPEED 125 MB/s")
    round_trip_us: float = setting(100.0, 0.0, 1e6, weight=Weight.LINK)
    start_unchanged_us: float = setting(
        1_000.0, 0.0, 1e7, source=f"{ASSUMED}; {_TEST} up to 90 ms, in earlier versions up to 5 ms"
    )
    start_changed_us: float = setting(5_000.0, 0.0, 1e7, source=f"{_TEST} 5 to 100 ms", weight=Weight.LINK)
    start_capmem_us: float = setting(100_000.0, 0.0, 1e7, source=f"{_TEST} 100 ms or more")

    @classmethod
    def today(cls, **changes: float) -> LinkConfig:
        """The link of today's setups, as far as bounds are known; the default."""
        return cls(**changes)

    @classmethod
    def optimistic(cls, **changes: float) -> LinkConfig:
        """A link whose host has next to nothing to prepare: 1 ms a start, whatever was written (assumed)."""
        quick = dict.fromkeys(("start_unchanged_us", "start_changed_us", "start_capmem_us"), 1_000.0)
        return cls(**{**quick, **changes})

    @classmethod
    def of(cls, name: str) -> LinkConfig:
        """Return a preset by its name; raises ValueError where there is none."""
        if not isinstance(name, str) or name not in PRESETS:
            raise ValueError(f"{cls.section}.preset is {name!r}; valid are {', '.join(PRESETS)}")
        made: LinkConfig = getattr(cls, name)()
        return made

    @classmethod
    def unfold(cls, table: dict) -> dict:
        """Return a table with the values of the preset that it names where it has none of its own."""
        if "preset" not in table:
            return table
        own = {name: value for name, value in table.items() if name != "preset"}
        return asdict(cls.of(table["preset"])) | own

    @property
    def preset(self) -> str:
        """The name of the preset that these settings are, or ``OWN``."""
        return next((name for name in PRESETS if self == self.of(name)), OWN)

    def start_us(self, kind: Start) -> float:
        """The overhead of a start of a kind."""
        overhead_us: float = getattr(self, f"start_{kind}_us")
        return overhead_us

    def seconds(self, nbytes: int, round_trips: int, starts: Mapping[Start, int]) -> float:
        """What so many bytes, waits for an answer and starts of each kind take on this link."""
        waits_us = round_trips * self.round_trip_us
        waits_us += sum(count * self.start_us(kind) for kind, count in starts.items())
        return nbytes / self.bandwidth_bytes_per_second + waits_us * 1e-6

    def assumptions(self) -> list[Assumption]:
        """Those of the section, and the overheads of starts, which may lie within what the test accepts or not."""
        return super().assumptions() + [self._of_start(kind) for kind in Start]

    def _of_start(self, kind: Start) -> Assumption:
        name, overhead_us = f"start_{kind}_us", self.start_us(kind)
        known = self.__dataclass_fields__[name].metadata
        low_us, high_us = ACCEPTED_US.get(kind, (0.0, inf))
        source, direction = known["source"], Direction.EITHER
        if not low_us <= overhead_us <= high_us:
            source = f"{ASSUMED}; {source}"
        if kind in ACCEPTED_US and overhead_us <= low_us:
            direction = Direction.FASTER
        return Assumption(f"{self.section}.{name} = {overhead_us}", source, direction, known["weight"])

    def sentence(self) -> Assumption:
        """Say what this link takes; for a report that states the times of several."""
        starts = ", ".join(f"{self.start_us(kind) * 1e-3:g} ms ({kind})" for kind in Start)
        below = all(self.start_us(kind) <= low_us for kind, (low_us, _) in ACCEPTED_US.items())
        return Assumption(
            f"times of the link {self.preset}: {self.round_trip_us:g} us a round trip, "
            f"{self.bandwidth_bytes_per_second * 1e-6:g} MB/s, a start {starts}",
            f"{ASSUMED}; {_TEST} 5 to 100 ms (changed) and 100 ms or more (capmem)",
            Direction.FASTER if below else Direction.EITHER,
        )
