"""Chips on one clock: each does what it does alone, each has its watchdog, and an error stops all of them."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chip import Chip, ChipConfig, Machine
from chip.base import constants as c
from chip.base.config import PpuConfig
from chip.base.errors import ChipError, LinkError, LossError, MachineFault
from chip.base.losses import Loss
from chip.base.registers import Registers
from chip.ppu.compiler.language import KernelError
from chip.ppu.processor.processor import WATCHDOG
from chip.ppu.processor.timing import PLAIN_CONTROL_CYCLES
from chip.testing import (
    Script,
    UncompiledScript,
    chip_bytes,
    configs,
    load_firmware,
)
from tests.chip.loads import loads
from tests.chip.ppu.compiler.sources import module
from tests.chip.ppu.processor.pairs import pair
from tests.chip.ppu.processor.programs import two_inputs


def loaded(machine, *mains, config=None, **load):
    """Return a chip of a machine with a ``main`` for each processor, as plain Python."""
    return load_firmware(Chip(config, machine), *(main and UncompiledScript(main) for main in mains), **load)


def limited(cycles, **settings):
    return ChipConfig.ideal(ppu=PpuConfig(program_limit_cycles=cycles), **settings)


def waiting(cycles, code=0):
    def main(ppu):
        yield ppu.wait(cycles)
        return code

    return main


def forever(ppu):
    while True:
        yield ppu.wait(1_000)


def asleep(ppu):
    yield ppu.wait_doorbell(3)
    return 0


def fault(ppu):
    yield ppu.wait(500)
    yield ppu.load_row(999, into="row")
    return 0


def lossy(ppu):
    """Ring twice before anybody answers."""
    yield ppu.ring(c.TOP, 1)
    yield ppu.ring(c.TOP, 1)
    return 0


def codes(chip):
    return [processor.exit_code for processor in chip.processors if processor.program is not None]


# ---------------------------------------------------------------------- each as alone


def alone(config, load, start_ns, end_ns):
    """Return when a chip ends that is started at a time on a machine of its own, and what it has come to at another."""
    chip = load_firmware(Chip(config), **load)
    if start_ns:
        chip.environment.run(until=start_ns)
    chip.start()
    chip.run()
    ended_ns = chip.now_ns
    assert chip.ended_ns == ended_ns
    if end_ns > ended_ns:
        chip.environment.run(until=end_ns)
    return ended_ns, codes(chip), chip_bytes(chip)


@settings(max_examples=15)
@given(st.tuples(configs(strict=False), configs(strict=False)), st.tuples(loads(), loads()), st.integers(0, 12))
def test_two_chips_do_what_each_does_alone(config, load, steps):
    machine = Machine()
    first, second = (load_firmware(Chip(config[i], machine), **load[i]) for i in range(2))
    first.start()
    for _ in range(steps):  # the second one starts later, or when the first has ended
        if machine.environment.queue:
            machine.environment.step()
    start_ns = machine.now_ns
    second.start()
    machine.run()
    assert machine.now_ns == max(first.ended_ns, second.ended_ns) == first.now_ns == second.now_ns
    for i, (chip, begun_ns) in enumerate([(first, 0), (second, start_ns)]):
        found = chip.ended_ns, codes(chip), chip_bytes(chip)
        assert found == alone(config[i], load[i], begun_ns, machine.now_ns)


def outcome(chip):
    """Return everything that a run has left; of a program that was ended from outside, what it did alone differs."""
    whole = WATCHDOG not in codes(chip)
    return codes(chip), chip.ended_ns, chip.losses(), chip_bytes(chip) if whole else None


@pytest.mark.parametrize("first", range(0, 40, 20))
def test_compiled_programs_do_what_they_do_alone(tmp_path, first):
    """Each on a machine of its own, then all together, with watchdogs of their own."""
    kept = []
    for seed in range(first, first + 20):
        text, drawn = pair(seed)
        made = module(tmp_path, text)
        config = limited(drawn.choice([1_000, 20_000, 60_000, 300_000]), strict=False, seed=seed)
        try:
            load = {"top": made.Top(), "bottom": made.Bottom(), "registers": Registers()}
            chip = load_firmware(Chip(config), **load)
            chip.start()
            chip.run()
        except (KernelError, ChipError):
            continue
        kept.append((config, load, chip))
    machine = Machine()
    together = [load_firmware(Chip(config, machine), **load) for config, load, _ in kept]
    for chip in together:
        chip.start()
    machine.run()
    assert len(kept) >= 5 and len({codes(chip)[0] == WATCHDOG for chip in together}) == 2
    for chip, (_, _, single) in zip(together, kept, strict=True):
        assert single.ended_ns == single.now_ns
        if machine.now_ns > single.now_ns:
            single.environment.run(until=machine.now_ns)
        assert outcome(chip) == outcome(single)


def test_time_never_goes_back_where_several_are_never_alone_for_long():
    machine, times = Machine(), []

    def look(*_):
        times.append(machine.now_ns)

    def looking(cycles):
        def main(ppu):
            for _ in range(30):
                yield ppu.wait(cycles)
                look()
            return 0

        return main

    for cycles in ((3, 10), (7, 200), (4, 5)):
        chip = loaded(machine, *map(looking, cycles))
        for side in range(c.HEMISPHERES):
            chip.feed.operations[side].append(look)
        chip.start()
    machine.run()
    assert times == sorted(times) and len(set(times)) > 100


def test_a_chip_s_trace_is_that_of_its_own_run():
    network, samples = two_inputs()
    network.leak_lsb[network.spiking] = 255  # spikes without end

    def play(ppu):
        for _ in range(3):
            yield ppu.play(0)
        return 0

    def traced(machine, beside):
        chip = loaded(machine, play, registers=network, samples=samples)
        chip.link.record_trace()
        other = loaded(machine, waiting(1_000_000)) if beside else None
        for one in filter(None, (chip, other)):
            one.start()
        chip.run()
        return [array.tolist() for array in chip.link.read_trace()], chip.ended_ns

    lone = traced(Machine(), False)
    assert len(lone[0][0]) > 3 and traced(Machine(), True) == lone


def test_chips_are_started_again_one_by_one_and_together():
    machine = Machine()
    chips = [loaded(machine, waiting(100 * (number + 1), number)) for number in range(3)]
    for number, chip in enumerate(chips):
        assert chip.number == number and chip.link.run() == [number]
    ended = [chip.ended_ns for chip in chips]
    assert ended == sorted(ended) and machine.now_ns == ended[-1]
    for chip in chips[1:]:
        chip.start()
    assert chips[0].finished and not chips[1].finished
    machine.run()
    assert [codes(chip) for chip in chips] == [[0], [1], [2]]
    assert chips[0].ended_ns == ended[0] and machine.now_ns == chips[2].ended_ns > chips[1].ended_ns > ended[2]


# ---------------------------------------------------------------------- watchdogs


def test_each_chip_has_its_own_watchdog():
    machine = Machine()
    limits = 20_000, 70_000, 20_000, 30_000
    mains = forever, forever, waiting(50, 7), forever
    chips = [loaded(machine, main, config=limited(limit)) for main, limit in zip(mains, limits, strict=True)]
    for chip in chips[:3]:
        chip.start()
    while machine.now_ns < 9_000 * c.PPU_CLOCK_NS:
        machine.environment.step()
    start_ns = machine.now_ns
    chips[3].start()
    machine.run()
    assert [codes(chip)[0] for chip in chips] == [WATCHDOG, WATCHDOG, 7, WATCHDOG]
    begun = 0, 0, None, start_ns
    for chip, limit, begun_ns in zip(chips, limits, begun, strict=True):
        if begun_ns is not None:
            assert chip.ended_ns == begun_ns + (limit + 1) * c.PPU_CLOCK_NS
    assert machine.now_ns == chips[1].ended_ns
    with pytest.raises(RuntimeError, match="build a new Chip"):
        chips[0].start()
    assert chips[2].link.run() == [7]  # the others have ended: nothing of them is left to go on


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_watchdog_ends_a_chip_that_sleeps_beside_one_that_runs(order):
    machine = Machine()
    mains, limits = (asleep, waiting(90_000, 4)), (30_000, 100_000)
    chips = {i: loaded(machine, mains[i], config=limited(limits[i])) for i in order}
    for i in order:
        chips[i].start()
    machine.run()
    assert codes(chips[0]) == [WATCHDOG] and codes(chips[1]) == [4]
    assert chips[0].ended_ns == 30_001 * c.PPU_CLOCK_NS < machine.now_ns == chips[1].ended_ns


# ---------------------------------------------------------------------- what goes wrong


def test_where_nothing_is_left_to_happen_the_chips_are_named():
    machine = Machine()
    chips = [loaded(machine, *mains) for mains in ((asleep, waiting(10)), (waiting(700),), (None, asleep))]
    for chip in chips:
        chip.start()
    ended_ns = (700 + PLAIN_CONTROL_CYCLES) * c.PPU_CLOCK_NS
    with pytest.raises(MachineFault) as told:
        chips[1].run()
    assert str(told.value) == (
        f"at {ended_ns} ns nothing is left to happen: program script on the top PPU of chip 0 waits for doorbell line "
        "3 and program script on the bottom PPU of chip 2 waits for doorbell line 3, and nobody will ring"
    )
    assert codes(chips[1]) == [0] and all(chip.stopped for chip in chips)


def test_on_its_own_a_chip_is_not_named():
    chip = loaded(None, asleep)
    chip.start()
    with pytest.raises(MachineFault, match="to happen: program script on the top PPU waits for doorbell line 3, and"):
        chip.run()
    chip = loaded(None, fault)
    chip.start()
    with pytest.raises(MachineFault) as told:
        chip.machine.run()
    assert told.value.__notes__[0].startswith("in program script on the top PPU, at ")


def test_a_fault_in_one_chip_stops_all():
    machine = Machine()
    short, bad, long = (loaded(machine, main) for main in (waiting(10, 5), fault, waiting(5_000)))
    unused = loaded(machine, waiting(10))
    for chip in (short, bad, long):
        chip.start()
    with pytest.raises(MachineFault, match="999") as told:
        machine.run()
    assert told.value.__notes__[0].startswith("in program script on the top PPU of chip 1, at ")
    assert [codes(chip) for chip in (short, bad, long)] == [[5], ["fault"], [None]]
    assert short.ended_ns < machine.now_ns and bad.ended_ns is long.ended_ns is None
    for chip in (short, bad, long):
        assert chip.stopped and not chip.learning
        assert chip.link.read_sram(c.TOP, "row").size == 256
        with pytest.raises(RuntimeError, match="this chip was stopped before its programs ended"):
            chip.start()
    assert not unused.stopped
    with pytest.raises(RuntimeError, match="chip 0 of this machine was stopped .*build a new Machine"):
        unused.start()


def test_the_trace_of_a_chip_that_had_ended_when_another_faulted_is_whole():
    network, samples = two_inputs(weights=((63, 63),))
    network.efficacy_lsb[0] = 2.0

    def play(ppu):
        yield ppu.play(0)
        return 0

    def late(ppu):
        yield ppu.wait(100_000)
        yield from fault(ppu)

    machine = Machine()
    chip, bad = loaded(machine, play, registers=network, samples=samples), loaded(machine, late)
    chip.link.record_trace()
    chip.start()
    bad.start()
    with pytest.raises(MachineFault):
        machine.run()
    assert len(chip.link.read_trace()[0])


def test_losses_of_strict_chips_are_told_behind_the_run_by_chip():
    machine = Machine()
    chips = [loaded(machine, waiting(100 * (number + 1))) for number in range(2)]
    chips.append(loaded(machine, waiting(10), config=ChipConfig.ideal(strict=False)))
    for chip in chips:
        chip.weight_overflows = 3  # as if
        chip.start()
    with pytest.raises(LossError) as told:
        machine.run()
    lost = f"on a strict chip nothing may be lost, but there were 3 {Loss.WEIGHT_OVERFLOWS}"
    assert str(told.value) == f"chip 0: {lost}; chip 1: {lost}"
    assert all(chip.finished and not chip.stopped for chip in chips)
    chip = loaded(None, waiting(1))
    chip.weight_overflows = 3
    chip.start()
    with pytest.raises(LossError) as told:
        chip.run()
    assert str(told.value) == lost


def test_a_loss_that_a_strict_chip_does_not_survive_stops_all():
    machine = Machine()
    lenient = loaded(machine, waiting(9_000), lossy, config=ChipConfig.ideal(strict=False))
    strict, other = loaded(machine, waiting(9_000), lossy), loaded(machine, waiting(9_000))
    for chip in (lenient, strict, other):
        chip.start()
    with pytest.raises(LossError, match="rang twice") as told:
        machine.run()
    assert "of chip 1" in told.value.__notes__[0]
    assert all(chip.stopped for chip in machine.chips) and lenient.losses()[Loss.DOORBELLS] == 1


@pytest.mark.parametrize("by", ["progress", "program"])
def test_an_interrupt_passes_on(monkeypatch, by):
    monkeypatch.setattr("chip.machine.PROGRESS_EVERY_S", 0)

    def interrupt(*_):
        raise KeyboardInterrupt

    def main(ppu):
        yield ppu.wait(100)
        if by == "program":
            interrupt()
        yield ppu.wait(100)
        return 0

    machine = Machine()
    chips = [loaded(machine, one) for one in (main, waiting(10_000))]
    for chip in chips:
        chip.start()
    with pytest.raises(KeyboardInterrupt):
        machine.run(interrupt if by == "progress" else None)
    for chip in chips:
        assert chip.stopped and not chip.learning and chip.link.read_weights().size


def test_progress_is_told_of_the_machine_or_of_the_chip(monkeypatch):
    monkeypatch.setattr("chip.machine.PROGRESS_EVERY_S", 0)
    monkeypatch.setattr("chip.machine.STEPS_BETWEEN_CLOCK_LOOKS", 1)
    machine, seen = Machine(), []
    chips = [loaded(machine, waiting(cycles)) for cycles in (10, 20)]
    for run in (machine.run, chips[0].run):
        for chip in chips:
            chip.start()
        run(lambda who: seen.append((who, who.now_ns)))
    times = [now_ns for _, now_ns in seen]
    assert times == sorted(times) and times[-1] == machine.now_ns
    assert [who for who, _ in seen] == [machine] * (len(seen) // 2) + [chips[0]] * (len(seen) // 2)


def test_a_chip_may_start_in_a_progress_function(monkeypatch):
    monkeypatch.setattr("chip.machine.PROGRESS_EVERY_S", 0)
    machine = Machine()
    first, second = loaded(machine, waiting(10_000)), loaded(machine, waiting(20_000, 2))
    first.start()
    machine.run(lambda _: None if second.started else second.start())
    assert codes(second) == [2] and machine.now_ns == second.ended_ns > first.ended_ns


def test_what_cannot_be_started_or_run_is_refused():
    machine = Machine()
    with pytest.raises(RuntimeError, match="no chip of this machine has been started"):
        machine.run()
    first, second = loaded(machine, waiting(100)), loaded(machine, waiting(200))
    first.start()
    with pytest.raises(RuntimeError, match="programs have not ended"):
        first.start()
    with pytest.raises(RuntimeError, match="the chip has not been started"):
        second.run()
    second.start()
    machine.run()
    assert first.finished and second.finished
    for wrong in (3, Machine, ChipConfig.ideal()):
        with pytest.raises(TypeError, match="stands on a Machine"):
            Chip(None, wrong)


def test_what_takes_chip_time_is_refused_while_programs_of_others_run():
    machine = Machine()
    first, second = loaded(machine, waiting(100)), loaded(machine, waiting(200))
    first.link.run()
    second.start()
    words = c.TOP, np.array([3]), np.array([0]), np.full((1, c.SYNAPSES_PER_WORD), 9, np.uint8)
    crossed = dict(first.link.bytes)
    with pytest.raises(RuntimeError, match="to write weights takes chip time, in which programs of chip 1"):
        first.link.write_weights(*words)
    assert first.link.bytes == crossed and second.learning
    machine.run()
    first.link.write_weights(*words)
    assert first.weights()[c.TOP, 3, 0] == 9 and not second.weights().any()
    assert machine.now_ns == second.ended_ns + c.FPGA_CLOCK_NS


# ---------------------------------------------------------------------- snapshots, copies


def test_snapshots_are_of_a_chip_whose_machine_nobody_else_uses():
    def main(ppu):
        yield ppu.wait(1_000)
        return 0

    def compiled(machine=None):
        return load_firmware(Chip(ChipConfig.ideal(), machine), Script(main), registers=Registers())

    machine = Machine()
    first, second = compiled(machine), compiled(machine)
    first.start()
    first.snapshot()
    second.start()
    with pytest.raises(RuntimeError, match="programs of other chips run on this chip's machine"):
        first.snapshot()
    machine.run()
    taken = first.snapshot()
    with pytest.raises(RuntimeError, match="one of 2 on its machine"):
        first.restore(taken)
    alone = compiled()
    alone.restore(taken)
    assert alone.link.run() == first.link.run() and alone.ended_ns == first.ended_ns
    assert chip_bytes(alone) == chip_bytes(first)


@pytest.mark.parametrize("make_copy", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_machine_is_not_copied(make_copy):
    machine = loaded(None, waiting(1)).machine
    chip = machine.chips[0]
    parts = (chip.core, chip.processors[0], chip.link, chip.probes, chip.probe("spikes"))
    for part in (machine, chip, machine.environment, *parts):
        with pytest.raises(TypeError, match=rf"{type(part).__name__} cannot be copied or pickled"):
            make_copy(part)


# ---------------------------------------------------------------------- a run in pieces


@settings(max_examples=8)
@given(configs(strict=False), loads(), st.lists(st.integers(0, 50_000).map(lambda k: 4 * k), max_size=12))
def test_a_run_in_pieces_comes_to_the_same_bytes(config, load, pauses):
    chips = [load_firmware(Chip(config), **load) for _ in range(2)]
    for chip in chips:
        chip.start()
    whole, pieces = chips
    whole.run()
    for pause_ns in sorted(pauses):
        pieces.run(until_ns=pause_ns)
        assert pieces.now_ns == min(pause_ns, whole.now_ns) and pieces.finished == (pause_ns > whole.now_ns)
        if pieces.finished:
            break
    pieces.run()
    assert chip_bytes(pieces) == chip_bytes(whole)


def test_in_a_pause_the_link_is_closed_and_chips_that_have_ended_can_be_read():
    machine = Machine()
    long, short = (loaded(machine, waiting(cycles)) for cycles in (10_000, 1_000))
    for chip in (long, short):
        chip.start()
    machine.run(until_ns=20_000)
    assert machine.now_ns == 20_000 and short.finished and not long.finished
    assert short.link.read_weights().shape == (2, 256, 256)
    with pytest.raises(LinkError, match="at 20000 ns while the chip learns"):
        long.link.read_weights()
    machine.run(until_ns=20_000)  # nothing is left to happen up to there
    machine.run(until_ns=10**9)
    assert long.finished and machine.now_ns < 10**9  # when all have ended, and not later


@pytest.mark.parametrize("until_ns", [None, 0, 3_996, 4_000, 4_004, 400_000])
def test_a_pause_does_not_hide_who_waits_forever(until_ns):
    def main(ppu):
        yield ppu.wait(1_000)
        yield ppu.wait_doorbell(3)
        return 0

    chip = loaded(Machine(), main)
    chip.start()
    with pytest.raises(MachineFault, match=r"^at 4\d\d\d ns nothing is left to happen: program script on the top"):
        chip.run(until_ns=until_ns)
        chip.run(until_ns=until_ns and 2 * until_ns)
        chip.run()
    assert chip.stopped and not chip.environment.queue


def test_a_watchdog_is_heard_in_a_pause_behind_it():
    chip = loaded(Machine(), waiting(100_000), config=limited(1_000))
    chip.start()
    chip.run(until_ns=3_000)
    assert not chip.finished
    chip.run(until_ns=50_000)
    assert chip.finished and chip.processors[0].exit_code == WATCHDOG


@pytest.mark.parametrize(
    ("until_ns", "said"),
    [
        (1_996, "until_ns of a run is 1996; it must be a whole number in 2000.."),
        (2_002, "until_ns of a run is 2002; it must be a multiple of 4 ns"),
        (4_000.0, "until_ns of a run is 4000.0; it must be a whole number"),
        (True, "until_ns of a run is True; it must be a whole number"),
        (c.END_NS, f"until_ns of a run is {c.END_NS}; it must be a whole number in"),
    ],
)
def test_a_time_that_cannot_be_is_refused_and_the_run_goes_on_without(until_ns, said):
    chip = loaded(Machine(), waiting(10_000))
    chip.start()
    chip.run(until_ns=np.uint16(2_000))
    with pytest.raises(ValueError, match=f"^{said}"):
        chip.run(until_ns=until_ns)
    chip.run()
    assert chip.finished
