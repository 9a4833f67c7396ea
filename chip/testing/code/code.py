"""A drawn program as a whole: frozen, compared by value, printed as Python text."""

from __future__ import annotations

from dataclasses import dataclass

from chip.testing.code.python_text import python_text
from chip.testing.code.tree import AugmentedStore, Call, Element, Length, Region, Routine, Run, Store, walk


@dataclass(frozen=True)
class Code:
    """Everything of one program; every routine stands behind those that it uses, the last one is what is run."""

    regions: tuple[Region, ...]
    routines: tuple[Routine, ...]

    @property
    def main(self) -> Routine:
        """The kernel or task that is run."""
        return self.routines[-1]

    def region(self, name: str) -> Region:
        """Return a region by its name."""
        return next(region for region in self.regions if region.name == name)

    def routine(self, name: str) -> Routine:
        """Return a routine by its name."""
        return next(routine for routine in self.routines if routine.name == name)

    def __str__(self) -> str:
        return python_text(self.regions, self.routines)

    __repr__ = __str__

    def _repr_pretty_(self, printer, cycle: bool) -> None:
        """Print as text in hypothesis' report too, which shows the fields of a dataclass else."""
        printer.text(str(self))


def trimmed(regions: tuple[Region, ...], routines: tuple[Routine, ...]) -> Code:
    """Return the program of the last routine, without regions and routines that it does not use."""
    kept: list[Routine] = []
    used = {routines[-1].name}
    for routine in reversed(routines):
        if routine.name in used:
            kept.insert(0, routine)
            used |= {node.routine for node in walk(routine.body) if isinstance(node, Call)}
            used |= {node.kernel for node in walk(routine.body) if isinstance(node, Run)}
    nodes = [node for routine in kept for node in walk(routine.body)]
    named = {node.region for node in nodes if isinstance(node, Element | Length | Store | AugmentedStore)}
    return Code(tuple(region for region in regions if region.name in named), tuple(kept))
