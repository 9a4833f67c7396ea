"""The host loads once, lets the chip alone, and reads what it left: tried with a toy firmware on a real chip."""

import numpy as np
import pytest

from chip.base.config import ChipConfig
from chip.base.errors import ChipLimitError, LinkError
from chip.chip import Chip
from host.host import Host
from host.tasks import Split, Task
from ppu_programs import EventProp
from ppu_programs.network import LI, LIF, Linear, Network
from tests.host.toy import TASK, Toy


def test_a_network_with_too_many_readouts_says_what_the_user_of_a_rule_can_do():
    network = Network(Linear(5, 120), LIF(120), Linear(120, 15), LI(15))
    rng = np.random.default_rng(1)
    split = Split(rng.random((32, 4)), (np.arange(32) % 15).astype(np.uint8))
    task = Task("many classes", tuple(map(str, range(15))), split, split, split)
    with pytest.raises(ChipLimitError, match=r"^SRAM of the bottom PPU: \d+ bytes needed, 16384 ") as refused:
        Host(Chip(ChipConfig.ideal())).load(EventProp(network=network), task, compiling=False)
    remedy = "120 hidden neurons and 15 readouts are too many for the program of eventprop; use fewer hidden neurons or"
    assert remedy in str(refused.value) and "code_in" not in str(refused.value)


def loaded(firmware=None) -> Host:
    host = Host(Chip(ChipConfig.ideal(seed=3)))
    host.load(firmware or Toy(), TASK)
    return host


def test_result_holds_what_the_chip_and_the_firmware_report():
    result = loaded().run()
    assert (result.task, result.rule, result.where, result.chip) == ("toy", "toy rule", "chip", "ideal")
    assert (result.seed, result.epochs, result.accuracy, result.train_accuracy) == (7, 1, 0.25, [0.75])
    assert result.complete and result.samples == 5
    assert result.chip_seconds >= 5 * 8e-6
    assert result.speed["samples"] == 2
    assert result.ppu["cycles"] * 4e-9 == pytest.approx(result.chip_seconds)
    assert {"sent", "delivered", "lost"} <= set(result.events)
    assert result.assumptions[-1] == "toys are real"
    assert result.energy["joules"] == [0.2 * result.chip_seconds, 0.7 * result.chip_seconds]
    per_sample = result.speed["chip_us_per_sample"] * 1e-6
    assert result.energy["joules_per_sample"] == pytest.approx([0.2 * per_sample, 0.7 * per_sample])
    assert any("the energy of the host computer is not counted" in text for text in result.assumptions)
    assert result.config["seed"] == 3
    assert result.arrays["losses"].tolist() == [3, 2, 1]
    assert result.weights[0, 3, 5] == 42 and result.weights.sum() == 42


def test_loading_compiles_every_kernel_and_program_and_tells(monkeypatch):
    from chip.ppu.compiler.kernel import BoundKernel
    from chip.ppu.processor.flows.compiled import CompiledFlow
    from host import tasks
    from ppu_programs import EventProp

    told, compiled = [], []
    monkeypatch.setattr(BoundKernel, "compile", lambda self: compiled.append(self.kernel.name))
    monkeypatch.setattr(CompiledFlow, "compile", lambda self: compiled.append(self.program.name))
    host = Host(Chip(ChipConfig.ideal()))
    host.load(EventProp(epochs=1), tasks.yin_yang().head(30, 5, 5), progress=lambda *count: told.append(count))
    assert told == [(number, len(compiled)) for number in range(len(compiled) + 1)]
    programs = [processor.program for processor in host.chip.processors]
    kernels = [kernel.name for program in programs for kernel in program.kernels]
    assert compiled == kernels + [program.name for program in programs]


def test_nothing_crosses_the_link_while_the_chip_learns():
    host = loaded()
    before = host.chip.link.bytes["before"]
    result = host.run()
    assert before > 0
    assert result.host_link["bytes_before"] == before
    assert result.host_link["bytes_during"] == 0
    assert result.host_link["bytes_after"] >= result.weights.size


def test_firmware_that_needs_the_host_fails_by_it():
    host = loaded(Toy(temptation=lambda ppu: ppu.chip.link.read_weights()))
    with pytest.raises(LinkError, match="the link is closed between start and exit code"):
        host.run()


def test_status_counts_samples_and_changes_nothing():
    seen, ended = [], []
    host = loaded(Toy(temptation=lambda ppu: seen.append(host.status())))
    watched = host.run(progress=ended.append)
    assert [(status.samples, status.samples_total, status.accuracy) for status in seen] == [
        (played, 5, 0.5) for played in range(1, 6)
    ]
    assert ended[-1].samples == 5
    assert watched.chip_seconds == loaded().run().chip_seconds


def test_interrupt_keeps_what_there_is():
    def interrupt(ppu):
        if ppu.chip.player.played == 2:
            raise KeyboardInterrupt

    result = loaded(Toy(temptation=interrupt)).run()
    assert not result.complete
    assert result.samples == 2
    assert result.weights[0, 3, 5] == 42


def test_wrong_order_of_calls_is_refused():
    host = Host(Chip(ChipConfig.ideal()))
    with pytest.raises(RuntimeError, match="the host has loaded nothing yet; call load"):
        host.run()
    host.load(Toy(), TASK)
    with pytest.raises(RuntimeError, match="this host has loaded toy rule already; build a new Chip and Host"):
        host.load(Toy(), TASK)
    host.run()
    with pytest.raises(RuntimeError, match="was started already"):
        host.run()


def test_what_is_not_a_chip_a_firmware_or_a_task_is_refused():
    from host import tasks

    with pytest.raises(TypeError, match=r"a Host needs a Chip, not a ChipConfig; write Host\(Chip\(config\)\)"):
        Host(ChipConfig.ideal())
    host = Host(Chip(ChipConfig.ideal()))
    for firmware, task, said in (
        (Toy(), "yin-yang", r"write tasks\.load\('yin-yang'\)"),
        (Toy(), tasks.yin_yang, r"call it: yin_yang\(\)"),
        (Toy(), None, "hand over a host.tasks.Task"),
        (Toy, TASK, r"make one: Toy\(\.\.\.\)"),
        ("toy", TASK, "'toy' is not a firmware that learns: it has no registers"),
    ):
        with pytest.raises(TypeError, match=said):
            host.load(firmware, task)
    host.load(Toy(), TASK)  # nothing was begun


def test_after_a_load_that_failed_nothing_can_run():
    firmware = Toy()
    original = firmware.programs

    def programs():
        fine, broken = original()[1], original()[1]
        broken.image = lambda: {"x": 1}
        return fine, broken

    firmware.programs = programs
    host = Host(Chip(ChipConfig.ideal()))
    with pytest.raises(ValueError, match=r"image\(\) of program play all fills region 'x'"):
        host.load(firmware, TASK)
    with pytest.raises(RuntimeError, match="loading failed, nothing can run; build a new Chip and Host"):
        host.run()
    with pytest.raises(RuntimeError, match="loading failed before"):
        host.load(Toy(), TASK)
    with pytest.raises(RuntimeError, match="no PPU has a program"):
        host.chip.start()
    with pytest.raises(RuntimeError, match="this chip was loaded by another host already"):
        Host(host.chip).load(Toy(), TASK)


def test_other_exit_codes_than_0_are_not_complete():
    result = loaded(Toy(exit_code=3)).run()
    assert not result.complete
    assert result.ppu["exit_codes"] == {"bottom": 3}
    assert (result.samples, result.samples_total) == (5, 5)
