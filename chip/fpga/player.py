"""The sample player: gateware that we assume, which plays a sample when a processor asks."""

from __future__ import annotations

from typing import Any

import numpy as np

from chip.base import constants as c
from chip.base.assumption import Assumption, Direction, Weight
from chip.base.errors import ChipLimitError, MachineFault, Resource
from chip.base.feed import Feed, tell
from chip.fpga.clock import edge_from
from chip.fpga.memory import DRAM_BASE, ExternalMemory
from chip.fpga.samples import STAMPS_END_NS, SampleSet

GATEWARE = Assumption(
    "the FPGA has a sample player and a spike writer that PPUs can use",
    "assumed gateware",
    Direction.BETTER,
    Weight.GATEWARE,
)


SAVED = ("busy_until_ns", "played", "playing_ns")  # numbers that a snapshot holds, beside the samples


class SamplePlayer:
    """Plays sample k of the set in DRAM when a PPU asks, and tells when its record is complete.

    Attributes:
        played: samples so far; playing_ns: time from their requests to the ends of their recordings.
    """

    def __init__(self, config, memory: ExternalMemory, feed: Feed | None = None):
        self.config, self.memory = config, memory
        self.samples: SampleSet | None = None
        self.busy_until_ns = 0
        self.played = self.playing_ns = 0
        self._listeners = (feed or Feed()).samples

    def check(self, samples: SampleSet) -> None:
        """Refuse samples that are longer than the stamps of their spike records, with a ValueError."""
        if self.config.spike_writer and samples.duration_ns >= STAMPS_END_NS:
            raise ValueError(
                f"a sample lasts {samples.duration_ns} ns, and the 16-bit time stamps of its spike record end at "
                f"{STAMPS_END_NS} ns; switch fpga.spike_writer off and record by the trace buffer, or play the events "
                "by themselves, link.write_playback"
            )

    def load(self, samples: SampleSet) -> None:
        """Take samples; raises ChipLimitError where they do not fit, ValueError as :meth:`check` does."""
        self.check(samples)
        taken = [taken.first for taken in self.memory.reserved if taken.first >= DRAM_BASE]  # recordings, at the end
        room = min(taken, default=DRAM_BASE + c.DRAM_BYTES) - DRAM_BASE
        if samples.nbytes > room:
            raise ChipLimitError(
                Resource.DRAM, "sample memory (DRAM)", samples.nbytes, room, "bytes", "load fewer samples"
            )
        self.samples = samples
        self._offsets = samples.offsets.tolist()  # as the core takes them, so that playing converts nothing
        self._times_ns, self._labels = samples.times_ns.astype(np.int64), samples.labels.astype(np.int64)
        self._tags = samples.tags.tolist()
        self.memory.sample_bytes = samples.nbytes

    def tag(self, index: int) -> int:
        """The tag of sample ``index``."""
        return self._tags[index]

    def play(self, core, index: int, request_ns: int) -> tuple[int, int]:
        """Post the events of sample ``index`` to the core; returns its time zero and the end of its recording."""
        if not self.config.sample_player:
            raise MachineFault("a program asked for a sample, but fpga.sample_player is off on this chip")
        if self.samples is None or not 0 <= index < len(self._tags):
            count = 0 if self.samples is None else len(self.samples)
            raise MachineFault(f"a program asked for sample {index}, but {count} samples were loaded")
        if request_ns < self.busy_until_ns:
            raise MachineFault(
                f"a program asked for sample {index} at {request_ns} ns while the player is busy until "
                f"{self.busy_until_ns} ns; wait for the doorbell first"
            )
        zero_ns = edge_from(request_ns + self.config.player_latency_ns)
        end_ns = zero_ns + self.samples.duration_ns
        if self._listeners:
            tell(self._listeners, self.played, index, request_ns, zero_ns, end_ns)
        core.post_part(self._times_ns, self._labels, self._offsets[index], self._offsets[index + 1], zero_ns)
        self.busy_until_ns = end_ns
        self.played += 1
        self.playing_ns += end_ns - request_ns
        return zero_ns, end_ns

    def snapshot(self) -> dict[str, Any]:
        """Return the samples, and what has been played."""
        counts = {name: getattr(self, name) for name in SAVED}
        return counts | {"samples": None if self.samples is None else vars(self.samples).copy()}

    def restore(self, saved: dict[str, Any]) -> None:
        """Take back what :meth:`snapshot` returned."""
        if saved["samples"] is not None:
            self.load(SampleSet(**saved["samples"]))
        for name in SAVED:
            setattr(self, name, saved[name])
