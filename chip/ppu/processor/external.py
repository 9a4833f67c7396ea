"""What a plasticity processor does with external memory, the spike records in it, and its recordings.

Each function is an operation: it begins at ``ppu.start_ns`` and says by ``ppu.spend`` what it takes.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import numpy as np

from chip.base import constants as c
from chip.base.errors import MachineFault
from chip.fpga.writer import RECORD_SLOTS
from chip.ppu.processor.completions import completion
from chip.ppu.processor.state import ProcessorState

COPY_CYCLES = c.EXTERNAL_LOAD_CYCLES + c.SRAM_VECTOR_STORE_CYCLES  # of a vector of external memory


def load_external(ppu: ProcessorState, address: int, into: str, vectors: int = 1, offset: int = 0) -> None:
    """Copy vectors of 128 bytes from external memory to SRAM region ``into``, from byte ``offset`` of it on.

    The values are those at the end of the transfer: of what somebody else is storing, as much as has arrived by then.
    The address is a multiple of 128, the offset of 4.
    """
    _check_transfer(ppu, address, offset, vectors)
    nbytes = vectors * c.VECTOR_BYTES
    external, cycles = ppu.chip.external, vectors * COPY_CYCLES
    external.view(address, nbytes)  # refuses what is not there
    ppu.bytes(into, offset, nbytes)
    number = external.access(ppu, address, nbytes, cycles)
    then = partial(bring_vectors, ppu, address, nbytes, into, offset, number)
    ppu.spend("external load", cycles, then=then)


@completion
def bring_vectors(ppu: ProcessorState, address: int, nbytes: int, into: str, offset: int, number: int) -> None:
    """Bring bytes of external memory as they are now, at the end of an access."""
    external = ppu.chip.external
    external.end(address, number)
    external.bring(address, nbytes, ppu.environment.now)
    ppu.region_bytes[into][offset : offset + nbytes] = external.view(address, nbytes, reserved=True)


def store_external(ppu: ProcessorState, address: int, source: str, vectors: int = 1, offset: int = 0) -> None:
    """Copy vectors of 128 bytes from SRAM to external memory; they are there when the operation ends.

    The address is a multiple of 128, the offset of 4. Whoever reads them in the meantime finds them half-written: a
    race, which is counted and, on a strict chip, an error.
    """
    _check_transfer(ppu, address, offset, vectors)
    nbytes = vectors * c.VECTOR_BYTES
    values = ppu.bytes(source, offset, nbytes).copy()
    ppu.chip.external.view(address, nbytes)  # refuses what is not there
    posted = c.EXTERNAL_STORE_CYCLES + (vectors - 1) * c.EXTERNAL_STORE_SUSTAINED_CYCLES
    cycles = posted + vectors * c.SRAM_VECTOR_LOAD_CYCLES
    number = ppu.chip.external.access(ppu, address, nbytes, cycles, values)
    ppu.spend("external store", cycles, then=partial(end_store, ppu, address, number))


@completion
def end_store(ppu: ProcessorState, address: int, number: int) -> None:
    """End a store to external memory."""
    ppu.chip.external.end(address, number)


def load_record(ppu: ProcessorState, slot: int, into: str) -> None:
    """Copy the spike record ``slot`` to SRAM, see :class:`chip.fpga.writer.SpikeWriter`.

    ``into`` has room for all of it, by default up to 1024 bytes, for example ``u32[256]``: word 0 is the number of
    spikes, word 1 the sample's tag, then time stamp << 16 | label each. Events that the crossbar returns to the FPGA
    stand in it too. The first vector holds the count, which says how many more follow; all of them are one operation.
    """
    _check_slot(ppu, slot)
    nbytes = ppu.chip.writer.filled(slot).nbytes
    _check_words(ppu, into, nbytes)
    _load_part(ppu, slot, into, 0, nbytes)


def load_record_piece(ppu: ProcessorState, slot: int, piece: int, into: str) -> None:
    """Copy a piece of the spike record ``slot`` to SRAM: as many of its vectors as region ``into`` holds, or are left.

    For records that SRAM has no room for at once. Piece 0 has the header and begins with the number of spikes, n; with
    ``into = u32[256]`` the record has (n + 2 + 255) >> 8 pieces, and word i of piece k is word 256 k + i of it.

    Raises:
        MachineFault: a piece behind the last one, or a region that is too short for a vector.
    """
    _check_slot(ppu, slot)
    ppu.check_index("piece", piece, 1 << 20)
    filled, room = ppu.chip.writer.filled(slot).nbytes, ppu.region(into).nbytes // c.VECTOR_BYTES * c.VECTOR_BYTES
    if not room:
        _check_words(ppu, into, c.VECTOR_BYTES)  # refuses
    first = int(piece) * room
    if first >= filled:
        raise MachineFault(
            f"{ppu.who} loads piece {piece} of spike record {slot}, whose last one is {(filled - 1) // room} with "
            f"{room} bytes each; word 0 of piece 0 says how many spikes there are"
        )
    nbytes = min(room, filled - first)
    _check_words(ppu, into, nbytes)
    _load_part(ppu, slot, into, first, nbytes)


def _load_part(ppu: ProcessorState, slot: int, into: str, first: int, nbytes: int) -> None:
    then = partial(bring_record, ppu, slot, into, first, nbytes)
    ppu.loading = then, slot
    ppu.spend("external load", nbytes // c.VECTOR_BYTES * COPY_CYCLES, then=then)


@completion
def bring_record(ppu: ProcessorState, slot: int, into: str, first: int, nbytes: int) -> None:
    """Bring bytes of a spike record, from byte ``first`` on."""
    ppu.region_memory[into][:nbytes] = ppu.chip.writer.part(slot, first, nbytes)


def _check_slot(ppu: ProcessorState, slot: int) -> None:
    if type(slot) is not int or not 0 <= slot < RECORD_SLOTS:
        ppu.check_index("record slot", slot, RECORD_SLOTS)
    if not ppu.config.fpga.spike_writer:
        raise MachineFault(f"program {ppu.program.name} reads a spike record, but fpga.spike_writer is off")


def _check_words(ppu: ProcessorState, into: str, nbytes: int) -> None:
    """Refuse what is no region of words that has so many bytes."""
    region = ppu.regions.get(into)
    if region is None:
        raise ppu.no_region(into)
    if region.itemsize != c.WORD_BYTES:
        raise MachineFault(
            f"{ppu.who} loads a spike record, words of 32 bits, into "
            f"region {into} with elements of {region.itemsize} bytes; declare it as u32 or i32"
        )
    ppu.memory(into, nbytes)


def check_record(processors: Iterable[ProcessorState], slot: int) -> None:
    """Count a race where a record is written while a PPU loads it: its count is of the earlier one."""
    for ppu in processors:
        then, loaded = ppu.loading
        if slot == loaded and then is not None and ppu.then is then:
            ppu.count_race(
                f"spike record {slot} was written while {ppu.who} read it: play "
                "into the other slot, or wait until it was read"
            )


def _check_transfer(ppu: ProcessorState, address: int, offset: int, vectors: int) -> None:
    """Refuse a transfer that external memory (whole vectors) or SRAM (whole words) cannot take as it is aligned."""
    ppu.check_index("a vector count of", vectors, 1 << 20, start=1)
    ppu.check_index("the external address", address, 1 << 32)
    ppu.check_index("the byte offset", offset, c.SRAM_BYTES)
    for what, value, unit in (("external address", address, c.VECTOR_BYTES), ("byte offset", offset, 4)):
        if value % unit:
            raise MachineFault(
                f"{ppu.who} moves vectors at the {what} 0x{value:08x}, which is not aligned; use a multiple of {unit}"
            )


def record(ppu: ProcessorState, name: str) -> None:
    """Write one record of a recording, with the cycle at which it begins, to external memory.

    Values are those at that cycle; they are there when the operation ends. A record beyond the recording's count is
    lost, counted and, on a strict chip, an error.
    """
    track = ppu.recorder.track(name)
    if not track.has_room(ppu):
        ppu.spend("recording", 0)
        return
    if track.recording.region is not None:
        ppu.use((track.recording.region,))
    cycle, values = ppu.start_ns // c.PPU_CLOCK_NS, track.sample(ppu)
    cycles = track.cycles(ppu.config.ppu.omnibus_write_cycles)
    ppu.spend("recording", cycles, then=partial(write_record, ppu, name, cycle, values))


@completion
def write_record(ppu: ProcessorState, name: str, cycle: int, values: np.ndarray) -> None:
    """Write a record, uint8[n] values, where its recording lies."""
    ppu.recorder.track(name).write(cycle, values)
