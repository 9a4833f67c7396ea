"""The FPGA beside the chip: external memory, sample player, spike writer.

Player and writer are *assumed* gateware, as every report says: on today's chip recorded spikes go to the
host's trace buffer and samples are played in the order of a straight-line playback program. Both can be switched off
in :class:`chip.config.FpgaConfig`; a program that uses a missing one faults.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from chip import constants as c
from chip.errors import ChipLimitError, LossError, MachineFault
from chip.transfers import Transfer, Transfers

BLOCK_RAM_BASE = 0x8000_0000  # libnux elf32nux.x ext_mem
DRAM_BASE = 0x9000_0000  # libnux elf32nux.x ext_mem_dram
RECORD_BYTES = 1024  # room for one sample's spike record: header and 254 spikes
RECORD_SLOTS = 2
RECORD_HEADER_WORDS = 2
RECORD_SPIKES = RECORD_BYTES // 4 - RECORD_HEADER_WORDS
VECTOR_WORDS = c.VECTOR_BYTES // 4
RECORD_VECTORS = RECORD_BYTES // c.VECTOR_BYTES


def record_address(slot: int) -> int:
    """Address of spike record ``slot``; the records lie at the end of the block RAM."""
    return BLOCK_RAM_BASE + c.BLOCK_RAM_BYTES - (RECORD_SLOTS - slot) * RECORD_BYTES


@dataclass(frozen=True)
class Reservation:
    """A part of external memory, ``first <= address < end``: whose PPU has reserved it, and what lies there."""

    first: int
    end: int
    who: str
    what: str

    def refuse(self, address: int, nbytes: int) -> None:
        """Raise MachineFault where an access reaches into it."""
        if address < self.end and address + nbytes > self.first:
            raise MachineFault(
                f"{nbytes} bytes at 0x{address:08x} of external memory reach into {self.what}, which lies at "
                f"0x{self.first:08x} + {self.end - self.first}; use addresses below it"
            )


class ExternalMemory:
    """128 KiB block RAM and 256 MiB DRAM, shared by both PPUs; the operating system allocates DRAM as touched."""

    def __init__(self):
        self.block_ram = np.zeros(c.BLOCK_RAM_BYTES, np.uint8)
        self.dram = np.zeros(c.DRAM_BYTES, np.uint8)
        self.sample_bytes = 0  # at the beginning of the DRAM, for the sample player alone
        self.reserved: list[Reservation] = []
        self.accesses = (Transfers(memoryview(self.block_ram)), Transfers(memoryview(self.dram)))

    def _place(self, address: int) -> tuple[Transfers, int]:
        """Return the accesses to the memory in which an address lies, and its offset there."""
        in_dram = address >= DRAM_BASE
        return self.accesses[in_dram], address - (DRAM_BASE if in_dram else BLOCK_RAM_BASE)

    def access(self, ppu, address: int, nbytes: int, cycles: int, values: np.ndarray | None = None) -> Callable:
        """Begin an access of a processor, which writes vectors or reads; return what is to be called at its end.

        Where the same bytes are written meanwhile, it is a race, which the processor counts.
        """
        transfers, low = self._place(address)
        written = None if values is None else values.tobytes()
        end_ns = ppu.start_ns + cycles * c.PPU_CLOCK_NS
        transfer = Transfer(ppu.who, low, low + nbytes, ppu.start_ns, end_ns, written, unit=c.VECTOR_BYTES)
        other = transfers.begin(transfer)
        if other is not None:
            how = "reads" if values is None else "writes"
            ppu.count_race(
                f"{ppu.who} {how} {nbytes} bytes at 0x{address:08x} of external memory at {ppu.start_ns} ns while "
                f"{other.who} uses them until {other.end_ns} ns: wait for its doorbell first"
            )
        return lambda: transfers.end(transfer)

    def bring(self, address: int, nbytes: int, now_ns: int) -> bool:
        """Write what has arrived by now of what is being written there; return whether anything is."""
        transfers, low = self._place(address)
        return transfers.collision(low, low + nbytes, now_ns, writes=False) is not None

    def view(self, address: int, nbytes: int, reserved: bool = False) -> np.ndarray:
        """uint8[nbytes] onto the memory at ``address``; raises MachineFault where there is none.

        Where it is reserved, too, unless ``reserved``: reservations bind programs, not the host.
        """
        for base, memory in ((BLOCK_RAM_BASE, self.block_ram), (DRAM_BASE, self.dram)):
            start = address - base
            first = self.sample_bytes if memory is self.dram else 0
            if nbytes >= 0 and first <= start and start + nbytes <= memory.size:
                for taken in () if reserved else self.reserved:
                    taken.refuse(address, nbytes)
                return memory[start : start + nbytes]
        raise MachineFault(
            f"external memory has no {nbytes} bytes at 0x{address:08x}: block RAM is 0x{BLOCK_RAM_BASE:08x} "
            f"+ {c.BLOCK_RAM_BYTES}, DRAM 0x{DRAM_BASE:08x} + {c.DRAM_BYTES}, of which {self.sample_bytes} hold samples"
        )

    def gaps(self, start: int, end: int) -> list[tuple[int, int]]:
        """First and end addresses of what nobody has reserved between two addresses, by rising address."""
        edges = [start]
        for taken in sorted(self.reserved, key=lambda taken: taken.first):
            if taken.first < end and taken.end > start:
                edges += [taken.first, taken.end]
        edges.append(end)
        return [(low, high) for low, high in zip(edges[::2], edges[1::2], strict=True) if low < high]

    def reserve(self, address: int, nbytes: int, who: str, what: str) -> np.ndarray:
        """uint8[nbytes] at ``address``, which no program may address from now on."""
        space = self.view(address, nbytes)
        self.reserved.append(Reservation(address, address + nbytes, who, what))
        return space


@dataclass(frozen=True)
class SampleSet:
    """Stimuli as event lists, one after the other.

    Attributes:
        offsets: int64[n + 1]; sample k is events ``offsets[k]:offsets[k + 1]``.
        times_ns: int64[events], since the sample's time zero, a multiple of the 8 ns FPGA clock, sorted in a sample.
        labels: uint16[events], as they enter the crossbar (SPL1 address in bits 14-15).
        tags: uint16[n], handed to the PPU in the header of the sample's spike record, for example the class.
        duration_ns: from time zero to the end of recording, a multiple of 8 ns.

    Raises:
        ValueError: an array has the wrong length, or times are off the clock, unsorted, or outside the duration. Arrays
            can be edited afterwards, so :meth:`check` asks again when they are written into the FPGA.
    """

    offsets: np.ndarray
    times_ns: np.ndarray
    labels: np.ndarray
    tags: np.ndarray
    duration_ns: int

    def __post_init__(self):
        self.check()

    def check(self) -> None:
        """Raise ValueError where it is none."""
        self._check_types()
        times, offsets = self.times_ns.astype(np.int64), self.offsets.astype(np.int64)  # unsigned differences wrap
        lengths_agree = len(offsets) == len(self.tags) + 1 and len(times) == len(self.labels)
        if not lengths_agree or offsets[0] != 0 or offsets[-1] != len(times) or (np.diff(offsets) < 0).any():
            raise ValueError(
                f"a sample set has {len(offsets)} offsets, {len(self.tags)} tags, {len(times)} times and "
                f"{len(self.labels)} labels; it needs one offset more than tags, rising from 0 to the number of times "
                "and labels"
            )
        if self.duration_ns <= 0 or self.duration_ns % c.FPGA_CLOCK_NS:
            raise ValueError(f"a sample lasts {self.duration_ns} ns; it must be a positive multiple of 8 ns")
        if self.duration_ns >= 8 << 16:
            raise ValueError(f"a sample lasts {self.duration_ns} ns; its 16-bit time stamps end at {8 << 16} ns")
        if times.size and (times.max() >= self.duration_ns or (times % c.FPGA_CLOCK_NS).any()):
            raise ValueError(f"event times must be multiples of 8 ns in 0..{self.duration_ns} ns")
        same_sample = np.repeat(np.arange(len(self.tags)), np.diff(offsets))
        if ((np.diff(times) < 0) & (np.diff(same_sample) == 0)).any():
            raise ValueError("the event times of a sample must not decrease")

    def _check_types(self) -> None:
        limits = {"offsets": 1 << 40, "times_ns": 1 << 40, "labels": 0xFFFF, "tags": 0xFFFF}
        for name, high in limits.items():
            array = getattr(self, name)
            if not isinstance(array, np.ndarray) or array.ndim != 1 or array.dtype.kind not in "iu":
                raise ValueError(f"{name} of a sample set must be a one-dimensional numpy array of integers")
            if array.size and (array.min() < 0 or array.max() > high):
                raise ValueError(f"{name} of a sample set lie in {array.min()}..{array.max()}; 0..{high} are valid")
        if not isinstance(self.duration_ns, int | np.integer):
            raise ValueError(f"a sample lasts {self.duration_ns!r} ns; it must be a whole number")
        object.__setattr__(self, "duration_ns", int(self.duration_ns))

    def __len__(self) -> int:
        return len(self.tags)

    @property
    def nbytes(self) -> int:
        """Bytes in DRAM: 8 per event (32-bit time, 16-bit label, padding), 8 per sample (offset and tag)."""
        return 8 * len(self.times_ns) + 8 * len(self.tags)


class SamplePlayer:
    """Plays sample k of the set in DRAM when a PPU asks, and tells when its record is complete.

    Attributes:
        played: samples so far; playing_ns: time from their requests to the ends of their recordings.
        before_sample: for an observer: called once with the request's time in ns, when ``played`` is the key.
    """

    def __init__(self, config, memory: ExternalMemory):
        self.config, self.memory = config, memory
        self.samples: SampleSet | None = None
        self.busy_until_ns = 0
        self.played = self.playing_ns = 0
        self.before_sample: dict[int, Callable[[int], None]] = {}

    def load(self, samples: SampleSet) -> None:
        taken = [taken.first for taken in self.memory.reserved if taken.first >= DRAM_BASE]  # recordings, at the end
        room = min(taken, default=DRAM_BASE + c.DRAM_BYTES) - DRAM_BASE
        if samples.nbytes > room:
            raise ChipLimitError("sample memory (DRAM)", samples.nbytes, room, "bytes", "load fewer samples")
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
        if self.played in self.before_sample:
            self.before_sample.pop(self.played)(request_ns)
        clock = c.FPGA_CLOCK_NS
        zero_ns = -(-(request_ns + self.config.player_latency_ns) // clock) * clock
        core.post_part(self._times_ns, self._labels, self._offsets[index], self._offsets[index + 1], zero_ns)
        self.busy_until_ns = zero_ns + self.samples.duration_ns
        self.played += 1
        self.playing_ns += self.busy_until_ns - request_ns
        return zero_ns, self.busy_until_ns


class SpikeWriter:
    """Writes a sample's recorded spikes to block RAM as 32-bit words: count, tag, then time stamp << 16 | label.

    Time stamps count 8 ns since the sample's time zero. Spikes beyond the record's room are lost, counted and, on a
    strict chip, an error.
    """

    def __init__(self, config, memory: ExternalMemory, strict: bool):
        self.config, self.strict = config, strict
        self._bytes = [memory.view(record_address(slot), RECORD_BYTES) for slot in range(RECORD_SLOTS)]
        self._spikes = [record.view(np.uint32)[RECORD_HEADER_WORDS:] for record in self._bytes]
        self._words = [memoryview(record.view(np.uint32)) for record in self._bytes]
        sizes = [-(-(RECORD_HEADER_WORDS + n) // VECTOR_WORDS) * c.VECTOR_BYTES for n in range(RECORD_SPIKES + 1)]
        self._filled = [[memoryview(record)[:size] for size in sizes] for record in self._bytes]  # by their counts
        self.lost = self.written = 0

    def filled(self, slot: int) -> memoryview:
        """The bytes of the vectors of a record that hold its header and its spikes, by the count in its header."""
        count = self._words[slot][0]
        return self._filled[slot][count if count < RECORD_SPIKES else RECORD_SPIKES]

    def write(self, core, slot: int, zero_ns: int, end_ns: int, tag: int) -> None:
        """Write the record of the spikes in ``zero_ns <= t < end_ns``; the core must stand behind ``end_ns``."""
        if not self.config.spike_writer:
            return
        found = core.pack_spikes(zero_ns, end_ns, c.FPGA_CLOCK_NS, self._spikes[slot])
        kept = found if found < RECORD_SPIKES else RECORD_SPIKES
        words = self._words[slot]
        words[0], words[1] = kept, tag
        self.written += kept
        if kept < found:
            self.lost += found - kept
            if self.strict:
                raise LossError(
                    f"the spike record of a sample is full: {found} spikes, room for {RECORD_SPIKES}; "
                    "let the network spike less, or record fewer neurons"
                )
