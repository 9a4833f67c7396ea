"""What the conductor makes of the free phase: the class that the chip sees, and the nudge, whose error stays as it is.

The error is that of the free phase for all nudged ones: one that follows the rates would push away from the target
where its sign is negative, and diverge.
"""

from __future__ import annotations

from chip.base import constants as c
from chip.ppu import Kernel, Memory, i16, i32, kernel, maximum, minimum, u8
from ppu_programs.equilibrium_propagation.settings import MOST_OUTPUTS
from ppu_programs.equilibrium_propagation.traces import RATE_ONE_BITS
from ppu_programs.two_layer.layout import position

NUDGE_BITS = 12  # of the factor from an error to a weight of the teacher
HIGH, LOW, FACTOR = range(3)  # in ``aims``
SAMPLES, CORRECT, CLIPPED, SATURATED, UNSTABLE, COUNTED = range(6)  # in ``counters``
HIGHEST = 8  # in ``counters``: from here on the highest rate of each output, in LSB
COUNTERS = 32
PREDICTIONS = c.VECTOR_BYTES
CHANGED_LSB = 24  # a rate that settles so far from where it did, a third of the target, has two places to settle


def memory(outputs: int) -> Memory:
    """``teaching``: the excitatory and the inhibitory row of the teacher; ``nudge``: weights for an amplitude of 1.

    ``aims``: what the right output and the others are to read, in 1/16 LSB times the number of conversions, and the
    factor from what they lack to a weight, times 2^12.
    """
    return Memory(
        record=i32[32],
        aims=i32[3],
        nudge=i16[MOST_OUTPUTS],
        before=i16[MOST_OUTPUTS],
        teaching=u8[2 * c.LANES],
        predictions=u8[PREDICTIONS],
        counters=i32[COUNTERS],
        report=i32[COUNTERS],
    )


def judge_kernel(outputs: int, first_lane: int, reads: int, top_lsb: int) -> Kernel:
    """Return the kernel ``judge(at)``: sees a class, counts, and makes the nudge.

    Args:
        outputs: how many; first_lane: of their traces.
        reads: conversions that are added up.
        top_lsb: what traces read at the bound of membranes, above rest, nearly.
    """
    most, shift = c.WEIGHT_MAX, RATE_ONE_BITS + reads.bit_length() - 1

    @kernel
    def judge(v, m, at):
        """Word 1 of the record is the class; the class that was seen is prediction ``at``."""
        best = 0
        highest = -0x8000
        for k in range(outputs):
            place = position(v, m, first_lane + k)
            rate = m.total[place] - m.rest[place] << RATE_ONE_BITS
            if rate > highest:
                highest = rate
                best = k
            wanted = m.aims[LOW]
            if k == m.record[1]:
                wanted = m.aims[HIGH]
            weight = (wanted - rate) * m.aims[FACTOR] + (1 << NUDGE_BITS - 1) >> NUDGE_BITS
            if weight > most or weight < -most:
                m.counters[CLIPPED] = m.counters[CLIPPED] + 1
            m.nudge[k] = minimum(maximum(weight, -most), most)
            lsb = rate >> shift
            m.counters[HIGHEST + k] = maximum(m.counters[HIGHEST + k], lsb)
            if lsb > top_lsb:
                m.counters[SATURATED] = m.counters[SATURATED] + 1
        m.counters[SAMPLES] = m.counters[SAMPLES] + 1
        if best == m.record[1]:
            m.counters[CORRECT] = m.counters[CORRECT] + 1
        m.predictions[at] = best

    return judge


def teach_kernel(outputs: int) -> Kernel:
    """Return the kernel ``teach(amplitude)``: the rows of the teacher for an amplitude, 128 for the whole nudge."""

    @kernel
    def teach(v, m, amplitude):
        """Weights above 0 excite, those below inhibit."""
        for k in range(outputs):
            weight = m.nudge[k] * amplitude + 64 >> 7
            m.teaching[m.lanes[k]] = maximum(weight, 0)
            m.teaching[c.LANES + m.lanes[k]] = maximum(-weight, 0)

    return teach


def kick_kernel(outputs: int, first_lane: int) -> Kernel:
    """Return the kernel that keeps the outputs' rates, and makes the strongest nudge for all of them."""

    @kernel
    def kick(v, m):
        """Keep what the traces read, ``before``."""
        for k in range(outputs):
            m.before[k] = m.total[position(v, m, first_lane + k)]
            m.nudge[k] = c.WEIGHT_MAX

    return kick


def compare_kernel(outputs: int, first_lane: int, reads: int) -> Kernel:
    """Return the kernel that counts a sample whose outputs have settled elsewhere than before."""
    allowed = CHANGED_LSB * reads

    @kernel
    def compare(v, m):
        """Any output will do."""
        changed = 0
        for k in range(outputs):
            moved = m.total[position(v, m, first_lane + k)] - m.before[k]
            if moved > allowed or moved < -allowed:
                changed = 1
        m.counters[COUNTED] = m.counters[COUNTED] + 1
        m.counters[UNSTABLE] = m.counters[UNSTABLE] + changed

    return compare


@kernel
def report_counters(v, m):
    """Move the counters into the vector that goes to external memory, and clear them."""
    for i in range(COUNTERS):
        m.report[i] = m.counters[i]
        m.counters[i] = 0
