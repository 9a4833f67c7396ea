"""What is posted, under way and recorded in the analog core, and its working arrays.

The fields of the tuples are annotated with their numba types, by which :mod:`chip.core.packed` hands them over. Time in
them is int64 nanoseconds; within a grid step it is an *edge*, the number of 4 ns clocks since its start, 0..25.
"""

from __future__ import annotations

from typing import NamedTuple

from numba import float64, int64, uint8, uint64


class Queues(NamedTuple):
    """What is posted, under way, and recorded; each queue is sorted and lies between a head and a tail in ``clock``.

    clock: int64[16], times, heads and tails; tally: int64[14], the counters; fired: int64[512], spikes of each neuron.
    events: int64[n], ``time << 17 | word``, from the FPGA or from a processor, see :mod:`chip.fabric.events`.
    flights: int64[n], ``arrival << 9 | neuron``, on-chip spikes on their way.
    writes: int64[n], ``time << 10 | (hemisphere * 256 + row) * 2 + half``; replaced: uint8[n, 128],
        what each of them replaces.
    resets: int64[n], ``time << 2 | row half``; reset_masks: uint8[n, 128], 1 where a lane is reset, else 0.
    conversions: int64[n], ``time << 1 | hemisphere``, CADC conversions; those below the head are done: conversion_codes
        uint8[n, 256], EVEN then ODD lanes.
    log_time: int64[n], log_info: int64[n], ``recorded << 27 | source << 16 | label``; source is the neuron, or
        512 + SPL1 address for an event that the crossbar returns to the FPGA.
    driven: int64[n], the rows that were driven since the sensors caught up, see :mod:`chip.array.correlation`; none
        where they are off.
    """

    clock: int64[::1]
    tally: int64[::1]
    fired: int64[::1]
    events: int64[::1]
    flights: int64[::1]
    writes: int64[::1]
    replaced: uint8[:, ::1]
    resets: int64[::1]
    reset_masks: uint8[:, ::1]
    conversions: int64[::1]
    conversion_codes: uint8[:, ::1]
    log_time: int64[::1]
    log_info: int64[::1]
    driven: int64[::1]


class Scratch(NamedTuple):
    """Working arrays that carry nothing from one step to the next.

    next: float64[3, S]. out: float64[3, S] and out_release: int64[S], of an observation.
    total: float64[S], what the events of the step add to the excitatory current at most; jumps: float64[S], of one.
    candidate: uint8[S]; candidate_words: uint64[S / 8], the same memory.
    delivery: int64[D, 6], edge, hemisphere * 256 + row, label, row mode, and where the weights of either half are: a
        row half of ``Network.weights``, or -1 - the number of a write that has yet to replace them.
    strength: float64[D], what a driver's plasticity multiplies jumps with; meaningless where no driver has it on.
    charge, charge_ns, pulse: float64, int64, float64[256], state of the drivers in the step, and their last pulse.
    batch: int64[B], ``edge << 27 | source << 16 | label`` of the spikes of the step.
    """

    next: float64[:, ::1]
    out: float64[:, ::1]
    out_release: int64[::1]
    total: float64[::1]
    jumps: float64[::1]
    candidate: uint8[::1]
    candidate_words: uint64[::1]
    delivery: int64[:, ::1]
    strength: float64[::1]
    charge: float64[::1]
    charge_ns: int64[::1]
    pulse: float64[::1]
    batch: int64[::1]
