"""First spikes from the record of a sample, on either processor, and a table of a function of time."""

from __future__ import annotations

from chip.fpga.writer import RECORD_HEADER_WORDS
from chip.ppu import V0, Kernel, Memory, i16, kernel, splat16, store16
from ppu_programs.fast_and_deep.settings import Settings
from ppu_programs.placement import INPUT_MARK, LAYER_SHIFT, POPULATION_MASK, DividedPlacement, Part
from ppu_programs.two_layer.layout import ROW, hidden_lane, input_index

READOUT_MARK = 1 << LAYER_SHIFT  # in the label of a spike of layer 1; layer 0 has none of these bits
SILENT = -1  # the time of a hidden neuron that has not spiked


def memory(settings: Settings) -> Memory:
    """What ``first_spikes`` makes of the spike record; times are ticks since the sample's time zero.

    spike_ticks: of hidden neurons by lane, ``SILENT`` without a spike; readout_ticks: of readouts, the sample's
    duration without a spike; input_ticks: of inputs.
    """
    return Memory(spike_ticks=i16[ROW], readout_ticks=i16[ROW], input_ticks=i16[settings.inputs])


def own_memory(settings: Settings) -> Memory:
    """What ``own_first_spikes`` makes of it: the same, of hidden neurons the own ones; readouts have no lanes."""
    return Memory(spike_ticks=i16[ROW], readout_ticks=i16[settings.readouts], input_ticks=i16[settings.inputs])


def first_spikes_kernel(settings: Settings) -> Kernel:
    """Return the kernel ``first_spikes``, which reads the record from its end, so that the first spike stays."""
    duration = settings.duration_ticks

    @kernel
    def first_spikes(v, m):
        """Part the record by layers and neurons."""
        splat16(v, V0, SILENT)
        store16(v, V0, m.spike_ticks)
        store16(v, V0, m.spike_ticks, 1)
        splat16(v, V0, duration)
        store16(v, V0, m.readout_ticks)
        store16(v, V0, m.readout_ticks, 1)
        count = m.record[0]
        for n in range(count):
            word = m.record[count - 1 - n + RECORD_HEADER_WORDS]
            label = word & 0xFFFF
            if label & INPUT_MARK:
                m.input_ticks[input_index(v, m, label)] = word >> 16
            elif label & READOUT_MARK:
                m.readout_ticks[hidden_lane(v, m, label)] = word >> 16
            else:
                m.spike_ticks[hidden_lane(v, m, label)] = word >> 16

    return first_spikes


def own_first_spikes_kernel(settings: Settings, placement: DividedPlacement, part: Part) -> Kernel:
    """Return the kernel ``own_first_spikes``, which does so with the hidden neurons of a part and all readouts.

    The labels of inputs are in ``input_labels``, see :mod:`ppu_programs.two_layer.own_events`.
    """
    duration, inputs, readouts = settings.duration_ticks, settings.inputs, settings.readouts
    own, theirs = (int(labels[0]) & POPULATION_MASK for labels in (part.labels, placement.readout_labels))

    @kernel
    def own_first_spikes(v, m):
        """Part the record by populations and neurons; other processors' are left out."""
        splat16(v, V0, SILENT)
        store16(v, V0, m.spike_ticks)
        store16(v, V0, m.spike_ticks, 1)
        for o in range(readouts):
            m.readout_ticks[o] = duration
        count = m.record[0]
        for n in range(count):
            word = m.record[count - 1 - n + RECORD_HEADER_WORDS]
            label = word & 0xFFFF
            if label & INPUT_MARK:
                for i in range(inputs):
                    if m.input_labels[i] == label:
                        m.input_ticks[i] = word >> 16
            elif label & POPULATION_MASK == own:
                m.spike_ticks[hidden_lane(v, m, label)] = word >> 16
            elif label & POPULATION_MASK == theirs:
                m.readout_ticks[hidden_lane(v, m, label)] = word >> 16

    return own_first_spikes
