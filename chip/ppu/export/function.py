"""One routine as a function of C: a walk over the intermediate form, as readable as its source.

Values that are used once go where they are used, as long as nothing that they read changes on the way; others become
constants of a block. Names are those of the source.
"""

from __future__ import annotations

from collections.abc import Sequence

from chip.ppu.compiler.form import Block, Count, If, Instruction, Leave, Loop, Node, Operand
from chip.ppu.compiler.unit import Lowered
from chip.ppu.compiler.variables import variable_name
from chip.ppu.export.foresight import Foresight, ends, written
from chip.ppu.export.instructions import computed
from chip.ppu.export.mnemonics import calls
from chip.ppu.export.names import Names
from chip.ppu.export.ranges import SIGNED, UNSIGNED, Ranges, is_temporary, within
from chip.ppu.export.values import TYPES, UNARY, Value, common_type, in_type, number, operation, opposite
from chip.ppu.vector.operations import OPERATIONS

LONGEST = 100  # letters of an expression that is put into another one


class Function:
    """The text of one routine under construction."""

    def __init__(self, name: str, lowered: Lowered, names: Names, results: dict[object, bool | None]):
        """Begin with nothing; ``results`` says of each subroutine whether its number is unsigned, None without one."""
        self.name, self.lowered, self.names, self.results = name, lowered, names, results
        self.ranges = Ranges(lowered, names.memory, results)
        self.lines: list[str] = []
        self.waiting: dict[str, Value] = {}  # values by temporary, to be put where they are used
        self.fixed: dict[str, Value] = {}  # values of temporaries that stand in a constant
        self.checks: dict[Operand, tuple[str, tuple[str, ...]]] = {}  # by operand: what it has to pass where it is used
        self.fresh = 0
        self.known = Foresight(lowered, self.ranges)

    # ------------------------------------------------------------------ the whole

    @property
    def head(self) -> str:
        """The function's declaration."""
        result = self.lowered.result
        parameters = [
            f"{self.ranges.type_of(variable_name(name))} {self._name(variable_name(name))}"
            for name in self.lowered.parameters
        ]
        return f"static {'void' if result is None else TYPES[result]} {self.name}({', '.join(parameters) or 'void'})"

    def text(self) -> str:
        """Return the definition."""
        self.nodes(self.lowered.nodes, 1)
        declared: dict[str, list[str]] = {}
        parameters = {variable_name(name) for name in self.lowered.parameters}
        for variable in sorted(self.ranges.writes):
            if variable in parameters or variable in self.known.counted or not self.ranges.writes[variable]:
                continue
            if not is_temporary(variable) or variable in self.known.shared:
                declared.setdefault(self.ranges.type_of(variable), []).append(self._name(variable))
        variables = [f"    {kind} {', '.join(found)};" for kind, found in sorted(declared.items())]
        return "\n".join([self.head, "{", *variables, *self.lines, "}"]) + "\n"

    def line(self, indent: int, text: str) -> None:
        self.lines.append("    " * indent + text)

    def _name(self, variable: str) -> str:
        return self.names.variable(variable)

    # ------------------------------------------------------------------ values

    def value(self, operand: Operand) -> Value:
        """Return what stands for an operand; one that was waiting is used up."""
        if isinstance(operand, int):
            return number(operand)
        if operand in self.waiting:
            return self.waiting.pop(operand)
        return self.fixed.get(operand) or self.variable(operand)

    def variable(self, name: str) -> Value:
        return Value(self._name(name), self.ranges.type_of(name), self.ranges.of(name), reads=frozenset([name]))

    def flush(self, indent: int, variable: str | None = None, memory: bool = False) -> None:
        """Give values that wait a constant: all, those that read a variable, or those that read memory."""
        for name, value in list(self.waiting.items()):
            if (memory and value.memory) or (variable in value.reads) or (variable is None and not memory):
                del self.waiting[name]
                self.keep(indent, name, value)

    def keep(self, indent: int, name: str, value: Value) -> None:
        """Have a constant of the block hold a value."""
        self.line(indent, f"const {value.type} {self._name(name)} = {value.text};")
        self.fixed[name] = Value(self._name(name), value.type, value.range)

    def assign(self, indent: int, target: str, value: Value) -> None:
        """Write an assignment to a variable that others may change, too."""
        self.flush(indent, target)
        name = self._name(target)
        if value.text != name:
            self.line(indent, f"{name} = {value.text};")

    def give(self, indent: int, target: str, value: Value) -> None:
        """Take a value that an instruction gives."""
        if not is_temporary(target) or target in self.known.shared:
            self.assign(indent, target, value)
        elif self.ranges.reads[target] == 1 and (len(value.text) <= LONGEST or value.range is None):
            self.waiting[target] = value
        elif self.ranges.reads[target]:
            self.keep(indent, target, value)

    # ------------------------------------------------------------------ nodes

    def nodes(self, nodes: Sequence[Node], indent: int) -> None:
        """Write a list of nodes."""
        for node in nodes:
            if isinstance(node, Block):
                self.block(node, indent)
            elif isinstance(node, If):
                self.branch(node, indent)
            elif isinstance(node, Loop):
                self.flush(indent)
                self.loop(node, indent)
            elif isinstance(node, Count):
                self.count(node, indent)
            elif isinstance(node, Leave):
                self.leave(node, indent)
            else:
                raise TypeError(f"a kernel has no {type(node).__name__}")
        self.flush(indent)

    def branch(self, node: If, indent: int) -> None:
        if isinstance(node.condition, int):
            self.flush(indent)
            self.nodes(node.body if node.condition else node.orelse, indent)
            return
        condition = self.value(node.condition)
        self.flush(indent)
        if len(node.orelse) == 1 and isinstance(node.orelse[0], Leave):
            self.line(indent, f"if ({opposite(condition)})")
            self.leave(node.orelse[0], indent + 1)
            self.nodes(node.body, indent)
            return
        self.line(indent, f"if ({condition.text}) {{")
        self.nodes(node.body, indent + 1)
        if any(not isinstance(inner, Block) or inner.code for inner in node.orelse):
            self.line(indent, "} else {")
            self.nodes(node.orelse, indent + 1)
        self.line(indent, "}")

    def loop(self, node: Loop, indent: int) -> None:
        """Write a loop; as ``while`` where its condition is an expression."""
        start = len(self.lines)
        if len(node.body) >= 2 and isinstance(node.body[0], Block) and isinstance(node.body[1], If):
            head, test = node.body[:2]
            self.block(head, indent + 1)
            if isinstance(test.condition, str) and _only_leaves(test.orelse) and self._is_bare(start, test.condition):
                condition = self.value(test.condition)
                self.line(indent, f"while ({condition.text}) {{")
                self.nodes([*test.body, *node.body[2:]], indent + 1)
                self.line(indent, "}")
                return
            inner, node = self.lines[start:], Loop(node.body[1:])
            del self.lines[start:]
        else:
            inner = []
        self.line(indent, "for (;;) {")
        self.lines += inner
        self.nodes(node.body, indent + 1)
        self.line(indent, "}")

    def _is_bare(self, start: int, condition: str) -> bool:
        """Return whether a loop's head has left nothing but its condition."""
        return len(self.lines) == start and set(self.waiting) <= {condition}

    def count(self, node: Count, indent: int) -> None:
        """Write a loop over a range, whose bounds are looked at once."""
        start, stop = self.value(node.start), self.value(node.stop)
        sign = "<" if node.step > 0 else ">"
        body_writes = written(node.body) | {node.variable}
        if stop.reads & body_writes or stop.memory or stop.binding < UNARY:
            name, self.fresh = f"end{self.fresh or ''}", self.fresh + 1
            stop_kept, stop = stop, Value(self.names.local(name), stop.type, stop.range)
            self.flush(indent)
            self.line(indent, f"const {stop.type} {stop.text} = {stop_kept.text};")
        self.flush(indent)
        if node.variable in self.known.counted:
            counter, kind = self.variable(node.variable), self.ranges.type_of(node.variable)
        else:
            name, self.fresh = f"n{self.fresh or ''}", self.fresh + 1
            fits = within(start.range or SIGNED, SIGNED) and within(ends(stop.range or SIGNED, node.step), SIGNED)
            kind = "int32_t" if fits else "int64_t"
            counter = Value(self.names.local(name), kind, start.range)
        step = {1: f"{counter.text}++", -1: f"{counter.text}--"}.get(node.step) or (
            f"{counter.text} {'+' if node.step > 0 else '-'}= {abs(node.step)}"
        )
        limits = [counter.of_range(UNSIGNED if kind == "uint32_t" else SIGNED), stop]
        compared = operation(
            sign, *in_type(limits, common_type(limits) if kind != "int64_t" else kind), "int32_t", None
        )
        self.line(indent, f"for ({kind} {counter.text} = {start.text}; {compared.text}; {step}) {{")
        if node.variable not in self.known.counted:
            self.line(indent + 1, f"{self._name(node.variable)} = {counter.text};")
        self.nodes(node.body, indent + 1)
        self.line(indent, "}")

    def leave(self, node: Leave, indent: int) -> None:
        value = None if node.value is None else self.value(node.value)
        self.flush(indent)
        if node.how == "return":
            self.line(indent, "return;" if value is None else f"return {value.text};")
        else:
            self.line(indent, f"{node.how};")

    # ------------------------------------------------------------------ instructions

    def block(self, block: Block, indent: int) -> None:
        for instruction in block.code:
            writer = _WRITERS.get(instruction.operation)
            if writer is not None:
                writer(self, indent, instruction)
            else:
                self.compute(indent, instruction)

    def compute(self, indent: int, instruction: Instruction) -> None:
        """Take what an instruction computes."""
        values = [self.checked(operand) for operand in instruction.operands]
        wrapped = instruction.target in self.known.wrapped
        self.give(indent, instruction.target, computed(instruction, values, self.ranges.result(instruction), wrapped))

    def source(self, indent: int, instruction: Instruction) -> None:
        pass

    def load(self, indent: int, instruction: Instruction) -> None:
        region, index = instruction.operands
        at = self.checked(index)
        element = self.names.memory[region].dtype
        kind = "uint32_t" if element.kind == "u" and element.itemsize == 4 else "int32_t"
        value = Value(
            f"{self.names.region(region)}[{at.text}]",
            kind,
            self.ranges.result(instruction),
            reads=at.reads,
            memory=True,
        )
        self.give(indent, instruction.target, value.cast("int32_t") if instruction.operation == "load" else value)

    def store(self, indent: int, instruction: Instruction) -> None:
        region, index, operand = instruction.operands
        at, value = self.checked(index), self.value(operand)
        self.flush(indent, memory=True)
        self.line(indent, f"{self.names.region(region)}[{at.text}] = {value.text};")

    def size(self, indent: int, instruction: Instruction) -> None:
        self.give(indent, instruction.target, number(self.names.memory[instruction.operands[0]].length))

    def check_index(self, indent: int, instruction: Instruction) -> None:
        region, index, lanes, site = instruction.operands
        self.checks[index] = "at", (str(self.names.memory[region].length // lanes), str(site))

    def check_divisor(self, indent: int, instruction: Instruction) -> None:
        operand, site = instruction.operands
        self.checks[operand] = "nonzero", (str(site),)

    def checked(self, operand: Operand) -> Value:
        """Return what stands for an operand; within the check that it has to pass here."""
        value, check = self.value(operand), self.checks.pop(operand, None)
        if check is None:
            return value
        name, others = check
        return value.with_text(f"{name}({', '.join([value.text, *others])})", value.type)

    def watchdog(self, indent: int, instruction: Instruction) -> None:
        pass

    def vector(self, indent: int, instruction: Instruction) -> None:
        name, *operands = instruction.operands
        made = OPERATIONS[name]
        texts: list[str | int] = []
        for kind, operand in zip(made.operands, operands, strict=True):
            if kind == "index":
                texts[-1] = self._vector_address(texts[-1], operand, made.lanes)
            elif kind == "scalar":
                texts.append(self.value(operand).text)
            else:
                texts.append(operand)
        if made.lanes or name == "random8":
            self.flush(indent, memory=True)
        for call in calls(name, tuple(kind for kind in made.operands if kind != "index"), texts, self.names.scratch):
            self.line(indent, f"{call};")

    def _vector_address(self, region: str, index: Operand, lanes: int) -> str:
        base = self.names.region(region)
        if isinstance(index, int):
            return base if index == 0 else f"&{base}[{lanes * index}]"
        return f"&{base}[{lanes} * {self.checked(index).inside(UNARY)}]"

    def call(self, indent: int, instruction: Instruction) -> None:
        routine, *operands = instruction.operands
        values = [self.value(operand) for operand in operands]
        self.flush(indent, memory=True)
        text = f"{self.names.routine(routine)}({', '.join(value.text for value in values)})"
        target = instruction.target
        if not target or not (self.ranges.reads[target] or not is_temporary(target)):
            self.line(indent, f"{text};")
        else:
            value = Value(text, TYPES[bool(self.results[routine])], self.ranges.result(instruction))
            self.keep(indent, target, value) if is_temporary(target) else self.assign(indent, target, value)


_WRITERS = {
    "source": Function.source,
    "load": Function.load,
    "load unsigned": Function.load,
    "store": Function.store,
    "size": Function.size,
    "check index": Function.check_index,
    "check divisor": Function.check_divisor,
    "watchdog": Function.watchdog,
    "vector": Function.vector,
    "call": Function.call,
}


def _only_leaves(nodes: Sequence[Node]) -> bool:
    return len(nodes) == 1 and isinstance(nodes[0], Leave) and nodes[0].how == "break"
