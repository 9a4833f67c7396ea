"""The lines with which the kit's documentation tests a firmware work with any firmware, and can fail."""

import sys
import textwrap
from types import ModuleType

import numpy as np
import pytest

import chip.testing
from chip.testing import run_firmware
from ppu_programs import STDP, Homeostasis, Rewrite
from tests.host.example_rule import Mine
from tests.host.toy import TASK

TEXT = chip.testing.__doc__
EXAMPLE = textwrap.dedent(TEXT[TEXT.index("    from chip import ChipConfig") : TEXT.index("``MyRule`` is a firmware")])


def run_example(monkeypatch, firmware):
    mine = ModuleType("mine")
    mine.MyRule = firmware
    monkeypatch.setitem(sys.modules, "mine", mine)
    names = {}
    exec(EXAMPLE, names)
    names["test_my_rule_changes_weights"]()


def test_it_is_short():
    assert len(EXAMPLE.strip().splitlines()) == 7


@pytest.mark.parametrize("firmware", [lambda: Homeostasis(updates=1), Rewrite])
def test_it_works_with_firmware_of_every_kind(firmware, monkeypatch):
    run_example(monkeypatch, firmware)


@pytest.mark.parametrize("firmware", [lambda: Rewrite(step=0), lambda: STDP(updates=1, rate_hz=0)])
def test_it_fails_where_nothing_changes(firmware, monkeypatch):
    with pytest.raises(AssertionError):
        run_example(monkeypatch, firmware)


def test_a_rule_that_learns_a_task_is_given_one():
    done = run_firmware(Mine(), task=TASK)
    assert np.array_equal(done.link.read_sram(1, "total")[:4], [30] * 4)
