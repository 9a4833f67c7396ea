"""How recordings get into external memory: their room, their cycles, their bytes, and back into arrays.

A recording's room is reserved when its program is loaded: in DRAM downwards from its end (samples lie at its start), in
block RAM downwards from the spike records. A program that addresses it by itself faults.

One record: the time stamp, and what is no whole vector of 128 bytes, goes word by word over the Omnibus; vectors go as
posted stores. The record of a synapse is the vector of its half row, of which the host reads one byte.
"""

from __future__ import annotations

import numpy as np

from chip.base import constants as c
from chip.base.errors import ChipLimitError, LossError, MachineFault, Resource
from chip.fpga.memory import BLOCK_RAM_BASE, DRAM_BASE, ExternalMemory
from chip.ppu.processor.timing import WORD_CYCLES
from chip.ppu.recording import Recording

STAMP_BYTES = 8


class Track:
    """One recording in external memory: stamps first, then values.

    Attributes:
        recording, type: what it is, and the numpy type of its values.
        address, nbytes: where it lies.
        vectors, words: what one record's values are sent as.
        written, lost: records so far, and those beyond its count.
    """

    def __init__(self, recording: Recording, memory):
        self.recording, self.type = recording, recording.value_type(memory)
        if recording.rows is not None:
            halves = 1 if recording.column is not None else c.HALVES
            self.vectors, self.words = halves * np.size(recording.rows), 0
        else:
            self.vectors, rest = divmod(self.type.itemsize, c.VECTOR_BYTES)
            self.words = -(-rest // c.WORD_BYTES)
        self.record_bytes = self.vectors * c.VECTOR_BYTES + self.words * c.WORD_BYTES
        self._stamp_bytes = _whole_vectors(recording.count * STAMP_BYTES)
        self.nbytes = self._stamp_bytes + _whole_vectors(recording.count * self.record_bytes)
        self.address = self.written = self.lost = 0

    def place(self, address: int, space: np.ndarray) -> None:
        """Take a place in external memory, uint8[nbytes]."""
        count = self.recording.count
        self.address = address
        self.stamps = space[: STAMP_BYTES * count].view(np.uint64)
        self.values = space[self._stamp_bytes :][: count * self.record_bytes].reshape(count, self.record_bytes)

    def cycles(self, omnibus_write_cycles: int) -> int:
        """What one record takes: time stamp, then vectors, then words."""
        first = c.WEIGHT_LOAD_CYCLES if self.recording.rows is not None else c.SRAM_VECTOR_LOAD_CYCLES
        posted = c.EXTERNAL_STORE_CYCLES + (self.vectors - 1) * c.EXTERNAL_STORE_SUSTAINED_CYCLES if self.vectors else 0
        stamp = WORD_CYCLES + STAMP_BYTES // c.WORD_BYTES * omnibus_write_cycles
        return stamp + self.vectors * first + posted + self.words * (WORD_CYCLES + omnibus_write_cycles)

    def sample(self, ppu) -> np.ndarray:
        """uint8[values]: what a record holds now, as it is sent."""
        recording = self.recording
        if recording.rows is not None:
            weights = ppu.chip.core.posted_weights[ppu.hemisphere, np.atleast_1d(recording.rows)]
            if recording.column is not None:
                weights = weights[:, recording.column % c.HALVES]  # the half row that it lies in
            return weights.ravel()
        values = ppu.regions[recording.region]
        if recording.element is not None:
            values = values[recording.element : recording.element + 1]
        return values.view(np.uint8).copy()

    def write(self, cycle: int, values: np.ndarray) -> None:
        """Write the next record."""
        self.stamps[self.written] = cycle
        self.values[self.written, : values.size] = values
        self.written += 1

    def has_room(self, ppu) -> bool:
        """False where the recording is full, which is counted as a loss and raised on a strict chip."""
        count = self.recording.count
        if self.written < count:
            return True
        self.lost += 1
        if ppu.config.strict:
            raise LossError(
                f"{ppu.who} takes record {count + self.lost} of recording "
                f"{self.recording.name}, which has room for {count}: declare it with a larger count, or record less "
                "often"
            )
        return False

    def read(self) -> np.ndarray:
        """The records so far, as a structured array of ``time_cycles`` and ``values``."""
        records = np.zeros(self.written, np.dtype([("time_cycles", np.uint64), ("values", self.type)]))
        records["time_cycles"] = self.stamps[: self.written]
        sent = self.values[: self.written]
        if self.recording.rows is None:
            sent = np.ascontiguousarray(sent[:, : self.type.itemsize]).view(self.type.base)
        elif self.recording.column is not None:
            sent = sent.reshape(self.written, self.vectors, c.LANES)[..., self.recording.column // c.HALVES]
        else:
            halves = sent.reshape(self.written, self.vectors // c.HALVES, c.HALVES, c.LANES)
            sent = halves.swapaxes(-1, -2)  # lane l of half p is column 2 l + p
        records["values"] = sent.reshape(records["values"].shape)
        return records


class Recorder:
    """The recordings of one PPU's program: its tracks, by name."""

    def __init__(self) -> None:
        self.tracks: dict[str, Track] = {}

    def reserve(self, program, external: ExternalMemory, who: str) -> None:
        """Take room for every recording of a program, in the place of what ``who``, a PPU, had before.

        Raises:
            ChipLimitError: a recording is longer than its memory; then nothing has changed.
        """
        tracks = {recording.name: Track(recording, program.memory) for recording in program.recordings}
        before = external.reserved
        external.reserved = [taken for taken in before if taken.who != who]
        try:
            for track in tracks.values():
                _place(track, program, external, who)
        except ChipLimitError:
            external.reserved = before
            raise
        self.tracks = tracks

    def track(self, name: str) -> Track:
        """A recording by its name; raises MachineFault where there is none."""
        try:
            return self.tracks[name]
        except KeyError:
            known = ", ".join(self.tracks) or "none"
            raise MachineFault(f"there is no recording {name!r}; the program's are: {known}") from None

    @property
    def lost(self) -> int:
        """Records beyond the count of their recording."""
        return sum(track.lost for track in self.tracks.values())

    def report(self) -> dict[str, int]:
        """Records so far, by the name of the recording."""
        return {name: track.written for name, track in self.tracks.items()}


def _place(track: Track, program, external: ExternalMemory, who: str) -> None:
    """Reserve the highest free room that is large enough."""
    if track.recording.memory == "dram":
        memory, start, stop = Resource.DRAM, DRAM_BASE + external.sample_bytes, DRAM_BASE + c.DRAM_BYTES
    else:
        memory, start, stop = Resource.BLOCK_RAM, BLOCK_RAM_BASE, external.block_ram_end
    gaps = external.gaps(start, stop)
    for low, high in reversed(gaps):
        address = (high - track.nbytes) // c.VECTOR_BYTES * c.VECTOR_BYTES
        if address >= low:
            owner = f"recording {track.recording.name} of program {program.name} on the {who} PPU"
            track.place(address, external.reserve(address, track.nbytes, who, owner))
            return
    recording = track.recording
    raise ChipLimitError(
        memory,
        f"{recording.declared}: {memory} for recording {recording.name} of program {program.name} on the {who} PPU",
        track.nbytes,
        max((high - low for low, high in gaps), default=0),
        "bytes",
        f"it has {recording.count} records of {STAMP_BYTES + track.record_bytes} bytes: record less often, or less"
        + ("" if recording.memory == "dram" else ", or into DRAM with memory='dram'"),
    )


def _whole_vectors(nbytes: int) -> int:
    return -(-nbytes // c.VECTOR_BYTES) * c.VECTOR_BYTES
