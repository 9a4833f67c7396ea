"""The hidden layer's kernels: a surrogate of the spikes' derivative from sampled membranes, and the gradient from it.

With samples at t_k of neuron i's potential V_i, inputs at t_j, the end of the sample T and the readouts' errors err_o,

    gradient_ij += sum_k psi(V_i(t_k)) psp_out(T - t_k) psp(t_k - t_j) (sum_o w_oi err_o + activity excess_i)

psi = max(0, 1 - |V - threshold| / width): a spike counts as a step of the potential, and psi stands for its derivative
(Zenke and Ganguli 2018, eq. 3; this triangle is that of Bellec et al. 2020). The sum over samples is what they call the
eligibility; it needs nothing but the potential, the input's time and two PSPs, which is how this rule is local. The
reset is not differentiated: what came before a neuron's spike counts for its next one as well.
``excess`` is the number of the neuron's spikes above ``activity_target``, 0 if there are fewer.

Fixed point: psi has 6 bits, the PSPs' product 7, their sum over samples 15 bits, limited at six times the largest
product; errors 15 bits; the feedback, the sum over readouts, 15 bits with 2^-9 the least, limited at 64 weight steps;
gradients 16 bits, limited. All lanes of a row are computed at once.
"""

from __future__ import annotations

from chip.fpga.writer import RECORD_HEADER_WORDS
from chip.ppu import (
    GREATER,
    LESS,
    V0,
    V1,
    V2,
    V3,
    V4,
    V5,
    V6,
    V7,
    V8,
    V9,
    Kernel,
    Memory,
    add16_sat,
    add_accumulator8_mod,
    add_accumulator8_sat,
    add_accumulator16_sat,
    compare8,
    i8,
    i16,
    kernel,
    load8,
    load16,
    mac16_sat,
    mac_to_accumulator8_sat,
    mac_to_accumulator16_sat,
    minimum,
    mul8_mod,
    mul_to_accumulator8_mod,
    mul_to_accumulator16_mod,
    saturate16,
    select,
    shift_left16,
    splat8,
    splat16,
    store8,
    store16,
    sub8_mod,
    sub8_sat,
    subroutine,
    u8,
    unpack_left,
    unpack_right,
)
from ppu_programs.placement import INPUT_MARK
from ppu_programs.superspike import tables
from ppu_programs.superspike.settings import Settings
from ppu_programs.two_layer.layout import ROW, hidden_lane, input_index
from ppu_programs.two_layer.settings import TICK_NS
from ppu_programs.two_layer.tables import leading_zeros

SPIKES_LIMIT = 63  # of a neuron in a sample


def memory(settings: Settings) -> Memory:
    """The regions of the kernels, beside those of every hidden layer.

    input_ticks: time of each input's event; spikes: of each neuron, less the target.
    membranes: the CADC's bytes, a vector a sample; ``surrogate`` puts psi in their place.
    input_psp, readout_psp: see ``tables``.
    """
    return Memory(
        input_ticks=i16[settings.inputs],
        spikes=i8[ROW],
        membranes=u8[settings.membrane_samples * ROW],
        input_psp=u8[tables.entries(settings)],
        readout_psp=u8[settings.membrane_samples],
    )


def surrogate_kernel(settings: Settings) -> Kernel:
    """Return the kernel ``surrogate``: from potentials to psi, the slope times what a potential is short of width."""
    threshold, samples = settings.threshold_code, settings.membrane_samples
    width, slope = settings.width_lsb, settings.surrogate_slope

    @kernel
    def surrogate(v, m):
        """Distance from threshold, its magnitude, what is left of the width, in this order.

        A distance that wraps stays beyond the width: see the highest threshold in ``settings``.
        """
        splat8(v, V1, threshold)
        splat8(v, V2, width)
        splat8(v, V3, slope)
        splat8(v, V5, 0)
        for k in range(samples):
            load8(v, V0, m.membranes, k)
            sub8_mod(v, V0, V0, V1)
            sub8_sat(v, V4, V5, V0)
            compare8(v, V0)
            select(v, V0, V0, V4, LESS)
            sub8_sat(v, V0, V2, V0)
            compare8(v, V0)
            select(v, V0, V5, V0, GREATER)
            mul8_mod(v, V0, V0, V3)
            store8(v, V0, m.membranes, k)

    return surrogate


def read_record_kernel(settings: Settings) -> Kernel:
    """Return the kernel ``read_record``: times of inputs, and each neuron's spikes less the target."""
    target = settings.activity_target

    @kernel
    def read_record(v, m):
        """Part the events by their mark."""
        splat8(v, V0, -target)
        store8(v, V0, m.spikes)
        for n in range(m.record[0]):
            word = m.record[n + RECORD_HEADER_WORDS]
            if word & INPUT_MARK:
                m.input_ticks[input_index(v, m, word & 0xFFFF)] = word >> 16
            else:
                lane = hidden_lane(v, m, word & 0xFFFF)
                m.spikes[lane] = minimum(m.spikes[lane] + 1, SPIKES_LIMIT)

    return read_record


def backward_kernel(settings: Settings) -> Kernel:
    """Return the kernel ``backward``, which adds a sample's gradient to ``gradient``."""
    inputs, readouts, samples = settings.inputs, settings.readouts, settings.membrane_samples
    first, period = settings.first_sample_ns // TICK_NS, settings.sample_period_ns // TICK_NS
    error_shift = 11 - leading_zeros(settings)
    activity = round(settings.activity * 2**15)

    @subroutine
    def error(v, m, o):
        """Return the error of a readout as a fraction of 15 bits."""
        exponent = m.errors[0]
        return saturate16(((m.errors[1 + o] << (error_shift + 1)) + (1 << exponent)) >> (exponent + 1))

    @subroutine
    def feedback(v, m):
        """Put sum_o w_oi err_o + activity excess_i into V6 and V7, the halfwords of a row; 2^9 for a weight step."""
        splat8(v, V5, 0)
        load8(v, V4, m.spikes)
        compare8(v, V4)
        select(v, V4, V5, V4, GREATER)
        mul_to_accumulator16_mod(v, V8, V9)
        for o in range(readouts):
            load8(v, V0, m.readout_weights, o)
            unpack_left(v, V0, V0, V5)
            shift_left16(v, V0, V0, 1)
            splat16(v, V1, error(v, m, o))
            mac_to_accumulator16_sat(v, V0, V1)
        splat16(v, V2, activity)
        unpack_left(v, V0, V4, V5)
        shift_left16(v, V0, V0, 1)
        mac_to_accumulator16_sat(v, V0, V2)
        add_accumulator16_sat(v, V6, V5)
        mul_to_accumulator16_mod(v, V8, V9)
        for o in range(readouts):
            load8(v, V0, m.readout_weights, o)
            unpack_right(v, V0, V0, V5)
            shift_left16(v, V0, V0, 1)
            splat16(v, V1, error(v, m, o))
            mac_to_accumulator16_sat(v, V0, V1)
        unpack_right(v, V0, V4, V5)
        shift_left16(v, V0, V0, 1)
        mac_to_accumulator16_sat(v, V0, V2)
        add_accumulator16_sat(v, V7, V5)

    @subroutine
    def eligibility(v, m, start):
        """Put the sum over samples of psi and both PSPs into V2 and V3, for an input at ``start`` ticks."""
        mul_to_accumulator8_mod(v, V5, V5)
        age = first - start
        for k in range(samples):
            if age > 0:
                load8(v, V0, m.membranes, k)
                splat8(v, V1, (m.input_psp[age >> 3] * m.readout_psp[k] + 256) >> 9)
                mac_to_accumulator8_sat(v, V0, V1)
            age += period
        add_accumulator8_sat(v, V0, V5)
        add_accumulator8_mod(v, V1, V5)
        unpack_left(v, V2, V0, V1)
        unpack_right(v, V3, V0, V1)

    @kernel
    def backward(v, m):
        """Feedback once, then one eligibility and one row of the gradient after the other."""
        splat16(v, V8, 256)  # with V9 half a step of the products' upper halfwords: they round
        splat16(v, V9, 128)
        feedback(v, m)
        for i in range(inputs):
            eligibility(v, m, m.input_ticks[i])
            mul_to_accumulator16_mod(v, V8, V9)
            mac16_sat(v, V2, V2, V6)
            mac16_sat(v, V3, V3, V7)
            load16(v, V0, m.gradient, 2 * i)
            load16(v, V1, m.gradient, 2 * i + 1)
            add16_sat(v, V0, V0, V2)
            add16_sat(v, V1, V1, V3)
            store16(v, V0, m.gradient, 2 * i)
            store16(v, V1, m.gradient, 2 * i + 1)

    return backward
