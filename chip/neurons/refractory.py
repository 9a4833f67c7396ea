"""Refractory clocks: which register values make wanted refractory times, and what times come out.

A neuron's backend counts its refractory time in ticks, 0..255 (haldls ``RefractoryTime``), of one of two clocks that it
shares with its backend block, the 256 neurons of 128 columns of both hemispheres. A clock's period is 8 ns * 2^scale,
scale 0..15 (haldls ``ClockScale``: 250 MHz / 2^(scale + 1)). The reset is released 31 - 2 * code ticks before the end,
with code 0..15 (haldls ``ResetHoldoff``), so there is always a holdoff of one tick or more. The counter must not be
shorter than that: the reset would be glitchy.

``Registers.refractory_ns`` and ``holdoff_ns`` are what neurons do, on the 4 ns clock, whether clocks can make it or
not; :func:`quantise` returns times that they can make::

    clocks = quantise(registers.refractory_ns, registers.holdoff_ns, registers.enabled)
    registers.refractory_ns[:], registers.holdoff_ns[:] = clocks.refractory_ns, clocks.holdoff_ns
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from chip.base import constants as c

TICKS_MAX, SCALE_MAX, HOLDOFF_CODE_MAX = 255, 15, 15
LONGEST_HOLDOFF_TICKS = 2 * HOLDOFF_CODE_MAX + 1
BLOCKS, CLOCKS = 2, 2  # block = column // 128
PERIODS_NS = (2 * c.PPU_CLOCK_NS) << np.arange(SCALE_MAX + 1)
LONGEST_NS = int(TICKS_MAX * PERIODS_NS[-1])


class RefractoryClocks(NamedTuple):
    """Registers of the refractory clocks, and what they make.

    scale: uint8[2, 2], ClockScale of [block, clock], the faster clock first.
    clock: uint8[2, 256], which of the two a neuron counts; ticks: uint8[2, 256], RefractoryTime; holdoff:
        uint8[2, 256], ResetHoldoff.
    refractory_ns, holdoff_ns: int64[2, 256], the times that come out.
    error: float64[2, 256], the larger error of both times, relative to the wanted refractory time.
    """

    scale: np.ndarray
    clock: np.ndarray
    ticks: np.ndarray
    holdoff: np.ndarray
    refractory_ns: np.ndarray
    holdoff_ns: np.ndarray
    error: np.ndarray


def quantise(refractory_ns: np.ndarray, holdoff_ns: np.ndarray | int = 0,
             used: np.ndarray | None = None) -> RefractoryClocks:  # fmt: skip
    """Choose clocks and counters that come nearest to wanted times.

    The two clocks of a block are those with the smallest error of the neuron that has the largest; then each neuron
    takes the clock that is nearer to what it wants. One time for all, from 272 ns on, is met within 3 %; below,
    8 ns are more than that.

    Args:
        refractory_ns: int[2, 256], 1 .. 66,846,720, from a spike to the end of the refractory period.
        holdoff_ns: int[2, 256] or one for all, 0 .. refractory_ns, the end of it, in which the membrane moves.
        used: bool[2, 256], neurons whose times count; all by default. The others take what they get.

    Raises:
        ValueError: a shape is not as above, or a time is out of range.
    """
    shape = (c.HEMISPHERES, c.COLUMNS)
    wanted = np.asarray(refractory_ns)
    if wanted.shape != shape:
        raise ValueError(f"refractory_ns has the shape {list(wanted.shape)}; it must be {list(shape)}")
    holdoff = np.broadcast_to(np.asarray(holdoff_ns), shape)
    used = np.ones(shape, bool) if used is None else used
    _check("refractory_ns", wanted, used & ~((wanted >= 1) & (wanted <= LONGEST_NS)), f"1..{LONGEST_NS}")
    _check("holdoff_ns", holdoff, used & ~((holdoff >= 0) & (holdoff <= wanted)), "0 up to the refractory time")
    wanted, holdoff = np.clip(wanted, 1, LONGEST_NS), np.clip(holdoff, 0, LONGEST_NS)
    period = PERIODS_NS[:, None, None]
    last = np.minimum(2 * np.clip(np.rint((holdoff / period - 1) / 2), 0, HOLDOFF_CODE_MAX) + 1, LONGEST_HOLDOFF_TICKS)
    ticks = np.clip(np.rint(wanted / period), last, TICKS_MAX)
    error = np.maximum(abs(ticks * period - wanted), abs(last * period - holdoff)) / wanted  # [scale, 2, 256]
    scale = np.stack([_best_pair(error[:, :, block], used[:, block]) for block in _blocks()]).astype(np.uint8)
    of_column = scale[np.arange(c.COLUMNS) // (c.COLUMNS // BLOCKS)]  # [256, clock]
    at = np.take_along_axis(error, np.broadcast_to(of_column.T[:, None, :], (CLOCKS, *shape)).astype(np.intp), axis=0)
    clock = at.argmin(axis=0)
    chosen = of_column[np.arange(c.COLUMNS), clock].astype(np.intp)[None]
    ticks, last = (np.take_along_axis(counts, chosen, axis=0)[0].astype(np.int64) for counts in (ticks, last))
    return RefractoryClocks(
        scale=scale,
        clock=clock.astype(np.uint8),
        ticks=ticks.astype(np.uint8),
        holdoff=((LONGEST_HOLDOFF_TICKS - last) // 2).astype(np.uint8),
        refractory_ns=ticks * PERIODS_NS[chosen[0]],
        holdoff_ns=last * PERIODS_NS[chosen[0]],
        error=at.min(axis=0),
    )


def _blocks() -> list[slice]:
    width = c.COLUMNS // BLOCKS
    return [slice(width * block, width * (block + 1)) for block in range(BLOCKS)]


def _best_pair(error: np.ndarray, used: np.ndarray) -> tuple[int, int]:
    """Return the two scales with the least of the largest errors, float64[scale, 2, 128]; ties: the fastest ones."""
    if not used.any():
        return 0, 0
    of_neuron = error[:, used]
    pairs = [(fast, slow) for fast in range(SCALE_MAX + 1) for slow in range(fast, SCALE_MAX + 1)]
    return min(pairs, key=lambda pair: np.minimum(of_neuron[pair[0]], of_neuron[pair[1]]).max())


def _check(name: str, values: np.ndarray, bad: np.ndarray, valid: str) -> None:
    if bad.any():
        where = tuple(int(i) for i in np.argwhere(bad)[0])
        raise ValueError(f"{name}{list(where)} is {values[where]} ns; refractory clocks make {valid} ns")
