"""Elements of what is known: constant tables, which a program keeps in its memory, and ranges, which it computes."""

from __future__ import annotations

import ast

import numpy as np

from chip.ppu.compiler.expressions import Expressions
from chip.ppu.compiler.language import spelled
from chip.ppu.compiler.tasks.context import Context
from chip.ppu.compiler.tasks.statics import as_range
from chip.ppu.compiler.unit import OUT_OF_BOUNDS
from chip.ppu.compiler.values import Value, constant


class Tables:
    """Reads the elements of constant sequences that one routine takes."""

    def __init__(self, context: Context, expressions: Expressions):
        self.context, self.routine = context, context.routine
        self.builder, self.expressions = context.builder, expressions

    def element(self, node: ast.Subscript) -> Value:
        """Read an element."""
        values = self.values(node)
        counted = as_range(values)
        if counted is not None:
            return self._counted(node, counted)
        if isinstance(values, range):
            self.routine.refuse(node, f"takes an element of {spelled(node.value)}, which reaches beyond 32 bits")
        numbers = [self.expressions.literal(node, value) for value in values]
        unsigned = any(number.unsigned for number in numbers)
        index = self.index(node, len(values))
        self.builder.book("address")
        self.builder.book("load")
        table = self.context.unit.table(number.low for number in numbers)
        result = self.builder.emit("table", table, index.operand)
        low, high = min(number.low for number in numbers), max(number.high for number in numbers)
        return Value(result, low, high, unsigned=unsigned)

    def _counted(self, node: ast.Subscript, counted: range) -> Value:
        """Read an element of a range: computed, not looked up."""
        index = self.index(node, len(counted))
        low, high = min(counted[0], counted[-1]), max(counted[0], counted[-1])
        result = index
        if counted.step != 1:
            result = self.expressions.binary(node, ast.Mult(), result, constant(counted.step))
        if counted.start:
            result = self.expressions.binary(node, ast.Add(), result, constant(counted.start))
        return result._replace(low=low, high=high)

    def values(self, node: ast.Subscript) -> list | range:
        """Return the constant sequence that an element is taken from."""
        found = self.context.must_be_known(node.value, "a table")
        if isinstance(found, range) and found:
            return found
        if not isinstance(found, tuple | list | np.ndarray) or not len(found):
            self.routine.refuse(node, f"takes an element of {spelled(node.value)}; that must be a list of constants")
        return list(found)

    def index(self, node: ast.Subscript, size: int) -> Value:
        """Read and check the index into a constant table."""
        index = self.expressions.narrow(node.slice)
        site = self.context.fault(OUT_OF_BOUNDS, node, spelled(node.value))
        self.builder.do("check table", index.operand, size, site)
        return index
