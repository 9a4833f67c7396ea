"""Who listens to a processor hears of each operation, those of chains one by one, and of the bytes that they name."""

import pytest

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.base.errors import MachineFault
from chip.chip import Chip
from chip.ppu import Memory, kernel, u8, u32
from chip.ppu.processor.flows.flow import ENDED
from chip.testing import Script, UncompiledScript, chip_bytes, load_firmware
from tests.chip.listening import Everything

MEMORY = Memory(row=u8[256], out=u8[256], codes=u8[128], word=u32[4])
SCRIPTS = pytest.mark.parametrize("script", [Script, UncompiledScript])


@kernel
def double(v, m):
    for i in range(256):
        m.row[i] = (m.row[i] * 2) & 63


def made(script, main, config=None):
    return load_firmware(Chip(config or ChipConfig.ideal()), script(main, (double,), MEMORY))


def several(ppu):
    yield ppu.load_row(3, into="row")
    yield ppu.chain(
        ppu.run(double),
        ppu.store_row(3, source="row"),
        ppu.load_weights((4, 5), 1, into="out"),
        ppu.read_cadc(into="codes"),
    )
    yield ppu.wait(100)
    yield ppu.read_spike_counters(into="word", halves=(0,), lanes=(1, 2))
    return 5


@SCRIPTS
def test_each_operation_is_told_at_its_time_and_those_of_a_chain_one_by_one(script):
    chip = made(script, several)
    everything = Everything(chip)
    chip.start()
    chip.run()
    assert [operation.name for _, _, operation in everything.operations] == [
        *("load_row", "chain", "wait", "read_spike_counters"),
    ]
    names = [operation.name for _, _, operation in everything.parts]
    assert names == [
        *("load_row", "run", "store_row", "load_weights", "read_cadc", "wait", "read_spike_counters"),
    ]
    times_ns = [time_ns for _, time_ns, _ in everything.parts]
    assert times_ns == sorted(set(times_ns)) and {hemisphere for hemisphere, _, _ in everything.parts} == {c.TOP}
    begun = {operation.name: time_ns for _, time_ns, operation in everything.operations}
    assert begun["chain"] == times_ns[1] and begun["wait"] == times_ns[5]
    assert everything.stretches[-1][3] == ENDED and not everything.open
    assert chip.feed.operations[c.BOTTOM] and everything.counts["operations"] == 4


@SCRIPTS
def test_bytes_that_operations_name_are_told_each_time_they_are_asked_for(script):
    def twice(ppu):
        for _ in range(2):
            yield ppu.load_weights((4, 5), 1, into="out")
        return 0

    chip = made(script, several)
    everything = Everything(chip)
    chip.start()
    chip.run()
    places = [(region, first, values.size) for _, region, first, values in everything.places]
    assert places == [
        *(("row", 0, 256), ("row", 0, 256), ("out", 0, 256), ("codes", 0, 128), ("word", 0, 8)),
    ]
    chip = made(script, twice)
    everything = Everything(chip)
    chip.start()
    chip.run()
    assert [(region, values.size) for _, region, _, values in everything.places] == [("out", 256)] * 2


@SCRIPTS
def test_an_operation_that_faults_has_not_begun(script):
    def wrong(ppu):
        yield ppu.wait(3)
        yield ppu.play(0)
        return 0

    chip = made(script, wrong)
    everything = Everything(chip)
    chip.start()
    with pytest.raises(MachineFault, match="asked for sample 0"):
        chip.run()
    assert [operation.name for _, _, operation in everything.parts] == ["wait", "play"]
    assert everything.open[c.TOP].name == "play" and everything.samples == []


@SCRIPTS
@pytest.mark.parametrize("processors", [(), (c.TOP,), (c.BOTTOM,), (c.TOP, c.BOTTOM)])
def test_who_listens_changes_no_byte(script, processors):
    def run(listens):
        chip = made(script, several, ChipConfig.typical(seed=2))
        chip.link.load_program(c.BOTTOM, script(several, (double,), MEMORY))
        everything = Everything(chip, processors) if listens else None
        chip.start()
        chip.run()
        return chip_bytes(chip), everything

    plain, (told, everything) = run(False)[0], run(True)
    assert told == plain
    assert {hemisphere for hemisphere, _, _ in everything.operations} == set(processors)
    assert everything.counts["posts"] == 4 and everything.counts["conversions"] == 2
    assert sorted(conversion.hemisphere for conversion in everything.conversions) == [c.TOP, c.BOTTOM]


def test_listeners_stay_when_another_program_is_loaded_and_may_leave():
    chip = made(Script, several)
    everything = Everything(chip, (c.TOP,))
    chip.link.load_program(c.TOP, Script(several, (double,), MEMORY))
    chip.start()
    chip.run()
    count = len(everything.operations)
    assert count == 4
    chip.feed.operations[c.TOP].clear()
    chip.start()
    chip.run()
    assert len(everything.operations) == count and everything.counts["parts"] == 14


def test_the_short_form_of_a_processor_is_the_list_of_the_feed():
    chip = Chip()
    for hemisphere, processor in enumerate(chip.processors):
        assert processor.observers is chip.feed.operations[hemisphere]
        assert processor.followers is chip.feed.programs[hemisphere]
        assert processor.place_listeners is chip.feed.places[hemisphere]
