"""External memory: block RAM and DRAM, who reserves parts of it, and accesses that are under way."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from chip.base import constants as c
from chip.base.errors import MachineFault
from chip.base.transfers import Transfer, Transfers

BLOCK_RAM_BASE = 0x8000_0000  # libnux elf32nux.x ext_mem
PIECE_BYTES = 1 << 20  # of DRAM, saved where it holds something
DRAM_BASE = 0x9000_0000  # libnux elf32nux.x ext_mem_dram


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
        self.block_ram_end = BLOCK_RAM_BASE + c.BLOCK_RAM_BYTES  # of what is free: behind it lie spike records
        self.sample_bytes = 0  # at the beginning of the DRAM, for the sample player alone
        self.reserved: list[Reservation] = []
        self.accesses = (Transfers(memoryview(self.block_ram)), Transfers(memoryview(self.dram)))

    def _place(self, address: int) -> tuple[Transfers, int]:
        """Return the accesses to the memory in which an address lies, and its offset there."""
        in_dram = address >= DRAM_BASE
        return self.accesses[in_dram], address - (DRAM_BASE if in_dram else BLOCK_RAM_BASE)

    def access(self, ppu, address: int, nbytes: int, cycles: int, values: np.ndarray | None = None) -> int:
        """Begin an access of a processor, which writes vectors or reads; return its number, for :meth:`end`.

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
        return transfer.number

    def end(self, address: int, number: int) -> None:
        """End an access: everything is written."""
        self._place(address)[0].end(number)

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

    def snapshot(self) -> dict[str, Any]:
        """Return what is in it, of DRAM the pieces of 1 MiB that hold something, and accesses that are under way."""
        pieces = self.dram.reshape(-1, PIECE_BYTES)
        used = [number for number, piece in enumerate(pieces) if piece.any()]
        return {
            "block_ram": self.block_ram.copy(),
            "pieces": np.array(used, np.int64),
            "dram": pieces[used],
            "sample_bytes": self.sample_bytes,
            "reserved": [asdict(taken) for taken in self.reserved],
            "accesses": [transfers.snapshot() for transfers in self.accesses],
        }

    def restore(self, saved: dict[str, Any]) -> None:
        """Take back what :meth:`snapshot` returned."""
        self.block_ram[:] = saved["block_ram"]
        pieces = self.dram.reshape(-1, PIECE_BYTES)
        for number, piece in enumerate(pieces):
            if piece.any():
                pieces[number] = 0
        pieces[saved["pieces"]] = saved["dram"]
        self.sample_bytes = saved["sample_bytes"]
        self.reserved = [Reservation(**taken) for taken in saved["reserved"]]
        for transfers, under_way in zip(self.accesses, saved["accesses"], strict=True):
            transfers.restore(under_way)
