"""What is posted, under way and recorded in the analog core, and its working arrays.

Time in them is int64 nanoseconds; within a grid step it is an *edge*, the number of 4 ns clocks since its start, 0..25.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from numba import float64, int64, uint8, uint64

from chip.base.arrays.declared import Array, counts, queue, record, state, work
from chip.base.slots import SLOTS
from chip.base.timeline import (
    BACKGROUND_NEXT,
    CLOCK_FIELDS,
    COMMITTED,
    CONVERSION_HEAD,
    DRIVEN_COUNT,
    EVENT_HEAD,
    FABRIC_NEXT,
    FLIGHT_HEAD,
    GENERATOR_HEAD,
    INJECTION_HEAD,
    LOG_COUNT,
    NOW,
    RESET_HEAD,
    WRITE_HEAD,
)


class Queues(NamedTuple):
    """What is posted, under way, and recorded."""

    clock: Annotated[
        Array,
        counts(
            CLOCK_FIELDS,
            (COMMITTED, NOW, FABRIC_NEXT, BACKGROUND_NEXT),
            "times, heads and tails, see chip.base.timeline",
        ),
    ]
    tally: Annotated[Array, state(int64, (15,), "events", "counters, see chip.fabric.arrays.COUNTERS")]
    fired: Annotated[Array, state(int64, (512,), "spikes", "of each neuron")]
    # from the FPGA or from a processor, see chip.fabric.events
    events: Annotated[Array, queue(int64, ("events",), "", "time << 17 | word", EVENT_HEAD)]
    # with contention from processors, see chip.fabric.padi
    injections: Annotated[Array, queue(int64, ("injections",), "", "time << 17 | word", INJECTION_HEAD)]
    generator_keys: Annotated[
        Array, queue(int64, ("generators",), "", "writes to generators, time << 3 | generator", GENERATOR_HEAD)
    ]
    generator_values: Annotated[
        Array, queue(int64, ("generators", 7), "", "their values, see chip.fabric.generators", GENERATOR_HEAD)
    ]
    # on-chip spikes on their way
    flights: Annotated[Array, queue(int64, ("flights",), "", "arrival << 9 | neuron", FLIGHT_HEAD, outgrown=True)]
    writes: Annotated[Array, queue(int64, ("writes",), "", "time << 10 | row half", WRITE_HEAD)]
    replaced: Annotated[Array, queue(uint8, ("writes", 128), "", "weights that each of them replaces", WRITE_HEAD)]
    resets: Annotated[Array, queue(int64, ("resets",), "", "time << 2 | half of the neurons", RESET_HEAD)]
    reset_masks: Annotated[Array, queue(uint8, ("resets", 128), "", "1 where a lane is reset, else 0", RESET_HEAD)]
    conversions: Annotated[
        Array, queue(int64, ("conversions",), "", "of the CADC, time << 1 | hemisphere", CONVERSION_HEAD, answered=True)
    ]
    conversion_codes: Annotated[
        Array, queue(uint8, ("conversions", 256), "LSB", "their results, EVEN then ODD lanes", CONVERSION_HEAD)
    ]
    log_time: Annotated[Array, record(int64, ("log",), "ns", "of each spike", LOG_COUNT)]
    # source is the neuron, or 512 + SPL1 address for an event that the crossbar returns to the FPGA, 516 + generator;
    # where events queue neurons are not recorded as they fire, but all where they leave the crossbar, with 1024 more
    log_info: Annotated[Array, record(int64, ("log",), "", "recorded << 27 | source << 16 | label", LOG_COUNT)]
    # see chip.array.correlation; none where the sensors are off
    driven: Annotated[Array, record(int64, ("driven",), "", "rows that were driven for sensors to see", DRIVEN_COUNT)]


class Scratch(NamedTuple):
    """Working arrays that carry nothing from one step to the next."""

    next: Annotated[Array, work(float64, (3, SLOTS), "LSB", "the state a step later")]
    out: Annotated[Array, work(float64, (3, SLOTS), "LSB", "the state that is observed")]
    out_release: Annotated[Array, work(int64, (SLOTS,), "ns", "ends of clamps that are observed")]
    total: Annotated[Array, work(float64, (SLOTS,), "LSB", "what events of the step excite a neuron by at most")]
    jumps: Annotated[Array, work(float64, (SLOTS,), "LSB", "what one event does")]
    candidate: Annotated[Array, work(uint8, (SLOTS,), "", "whether it is computed edge by edge, and why")]
    candidate_words: Annotated[Array, work(uint64, ("slots / 8",), "", "the same memory")]
    # edge, hemisphere * 256 + row, label, row mode, and where the weights of either half are: a row half of
    # Network.weights, or -1 - the number of a write that has yet to replace them
    delivery: Annotated[Array, work(int64, ("deliveries", 6), "", "rows that are driven in the step")]
    # meaningless where no driver has short-term plasticity on
    strength: Annotated[Array, work(float64, ("deliveries",), "1", "what a driver's plasticity multiplies jumps with")]
    charge: Annotated[Array, work(float64, (256,), "1", "Network.charge within the step")]
    charge_ns: Annotated[Array, work(int64, (256,), "ns", "Network.charge_ns within the step")]
    pulse: Annotated[Array, work(float64, (256,), "1", "the drivers' last pulse")]
    batch: Annotated[Array, work(int64, ("batch",), "", "spikes of the step, edge << 27 | source << 16 | label")]
