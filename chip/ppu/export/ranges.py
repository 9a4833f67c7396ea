"""In which interval each variable of a routine lies, so that C computes it exactly in the narrowest type.

The intermediate form's numbers are exact; C's have 32 bits, signed or not. A result that may be in neither type is
wrapped by the next instruction, or computed in 64 bits.
"""

from __future__ import annotations

from collections import Counter

from chip.ppu.compiler.form import Block, Call, Count, Instruction, Node, Operand, Wait, all_nodes
from chip.ppu.compiler.unit import Lowered
from chip.ppu.compiler.values import LIMITS, UINT32_MAX
from chip.ppu.compiler.variables import variable_name
from chip.ppu.memory import Memory

Range = tuple[int, int]
SIGNED, UNSIGNED = LIMITS[False], LIMITS[True]
TRUTH: Range = (0, 1)
LIMITS_OF: dict[str, Range] = {"int32_t": SIGNED, "uint32_t": UNSIGNED, "int64_t": (-(1 << 63), (1 << 63) - 1)}
_FIXED: dict[str, Range] = {
    **dict.fromkeys(("<", "<=", ">", ">=", "==", "!=", "not", "and", "or"), TRUTH),
    **dict.fromkeys(("wrap", "shift_left", "divide", "remainder", "multiply_high"), SIGNED),
    **dict.fromkeys(("wrap_unsigned", "shift_left_unsigned", "shift_right_unsigned"), UNSIGNED),
    **dict.fromkeys(("divide_unsigned", "remainder_unsigned"), UNSIGNED),
    "low 8": (0, 0xFF), "low 16": (0, 0xFFFF), "extend 8": (-0x80, 0x7F), "extend 16": (-0x8000, 0x7FFF),
    "count_leading_zeros": (0, 32), "load unsigned": UNSIGNED,
}  # fmt: skip


def within(inner: Range, outer: Range) -> bool:
    """Return whether an interval lies in another one."""
    return outer[0] <= inner[0] and inner[1] <= outer[1]


def is_temporary(operand: object) -> bool:
    """Return whether an operand is a variable that the compiler has made."""
    return isinstance(operand, str) and operand.startswith("_t")


class Ranges:
    """The intervals of one routine's variables, and how often each is written and read.

    Attributes:
        writes, reads: by variable.
    """

    def __init__(self, lowered: Lowered, memory: Memory, results: dict[object, bool | None]):
        """Read a routine; ``results`` says of each subroutine whether what it returns is unsigned."""
        self._memory, self._results = memory, results
        self._unsigned = {variable_name(name) for name in lowered.unsigned}
        self._known: dict[str, Range] = {}
        self.writes: Counter[str] = Counter(variable_name(name) for name in lowered.parameters)
        self.reads: Counter[str] = Counter()
        for node in all_nodes(lowered.nodes):
            self._count(node)
        for node in all_nodes(lowered.nodes):
            if isinstance(node, Block):
                for instruction in node.code:
                    self._learn(instruction)
            elif isinstance(node, Count) and self.writes[node.variable] == 1 and node.step > 0:
                low, high = self.of(node.start)[0], max(self.of(node.start)[1], self.of(node.stop)[1] - 1)
                self._known[node.variable] = low, high

    def of(self, operand: Operand) -> Range:
        """Return the interval of an operand."""
        if isinstance(operand, int):
            return int(operand), int(operand)
        if operand in self._known:
            return self._known[operand]
        return LIMITS[operand in self._unsigned]

    def type_of(self, variable: str) -> str:
        """Return the type of C of a variable: the declared one, or the narrowest for a temporary."""
        if not is_temporary(variable):
            return "uint32_t" if variable in self._unsigned else "int32_t"
        return next(kind for kind, limits in LIMITS_OF.items() if within(self.of(variable), limits))

    def result(self, instruction: Instruction) -> Range:
        """Return the interval of what an instruction gives."""
        operation, _, operands, _ = instruction
        if operation == "load":
            return _of_elements(self._memory, operands[0])
        if operation == "size":
            length = self._memory[operands[0]].length
            return length, length
        if operation == "call":
            return LIMITS[bool(self._results[operands[0]])]
        values = [self.of(operand) for operand in operands]
        if operation in ("wrap", "wrap_unsigned") and within(values[0], LIMITS[operation == "wrap_unsigned"]):
            return values[0]
        return _FIXED[operation] if operation in _FIXED else _computed(operation, values)

    @staticmethod
    def reads_in(nodes: list[Node], variable: str) -> int:
        """Return how often nodes read a variable."""
        found: Counter[str] = Counter()
        for node in all_nodes(nodes):
            found.update(_read_by(node))
        return found[variable]

    def _learn(self, instruction: Instruction) -> None:
        target = instruction.target
        if not is_temporary(target):
            return
        low, high = self.result(instruction)
        if target in self._known:  # one of several ways to it
            low, high = min(low, self._known[target][0]), max(high, self._known[target][1])
        self._known[target] = low, high

    def _count(self, node: Node) -> None:
        self.reads.update(_read_by(node))
        if isinstance(node, Block):
            self.writes.update(instruction.target for instruction in node.code if instruction.target)
        elif isinstance(node, Count):
            self.writes[node.variable] += 1
        elif isinstance(node, Call | Wait):
            raise TypeError(f"a kernel has no {type(node).__name__}")


def _read_by(node: Node) -> list[str]:
    """Return the variables that a node reads itself, as often as it does."""
    if isinstance(node, Block):
        operands = [
            operand for instruction in node.code if instruction.operation != "source" for operand in _of(instruction)
        ]
    else:
        operands = [getattr(node, name, None) for name in ("condition", "start", "stop", "value")]
    return [operand for operand in operands if type(operand) is str]


def _of(instruction: Instruction) -> tuple:
    """Return the operands of an instruction that may be variables; those of checks are used again behind them."""
    if instruction.operation in ("check index", "check divisor", "vector"):
        return instruction.operands[1:] if instruction.operation == "vector" else ()
    return instruction.operands


def _of_elements(memory: Memory, region: str) -> Range:
    dtype = memory[region].dtype
    bits = 8 * dtype.itemsize
    if dtype.kind == "u" and bits < 32:
        return 0, (1 << bits) - 1
    return -(1 << (bits - 1)), (1 << (bits - 1)) - 1


def _computed(operation: str, values: list[Range]) -> Range:
    """Return the interval of an exact result."""
    (low, high), *others = values
    if operation in ("copy", "integer"):
        return low, high
    if operation == "negate":
        return -high, -low
    if operation == "invert":
        return ~high, ~low
    if operation == "absolute":
        return (0, max(abs(low), abs(high))) if low > SIGNED[0] else SIGNED
    if operation in ("saturate8", "saturate16"):
        least, most = (-0x80, 0x7F) if operation == "saturate8" else (-0x8000, 0x7FFF)
        return min(max(low, least), most), min(max(high, least), most)
    second = others[0]
    if operation == "+":
        return low + second[0], high + second[1]
    if operation == "-":
        return low - second[1], high - second[0]
    if operation in ("*", "<<", ">>"):
        compute = {"*": int.__mul__, "<<": int.__lshift__, ">>": int.__rshift__}[operation]
        corners = [compute(a, b) for a in (low, high) for b in second]
        return min(corners), max(corners)
    if operation == "minimum":
        return min(low, second[0]), min(high, second[1])
    if operation == "maximum":
        return max(low, second[0]), max(high, second[1])
    if operation == "shift_right":
        return min(low, 0), max(high, 0)
    if operation in ("&", "|", "^"):
        return _of_bits(operation, (low, high), second)
    raise TypeError(f"the export does not know the instruction {operation}")


def _of_bits(operation: str, first: Range, second: Range) -> Range:
    never_negative = [side for side in (first, second) if side[0] >= 0]
    if operation == "&" and never_negative:
        return 0, min(side[1] for side in never_negative)
    most = max(~side[0] if side[0] < 0 else 0 for side in (first, second))
    most = (1 << max(most, first[1], second[1]).bit_length()) - 1
    return (0, min(most, UINT32_MAX)) if len(never_negative) == 2 else (~most, most)
