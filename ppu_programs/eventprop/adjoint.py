"""The hidden layer's kernels: sort the spike record by neuron, and the adjoint in reverse time.

``sort_record`` chains the spikes of each neuron backwards: ``latest[lane]`` is the number (from 1) of its last spike,
``earlier[n - 1]`` that of the one before spike n, 0 ends a chain. There is no recurrence in the layer, so ``backward``
may walk one neuron after the other, each in reverse time. At spike k, s its time, r = s + refractory time its release:

    push_k    = -sum_o w_oj err_o dK/dt(T - s_k)  +  I(r_k) exp(-(s_{k+1} - r_k) / tau_mem) impulse_{k+1}
    impulse_k = push_k / max(I(s_k) - threshold, least excess)
    gradient_i -= impulse_k g,   g = psp(s_k - t_i)                                        where t_i >= r_{k-1},
                                 g = psp(s_k - r_{k-1}) exp(-(r_{k-1} - t_i) / tau_syn)    where t_i <  r_{k-1}

``push`` is dL/ds, its second term the lambda_V after the spike: what the next spike loses when this one moves and with
it the release of the membrane (reset and leak potential are equal). Within one tick a spike comes before an input, and
an input before a release. ``least excess`` is the clip of 1 / (I - threshold): at most 8 over the threshold by default
(``Settings.slope_limit``).

Fixed point: error mantissas have 15 bits and one exponent for the sample; pushes 19 bits and impulses 20 bits, both
limited, which in rare bursts is a second clip; gradients 32 bits, limited to 2^30.
"""

from __future__ import annotations

from chip.fpga.writer import RECORD_HEADER_WORDS
from chip.ppu import (
    V0,
    Kernel,
    Memory,
    divide,
    i16,
    kernel,
    maximum,
    minimum,
    multiply_high,
    splat8,
    store8,
    subroutine,
    u8,
)
from ppu_programs.eventprop.settings import Settings
from ppu_programs.placement import INPUT_MARK
from ppu_programs.two_layer.layout import (
    GRADIENT_LIMIT,
    RECORD_WORDS,
    ROW,
    hidden_lane,
    input_index,
    position,
)
from ppu_programs.two_layer.tables import look_up

PUSH_LIMIT = (1 << 19) - 1
IMPULSE_LIMIT = (1 << 20) - 1


def memory(settings: Settings) -> Memory:
    """The regions of both kernels, beside those of every hidden layer.

    latest, earlier: chains of spikes; input_ticks: time of each input's event.
    tables: see ``tables.hidden_tables``. ``errors`` holds the exponent, then one mantissa a readout.
    """
    return Memory(
        latest=u8[ROW],
        earlier=u8[RECORD_WORDS],
        input_ticks=i16[settings.inputs],
        tables=i16[4 * settings.table_entries],
    )


@kernel
def sort_record(v, m):
    """Chain the hidden spikes of the record by neuron and note the times of the inputs."""
    splat8(v, V0, 0)
    store8(v, V0, m.latest)
    for n in range(m.record[0]):
        word = m.record[n + RECORD_HEADER_WORDS]
        if word & INPUT_MARK:
            m.input_ticks[input_index(v, m, word & 0xFFFF)] = word >> 16
        else:
            lane = hidden_lane(v, m, word & 0xFFFF)
            m.earlier[n] = m.latest[lane]
            m.latest[lane] = n + 1


@kernel
def sort_spikes(v, m):
    """Chain the spikes of a record that has no others."""
    splat8(v, V0, 0)
    store8(v, V0, m.latest)
    for n in range(m.record[0]):
        lane = hidden_lane(v, m, m.record[n + RECORD_HEADER_WORDS] & 0xFFFF)
        m.earlier[n] = m.latest[lane]
        m.latest[lane] = n + 1


def backward_kernel(settings: Settings, owned: int | None = None, pushed: bool = False) -> Kernel:
    """Return the kernel ``backward`` for a network; it adds a sample's gradient to ``gradient``.

    Of a processor that owns so many hidden neurons with their readout weights, these are rows of ``shadow`` behind
    those of the inputs; else the other processor owns them, and ``readout_weights`` is a copy. Where the layer drives
    no readouts, it is ``pushed``: what a spike's push has of the layer above stands in the place of its label.
    """
    inputs, readouts, copied, reads = settings.inputs, settings.readouts, owned is None, not pushed
    hidden = settings.hidden if copied else owned
    duration, refractory = settings.duration_ticks, settings.refractory_ticks
    threshold, least_excess = settings.threshold_current, settings.least_excess
    syn, mem, psp, slope = (i * settings.table_entries for i in range(4))

    @subroutine
    def current(v, m, ticks, place, youngest):
        """Return the current at a time, from inputs of ``youngest`` ticks of age and more, in 1/256 weight steps."""
        total = 0
        for i in range(inputs):
            age = ticks - m.input_ticks[i]
            if age >= youngest:
                weight = (m.shadow[ROW * i + place] + 256) >> 9
                total += weight * look_up(v, m, syn, age)
        return total >> 7

    @subroutine
    def accumulate(v, m, ticks, release, impulse, place):
        """Subtract impulse * g from the gradients of all inputs of one neuron."""
        exponent = m.errors[0]
        rounding = (1 << exponent) >> 1
        for i in range(inputs):
            start = m.input_ticks[i]
            if start < ticks:
                if start >= release:
                    weight = look_up(v, m, psp, ticks - start)
                else:
                    weight = look_up(v, m, psp, ticks - release) * look_up(v, m, syn, release - start) >> 15
                step = (multiply_high(impulse << 11, weight << 15) + rounding) >> exponent
                at = ROW * i + place
                m.gradient[at] = maximum(minimum(m.gradient[at] - step, GRADIENT_LIMIT), -GRADIENT_LIMIT)

    @kernel
    def backward(v, m):
        """Walk the chains of spikes backwards in time."""
        for lane in range(hidden):
            n = m.latest[lane]
            if n > 0:
                place = position(v, m, lane)
                pull = 0
                if reads:
                    for o in range(readouts):
                        if copied:
                            pull += m.readout_weights[ROW * o + lane] * m.errors[1 + o]
                        else:
                            pull += ((m.shadow[ROW * (inputs + o) + place] + 256) >> 9) * m.errors[1 + o]
                    pull = pull >> 8
                impulse = 0
                later = 0
                while n > 0:
                    ticks = m.record[n + 1] >> 16
                    before = m.earlier[n - 1]
                    if ticks < duration:
                        if reads:
                            push = -((pull * look_up(v, m, slope, duration - ticks)) >> 14)
                        else:
                            push = (m.record[n + 1] << 16) >> 16
                        if impulse != 0:
                            release = ticks + refractory
                            kept = multiply_high(
                                current(v, m, release, place, 0) << 14, look_up(v, m, mem, later - release) << 3
                            )
                            push += multiply_high(kept << 14, impulse << 7)
                        push = maximum(minimum(push, PUSH_LIMIT), -PUSH_LIMIT)
                        excess = maximum(current(v, m, ticks, place, 1) - threshold, least_excess)
                        impulse = divide(push << 11, excess)
                        impulse = maximum(minimum(impulse, IMPULSE_LIMIT), -IMPULSE_LIMIT)
                        release = -1
                        if before > 0:
                            release = (m.record[before + 1] >> 16) + refractory
                        accumulate(v, m, ticks, release, impulse, place)
                        later = ticks
                    n = before

    return backward
