"""A chip and its host against a plain model of both, and proof that the machine would notice."""

from unittest import mock

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from chip.chip import Chip
from chip.config import ChipConfig
from chip.link import HostLink
from chip.ppu.processor.processor import Processor
from chip.testing import ChipMachine


class TestIdealChip(ChipMachine.TestCase):
    settings = settings(max_examples=15, stateful_step_count=30, deadline=None, derandomize=True)


class TypicalMachine(ChipMachine):
    def config(self):
        return ChipConfig.typical(strict=False)


class TestTypicalChip(TypicalMachine.TestCase):
    settings = settings(max_examples=6, stateful_step_count=30, deadline=None, derandomize=True)


def wrong_half(ppu, rows, half, into, load=Processor.load_weights):
    return load(ppu, rows, 1 - half, into)


def slow_ring(ppu, hemisphere, line, ring=Processor.ring):
    ppu._owe("omnibus", 1)
    return ring(ppu, hemisphere, line)


def forgetful_ring(ppu, line):
    ppu._pending[line] = True


def open_link(link, what, nbytes, answer=False):
    link.bytes["after" if link.chip.started else "before"] += nbytes


def leaky_counters(chip, counters=Chip.counters):
    found = counters(chip)
    found["lost"] += found["delivered"] > 0
    return found


@pytest.mark.parametrize(
    "where, name, mutant",
    [
        (Processor, "load_weights", wrong_half),
        (Processor, "ring", slow_ring),
        (Processor, "_ring", forgetful_ring),
        (HostLink, "_transfer", open_link),
        (Chip, "counters", leaky_counters),
    ],
)
def test_the_machine_notices(where, name, mutant):
    quick = {
        "max_examples": 100,
        "stateful_step_count": 30,
        "phases": [Phase.generate],
        "database": None,
        "report_multiple_bugs": False,
    }
    with mock.patch.object(where, name, mutant), pytest.raises(AssertionError):
        run_state_machine_as_test(ChipMachine, settings=settings(deadline=None, derandomize=True, **quick))
