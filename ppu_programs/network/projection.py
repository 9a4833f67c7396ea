"""A projection: the synapses from one population to one, by a mask, with signs that the chip's rows can have."""

from __future__ import annotations

import dataclasses
from dataclasses import KW_ONLY, dataclass
from enum import StrEnum

import numpy as np

from chip.base import constants as c
from ppu_programs.network.neurons import Synapses

EXCITATORY_ROW, INHIBITORY_ROW = 0, 1  # index of a source's rows by sign


class Sign(StrEnum):
    """Whose a sign is: the projection's, one row of synapses a source, or the synapse's, a row for either sign."""

    EXCITATORY = "excitatory"
    INHIBITORY = "inhibitory"
    SIGNED = "signed"

    @property
    def rows(self) -> tuple[int, ...]:
        """The rows that a source takes."""
        return {Sign.EXCITATORY: (EXCITATORY_ROW,), Sign.INHIBITORY: (INHIBITORY_ROW,)}.get(self, (0, 1))

    @property
    def factors(self) -> tuple[int, ...]:
        """What a weight is multiplied with for each of these rows, in which negative ones are 0."""
        return (1, -1) if self is Sign.SIGNED else (1,)

    @property
    def lowest_weight(self) -> int:
        """The least weight of a synapse; the highest is 63. Where the sign is the projection's, weights have none."""
        return -c.WEIGHT_MAX if self is Sign.SIGNED else 0


@dataclass(frozen=True, eq=False)
class Projection:
    """Synapses from population ``source`` to population ``target``, which may be the same one.

    Attributes:
        source, target: names of populations.
        sign: of all its synapses, or each synapse's own.
        mask: bool[sources, targets], where there are synapses; by default everywhere. Kept as a copy that is read-only.
        efficacy_lsb: synaptic current in LSB that a weight of 1 brings, 0.05..100. It is the neurons', so all
            projections onto them ask for the same; by default 5 for LIF, 2 for LI, or what another one asks for.

    Raises:
        ValueError: another sign, a mask that is no matrix of bools, an efficacy out of range.
    """

    source: str
    target: str
    _: KW_ONLY
    sign: Sign = Sign.SIGNED
    mask: np.ndarray | None = None
    efficacy_lsb: float | None = None

    def __post_init__(self):
        try:
            object.__setattr__(self, "sign", Sign(self.sign))
        except ValueError:
            raise ValueError(f"the sign of {self} is {self.sign!r}; it must be {', '.join(Sign)}") from None
        if self.mask is not None:
            object.__setattr__(self, "mask", self._checked(np.array(self.mask)))
        if self.efficacy_lsb is not None:
            object.__setattr__(self, "efficacy_lsb", Synapses(efficacy_lsb=self.efficacy_lsb).efficacy_lsb)

    def __str__(self) -> str:
        return f"the projection from {self.source} to {self.target}"

    def _checked(self, mask: np.ndarray) -> np.ndarray:
        if mask.dtype != bool or mask.ndim != 2:
            raise ValueError(
                f"the mask of {self} is {mask.dtype}{list(mask.shape)}; it must be bool[sources, targets], True where "
                f"there is a synapse"
            )
        mask.setflags(write=False)
        return mask

    def between(self, sources: int, targets: int) -> Projection:
        """Return this projection with its mask, between populations of these sizes; raises ValueError for another."""
        mask = np.ones((sources, targets), bool) if self.mask is None else self.mask
        if mask.shape != (sources, targets):
            raise ValueError(f"the mask of {self} is of shape {mask.shape}; it must be {(sources, targets)}")
        return dataclasses.replace(self, mask=mask)
