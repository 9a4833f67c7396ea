"""What of a sample's record is a processor's own, where hidden neurons are divided between both."""

from __future__ import annotations

import numpy as np

from chip.fpga.writer import RECORD_HEADER_WORDS
from chip.ppu import Kernel, Memory, kernel, u16
from ppu_programs.placement import INPUT_MARK, POPULATION_MASK, Part


def memory(part: Part) -> Memory:
    """Region ``input_labels``: of the inputs' events, in order; see :func:`image`."""
    return Memory(input_labels=u16[len(part.input_labels)])


def image(part: Part) -> dict[str, np.ndarray]:
    """Initial contents of ``memory``."""
    return {"input_labels": part.input_labels}


def own_events_kernel(part: Part) -> Kernel:
    """Return the kernel ``own_events``, which leaves in ``record`` the spikes of a part's neurons alone.

    It notes the times of the inputs in ``input_ticks``, which is the rule's: int16[inputs].
    """
    own, inputs = int(part.labels[0]) & POPULATION_MASK, len(part.input_labels)

    @kernel
    def own_events(v, m):
        """Move own spikes up, over all else."""
        kept = 0
        for n in range(m.record[0]):
            word = m.record[n + RECORD_HEADER_WORDS]
            if word & INPUT_MARK:
                for i in range(inputs):
                    if m.input_labels[i] == word & 0xFFFF:
                        m.input_ticks[i] = word >> 16
            elif word & POPULATION_MASK == own:
                m.record[kept + RECORD_HEADER_WORDS] = word
                kept += 1
        m.record[0] = kept

    return own_events
