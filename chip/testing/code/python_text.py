"""A drawn program as the text of a Python module, which can be pasted into a file and runs."""

from __future__ import annotations

from collections.abc import Sequence

from chip.testing.code.tree import (
    Assign,
    AugmentedAssign,
    AugmentedStore,
    Binary,
    Block,
    Break,
    Call,
    Comparison,
    Conditional,
    Constant,
    Continue,
    Conversion,
    Do,
    Element,
    Expression,
    For,
    If,
    Intrinsic,
    Joint,
    Length,
    Region,
    Return,
    Routine,
    Run,
    Statement,
    Store,
    Unary,
    Variable,
    Wait,
    While,
)

_INDENT = "    "


def python_text(regions: Sequence[Region], routines: Sequence[Routine]) -> str:
    """Return the text of the module: its memory, its routines, and for a task the program that it is the main of."""
    parts = ["from chip.ppu import *"]
    if routines[-1].kind == "task":
        parts[0] = f"from chip import Program\n{parts[0]}"
    declared = ", ".join(f"{region.name}={region.type}[{region.length}]" for region in regions)
    parts.append(f"memory = Memory({declared})")
    parts += [_routine(routine, routines) for routine in routines]
    return "\n\n\n".join(parts) + "\n"


def _routine(routine: Routine, routines: Sequence[Routine]) -> str:
    task = routine.kind == "task"
    lines = _lines(routine.body, task)
    if not task:
        annotated = [x.name if x.type == "i32" else f"{x.name}: {x.type}" for x in routine.parameters]
        head = f"@{routine.kind}\ndef {routine.name}({', '.join(['v', 'm', *annotated])}):"
        return "\n".join([head, *(_INDENT + line for line in lines)])
    kernels = "".join(f"{other.name}, " for other in routines if other.kind == "kernel")
    head = [f"class {routine.name.capitalize()}(Program):", f'{_INDENT}name = "{routine.name}"']
    head += [f"{_INDENT}memory = memory", f"{_INDENT}kernels = ({kernels.rstrip()})", ""]
    return "\n".join([*head, f"{_INDENT}def main(self, ppu):", *(2 * _INDENT + line for line in lines)])


# ---------------------------------------------------------------------- statements


def _lines(block: Block, task: bool) -> list[str]:
    lines = [line for statement in block for line in _statement(statement, task)]
    return lines or ["pass"]


def _nested(head: str, block: Block, task: bool) -> list[str]:
    return [head, *(_INDENT + line for line in _lines(block, task))]


def _statement(node: Statement, task: bool) -> list[str]:
    def text(expression: Expression) -> str:
        return _Texts(task).bare(expression)

    match node:
        case Assign(name, value):
            return [f"{name} = {text(value)}"]
        case AugmentedAssign(name, operator, value):
            return [f"{name} {operator}= {text(value)}"]
        case Store(region, index, value):
            return [f"m.{region}[{text(index)}] = {text(value)}"]
        case AugmentedStore(region, index, operator, value):
            return [f"m.{region}[{text(index)}] {operator}= {text(value)}"]
        case If(test, body, orelse):
            lines = _nested(f"if {text(test)}:", body, task)
            if len(orelse) == 1 and isinstance(orelse[0], If):
                first, *rest = _statement(orelse[0], task)
                return [*lines, f"el{first}", *rest]
            return lines + (_nested("else:", orelse, task) if orelse else [])
        case For(name, start, stop, step, body):
            bounds = [text(bound) for bound in (start, stop) if bound is not None]
            if step is not None:
                bounds.append(str(step))
            return _nested(f"for {name} in range({', '.join(bounds)}):", body, task)
        case While(test, body):
            return _nested(f"while {text(test)}:", body, task)
        case Break():
            return ["break"]
        case Continue():
            return ["continue"]
        case Return(None):
            return ["return"]
        case Return(value):
            return [f"return {text(value)}"]
        case Do(call):
            return [text(call)]
        case Run(kernel, arguments):
            return [f"yield ppu.run({', '.join([kernel, *map(text, arguments)])})"]
        case Wait(cycles):
            return [f"yield ppu.wait({cycles})"]
    raise TypeError(f"{node!r} is no statement; make it of the classes of chip.testing.code.tree")


# ---------------------------------------------------------------------- expressions


class _Texts:
    """Texts of expressions: parentheses around everything within that is no name, number or call."""

    def __init__(self, task: bool):
        self.task = task

    def inner(self, node: Expression) -> str:
        """Return an expression as an operand."""
        text = self.bare(node)
        negative = isinstance(node, Constant) and node.value < 0
        compound = isinstance(node, Unary | Binary | Comparison | Joint | Conditional)
        return f"({text})" if compound or negative else text

    def bare(self, node: Expression) -> str:
        """Return an expression without parentheses around it."""
        inner = self.inner
        match node:
            case Constant(value):
                return str(value)
            case Variable(name):
                return name
            case Element(region, index):
                if self.task:
                    return f'ppu.word("{region}", {self.bare(index)})'
                return f"m.{region}[{self.bare(index)}]"
            case Length(region):
                return f"len(m.{region})"
            case Unary("not", operand):
                return f"not {inner(operand)}"
            case Unary(operator, operand):
                return f"{operator}{inner(operand)}"
            case Binary(operator, left, right) | Comparison(operator, left, right) | Joint(operator, left, right):
                return f"{inner(left)} {operator} {inner(right)}"
            case Conditional(body, test, orelse):
                return f"{inner(body)} if {inner(test)} else {inner(orelse)}"
            case Intrinsic(name, arguments):
                return f"{name}({', '.join(map(self.bare, arguments))})"
            case Conversion(to, operand):
                return f"{to}({self.bare(operand)})"
            case Call(routine, arguments):
                return f"{routine}({', '.join(['v', 'm', *map(self.bare, arguments)])})"
        raise TypeError(f"{node!r} is no expression; make it of the classes of chip.testing.code.tree")
