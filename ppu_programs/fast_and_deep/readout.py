"""The readouts' kernels: softmax cross-entropy of first-spike times, impulses, gradient of the readout weights.

T_o is the first spike of readout o, the end of the sample where it has none. The first spike decides the class, and

    L = -log p_label + early T_label / softness,    p_o = exp(-T_o / softness) / sum,
    err_o = softness dL/dT_o = [o is the label] (1 + early) - p_o

With a spike at s of hidden neuron j, whose age is a = T_o - s - latency, the measured time has the derivative

    dT_o/dw_oj = -tau_mem psp(a) / (I_o - threshold),   I_o = sum_j w_oj exp(-a / tau_syn),

since tau_mem V' = I - threshold at a spike (Göltz et al. 2021, their Lambert W replaced by the time that was seen). So
``impulse_o = err_o / max(I_o - threshold, least excess)`` is all that either layer needs to know of a readout.

Readouts that barely spike are kept in check by the clip, ``least excess``. A silent one gets no error, unless it is the
label's: that counts as if it had barely spiked at the end of the sample, which raises its weights until it spikes.

Fixed point: all errors of a sample share one exponent, their mantissas have 15 bits; so do impulses. Where the label's
error is below 2^-10 the sample counts as learned: all errors are 0, and ``impulses`` must not run.
"""

from __future__ import annotations

from chip.ppu import (
    Kernel,
    Memory,
    absolute,
    count_leading_zeros,
    divide,
    i16,
    i32,
    kernel,
    maximum,
    minimum,
    subroutine,
)
from ppu_programs.fast_and_deep import spikes
from ppu_programs.fast_and_deep.settings import Settings
from ppu_programs.fast_and_deep.tables import (
    BOLTZMANN_ENTRIES,
    OWN_READOUT_TABLES,
    boltzmann_step_ticks,
    leading_zeros,
    most_spare,
)
from ppu_programs.two_layer.layout import GRADIENT_LIMIT, ROW, position
from ppu_programs.two_layer.plan import CORRECT, ERROR, LEARNED, SAMPLES
from ppu_programs.two_layer.roles import PREDICTIONS
from ppu_programs.two_layer.tables import look_up

LARGEST_EXPONENT = 10  # of errors
LARGEST_SHIFT = 31
EARLY_BITS = 12


def memory(settings: Settings) -> Memory:
    """The regions of these kernels, beside those of every readout layer and of ``spikes``.

    boltzmann: see ``tables``; factors: exp(-T_o / softness) against the first readout's; currents: at the spikes, in
    1/256 weight steps; tables: see ``tables.readout_tables``. ``errors`` holds the exponent, then a mantissa a readout;
    after ``impulses`` those of the impulses.
    """
    own = Memory(
        boltzmann=i32[BOLTZMANN_ENTRIES],
        factors=i32[settings.readouts],
        currents=i32[settings.readouts],
        tables=i16[2 * settings.table_entries],
    )
    return spikes.memory(settings) | own


def loss_kernel(settings: Settings, entries: int = BOLTZMANN_ENTRIES) -> Kernel:
    """Return the kernel ``loss``: errors, and the counters of samples, right answers and errors.

    ``entries`` are those of ``boltzmann``.
    """
    readouts, zeros, duration = settings.readouts, leading_zeros(settings), settings.duration_ticks
    step = boltzmann_step_ticks(settings, entries)
    step_bits, inside, last = step.bit_length() - 1, step - 1, entries - 1
    early = round((1 << EARLY_BITS) * settings.early)

    @subroutine
    def factor(v, m, ticks):
        """Return exp(-ticks / softness), 2^21 for 1, interpolated."""
        entry = ticks >> step_bits
        if entry >= last:
            return 0
        low = m.boltzmann[entry]
        return low + (((m.boltzmann[entry + 1] - low) * (ticks & inside)) >> step_bits)

    @kernel
    def loss(v, m):
        """Write the errors of this sample; the label is the tag of its spike record."""
        label = m.record[1]
        first = 0
        for o in range(1, readouts):
            if m.readout_ticks[o] < m.readout_ticks[first]:
                first = o
        total = 0
        for o in range(readouts):
            m.factors[o] = factor(v, m, m.readout_ticks[o] - m.readout_ticks[first])
            total += m.factors[o]
        others = total - m.factors[label]
        m.predictions[m.counters[SAMPLES] & (PREDICTIONS - 1)] = first
        m.counters[SAMPLES] = m.counters[SAMPLES] + 1
        if first == label:
            m.counters[CORRECT] = m.counters[CORRECT] + 1
        m.counters[ERROR] = m.counters[ERROR] + divide(others << 6, total >> 6)
        pull = others + (total >> EARLY_BITS) * early
        exponent = count_leading_zeros(pull) - zeros
        if exponent > LARGEST_EXPONENT:
            m.counters[LEARNED] = m.counters[LEARNED] + 1
            for o in range(readouts + 1):
                m.errors[o] = 0
        else:
            m.errors[0] = exponent
            shift = exponent + zeros - 1  # now `pull` fills 31 bits
            unit = total >> 5
            for o in range(readouts):
                m.errors[1 + o] = 0
                if m.readout_ticks[o] < duration:
                    m.errors[1 + o] = -divide(m.factors[o] << shift, unit)
            m.errors[1 + label] = divide(pull << shift, unit)

    return loss


def impulses_kernel(settings: Settings, divided: bool = False) -> Kernel:
    """Return the kernel ``impulses``: it divides the errors by the slopes of the membranes at the spikes.

    Where the hidden neurons are ``divided``, each processor has summed the currents of its own: ``currents`` and
    ``top_currents``.
    """
    readouts, hidden, latency = settings.readouts, settings.hidden, settings.latency_ticks
    threshold, least, duration = (
        settings.readout_threshold_current,
        settings.least_readout_excess,
        settings.duration_ticks,
    )
    spare = most_spare(settings)

    @kernel
    def impulses(v, m):
        """Sum the currents, divide, and find a new exponent."""
        if divided:
            for o in range(readouts):
                m.currents[o] = m.currents[o] + m.top_currents[o]
        else:
            for o in range(readouts):
                m.currents[o] = 0
            for lane in range(hidden):
                arrived = m.spike_ticks[lane] + latency
                if arrived >= latency:
                    for o in range(readouts):
                        age = m.readout_ticks[o] - arrived
                        if age > 0:
                            m.currents[o] = m.currents[o] + m.signed[ROW * o + lane] * look_up(v, m, 0, age)
        largest = 0
        for o in range(readouts):
            excess = least
            if m.readout_ticks[o] < duration:
                excess = maximum((m.currents[o] >> 7) - threshold, least)
            impulse = divide(m.errors[1 + o] << 16, excess)
            m.currents[o] = impulse
            largest = maximum(largest, absolute(impulse))
        drop = maximum(17 - count_leading_zeros(largest), 0)
        raise_by = maximum(count_leading_zeros(largest) - 17, 0)
        for o in range(readouts):
            m.errors[1 + o] = (m.currents[o] >> drop) << raise_by
        m.errors[0] = m.errors[0] + spare - drop + raise_by

    return impulses


def sum_currents_kernel(settings: Settings, owned: int) -> Kernel:
    """Return the kernel ``sum_currents`` of a processor that owns so many hidden neurons with all of their weights.

    It leaves in ``currents`` what their spikes add to the readouts' at the readouts' spikes, and marks them in
    ``active``, as ``note_active`` does.
    """
    readouts, latency, above = settings.readouts, settings.latency_ticks, settings.inputs
    decay = settings.table_entries * OWN_READOUT_TABLES

    @kernel
    def sum_currents(v, m):
        """Go through the own neurons that have spiked."""
        for o in range(readouts):
            m.currents[o] = 0
        for lane in range(owned):
            arrived = m.spike_ticks[lane] + latency
            if arrived >= latency:
                m.active[lane] = 1
                place = position(v, m, lane) + ROW * above
                for o in range(readouts):
                    age = m.readout_ticks[o] - arrived
                    if age > 0:
                        weight = (m.shadow[ROW * o + place] + 256) >> 9
                        m.currents[o] = m.currents[o] + weight * look_up(v, m, decay, age)

    return sum_currents


def readout_backward_kernel(settings: Settings, owned: int | None = None) -> Kernel:
    """Return the kernel ``readout_backward``; it adds a sample's gradient to ``gradient``.

    Of a processor that owns so many hidden neurons with all of their weights, gradient and tables are behind those of
    the hidden layer.
    """
    readouts, latency, divided = settings.readouts, settings.latency_ticks, owned is not None
    hidden = owned if divided else settings.hidden
    above, psp = settings.inputs, settings.table_entries * (1 + OWN_READOUT_TABLES * divided)

    @kernel
    def readout_backward(v, m):
        """Subtract impulse times PSP for every hidden spike that a readout had seen when it spiked."""
        shift = minimum(m.errors[0] + 6, LARGEST_SHIFT)
        rounding = 1 << (shift - 1)
        for lane in range(hidden):
            arrived = m.spike_ticks[lane] + latency
            if arrived >= latency:
                place = position(v, m, lane)
                if divided:
                    place += ROW * above
                for o in range(readouts):
                    age = m.readout_ticks[o] - arrived
                    if age > 0:
                        at = ROW * o + place
                        step = (m.errors[1 + o] * look_up(v, m, psp, age) + rounding) >> shift
                        m.gradient[at] = maximum(minimum(m.gradient[at] - step, GRADIENT_LIMIT), -GRADIENT_LIMIT)

    return readout_backward
