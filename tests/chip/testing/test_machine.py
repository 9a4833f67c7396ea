"""A chip and its host against a plain model of both, and proof that the machine would notice."""

from unittest import mock

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from chip.base.config import ChipConfig
from chip.chip import Chip
from chip.link import HostLink
from chip.ppu.processor import array, waiting
from chip.ppu.processor.operation import TABLE
from chip.ppu.processor.processor import Processor
from chip.testing import ChipMachine


class TestIdealChip(ChipMachine.TestCase):
    settings = settings(max_examples=15, stateful_step_count=30, deadline=None, derandomize=True)


class TypicalMachine(ChipMachine):
    def config(self):
        return ChipConfig.typical(strict=False)


class TestTypicalChip(TypicalMachine.TestCase):
    settings = settings(max_examples=6, stateful_step_count=30, deadline=None, derandomize=True)


def wrong_half(ppu, rows, half, into):
    array.load_weights(ppu, rows, 1 - half, into)


def slow_ring(ppu, hemisphere, line):
    waiting.ring(ppu, hemisphere, line)
    ppu.spend("omnibus", 1 + ppu.span_cycles, then=ppu.then)


def forgetful_ring(ppu, line):
    ppu.pending[line] = True


def open_link(link, what, nbytes, answer=False):
    link.bytes["after" if link.chip.started else "before"] += nbytes


def leaky_counters(chip, counters=Chip.counters):
    found = counters(chip)
    found["lost"] += found["delivered"] > 0
    return found


@pytest.mark.parametrize(
    "mutation",
    [
        mock.patch.dict(TABLE, load_weights=wrong_half),
        mock.patch.dict(TABLE, ring=slow_ring),
        mock.patch.object(Processor, "ring", forgetful_ring),
        mock.patch.object(HostLink, "_transfer", open_link),
        mock.patch.object(Chip, "counters", leaky_counters),
    ],
)
def test_the_machine_notices(mutation):
    quick = {
        "max_examples": 100,
        "stateful_step_count": 30,
        "phases": [Phase.generate],
        "database": None,
        "report_multiple_bugs": False,
    }
    with mutation, pytest.raises(AssertionError):
        run_state_machine_as_test(ChipMachine, settings=settings(deadline=None, derandomize=True, **quick))
