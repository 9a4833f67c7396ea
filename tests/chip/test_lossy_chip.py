"""A chip on which events queue: what gets lost is reported by cause and place, warned of, and an error where strict."""

import dataclasses

import numpy as np
import pytest

from chip import Chip, ChipConfig, Program
from chip.base.config import RouterConfig
from chip.base.errors import LossError
from chip.base.losses import Loss
from chip.base.registers import Registers
from chip.fpga.playback import PlaybackProgram
from chip.ppu import Timer
from chip.testing import UncompiledScript


class Waits(Program):
    """Lasts longer than the stimuli."""

    name = "waits"
    tasks = (Timer(start=0, period=100, count=1, task="wait"),)

    def wait(self, ppu):
        yield ppu.wait(25_000)


def chip_of(strict=False, pulse_ns=40, **router):
    """One bus, one driver that takes all labels, and what the FPGA gets back."""
    config = ChipConfig(strict=strict, router=RouterConfig(contention=True, **router))
    config = dataclasses.replace(config, drivers=dataclasses.replace(config.drivers, pulse_ns=pulse_ns))
    registers = Registers()
    registers.enabled[0, 0] = True
    registers.row_mode[0, 0] = 1
    registers.compare_mask[0, 0] = 0
    registers.crossbar_mask[8:12, [0]] = registers.crossbar_target[8:12, [0]] = 0
    registers.crossbar_mask[8, 8] = registers.crossbar_target[8, 8] = 0
    chip = Chip(config)
    chip.link.write_registers(registers)
    return chip


def played(chip, times_ns, labels):
    chip.link.write_playback(PlaybackProgram(times_ns, labels))
    chip.link.load_program(0, Waits())
    chip.start()
    chip.run()
    return chip


BURST = np.repeat(np.arange(0, 8_000, 8), 3), np.zeros(3_000, int)


def test_losses_are_told_by_cause_and_place_with_what_to_do():
    chip = played(chip_of(), *BURST)
    losses, fabric = chip.losses(), chip.report()["fabric"]
    assert losses[Loss.EVENTS] > 900 and losses[Loss.DRIVER_EVENTS] > 1_000 and losses[Loss.RETURNED_EVENTS] > 900
    by_cause = fabric["losses"]
    drivers = by_cause["since the synapse driver was busy"]
    assert drivers == {"driver 0 on top": losses[Loss.DRIVER_EVENTS]}
    nodes = by_cause["since too many waited for one output of the crossbar"]
    assert nodes == {
        "FPGA channel 0 to PADI bus 0 on top": losses[Loss.EVENTS],
        "FPGA channel 0 to FPGA channel 0": losses[Loss.RETURNED_EVENTS],
    }
    assert len(fabric["warnings"]) == 2
    assert "give sources that fire together drivers of their own" in fabric["warnings"][1]
    counts = chip.link.read_fabric_counters()
    assert counts.input_drops[8] == losses[Loss.EVENTS] + losses[Loss.RETURNED_EVENTS] == counts.input_drops.sum()
    taken = counts.output_events[0] + counts.node_drops[:, 0].sum()
    assert f"{counts.node_drops[:, 0].sum() / taken:.2%} of the worst place" in fabric["warnings"][0]
    assert 0.01 < fabric["load"]["PADI bus 0 on top"] == fabric["load"]["FPGA channel 0"] < 0.5


def test_a_strict_chip_refuses_what_it_lost():
    with pytest.raises(LossError, match="events at busy drivers"):
        played(chip_of(strict=True), *BURST)


def test_fewer_lanes_bring_events_late_and_count_them():
    many, one = (played(chip_of(link_lanes=lanes), *BURST) for lanes in (8, 1))
    assert many.report()["fabric"]["late_from_fpga"] == 0
    assert one.report()["fabric"]["late_from_fpga"] == 3_000 - 3  # the first frame is in time
    assert "came late, by" in one.report()["fabric"]["warnings"][-1]
    assert one.link.read_fabric_counters().latest_ns == sum([64 - 8] * 999)  # a frame takes 64 ns for 8
    assert not any("late" in sentence for sentence in many.report()["fabric"]["warnings"])


def test_events_that_are_lost_by_chance_are_counted_as_such():
    chip = played(chip_of(loss_to_chip=0.5, pulse_ns=4), np.arange(0, 8_000, 8), np.zeros(1_000, int))
    lost = chip.losses()[Loss.LINK_EVENTS]
    assert 400 < lost < 600
    assert chip.report()["fabric"]["losses"] == {"by chance, as configured": {"link to the chip": lost}}
    counters = chip.counters()
    assert counters["from_fpga"] == 1_000 and counters["sent"] == 1_000 - lost


class Rings(Program):
    """Switches a generator on, and off again."""

    name = "rings"
    tasks = (Timer(start=250, period=100, count=1, task="ring_out"),)

    def ring_out(self, ppu):
        yield ppu.write_generator(2, period=25, label=5)
        yield ppu.wait(2_500)
        yield ppu.write_generator(2, enabled=0)
        yield ppu.wait(2_500)


def plainly(ppu):
    yield ppu.wait(250)
    yield from Rings.ring_out(None, ppu)
    return 0


@pytest.mark.parametrize("compiling", [True, False])
def test_a_program_writes_generators_over_the_omnibus(compiling):
    chip = chip_of()
    registers = Registers()
    registers.crossbar_mask[14, 10] = registers.crossbar_target[14, 10] = 0  # generator 2 to channel 2 of the FPGA
    chip.link.write_registers(registers)
    chip.keep_spikes = True
    chip.link.load_program(1, Rings() if compiling else UncompiledScript(plainly))
    chip.start()
    chip.run()
    times, labels = chip.core.spikes(0, chip.now_ns)
    assert set(labels.tolist()) == {2 << 14 | 5} and (np.diff(times) == 100).all()
    assert 100 <= times.size <= 108  # from four bus writes behind the first to four behind the last
    counts = chip.link.read_fabric_counters()
    assert counts.output_events[10] == times.size == chip.counters()["from_background"]


def test_where_all_is_lost_the_share_is_all():
    chip = played(chip_of(loss_to_chip=1.0), np.arange(0, 8_000, 8), np.zeros(1_000, int))
    (warning,) = chip.report()["fabric"]["warnings"]
    assert warning.startswith("1000 events got lost by chance, as configured, at link to the chip, 100.00%; see")


def test_the_load_counts_from_when_registers_were_written():
    chip = chip_of(pulse_ns=4)
    played(chip, np.arange(0, 8_000, 8), np.zeros(1_000, int))
    load = chip.report()["fabric"]["load"]["PADI bus 0 on top"]
    assert load == pytest.approx(1_000 / (chip.now_ns // 4), rel=0.01)
    chip.link.write_registers(chip.registers)
    chip.link.write_playback(PlaybackProgram(np.arange(0, 8_000, 8), np.zeros(1_000, int)))
    chip.start()
    chip.run()
    passed, begins_ns = chip.link.read_fabric_counters().output_events[0], chip.core.begins_ns
    assert begins_ns > 0 and passed > 0  # the timer's date is over, so this run is short
    load = passed / ((chip.core.now_ns - begins_ns) // 4)
    assert chip.report()["fabric"]["load"]["PADI bus 0 on top"] == pytest.approx(load, abs=1e-6)


def test_where_nothing_queues_there_is_nothing_to_report():
    assert Chip(ChipConfig.ideal()).report()["fabric"] == {}
    assert any("router.contention is off" in text for text in Chip(ChipConfig.ideal()).report()["assumptions"])
    assert not any("contention is off" in text for text in Chip(ChipConfig.typical()).report()["assumptions"])
