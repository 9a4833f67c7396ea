"""What has crossed the host link, in counts, from which its time follows for any settings of the link."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from chip.base.config.link import PRESETS, LinkConfig, Start


@dataclass(frozen=True)
class Traffic:
    """What has crossed the link, in counts, for whoever wants to know what it takes.

    Attributes:
        nbytes: both ways. round_trips: waits for an answer. starts: of the programs, by kind.
    """

    nbytes: int = 0
    round_trips: int = 0
    starts: Mapping[Start, int] = field(default_factory=lambda: dict.fromkeys(Start, 0))

    def __add__(self, other: Traffic) -> Traffic:
        starts = {kind: self.starts[kind] + other.starts[kind] for kind in Start}
        return Traffic(self.nbytes + other.nbytes, self.round_trips + other.round_trips, starts)

    def __sub__(self, other: Traffic) -> Traffic:
        starts = {kind: self.starts[kind] - other.starts[kind] for kind in Start}
        return Traffic(self.nbytes - other.nbytes, self.round_trips - other.round_trips, starts)

    def settled(self) -> Traffic:
        """The same without waits for the capacitor memory: starts that changed it as if they had changed others."""
        starts = dict(self.starts)
        starts[Start.CHANGED] += starts[Start.CAPMEM]
        starts[Start.CAPMEM] = 0
        return replace(self, starts=starts)

    def seconds(self, config: LinkConfig) -> float:
        """What that takes on a link."""
        return config.seconds(self.nbytes, self.round_trips, self.starts)

    def seconds_by_preset(self) -> dict[str, float]:
        """What that takes, by the name of each preset."""
        return {name: self.seconds(LinkConfig.of(name)) for name in PRESETS}
