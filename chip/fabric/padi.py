"""PADI busses: four a hemisphere, each with a row select of 5 bits and a label of 6 for every event."""

from __future__ import annotations

from chip.base import constants as c
from chip.base.compiled import compiled
from chip.base.inner import inlined

LAST_LABEL = 0xFFFF  # the highest of 16 bits
INJECTED = 1 << 16  # in the word of an event that a processor puts on PADI busses


def padi_word(hemisphere: int, busses: int, row_select: int, label: int) -> int:
    """Return the word of an event that a processor puts on the PADI busses of a hemisphere, a bit each."""
    return INJECTED | hemisphere << 15 | busses << 11 | row_select << 6 | label


@inlined
def chosen(word, output):
    """Say whether an event that a processor puts on PADI busses goes to this one; see :func:`padi_word`."""
    return word >> 15 == output // c.PADI_BUSSES and (word >> (11 + output % c.PADI_BUSSES)) & 1 == 1


@compiled(_nrt=False)
def padi_key(output, label):
    """Return the number of a label on a PADI bus: ``(bus * 32 + row_select) * 64 + synapse_label``, 0..16383."""
    return (output << 11) | (label & 0x7FF)
