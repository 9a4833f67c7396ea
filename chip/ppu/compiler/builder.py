"""A routine of the intermediate form under construction: its nodes, the block that is open, what is booked."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, TypeVar

from chip.ppu.compiler.form import PURE, Block, Instruction, Node, Operand, Place
from chip.ppu.compiler.values import Value

Read = TypeVar("Read")


class Builder:
    """Takes instructions and nodes in the order of the source.

    Attributes:
        nodes: those of the list that is under construction; block: the last one of them that is a block, which takes
            instructions; line: of the source, that is being read.
        blocks: by where they begin in the source; sites: the number of each fault, by node and kind.
    """

    def __init__(self, prefix: str = "") -> None:
        self._prefix = prefix  # of temporaries
        self.nodes: list[Node] = []
        self.line = 0
        self.blocks: dict[Place, Block] = {}
        self.sites: dict[tuple[ast.AST, str], int] = {}
        self._temporaries = 0
        self.open_block()

    def open_block(self, node: ast.AST | None = None, part: str = "") -> None:
        """Begin a new basic block here, which is where that part of a node begins in the source."""
        self.block = Block()
        if node is not None:
            self.blocks[node, part] = self.block
        self.nodes.append(self.block)

    def add(self, node: Node) -> None:
        """Add a node that is no block; what follows it begins with :meth:`open_block`."""
        self.nodes.append(node)

    def emit(self, operation: str, *operands: Any) -> str:
        """Add an instruction with a result; return the new variable that has it."""
        target = self.temporary()
        self.block.code.append(Instruction(operation, target, operands, self.line))
        return target

    def do(self, operation: str, *operands: Any, target: str = "") -> None:
        """Add an instruction without a result, or with one that goes into a variable."""
        self.block.code.append(Instruction(operation, target, operands, self.line))

    def set(self, target: str, value: Operand) -> None:
        """Copy a value into a variable."""
        self.do("copy", value, target=target)

    def temporary(self) -> str:
        """Return a new name."""
        self._temporaries += 1
        return f"_t{self._prefix}{self._temporaries}"

    def named(self, value: Value) -> Operand:
        """Return a value as an integer: a truth value is made one, which the caller has booked."""
        return self.emit("integer", value.operand) if value.boolean else value.operand

    # ------------------------------------------------------------------ booking

    def book(self, name: str, count: int = 1) -> None:
        """Book ``count`` instructions of the cost table in the open block."""
        self.block.book(self.line, name, count)

    def book_constants(self, *values: Value) -> None:
        """Book the two instructions that bring a constant of more than 16 bits into a register."""
        for value in values:
            if value.constant and not -0x8000 <= value.low <= 0x7FFF:
                self.book("alu", 2)

    def book_move(self, value: Value) -> None:
        """Book the way of a value into a register of its own; a computed one is in one already."""
        if not value.computed:
            self.book("alu")  # load immediate, or move
            self.book_constants(value)

    def book_operand(self, value: Value) -> None:
        """Book the way of a constant into a register, for what takes no immediate."""
        if value.constant:
            self.book("alu")
            self.book_constants(value)

    # ------------------------------------------------------------------ parts

    def keep(self) -> Callable[[], None]:
        """Return what takes the builder back to where it stands now."""
        nodes, count, block = self.nodes, len(self.nodes), self.block
        code, booked, line = len(block.code), len(block.booked), self.line

        def take_back() -> None:
            self.nodes, self.block, self.line = nodes, block, line
            del nodes[count:], block.code[code:]
            block.shorten(booked)

        return take_back

    def captured(self, read: Callable[[], Read], node: ast.AST, part: str) -> tuple[Read, list[Node]]:
        """Read a part of a node into nodes of its own, which begin with its block; return what reading gives, too."""
        nodes, block = self.nodes, self.block
        self.nodes = []
        self.open_block(node, part)
        found = read()
        inner, self.nodes, self.block = self.nodes, nodes, block
        return found, inner

    def nested(self, read: Callable[[], object], node: ast.AST, part: str) -> list[Node]:
        """Read statements into nodes of their own."""
        return self.captured(read, node, part)[1]


def only_computes(nodes: list[Node]) -> bool:
    """Return whether nodes are one block that nothing but computes: it may be done whether it is needed or not."""
    return len(nodes) == 1 and isinstance(nodes[0], Block) and all(i.operation in PURE for i in nodes[0].code)
