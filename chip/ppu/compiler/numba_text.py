"""The text of a kernel's Python functions, which numba compiles: a walk over the intermediate form.

A function's text is flat where Python's grammar has limits: every instruction is a statement of its own, whatever the
length of an expression, and the ways of a long ``elif`` stand one after the other behind a flag, where nested they
would need more levels than Python has.
"""

from __future__ import annotations

from collections.abc import Sequence

from chip.ppu.compiler.form import (
    PURE,
    Block,
    Count,
    If,
    Instruction,
    Leave,
    Loop,
    Node,
    Operand,
    RegionName,
)
from chip.ppu.compiler.unit import Declared, Lowered
from chip.ppu.compiler.variables import variable_name

LONGEST_NESTED = 16  # ways of an elif that are nested
MOST_UNROLLED = 3  # loops within each other; LLVM takes minutes to unroll ten of them, where their bounds are constant
MOST_LEVELS = 98  # of indentation; Python has 100


class FunctionText:
    """The text of one routine under construction."""

    def __init__(self, lowered: Lowered, names: dict[Declared, Lowered], is_kernel: bool, counters: dict[Block, int]):
        self.lowered, self.names, self.is_kernel, self.counters = lowered, names, is_kernel, counters
        self.lines: list[str] = []
        self.pool: dict[str, int] = {}  # numbers that are passed to functions, by name
        self.flags = self.loops = 0

    def text(self, head: str, start: str = "") -> str:
        """Return the finished text."""
        self.nodes(self.lowered.nodes, 1)
        if not _ends(self.lowered.nodes):
            self.line(1, self.leave("_finish(_record, _cy)" if self.is_kernel else "_cy"))
        pool = [f"    {name} = _int64({number})" for name, number in sorted(self.pool.items())]
        return "\n".join([head, *([start] if start else []), *pool, *self.lines]) + "\n"

    def line(self, indent: int, text: str) -> None:
        if indent > MOST_LEVELS:
            raise RecursionError(f"{self.lowered.name} needs more levels than Python has")
        self.lines.append("    " * indent + text)

    # ------------------------------------------------------------------ nodes

    def nodes(self, nodes: Sequence[Node], indent: int) -> None:
        """Write a list of nodes."""
        before = len(self.lines)
        for node in nodes:
            if isinstance(node, Block):
                self.block(node, indent)
            elif isinstance(node, If):
                self.branch(node, indent)
            elif isinstance(node, Loop):
                self.line(indent, "while True:")
                self.nodes(node.body, indent + 1)
            elif isinstance(node, Count):
                hidden = " + (_limit >> 63)" if self.loops >= MOST_UNROLLED else ""  # which is 0
                bounds = f"{_operand(node.start)}, {_operand(node.stop)}{hidden}, {node.step}"
                self.line(indent, f"for {node.variable} in range({bounds}):")
                self.loops += 1
                self.nodes(node.body, indent + 1)
                self.loops -= 1
            elif isinstance(node, Leave):
                self.leaving(node, indent)
            else:
                raise TypeError(f"a kernel has no {type(node).__name__}")
        if all(line.lstrip().startswith("#") for line in self.lines[before:]):
            self.line(indent, "pass")

    def branch(self, node: If, indent: int) -> None:
        chain = _chain(node)
        if isinstance(node.condition, int):
            self.nodes(node.body if node.condition else node.orelse, indent)
        elif len(node.orelse) == 1 and isinstance(node.orelse[0], Leave):
            self.line(indent, f"if not {node.condition}:")
            self.leaving(node.orelse[0], indent + 1)
            self.nodes(node.body, indent)
        elif len(chain) > LONGEST_NESTED:
            self.flat_chain(chain, indent)
        else:
            self.line(indent, f"if {node.condition}:")
            self.nodes(node.body, indent + 1)
            if node.orelse:
                self.line(indent, "else:")
                self.nodes(node.orelse, indent + 1)

    def flat_chain(self, chain: list[tuple[list[Node], If]], indent: int) -> None:
        """Write the ways of a long elif one after the other; a flag says whether one was taken."""
        self.flags += 1
        taken = f"_f{self.flags}"
        self.line(indent, f"{taken} = False")
        for before, node in chain:
            self.line(indent, f"if not {taken}:")
            if before:
                self.nodes(before, indent + 1)
            self.line(indent + 1, f"{taken} = {_condition(node.condition)}")
            self.line(indent + 1, f"if {taken}:")
            self.nodes(node.body, indent + 2)
        last = chain[-1][1].orelse
        if last:
            self.line(indent, f"if not {taken}:")
            self.nodes(last, indent + 1)

    def leaving(self, node: Leave, indent: int) -> None:
        if node.how != "return":
            self.line(indent, node.how)
        elif self.is_kernel:
            self.line(indent, self.leave("_finish(_record, _cy)"))
        else:
            self.line(indent, self.leave("_cy", "0" if node.value is None else _operand(node.value)))

    def leave(self, cycles: str, value: str = "0") -> str:
        """Return the statement that leaves the routine: a kernel returns its cycles, a subroutine value and cycles."""
        return f"return {cycles}" if self.is_kernel else f"return {value}, {cycles}"

    # ------------------------------------------------------------------ instructions

    def block(self, block: Block, indent: int) -> None:
        if block.cycles:
            self.line(indent, f"_cy += {block.cycles}")
            if block in self.counters:
                self.line(indent, f"_counts[{self.counters[block]}] += 1")
        for instruction in block.code:
            self.instruction(instruction, indent)

    def instruction(self, instruction: Instruction, indent: int) -> None:
        operation, target, operands, _ = instruction
        if operation in PURE:
            text = PURE[operation].text
            pooled = text[0] == "_" and operation != "integer"  # a function's argument
            texts = [self.argument(operand) if pooled else _operand(operand) for operand in operands]
            self.line(indent, f"{target} = {text.format(*texts)}")
        else:
            _WRITERS[operation](self, indent, target, operands)

    def argument(self, operand: Operand) -> str:
        """Return an operand as the argument of a function, a number by a name of its own.

        numba would compile the callee anew for every literal number that it is called with.
        """
        return self.pooled(operand) if isinstance(operand, int) else operand

    def pooled(self, number: int) -> str:
        name = f"_k{number}" if number >= 0 else f"_km{-number}"
        self.pool[name] = number
        return name

    def fault(self, indent: int, condition: str, site: int, value: str = "", size: str = "") -> None:
        """Write a check that stops the kernel with a fault."""
        zero = self.pooled(0)
        self.line(indent, f"if {condition}:")
        number = self.pooled(site)
        self.line(indent + 1, self.leave(f"_fault(_record, _cy, {number}, {value or zero}, {size or zero})"))

    def source(self, indent: int, target: str, operands: tuple) -> None:
        self.line(indent, f"# {operands[0]}")

    def load(self, indent: int, target: str, operands: tuple) -> None:
        region, index = operands
        self.line(indent, f"{target} = _load(_m_{region}, {self.argument(index)})")

    def load_unsigned(self, indent: int, target: str, operands: tuple) -> None:
        region, index = operands
        self.line(indent, f"{target} = _load_unsigned(_m_{region}, {self.argument(index)})")

    def store(self, indent: int, target: str, operands: tuple) -> None:
        region, index, value = operands
        self.line(indent, f"_store(_m_{region}, {self.argument(index)}, {self.argument(value)})")

    def size(self, indent: int, target: str, operands: tuple) -> None:
        self.line(indent, f"{target} = _m_{operands[0]}.size")

    def check_index(self, indent: int, target: str, operands: tuple) -> None:
        region, index, lanes, site = operands
        limit = f"_m_{region}.size" if lanes == 1 else f"_m_{region}.size // {lanes}"
        self.fault(indent, f"{index} < 0 or {index} >= {limit}", site, index, limit)

    def check_divisor(self, indent: int, target: str, operands: tuple) -> None:
        self.fault(indent, f"{operands[0]} == 0", operands[1])

    def watchdog(self, indent: int, target: str, operands: tuple) -> None:
        self.fault(indent, "_cy > _limit", operands[0])

    def vector(self, indent: int, target: str, operands: tuple) -> None:
        name, *values = operands
        texts = [f"_m_{value}" if isinstance(value, RegionName) else self.argument(value) for value in values]
        self.line(indent, f"_{name}({', '.join(['v', *texts])})")

    def call(self, indent: int, target: str, operands: tuple) -> None:
        routine, *values = operands
        lowered = self.names[routine]
        passed = ["_counts"] * bool(self.counters) + ["v", "_record", "_limit", "_cy"]
        passed += [f"_m_{name}" for name in lowered.regions] + [self.argument(value) for value in values]
        self.line(indent, f"{target or '_ignored'}, _cy = {lowered.name}({', '.join(passed)})")
        self.line(indent, "if _cy < 0:")
        self.line(indent + 1, self.leave("_cy"))


_WRITERS = {
    "source": FunctionText.source,
    "load": FunctionText.load,
    "load unsigned": FunctionText.load_unsigned,
    "store": FunctionText.store,
    "size": FunctionText.size,
    "check index": FunctionText.check_index,
    "check divisor": FunctionText.check_divisor,
    "watchdog": FunctionText.watchdog,
    "vector": FunctionText.vector,
    "call": FunctionText.call,
}


def _operand(operand: Operand) -> str:
    return str(operand) if not isinstance(operand, int) or operand >= 0 else f"({operand})"


def _condition(operand: Operand) -> str:
    return str(bool(operand)) if isinstance(operand, int) else operand


def _chain(node: If) -> list[tuple[list[Node], If]]:
    """Return the ways of an elif: the branches, each with the nodes before it, which lead to nothing else."""
    chain: list[tuple[list[Node], If]] = [([], node)]
    while True:
        orelse = list(chain[-1][1].orelse)
        while orelse and isinstance(orelse[-1], Block) and not (orelse[-1].cycles or orelse[-1].code):
            orelse.pop()
        if not orelse or not isinstance(orelse[-1], If):
            return chain
        chain.append((orelse[:-1], orelse[-1]))


def _ends(nodes: Sequence[Node]) -> bool:
    """Return whether the last node leaves the routine."""
    return bool(nodes) and isinstance(nodes[-1], Leave) and nodes[-1].how == "return"


def function_text(
    lowered: Lowered, names: dict[Declared, Lowered], is_kernel: bool, counters: dict[Block, int] | None = None
) -> str:
    """Return the text of a routine's function.

    Args:
        lowered: the routine; names: those that it may call.
        is_kernel: a kernel takes (image, limit, *regions, *integers) and returns its cycles; a subroutine takes (v,
            record, limit, cycles, *regions, *integers) and returns a number and the cycles.
        counters: the number of each block whose entries are counted, in an array that is one more argument: first of a
            subroutine's, behind the regions of a kernel's.
    """
    counters = counters or {}
    writer = FunctionText(lowered, names, is_kernel, counters)
    regions = [f"_m_{region}" for region in lowered.regions]
    integers = [variable_name(name) for name in lowered.parameters]
    counts = ["_counts"] * bool(counters)
    if is_kernel:
        parameters = ["_image", "_limit", *regions, *counts, *integers]
        start = "    v, _record, _cy = _state_of(_image), _record_of(_image), 0"
        return writer.text(f"def {lowered.name}({', '.join(parameters)}):", start)
    parameters = [*counts, "v", "_record", "_limit", "_cy", *regions, *integers]
    return writer.text(f"def {lowered.name}({', '.join(parameters)}):")
