"""Operations of a PPU: what they cost, when they act, what they refuse."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.base.errors import LossError, MachineFault
from chip.fpga.memory import BLOCK_RAM_BASE
from chip.ppu import kernel
from chip.ppu.processor.timing import PLAIN_CONTROL_CYCLES
from tests.chip.ppu.processor.programs import UncompiledScript, build, run, sleep, two_inputs


@kernel
def add_one(v, m, count):
    for i in range(count):
        m.row[i] = m.row[i] + 1


def timed(operation):
    """Cycles from the yield of an operation to the next instruction."""
    seen = {}

    def main(ppu):
        start = ppu.environment.now
        yield operation(ppu)
        seen["cycles"] = (ppu.environment.now - start) // 4
        return 0

    chip = run(top=main, bottom=sleep)
    return seen["cycles"] - PLAIN_CONTROL_CYCLES, chip.processors[0]


@pytest.mark.parametrize(
    "operation, cycles",
    [
        (lambda p: p.load_weights(3, c.EVEN, into="row"), 20 + 47),
        (lambda p: p.store_weights([3, 4], c.ODD, source="row"), 2 * (20 + 49)),
        (lambda p: p.read_cadc(into="membranes"), 410 + 47),
        (lambda p: p.read_cadc(into="membranes", halves=(0, 1)), 410 + 20 + 2 * 47),
        (lambda p: p.reset_neurons((0, 1)), 40),
        (lambda p: p.reset_neurons((1, 0), mask="row"), 2 * (49 + 20)),
        (lambda p: p.load_external(BLOCK_RAM_BASE, into="row"), 344 + 47),
        (lambda p: p.store_external(BLOCK_RAM_BASE, source="row"), 38 + 49),
        (lambda p: p.store_external(BLOCK_RAM_BASE, source="row", vectors=2), 38 + 88 + 2 * 49),
        (lambda p: p.sample_membranes(20, into="membranes"), 19 * 425 + 410 + 47),
        (lambda p: p.ring(1, 2), 40),
        (lambda p: p.send(1, source="word", into="word", line=2), 80),
        (lambda p: p.wait(1000), 1000),
    ],
)
def test_costs_are_those_of_the_table(operation, cycles):
    took, ppu = timed(operation)
    assert took == cycles
    assert ppu.busy_cycles - PLAIN_CONTROL_CYCLES in (cycles, 0)  # waiting is not busy


def test_a_kernel_takes_what_its_instructions_book():
    few, _ = timed_kernel(1)
    many, ppu = timed_kernel(101)
    per_round = (many - few) / 100
    assert per_round >= 3 + 1 + 3  # load, add, store
    assert ppu.cycles["kernel"] == many


def timed_kernel(count):
    seen = {}

    def main(ppu):
        start = ppu.environment.now
        yield ppu.run(add_one, count)
        seen["cycles"] = (ppu.environment.now - start) // 4 - PLAIN_CONTROL_CYCLES
        return 0

    chip = run(top=UncompiledScript(main, [add_one]))
    assert chip.processors[0].regions["row"][:count].tolist() == [1] * count
    return seen["cycles"], chip.processors[0]


@settings(deadline=None, max_examples=20)
@given(rows=st.lists(st.integers(0, 255), min_size=2, max_size=2, unique=True), half=st.integers(0, 1), data=st.data())
def test_weights_come_back_as_they_were_stored(rows, half, data):
    values = np.array(data.draw(st.lists(st.integers(0, 63), min_size=256, max_size=256)), np.uint8)

    def main(ppu):
        yield ppu.store_weights(rows, half, source="row")
        ppu.regions["row"][...] = 0
        yield ppu.load_weights(rows, half, into="row")
        return 0

    chip = run(top=UncompiledScript(main, image={"row": values}))
    assert (chip.processors[0].regions["row"] == values).all()
    lanes = chip.link.read_weights()[0, rows, half::2]
    assert (lanes.reshape(-1) == values).all()


def test_a_weight_of_seven_bits_is_loud():
    def main(ppu):
        yield ppu.store_weights(5, c.EVEN, source="row")
        return 0

    image = {"row": np.full(256, 64 + 9, np.uint8)}
    with pytest.raises(LossError, match="weight 73 to row 5, lane 0.*6 bits"):
        run(top=UncompiledScript(main, image=image))
    chip = run(top=UncompiledScript(main, image=image), config=ChipConfig.ideal(strict=False))
    assert chip.losses()["weight overflows"] == 128
    assert chip.link.read_weights()[0, 5, 0] == 9  # the low six bits, as the hardware takes them


def test_external_memory_carries_data_from_one_ppu_to_the_other():
    message = np.arange(256, dtype=np.uint8)

    def writer(ppu):
        yield ppu.store_external(BLOCK_RAM_BASE + 256, source="row", vectors=2)
        yield ppu.ring(c.BOTTOM, 1)
        return 0

    def reader(ppu):
        yield ppu.wait_doorbell(1)
        yield ppu.load_external(BLOCK_RAM_BASE + 256, into="row", vectors=2)
        return 0

    chip = run(top=UncompiledScript(writer, image={"row": message}), bottom=reader)
    assert (chip.processors[1].regions["row"] == message).all()


def test_send_writes_the_other_sram_before_it_rings():
    def sender(ppu):
        yield ppu.send(c.BOTTOM, source="word", into="word", line=3)
        return 0

    seen = []

    def receiver(ppu):
        yield ppu.wait_doorbell(3)
        seen.append(ppu.word("word"))
        yield ppu.wait(1)
        return 0

    run(top=UncompiledScript(sender, image={"word": np.array([77], np.uint32)}), bottom=receiver)
    assert seen == [77]


def test_writing_under_a_running_kernel_is_a_race():
    def sender(ppu):
        yield ppu.wait(1)
        yield ppu.send(c.BOTTOM, source="row", into="row", line=3)
        return 0

    def worker(ppu):
        yield ppu.run(add_one, 100)
        return 0

    with pytest.raises(LossError, match="row of the bottom PPU is written by program script on the top PPU from"):
        run(top=sender, bottom=UncompiledScript(worker, [add_one]))
    lenient = run(top=sender, bottom=UncompiledScript(worker, [add_one]), config=ChipConfig.ideal(strict=False))
    assert lenient.losses()["races between PPUs"] == 1


def test_the_time_base_and_waiting_for_it():
    seen = []

    def main(ppu):
        yield ppu.wait_until(1_000)
        seen.append(ppu.time_base)
        yield ppu.wait_until(500)  # past
        seen.append(ppu.time_base)
        return 0

    run(top=main)
    assert seen[0] == 1_005 and seen[1] == 1_005 + 5 + PLAIN_CONTROL_CYCLES


def test_a_doorbell_is_kept_until_it_is_answered_and_a_second_one_is_a_loss():
    def ringer(count):
        def main(ppu):
            for _ in range(count):
                yield ppu.ring(c.BOTTOM, 0)
            return 0

        return main

    def late(ppu):
        yield ppu.wait(1000)
        yield ppu.wait_doorbell(0)
        return 0

    assert run(top=ringer(1), bottom=late).processors[1].exit_code == 0
    with pytest.raises(LossError, match="line 0 of the bottom PPU rang twice"):
        run(top=ringer(2), bottom=late)
    lenient = run(top=ringer(3), bottom=late, config=ChipConfig.ideal(strict=False))
    assert lenient.losses()["doorbells"] == 2


def test_a_played_sample_leaves_its_record():
    registers, samples = two_inputs(weights=((63, 63),))
    registers.efficacy_lsb[0] = 2.0

    def main(ppu):
        yield ppu.play(0, slot=1)
        yield ppu.load_record(1, into="record")
        return 0

    chip = build(top=main, registers=registers, samples=samples)
    chip.keep_spikes = True
    chip.start()
    chip.run()
    record = chip.processors[0].regions["record"]
    count, tag = int(record[0]), int(record[1])
    zero_ns = -(-((PLAIN_CONTROL_CYCLES + 40) * 4 + 1000) // 8) * 8
    times_ns, labels = chip.core.spikes(zero_ns, zero_ns + samples.duration_ns)
    assert count == len(times_ns) >= 2 and tag == 3
    assert (record[2 : 2 + count] >> 16).tolist() == ((times_ns - zero_ns) // 8).tolist()
    assert (record[2 : 2 + count] & 0xFFFF).tolist() == labels.tolist()


@pytest.mark.parametrize(
    "operation, words",
    [
        (lambda p: p.load_weights(256, 0, into="row"), "rows 0..255"),
        (lambda p: p.load_weights([1, 2, 3], 0, into="row"), "byte 384 of region row on the top PPU .* has 256"),
        (lambda p: p.load_weights(1, 0, into="rows"), "no region 'rows'"),
        (lambda p: p.load_external(0x8000_0000 + c.BLOCK_RAM_BYTES, into="row"), "external memory has no"),
        (lambda p: p.run(add_one, 1), "kernel 'add_one', which its `kernels` do not list"),
        (lambda p: p.play(1), "sample 1, but 1 samples"),
    ],
)
def test_what_the_hardware_cannot_do_is_a_machine_fault(operation, words):
    with pytest.raises(MachineFault, match=words):
        timed(operation)


@pytest.mark.parametrize("period_ns", [1696, 1702])
def test_sampling_too_fast_or_off_the_clock_is_refused(period_ns):
    with pytest.raises(MachineFault, match=f"membranes every {period_ns} ns.*at least 1700"):
        timed(lambda p: p.sample_membranes(2, into="membranes", period_ns=period_ns))


def test_a_slower_converter_cannot_sample_as_fast():
    slow = ChipConfig.from_dict({"cadc": {"read_cycles": 1_000}})
    with pytest.raises(MachineFault, match="at least 4000 ns"):
        run(top=lambda p: (yield p.sample_membranes(2, into="membranes")), bottom=sleep, config=slow)


@pytest.mark.parametrize(
    "operation",
    [
        lambda p: p.word("word", 1),
        lambda p: p.word("row", -1),
        lambda p: p.load_external(BLOCK_RAM_BASE, into="row", offset=-128),
        lambda p: p.load_external(BLOCK_RAM_BASE, into="row", vectors=0),
        lambda p: p.store_external(BLOCK_RAM_BASE, source="row", vectors=0),
        lambda p: p.load_weights(0, -1, into="row"),
        lambda p: p.load_weights(0, 2, into="row"),
        lambda p: p.load_weights(0.0, 0, into="row"),
        lambda p: p.load_weights(256, 0, into="row"),
        lambda p: p.load_weights([], 0, into="row"),
        lambda p: p.store_weights(-1, 0, source="row"),
        lambda p: p.store_weights(256, 0, source="row"),
        lambda p: p.store_weights([[3]], 0, source="row"),
        lambda p: p.read_cadc(into="membranes", halves=(2,)),
        lambda p: p.sample_membranes(0, into="membranes"),
        lambda p: p.sample_membranes(2, into="membranes", period_ns=2_000.0),
        lambda p: p.reset_neurons((2,)),
        lambda p: p.reset_neurons(mask="record"),
        lambda p: p.reset_neurons((0, 1, 0), mask="row"),
        lambda p: p.reset_neurons(mask="nowhere"),
        lambda p: p.reset_neurons(mask=np.ones(128, np.int16)),
        lambda p: p.reset_neurons(mask=np.ones(256, np.uint8)),
        lambda p: p.ring(2, 0),
        lambda p: p.ring(-1, 0),
        lambda p: p.ring(0, 4),
        lambda p: p.send(1, source="word", into="word", line=2, nbytes=5),
        lambda p: p.send(1, source="word", into="word", line=2, nbytes=-1),
        lambda p: p.wait_doorbell(7),
        lambda p: p.load_record(2, into="record"),
        lambda p: p.load_record(-1, into="record"),
        lambda p: p.play(0, slot=2),
        lambda p: p.play(0, ring=(2,)),
        lambda p: p.play(0.5),
        lambda p: p.read_cadc(into="membranes", halves=1),
        lambda p: p.inject_event(0, 0, 0),
        lambda p: p.write_generator(8),
        lambda p: p.write_generator(0, period=0),
        lambda p: p.write_generator(0, seed=1 << 32),
        lambda p: p.wait_doorbell_until((), None),
        lambda p: p.wait_doorbell_until(1, None),
        lambda p: p.play(0, ring=1),
        lambda p: p.chain(p.read_cadc),
        lambda p: p.wait(-1),
        lambda p: p.wait(1.5),
    ],
)
def test_what_is_not_there_is_a_machine_fault_that_names_it(operation):
    with pytest.raises(MachineFault, match="on the top PPU|names rows|addresses rows"):
        timed(operation)


def test_every_operation_must_be_yielded_one_at_a_time():
    def forgotten(ppu):
        ppu.wait(1_000)
        yield ppu.wait(1)
        return 0

    def at_the_end(ppu):
        yield ppu.wait(1)
        ppu.run(add_one, 3)
        return 0

    def together(ppu):
        yield ppu.wait(1), ppu.wait(1)
        return 0

    def not_an_operation(ppu):
        yield ppu.environment.timeout(3)
        return 0

    for main in (forgotten, at_the_end):
        with pytest.raises(MachineFault, match="did not yield it; write `yield` before every operation"):
            run(top=UncompiledScript(main, [add_one]))
    for main in (together, not_an_operation):
        with pytest.raises(MachineFault, match="can only yield the operation that it has just made"):
            run(top=main)


@pytest.mark.parametrize("values", [np.zeros(3, np.uint8), np.full(256, 256), np.full(256, -1), np.zeros(256)])
def test_an_image_that_is_not_its_region_is_refused(values):
    with pytest.raises(ValueError, match="image of region row of program script"):
        build(top=UncompiledScript(sleep, image={"row": values}))


def test_a_program_ends_when_it_ends():
    """Nothing of what others have scheduled for later counts."""

    def main(ppu):
        yield ppu.ring(c.BOTTOM, 0)
        return 0

    def other(ppu):
        yield ppu.wait(10)
        return 0

    chip = build(top=main, bottom=other)
    chip.environment.timeout(10**9)
    chip.start()
    chip.run()
    assert chip.now_ns == (PLAIN_CONTROL_CYCLES + 40) * 4


def test_gateware_that_is_off_faults():
    off = ChipConfig.from_dict({"fpga": {"spike_writer": False}})

    def main(ppu):
        yield ppu.load_record(0, into="record")
        return 0

    with pytest.raises(MachineFault, match="spike_writer is off"):
        run(top=main, bottom=sleep, config=off)
