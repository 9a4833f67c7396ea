"""Reading a kernel: its source, its parameters, the constants it sees; and the error that refuses what cannot be."""

from __future__ import annotations

import ast
import builtins
import types
from collections.abc import Callable
from typing import Any, NoReturn

from chip.base.declaration import shown
from chip.base.errors import ChipError
from chip.ppu.compiler.source import SourceChangedError, source_of

MISSING = object()


class KernelError(ChipError, ValueError):
    """A kernel asks for something that the processor or its language does not have; begins with ``file:line``."""


class MixedTypesError(KernelError):
    """Signed and unsigned numbers meet, as far as it is known which variables are unsigned."""


class Routine:
    """The parsed source of one kernel or subroutine, or of a routine of tasks.

    Attributes:
        function: the Python function; name: its name; kind: "kernel", "subroutine" or "task".
        file, first_line: where it stands.
        tree: its ``ast.FunctionDef``, with the file's own line numbers.
        vector, memory: what a kernel or subroutine calls its first two parameters.
        parameters: the names of its integer parameters; of a task's routine, all names.
    """

    def __init__(self, function: Callable, kind: str):
        if not isinstance(function, types.FunctionType):
            raise KernelError(f"a {kind} is made of a plain function, not of {shown(function)}; define it with def")
        self.function, self.name, self.kind = function, function.__code__.co_name, kind
        self.file, self.first_line = function.__code__.co_filename, function.__code__.co_firstlineno
        try:
            file, node = source_of(function)
        except OSError:
            raise KernelError(
                f"{self.file}: {kind} {self.name} cannot be compiled because its source is not in a file; "
                "write it into a Python file"
            ) from None
        except SourceChangedError:
            self.refuse(node=None, sentence="cannot be compiled: the file changed since it was imported; start again")
        self.source, self.first_line = file.lines_of(node)
        if not isinstance(node, ast.FunctionDef):
            self.refuse(node, "is not a plain function; define it with def")
        self.tree: ast.FunctionDef = node
        self._read_parameters()
        self._names = _closure(function)

    def _read_parameters(self) -> None:
        arguments = self.tree.args
        names = [argument.arg for argument in [*arguments.posonlyargs, *arguments.args]]
        if self.kind == "task":
            self.vector = self.memory = ""
            self.parameters = [*names, *(argument.arg for argument in arguments.kwonlyargs)]
            if arguments.vararg or arguments.kwarg:
                self.refuse(self.tree, "takes * or **; name each parameter")
            return
        if arguments.vararg or arguments.kwarg or arguments.kwonlyargs or arguments.defaults:
            self.refuse(self.tree, "takes plain positional parameters only: (v, m) and then integers")
        if len(names) < 2:
            self.refuse(self.tree, "needs at least the parameters (v, m): the vector unit and the memory regions")
        self.vector, self.memory, *self.parameters = names

    def refuse(
        self, node: ast.AST | None, sentence: str, error: Callable[[str], KernelError] = KernelError
    ) -> NoReturn:
        """Raise KernelError for a node: file:line, which routine, and the sentence's rest."""
        line = getattr(node, "lineno", self.first_line)
        raise error(f"{self.file}:{line}: {self.kind} {self.name} {sentence}")

    def refuse_kind(self, node: ast.expr | ast.stmt) -> None:
        """Raise KernelError where a node is of a kind that its language does not have."""
        refused = TASK_REFUSED if self.kind == "task" else KERNEL_REFUSED
        if type(node) in refused:
            self.refuse(node, refused[type(node)])

    def text_of(self, node: ast.AST) -> str:
        """Return the source line of a node, with its line number relative to the routine."""
        offset = node.lineno - self.first_line  # type: ignore[attr-defined]
        return f"+{offset}: {self.source[offset].strip()}"

    def look_up(self, node: ast.expr) -> Any:
        """Return what a name, or a name in a module, a class or an object, is outside of the routine, or MISSING."""
        if isinstance(node, ast.Name):
            for names in (self._names, self.function.__globals__, vars(builtins)):
                if node.id in names:
                    return names[node.id]
            return MISSING
        if isinstance(node, ast.Attribute):
            owner = self.look_up(node.value)
            if owner is not MISSING:
                return getattr(owner, node.attr, MISSING)
        return MISSING


def _closure(function: types.FunctionType) -> dict[str, Any]:
    """Return the values that a function has from the functions around it; what has no value yet is left out."""
    found = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            found[name] = cell.cell_contents
        except ValueError:  # empty: the function itself, which is being decorated, or what is defined below it
            continue
    return found


def spelled(node: ast.AST) -> str:
    """Return a node as source text, shortened."""
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 40 else text[:37] + "..."


def stores(tree: ast.AST) -> list[str]:
    """Return every name that a routine assigns to, as often as it does."""
    return [node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]


def stored_names(tree: ast.AST) -> set[str]:
    """Return every name that a routine assigns to."""
    return set(stores(tree))


HINTS = {
    "min": "use minimum(a, b)",
    "max": "use maximum(a, b)",
    "abs": "use absolute(x)",
    "print": "write to a region and read it afterwards",
    "int": "every scalar is an integer already",
    "float": "the processor has no floating point; use fixed point",
    "round": "the processor has no floating point; use fixed point",
    "sum": "write a loop",
    "divmod": "use divide(a, b) and remainder(a, b)",
    "pow": "write a loop",
}
"""What to do instead of a Python built-in."""

REFUSED_EXPRESSIONS: dict[type, str] = {
    ast.Lambda: "uses a lambda; write a @subroutine",
    ast.ListComp: "uses a comprehension, which allocates; write a loop over a region",
    ast.SetComp: "uses a comprehension, which allocates; write a loop over a region",
    ast.DictComp: "uses a comprehension, which allocates; write a loop over a region",
    ast.GeneratorExp: "uses a comprehension, which allocates; write a loop over a region",
    ast.List: "makes a list; the processor has no allocation, declare a region in Memory",
    ast.Tuple: "makes a tuple; assign one value at a time",
    ast.Dict: "makes a dict; the processor has no allocation, declare a region in Memory",
    ast.Set: "makes a set; the processor has no allocation, declare a region in Memory",
    ast.JoinedStr: "uses a string; kernels have integers only",
    ast.NamedExpr: "uses :=; assign on a line of its own",
    ast.Await: "waits; only the program's generator waits, kernels compute",
    ast.Yield: "yields; only the program's generator waits, kernels compute",
    ast.YieldFrom: "yields; only the program's generator waits, kernels compute",
    ast.Starred: "uses *; name each argument",
}

REFUSED_STATEMENTS: dict[type, str] = {
    ast.Try: "uses try; a fault stops the processor, it cannot be caught",
    ast.With: "uses with; the processor has nothing to enter or leave",
    ast.Raise: "raises; write an error code to a region and return",
    ast.Assert: "uses assert; write an error code to a region and return",
    ast.Import: "imports; import at the top of the file",
    ast.ImportFrom: "imports; import at the top of the file",
    ast.Global: "uses global; keep what must last in a region",
    ast.Nonlocal: "uses nonlocal; keep what must last in a region",
    ast.Delete: "uses del; scalars need no deletion",
    ast.FunctionDef: "defines a function inside; define a @subroutine outside",
    ast.AsyncFunctionDef: "defines a function inside; define a @subroutine outside",
    ast.ClassDef: "defines a class; kernels have integers only",
    ast.Match: "uses match; use if and elif",
}

KERNEL_REFUSED = REFUSED_EXPRESSIONS | REFUSED_STATEMENTS
TASK_REFUSED = KERNEL_REFUSED | {
    ast.Lambda: "uses a lambda; write a method that gets ppu",
    ast.ListComp: "makes a list of what is known only when it runs; loop, and let a kernel write a region",
    ast.SetComp: "makes a set of what is known only when it runs; loop, and let a kernel write a region",
    ast.DictComp: "makes a dict of what is known only when it runs; loop, and let a kernel write a region",
    ast.GeneratorExp: "makes a generator of what is known only when it runs; write a loop",
    ast.List: "makes a list of what is known only when it runs; keep numbers in variables, or in a region",
    ast.Tuple: "makes a tuple of what is known only when it runs; keep each number in a variable of its own",
    ast.Dict: "makes a dict of what is known only when it runs; keep numbers in variables, or in a region",
    ast.Set: "makes a set of what is known only when it runs; keep numbers in variables, or in a region",
    ast.JoinedStr: "makes a text; a program has integers only",
    ast.Await: "awaits; write `yield` before an operation, and `yield from` before a routine",
    ast.Yield: "uses what a yield gives; an operation gives nothing: yield it, then read its region by ppu.word",
    ast.YieldFrom: "uses what a yield from gives here; assign it to a variable on a line of its own",
    ast.Raise: "raises; end the program by returning an exit code from main, or from a task",
    ast.Assert: "uses assert; compare, and return an exit code",
    ast.Global: "uses global; keep a number in a variable, or in a region",
    ast.Nonlocal: "uses nonlocal; keep a number in a variable, or in a region",
    ast.Delete: "uses del; variables need no deletion",
    ast.FunctionDef: "defines a function inside; write a method or a function outside that gets ppu",
    ast.AsyncFunctionDef: "defines a function inside; write a method or a function outside that gets ppu",
    ast.ClassDef: "defines a class; write it outside, and give the program what it needs when it is made",
}
"""What a kernel, and what a task refuses for its kind."""
