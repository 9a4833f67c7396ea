"""From a program's tasks to the intermediate form: ``main``, ``on_timer`` and the like, and what they hand on to.

    def main(self, ppu):
        for batch in range(self.batches):            # self is known: the loop counts to a constant
            if ppu.word("stop"):                     # a variable of 32 bits, one scalar load
                return 1
            yield ppu.run(update, batch)             # the program waits; time passes
            yield from self.write(ppu, batch)        # a routine of its own, with a parameter
        return 0

A task looks like a generator and is compiled like a kernel: what is known when the program is loaded is constant
(:mod:`chip.ppu.compiler.statics`), everything else are variables of 32 bits. ``yield`` an operation of the processor to
wait for its end, ``yield from`` a method or function that gets ``ppu``; whatever is called with a number that is not
known becomes a routine of the program, one for each set of known arguments. Loops over ranges are loops, loops over
other things that are known are unrolled, and so is a range whose variable has to be known inside. ``ppu.word(region,
index)`` reads an element of SRAM, ``ppu.time_base`` the time, a number of 64 bits that can be added, subtracted and
compared. Floats, numpy, lists, attributes that are set and everything else are refused with file and line.
"""

from __future__ import annotations

import ast
import inspect
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

import numpy as np

from chip.ppu.compiler.arguments import is_taken, takes_numbers, told, unknown_region
from chip.ppu.compiler.builder import Builder
from chip.ppu.compiler.depth import deep
from chip.ppu.compiler.expressions import Expressions
from chip.ppu.compiler.form import Block, Call, If, Instruction, Leave, Loop, Node, Wait
from chip.ppu.compiler.kernel import Kernel, Subroutine
from chip.ppu.compiler.kernel_scope import Variables, known_call, variable_name
from chip.ppu.compiler.language import HINTS as KERNEL_HINTS
from chip.ppu.compiler.language import MISSING, KernelError, MixedTypesError, Routine, spelled
from chip.ppu.compiler.requests import Dynamic, Request, Selected, Word
from chip.ppu.compiler.statements import MoreUnsigned, Statements, leaves, stored_names, stores
from chip.ppu.compiler.statics import LONGEST_LIST, OperationName, Ppu, Statics, as_range, is_foreign, key_of
from chip.ppu.compiler.unit import DIVISION_BY_ZERO, OUT_OF_BOUNDS, Site
from chip.ppu.compiler.values import LIMITS, Value, any_value, constant, time_value
from chip.ppu.memory import ElementType, Memory
from chip.spelling import closest

HINTS = {
    "regions": "reads memory past its booking; read one element by ppu.word(region, index), or let a kernel do it",
    "chip": "reaches for the chip around its processor; a program sees what its operations read",
    "environment": "reaches for the simulation's clock; read ppu.time_base",
    "vector": "reaches into the vector unit; let a kernel do it",
    "config": "reads the chip's settings; give the program what it needs when it is made",
    "sram": "reads memory past its booking; read one element by ppu.word(region, index), or let a kernel do it",
}


LARGEST_ADDRESS = 0x3FFF  # of SRAM
MOST_RECURSION = 32  # calls of a function within each other, with arguments that are known and others each time

CALL_HINTS = KERNEL_HINTS | {
    "print": "have the program record what you want to see, `yield ppu.record(name)`, or return it as the exit code",
    "int": "numbers are integers already; u32(x) and i32(x) convert",
    "bool": "compare with 0",
}
CHANGING = ("append", "extend", "insert", "pop", "remove", "clear", "sort", "reverse", "add", "update", "setdefault")

NOTHING, DONE = -1, -2  # what a pass of the scheduler says beside the number of a task


class MoreWide(Exception):
    """A variable turns out to be a time: read the routine again, knowing that."""

    def __init__(self, name: str):
        super().__init__(name)
        self.name = name


class MustBeKnown(KernelError):
    """An expression has to be known when the program is loaded, and depends on variables.

    Attributes:
        names: those variables.
    """

    def __init__(self, text: str, names: frozenset[str]):
        super().__init__(text)
        self.names = names


@dataclass(eq=False)
class TaskRoutine:
    """A routine of a program in the intermediate form.

    Attributes:
        number, name: which it is; routine: its source.
        parameters: the names of those that are numbers; wide, unsigned: the variables that are times, or u32.
        nodes: what it does; returns: what it returns, None where nothing.
    """

    number: int
    name: str
    routine: Routine
    parameters: tuple[str, ...] = ()
    unsigned: frozenset[str] = frozenset()
    wide: frozenset[str] = frozenset()
    nodes: list[Node] = field(default_factory=list)
    returns: Value | None = None
    done: bool = False

    @property
    def always_returns(self) -> bool:
        """Return whether it returns a number whichever way it goes."""
        found = [node for node in ast.walk(self.routine.tree) if isinstance(node, ast.Return)]
        return leaves(self.routine.tree.body) and all(node.value is not None for node in found)

    def own(self, name: str) -> str:
        """Return what one of its variables is called among those of all routines."""
        return f"r{self.number}{name}"


class TaskUnit:
    """Everything that the tasks of a program are compiled from.

    Attributes:
        routines: by what tells them apart; sites: places that can fault, by their numbers.
        tables: constant tables, int64[n] each; memory: the program's regions; kernels: those that it may run.
        signatures: the operations of the processor, with what they take.
        scheduled_main: the function ``main`` that stands for the scheduler's loop.
    """

    def __init__(
        self,
        memory: Memory,
        hemisphere: int,
        signatures: Mapping[str, inspect.Signature],
        scheduled_main: Any = None,
        kernels: Sequence[Kernel] = (),
    ):
        self.memory, self.signatures, self.scheduled_main = memory, signatures, scheduled_main
        self.kernels = tuple(kernels)
        self.ppu = Ppu(hemisphere, frozenset(signatures), self._refusal)
        self.routines: dict[Any, TaskRoutine] = {}
        self.sites: list[Site] = []
        self.tables: list[np.ndarray] = []
        self._reading: list[types.CodeType] = []
        self.held: list[Any] = []  # whatever keys name by their identity lives as long as they do

    def _refusal(self, name: str) -> str:
        if name in HINTS:
            return f"uses ppu.{name}, which {HINTS[name]}"
        known = closest(name, self.signatures) or f"its operations are: {', '.join(sorted(self.signatures))}"
        return f"uses ppu.{name}, which no processor has; {known}"

    def keep(self) -> Callable[[], None]:
        """Return what takes the unit back to where it stands now."""
        routines, sites, tables = dict(self.routines), len(self.sites), len(self.tables)

        def take_back() -> None:
            self.routines.clear()
            self.routines.update(routines)
            del self.sites[sites:], self.tables[tables:]

        return take_back

    def task(self, method: Callable) -> TaskRoutine:
        """Return the routine of a task, a method that gets the processor."""
        function, given = _bound(method)
        if function is self.scheduled_main:
            return self.scheduler(method.__self__)  # type: ignore[attr-defined]
        return self.routine(function, {**given, **dict(_missing(function, given, self.ppu))}, {}, None)

    def scheduler(self, program: Any) -> TaskRoutine:
        """Return the routine that runs a program's tasks: pass after pass of the scheduler's loop.

        What it costs is booked by the pass; its code is that of the program's start.
        """
        key = "scheduler", id(program)
        if key in self.routines:
            return self.routines[key]
        task = self.routines[key] = TaskRoutine(len(self.routines), "run_tasks", Routine(type(program).main, "task"))
        builder = Builder(task.own("_"))
        task.nodes = [Block(), Loop(self._pass(task, builder, program)), Block()]
        task.returns, task.done = any_value(task.own("result")), True
        return task

    def _pass(self, task: TaskRoutine, builder: Builder, program: Any) -> list[Node]:
        """Return the nodes of one pass: ask what is due, run it, and end where it returns a number."""

        def wait(operation: str) -> list[Node]:
            return [Block(), Wait(Request(operation, (), "", 0, "run_tasks"), "", 0), Block()]

        def branch(condition: str, number: int, nodes: list[Node]) -> None:
            builder.add(If(builder.emit("==", condition, number), nodes, [], 0))
            builder.open_block()

        builder.nodes += wait("scheduler_pass")
        builder.open_block()
        choice = builder.temporary()
        builder.do("scheduled", target=choice)
        branch(choice, DONE, [Block(), Leave("return", 0, 0)])
        branch(choice, NOTHING, wait("wait_for_tasks"))
        for number, declared in enumerate(program.tasks):
            routine = self.task(getattr(program, declared.task))
            target = builder.temporary() if routine.returns is not None else ""
            nodes: list[Node] = [Block(), Call(routine, target, (), 0)]
            if target:
                given = builder.temporary()
                nodes += [Block([Instruction("given", given, (), 0)])]
                nodes += [If(given, [*wait("end_tasks"), Leave("return", 0, target)], [], 0)]
            branch(choice, number, [*nodes, Block()])
        return builder.nodes

    def routine(
        self, function: types.FunctionType, known: dict[str, Any], numbers: dict[str, Value], caller: Any
    ) -> TaskRoutine:
        """Return the routine of a function with known arguments, and with numbers for the others; read once."""
        types_of = tuple((name, value.unsigned, value.wide) for name, value in numbers.items())
        key = function.__code__, tuple((name, key_of(value)) for name, value in known.items()), types_of
        found = self.routines.get(key)
        recursive = found is not None and not found.done or self._reading.count(function.__code__) >= MOST_RECURSION
        if recursive:
            name = function.__name__
            caller.routine.refuse(
                caller.node, f"calls {name}, which calls it again; the stack does not allow recursion"
            )
        if found is None:
            self.held += known.values()
            found = self.routines[key] = TaskRoutine(len(self.routines), function.__name__, Routine(function, "task"))
            self._reading.append(function.__code__)
            try:
                with deep(found.routine):
                    _read(self, found, known, numbers)
            finally:
                self._reading.pop()
            found.done = True
        return found


def _bound(method: Callable) -> tuple[types.FunctionType, dict[str, Any]]:
    """Return the function of a method, and its first argument by name."""
    function = inspect.unwrap(method)
    function = getattr(function, "__func__", function)
    if not isinstance(function, types.FunctionType):
        raise KernelError(f"{method!r} is no function written in Python; define it with def")
    owner = getattr(method, "__self__", None)
    names = list(inspect.signature(function).parameters)
    return function, ({} if owner is None else {names[0]: owner})


def _missing(function: types.FunctionType, given: dict[str, Any], ppu: Ppu) -> list[tuple[str, Any]]:
    """Return the processor under the name of the first parameter that has no argument yet, and the defaults."""
    left = [p for name, p in inspect.signature(function).parameters.items() if name not in given]
    return [(left[0].name, ppu), *((p.name, p.default) for p in left[1:])]


def _read(unit: TaskUnit, task: TaskRoutine, known: dict[str, Any], numbers: dict[str, Value]) -> None:
    """Read a routine until the types of its variables are known, one more of which each round finds out."""
    unsigned = frozenset(name for name, value in numbers.items() if value.unsigned)
    wide = frozenset(name for name, value in numbers.items() if value.wide)
    while True:
        take_back = unit.keep()
        try:
            TaskScope(unit, task, known, numbers, unsigned, wide).read()
            task.unsigned, task.wide = unsigned, wide
            return
        except MoreUnsigned as more:
            unsigned |= {more.name}
        except MoreWide as more:
            wide |= {more.name}
        except MixedTypesError:
            take_back()
            try:  # a variable may turn out to be unsigned behind the place where it meets an unsigned number
                TaskScope(unit, task, known, numbers, unsigned, wide, strict=False).read()
            except MoreUnsigned as more:
                unsigned |= {more.name}
            else:
                raise
        take_back()


class TaskVariables(Variables):
    """The variables of a task's routine, some of which are times."""

    def __init__(self, task: TaskRoutine, names: set[str], parameters: set[str], unsigned, wide):
        super().__init__(names, parameters, unsigned)
        self.task, self.wide = task, wide

    def value(self, routine: Routine, node: ast.Name) -> Value | None:
        value = super().value(routine, node)
        if value is None:
            return None
        value = value._replace(operand=self.task.own(variable_name(node.id)))
        return time_value(value.operand) if node.id in self.wide else value


class TaskStatements(Statements):
    """Statements of a task's routine: those of a kernel, and names and loops that are known."""

    def __init__(self, builder: Builder, scope: TaskScope):
        super().__init__(builder, scope)
        self.scope: TaskScope = scope

    def name_of(self, name: str) -> str:
        return self.scope.task.own(variable_name(name))

    def _assign_statement(self, node: ast.Assign) -> None:
        target = node.targets[0]
        if len(node.targets) == 1 and self.scope.bind(target, node.value):
            return
        if len(node.targets) == 1 and isinstance(target, ast.Tuple | ast.List):
            self._assign_several(node, target)
            return
        super()._assign_statement(node)

    def _assign_several(self, node: ast.Assign, targets: ast.Tuple | ast.List) -> None:
        """Read `a, b = b, a`: all values first, then the assignments."""
        pairs = list(self._pairs(node, targets, node.value))
        names = {self.name_of(target.id) for target, _ in pairs}
        known: list[tuple[ast.Name, Any]] = []
        read: list[tuple[ast.Name, Value]] = []
        for target, expression in pairs:
            found = self.scope.known_for_good(target, expression)
            if found is not MISSING:
                known.append((target, found))
                continue
            value = self.expressions.integer(expression)
            if value.operand in names:  # before it gets another value
                self.builder.book("alu")
                value = value._replace(operand=self.builder.emit("copy", value.operand))
            read.append((target, value))
        for target, value in read:
            self.assign(node, target, value)
        for target, found in known:
            self.scope.bind_known(target, found)

    def _pairs(self, node: ast.Assign, target: ast.expr, value: ast.expr) -> Iterator[tuple[ast.Name, ast.expr]]:
        """Yield each name that is assigned to, with what it is given."""
        if isinstance(target, ast.Name):
            yield target, value
        elif not isinstance(target, ast.Tuple | ast.List):
            self.refuse_target(node, target)
        else:
            parts = self.scope.elements_of(value)
            if parts is None:
                self.routine.refuse(
                    node, f"assigns {spelled(value)} to {spelled(target)}; write a value for each name, `a, b = x, y`"
                )
            if len(parts) != len(target.elts):
                self.routine.refuse(node, f"unpacks {len(parts)} values into {spelled(target)}")
            for inner, part in zip(target.elts, parts, strict=True):
                yield from self._pairs(node, inner, part)

    def refuse_target(self, node: ast.stmt, target: ast.expr) -> NoReturn:
        if isinstance(target, ast.Attribute):
            self.routine.refuse(
                node,
                f"sets {spelled(target)}; what a program keeps in Python is frozen when it is loaded: keep a number in "
                "a variable, or let a kernel write it to a region",
            )
        self.routine.refuse(node, f"assigns to {spelled(target)}; assign to a variable")

    def check_variable(self, node: ast.AST, name: str, value: Value) -> None:
        self.scope.statics.values.pop(name, None)  # what a loop over known things has called so is over
        if value.wide and name not in self.scope.variables.wide:
            raise MoreWide(name)
        if name not in self.scope.variables.wide:
            super().check_variable(node, name, value)

    def _return(self, node: ast.Return) -> None:
        scope = self.scope
        value = None if node.value is None or scope.is_none(node.value) else self.expressions.integer(node.value)
        if value is not None:
            self.builder.book_move(value)
            scope.returns(node, value)
        self.leave_routine(node, value)

    def _for(self, node: ast.For) -> bool:
        if node.orelse:
            self.routine.refuse(node, "uses else after a loop; use a variable")
        over = self.scope.static(node.iter)
        if over is MISSING:
            if not isinstance(node.iter, ast.Call) or self.routine.look_up(node.iter.func) is not range:
                self.scope.must_be_known(node.iter, "what it loops over, unless it is range(...),")
            super()._for(node)
            return False
        values = self.scope.listed(node, over)
        counted = over if isinstance(over, range) else as_range(values)
        if counted is not None and isinstance(node.target, ast.Name) and len(counted):
            try:
                self._count_known(node, node.target.id, counted)
                return False
            except MustBeKnown as needed:
                if node.target.id not in needed.names or len(counted) > LONGEST_LIST:
                    raise
        return self._unroll(node, values)

    def _count_known(self, node: ast.For, name: str, counted: range) -> None:
        """Loop over a range that is known, with a variable; take everything back where that has to be known."""
        builder, variables = self.builder, self.variables
        take_back, kept = self.scope.unit.keep(), builder.keep()
        assigned, values = set(variables.assigned), dict(self.scope.statics.values)
        try:
            start, stop = constant(counted.start), constant(counted.stop)
            self.count(node, name, start, stop, counted.step, lambda: self.read(node.body))
        except MustBeKnown:
            take_back()
            kept()
            variables.assigned, self.scope.statics.values = assigned, values
            raise

    def _unroll(self, node: ast.For, values: list) -> bool:
        """Read the body once for each value; return whether control never runs past it."""
        if not len(values):
            return False
        for inner in ast.walk(node):
            if isinstance(inner, ast.Break | ast.Continue) and _innermost_loop(node, inner) is node:
                how = "break" if isinstance(inner, ast.Break) else "continue"
                self.routine.refuse(
                    inner, f"uses {how} in a loop over {spelled(node.iter)}, which is unrolled; loop over a range"
                )
        for value in values:
            self.scope.bind_known(node.target, value)
            if self.read(node.body):
                return True
        self.scope.forget(node.target)
        return False


def _innermost_loop(tree: ast.AST, wanted: ast.AST) -> ast.AST | None:
    """Return the loop that a statement belongs to."""
    found = None

    def visit(node: ast.AST, loop: ast.AST | None) -> None:
        nonlocal found
        if node is wanted:
            found = loop
        inside = node if isinstance(node, ast.For | ast.While) else loop
        for child in ast.iter_child_nodes(node):
            visit(child, inside)

    visit(tree, None)
    return found


class TaskScope:
    """The scope of one routine of a program; see :class:`chip.ppu.compiler.expressions.Scope`."""

    def __init__(
        self, unit: TaskUnit, task: TaskRoutine, known, numbers: dict[str, Value], unsigned, wide, strict: bool = True
    ):
        self.types_known = strict
        self.unit, self.task, self.routine = unit, task, task.routine
        self.statics = Statics(task.routine, dict(known))
        names = stored_names(self.routine.tree) | set(numbers)
        self.stores = stores(self.routine.tree)
        changed = {name for name in known if name in names}
        for name in changed:  # a parameter that is assigned to: a variable that begins with a constant
            self.statics.values.pop(name)
        self.builder = Builder(task.own("_"))
        self.variables = TaskVariables(task, names, set(numbers), unsigned, wide)
        self.expressions = Expressions(self.builder, self)
        self.statements = TaskStatements(self.builder, self)
        self.numbers, self.changed, self.known = numbers, changed, known
        self.result: Value | None = None

    def read(self) -> None:
        """Read the routine."""
        builder, task = self.builder, self.task
        builder.line = self.routine.tree.lineno
        builder.book("entry")
        for name in sorted(self.changed):
            value = self.expressions.literal(self.routine.tree, self.known[name])
            builder.book_move(value)
            self.statements.set_variable(self.routine.tree, name, value)
        self.statements.read(self.routine.tree.body)
        task.parameters = tuple(self.numbers)
        task.nodes, task.returns = builder.nodes, self.result

    # ------------------------------------------------------------------ what is known

    def static(self, node: ast.expr) -> Any:
        return self.statics.evaluate(node, self.variables.names, self.variables.assigned)

    def truth(self, node: ast.expr, known: Any) -> Value:
        return constant(int(bool(known)))

    def must_be_known(self, node: ast.expr, what: str) -> Any:
        """Return what an expression is that has to be known when the program is loaded."""
        found = self.static(node)
        if found is MISSING:
            names = frozenset(n.id for n in ast.walk(node) if isinstance(n, ast.Name)) & self.variables.names
            try:
                self.routine.refuse(
                    node, f"needs to know {what} when it is loaded, and {spelled(node)} is known only when it runs"
                )
            except KernelError as error:
                raise MustBeKnown(str(error), names) from None
        return found

    def bind(self, target: ast.expr, value: ast.expr) -> bool:
        """Give names a meaning, where what they are given is known and nothing else is ever assigned to them."""
        names = [n.id for n in ast.walk(target) if isinstance(n, ast.Name)]
        if not isinstance(target, ast.Name | ast.Tuple) or any(self.stores.count(name) > 1 for name in names):
            return False
        found = self.static(value)
        if found is MISSING:
            return False
        self.bind_known(target, found)
        return True

    def known_for_good(self, target: ast.Name, value: ast.expr) -> Any:
        """Return what a name is given that nothing else is ever assigned to, where it is known, or MISSING."""
        return self.static(value) if self.stores.count(target.id) == 1 else MISSING

    def elements_of(self, node: ast.expr) -> list[ast.expr] | None:
        """Return the expressions of a tuple, or None where it is not known how many there are."""
        if isinstance(node, ast.Tuple | ast.List) and not any(isinstance(e, ast.Starred) for e in node.elts):
            return node.elts
        found = self.static(node)
        if not isinstance(found, tuple | list | range | np.ndarray):
            return None
        return [ast.copy_location(ast.Constant(element), node) for element in found]

    def bind_known(self, target: ast.expr, value: Any) -> None:
        """Give the names of a target a meaning."""
        if isinstance(target, ast.Name):
            self.statics.values[target.id] = value
            self.variables.assigned.add(target.id)
        elif isinstance(target, ast.Tuple):
            try:
                values = list(value)
            except TypeError:
                self.routine.refuse(target, f"unpacks {value!r}, which is no sequence, into {spelled(target)}")
            if len(values) != len(target.elts):
                self.routine.refuse(target, f"unpacks {len(values)} values into {spelled(target)}")
            for inner, element in zip(target.elts, values, strict=True):
                self.bind_known(inner, element)
        else:
            self.routine.refuse(target, f"assigns to {spelled(target)}; assign to a variable")

    def forget(self, target: ast.expr) -> None:
        """Take names back that have a meaning in a loop, and may have other ones outside of it."""
        for name in (n.id for n in ast.walk(target) if isinstance(n, ast.Name)):
            if self.stores.count(name) > 1:
                self.statics.values.pop(name, None)
                self.variables.assigned.discard(name)

    def listed(self, node: ast.For, over: Any) -> list:
        """Return what a loop runs over, one by one."""
        try:
            size = len(over) if hasattr(over, "__len__") else None
            if isinstance(over, range):
                return over  # type: ignore[return-value]
            values = list(over)
        except TypeError:
            self.routine.refuse(node, f"loops over {spelled(node.iter)}, which is no sequence; loop over range(...)")
        if (size or len(values)) > LONGEST_LIST:
            self.routine.refuse(
                node,
                f"loops over {len(values)} elements of {spelled(node.iter)}, one after the other; at most "
                f"{LONGEST_LIST} can be, loop over a range",
            )
        return values

    def is_none(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Constant) and node.value is None

    def variable(self, node: ast.Name) -> Value | None:
        return self.variables.value(self.routine, node)

    def attribute(self, node: ast.Attribute) -> Value:
        if self._is_ppu(node.value) and node.attr == "time_base":
            self.builder.book("load")
            self.builder.book("address")
            now = time_value(self.builder.emit("time"))
            self.builder.open_block()  # what follows takes its cycles after this reading
            return now
        self.routine.refuse(node, f"uses {spelled(node)}, which is not known when the program is loaded")

    def _is_ppu(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Name) and self.statics.values.get(node.id) is self.unit.ppu

    def returns(self, node: ast.Return, value: Value) -> None:
        """Note what the routine returns."""
        if self.result is None:
            self.result = value._replace(operand=self.task.own("result"), boolean=False)
            return
        wide, unsigned = self.result.wide or value.wide, self.result.unsigned or value.unsigned
        if not wide:
            for one in (self.result, value):
                self.check_type(node, one, unsigned, f"the result of {self.task.name}")
        low, high = min(self.result.low, value.low), max(self.result.high, value.high)
        self.result = Value(self.result.operand, low, high, unsigned=unsigned and not wide, wide=wide)

    # ------------------------------------------------------------------ elements and faults

    def subscript(self, node: ast.Subscript) -> Value:
        values = self.table(node)
        counted = as_range(values)
        if counted is not None:
            return self._counted(node, counted)
        numbers = [self.expressions.literal(node, value) for value in values]
        unsigned = any(number.unsigned for number in numbers)
        index = self.table_index(node, len(values))
        self.builder.book("address")
        self.builder.book("load")
        self.unit.tables.append(np.array([number.low for number in numbers], np.int64))
        result = self.builder.emit("table", len(self.unit.tables) - 1, index.operand)
        low, high = min(number.low for number in numbers), max(number.high for number in numbers)
        return Value(result, low, high, unsigned=unsigned)

    def _counted(self, node: ast.Subscript, counted: range) -> Value:
        """Read an element of a range: computed, not looked up."""
        index = self.table_index(node, len(counted))
        low, high = min(counted[0], counted[-1]), max(counted[0], counted[-1])
        if min(low, 0) < LIMITS[False][0] or high > LIMITS[False][1]:
            self.routine.refuse(node, f"takes an element of {spelled(node.value)}, which reaches beyond 32 bits")
        result = index
        if counted.step != 1:
            result = self.expressions.binary(node, ast.Mult(), result, constant(counted.step))
        if counted.start:
            result = self.expressions.binary(node, ast.Add(), result, constant(counted.start))
        return result._replace(low=low, high=high)

    def table(self, node: ast.Subscript) -> list:
        """Return the constant sequence that an element is taken from."""
        found = self.must_be_known(node.value, "a table")
        if not isinstance(found, tuple | list | range | np.ndarray) or not len(found):
            self.routine.refuse(node, f"takes an element of {spelled(node.value)}; that must be a list of constants")
        return list(found)

    def table_index(self, node: ast.Subscript, size: int) -> Value:
        """Read and check the index into a constant table."""
        index = self.expressions.narrow(node.slice)
        site = self.fault(OUT_OF_BOUNDS, node, spelled(node.value))
        self.builder.do("check table", index.operand, size, site)
        return index

    def fault(self, kind: str, node: ast.AST, region: str = "") -> int:
        """Return the number of a new place where the routine can fault."""
        line = node.lineno  # type: ignore[attr-defined]
        self.unit.sites.append(Site(kind, self.routine.name, self.routine.file, line, region, 1))
        return len(self.unit.sites) - 1

    def divisor(self, node: ast.AST, value: Value) -> None:
        if not value.constant or value.low == 0:
            self.builder.do("check divisor", value.operand, self.fault(DIVISION_BY_ZERO, node))

    def watchdog(self, node: ast.stmt) -> None:
        """A loop's next round begins: others may act before it does."""

    def element(self, node: ast.Subscript) -> tuple[str, Any]:
        self.routine.refuse(node, f"writes {spelled(node)}; a task writes no memory, let a kernel do it")

    load = store = element

    def check_type(self, node: ast.AST, value: Value, unsigned: bool, what: str) -> None:
        """Refuse a number that is no value of a type."""
        least, most = LIMITS[unsigned]
        if value.wide:
            self.routine.refuse(node, f"gives a time, a number of 64 bits, to {what}; write i32(...) around it")
        if not self.types_known or value.unsigned == unsigned or least <= value.low and value.high <= most:
            return
        have, want = ("an unsigned", "i32") if value.unsigned else ("a signed", "u32")
        sentence = f"gives {have} number to {what}, which is {want}; write {want}(...) around it"
        self.routine.refuse(node, sentence, MixedTypesError)

    # ------------------------------------------------------------------ statements that are expressions

    def bare(self, node: ast.Expr) -> None:
        """Read an expression that stands as a statement: what is yielded, or a routine."""
        value = node.value
        if isinstance(value, ast.Yield):
            self._wait(node, value.value)
        elif isinstance(value, ast.YieldFrom):
            self.call_of(value.value, handed_on=True)
        elif isinstance(value, ast.Call):
            callee = self.statics.look_up(value.func)
            if isinstance(callee, OperationName):
                self.routine.refuse(
                    node, f"makes the operation {spelled(value)} and does not yield it; write `yield` before it"
                )
            if self._gets_ppu(value) or self._is_word(value):
                self.call(value)
            else:
                self._refuse_call(value, callee)
        else:
            self.routine.refuse(node, f"computes {spelled(value)} and does nothing with it")

    def _wait(self, node: ast.Expr, yielded: ast.expr | None) -> None:
        """Read `yield ppu.operation(...)`."""
        if not isinstance(yielded, ast.Call) or not isinstance(self.statics.look_up(yielded.func), OperationName):
            what = "nothing" if yielded is None else spelled(yielded)
            self.routine.refuse(node, f"yields {what}; it can only yield an operation, `yield ppu.run(kernel)`")
        numbers: list[Value] = []
        request = self._request(yielded, numbers)
        self.builder.add(Wait(request, "", self.builder.line))
        self.builder.open_block()

    def _request(self, node: ast.Call, numbers: list[Value]) -> Request:
        """Read an operation with its arguments."""
        name = self.statics.look_up(node.func).name
        arguments = self._arguments_of(node, name)
        kernel = self._kernel(node, arguments) if name == "run" else None
        found = []
        for position, (parameter, argument) in enumerate(arguments):
            given = len(numbers)
            found.append(self._argument(parameter, argument, numbers, name, node))
            if kernel is not None and position:
                value = numbers[-1] if len(numbers) > given else constant(int(found[-1]))
                self._check_integer(argument if isinstance(argument, ast.expr) else node, value, kernel, position - 1)
        if name != "chain":
            self.builder.book("call")  # each of a chain's operations takes its own
        return Request(name, tuple(found), self.routine.file, node.lineno, self.routine.name)

    def _arguments_of(self, node: ast.Call, name: str) -> list[tuple[inspect.Parameter, Any]]:
        """Return the arguments of an operation by position, with their parameters; defaults as what they are."""
        signature = self.unit.signatures[name]
        positional: list[Any] = []
        for argument in node.args:
            if isinstance(argument, ast.Starred):
                positional += self._starred(argument)
            else:
                positional.append(argument)
        if any(keyword.arg is None for keyword in node.keywords):
            self.routine.refuse(node, f"calls ppu.{name} with **; name each argument")
        try:
            bound = signature.bind(*positional, **{keyword.arg: keyword.value for keyword in node.keywords})
        except TypeError as error:
            self.routine.refuse(node, f"calls ppu.{name} wrongly: {error}; it takes {name}{shown_signature(signature)}")
        bound.apply_defaults()
        found: list[tuple[inspect.Parameter, Any]] = []
        for name_of_it, value in bound.arguments.items():
            parameter = signature.parameters[name_of_it]
            several = parameter.kind is inspect.Parameter.VAR_POSITIONAL
            found += [(parameter, one) for one in (value if several else [value])]
        return found

    def _kernel(self, node: ast.Call, arguments: list[tuple[inspect.Parameter, Any]]) -> Kernel:
        """Return the kernel that is run; refuse what is none of the program's, or another number of arguments."""
        first = arguments[0][1]
        kernel = self.must_be_known(first, "which kernel it runs") if isinstance(first, ast.expr) else first.value
        if not isinstance(kernel, Kernel):
            what = spelled(first) if isinstance(first, ast.expr) else repr(kernel)
            self.routine.refuse(node, f"runs {what}, which is no kernel; decorate a function by @kernel")
        if kernel not in self.unit.kernels:
            known = ", ".join(one.name for one in self.unit.kernels) or "none"
            self.routine.refuse(node, f"runs kernel {kernel.name}, which its program's `kernels` do not list: {known}")
        given = len(arguments) - 1
        if given != len(kernel.parameters):
            taken = ", ".join(kernel.parameters) or "none"
            self.routine.refuse(
                node, f"runs kernel {kernel.name} with {given} integers; it takes {len(kernel.parameters)} ({taken})"
            )
        return kernel

    def _check_integer(self, node: ast.AST, value: Value, kernel: Kernel, position: int) -> None:
        """Refuse an integer that a kernel's parameter does not take."""
        name = kernel.parameters[position]
        unsigned = name in kernel.unsigned_parameters
        what = f"parameter {name} of {kernel.name}"
        least, most = LIMITS[unsigned]
        if value.constant and not least <= value.low <= most:
            self.routine.refuse(node, f"gives {value.low} to {what}, which is {'u32' if unsigned else 'i32'}")
        self.check_type(node, value, unsigned, what)

    def _starred(self, node: ast.Starred) -> list[Any]:
        return [_Known(value) for value in self.must_be_known(node.value, "these arguments")]

    def _argument(
        self, parameter: inspect.Parameter, node: Any, numbers: list[Value], operation: str, call: ast.Call
    ) -> Any:
        """Return an argument of an operation: a constant, a number that is known later, or an operation of a chain."""
        if not isinstance(node, ast.expr):
            return self._constant(parameter, node.value, operation, call) if isinstance(node, _Known) else node
        if isinstance(node, ast.Call) and isinstance(self.statics.look_up(node.func), OperationName):
            if operation != "chain":
                self.routine.refuse(node, f"gives the operation {spelled(node)} to ppu.{operation}; yield it before")
            return self._request(node, numbers)
        if operation == "chain":
            self.routine.refuse(
                node, f"gives {spelled(node)} to ppu.chain, which takes operations, `ppu.chain(ppu.run(kernel), ...)`"
            )
        known = self.static(node)
        if known is not MISSING:
            self.builder.book("alu")
            return self._constant(parameter, known, operation, node)
        if isinstance(node, ast.Subscript) and (selected := self._selected(node, numbers)) is not None:
            for choice in selected.choices:
                self._constant(parameter, choice, operation, node)
            return selected
        if isinstance(node, ast.Tuple | ast.List) or not takes_numbers(parameter):
            self.must_be_known(node, f"{parameter.name} of ppu.{operation}")
        value = self.expressions.integer(node)
        if value.wide and operation not in ("wait_until", "wait_doorbell_until"):
            self.routine.refuse(node, f"gives a time to ppu.{operation}; write i32(...) around it")
        return self._dynamic(value, numbers)

    def _constant(self, parameter: inspect.Parameter, value: Any, operation: str, node: ast.AST) -> Any:
        """Return a known argument of an operation; refuse one that cannot be meant."""
        if operation == "run" and isinstance(value, Kernel):
            return value
        if unknown_region(operation, parameter, value, self.unit.memory):
            known = ", ".join(self.unit.memory) or "none"
            self.routine.refuse(
                node,
                f"gives region {value!r} to ppu.{operation} as {parameter.name}; the program's regions are: {known}",
            )
        if not is_taken(parameter, value):
            self.routine.refuse(
                node, f"gives {value!r} to ppu.{operation} as {parameter.name}; that takes {told(parameter)}"
            )
        return value

    def _dynamic(self, value: Value, numbers: list[Value]) -> Dynamic:
        self.builder.book_move(value)
        numbers.append(value)
        return Dynamic(value.operand, len(numbers) - 1)

    def _selected(self, node: ast.Subscript, numbers: list[Value]) -> Selected | None:
        """Return one of several constants, where an element of a known list is no number."""
        if isinstance(node.slice, ast.Slice | ast.Tuple):
            self.must_be_known(node, "rows")
        values = self.table(node)
        if all(isinstance(value, int | np.integer) for value in values):
            return None
        if any(np.asarray(value).dtype.kind not in "iu" for value in values):
            self.must_be_known(node, "which one of them")
        index = self.table_index(node, len(values))
        self.builder.book("address")
        choices = tuple(tuple(np.asarray(value).ravel().tolist()) if np.ndim(value) else value for value in values)
        numbers_of = [np.ravel(choice) if np.ndim(choice) else [number_of(choice)] for choice in choices]
        self.unit.tables.append(np.array([number for row in numbers_of for number in row], np.int64))
        return Selected(choices, self._dynamic(index, numbers))

    # ------------------------------------------------------------------ calls

    def call(self, node: ast.Call) -> Value | None:
        if self._is_word(node):
            return self._word(node)
        callee = self.statics.look_up(node.func)
        if isinstance(callee, OperationName):
            self.routine.refuse(node, f"uses the operation {spelled(node)} as a number; yield it")
        if isinstance(callee, ElementType):
            return self.expressions.conversion(node, callee.name)
        _, intrinsic = known_call(callee)
        if intrinsic:
            return self.expressions.intrinsic(node, intrinsic)
        return self.call_of(node)

    def _is_word(self, node: ast.Call) -> bool:
        return isinstance(node.func, ast.Attribute) and node.func.attr == "word" and self._is_ppu(node.func.value)

    def _word(self, node: ast.Call) -> Value:
        """Read ppu.word(region, index): a scalar load, before which time passes."""
        given = {keyword.arg: keyword.value for keyword in node.keywords}
        names = ["region", "index"]
        for name, argument in zip(names, node.args, strict=False):
            given[name] = argument
        if "region" not in given or set(given) - set(names) or len(node.args) > 2:
            self.routine.refuse(node, "calls ppu.word wrongly; it takes a region and an index, ppu.word('name', 0)")
        region = self.must_be_known(given["region"], "a region")  # type: ignore[arg-type]
        if region not in self.unit.memory:
            known = ", ".join(self.unit.memory) or "none"
            self.routine.refuse(node, f"reads region {region!r}; the program's regions are: {known}")
        size, dtype = self.unit.memory[region].length, self.unit.memory[region].dtype
        index = self.expressions.narrow(given["index"]) if "index" in given else constant(0)
        if index.constant and not 0 <= index.low < size:
            self.routine.refuse(node, f"reads element {index.low} of region {region}, whose elements are 0..{size - 1}")
        if not index.constant:
            self.builder.do("check region", index.operand, size, self.fault(OUT_OF_BOUNDS, node, region))
        self.builder.book("address")
        self.builder.book("load")
        target = self.builder.temporary()
        self.builder.add(Wait(Word(region, index.operand, dtype == np.uint32), target, self.builder.line))
        self.builder.open_block()
        if dtype.itemsize < 4:
            limits = np.iinfo(dtype)
            return Value(target, int(limits.min), int(limits.max))
        return any_value(target, dtype == np.uint32)

    def _gets_ppu(self, node: ast.Call) -> bool:
        given = [*node.args, *(keyword.value for keyword in node.keywords)]
        return any(isinstance(argument, ast.expr) and self._is_ppu(argument) for argument in given)

    def call_of(self, node: ast.expr, handed_on: bool = False) -> Value | None:
        """Read the call of a routine of the program; it is handed on to where it may wait."""
        if not isinstance(node, ast.Call):
            self.routine.refuse(node, f"hands on to {spelled(node)}; hand on to a call, `yield from self.step(ppu)`")
        callee = self._callee(node)
        if callee is MISSING and isinstance(node.func, ast.Subscript):
            callee = self.must_be_known(node.func, "what it calls")
        if not isinstance(callee, types.FunctionType | types.MethodType) or is_foreign(callee):
            self._refuse_call(node, callee)
        function, given = _bound(callee)
        waits = inspect.isgeneratorfunction(function) or function is self.unit.scheduled_main
        if waits != handed_on:
            self.routine.refuse(
                node,
                f"hands on to {spelled(node.func)}, which never waits; call it without `yield from`"
                if handed_on
                else f"calls {spelled(node.func)}, which waits, without handing on to it; write `yield from` before it",
            )
        if function is self.unit.scheduled_main:
            return self._called(self.unit.scheduler(callee.__self__), {})
        signature = inspect.signature(callee)
        try:
            bound = signature.bind(*node.args, **{str(keyword.arg): keyword.value for keyword in node.keywords})
        except TypeError as error:
            taken = f"{function.__name__}{shown_signature(signature)}"
            self.routine.refuse(node, f"calls {spelled(node.func)} wrongly: {error}; it takes {taken}")
        bound.apply_defaults()
        known, numbers = dict(given), {}
        for name, argument in bound.arguments.items():
            found = self.static(argument) if isinstance(argument, ast.expr) else argument
            if found is MISSING:
                numbers[name] = self.expressions.integer(argument)
                self.builder.book_move(numbers[name])
            else:
                known[name] = found
        routine = self.unit.routine(function, known, _widened(numbers), _Caller(self.routine, node))
        if routine.returns is not None and not routine.always_returns:
            self.routine.refuse(node, f"calls {routine.name}, which returns a number on some ways and none on others")
        return self._called(routine, numbers)

    def _refuse_call(self, node: ast.Call, callee: Any) -> NoReturn:
        """Refuse to call what is no operation and no routine of the program; say what to do instead."""
        name = spelled(node.func)
        if isinstance(callee, OperationName):
            self.routine.refuse(node, f"hands on to the operation {spelled(node)}; write `yield {spelled(node)}`")
        if isinstance(callee, Kernel):
            self.routine.refuse(node, f"calls the kernel {callee.name}; let the processor run it: `yield ppu.run(...)`")
        if isinstance(callee, Subroutine) or known_call(callee)[0]:
            self.routine.refuse(node, f"calls {name}, which runs in kernels alone; let a kernel do it")
        if name in CALL_HINTS:
            self.routine.refuse(node, f"calls {name}, which the processor does not have; {CALL_HINTS[name]}")
        if isinstance(callee, types.FunctionType | types.MethodType) and not is_foreign(callee):
            self.routine.refuse(node, f"calls {name} and does nothing with it; give it ppu, if it waits")
        if isinstance(node.func, ast.Attribute) and node.func.attr in CHANGING:
            self.routine.refuse(
                node,
                f"calls {name}: nothing that a program keeps in Python changes once it is loaded; keep numbers in "
                "variables, and let a kernel write a region",
            )
        self.routine.refuse(
            node,
            f"calls {name}, which does not run on a processor: compute constants when the program is made, in "
            "__init__, and everything else in a kernel",
        )

    def _called(self, routine: TaskRoutine, numbers: dict[str, Value]) -> Value | None:
        """Run a routine of the program; return its result."""
        self.builder.book("call")
        target = self.builder.temporary() if routine.returns is not None else ""
        operands = tuple(value.operand for value in numbers.values())
        self.builder.add(Call(routine, target, operands, self.builder.line))
        self.builder.open_block()
        return None if routine.returns is None else routine.returns._replace(operand=target)

    def _callee(self, node: ast.Call) -> Any:
        """Return what is called; `super().method` is looked up as Python does it."""
        function = node.func
        inner = function.value if isinstance(function, ast.Attribute) else None
        if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Name) and inner.func.id == "super":
            owner = self.routine.look_up(ast.Name("__class__", ast.Load()))
            mine = self.statics.values.get(self.routine.parameters[0])
            return getattr(super(owner, mine), function.attr, MISSING)
        return self.statics.look_up(function)


def number_of(choice: Any) -> int:
    """Return what a constant table keeps for one of several constants: a name is the address of what it names."""
    return choice if isinstance(choice, int | np.integer) else LARGEST_ADDRESS


def shown_signature(signature: inspect.Signature) -> str:
    """Return what an operation takes, as one writes it."""
    return str(signature.replace(return_annotation=inspect.Signature.empty)).replace("'", "")


@dataclass(frozen=True)
class _Known:
    """An argument that is known already."""

    value: Any


@dataclass(frozen=True)
class _Caller:
    routine: Routine
    node: ast.AST


def _widened(numbers: dict[str, Value]) -> dict[str, Value]:
    """Return numbers as parameters: of nothing but their types is anything known in the routine."""
    return {name: time_value("") if value.wide else any_value("", value.unsigned) for name, value in numbers.items()}
