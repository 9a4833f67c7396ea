"""What a task asks its processor for: operations with their arguments, as they stand in the compiled program."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chip.ppu.compiler.form import Operand


@dataclass(frozen=True)
class Dynamic:
    """An argument that is a number known when the program runs: the operand that has it, and its number, from 0."""

    operand: Operand
    slot: int


@dataclass(frozen=True)
class Selected:
    """An argument that is one of several constants: which of them says a number that is known when the program runs."""

    choices: tuple
    index: Dynamic


@dataclass(frozen=True)
class Request:
    """An operation at one place of a program.

    Attributes:
        operation: its name.
        arguments: by position; constants, :class:`Dynamic`, :class:`Selected`, and, of a chain, further requests.
        file, line, routine: where it stands.
    """

    operation: str
    arguments: tuple[Any, ...]
    file: str
    line: int
    routine: str

    @property
    def where(self) -> str:
        return f"{self.file}:{self.line}: task {self.routine}" if self.file else ""

    def dynamic(self) -> list[Dynamic]:
        """Return its arguments that are numbers, those of a chain's operations among them."""
        return [number for argument in self.arguments for number in numbers_of(argument)]


def numbers_of(argument: Any) -> list[Dynamic]:
    """Return the numbers in an argument that are known when the program runs only."""
    if isinstance(argument, Dynamic):
        return [argument]
    if isinstance(argument, Selected):
        return [argument.index]
    return argument.dynamic() if isinstance(argument, Request) else []


@dataclass(frozen=True)
class Word:
    """An element of SRAM that a task reads to decide on the way."""

    region: str
    index: Operand
    unsigned: bool
