"""The testing kit itself: its example runs, its fixture and ``run_firmware`` fail for what they say, and no sooner."""

import os
import re
import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import chip.testing.plugin
from chip import ChipConfig, Program, Registers
from chip.base.errors import LossError, MachineFault
from chip.chip import Chip
from chip.ppu.processor.operation import Operation, operation
from chip.ppu.tasks import Timer
from chip.testing import (
    RandomProgram,
    ReplayError,
    UncompiledScript,
    configs,
    event_labels,
    labels,
    load_firmware,
    programs,
    registers,
    run_firmware,
    sample_sets,
    spike_trains,
    steps,
    weights,
)

ROOT = Path(__file__).resolve().parents[3]


def sleep(ppu):
    yield ppu.wait(1)
    return 0


# ---------------------------------------------------------------------- what the documentation shows


def test_the_names_in_the_documentation_are_there():
    for name in chip.testing.__all__:
        assert getattr(chip.testing, name).__doc__, name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = chip.testing.nothing


def test_without_hypothesis_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    monkeypatch.delitem(sys.modules, "chip.testing.strategies")
    with pytest.raises(ModuleNotFoundError, match="chip.testing.registers needs hypothesis; .* extra `test`"):
        _ = chip.testing.registers
    assert chip.testing.run_firmware is run_firmware  # needs none


# ---------------------------------------------------------------------- run_firmware


def overflow(ppu):
    yield ppu.store_weights(5, 0, source="row")
    return 0


def test_a_weight_overflow_fails_on_any_chip():
    program = UncompiledScript(overflow, image={"row": 64})
    with pytest.raises(LossError, match="6 bits"):
        run_firmware(program)
    lenient = ChipConfig.ideal(strict=False)
    with pytest.raises(AssertionError, match=r"128 weight overflows; .*allow=\['weight overflows'\]"):
        run_firmware(program, config=lenient)
    assert run_firmware(program, config=lenient, allow=["weight overflows"]).weight_overflows == 128


@pytest.mark.parametrize("leak_lsb, saturated", [(255.0, 6), (254.0, 0), (1.0, 0), (0.0, 6)])
def test_saturated_conversions_of_enabled_neurons_fail(leak_lsb, saturated):
    network = Registers()
    network.leak_lsb[1, :2] = leak_lsb
    network.leak_lsb[1, 7] = 255.0  # nobody is there
    network.enabled[1, :2], network.spiking[:] = True, False

    def main(ppu):
        yield ppu.read_cadc(into="membranes")
        yield ppu.sample_membranes(2, into="membranes")
        return 0

    chip = run_firmware(bottom=main, registers=network, allow=["saturated conversions"])
    assert chip.saturated == saturated
    for strict in (True, False):
        config = ChipConfig.ideal(strict=strict)
        if saturated:
            with pytest.raises(LossError if strict else AssertionError, match="6 saturated conversions"):
                run_firmware(bottom=main, registers=network, config=config)
        else:
            run_firmware(bottom=main, registers=network, config=config)


def test_another_exit_code_fails():
    def main(ppu):
        yield ppu.wait(1)
        return 3

    with pytest.raises(AssertionError, match="program script on the bottom PPU ended with 3; exit code 0 is expected"):
        run_firmware(sleep, main)
    assert run_firmware(main, exit_code=3).finished

    def forever(ppu):
        while True:
            yield ppu.wait(1_000)

    config = ChipConfig.from_dict({"ppu": {"program_limit_cycles": 10_000}})
    run_firmware(forever, config=config, exit_code="watchdog")
    stopped = "script on the top PPU did not end: the watchdog stopped .* 10000 cycles; raise ppu.program_limit_cycles"
    with pytest.raises(AssertionError, match=stopped):
        run_firmware(forever, config=config)


def test_an_exit_code_is_its_32_bits_and_not_the_watchdogs_ending():
    def main(ppu):
        yield ppu.wait(1)
        return -1

    for expected in (-1, 0xFFFFFFFF, np.uint32(0xFFFFFFFF)):
        assert run_firmware(main, exit_code=expected).finished
    for other in ("watchdog", 0x7FFFFFFF, 1):
        with pytest.raises(AssertionError, match=f"ended with -1; exit code {other} is expected"):
            run_firmware(main, exit_code=other)
    for none in (1 << 32, -(1 << 31) - 1, 1.0, True, "fault", None):
        with pytest.raises(ValueError, match=r"exit_code is .*a number of 32 bits, .*or with 'watchdog'"):
            run_firmware(main, exit_code=none)


def test_what_cannot_be_loaded_is_refused_with_a_sentence():
    with pytest.raises(ValueError, match=r"top is the class Late; make one: Late\(\)"):
        run_firmware(Late)
    with pytest.raises(ValueError, match=r"bottom is the class Late; make one: Late\(\)"):
        run_firmware(bottom=Late)
    with pytest.raises(ValueError, match="top is 3; it must be a firmware, a program or a function"):
        run_firmware(3)


class Late(Program):
    """Its task takes longer than its period."""

    name = "late"
    tasks = (Timer(start=0, period=100, count=5),)

    def on_timer(self, ppu):
        yield ppu.wait(250)


def test_a_late_task_fails():
    with pytest.raises(LossError, match="program late .* missed"):
        run_firmware(Late())
    with pytest.raises(AssertionError, match="[1-4] late tasks"):
        run_firmware(Late(), config=ChipConfig.ideal(strict=False))


def test_a_loss_that_does_not_exist_cannot_be_allowed():
    with pytest.raises(ValueError, match="no loss named 'weights' to allow; there are: recorded spikes, "):
        run_firmware(sleep, allow=["weights"])


# ---------------------------------------------------------------------- the fixture


def test_the_fixture_makes_strict_chips(chip_factory):
    made = chip_factory(seed=5)
    assert made.config == ChipConfig.ideal(seed=5) and made.config.strict
    typical = ChipConfig.typical(strict=False)
    assert chip_factory(typical).config is typical
    with pytest.raises(ValueError, match="a config or settings, not both: seed"):
        chip_factory(typical, seed=3)
    load_firmware(made, sleep).start()
    made.run()


USERS_TESTS = """
import pytest
from chip.base.errors import LossError
from chip.testing import UncompiledScript, load_firmware

def overflow(ppu):
    yield ppu.store_weights(5, 0, source="row")
    return 0

def run(chip):
    load_firmware(chip, UncompiledScript(overflow, image={"row": 64}))
    chip.start()
    chip.run()

def test_unseen_loss(chip_factory):
    run(chip_factory(strict=False))

def test_allowed_loss(chip_factory):
    run(chip_factory(strict=False, allow=["weight overflows"]))

def test_expected_loss(chip_factory):
    with pytest.raises(LossError):
        run(chip_factory())
"""


class Reports:
    """Keeps what a nested pytest reports as failed: (test, phase) with the message."""

    def __init__(self):
        self.failed, self.passed = {}, []

    def pytest_runtest_logreport(self, report):
        name = report.nodeid.partition("::")[2]
        if report.failed:
            self.failed[name, report.when] = report.longrepr.reprcrash.message
        elif report.when == "call":
            self.passed.append(name)


def test_the_fixture_fails_a_test_that_did_not_see_its_loss(tmp_path, capfd):
    path = tmp_path / "test_users.py"
    path.write_text(USERS_TESTS)
    reports = Reports()
    options = ["-q", "-p", "no:cacheprovider", "--import-mode=importlib", f"--rootdir={tmp_path}"]
    assert pytest.main([*options, str(path)], plugins=[reports, chip.testing.plugin]) == pytest.ExitCode.TESTS_FAILED
    assert reports.passed == ["test_unseen_loss", "test_allowed_loss", "test_expected_loss"]
    assert list(reports.failed) == [("test_unseen_loss", "teardown")]
    message = reports.failed["test_unseen_loss", "teardown"]
    assert "the firmware lost or saturated something: 128 weight overflows; mend it" in message


def test_without_an_installation_the_fixture_is_asked_for_by_the_option_that_the_documentation_names(tmp_path):
    option = "pytest -p chip.testing.plugin"
    assert option in chip.testing.plugin.__doc__ and option in chip.testing.__doc__
    (tmp_path / "test_mine.py").write_text("def test_mine(chip_factory):\n    assert chip_factory().config.strict\n")
    words = [sys.executable, "-m", *option.split(), "-p", "no:cacheprovider", "-q", str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "1 passed" in done.stdout


def test_an_installation_forces_the_fixture_upon_nobody():
    """Another project may have a package or a module ``chip`` of its own, and its tests."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert "entry-points" not in project


MINE = """
from types import SimpleNamespace

from chip import Program, Registers
from chip.ppu import Memory, kernel, u8


@kernel
def halve(v, m):
    for i in range(128):
        m.row[i] = m.row[i] >> 1


class Halving(Program):
    name, memory, kernels = "halving", Memory(row=u8[128]), (halve,)

    def main(self, ppu):
        yield ppu.load_weights([3], half=0, into="row")
        yield ppu.run(halve)
        yield ppu.store_weights([3], half=0, source="row")
        yield ppu.reset_neurons((0,))
        return 0


class MyRule:
    def build(self, task, config):
        return SimpleNamespace(registers=Registers(weights=5), programs=(None, Halving()), stimuli=None)


def my_report(kernel, regions, calls):
    return len(calls) > 0 and set(kernel.regions) <= set(regions)
"""


def test_the_examples_of_the_documentation_pass_as_they_stand(tmp_path):
    """With a firmware of the user's, on a command line of the user's."""
    blocks = re.findall(r"(?:^(?: {4}.*)?\n)+", chip.testing.__doc__, re.M)
    code = textwrap.dedent("".join(block for block in blocks if block.strip()))
    assert code.count("def test_") == 5 and "import" in code
    (tmp_path / "mine.py").write_text(MINE)
    (tmp_path / "test_mine.py").write_text(code)
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["chip.testing.plugin"]\n')
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "not TestMyChip", str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "5 passed" in done.stdout, done.stdout


# ---------------------------------------------------------------------- the strategies


@settings(max_examples=10)
@given(
    configs(strict=False), registers(), weights((2, 128)), labels(256), event_labels(), spike_trains(), sample_sets()
)
def test_what_is_drawn_is_valid(config, network, rows, row_labels, label, train, samples):
    assert ChipConfig.from_dict(config.to_dict()) == config and not config.strict
    network.check()
    assert rows.shape == (2, 128) and rows.dtype == np.uint8 and rows.max() <= 63
    assert row_labels.shape == (256,) and row_labels.max() <= 63 and 0 <= label <= 0xFFFF
    assert len(train[0]) == len(train[1]) and len(samples) >= 1


@settings(max_examples=15)
@given(configs(strict=True), st.data())
def test_drawn_programs_run_on_every_drawn_chip(config, data):
    samples = data.draw(sample_sets())
    program = data.draw(programs(len(samples)))
    run_firmware(program, samples=samples, config=config, allow=["saturated conversions"])
    assert repr(program).count("(") >= len(program.steps)


@settings(max_examples=20)
@given(st.lists(steps(), max_size=5))
def test_drawn_operations_are_values_that_a_program_yields(operations):
    done = []

    def watch(ppu, operation):
        done.append(operation)

    chip = load_firmware(Chip(ChipConfig.ideal()), RandomProgram(operations, image={}))
    chip.processors[0].observers.append(watch)
    chip.start()
    chip.run()
    assert done == operations


def test_what_a_program_made_and_did_not_yield_is_refused_beside_a_ready_made_operation():
    ready = operation("wait", 3)

    def main(ppu):
        yield ready
        ppu.wait(1)
        yield ready
        return 0

    def at_the_end(ppu):
        ppu.wait(1)
        yield from ()
        return 0

    for refused in (main, at_the_end):
        with pytest.raises(MachineFault, match="made an operation and did not yield it"):
            run_firmware(UncompiledScript(refused))
    with pytest.raises(MachineFault, match="can only yield the operation that it has just made"):
        run_firmware(RandomProgram([Operation("sleep")], {}))
    chain = operation("chain", operation("reset_neurons"), operation("load_weights", 0, 0, "weights"))
    assert run_firmware(RandomProgram([ready, chain, ready, ready], {})).finished


def test_networks_are_drawn_with_and_without_merged_neurons():
    seen = set()

    @settings(max_examples=30, derandomize=True)
    @given(registers())
    def look(network):
        if network.enabled.sum() > 3:
            seen.add(bool(network.connect_vertical.any()))

    look()
    assert seen == {False, True}


def test_errors_of_the_kit_are_bad_states():
    assert issubclass(ReplayError, RuntimeError)
