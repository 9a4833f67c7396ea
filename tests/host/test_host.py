"""The host loads once, lets the chip alone, and reads what it left: tried with a toy firmware on a real chip."""

import dataclasses
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from chip.base.config import ChipConfig
from chip.base.errors import ChipLimitError, LinkError
from chip.chip import Chip
from host import host as host_module
from host.host import Host
from host.results.result import Result
from host.tasks import Split, Task
from ppu_programs import STDP, EventProp, Homeostasis, Rewrite, Status
from ppu_programs.network import LI, LIF, Inputs, Linear, Network, NetworkGraph, Projection
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
    assert (result.seed, result.epochs, result.accuracy, result.learning.tolist()) == (7, 1, 0.25, [0.75])
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
    assert list(result.metrics.items()) == [("accuracy", 0.25), ("validation_accuracy", None)]
    assert (result.headline, result.value, result.curve) == ("accuracy", 0.25, "train_accuracy")
    assert result.axes["losses"] == ["step"] and result.axes["weights"] == ["hemisphere", "row", "column"]
    assert result.progress == {"done": 5, "total": 5, "unit": "samples"} and result.settings["hidden"] == 2
    assert result.weights[0, 3, 5] == 42 and result.weights.sum() == 42


def test_loading_compiles_every_kernel_and_program_and_tells(monkeypatch, tasks_are_compiled_late):
    from chip.ppu.compiler.kernel import BoundKernel
    from chip.ppu.processor.flows.compiled import CompiledFlow
    from host import tasks
    from ppu_programs import EventProp

    told, compiled = [], []
    monkeypatch.setattr(Host, "_compile", tasks_are_compiled_late)
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
    host = loaded(Toy(temptation=lambda ppu: seen.append(host.moment())))
    watched = host.run(progress=ended.append)
    assert [moment.status for moment in seen] == [
        Status(played, 5, metrics={"train_accuracy": 0.5}) for played in range(1, 6)
    ]
    assert [moment.warm for moment in seen] == [False, True, True, True, True]
    assert ended[-1].status.done == 5
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
        (Toy, TASK, r"make one: Toy\(\.\.\.\)"),
        ("toy", TASK, "'toy' is not a firmware; it must be of a subclass of ppu_programs.Firmware"),
    ):
        with pytest.raises(TypeError, match=said):
            host.load(firmware, task)
    host.load(Toy(), TASK)  # nothing was begun


def test_after_a_load_that_failed_nothing_can_run():
    class Broken(Toy):
        def build(self, task, config):
            built = super().build(task, config)
            fine, broken = (super(Broken, self).build(task, config).programs[1] for _ in range(2))
            broken.image = lambda: {"x": 1}
            return dataclasses.replace(built, programs=(fine, broken))

    host = Host(Chip(ChipConfig.ideal()))
    with pytest.raises(ValueError, match=r"image\(\) of program play all fills region 'x'"):
        host.load(Broken(), TASK)
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
    assert (result.samples, result.progress["total"]) == (5, 5)


def test_a_task_is_there_where_one_is_learned_and_only_there():
    with pytest.raises(ValueError, match="firmware toy rule learns a task; hand one over"):
        Host(Chip(ChipConfig.ideal())).load(Toy())
    with pytest.raises(ValueError, match="firmware rewrite learns no task; leave it out"):
        Host(Chip(ChipConfig.ideal())).load(Rewrite(), TASK)


def test_a_firmware_without_a_task_and_without_samples_ends_in_metrics_of_its_own():
    host, ended = Host(Chip(ChipConfig.ideal())), []
    host.load(Homeostasis(updates=2))
    result = host.run(ended.append)
    assert (result.task, result.rule, result.seed, result.epochs) == (None, "homeostasis", 1, None)
    assert list(result.metrics) == ["rate_error", "mean_rate"] and result.curve == "rate_errors"
    assert result.value == result.learning[-1] and result.arrays["counts"].shape == (2, 2, 256)
    assert result.axes["counts"] == ["update", "hemisphere", "column"]
    assert ended[-1].warm and ended[-1].status == Status(2, 2, "updates")
    assert result.complete and result.speed["samples"] == 0 and result.samples == 0
    with pytest.raises(
        AttributeError, match="accuracy is no metric of homeostasis; its metrics are: rate_error, mean_"
    ):
        _ = result.accuracy


@pytest.mark.parametrize("made", [lambda: Rewrite(step=1), lambda: STDP(updates=1)])
def test_every_example_is_run_by_the_same_host(made):
    host = Host(Chip(ChipConfig.ideal()))
    host.load(made())
    result = host.run()
    assert result.complete and result.headline == "changed_weights" and 0 <= result.value <= 1


def test_the_host_needs_neither_tasks_nor_comparison_nor_pictures():
    code = (
        "import sys, host.host; print(*(name for name in sys.modules if name.partition('.')[0] in "
        "('host', 'matplotlib', 'tqdm')))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert set(found) == {
        *("host", "host.host", "host.numbers", "host.firmware", "host.results", "host.running"),
        *("host.firmware.code", "host.firmware.loading", "host.firmware.source"),
        *("host.results.first_format", "host.results.reading", "host.results.result", "host.results.versions"),
        *("host.running.checkpoint", "host.running.compiling", "host.running.stopwatch", "host.running.timing"),
    }
    assert len(Path(host_module.__file__).read_text(encoding="utf-8").splitlines()) <= 300


def test_settings_of_any_kind_are_recorded(tmp_path):
    """What JSON has no word for stands in words, so that a run is never lost by it."""

    @dataclass(frozen=True)
    class Odd:
        seed: int = 7
        rates: tuple = (np.float32(0.5), 2)
        what: object = frozenset({3})
        network: object = NetworkGraph({"a": LIF(1)})

    class OddToy(Toy):
        settings_class = Odd
        network = NetworkGraph({"in": Inputs(2), "a": LIF(1)}, Projection("in", "a"))

    host = Host(Chip(ChipConfig.ideal()))
    host.load(OddToy(), TASK)
    host.run().save(tmp_path / "run")
    back = Result.load(tmp_path / "run")
    assert back.settings == {"seed": 7, "rates": [0.5, 2], "what": "frozenset({3})"}
    assert back.network == OddToy.network.to_dict()
