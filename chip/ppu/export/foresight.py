"""What is known of a routine before it is written: which loops are loops of C, what a constant of a block can hold."""

from __future__ import annotations

from collections.abc import Sequence

from chip.ppu.compiler.form import Block, Count, Node, all_nodes, parts
from chip.ppu.compiler.unit import Lowered
from chip.ppu.compiler.variables import variable_name
from chip.ppu.export.ranges import LIMITS_OF, Range, Ranges, is_temporary, within


class Foresight:
    """What is known of one routine.

    Attributes:
        counted: variables of loops that are variables of C's loops, too: nothing else sets them or reads them later.
        shared: temporaries that no constant of a block can hold: set on several ways, or read outside of their block.
        wrapped: those of which the next step takes the low 32 bits alone.
    """

    def __init__(self, lowered: Lowered, ranges: Ranges):
        self._lowered, self._ranges = lowered, ranges
        self._parameters = {variable_name(name) for name in lowered.parameters}
        self.counted = {node.variable for node in all_nodes(lowered.nodes) if self._is_plain_count(node)}
        self.shared = {name for name, count in ranges.writes.items() if is_temporary(name) and count > 1}
        self.wrapped: set[str] = set()
        self._defined: dict[str, tuple[int, ...]] = {}
        self._visit(lowered.nodes, ())
        self.wrapped -= self.shared

    def _visit(self, nodes: Sequence[Node], path: tuple[int, ...]) -> None:
        """Look at what nodes read; ``path`` is the way of blocks within each other that leads to them."""
        for node in nodes:
            if isinstance(node, Block):
                for instruction in node.code:
                    self._read(instruction.operands, path)
                    if instruction.operation in ("wrap", "wrap_unsigned"):
                        self.wrapped.update(o for o in instruction.operands if self._ranges.reads[o] == 1)
                    if is_temporary(instruction.target):
                        self._defined[instruction.target] = path
            self._read([getattr(node, name, None) for name in ("condition", "start", "stop", "value")], path)
            for inner in parts(node):
                self._visit(inner, (*path, id(inner)))

    def _read(self, operands: Sequence[object], path: tuple[int, ...]) -> None:
        for operand in operands:
            if isinstance(operand, str) and operand in self._defined:
                own = self._defined[operand]
                if own != path[: len(own)]:
                    self.shared.add(operand)

    def _is_plain_count(self, node: Node) -> bool:
        if not isinstance(node, Count) or node.variable in self._parameters:
            return False
        counts = [n for n in all_nodes(self._lowered.nodes) if isinstance(n, Count) and n.variable == node.variable]
        if self._ranges.writes[node.variable] != len(counts):
            return False
        if any(n is not m and n in set(all_nodes(m.body)) for n in counts for m in counts):
            return False
        inside = sum(Ranges.reads_in(n.body, node.variable) for n in counts)
        return inside == self._ranges.reads[node.variable] and all(self._steps_within(n) for n in counts)

    def _steps_within(self, node: Count) -> bool:
        """Return whether the variable stays in its type behind the last round."""
        limits = LIMITS_OF[self._ranges.type_of(node.variable)]
        stop = self._ranges.of(node.stop)
        return abs(node.step) == 1 and within(stop, limits) or within(ends(stop, node.step), limits)


def ends(stop: Range, step: int) -> Range:
    """Return what a counter comes to behind its last round."""
    return (stop[0], stop[1] + step - 1) if step > 0 else (stop[0] + step + 1, stop[1])


def written(nodes: Sequence[Node]) -> frozenset[str]:
    """Return the variables that nodes set."""
    found: set[str] = set()
    for node in all_nodes(list(nodes)):
        if isinstance(node, Count):
            found.add(node.variable)
        elif isinstance(node, Block):
            found.update(instruction.target for instruction in node.code)
    return frozenset(found)
