"""What a kernel is compiled from: declared routines, their forms, where they can fault, what they need of regions."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field

from chip.ppu.compiler.form import Block, Node, Place
from chip.ppu.compiler.form import words as words_of
from chip.ppu.compiler.language import Routine

OUT_OF_BOUNDS, DIVISION_BY_ZERO, WATCHDOG = "out of bounds", "division by zero", "watchdog"


class Declared:
    """A function that a decorator has made a kernel or a subroutine.

    Attributes:
        routine: its parsed source, which knows which of them it is; name: the function's.
    """

    def __init__(self, function: Callable, kind: str):
        self.routine = Routine(function, kind)
        self.name, self.__doc__ = self.routine.name, function.__doc__

    def lower(self, unit: Unit) -> Lowered:
        """Return its form within the unit of one kernel, made once."""
        raise NotImplementedError


@dataclass(frozen=True)
class Site:
    """A place where a routine can fault: what, in which routine, where, on which region."""

    kind: str
    routine: str
    file: str
    line: int
    region: str = ""
    lanes: int = 0


@dataclass(frozen=True)
class Requirement:
    """What a region must be for a kernel to run on it.

    Attributes:
        region: its name; elements: how many it must have at least; width: bytes per element, 0 for any.
        where: file:line that asks for it; operation: on whose behalf.
    """

    region: str
    elements: int
    width: int
    where: str
    operation: str


@dataclass
class Unit:
    """Everything that one kernel is compiled from: its own form and its subroutines', sites, requirements.

    Attributes:
        unsigned_regions: the names of the regions of u32; None while nobody knows, which is until a kernel gets its
            regions: then nothing is refused for its types.
    """

    unsigned_regions: frozenset[str] | None = None
    sites: list[Site] = field(default_factory=list)
    requirements: list[Requirement] = field(default_factory=list)
    routines: dict[Declared, Lowered] = field(default_factory=dict)

    def keep(self) -> Callable[[], None]:
        """Return what takes the unit back to where it stands now."""
        sites, requirements, routines = len(self.sites), len(self.requirements), dict(self.routines)

        def take_back() -> None:
            del self.sites[sites:], self.requirements[requirements:]
            self.routines = routines

        return take_back


@dataclass(eq=False)
class Lowered:
    """A routine in the intermediate form.

    Attributes:
        name: of the function that it becomes; parameters, regions: those that it takes.
        unsigned: the variables, by the names of the source, that are u32; result: None where it returns nothing, else
            whether it returns an unsigned number.
        nodes: what it does.
        blocks: its basic blocks by where they begin in the source; faults: the number of the site by node and kind.
    """

    name: str
    parameters: tuple[str, ...]
    regions: list[str]
    unsigned: frozenset[str]
    result: bool | None
    nodes: list[Node]
    blocks: dict[Place, Block]
    faults: dict[tuple[ast.AST, str], int]

    @property
    def words(self) -> int:
        """Its size in instruction words."""
        return words_of(self.nodes)
