"""Weight writes: one copy of the weights, which shows them as they are at any time that can be asked for."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from chip import Chip, ChipConfig, Program, Registers
from chip.base import constants as c
from chip.base.grid import BLOCK_NS
from chip.core.core import AnalogCore
from chip.ppu import Memory, u8
from chip.ppu.processor.array import ROW_WRITE_CYCLES

TIMES = st.integers(0, 2_000).map(lambda n: 4 * n)
HALF_ROWS = st.tuples(st.integers(0, 1), st.sampled_from([0, 7, 255]), st.integers(0, 1))
WRITES = st.dictionaries(st.tuples(TIMES, HALF_ROWS), st.integers(0, c.WEIGHT_MAX), max_size=30)


def at(writes, before, time_ns):
    """Return the weights just before a time by going through the writes, uint8[2, 256, 256]."""
    weights = before.copy()
    for (written_ns, (hemisphere, row, half)), value in sorted(writes.items()):
        if written_ns < time_ns:
            weights[hemisphere, row, half::2] = value
    return weights


def post(core, write, value):
    time_ns, (hemisphere, row, half) = write
    core.post_weight_rows([time_ns], hemisphere, [row], half, np.full((1, c.LANES), value))


@given(WRITES, st.randoms(use_true_random=False), st.lists(TIMES, min_size=1, max_size=5))
def test_they_are_in_the_order_of_their_times_however_they_were_posted(writes, random, times):
    registers = Registers()
    registers.weights[...] = 5
    core = AnalogCore(ChipConfig.ideal(), registers)
    waiting = list(writes.items())
    random.shuffle(waiting)
    posted = {}
    for number, time_ns in enumerate(sorted(times)):
        for write, value in [each for each in waiting if number == len(times) - 1 or random.random() < 0.5]:
            if write[0] >= core.now_ns:
                post(core, write, value)
                posted[write] = value
        waiting = [each for each in waiting if each[0] not in posted]
        for asked_ns in (core.now_ns, time_ns, time_ns + 4, 8_004):
            assert (core.weights(asked_ns) == at(posted, registers.weights, asked_ns)).all()
        assert (core.posted_weights == core.weights(8_004).reshape(2, 256, 128, 2).swapaxes(2, 3)).all()
        core.advance(time_ns)
        assert (core.weights() == at(posted, registers.weights, time_ns)).all()


@given(WRITES, st.integers(0, 5))
def test_those_to_come_act_on_the_weights_of_new_registers(writes, blocks):
    core = AnalogCore(ChipConfig.ideal(), Registers())
    for write, value in writes.items():
        post(core, write, value)
    now_ns = blocks * BLOCK_NS
    core.advance(now_ns)
    registers = Registers()
    registers.weights[...] = 9
    core.configure(registers)
    to_come = {write: value for write, value in writes.items() if write[0] >= now_ns}
    for time_ns in (now_ns, now_ns + 4, 5_000, 8_004):
        if time_ns >= now_ns:
            assert (core.weights(time_ns) == at(to_come, registers.weights, time_ns)).all()


class StoresRows(Program):
    """Stores a half row four times over, in four rows."""

    name = "stores rows"
    memory = Memory(half_rows=u8[4 * c.LANES])

    def main(self, ppu):
        yield ppu.store_weights((3, 4, 5, 6), 1, "half_rows")
        return 0

    def image(self):
        return {"half_rows": np.repeat([11, 12, 13, 14], c.LANES)}


def run_and_look(time_ns):
    """Run the program; return when it began to store, and the weights that somebody saw at a time."""
    chip = Chip(ChipConfig.ideal())
    chip.link.write_registers(Registers())
    chip.link.load_program(c.TOP, StoresRows())
    begun, seen = [], []
    chip.processors[c.TOP].observers.append(lambda ppu, _: begun.append(ppu.start_ns))
    chip.start()
    chip.environment.timeout(time_ns).callbacks.append(lambda _: seen.append(chip.weights()))
    chip.run()
    chip.environment.run()
    return begun[0], seen[0]


@settings(max_examples=20)
@given(st.integers(0, 5 * ROW_WRITE_CYCLES))
def test_a_chip_shows_them_in_the_middle_of_an_operation(cycles):
    begun_ns, before = run_and_look(0)
    assert (before == 0).all()
    seen = run_and_look(begun_ns + cycles * c.PPU_CLOCK_NS)[1]
    wanted = np.zeros((c.HEMISPHERES, c.ROWS, c.COLUMNS), np.uint8)
    for number in range(min(4, cycles // ROW_WRITE_CYCLES)):
        wanted[c.TOP, 3 + number, 1::2] = 11 + number
    assert (seen == wanted).all()
