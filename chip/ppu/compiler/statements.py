"""Statements of the kernel language: assignments, branches, loops; the watchdog, the analysis of names."""

from __future__ import annotations

import ast

from chip.ppu.compiler.calls import WATCHDOG, Translated, Unit
from chip.ppu.compiler.expressions import Expressions
from chip.ppu.compiler.language import REFUSED_EXPRESSIONS, REFUSED_STATEMENTS, Routine, spelled
from chip.ppu.compiler.text import Value

_RESERVED = {"range", "len"}  # the language's own


def _targets(tree: ast.AST) -> set[str]:
    """Return every name that a routine assigns to."""
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


def _leaves(statements: list[ast.stmt]) -> bool:
    """Return whether control never runs past the end of these statements."""
    for node in statements:
        if isinstance(node, ast.Return | ast.Break | ast.Continue):
            return True
        if isinstance(node, ast.If) and node.orelse and _leaves(node.body) and _leaves(node.orelse):
            return True
        if isinstance(node, ast.While) and isinstance(node.test, ast.Constant) and node.test.value:
            if not _has(node.body, ast.Break):
                return True
    return False


def _has(statements: list[ast.stmt], *kinds: type) -> bool:
    """Return whether one of these kinds of statement occurs, at any depth."""
    return any(isinstance(node, kinds) for statement in statements for node in ast.walk(statement))


class Translator(Expressions):
    """Translates one routine into the text of a Python function that numba compiles."""

    def __init__(self, routine: Routine, unit: Unit):
        super().__init__(routine, unit)
        self.local_names = _targets(routine.tree) | set(routine.parameters)
        self.assigned = set(routine.parameters)
        self.loops = 0
        returns = [node for node in ast.walk(routine.tree) if isinstance(node, ast.Return)]
        self.returns_value = any(node.value is not None for node in returns)
        self._check_names(routine, returns)

    def _check_names(self, routine: Routine, returns: list[ast.Return]) -> None:
        for name in sorted(self.local_names & (_RESERVED | {routine.vector, routine.memory})):
            routine.refuse(routine.tree, f"assigns to {name}; choose another name for the variable")
        if not self.returns_value:
            return
        if routine.kind == "kernel":
            routine.refuse(returns[0], "returns a value; a kernel writes its results to regions")
        for node in returns:
            if node.value is None:
                routine.refuse(node, "returns a value elsewhere and none here")
        if not _leaves(routine.tree.body):
            routine.refuse(routine.tree, "returns a value on some ways and none at its end")

    def translate(self, name: str) -> Translated:
        """Return the finished function under the given name, which no variable and no name of the compiler's has."""
        routine = self.routine
        self.line = routine.tree.lineno
        self.blocks[routine.tree, "entry"] = self.block
        self.book("entry")
        self.statements(routine.tree.body)
        if not _leaves(routine.tree.body):
            self.emit(self._return_text("0"))
        parameters = ["_image", "_limit"] if routine.kind == "kernel" else ["v", "_record", "_limit", "_cy"]
        parameters += [f"_m_{region}" for region in self.regions]
        parameters += [self.python_name(parameter) for parameter in routine.parameters]
        head = f"def {name}({', '.join(parameters)}):\n"
        start = "    v, _record, _cy = _state_of(_image), _record_of(_image), 0\n" if routine.kind == "kernel" else ""
        text = head + start + self.text() + "\n"
        booked = self.booked_blocks()
        return Translated(name, text, self.regions, self.words, self.returns_value, booked, self.blocks, self.faults)

    def _return_text(self, value: str) -> str:
        return self.leave("_finish(_record, _cy)" if self.routine.kind == "kernel" else "_cy", value)

    # ------------------------------------------------------------------ statements
    def statements(self, nodes: list[ast.stmt]) -> None:
        """Translate a list of statements; what follows a return, break or continue is left out."""
        for node in nodes:
            if type(node) in REFUSED_STATEMENTS:
                self.routine.refuse(node, REFUSED_STATEMENTS[type(node)])
            handler = getattr(self, f"_{type(node).__name__.lower()}_statement", None)
            if handler is None:
                self.routine.refuse(node, f"uses {spelled(node)}, which is not part of the kernel language")
            self.emit(f"# {self.routine.text_of(node)}")
            self.line = node.lineno
            handler(node)
            if _leaves([node]):
                break

    def _nested(self, node: ast.stmt, part: str, nodes: list[ast.stmt]) -> set[str]:
        """Translate one part of a branch or loop; return the names that have a value after it."""
        before = set(self.assigned)
        self.indent += 1
        self.open_block(node, part)
        start = len(self.lines)
        self.statements(nodes)
        if all(isinstance(line, str) and line.startswith("#") for _, line in self.lines[start:]):
            self.emit("pass")
        self.indent -= 1
        after, self.assigned = self.assigned, before
        return self.local_names if _leaves(nodes) else after

    def _pass_statement(self, node: ast.Pass) -> None:
        pass

    def _expr_statement(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            return  # the docstring
        if not isinstance(node.value, ast.Call) and type(node.value) not in REFUSED_EXPRESSIONS:
            self.routine.refuse(node, f"computes {spelled(node)} and does nothing with it")
        self.expression(node.value)

    def _assign_statement(self, node: ast.Assign) -> None:
        if len(node.targets) > 1:
            self.routine.refuse(node, "assigns to several names at once; write one assignment per line")
        self._assign(node, node.targets[0], self.integer(node.value))

    def _annassign_statement(self, node: ast.AnnAssign) -> None:
        if node.value is None:
            self.routine.refuse(node, f"declares {spelled(node.target)} without a value")
        self._assign(node, node.target, self.integer(node.value))

    def _assign(self, node: ast.stmt, target: ast.expr, value: Value) -> None:
        if isinstance(target, ast.Subscript):
            value = self.named(value)  # computed before the index, as Python does
            name, index = self.element(target)
            self.store(name, index, value)
        elif isinstance(target, ast.Name):
            self.book_move(value)
            self.emit(f"{self.python_name(target.id)} = {self.as_integer(value)}")
            self.assigned.add(target.id)
        else:
            self.routine.refuse(node, f"assigns to {spelled(target)}; assign to a variable or an element of a region")

    def _augassign_statement(self, node: ast.AugAssign) -> None:
        target = node.target
        if isinstance(target, ast.Name):
            current = self._name(ast.copy_location(ast.Name(target.id, ast.Load()), target))
            self._assign(node, target, self.binary(node, node.op, current, self.integer(node.value)))
        elif isinstance(target, ast.Subscript):
            name, index = self.element(target)
            self.book("load")
            current = self.temporary()
            self.emit(f"{current} = _load(_m_{name}, {index})")
            value = self.binary(node, node.op, Value(current, -(1 << 31), (1 << 31) - 1), self.integer(node.value))
            self.store(name, index, value)
        else:
            self.routine.refuse(node, f"assigns to {spelled(target)}; assign to a variable or an element of a region")

    def _return_statement(self, node: ast.Return) -> None:
        value = self.integer(node.value) if node.value is not None else None
        if value is not None:
            self.book_move(value)
        if node is not self.routine.tree.body[-1]:
            self.book("branch")  # to the end
        self.emit(self._return_text(value.code if value is not None else "0"))

    def _break_statement(self, node: ast.Break) -> None:
        self.book("branch")
        self.emit("break")

    def _continue_statement(self, node: ast.Continue) -> None:
        self.book("branch")
        self.emit("continue")

    # ------------------------------------------------------------------ control flow
    def _if_statement(self, node: ast.If) -> None:
        condition = self.condition(node.test)
        if condition.constant:  # a constant of the program: only the chosen way is compiled
            self.statements(node.body if condition.low else node.orelse)
            return
        self.book("branch")
        self.emit(f"if {condition.code}:")
        after_body = self._nested(node, "body", node.body)
        after_else = set(self.assigned)
        if node.orelse:
            self.line = node.lineno
            self.book("branch")  # the jump over the other way
            self.emit("else:")
            after_else = self._nested(node, "else", node.orelse)
        self.assigned = after_body & after_else
        self.open_block(node, "after")

    def _watchdog(self, node: ast.stmt) -> None:
        self.fault(WATCHDOG, node, "_cy > _limit")

    def _while_statement(self, node: ast.While) -> None:
        if node.orelse:
            self.routine.refuse(node, "uses else after a loop; use a variable")
        before = set(self.assigned)
        self.emit("while True:")
        self.indent += 1
        self.open_block(node, "head")
        self._watchdog(node)
        condition = self.condition(node.test)
        self.book("branch")
        if not condition.constant or not condition.low:
            self.emit(f"if not {condition.code}:")
            self.emit("    break")
        self.indent -= 1
        self._nested(node, "body", node.body)
        self.assigned = before
        self.open_block(node, "after")

    def _for_statement(self, node: ast.For) -> None:
        if node.orelse:
            self.routine.refuse(node, "uses else after a loop; use a variable")
        if not isinstance(node.target, ast.Name):
            self.routine.refuse(node, f"loops over {spelled(node.target)}; loop with one variable")
        call = node.iter
        if not (isinstance(call, ast.Call) and self.routine.look_up(call.func) is range and not call.keywords):
            self.routine.refuse(node, f"loops over {spelled(call)}; loop over range(...)")
        bounds = [self.integer(argument) for argument in self._arguments(call, 3, 2)]
        if len(bounds) == 1:
            bounds.insert(0, Value("0", 0, 0))
        step = bounds[2] if len(bounds) == 3 else Value("1", 1, 1)
        if not step.constant or step.low == 0:
            self.routine.refuse(node, f"loops with the step {step.code}; the step must be a constant other than 0")
        start, stop = bounds[0], bounds[1]
        self.book("alu", 2)  # first index and count
        self.book_constants(start, stop)
        if not (start.constant and stop.constant):
            self.book("alu", 2)  # the count is a difference, and may be none
        self.emit(f"for {self.python_name(node.target.id)} in range({start.code}, {stop.code}, {step.code}):")
        before = set(self.assigned)
        self.assigned.add(node.target.id)
        self.indent += 1
        self.open_block(node, "head")
        self.book("alu")  # the index's step
        self.book("branch")
        self._watchdog(node)
        self.indent -= 1
        after = self._nested(node, "body", node.body)
        self.assigned = before
        certain = start.constant and stop.constant and len(range(start.low, stop.low, step.low)) > 0
        if certain and not _has(node.body, ast.Break, ast.Continue, ast.Return):
            self.assigned = after
        self.open_block(node, "after")
