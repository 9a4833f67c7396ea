"""Hypothesis strategies for whole programs; a failing one shrinks to a few lines and prints as Python text."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TypeVar

from hypothesis import strategies as st

from chip.testing.code.choices import Choices
from chip.testing.code.programs import SIZE, Case, Programs

T = TypeVar("T")


class HypothesisChoices(Choices):
    """Choices that hypothesis makes, and makes simpler where it has found a failure.

    What it draws as one piece it also leaves out as one, or replaces by a piece of the same kind that lies within.
    """

    def __init__(self, draw: Callable):
        self._draw = draw
        self._groups = {"expression": _expression(self), "statement": _statement(self), "rest": _rest(self)}

    def integer(self, low: int, high: int) -> int:
        return self._draw(_integers(low, high))

    def group(self, kind: str, make: Callable[[], T]) -> T:
        self._make = make
        return self._draw(self._groups[kind])

    def drawn(self, draw: Callable) -> object:
        """Draw the group that was asked for."""
        self._draw = draw
        return self._make()


_integers = functools.cache(st.integers)


@st.composite
def _expression(draw, choices):
    return choices.drawn(draw)


@st.composite
def _statement(draw, choices):
    return choices.drawn(draw)


@st.composite
def _rest(draw, choices):
    return choices.drawn(draw)


@st.composite
def kernel_cases(draw, unsigned: bool = False, size: int = SIZE) -> Case:
    """Kernels that the compiler accepts and that end, with subroutines, contents of regions and integers to call with.

    They compute with elements and variables, and use no vector operation. ``unsigned`` draws u32 values and conversions
    too; ``size`` is about how many statements the kernel has.
    """
    return Programs(HypothesisChoices(draw), unsigned, size).kernel_case()


@st.composite
def task_cases(draw, unsigned: bool = False, size: int = SIZE) -> Case:
    """Tasks that compute, wait and run kernels, with contents of their regions; see :func:`kernel_cases`."""
    return Programs(HypothesisChoices(draw), unsigned, size).task_case()
