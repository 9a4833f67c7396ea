"""Which type every expression of a drawn program has: the rule of the language, written down once more for the tree.

Everything is i32 or u32. Loads from u32 regions are u32, all others i32, as C promotes them. Two i32 make an i32; u32
mixes with u32 and with what is known not to be negative, and makes a u32. The type of a shift is that of its left side.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chip.testing.code.code import Code
from chip.testing.code.tree import (
    Binary,
    Call,
    Comparison,
    Conditional,
    Constant,
    Conversion,
    Element,
    Expression,
    Intrinsic,
    Joint,
    Length,
    Routine,
    Type,
    Unary,
    Variable,
)

INT32_MAX = 2**31 - 1
COMMON_TYPE = ("minimum", "maximum", "divide")
"""The intrinsics of two operands whose type is the common one; those of all others is i32."""


def common(*types: Type) -> Type:
    """Return the type of what is made of operands of these types."""
    return "u32" if "u32" in types else "i32"


@dataclass(frozen=True)
class Names:
    """What a routine's expressions name: the types of variables and of regions' elements, and of returned values."""

    variables: Mapping[str, Type]
    regions: Mapping[str, str]
    returns: Mapping[str, Type | None]

    @classmethod
    def of(cls, code: Code, routine: Routine) -> Names:
        """Return the names that a routine of a program sees."""
        return cls(
            {name.name: name.type for name in (*routine.parameters, *routine.locals)},
            {region.name: region.type for region in code.regions},
            {other.name: other.returns for other in code.routines},
        )

    def type_of(self, node: Expression) -> Type:
        """Return the type of an expression's value."""
        match node:
            case Constant(value):
                return "u32" if value > INT32_MAX else "i32"
            case Variable(name):
                return self.variables[name]
            case Element(region, _):
                return "u32" if self.regions[region] == "u32" else "i32"
            case Unary(operator, operand):
                return "i32" if operator == "not" else self.type_of(operand)
            case Binary("<<" | ">>", left, _):
                return self.type_of(left)
            case Binary(_, left, right) | Joint(_, left, right) | Conditional(left, _, right):
                return common(self.type_of(left), self.type_of(right))
            case Intrinsic(name, arguments) if name in COMMON_TYPE:
                return common(*map(self.type_of, arguments))
            case Conversion(to, _):
                return "u32" if to == "u32" else "i32"
            case Call(routine, _):
                found = self.returns[routine]
                if found is None:
                    raise ValueError(f"subroutine {routine} returns nothing; call it as a statement, Do(...)")
                return found
            case Length() | Comparison() | Intrinsic():
                return "i32"
        raise TypeError(f"{node!r} is no expression; make it of the classes of chip.testing.code.tree")


def never_constant(node: Expression) -> bool:
    """Return whether no compiler knows an expression's value, whatever it makes of constants and intervals.

    Of a condition that is known only the chosen way counts, with its names and its type.
    """
    match node:
        case Variable() | Element() | Call():
            return True
        case Binary("&", left, Constant(mask)):
            return mask != 0 and never_constant(left)
        case Binary("+" | "-" | "^" | "|", left, right) | Comparison(_, left, right):
            return never_constant(left) or never_constant(right)
        case Unary(_, operand) | Conversion(_, operand):
            return never_constant(operand)
        case Joint(_, left, right):
            return never_constant(left) and never_constant(right)
        case Conditional(body, test, orelse):
            return never_constant(test) or (never_constant(body) and never_constant(orelse))
    return False
