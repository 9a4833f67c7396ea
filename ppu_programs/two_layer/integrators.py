"""Readouts that are leaky integrators: softmax cross-entropy from one CADC sample, and the readout weights' gradient.

``loss`` turns the potentials of the readouts and the label into errors: err_o = p_o - [o is the label] with
p_o = exp(sharpness V_o) / sum. All errors of a sample share one exponent, err_o = mantissa_o / 2^(13 + exponent) for 3
readouts, so that samples that are almost right keep their precision; where the label's error is below 2^-10 the sample
counts as learned: all errors are 0. ``readout_backward`` adds err_o psp(T - s) for each hidden spike at s.
"""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from chip.base import constants as c
from chip.fpga.writer import RECORD_HEADER_WORDS
from chip.ppu import (
    Kernel,
    Memory,
    count_leading_zeros,
    divide,
    i16,
    i32,
    kernel,
    maximum,
    minimum,
    subroutine,
    u8,
)
from ppu_programs.placement import INPUT_MARK, Part, Placement
from ppu_programs.two_layer.halves import ConductingHalf, Learning
from ppu_programs.two_layer.layout import GRADIENT_LIMIT, ROW, hidden_lane, position
from ppu_programs.two_layer.plan import CORRECT, ERROR, LEARNED, SAMPLES, Plan
from ppu_programs.two_layer.programs import ReadoutProgram
from ppu_programs.two_layer.roles import DONE_LINE, PREDICTIONS, RECORD_SLOT, START_LINE
from ppu_programs.two_layer.settings import Settings
from ppu_programs.two_layer.tables import (
    CADC_VALUES,
    boltzmann_entries,
    boltzmann_table,
    leading_zeros,
    readout_table,
)

LARGEST_EXPONENT = 10
DIVIDED_HALVES = (c.ODD,)  # of readouts where the hidden layer is divided between both processors
DIVIDED_ARGUMENTS = 2  # of the operation that a doorbell sets off there, `ppu.read_cadc(into=..., halves=...)`


def loss_memory(entries: int = CADC_VALUES) -> Memory:
    """The regions of ``loss``, beside those of every readout layer.

    membranes: the CADC's bytes, lane o is readout o; boltzmann: so many entries, see ``tables``.
    ``errors`` holds the exponent, then one mantissa a readout; the rest of the vector is 0.
    """
    return Memory(membranes=u8[ROW], boltzmann=i32[entries])


def backward_memory(settings: Settings) -> Memory:
    """The region of ``readout_backward``, beside those of every readout layer: psp, see ``tables``."""
    return Memory(psp=i16[settings.table_entries])


class IntegratorReadouts(ReadoutProgram):
    """A readout program for leaky integrators, which are observed once, at the end of a sample."""

    def __init__(self, settings: Settings, plan: Plan, placement: Placement):
        self.loss = loss_kernel(settings)
        backward = readout_backward_kernel(settings)
        memory = loss_memory() | backward_memory(settings)
        super().__init__(settings, plan, placement, memory=memory, backward=backward, kernels=(self.loss,))

    def image(self) -> dict[str, np.ndarray]:
        own = {"boltzmann": boltzmann_table(self.settings), "psp": readout_table(self.settings)}
        return super().image() | own

    def play_sample(self, ppu, sample: int, announce: bool) -> Generator:
        if announce:
            yield ppu.ring(c.TOP, START_LINE)
        yield ppu.play(sample, RECORD_SLOT, ring=(c.TOP,))
        yield ppu.read_cadc(into="membranes")
        yield ppu.load_record(RECORD_SLOT, into="record")
        yield ppu.run(self.loss)


class ConductingIntegrators(ConductingHalf):
    """The processor that conducts where the hidden layer is divided, for such readouts."""

    def __init__(self, settings: Settings, plan: Plan, part: Part, learning: Learning):
        entries = boltzmann_entries(settings)
        self.loss = loss_kernel(settings, entries)
        super().__init__(settings, plan, part, learning, memory=loss_memory(entries), kernels=(self.loss,))
        self.backward = (*self.observe, *self.backward)

    def image(self) -> dict[str, np.ndarray]:
        return super().image() | {"boltzmann": boltzmann_table(self.settings)[: boltzmann_entries(self.settings)]}

    def play_sample(self, ppu, sample: int, announce: bool) -> Generator:
        if announce:
            yield ppu.ring(c.TOP, START_LINE)
        yield ppu.play(sample, RECORD_SLOT, ring=(c.TOP,))
        yield ppu.read_cadc(into="membranes", halves=DIVIDED_HALVES)
        yield ppu.load_record(RECORD_SLOT, into="record")
        yield ppu.run(self.loss)

    def end_sample(self, ppu) -> Generator:
        """Wait for the top processor; then let the readouts begin anew, of which either side resets both circuits."""
        yield ppu.wait_doorbell(DONE_LINE)
        yield ppu.reset_neurons(DIVIDED_HALVES)


def loss_kernel(settings: Settings, entries: int = CADC_VALUES) -> Kernel:
    """Return the kernel ``loss``: errors, and the counters of samples, right answers and errors.

    ``entries`` are those of ``boltzmann``, of 256; beyond them the last one holds, see ``tables.boltzmann_entries``.
    """
    readouts, zeros = settings.readouts, leading_zeros(settings)

    @kernel
    def loss(v, m):
        """Write the errors of this sample; the label is the tag of its spike record."""
        label = m.record[1]
        highest = 0
        for o in range(1, readouts):
            if m.membranes[o] > m.membranes[highest]:
                highest = o
        if entries < CADC_VALUES:
            for o in range(readouts):
                m.membranes[o] = maximum(m.membranes[o], m.membranes[highest] - (entries - 1))
        total = 0
        for o in range(readouts):
            total += m.boltzmann[m.membranes[highest] - m.membranes[o]]
        others = total - m.boltzmann[m.membranes[highest] - m.membranes[label]]
        m.predictions[m.counters[SAMPLES] & (PREDICTIONS - 1)] = highest
        m.counters[SAMPLES] = m.counters[SAMPLES] + 1
        if highest == label:
            m.counters[CORRECT] = m.counters[CORRECT] + 1
        m.counters[ERROR] = m.counters[ERROR] + divide(others << 6, total >> 6)
        exponent = count_leading_zeros(others) - zeros
        if exponent > LARGEST_EXPONENT:
            m.counters[LEARNED] = m.counters[LEARNED] + 1
            for o in range(readouts + 1):
                m.errors[o] = 0
        else:
            m.errors[0] = exponent
            shift = exponent + zeros - 1  # now `others` fills 31 bits
            unit = total >> 5
            for o in range(readouts):
                m.errors[1 + o] = divide(m.boltzmann[m.membranes[highest] - m.membranes[o]] << shift, unit)
            m.errors[1 + label] = -divide(others << shift, unit)

    return loss


@subroutine
def look_up_psp(v, m, ticks):
    """Return the readouts' PSP at a time of 0 ticks or more, interpolated."""
    entry = ticks >> 5
    low = m.psp[entry]
    return low + (((m.psp[entry + 1] - low) * (ticks & 31)) >> 5)


def readout_backward_kernel(settings: Settings, above: int = 0, mask: int = INPUT_MARK, wanted: int = 0) -> Kernel:
    """Return the kernel ``readout_backward``; it adds a sample's gradient to ``gradient``, behind ``above`` rows.

    Spikes that the readouts hear are those whose labels are ``wanted`` in the bits of ``mask``: by default all.
    """
    readouts, duration = settings.readouts, settings.duration_ticks

    @kernel
    def readout_backward(v, m):
        """Add error times PSP at the CADC sample for every hidden spike before it."""
        shift = m.errors[0] + 6
        rounding = 1 << (shift - 1)
        for n in range(m.record[0]):
            word = m.record[n + RECORD_HEADER_WORDS]
            ticks = word >> 16
            if (word & mask) == wanted and ticks < duration:
                place = position(v, m, hidden_lane(v, m, word & 0xFFFF))
                if above > 0:
                    place += ROW * above
                weight = look_up_psp(v, m, duration - ticks)
                for o in range(readouts):
                    at = ROW * o + place
                    value = m.gradient[at] + ((m.errors[1 + o] * weight + rounding) >> shift)
                    m.gradient[at] = maximum(minimum(value, GRADIENT_LIMIT), -GRADIENT_LIMIT)

    return readout_backward
