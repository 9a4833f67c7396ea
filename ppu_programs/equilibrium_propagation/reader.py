"""What the processors of every rule of this kind have: how often what is played, and traces that are read."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from chip.ppu.program import Program
from ppu_programs.equilibrium_propagation import traces
from ppu_programs.stochastic_rounding import seed_noise
from ppu_programs.two_layer.plan import Plan

# in ``plan``: words of memory rather than constants of the programs, so that a longer run is no other program
EPOCHS, BATCHES, TRAIN, VALIDATION, VALIDATION_COUNT, TEST, TEST_COUNT, PLAN_WORDS = range(8)


class TraceReader(Program):
    """A program that reads traces.

    Attributes:
        reads: conversions that are added up; trace_half: of the columns that traces are in.
    """

    reads: int
    trace_half: int

    def read_traces(self, ppu) -> Generator:
        """Add up conversions of the traces."""
        for _ in range(self.reads):
            yield ppu.read_cadc(into="seen", halves=(self.trace_half,))
            yield ppu.run(traces.add_reading)

    def prepare(self, ppu) -> Generator:
        """Seed the random bytes, and read the traces at rest."""
        yield ppu.run(seed_noise)
        yield from self.read_traces(ppu)
        yield ppu.run(traces.keep_rest)


def plan_words(plan: Plan, *more: int) -> np.ndarray:
    """int32[7 + len(more)]: how often what is played, and what else a rule counts behind it."""
    validation, test = plan.validation, plan.test
    words = [plan.epochs, plan.batches, plan.train.start, validation.start, len(validation), test.start, len(test)]
    return np.array([*words, *more], np.int32)
