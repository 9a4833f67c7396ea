"""What a run says of itself: outputs that are dead, traces at their end, nudges that are too strong, a loop too tight.

A network whose loop gain is too high has more than one state to settle in, and what it learns from is which of them it
came to. So the conductor shows samples twice at the end, from rest and from where all outputs spike as fast as the
teacher drives them, and counts those whose outputs differ.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ppu_programs.equilibrium_propagation.network import trace_lsb
from ppu_programs.equilibrium_propagation.settings import Settings
from ppu_programs.equilibrium_propagation.teaching import (
    CLIPPED,
    COUNTED,
    HIGHEST,
    SAMPLES,
    SATURATED,
    UNSTABLE,
)

MOST_UNSTABLE, MOST_SATURATED, MOST_CLIPPED = 0.1, 0.01, 0.1  # fractions that are still right


@dataclass(frozen=True, eq=False)
class Checks:
    """The checks of a run, from the conductor's reports, int32[32] each, see ``teaching``.

    Attributes:
        outputs: how many; training: of each epoch; test: of the test samples; twice: of those settled twice.
    """

    settings: Settings
    outputs: int
    training: list[np.ndarray]
    test: np.ndarray
    twice: np.ndarray

    @property
    def unstable(self) -> float | None:
        """The fraction of samples that settle elsewhere from another start; None where nobody looked."""
        return int(self.twice[UNSTABLE]) / int(self.twice[COUNTED]) if self.twice[COUNTED] else None

    @property
    def dead(self) -> list[int] | None:
        """Outputs that never came to a quarter of the target rate with any test sample; None if there was none."""
        if not self.test[SAMPLES]:
            return None
        highest = self.test[HIGHEST : HIGHEST + self.outputs]
        return np.flatnonzero(highest < trace_lsb(self.settings.target_khz) / 4).tolist()

    @property
    def saturated(self) -> float | None:
        """The fraction of the outputs' traces, of test samples, at the upper bound of membranes."""
        return self._fraction(self.test, SATURATED)

    @property
    def clipped(self) -> float | None:
        """The fraction of nudges of the last epoch that 6 bits do not hold."""
        done = [report for report in self.training if report[SAMPLES]]
        return self._fraction(done[-1], CLIPPED) if done else None

    def _fraction(self, report: np.ndarray, counter: int) -> float | None:
        return int(report[counter]) / (int(report[SAMPLES]) * self.outputs) if report[SAMPLES] else None

    def metrics(self) -> dict[str, float | None]:
        dead = self.dead
        return {
            "dead_outputs": None if dead is None else len(dead),
            "unstable": self.unstable,
            "saturated": self.saturated,
            "clipped_nudges": self.clipped,
        }

    def sentences(self) -> list[str]:
        """One for each check that fails: what is wrong, by how much, and what to do."""
        s, found = self.settings, []
        if dead := self.dead:
            found.append(
                f"outputs {', '.join(map(str, dead))} hardly spike with any test sample, so they learn nothing; raise "
                f"readout_mean, which is {s.readout_mean:g}, or output_leak, which is {s.output_leak:g}"
            )
        if (self.unstable or 0.0) > MOST_UNSTABLE:
            found.append(
                f"{self.unstable:.0%} of the samples settle elsewhere when all outputs were driven before: the loop "
                f"gain is too high; lower feedback, which is {s.feedback:g}, or readout_rate"
            )
        if (self.saturated or 0.0) > MOST_SATURATED:
            found.append(
                f"{self.saturated:.0%} of the outputs' traces are at the upper bound of membranes; lower target_khz, "
                f"which is {s.target_khz:g}"
            )
        if (self.clipped or 0.0) > MOST_CLIPPED:
            found.append(
                f"{self.clipped:.0%} of the nudges are beyond the weight of 63; lower beta, which is {s.beta:g}, or "
                f"raise teacher_khz, which is {s.teacher_khz:g}"
            )
        return found
