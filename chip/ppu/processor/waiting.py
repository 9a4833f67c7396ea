"""What a plasticity processor does with time and with others: samples, doorbells, the other processor.

Each function is an operation: it begins at ``ppu.start_ns`` and says by ``ppu.spend`` what it takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from chip.base import constants as c
from chip.base.errors import MachineFault
from chip.fpga.writer import RECORD_SLOTS
from chip.ppu.processor.completions import completion
from chip.ppu.processor.doorbells import DoorbellOrTime, wait_no_more
from chip.ppu.processor.external import check_record
from chip.ppu.processor.state import ProcessorState
from chip.ppu.processor.timing import LONGEST_CYCLES, SAMPLE_LINE
from chip.ppu.tasks import DOORBELL_LINES

SAMPLES_OF_SPIKES = 256  # the core's log of spikes is cut after so many samples, unless the chip keeps it


def wait(ppu: ProcessorState, cycles: int) -> None:
    """Sleep; idle time."""
    ppu.check_index("a wait of", cycles, LONGEST_CYCLES)
    ppu.spend("wait", 0, idle_cycles=int(cycles))


def wait_until(ppu: ProcessorState, cycle: int) -> None:
    """Sleep until the time base reads ``cycle``; goes on at once where it is past that."""
    ppu.spend("wait", 0, ppu.cycles_until(cycle))


def play(ppu: ProcessorState, sample: int, slot: int = 0, ring: Sequence[int] = ()) -> None:
    """Have the FPGA play a sample; ends with the doorbell after its spike record is complete in ``slot``.

    ``ring`` names further hemispheres whose sample doorbell rings at the same time. The request is busy time, the
    sample is not.
    """
    if type(slot) is not int or not 0 <= slot < RECORD_SLOTS:
        ppu.check_index("record slot", slot, RECORD_SLOTS)
    if type(ring) is not tuple:
        ppu.check_sequence("hemispheres to ring", ring)
    for hemisphere in ring:
        listener(ppu, hemisphere, SAMPLE_LINE)
    if type(sample) is not int or not 0 <= sample < 1 << 40:
        ppu.check_index("sample", sample, 1 << 40)
    chip, fpga, request = ppu.chip, ppu.config.fpga, ppu.write_cycles
    core, player = chip.core, chip.player
    request_ns = ppu.start_ns + request * c.PPU_CLOCK_NS
    zero_ns, end_ns = player.play(core, sample, request_ns)
    doorbell_ns = end_ns + fpga.writer_latency_ns + fpga.doorbell_latency_ns

    then = partial(finish_sample, ppu, slot, zero_ns, end_ns, player.tag(sample), ring)
    ppu.spend("play", request, (doorbell_ns - request_ns) // c.PPU_CLOCK_NS, then=then)


@completion
def finish_sample(ppu: ProcessorState, slot: int, zero_ns: int, end_ns: int, tag: int, ring: Sequence[int]) -> None:
    """Write a sample's spike record, and ring."""
    chip = ppu.chip
    core = chip.core
    core.advance(ppu.environment.now)
    chip.writer.write(core, slot, zero_ns, end_ns, tag)
    check_record(chip.processors, slot)
    if chip.player.played % SAMPLES_OF_SPIKES == 0 and not chip.keep_spikes:
        core.forget_before(end_ns)
    for hemisphere in ring:
        chip.processors[hemisphere].ring(SAMPLE_LINE)


def ring(ppu: ProcessorState, hemisphere: int, line: int) -> None:
    """Ring a doorbell line of a PPU: one write over the Omnibus."""
    listener(ppu, hemisphere, line)
    ppu.spend("omnibus", ppu.write_cycles, then=partial(ring_line, ppu, hemisphere, line))


@completion
def ring_line(ppu: ProcessorState, hemisphere: int, line: int) -> None:
    """Have a doorbell line of a PPU ring."""
    ppu.chip.processors[hemisphere].ring(line)


def send(ppu: ProcessorState, hemisphere: int, source: str, into: str, line: int, nbytes: int | None = None) -> None:
    """Write ``nbytes`` (all) of region ``source`` into region ``into`` of the other PPU, then ring ``line``.

    Word by word over the Omnibus; the elements of both regions are of one size. Whoever uses ``into`` in the meantime
    sees it half-written: such a race is counted and, on a strict chip, an error.
    """
    other = listener(ppu, hemisphere, line)
    region, target = ppu.regions.get(source), other.regions.get(into)
    if region is None:
        raise ppu.no_region(source)
    if target is None:
        raise other.no_region(into)
    if region.itemsize != target.itemsize:
        raise MachineFault(
            f"{ppu.who} sends region {source} with elements of "
            f"{region.itemsize} bytes into region {into} of the {other.name} PPU with elements of {target.itemsize}; "
            "declare both alike"
        )
    if nbytes is None:
        nbytes = region.nbytes
    elif type(nbytes) is not int or nbytes < 0:
        ppu.check_index("a transfer of", nbytes, region.nbytes + 1)
    if nbytes > target.nbytes:
        raise MachineFault(
            f"{ppu.who} sends {nbytes} bytes into region {into} of the "
            f"{other.name} PPU, which has {target.nbytes}: declare it larger, or send less"
        )
    values = ppu.memory(source, nbytes).tobytes()
    words = -(-nbytes // c.WORD_BYTES)
    written_ns = ppu.start_ns + words * ppu.write_cycles * c.PPU_CLOCK_NS
    number = other.receive(ppu.who, into, values, ppu.start_ns, written_ns) if nbytes else None
    then = partial(deliver, ppu, hemisphere, line, number)
    ppu.spend("omnibus", (words + 1) * ppu.write_cycles, then=then)


@completion
def deliver(ppu: ProcessorState, hemisphere: int, line: int, number: int | None) -> None:
    """End a transfer to the other PPU, and ring."""
    other = ppu.chip.processors[hemisphere]
    if number is not None:
        other.incoming.end(number)
    other.ring(line)


def listener(ppu: ProcessorState, hemisphere: int, line: int) -> ProcessorState:
    """Return the PPU with a doorbell line, whose program can hear it."""
    known = ppu.listeners.get((hemisphere, line))
    if known is not None:
        return known
    ppu.check_index("hemisphere", hemisphere, c.HEMISPHERES)
    ppu.check_index("doorbell line", line, DOORBELL_LINES)
    other = ppu.chip.processors[hemisphere]
    if other.program is None:
        raise MachineFault(f"{ppu.who} rings the {other.name} PPU, which has no program; load one, or do not ring")
    ppu.listeners[hemisphere, line] = other
    return other


def wait_doorbell(ppu: ProcessorState, line: int = SAMPLE_LINE) -> None:
    """Sleep until the line rings; returns at once where it already has. Answering clears it."""
    if type(line) is not int or not 0 <= line < DOORBELL_LINES:
        ppu.check_index("doorbell line", line, DOORBELL_LINES)
    early = ppu.start_ns > ppu.environment.now  # begun ahead of its time
    if ppu.pending[line]:
        ppu.spend("wait", 0, then=ppu.early_waits[line].answer if early else None)
        if not early:
            ppu.pending[line] = False
        return
    ppu.spend("wait", 0)
    if early:
        ppu.early_waits[line].begin()
    else:
        ppu.waiting[line] = ppu.end
    ppu.sleep()


def wait_doorbell_until(ppu: ProcessorState, lines: Sequence[int], cycle: int | None) -> None:
    """Sleep until one of the lines rings or the time base reads ``cycle``, whichever is first; idle time.

    Goes on at once where a line has rung or the cycle is past; ``None`` waits for a ring alone. The ring stays
    to be answered, by :func:`wait_doorbell` or by the scheduler.
    """
    ppu.check_sequence("doorbell lines", lines)
    for line in lines:
        ppu.check_index("doorbell line", line, DOORBELL_LINES)
    if cycle is None and not lines:
        raise MachineFault(f"{ppu.who} waits for no doorbell line and no cycle, so for ever; name one")
    if any(ppu.pending[line] for line in lines):
        ppu.spend("wait", 0)
    elif cycle is not None:
        idle_cycles = ppu.cycles_until(cycle)
        DoorbellOrTime(ppu, lines, timed=True)
        ppu.spend("wait", 0, idle_cycles, then=partial(wait_no_more, ppu, tuple(lines)))
    else:
        ppu.spend("wait", 0)
        DoorbellOrTime(ppu, lines)
        ppu.sleep()
