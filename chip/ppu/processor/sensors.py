"""What a plasticity processor does with its hemisphere's correlation sensors.

The causal channels of the CADC see either the sensors or the membranes of a hemisphere; a chip starts with the
membranes.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from chip.base import constants as c
from chip.base.declaration import shown
from chip.base.errors import MachineFault
from chip.core.sensors import reset_mask
from chip.ppu.processor.completions import completion
from chip.ppu.processor.places import Place
from chip.ppu.processor.state import ProcessorState

BRANCHES = ("causal", "acausal")
BOTH_HALVES = (c.EVEN, c.ODD)
ALL_VECTORS = len(BRANCHES) * c.HALVES  # of a conversion
SWITCH_ROWS = 2  # row halves of the synapse memory that say what the causal channels see (grenade: row index 256)
RESET_NS = c.CORRELATION_RESET_CYCLES * c.PPU_CLOCK_NS  # of a row half


def connect(ppu: ProcessorState, what: str) -> None:
    """Let the causal channels see ``"correlation"`` or ``"membrane"``: two writes of row halves."""
    if what not in ("correlation", "membrane"):
        raise MachineFault(
            f"program {ppu.program.name} connects the CADC to {shown(what)}; it can see 'correlation' or 'membrane'"
        )

    ppu.spend("cadc", SWITCH_ROWS * c.WEIGHT_STORE_CYCLES, then=partial(switch_channels, ppu, what))


@completion
def switch_channels(ppu: ProcessorState, what: str) -> None:
    """Let the causal channels see something else."""
    ppu.causal_channel = what


def read_correlation(
    ppu,
    row: int,
    into: str | Sequence[int],
    branches: Sequence[str] = BRANCHES,
    halves: Sequence[int] = BOTH_HALVES,
) -> None:
    """Convert the correlations of a row now: a vector for each branch and half, halves of a branch together.

    They go to SRAM, 128 bytes each, or straight into vector registers, as the chip's bus does it.

    The higher the correlation, the lower the byte; what a channel reads without any differs, see
    :mod:`chip.silicon.sensors`.
    """
    ppu.check_index("row", row, c.ROWS)
    wanted = None if branches is BRANCHES and halves is BOTH_HALVES else _vectors_of(ppu, branches, halves)
    _check_sensors(ppu)
    if "causal" in branches and ppu.causal_channel != "correlation":
        raise MachineFault(
            f"program {ppu.program.name} reads causal correlations while the causal channels of the {ppu.name} "
            "hemisphere see the membranes; yield ppu.connect('correlation') first"
        )
    count, core = len(branches) * len(halves), ppu.chip.core
    store_cycles = ppu.targets(into, count)[1]
    ticket = core.post_correlation(ppu.start_ns, ppu.hemisphere, row)
    place = into if isinstance(into, str) else tuple(into) if isinstance(into, list) else into
    then = partial(bring_correlation, ppu, place, count, ticket, wanted)
    cadc = ppu.config.cadc
    cycles = cadc.read_cycles + (count - 1) * cadc.buffered_read_cycles
    ppu.spend("cadc", cycles + count * store_cycles, then=then)


@completion
def bring_correlation(
    ppu: ProcessorState, into: Place, count: int, ticket: tuple[int, int], wanted: tuple[int, ...] | None
) -> None:
    """Bring vectors of a row's conversion, all of them or those that are wanted, to where they are stored."""
    core = ppu.chip.core
    core.advance(ppu.environment.now)
    vectors = core.correlation_result(ticket).reshape(ALL_VECTORS, c.LANES)
    target = ppu.stored(into, count) if isinstance(into, str) else ppu.targets(into, count)[0]
    target[...] = vectors if wanted is None else vectors[list(wanted)]


def _vectors_of(ppu: ProcessorState, branches: Sequence[str], halves: Sequence[int]) -> tuple[int, ...]:
    """Return which of the vectors of a row's conversion are those of halves of branches."""
    ppu.check_halves(halves)
    if isinstance(branches, str) or not len(branches):
        raise MachineFault(
            f"program {ppu.program.name} names the branches {shown(branches)} of a correlation sensor; give a "
            "sequence of one or both of 'causal' and 'acausal'"
        )
    for branch in branches:
        if branch not in BRANCHES:
            raise MachineFault(
                f"program {ppu.program.name} names the branch {shown(branch)} of a correlation sensor; the branches "
                f"are 'causal' and 'acausal'"
            )
    return tuple(c.HALVES * BRANCHES.index(branch) + half for branch in branches for half in halves)


def reset_correlation(
    ppu,
    row: int,
    branches: Sequence[str] = BRANCHES,
    halves: Sequence[int] = BOTH_HALVES,
    mask: np.ndarray | None = None,
) -> None:
    """Reset sensors of a row, one access a half, each acting when it ends.

    ``mask`` is [128], not 0 where a lane's sensors are reset; by default all are.
    """
    ppu.check_index("row", row, c.ROWS)
    everything = mask is None and branches is BRANCHES and halves is BOTH_HALVES
    if not everything:
        _vectors_of(ppu, branches, halves)  # refuses what is none
    if mask is not None and np.shape(mask) != (c.LANES,):
        raise MachineFault(
            f"program {ppu.program.name} resets correlations with a mask of shape {np.shape(mask)}; it must be "
            f"({c.LANES},)"
        )
    _check_sensors(ppu)
    first_ns = ppu.start_ns + RESET_NS
    if everything:
        ppu.chip.core.post_whole_correlation_reset(first_ns, RESET_NS, ppu.hemisphere, row)
        ppu.spend("correlation reset", c.HALVES * c.CORRELATION_RESET_CYCLES)
        return
    bits = reset_mask(mask, "causal" in branches, "acausal" in branches)
    for count, half in enumerate(halves):
        both = np.zeros((c.HALVES, c.LANES), np.uint8)
        both[half] = bits
        ppu.chip.core.post_correlation_reset(first_ns + count * RESET_NS, ppu.hemisphere, row, both)
    ppu.spend("correlation reset", len(halves) * c.CORRELATION_RESET_CYCLES)


def _check_sensors(ppu: ProcessorState) -> None:
    if not ppu.chip.core.correlation_enabled[ppu.hemisphere]:
        raise MachineFault(
            f"program {ppu.program.name} uses the correlation sensors of the {ppu.name} hemisphere, which are "
            f"off; set registers.correlation_enabled[{ppu.hemisphere}]"
        )
