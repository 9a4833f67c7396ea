"""``plasticore operations``: lists what kernels and tasks can call, with cycles and instructions, or explains one."""

from __future__ import annotations

import argparse
import inspect
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from host.commands.arguments import WIDTH, Commands, UsageError, add_command, show
from host.commands.common import EXIT_OK

ON_VECTORS = "in kernels, on vector registers; v is the vector unit, code a condition, index counts whole vectors"
ON_NUMBERS = "in kernels, on numbers"
OF_TASKS = "in tasks, each behind a yield; the time of an operation depends on what it moves"

EXAMPLES = """\
examples:
  plasticore operations                      all of them
  plasticore operations add8_sat             one: how it is called, what it takes, what it costs
  plasticore operations counters             those that have it in their names
"""


@dataclass(frozen=True)
class Offered:
    """One operation as it is listed: how it is called, cycles or None, and its docstring."""

    name: str
    call: str
    cycles: int | None
    text: str

    @property
    def summary(self) -> str:
        """Its first sentence, in one line."""
        return " ".join(self.text.split("\n\n")[0].split()).removesuffix(".")


def add_arguments(commands: Commands) -> None:
    parser = add_command(
        commands,
        "operations",
        summary="list what kernels and tasks can call",
        description=(
            "List the operations of the plasticity processor: instructions of the vector unit and functions of numbers "
            "for kernels, operations that take time for tasks. Cycles are those until the result can be used, without "
            "those that bring addresses and scalars."
        ),
        examples=EXAMPLES,
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help="an operation, or a part of the names of some")


def run(options: argparse.Namespace) -> int:
    groups = {ON_VECTORS: list(_on_vectors()), ON_NUMBERS: list(_on_numbers()), OF_TASKS: list(_of_tasks())}
    if options.name is None:
        show("\n\n".join(_listed(title, offered) for title, offered in groups.items()))
        return EXIT_OK
    name = options.name.removeprefix("ppu.").removesuffix("()")
    everything = [one for offered in groups.values() for one in offered]
    found = [one for one in everything if one.name == name] or [one for one in everything if name in one.name]
    if not found:
        raise UsageError(f"no operation has {name!r} in its name; `plasticore operations` lists all of them")
    show("\n\n".join(map(_explained, found)))
    return EXIT_OK


def _on_vectors() -> Iterator[Offered]:
    from chip.ppu.costs import COSTS
    from chip.ppu.vector.operations import FUNCTIONS, OPERATIONS

    for name, operation in OPERATIONS.items():
        cycles = sum(COSTS[instruction].cycles for instruction in operation.instructions)
        yield _offered(name, FUNCTIONS[name], cycles)


def _on_numbers() -> Iterator[Offered]:
    from chip.ppu.compiler import scalars
    from chip.ppu.costs import COSTS
    from chip.ppu.vector.operations import INTRINSICS

    for name, (_, instructions) in INTRINSICS.items():
        yield _offered(name, getattr(scalars, name), sum(COSTS[instruction].cycles for instruction in instructions))


def _of_tasks() -> Iterator[Offered]:
    from chip.ppu.processor.operation import OFFERED, TABLE, signatures

    for name in OFFERED:
        yield Offered(name, f"yield ppu.{name}({_parameters(signatures()[name])})", None, _text(TABLE[name]))


def _offered(name: str, function: Callable, cycles: int) -> Offered:
    function = getattr(function, "py_func", function)  # of what is compiled
    return Offered(name, f"{name}({_parameters(inspect.signature(function))})", cycles, _text(function))


def _text(function: Callable) -> str:
    return inspect.getdoc(function) or ""


def _parameters(signature: inspect.Signature) -> str:
    """Return the names of arguments; those that may be left out have their default, where it is short."""
    return ", ".join(map(_parameter, signature.parameters.values()))


def _parameter(parameter: inspect.Parameter) -> str:
    if parameter.kind is parameter.VAR_POSITIONAL:
        return f"*{parameter.name}"
    if parameter.default is parameter.empty:
        return parameter.name
    default = repr(parameter.default)
    return f"{parameter.name}={default if len(default) < 12 else '...'}"


def _listed(title: str, offered: list[Offered]) -> str:
    name_width = max(len(one.name) for one in offered)
    with_cycles = any(one.cycles is not None for one in offered)
    heading = f"{title}:" + "\n" + f"  {'':<{name_width}}  cycles" * with_cycles
    lines = [heading.rstrip()]
    for one in offered:
        start = f"  {one.name:<{name_width}}  " + (f"{one.cycles:>6}  " if with_cycles else "")
        lines.append(textwrap.fill(one.summary, WIDTH, initial_indent=start, subsequent_indent=" " * len(start)))
    return "\n".join(lines)


def _explained(one: Offered) -> str:
    cycles = f"  {one.cycles} cycles" if one.cycles is not None else ""
    return f"{one.call}{cycles}\n{textwrap.indent(one.text, '  ')}"
