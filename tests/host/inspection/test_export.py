"""``plasticore export``: a directory that builds for a PowerPC, and kernels of all rules that leave the same bytes."""

import subprocess
import sys

import pytest

import ppu_programs
from chip.base.config import ChipConfig
from host import tasks
from host.cli import main
from host.firmware import rules
from host.inspection import exporting, inspection
from tests.chip.ppu.export.qemu import needs_powerpc
from tests.host import example_rule

RULE = f"{example_rule.__file__}:Mine"
QUICK = ["stdp", "superspike"]
SLOW = [
    *("equilibrium-propagation", "equilibrium-softmax", "eventprop", "fast-and-deep", "latent-predictive"),
    *("bandit", "bcm", "descent", "homeostasis", "inhibitory-plasticity", "lms", "pong"),
    *("pong-game", "rewrite", "sign-homeostasis", "spiking-lpl"),
]


@pytest.fixture(autouse=True)
def path_of_rules(monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))  # a rule of a file adds its directory


def made(directory, *targets):
    """Return what make prints in an exported directory."""
    command = ["make", "-s", "-C", directory, *targets]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=600)


def exported(rule):
    """Return the export of a rule as it is by default, on its usual task."""
    firmware = rules.make(rules.load(rule, None), {}, 1)
    task = tasks.load(rules.usual_task(rule)) if firmware.learns_task else None
    return exporting.export(inspection.load(firmware, task, ChipConfig.ideal()).chip)


def test_every_rule_is_tried():
    assert {*QUICK, *SLOW} == {*ppu_programs.names(), *ppu_programs.example_names()}


@needs_powerpc
@pytest.mark.parametrize("rule", [*QUICK, *(pytest.param(rule, marks=pytest.mark.slow) for rule in SLOW)])
def test_kernels_leave_the_bytes_of_the_simulation(tmp_path, rule):
    found = exported(rule)
    assert all(one.sequel is not None and one.left for trials in found.trials for one in trials)
    exporting.write(found, tmp_path)
    done = made(tmp_path, "check")
    assert done.stdout.endswith("the same bytes as in the simulation\n") and "warning" not in done.stderr


@needs_powerpc
@pytest.mark.parametrize(
    "rule", ["stdp", *(pytest.param(rule, marks=pytest.mark.slow) for rule in ["superspike", *SLOW])]
)
def test_estimated_code_is_as_long_as_compiled_code(tmp_path, rule):
    """All routines of a firmware together; single ones differ by more, see the README beside the export."""
    exporting.write(exported(rule), tmp_path)
    head, *lines = made(tmp_path, "sizes").stdout.splitlines()
    assert head == "file function estimated compiled"
    sizes = [(int(estimated), int(compiled)) for _, _, estimated, compiled in map(str.split, lines)]
    assert len(sizes) == len((tmp_path / "estimated.txt").read_text().splitlines())
    estimated, compiled = map(sum, zip(*sizes, strict=True))
    assert 0.75 <= estimated / compiled <= 1.3


@needs_powerpc
def test_other_bytes_fail_the_check(tmp_path):
    exporting.write(exported("stdp"), tmp_path)
    expected = bytearray((tmp_path / exporting.EXPECTED).read_bytes())
    expected[len(expected) // 2] ^= 1
    (tmp_path / exporting.EXPECTED).write_bytes(expected)
    with pytest.raises(subprocess.CalledProcessError):
        made(tmp_path, "check")


def test_the_command_says_what_it_leaves_out(tmp_path, capsys):
    assert main(["export", "stdp", "--out", str(tmp_path / "c")]) == 0
    out, err = capsys.readouterr()
    assert err == "" and "top.c: program pair STDP, 5 kernels, 5 of them with a call" in out
    assert "task on_timer is not exported: it waits for chain, run, and " in out
    names = {path.name for path in (tmp_path / "c").iterdir()}
    assert {"top.c", "bottom.c", "ppu.h", "vector_unit.c", "main.c", "Makefile", "calls.bin"} < names
    text = (tmp_path / "c" / "top.c").read_text()
    assert "static void update_row(void)\n{\n    fxv_shb(V0, V0, -1);\n" in text


def test_an_export_replaces_an_earlier_one_and_no_other_files(tmp_path, capsys):
    arguments = ["export", RULE, "--out", str(tmp_path), "--quiet"]
    assert main(["export", "stdp", "--out", str(tmp_path), "--quiet"]) == 0
    assert (tmp_path / "top.c").exists()
    (tmp_path / "mine.c").write_text("")
    assert main(arguments) == 0
    assert not (tmp_path / "top.c").exists() and (tmp_path / "bottom.c").exists()
    assert (tmp_path / "mine.c").exists()
    (tmp_path / exporting.MARK).unlink()
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and "holds files that are no export" in err


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (["export"], "a firmware is missing"),
        (["export", "stdp"], "a directory is missing; name one with --out DIR"),
        (["export", "stdp", "--out", "c", "--task", "yin-yang"], "learns no task; leave out --task"),
        (["export", "nothing", "--out", "c"], "nothing"),
    ],
)
def test_bad_input_is_answered_with_a_sentence(tmp_path, monkeypatch, capsys, arguments, sentence):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == "" and sentence in err and "Traceback" not in err
    assert list(tmp_path.iterdir()) == []
