"""What things of a program are called in C: the names of the source, with an underscore where C has taken one."""

from __future__ import annotations

from collections.abc import Iterable

from chip.base.constants import VECTOR_REGISTERS
from chip.ppu.compiler.unit import Declared
from chip.ppu.export.errors import ExportError
from chip.ppu.memory import Memory

_WORDS = """
auto break case char const continue default do double else enum extern float for goto if inline int long register
restrict return short signed sizeof static struct switch typedef union unsigned void volatile while asm typeof main
int8_t uint8_t int16_t uint16_t int32_t uint32_t int64_t uint64_t size_t offsetof NULL m unix linux PPC powerpc
minimum minimum_unsigned maximum maximum_unsigned saturate8 saturate8_unsigned saturate16 saturate16_unsigned absolute
divide remainder multiply_high count_leading_zeros shift_left shift_left_unsigned shift_right shift_right_unsigned
at nonzero ALWAYS GREATER LESS EQUAL INT32_MIN FXV_RANDOM
"""
RESERVED = frozenset(_WORDS.split()) | {f"V{number}" for number in range(VECTOR_REGISTERS)}


class Names:
    """The names of one program.

    Attributes:
        memory: the program's regions; used: registers that it names somewhere.
    """

    def __init__(self, memory: Memory, used: Iterable[int] = (), prefix: str = ""):
        """``prefix`` begins all names that others of one C file could have, too."""
        self.memory, self.prefix = memory, prefix
        self._free = next((n for n in reversed(range(VECTOR_REGISTERS)) if n not in set(used)), None)
        self._routines: dict[Declared, str] = {}

    def add(self, routine: Declared) -> str:
        """Give a routine a name of its own."""
        name, number = self.prefix + plain(routine.name), 2
        taken = set(self._routines.values())
        while name in taken:
            name, number = f"{self.prefix}{plain(routine.name)}_{number}", number + 1
        self._routines[routine] = name
        return name

    def routine(self, routine: Declared) -> str:
        return self._routines[routine]

    def region(self, name: str) -> str:
        """Return a region as an array."""
        return f"{self.prefix}m.{plain(name)}"

    def variable(self, name: str) -> str:
        """Return a variable of the intermediate form: one of the source, or of the compiler, ``t`` and a number."""
        if name.startswith("u_"):
            found = plain(name.removeprefix("u_"))
            return f"{found}_" if found in self._routines.values() or _looks_made(found) else found
        return name.lstrip("_")

    def local(self, name: str) -> str:
        """Return a name that no variable of the source has."""
        return f"{name}_"

    def scratch(self) -> int:
        """Return a register that the program names nowhere."""
        if self._free is None:
            raise ExportError(
                "names all 32 vector registers, and an arithmetic shift to the right takes one more on the processor, "
                "for its factor; leave a register free"
            )
        return self._free


def plain(name: str) -> str:
    """Return a name of Python's as one of C; two of them stay two."""
    taken = name in RESERVED or name.startswith(("fxv_", "ppu_")) or name.endswith("_")
    return f"{name}_" if taken else name


def _looks_made(name: str) -> bool:
    """Return whether a name could be one of the export's own."""
    return name[:1] == "t" and name[1:].isdigit()
