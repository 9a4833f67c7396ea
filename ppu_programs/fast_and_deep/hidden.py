"""The hidden layer's kernels: the gradient of first-spike times, and a push for neurons that never spike.

With the readouts' impulses, see ``readout``, and for a hidden neuron's only spike at s, of age a_o at readout o,

    push      = dL/ds = sum_o impulse_o w_oj tau_mem psp'(a_o)
    impulse   = push / max(I(s) - threshold, least excess),   I(s) = sum_i w_i exp(-(s - t_i) / tau_syn)
    gradient_i -= impulse tau_mem psp(s - t_i)                for all inputs before s

since ds/dw_i = -psp(s - t_i) / V'(s) and tau_mem V' = I - threshold. Within one tick a spike comes before an input.

A neuron that was silent for a whole batch gets no gradient: ``bump`` raises all its weights a little, until it spikes.

Fixed point: impulses of the readouts have 15 bits and one exponent for the sample, pushes 24 bits, impulses 20 bits,
both limited; gradients 32 bits, limited to 2^30.
"""

from __future__ import annotations

from chip.ppu import Kernel, Memory, divide, i16, kernel, maximum, minimum, multiply_high, u8
from ppu_programs.fast_and_deep import spikes
from ppu_programs.fast_and_deep.settings import Settings
from ppu_programs.fast_and_deep.tables import HIDDEN_TABLES, OWN_READOUT_TABLES, OWN_TABLES, largest_readout_psp
from ppu_programs.two_layer.layout import GRADIENT_LIMIT, ROW, position
from ppu_programs.two_layer.settings import SHADOW_LIMIT
from ppu_programs.two_layer.tables import look_up

PUSH_LIMIT = (1 << 24) - 1
IMPULSE_LIMIT = (1 << 20) - 1
LARGEST_SHIFT = 30  # the rounding must fit 32 bits; a change, which has 29, comes to 0 here already


def memory(settings: Settings) -> Memory:
    """The regions of these kernels, beside those of every hidden layer and of ``spikes``.

    tables: see ``tables.hidden_tables``; active: lanes that have spiked since ``bump`` ran last. ``errors`` holds the
    exponent, then a mantissa of each readout's impulse.
    """
    return spikes.memory(settings) | Memory(tables=i16[3 * settings.table_entries], active=u8[ROW])


def backward_kernel(settings: Settings, owned: int | None = None) -> Kernel:
    """Return the kernel ``backward``; it adds a sample's gradient to ``gradient``.

    Of a processor that owns so many hidden neurons with their readout weights, these are rows of ``shadow`` behind
    those of the inputs, and the slope of the readouts' PSP is computed from decay and PSP, to save a table; else the
    other processor owns them, and ``readout_weights`` is a copy.
    """
    inputs, readouts, copied = settings.inputs, settings.readouts, owned is None
    hidden = settings.hidden if copied else owned
    latency, threshold, least_excess = settings.latency_ticks, settings.threshold_current, settings.least_excess
    syn, psp, slope = (i * settings.table_entries for i in range(HIDDEN_TABLES))
    readout_syn, readout_psp = (i * settings.table_entries for i in range(OWN_READOUT_TABLES, OWN_TABLES))
    largest = largest_readout_psp(settings)

    @kernel
    def backward(v, m):
        """Go through the neurons that have spiked."""
        exponent = minimum(m.errors[0], LARGEST_SHIFT)
        rounding = (1 << exponent) >> 1
        for lane in range(hidden):
            ticks = m.spike_ticks[lane]
            if ticks >= 0:
                if not copied:
                    place = position(v, m, lane)
                push = 0
                for o in range(readouts):
                    age = m.readout_ticks[o] - ticks - latency
                    if age > 0:
                        if copied:
                            pull = (m.errors[1 + o] * look_up(v, m, slope, age)) >> 15
                            push += m.readout_weights[ROW * o + lane] * pull
                        else:
                            rising = look_up(v, m, readout_syn, age)
                            pull = rising - (look_up(v, m, readout_psp, age) * largest >> 15)
                            pull = (m.errors[1 + o] * pull) >> 15
                            push += ((m.shadow[ROW * (inputs + o) + place] + 256) >> 9) * pull
                if push != 0:
                    if copied:
                        place = position(v, m, lane)
                    current = 0
                    for i in range(inputs):
                        age = ticks - m.input_ticks[i]
                        if age > 0:
                            weight = (m.shadow[ROW * i + place] + 256) >> 9
                            current += weight * look_up(v, m, syn, age)
                    excess = maximum((current >> 7) - threshold, least_excess)
                    impulse = divide(maximum(minimum(push, PUSH_LIMIT), -PUSH_LIMIT) << 6, excess)
                    impulse = maximum(minimum(impulse, IMPULSE_LIMIT), -IMPULSE_LIMIT)
                    for i in range(inputs):
                        age = ticks - m.input_ticks[i]
                        if age > 0:
                            at = ROW * i + place
                            change = multiply_high(impulse << 11, look_up(v, m, psp, age) << 15)
                            value = m.gradient[at] - ((change + rounding) >> exponent)
                            m.gradient[at] = maximum(minimum(value, GRADIENT_LIMIT), -GRADIENT_LIMIT)

    return backward


def note_active_kernel(settings: Settings) -> Kernel:
    """Return the kernel ``note_active``: it remembers who has spiked in a sample."""
    hidden = settings.hidden

    @kernel
    def note_active(v, m):
        """Mark lanes."""
        for lane in range(hidden):
            if m.spike_ticks[lane] >= 0:
                m.active[lane] = 1

    return note_active


def bump_kernel(settings: Settings, owned: int | None = None) -> Kernel:
    """Return the kernel ``bump``: it raises the weights of neurons that were silent, and forgets who was not."""
    inputs, step = settings.inputs, settings.bump_steps
    hidden = settings.hidden if owned is None else owned

    @kernel
    def bump(v, m):
        """Add to all weights of silent lanes."""
        for lane in range(hidden):
            if m.active[lane] == 0:
                place = position(v, m, lane)
                for i in range(inputs):
                    m.shadow[ROW * i + place] = minimum(m.shadow[ROW * i + place] + step, SHADOW_LIMIT)
            m.active[lane] = 0

    return bump
