"""Spike records of more than 254 spikes, which SRAM takes in pieces; with the inputs in them, or without."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chip.base import constants as c
from chip.base.config import ChipConfig, FpgaConfig
from chip.base.errors import ChipLimitError, LossError, MachineFault
from chip.chip import Chip
from chip.fpga.memory import BLOCK_RAM_BASE
from chip.fpga.samples import SampleSet
from chip.fpga.writer import record_address
from chip.ppu import Memory, Recording, u8, u32
from chip.testing import Script, chip_bytes, load_firmware, run_firmware
from ppu_programs.placement import place, two_layers

MEMORY = Memory(record=u32[256], small=u32[64], tiny=u32[16], bytes=u8[256])
PLACE = place(two_layers(2, 1, 1))


def config(record_bytes=8192, strict=True):
    return ChipConfig.ideal(strict=strict, fpga=FpgaConfig(record_bytes=record_bytes))


def sample(events):
    """Events of input 0, 16 ns from each other."""
    labels = np.full(events, PLACE.input_labels[0], np.uint16)
    return SampleSet(np.array([0, events]), 16 * np.arange(events), labels, np.array([9], np.uint16), 100_000)


def in_pieces(ppu):
    """Play, and copy the record to block RAM piece by piece; return how many spikes it has."""
    yield ppu.play(0, slot=1)
    yield ppu.load_record_piece(1, 0, into="record")
    count = ppu.word("record", 0)
    yield ppu.store_external(BLOCK_RAM_BASE, source="record", vectors=8)
    for piece in range(1, (count + 2 + 255) >> 8):
        yield ppu.load_record_piece(1, piece, into="record")
        yield ppu.store_external(u32(piece << 10) + BLOCK_RAM_BASE, source="record", vectors=8)
    return count


def registers(inputs_recorded=True):
    made = PLACE.routing(inputs_recorded)
    PLACE.store(made, 0, np.array([[3], [0]]))
    made.efficacy_lsb[0] = 0.5
    return made


@settings(max_examples=8)
@given(st.sampled_from([0, 253, 254, 255, 509, 510, 511, 1000, 2046]))
def test_pieces_are_what_was_recorded(events):
    program = Script(in_pieces, memory=MEMORY)
    silent = PLACE.routing()  # weights of 0: nobody but the inputs
    chip = run_firmware(program, registers=silent, samples=sample(events), config=config(), exit_code=events)
    words = chip.link.read_external(BLOCK_RAM_BASE, 1 << 14).view(np.uint32)
    times_ns, labels = chip.core.spikes(0, chip.now_ns)
    assert words[:2].tolist() == [events, 9]
    found = words[2 : 2 + events]
    assert (found & 0xFFFF).tolist() == labels.tolist() == [PLACE.input_labels[0]] * events
    assert (found >> 16).tolist() == (2 * np.arange(events)).tolist()
    in_place = chip.link.read_external(record_address(1, 8192), 8192).view(np.uint32)
    assert np.array_equal(in_place[: 2 + events], words[: 2 + events])
    loaded = -(-(2 + events) // 32)  # vectors, those that are filled alone
    assert chip.processors[0].cycles["external load"] == loaded * (c.EXTERNAL_LOAD_CYCLES + c.SRAM_VECTOR_STORE_CYCLES)


def test_a_region_that_is_long_enough_takes_a_long_record_at_once():
    def main(ppu):
        yield ppu.play(0)
        yield ppu.load_record(0, into="all")
        return 0

    program = Script(main, memory=Memory(all=u32[2048]))
    chip = run_firmware(program, registers=PLACE.routing(), samples=sample(1500), config=config())
    assert chip.processors[0].regions["all"][0] == 1500
    with pytest.raises(MachineFault, match=r"region record on the top PPU was addressed; it has 1024"):
        run_firmware(Script(short, memory=MEMORY), registers=PLACE.routing(), samples=sample(300), config=config())


def short(ppu):
    yield ppu.play(0)
    yield ppu.load_record(0, into="record")
    return 0


def test_room_is_what_the_chip_is_set_to():
    with pytest.raises(LossError, match="300 spikes, room for 254; .* or give it more fpga.record_bytes"):
        run_firmware(Script(short, memory=MEMORY), registers=PLACE.routing(), samples=sample(300))
    lenient = Chip(config(2048, strict=False))
    load_firmware(lenient, Script(in_pieces, memory=MEMORY), registers=PLACE.routing(), samples=sample(600))
    assert lenient.link.run() == [510]
    assert (lenient.writer.most_spikes, lenient.writer.lost) == (510, 90)
    for wrong in (512, 1100, c.BLOCK_RAM_BYTES):
        with pytest.raises(ValueError, match="fpga.record_bytes is"):
            FpgaConfig(record_bytes=wrong)


@pytest.mark.parametrize(
    ("piece", "into", "said"),
    [
        (
            5,
            "small",
            "loads piece 5 of spike record 0, whose last one is 4 with 256 bytes each; word 0 of piece 0 says",
        ),
        (2, "record", "loads piece 2 of spike record 0, whose last one is 1 with 1024 bytes each"),
        (0, "tiny", "byte 128 of region tiny .* was addressed; it has 64"),
        (0, "bytes", "loads a spike record, words of 32 bits, into region bytes with elements of 1 bytes"),
        (-1, "record", "names piece -1; valid are the whole numbers"),
    ],
)
def test_what_is_no_piece_is_refused(piece, into, said):
    def main(ppu):
        yield ppu.play(0)
        yield ppu.load_record_piece(0, 4, into="small")
        yield ppu.load_record_piece(0, piece, into=into)
        return 0

    with pytest.raises(MachineFault, match=said):
        run_firmware(Script(main, memory=MEMORY), registers=PLACE.routing(), samples=sample(300), config=config())


def test_recordings_in_block_ram_lie_below_long_records():
    program = Script(in_pieces, memory=MEMORY)
    program.recordings = (Recording("kept", region="record", count=8, memory="block_ram"),)
    chip = load_firmware(Chip(config()), program, registers=PLACE.routing(), samples=sample(300))
    track = chip.processors[0].recorder.track("kept")
    assert track.address + track.nbytes == record_address(0, 8192) == BLOCK_RAM_BASE + c.BLOCK_RAM_BYTES - 2 * 8192
    program.recordings = (Recording("kept", region="record", count=120, memory="block_ram"),)
    with pytest.raises(ChipLimitError, match="block RAM for recording kept"):
        load_firmware(Chip(config(32_768)), program, registers=PLACE.routing(), samples=sample(300))


def ticking(ppu):
    """Act now and then, so that the other processor is not simulated ahead."""
    for _ in range(1_000):
        yield ppu.wait(60)
    return 0


def test_snapshots_while_pieces_are_loaded_go_on_to_the_same():
    def loaded():
        programs = Script(in_pieces, memory=MEMORY), Script(ticking)
        return load_firmware(Chip(config()), *programs, registers=PLACE.routing(), samples=sample(900))

    plain, chip, taken, last = loaded(), loaded(), [], None
    plain.link.run()
    chip.start()
    ppu = chip.processors[0]
    while chip.learning and len(taken) < 3:
        chip.environment.take_steps(1)
        if ppu.then is not None and ppu.then is ppu.loading[0] and ppu.then is not last:
            last = ppu.then
            taken.append(chip.snapshot())
    chip.run()
    assert len(taken) == 3 and chip_bytes(chip) == chip_bytes(plain)
    for one in taken:
        chip.restore(one)
        chip.run()
        assert chip_bytes(chip) == chip_bytes(plain)


def test_without_inputs_a_record_has_the_neurons_alone():
    """Spikes are the same, and nothing else stands in the record."""
    found = {}
    for inputs_recorded in (True, False):
        chip = Chip(config())
        program = Script(in_pieces, memory=MEMORY)
        load_firmware(chip, program, registers=registers(inputs_recorded), samples=sample(600))
        (count,) = chip.link.run()
        found[inputs_recorded] = chip.link.read_external(BLOCK_RAM_BASE, 1 << 14).view(np.uint32)[2 : 2 + count]
    inputs = np.isin(found[True] & 0xFFFF, PLACE.input_labels)
    assert inputs.sum() == 600 and not inputs.all()
    assert found[True][~inputs].tolist() == found[False].tolist()
