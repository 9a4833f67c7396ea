"""From a declared routine's syntax tree to the intermediate form."""

from __future__ import annotations

import ast

from chip.ppu.compiler.build import short
from chip.ppu.compiler.builder import Builder
from chip.ppu.compiler.kernel_scope import KernelScope
from chip.ppu.compiler.language import Routine, stored_names
from chip.ppu.compiler.statements import RESERVED, Statements, declared_type, leaves
from chip.ppu.compiler.unit import Declared, Lowered, Unit
from chip.ppu.compiler.variables import Types, Variables, until_types_are_known


def lower(declared: Declared, unit: Unit) -> Lowered:
    """Return a kernel or subroutine in the intermediate form, within a kernel's unit; made once.

    Raises:
        KernelError: it asks for something that the processor or its language does not have; begins with ``file:line``.
    """
    if declared not in unit.routines:
        lowered = _read(declared.routine, unit)
        unit.routines[declared] = lowered
    return unit.routines[declared]


def _read(routine: Routine, unit: Unit) -> Lowered:
    names = stored_names(routine.tree) | set(routine.parameters)
    _check_names(routine, names)

    def read(types: Types, strict: bool) -> Lowered:
        return _lowered(routine, unit, names, types.unsigned, strict)

    return until_types_are_known(read, Types(unsigned_parameters(routine)), unit.keep)


def unsigned_parameters(routine: Routine) -> frozenset[str]:
    """Return the parameters that are declared as u32."""
    arguments = [*routine.tree.args.posonlyargs, *routine.tree.args.args]
    declared = {a.arg: a.annotation for a in arguments if a.annotation is not None and a.arg in routine.parameters}
    return frozenset(name for name, annotation in declared.items() if declared_type(routine, annotation))


def _lowered(routine: Routine, unit: Unit, names: set[str], unsigned: frozenset[str], strict: bool) -> Lowered:
    builder = Builder()
    scope = KernelScope(routine, unit, builder, Variables(names, set(routine.parameters), unsigned), strict)
    statements = Statements(builder, scope)
    builder.line = routine.tree.lineno
    builder.blocks[routine.tree, "entry"] = builder.block
    builder.book("entry")
    statements.read(routine.tree.body)
    returns = any(isinstance(node, ast.Return) and node.value is not None for node in ast.walk(routine.tree))
    result = bool(statements.result) if returns else None
    name = (
        f"kernel_{short(routine.name)}"
        if routine.kind == "kernel"
        else f"sub_{len(unit.routines)}_{short(routine.name)}"
    )
    return Lowered(
        name, tuple(routine.parameters), scope.regions, unsigned, result, builder.nodes, builder.blocks, builder.sites
    )


def _check_names(routine: Routine, names: set[str]) -> None:
    for name in sorted(names & (RESERVED | {routine.vector, routine.memory})):
        routine.refuse(routine.tree, f"assigns to {name}; choose another name for the variable")
    returns = [node for node in ast.walk(routine.tree) if isinstance(node, ast.Return)]
    if all(node.value is None for node in returns):
        return
    if routine.kind == "kernel":
        routine.refuse(returns[0], "returns a value; a kernel writes its results to regions")
    for node in returns:
        if node.value is None:
            routine.refuse(node, "returns a value elsewhere and none here")
    if not leaves(routine.tree.body):
        routine.refuse(routine.tree, "returns a value on some ways and none at its end")
