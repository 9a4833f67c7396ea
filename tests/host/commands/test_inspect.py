"""``plasticore inspect``: what it prints without running, and a profile that adds up and changes nothing."""

import dataclasses
import re
import sys
from pathlib import Path

import numpy as np
import pytest

import ppu_programs
from chip import Chip, ChipConfig
from chip.ppu.compiler.kernel import BoundKernel
from chip.ppu.compiler.profiling import profile
from chip.ppu.costs import COSTS
from host.cli import main
from host.host import Host
from host.inspection import inspection
from host.running.progress import Progress
from ppu_programs import rewrite
from tests.host import example_rule
from tests.host.example_rule import Adder, Mine
from tests.host.toy import TASK, Toy

RULE = f"{example_rule.__file__}:Mine"


@pytest.fixture
def toy_task(monkeypatch):
    monkeypatch.setattr("host.tasks.load", lambda name: TASK)
    monkeypatch.setattr(sys, "path", list(sys.path))  # a rule of a file adds its directory


class EndsWrong(Toy):
    """With another exit code than 0."""

    def __init__(self, **settings):
        super().__init__(exit_code=3, **settings)


def profiled(firmware):
    """Return the host of a profile, which has run, and the report."""
    with Progress("test", quiet=True) as progress:
        host = inspection.load(firmware, TASK, ChipConfig.ideal(), True, progress)
        return host, inspection.report(host, progress)


def test_static_facts_need_no_compiler(toy_task, capsys, monkeypatch):
    monkeypatch.setattr(BoundKernel, "compile", lambda *_: pytest.fail("it compiles"))
    monkeypatch.setattr("chip.chip.Chip.start", lambda *_: pytest.fail("it runs"))
    assert main(["inspect", RULE]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert out.startswith("my rule for toy on chip ideal, seed 1\n\ntop PPU: asleep, it has no program\n\nbottom PPU: ")
    assert "bottom PPU: program adder, code in SRAM\n\n  offset  bytes  what\n" in out
    assert re.search(r"\n +0 +512  code     start-up\n", out)
    size, offset = map(int, re.search(r"\n +512 +(\d+)  code     task main\n +(\d+) ", out).groups())
    assert size > 0 and offset == 512 + size
    assert re.search(rf"\n +{offset} +{example_rule.add.code_bytes}  code     add\n", out)
    assert re.search(r"\n +\d+ +128  region   total\n", out) and " of 16384 bytes used\n" in out
    assert re.search(rf"\n  add +{example_rule.add.code_bytes}  total, lanes\n|\n  add +\d+  lanes, total\n", out)
    assert "\nassumed\n" in out and "(assumed gateware)" in out and "profile" not in out


def test_profile_counts_calls_cycles_and_classes():
    host, text = profiled(Mine(seed=3))
    add, unused = host.profiled[1]
    played = 5
    assert (add.calls, unused.calls, unused.cycles) == (played, 0, 0)
    assert add.cycles == host.chip.processors[1].cycles["kernel"] > 0
    by_class, by_line = add.cycles_by_instruction(), add.cycles_by_line()
    assert sum(by_class.values()) == sum(by_line.values()) == add.cycles
    assert by_class["vector_load"] == played * COSTS["vector_load"].cycles
    assert by_class["load"] == played * 4 * COSTS["load"].cycles
    assert by_class["branch"] == played * 4 * COSTS["branch"].cycles
    assert f"  profile of {played} samples, " in text
    assert re.search(rf"\n  add +{played} +{add.cycles / played:.1f} +{add.cycles} +100.0%\n", text)
    assert "\n  never called: unused\n" in text
    (costliest, cycles), *_ = by_line.most_common()
    assert f"costliest lines: example_rule.py:{costliest[1]} {cycles / add.cycles:.1%}, " in text
    shares = {name: float(share) for name, share in re.findall(r"(\w+) ([\d.]+)%", text[text.index("\n  add: ") :])}
    assert shares["vector_load"] == pytest.approx(100 * by_class["vector_load"] / add.cycles, abs=0.05)
    total = host.chip.now_ns // 4
    table = next(part for part in text.split("\n\n") if part.startswith("  part "))
    parts = dict(re.findall(r"^  (\w+) +(\d+) +[\d.]+%$", table, re.M))
    assert sum(map(int, parts.values())) == total and "idle" in parts
    assert int(parts["control"]) == host.chip.processors[1].cycles["control"] > 0


def test_profiling_changes_neither_bytes_nor_time():
    host, _ = profiled(Mine())
    plain = Host(Chip(ChipConfig.ideal()))
    plain.load(Mine(), TASK)
    result = plain.run()
    assert plain.chip.now_ns == host.chip.now_ns
    assert plain.chip.processors[1].cycles == host.chip.processors[1].cycles
    assert np.array_equal(plain.chip.processors[1].sram, host.chip.processors[1].sram)
    assert result.arrays["total"].tolist() == [30] * 4


class Tabled(Adder):
    """Reads a table as it goes: its constants take memory, too."""

    waits = (5, 7, 5, 9, 100_000)

    def main(self, ppu):
        for index in range(self.count):
            yield ppu.wait(self.waits[index])
        return 0


def test_constants_of_tasks_lie_in_the_map():
    class Tables(Mine):
        def build(self, task, config):
            return dataclasses.replace(super().build(task, config), programs=(None, Tabled(5)))

    host = inspection.load(Tables(), TASK, ChipConfig.ideal())
    text = inspection.report(host)
    assert re.search(r"\n +512 +\d+  code     task main\n", text)
    size = 4 * len(Tabled.waits)  # one does not fit into 16 bits
    assert re.search(rf"\n +\d+ +{size}  const    tables of tasks\n", text)


def test_command_line_profile_runs_one_epoch_and_shows_progress(toy_task, capsys):
    assert main(["inspect", RULE, "--profile", "--seed", "7"]) == 0
    out, err = capsys.readouterr()
    assert "my rule for toy on chip ideal, seed 7\n" in out and "\n  profile of 5 samples, " in out
    assert "yin-yang example_rule.Mine: " in err and "5 of 5 samples" in err
    assert main(["inspect", RULE, "--profile", "--quiet"]) == 0
    assert capsys.readouterr().err == ""


def test_a_run_that_goes_wrong_is_told_behind_its_profile(toy_task, capsys, monkeypatch):
    monkeypatch.setattr("ppu_programs.load", lambda name: EndsWrong)
    assert main(["inspect", "eventprop", "--profile", "--quiet"]) == 1
    out, err = capsys.readouterr()
    assert err.startswith("plasticore: the bottom PPU ended with exit code 3; 0 is success") and "profile of" in out


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("inspect", "a firmware is missing; valid are equilibrium-propagation, "),
        (
            "inspect",
            ", bandit, bcm, descent, homeostasis, inhibitory-plasticity, lms, pong, pong-game, rewrite, "
            "sign-homeostasis, spiking-lpl, stdp, and "
            "FILE.py:CLASS for one of your own",
        ),
        ("inspect hebb", "the rule 'hebb' is unknown; valid are equilibrium-propagation, "),
        (
            "inspect hebb",
            ", bandit, bcm, descent, homeostasis, inhibitory-plasticity, lms, pong, pong-game, rewrite, "
            "sign-homeostasis, spiking-lpl, stdp, and "
            "FILE.py:CLASS for one of your own",
        ),
        ("train yin-yang --rule stdp", "stdp learns no task; `plasticore run stdp` runs it"),
        ("inspect homeostasis --task yin-yang", "firmware Homeostasis learns no task; leave out --task"),
        ("inspect homeostasis --hidden 3", "has no setting hidden; leave out --hidden"),
        ("inspect eventprop --task mnist", "the task 'mnist' is unknown; valid are yin-yang"),
        ("inspect eventprop --chip perfect", "the chip 'perfect' is unknown; valid are"),
        ("inspect eventprop --hidden=1000", "available; "),
    ],
)
def test_bad_input_is_one_sentence(arguments, expected, capsys):
    assert main(arguments.split()) == 2
    out, err = capsys.readouterr()
    assert out == "" and expected in err and err.count("\n") == 1


def test_eventprop_is_inspected(capsys):
    assert main(["inspect", "eventprop", "--hidden", "100"]) == 0
    out = capsys.readouterr().out
    assert "top PPU: program eventprop, hidden layer, code in SRAM" in out
    assert re.search(r"\n  backward +\d+  .*gradient", out) and out.count("bytes used") == 2


def test_a_sleeping_processor_cannot_be_profiled():
    with pytest.raises(RuntimeError, match="the top PPU has no program"):
        profile(Chip(ChipConfig.ideal()).processors[0])


DEMO = str(Path(rewrite.__file__)) + ":Rewrite"


def test_a_firmware_that_learns_no_task_is_inspected_without_one(capsys, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    assert main(["inspect", DEMO, "--profile", "--seed", "7", "--quiet"]) == 0
    out, err = capsys.readouterr()
    assert err == "" and out.startswith("rewrite on chip ideal, seed 7\n\ntop PPU: program rewrite, code in SRAM\n")
    assert re.search(r"\n  add_and_clip +256 ", out) and "samples," not in out
    assert out.count("  profile of 515") == 2 and "\nassumed\n" in out
    assert main(["inspect", DEMO, "--hidden", "3"]) == 2
    assert capsys.readouterr().err == "plasticore: firmware Rewrite has no setting hidden; leave out --hidden\n"
    assert main(["train", "yin-yang", "--rule", DEMO]) == 2
    assert f"{DEMO} learns no task; `plasticore run {DEMO}` runs it" in capsys.readouterr().err


@pytest.mark.parametrize("name", ppu_programs.example_names())
def test_examples_are_inspected_by_name_and_listed(name, capsys):
    assert main(["inspect", name]) == 0
    out = capsys.readouterr().out
    firmware = ppu_programs.load(name)()
    awake = sum(program is not None for program in firmware.build(None, ChipConfig.ideal()).programs)
    assert f"{firmware.name} on chip ideal, seed 1\n" in out and out.count("bytes used") == awake
    assert main(["rules"]) == 0
    learning, examples, _ = capsys.readouterr().out.split("\n\n")
    assert f"\n  {name} " in examples and name not in learning and "\n  eventprop " in learning


def test_what_stops_such_a_firmware_is_told(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    path = tmp_path / "stops.py"
    text = """
from chip import Program, Registers
from ppu_programs import Built, Firmware
class P(Program):
    def main(self, ppu):
        yield ppu.wait(1)
        return 3
class Ends(Firmware):
    def build(self, task, config): return Built(Registers(), (P(), None))
class Sleeper(Program):
    name = "sleeper"
    def main(self, ppu):
        while True:
            yield ppu.wait(1000)
class Sleeps(Firmware):
    def build(self, task, config): return Built(Registers(), (Sleeper(), None))
class Nothing(Firmware):
    def outcome(self, link, built): pass
"""
    path.write_text(text)
    assert main(["inspect", f"{path}:Ends"]) == 0
    assert "bottom PPU: asleep" in capsys.readouterr().out
    assert main(["inspect", f"{path}:Ends", "--profile", "--quiet"]) == 1
    assert capsys.readouterr().err.startswith("plasticore: the top PPU ended with exit code 3; 0 is success")
    (tmp_path / "short.toml").write_text("[ppu]\nprogram_limit_cycles = 10000\n")
    assert main(["inspect", f"{path}:Sleeps", "--profile", "--quiet", "--chip", str(tmp_path / "short.toml")]) == 1
    stopped = "plasticore: the watchdog stopped the top PPU after 10000 cycles; raise ppu.program_limit_cycles"
    assert capsys.readouterr().err.startswith(stopped)
    assert main(["inspect", f"{path}:Nothing"]) == 2
    assert "has no build(self, task, config); ppu_programs/contract" in capsys.readouterr().err
