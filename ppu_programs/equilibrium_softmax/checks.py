"""What a run says of itself: hidden neurons that are silent or at their end, nudges that are too strong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chip.base import constants as c
from ppu_programs.equilibrium_propagation.network import TRACE_LEAK_LSB
from ppu_programs.equilibrium_propagation.programs import NEARLY_LSB, UPPER_BOUND_LSB
from ppu_programs.equilibrium_softmax.nudging import NUDGE_BITS
from ppu_programs.equilibrium_softmax.rates import NUDGES, RATE_ONE, RATES
from ppu_programs.equilibrium_softmax.settings import Settings

SILENT_LSB = 4  # of a trace, which noise of conversions hardly reaches
MOST_SILENT, MOST_SATURATED, MOST_CLIPPED = 0.2, 0.1, 0.1  # fractions of neurons that are still right


@dataclass(frozen=True, eq=False)
class Checks:
    """The checks of a run.

    Attributes:
        settings: of the rule.
        highest: int64[2, hidden], the highest rate of each neuron, in 1/128 LSB, with what was shown behind learning,
            and its strongest nudge, in 1/64 weights; None where the run was not over.
    """

    settings: Settings
    highest: np.ndarray | None

    def metrics(self) -> dict[str, float | None]:
        if self.highest is None:
            return dict.fromkeys(("silent", "saturated", "clipped_nudges"))
        rates, nudges = self.highest[RATES] / RATE_ONE, self.highest[NUDGES] / (1 << NUDGE_BITS)
        return {
            "silent": float((rates < SILENT_LSB).mean()),
            "saturated": float((rates > UPPER_BOUND_LSB - TRACE_LEAK_LSB - NEARLY_LSB).mean()),
            "clipped_nudges": float((nudges > c.WEIGHT_MAX).mean()),
        }

    def sentences(self) -> list[str]:
        """One for each check that fails: what is wrong, by how much, and what to do."""
        if self.highest is None:
            return []
        s, found, measured = self.settings, [], self.metrics()
        if measured["silent"] > MOST_SILENT:
            found.append(
                f"{measured['silent']:.0%} of the hidden neurons spike with no sample, so they learn nothing; raise "
                f"mean, which is {s.mean:g}, or lower rate, which is {s.rate:g}"
            )
        if measured["saturated"] > MOST_SATURATED:
            found.append(
                f"the traces of {measured['saturated']:.0%} of the hidden neurons come to the upper bound of "
                f"membranes; lower mean, which is {s.mean:g}, or raise refractory_ns, which is {s.refractory_ns}"
            )
        if measured["clipped_nudges"] > MOST_CLIPPED:
            found.append(
                f"nudges of {measured['clipped_nudges']:.0%} of the hidden neurons were beyond the weight of 63; lower "
                f"beta, which is {s.beta:g}, or raise teacher_khz, which is {s.teacher_khz:g}"
            )
        return found
