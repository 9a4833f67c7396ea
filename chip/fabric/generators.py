"""Background generators: eight sources of events on the chip, one for each PADI bus, regular or Poisson.

A generator counts periods of the event clock from when it was written. At the end of each a regular one sends an event.
A Poisson one draws 8 bits, 1..255, from its shift register, and sends iff the draw is not above its rate, so that the
mean interval is ``period / (rate / 255)`` and a rate of 0 is off. The low 8 bits of the label that the mask names are
drawn anew for each event. A generator enters the crossbar by input 12 + its number, which has nodes to one PADI bus,
that of its number, and to one channel of the FPGA, its number modulo 4.

Sources: registers and mean interval, haldls ``background.h``; 250 MHz, first event a full period after it is enabled,
haldls tests. Assumed, since no source tells: the polynomial of the shift register, here the 32 bits of xorshift32
(Marsaglia, J. Stat. Softw. 8, 2003), and which of its bits are drawn: the lower 16, modulo 255, and the upper 8 for
labels.
"""

from __future__ import annotations

import numpy as np

from chip.base import constants as c
from chip.base.grid import EDGE_NS, FAR_NS
from chip.base.inner import inlined, inner, outer
from chip.base.queues import DONE, FULL
from chip.base.registers import Registers
from chip.base.timeline import BACKGROUND_NEXT, GENERATOR_HEAD, GENERATOR_TAIL

GENERATORS = c.BACKGROUND_GENERATORS
# what is written to a generator: second index of Queues.generator_values
ENABLED, POISSON, PERIOD, RATE, SEED, MASK, LABEL = range(7)
VALUES = 7
# second index of Fabric.generators: when it sends next, its shift register, and what was written to it
NEXT_NS, SHIFT = VALUES, VALUES + 1
FIELDS = VALUES + 2
# registers behind background_, and what each of them takes
RANGES = {
    "enabled": (0, 1),
    "poisson": (0, 1),
    "period": (1, 0xFFFF),
    "rate": (0, 0xFF),
    "seed": (1, 0xFFFFFFFF),
    "mask": (0, 0xFF),
    "label": (0, c.NEURON_LABEL_MASK),
}
_WORD = (1 << 32) - 1


def generator_values(registers: Registers) -> np.ndarray:
    """Return int64[8, 7]: what registers say of each generator."""
    return np.stack([getattr(registers, f"background_{name}").astype(np.int64) for name in RANGES], axis=1)


@inner
def _greater(values, at, row):
    """Say whether values that are posted are greater than others, the first that differs deciding."""
    for field in range(VALUES):
        if values[at, field] != row[field]:
            return values[at, field] > row[field]
    return False


@outer
def insert_generator(clock, keys, values, time_ns, generator, row):
    """Post that values are written to a generator at a time, which the caller has checked; return DONE or FULL.

    Of several writes to one at one time the one with the greatest values stands, whoever posted first.
    """
    if clock[GENERATOR_TAIL] == keys.size:
        return FULL
    at, key = clock[GENERATOR_TAIL], time_ns << 3 | generator
    while at > clock[GENERATOR_HEAD] and keys[at - 1] >= key:
        if keys[at - 1] == key and not _greater(values, at - 1, row):
            break
        keys[at] = keys[at - 1]
        for field in range(VALUES):
            values[at, field] = values[at - 1, field]
        at -= 1
    keys[at] = key
    for field in range(VALUES):
        values[at, field] = row[field]
    clock[GENERATOR_TAIL] += 1
    clock[BACKGROUND_NEXT] = min(clock[BACKGROUND_NEXT], time_ns)
    return DONE


@inner
def shifted(word):
    """Return the next state of a shift register of 32 bits."""
    word ^= (word << 13) & _WORD
    word ^= word >> 17
    return word ^ ((word << 5) & _WORD)


@inlined
def _find_next(generator, generators):
    """Find when a generator sends next, from the end of a period on."""
    period_ns = generators[generator, PERIOD] * EDGE_NS
    time_ns = generators[generator, NEXT_NS] + period_ns
    generators[generator, SHIFT] = shifted(generators[generator, SHIFT])
    if generators[generator, POISSON] != 0:
        while 1 + (generators[generator, SHIFT] & 0xFFFF) % 255 > generators[generator, RATE]:
            generators[generator, SHIFT] = shifted(generators[generator, SHIFT])
            time_ns += period_ns
    generators[generator, NEXT_NS] = time_ns


@inner
def write_generator(time_ns, generator, row, generators):
    """Let values be written to a generator: it begins anew."""
    for field in range(VALUES):
        generators[generator, field] = row[field]
    generators[generator, SHIFT] = row[SEED]
    generators[generator, NEXT_NS] = FAR_NS
    if row[ENABLED] != 0 and (row[POISSON] == 0 or row[RATE] > 0):
        generators[generator, NEXT_NS] = time_ns
        _find_next(generator, generators)


@outer
def write_generators(clock, keys, values, generators, time_ns, rows):
    """Write all generators at a time, int64[8, 7]; what is posted up to it is forgotten, what is posted later stays."""
    while clock[GENERATOR_HEAD] < clock[GENERATOR_TAIL] and keys[clock[GENERATOR_HEAD]] >> 3 <= time_ns:
        clock[GENERATOR_HEAD] += 1
    for generator in range(GENERATORS):
        write_generator(time_ns, generator, rows[generator], generators)
    clock[BACKGROUND_NEXT] = generators[next_generator(generators), NEXT_NS]
    if clock[GENERATOR_HEAD] < clock[GENERATOR_TAIL]:
        clock[BACKGROUND_NEXT] = min(clock[BACKGROUND_NEXT], keys[clock[GENERATOR_HEAD]] >> 3)


@inner
def next_generator(generators):
    """Return which generator sends next, the lowest of several."""
    found = 0
    for generator in range(1, GENERATORS):
        if generators[generator, NEXT_NS] < generators[found, NEXT_NS]:
            found = generator
    return found


@inner
def send_background(generator, generators):
    """Let a generator send an event; return its 16-bit label."""
    mask = generators[generator, MASK]
    drawn = generators[generator, SHIFT] >> 24
    label = (generators[generator, LABEL] & ~mask) | (drawn & mask)
    _find_next(generator, generators)
    return label | (generator % c.PADI_BUSSES) << c.SPL1_SHIFT


@inner
def write_due(until_ns, head, queues, generators):
    """Write to generators what is posted before a time and not after their next event; return what comes next of it."""
    while head < queues.clock[GENERATOR_TAIL]:
        key = queues.generator_keys[head]
        if key >> 3 >= until_ns or key >> 3 > generators[next_generator(generators), NEXT_NS]:
            break
        write_generator(key >> 3, key & 7, queues.generator_values[head], generators)
        head += 1
    return head


@inner
def next_background(head, queues, generators):
    """Return when something is written to a generator or sent by one; FAR_NS if never."""
    time_ns = generators[next_generator(generators), NEXT_NS]
    if head < queues.clock[GENERATOR_TAIL]:
        time_ns = min(time_ns, queues.generator_keys[head] >> 3)
    return time_ns
