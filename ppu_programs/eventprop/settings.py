"""What the EventProp firmware is built for, beside what every rule for one hidden layer is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chip.settings import setting
from ppu_programs.two_layer import settings as two_layer


@dataclass(frozen=True)
class Settings(two_layer.Settings):
    """Settings of :class:`ppu_programs.two_layer.settings.Settings`, and one of the adjoint.

    Attributes:
        slope_limit: the clip of the adjoint: 1 / (I - threshold) is at most this over the threshold.
    """

    section: ClassVar[str] = "eventprop"

    slope_limit: float = setting(8.0, 1.0, 64.0)

    @property
    def least_excess(self) -> int:
        """The least I - threshold that the adjoint divides by, in 1/256 weight steps."""
        return round(two_layer.CURRENT_ONE * self.threshold_lsb / self.efficacy_lsb / self.slope_limit)
