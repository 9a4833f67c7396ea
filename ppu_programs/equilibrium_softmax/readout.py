"""The readout: what hidden rates are worth for each class, softmax, errors; each processor has the rows of its half.

    value(k) = sum over j of w(k, j) r(j)        p = softmax(value)        e(k) = p(k) - [k is the class]

A weight of ``WEIGHT_ONE`` makes 1 nat of 100 kHz. Each processor sums over its own hidden neurons; sums cross through
external memory, and both compute the same softmax of both.
"""

from __future__ import annotations

import numpy as np

from chip.base import constants as c
from chip.ppu import V0, V1, Kernel, Memory, divide, i16, i32, kernel, load16, minimum, mul16_sat, store16, u8
from ppu_programs.equilibrium_propagation.network import trace_lsb
from ppu_programs.equilibrium_softmax.rates import HIDDEN, RATE_ONE
from ppu_programs.equilibrium_softmax.settings import LANES_OF_A_VECTOR, MOST_CLASSES
from ppu_programs.two_layer.plan import CORRECT, COUNTERS, ERROR, LEARNED, REPORT_WORDS, SAMPLES

NAT_BITS = 11  # of a value: 2^11 to a nat
STEP_BITS = 7  # of a value that a step of the table is: 16 to a nat
WEIGHT_ONE = round((1 << 15 + NAT_BITS) / (RATE_ONE * trace_lsb(100.0)))  # a shadow weight
PROBABILITY_BITS = 14  # of probabilities and errors
TABLE_NATS = 10
ENTRIES = (TABLE_NATS << NAT_BITS - STEP_BITS) + 1
PREDICTIONS = c.VECTOR_BYTES
SUMS = c.VECTOR_BYTES // c.WORD_BYTES

MEMORY = Memory(
    products=i16[LANES_OF_A_VECTOR],
    sums=i32[SUMS],
    other=i32[SUMS],
    boltzmann=i16[ENTRIES],
    errors=i16[MOST_CLASSES],
    nudged=i32[1],
    record=i32[SUMS],
    predictions=u8[PREDICTIONS],
    counters=i32[COUNTERS],
    report=i32[REPORT_WORDS],
)
"""``sums``: of this half, ``other``: of the other one; ``nudged``: 1 where the sample is to be learned from, else 0."""


def boltzmann_table() -> np.ndarray:
    """int16[161]: exp(-d) for d in sixteenths, 2^14 for 1."""
    return np.round((1 << PROBABILITY_BITS) * np.exp(-np.arange(ENTRIES) / (1 << NAT_BITS - STEP_BITS))).astype(
        np.int16
    )


def sum_kernel(classes: int, hidden: int, above: int) -> Kernel:
    """Return the kernel that sums over so many hidden neurons; the readout's rows of ``shadow`` are behind others."""

    @kernel
    def sum_values(v, m):
        """A product of vectors for each class, then its sum."""
        load16(v, V0, m.rates, HIDDEN)
        for k in range(classes):
            load16(v, V1, m.shadow, above + k)
            mul16_sat(v, V1, V1, V0)
            store16(v, V1, m.products)
            total = 0
            for j in range(hidden):
                total += m.products[j]
            m.sums[k] = total

    return sum_values


def judge_kernel(classes: int, certain: int) -> Kernel:
    """Return the kernel ``judge(at)``; ``certain`` is the least error of a sample's class that is learned from."""
    one, counted = 1 << PROBABILITY_BITS, PROBABILITY_BITS - 12

    @kernel
    def judge(v, m, at):
        """Word 1 of the record is the class; the most probable class is prediction ``at``."""
        best = 0
        for k in range(classes):
            m.other[k] = m.other[k] + m.sums[k]
            if m.other[k] > m.other[best]:
                best = k
        total = 0
        for k in range(classes):
            m.errors[k] = m.boltzmann[minimum(m.other[best] - m.other[k] >> STEP_BITS, ENTRIES - 1)]
            total += m.errors[k]
        for k in range(classes):
            m.errors[k] = divide(m.errors[k] << PROBABILITY_BITS, total)
        goal = m.record[1]
        m.errors[goal] = m.errors[goal] - one
        m.predictions[at] = best
        m.counters[SAMPLES] = m.counters[SAMPLES] + 1
        m.counters[ERROR] = m.counters[ERROR] - (m.errors[goal] >> counted)
        if best == goal:
            m.counters[CORRECT] = m.counters[CORRECT] + 1
        m.nudged[0] = 0
        if -m.errors[goal] >= certain:
            m.nudged[0] = 1
        else:
            m.counters[LEARNED] = m.counters[LEARNED] + 1

    return judge
