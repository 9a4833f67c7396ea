"""Reading a kernel: its source, its parameters, the constants it sees; and the error that refuses what cannot be."""

from __future__ import annotations

import ast
import builtins
import inspect
import textwrap
import types
from collections.abc import Callable
from typing import Any, NoReturn

from chip.errors import ChipError

MISSING = object()


class KernelError(ChipError, ValueError):
    """A kernel asks for something that the processor or its language does not have; begins with ``file:line``."""


class Routine:
    """The parsed source of one kernel or subroutine.

    Attributes:
        function: the Python function; name: its name; kind: "kernel" or "subroutine".
        file, first_line: where it stands.
        tree: its ``ast.FunctionDef``, with the file's own line numbers.
        vector, memory: what it calls its first two parameters; parameters: the names of its integer parameters.
    """

    def __init__(self, function: Callable, kind: str):
        self.function, self.name, self.kind = function, function.__name__, kind
        self.file = inspect.getsourcefile(function) or function.__code__.co_filename
        try:
            lines, self.first_line = inspect.getsourcelines(function)
        except (OSError, TypeError):
            raise KernelError(
                f"{self.file}: {kind} {self.name} cannot be compiled because its source is not in a file; "
                "write it into a Python file"
            ) from None
        self.source = lines
        tree = ast.parse(textwrap.dedent("".join(lines)))
        ast.increment_lineno(tree, self.first_line - 1)
        node = tree.body[0]
        if not isinstance(node, ast.FunctionDef):
            self.refuse(node, "is not a plain function; define it with def")
        self.tree: ast.FunctionDef = node
        self._read_parameters()
        closure = inspect.getclosurevars(function)
        self._names: dict[str, Any] = dict(closure.nonlocals)

    def _read_parameters(self) -> None:
        arguments = self.tree.args
        if arguments.vararg or arguments.kwarg or arguments.kwonlyargs or arguments.defaults:
            self.refuse(self.tree, "takes plain positional parameters only: (v, m) and then integers")
        names = [argument.arg for argument in [*arguments.posonlyargs, *arguments.args]]
        if len(names) < 2:
            self.refuse(self.tree, "needs at least the parameters (v, m): the vector unit and the memory regions")
        self.vector, self.memory, *self.parameters = names

    def refuse(self, node: ast.AST, sentence: str) -> NoReturn:
        """Raise KernelError for a node: file:line, which routine, and the sentence's rest."""
        line = getattr(node, "lineno", self.first_line)
        raise KernelError(f"{self.file}:{line}: {self.kind} {self.name} {sentence}")

    def text_of(self, node: ast.AST) -> str:
        """Return the source line of a node, with its line number relative to the routine."""
        offset = node.lineno - self.first_line  # type: ignore[attr-defined]
        return f"+{offset}: {self.source[offset].strip()}"

    def look_up(self, node: ast.expr) -> Any:
        """Return what a name or ``module.name`` stands for outside of the routine, or MISSING."""
        if isinstance(node, ast.Name):
            for names in (self._names, self.function.__globals__, vars(builtins)):
                if node.id in names:
                    return names[node.id]
            return MISSING
        if isinstance(node, ast.Attribute):
            owner = self.look_up(node.value)
            if isinstance(owner, types.ModuleType):
                return getattr(owner, node.attr, MISSING)
        return MISSING


def spelled(node: ast.AST) -> str:
    """Return a node as source text, shortened."""
    text = ast.unparse(node)
    return text if len(text) <= 40 else text[:37] + "..."


HINTS = {
    "min": "use minimum(a, b)",
    "max": "use maximum(a, b)",
    "abs": "use absolute(x)",
    "print": "write to a region and read it afterwards",
    "int": "every scalar is an integer already",
    "float": "the processor has no floating point; use fixed point",
    "round": "the processor has no floating point; use fixed point",
    "sum": "write a loop",
    "divmod": "use divide(a, b)",
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
    ast.ClassDef: "defines a class; kernels have integers only",
    ast.Match: "uses match; use if and elif",
}
