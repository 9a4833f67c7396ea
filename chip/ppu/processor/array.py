"""What a plasticity processor does to its hemisphere: rows of weights, neuron resets, conversions, counters.

Each function is an operation: it begins at ``ppu.start_ns`` and says by ``ppu.spend`` what it takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NoReturn

import numpy as np

from chip.base import constants as c
from chip.base.errors import LossError, MachineFault
from chip.base.lanes import HALF_ROW
from chip.base.queues import BAD_ROW, BAD_WEIGHT
from chip.neurons.resets import lanes_of
from chip.ppu.processor.completions import completion
from chip.ppu.processor.state import ProcessorState
from chip.ppu.processor.timing import WORD_CYCLES

EVEN_HALF, BOTH_HALVES = (c.EVEN,), (c.EVEN, c.ODD)
ROW_WRITE_CYCLES = c.SRAM_VECTOR_LOAD_CYCLES + c.WEIGHT_STORE_CYCLES  # of a half row from SRAM
ROW_WRITES_NS = np.arange(1, c.ROWS + 1) * (ROW_WRITE_CYCLES * c.PPU_CLOCK_NS)  # ends of writes, one after the other
NEURON_RESET_NS = c.NEURON_RESET_CYCLES * c.PPU_CLOCK_NS  # of a half
ALL_LANES = tuple(range(c.LANES))


def load_row(ppu: ProcessorState, row: int, into: str | Sequence[int]) -> None:
    """Read the weights of a row, even lanes, then odd ones: into 256 bytes of SRAM or into two vector registers."""
    ppu.check_index("row", row, c.ROWS)
    target, cycles = ppu.targets(into, c.HALVES)
    target[...] = ppu.chip.core.posted_weights[ppu.hemisphere, row]
    ppu.spend("weights", c.HALVES * (c.WEIGHT_LOAD_CYCLES + cycles))


def store_row(ppu: ProcessorState, row: int, source: str | Sequence[int]) -> None:
    """Write the weights of a row from SRAM or two vector registers; each half acts when its bus access ends."""
    ppu.check_index("row", row, c.ROWS)
    values = ppu.targets(source, c.HALVES)[0][...]
    each = c.WEIGHT_STORE_CYCLES + (c.SRAM_VECTOR_LOAD_CYCLES if isinstance(source, str) else 0)
    first_ns, chip = ppu.start_ns + each * c.PPU_CLOCK_NS, ppu.chip
    if not chip.core.post_row(first_ns, each * c.PPU_CLOCK_NS, ppu.hemisphere, row, values):
        _weights_overflow(ppu, np.full(c.HALVES, row), values)
        values = values & c.WEIGHT_MAX
        chip.core.post_row(first_ns, each * c.PPU_CLOCK_NS, ppu.hemisphere, row, values)
    ppu.spend("weights", c.HALVES * each)


def load_weights(ppu: ProcessorState, rows: int | Sequence[int], half: int, into: str) -> None:
    """Read half rows of weights into SRAM, 128 bytes each: one bus access and one SRAM vector store a row."""
    ppu.check_index("half", half, c.HALVES)
    rows, target = ppu.rows(rows, into)
    if np.bitwise_or.reduce(rows) >> 8:
        ppu.refuse_rows(rows)
    target.view(HALF_ROW)[:, 0] = ppu.chip.core.posted_half_rows[ppu.hemisphere, half][rows]
    ppu.spend("weights", len(rows) * (c.WEIGHT_LOAD_CYCLES + c.SRAM_VECTOR_STORE_CYCLES))


def store_weights(ppu: ProcessorState, rows: int | Sequence[int], half: int, source: str) -> None:
    """Write half rows of weights from SRAM; row i acts when its bus access ends. The low 6 bits are taken."""
    ppu.check_index("half", half, c.HALVES)
    rows, values = ppu.rows(rows, source)
    chip, to = ppu.chip, (ppu.start_ns, ROW_WRITES_NS[: rows.size], ppu.hemisphere, rows, half)
    status = chip.core.try_weight_rows(*to, values)
    if status == BAD_WEIGHT:
        _weights_overflow(ppu, rows, values)
        values = values & c.WEIGHT_MAX
        status = chip.core.try_weight_rows(*to, values)
    if status == BAD_ROW:
        ppu.refuse_rows(rows)
    ppu.spend("weights", rows.size * ROW_WRITE_CYCLES)


def reset_neurons(ppu: ProcessorState, halves: Sequence[int] = EVEN_HALF, mask: np.ndarray | str | None = None) -> None:
    """Reset neurons: one vector write a half, acting when it ends.

    A reset fires its neuron: the membrane goes to its reset potential and is held there for the refractory time, the
    spike counter counts, the event goes where ``Registers.event_output`` and the crossbar let it. All lanes are reset,
    or those whose byte in a mask is > 0 as a signed number, so none with 0x80 to 0xFF.

    Args:
        mask: uint8, int8 or bool [128] that every half takes, as if it stood in a vector register; or the name of a
            region of bytes, which holds 128 for each half in their order: each costs a vector load.

    Raises:
        MachineFault: a mask of another shape or of wider elements, or a region that is too short.
    """
    if halves is not EVEN_HALF:
        ppu.check_halves(halves)
    time_ns, core = ppu.start_ns, ppu.chip.core
    if mask is None:
        for half in halves:
            time_ns += NEURON_RESET_NS
            core.post_neuron_reset(time_ns, ppu.hemisphere, half)
        ppu.spend("neuron reset", len(halves) * c.NEURON_RESET_CYCLES)
        return
    masks, load_cycles = _reset_masks(ppu, mask, len(halves))
    each = load_cycles + c.NEURON_RESET_CYCLES
    for half, of_half in zip(halves, masks, strict=True):
        time_ns += each * c.PPU_CLOCK_NS
        core.post_neuron_reset(time_ns, ppu.hemisphere, half, of_half)
    ppu.spend("neuron reset", len(halves) * each)


def _reset_masks(ppu: ProcessorState, mask: np.ndarray | str, halves: int) -> tuple[Sequence[np.ndarray], int]:
    """Return the mask of each half, and the cycles that it takes to load one."""
    if isinstance(mask, str):
        return ppu.vectors(mask, halves), c.SRAM_VECTOR_LOAD_CYCLES
    try:
        return (lanes_of(mask),) * halves, 0
    except ValueError as error:
        raise MachineFault(f"{ppu.who}: {error}") from None


def read_cadc(ppu: ProcessorState, into: str, halves: Sequence[int] = EVEN_HALF) -> None:
    """Convert all membranes of this hemisphere now and store the named halves in SRAM, 128 bytes each."""
    if halves is not EVEN_HALF:
        ppu.check_halves(halves)
    if ppu.causal_channel != "membrane":
        _refuse_membranes(ppu)
    count, core, cadc = len(halves), ppu.chip.core, ppu.config.cadc
    ppu.vectors(into, count)
    ticket = core.post_cadc(ppu.start_ns, ppu.hemisphere)
    cycles = cadc.read_cycles + (count - 1) * cadc.buffered_read_cycles + count * c.SRAM_VECTOR_STORE_CYCLES
    if halves is EVEN_HALF:
        ppu.spend("cadc", cycles, then=partial(bring_even_conversion, ppu, into, ticket))
    else:
        ppu.spend("cadc", cycles, then=partial(bring_conversion, ppu, into, ticket, tuple(halves)))


@completion
def bring_even_conversion(ppu: ProcessorState, into: str, ticket: int) -> None:
    """Bring the even half of a conversion to where it is stored."""
    ppu.chip.core.copy_conversion(ticket, ppu.stored(into, 1)[0])


@completion
def bring_conversion(ppu: ProcessorState, into: str, ticket: int, halves: tuple[int, ...]) -> None:
    """Bring halves of a conversion to where they are stored."""
    ppu.stored(into, len(halves))[...] = ppu.chip.core.cadc_result(ticket)[list(halves)]


def sample_membranes(ppu: ProcessorState, count: int, into: str, period_ns: int = c.CADC_SAMPLE_PERIOD_NS) -> None:
    """Convert the even membranes ``count`` times, one vector of SRAM each, the first one now.

    A sample is stored while the next one converts.

    Raises:
        MachineFault: a period below 1700 ns or below a conversion, or off the 4 ns clock.
    """
    ppu.check_index("a count of", count, 1 << 20, start=1)
    shortest_ns = max(c.CADC_SAMPLE_PERIOD_NS, ppu.config.cadc.read_cycles * c.PPU_CLOCK_NS)
    ppu.check_index("a period of", period_ns, 1 << 40)
    if period_ns < shortest_ns or period_ns % c.PPU_CLOCK_NS:
        raise MachineFault(
            f"{ppu.who} samples membranes every {period_ns} ns; it must be a multiple of {c.PPU_CLOCK_NS} ns and at "
            f"least {shortest_ns} ns"
        )
    if ppu.causal_channel != "membrane":
        _refuse_membranes(ppu)
    ppu.vectors(into, count)
    start_ns = ppu.start_ns
    tickets = tuple(ppu.chip.core.post_cadc(start_ns + i * period_ns, ppu.hemisphere) for i in range(count))
    last = ppu.config.cadc.read_cycles + c.SRAM_VECTOR_STORE_CYCLES
    then = partial(bring_samples, ppu, into, tickets)
    ppu.spend("cadc", (count - 1) * int(period_ns) // c.PPU_CLOCK_NS + last, then=then)


@completion
def bring_samples(ppu: ProcessorState, into: str, tickets: tuple[int, ...]) -> None:
    """Bring the even halves of conversions to where they are stored, one vector each."""
    for vector, ticket in zip(ppu.stored(into, len(tickets)), tickets, strict=True):
        ppu.chip.core.copy_conversion(ticket, vector)


def _refuse_membranes(ppu: ProcessorState) -> NoReturn:
    raise MachineFault(
        f"program {ppu.program.name} converts membranes while the causal channels of the {ppu.name} "
        "hemisphere see the correlation sensors; yield ppu.connect('membrane') first"
    )


# ------------------------------------------------------------------ spikes


def read_spike_counters(
    ppu: ProcessorState,
    into: str,
    halves: Sequence[int] = BOTH_HALVES,
    lanes: Sequence[int] = ALL_LANES,
    reset: bool = False,
) -> None:
    """Read spike counters of this hemisphere into a region, one scalar access each, half after half.

    A counter has 8 bits and an overflow flag. An element of 8 bits takes the count modulo 256, a wider one has the
    flag in bit 8. With ``reset`` each counter is cleared by a write behind its read; a spike between the two is
    never counted.
    """
    ppu.check_halves(halves)
    ppu.check_sequence("lanes", lanes)
    for lane in lanes:
        ppu.check_index("lane", lane, c.LANES)
    if len(set(halves)) < len(halves) or len(set(lanes)) < len(lanes):
        raise MachineFault(
            f"{ppu.who} reads a spike counter twice at once: lanes "
            f"{list(lanes)} of halves {list(halves)}; name each once, or read again"
        )
    region, count = ppu.region(into), len(halves) * len(lanes)
    ppu.check_index(f"a count of spike counters for region {into} of", count, region.size + 1, start=1)
    ppu.bytes(into, 0, count * region.itemsize)
    config = ppu.config.ppu
    write = config.omnibus_write_cycles if reset else 0
    each = config.counter_read_cycles + WORD_CYCLES + write
    start_ns = ppu.start_ns
    read_ns = start_ns + (np.arange(count) * each + config.counter_read_cycles) * c.PPU_CLOCK_NS
    column = (c.HALVES * np.asarray(lanes) + np.asarray(halves)[:, None]).reshape(-1)
    neurons = ppu.hemisphere * c.COLUMNS + column
    ppu.chip.core.keep_record(start_ns)
    cleared_ns = read_ns + write * c.PPU_CLOCK_NS if reset else None
    then = partial(bring_counters, ppu, into, start_ns, neurons, read_ns, cleared_ns)
    ppu.spend("spike counters", count * each, then=then)


@completion
def bring_counters(
    ppu: ProcessorState,
    into: str,
    start_ns: int,
    neurons: np.ndarray,
    read_ns: np.ndarray,
    cleared_ns: np.ndarray | None,
) -> None:
    """Bring counts of spikes as of int64[n] times to where they are stored; those counters are cleared behind them."""
    core, base, region = ppu.chip.core, ppu.chip.counter_base, ppu.regions[into]
    counts = core.spike_counts(neurons, read_ns) - base[neurons]
    region.reshape(-1)[: counts.size] = (counts & 0xFF) | ((counts > 0xFF) * 0x100 if region.itemsize > 1 else 0)
    if cleared_ns is not None:
        base[neurons] = core.spike_counts(neurons, cleared_ns)
    core.release_record(start_ns)


def _weights_overflow(ppu: ProcessorState, rows: np.ndarray, values: np.ndarray) -> None:
    row, lane = (int(i) for i in np.argwhere(values > c.WEIGHT_MAX)[0])
    ppu.chip.weight_overflows += int((values > c.WEIGHT_MAX).sum())
    if ppu.config.strict:
        raise LossError(
            f"program {ppu.program.name} writes weight {values[row, lane]} to row {rows[row]}, lane {lane}; the "
            f"synapse keeps 6 bits (0..{c.WEIGHT_MAX}): clip before the store"
        )
