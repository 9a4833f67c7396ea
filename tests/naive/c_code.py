"""Drawn programs as C: what a C compiler makes of the same tree, with the types of C and none of our compiler.

Every value is int32_t or uint32_t. Regions are arrays of a struct, which routines get as ``m``. What C leaves open is
said: operands with calls are evaluated one after the other, from the left (statement expressions of GNU C), and a loop
counts in 64 bits, as ``range`` does. gcc defines the rest: ``-fwrapv``, arithmetic ``>>`` of what is negative, and
conversions that keep the low bits.
"""

import itertools

from chip.testing.code.rules import COMMON_TYPE, Names, common
from chip.testing.code.tree import (
    Assign,
    AugmentedAssign,
    AugmentedStore,
    Binary,
    Break,
    Call,
    Comparison,
    Conditional,
    Constant,
    Continue,
    Conversion,
    Do,
    Element,
    For,
    If,
    Intrinsic,
    Joint,
    Length,
    Return,
    Run,
    Store,
    Unary,
    Variable,
    Wait,
    While,
    walk,
)

C_TYPES = {kind: f"{'u' * (kind[0] == 'u')}int{kind[1:]}_t" for kind in ("i8", "u8", "i16", "u16", "i32", "u32")}
PREAMBLE = """
#include <stdint.h>

static inline int32_t shift_left_i32(int32_t x, uint32_t n) { n &= 63; return n > 31 ? 0 : x << n; }
static inline uint32_t shift_left_u32(uint32_t x, uint32_t n) { n &= 63; return n > 31 ? 0 : x << n; }
static inline int32_t shift_right_i32(int32_t x, uint32_t n) { n &= 63; return x >> (n > 31 ? 31 : n); }
static inline uint32_t shift_right_u32(uint32_t x, uint32_t n) { n &= 63; return n > 31 ? 0 : x >> n; }
static inline int32_t minimum_i32(int32_t a, int32_t b) { return a < b ? a : b; }
static inline uint32_t minimum_u32(uint32_t a, uint32_t b) { return a < b ? a : b; }
static inline int32_t maximum_i32(int32_t a, int32_t b) { return a > b ? a : b; }
static inline uint32_t maximum_u32(uint32_t a, uint32_t b) { return a > b ? a : b; }
static inline int32_t divide_i32(int32_t a, int32_t b) { return b == -1 ? -a : a / b; }
static inline uint32_t divide_u32(uint32_t a, uint32_t b) { return a / b; }
static inline int32_t absolute_i32(int32_t x) { return x < 0 ? -x : x; }
static inline int32_t multiply_high_i32(int32_t a, int32_t b) { return (int32_t)(((int64_t)a * b) >> 32); }
static inline int32_t saturate8_i32(int32_t x) { return x < -128 ? -128 : x > 127 ? 127 : x; }
static inline int32_t saturate8_u32(uint32_t x) { return x > 127 ? 127 : (int32_t)x; }
static inline int32_t saturate16_i32(int32_t x) { return x < -32768 ? -32768 : x > 32767 ? 32767 : x; }
static inline int32_t saturate16_u32(uint32_t x) { return x > 32767 ? 32767 : (int32_t)x; }
static inline int32_t count_leading_zeros_i32(int32_t x) { return x ? __builtin_clz((uint32_t)x) : 32; }
static inline int32_t count_leading_zeros_u32(uint32_t x) { return x ? __builtin_clz(x) : 32; }
"""


def c_text(codes, prefix="program"):
    """Return one C file for a list of programs; number k is called as ``program<k>(struct *m, integers ...)``."""
    parts = [PREAMBLE]
    for number, code in enumerate(codes):
        fields = "".join(f" {C_TYPES[region.type]} {region.name}[{region.length}];" for region in code.regions)
        parts.append(f"struct {prefix}{number}_memory {{{fields} }};\n")
        parts += [CRoutine(code, routine, f"{prefix}{number}").text() for routine in code.routines]
    return "\n".join(parts)


class CRoutine:
    """One routine of a program as a C function."""

    def __init__(self, code, routine, program):
        self.code, self.routine, self.program = code, routine, program
        self.names = Names.of(code, routine)
        self.fresh = (f"t{number}_" for number in itertools.count())

    def text(self):
        """Return the definition of the function."""
        main = self.routine == self.code.main
        name = self.program if main else f"{self.program}_{self.routine.name}"
        parameters = [f"struct {self.program}_memory *m"]
        parameters += [f"{C_TYPES[x.type]} {x.name}" for x in self.routine.parameters]
        head = f"{'' if main else 'static '}{self.result()} {name}({', '.join(parameters)})"
        variables = "".join(f"{C_TYPES[x.type]} {x.name} = 0; " for x in self.routine.locals)
        return f"{head}\n{{\n{variables}\n{self.block(self.routine.body)}\n}}\n"

    def result(self):
        """Return the C type of what the routine returns; a task's exit code is nobody's here."""
        return "void" if self.routine.returns is None else C_TYPES[self.routine.returns]

    # ------------------------------------------------------------------ statements

    def block(self, block):
        """Return statements, one a line."""
        return "\n".join(map(self.statement, block))

    def statement(self, node):
        """Return one statement."""
        match node:
            case Assign(name, value):
                return f"{name} = {self.as_type(self.names.variables[name], value)};"
            case AugmentedAssign(name, operator, value):
                return f"{name} = {self.as_type(self.names.variables[name], Binary(operator, Variable(name), value))};"
            case Store(region, index, value):
                stored = C_TYPES[self.names.regions[region]]
                x, at = next(self.fresh), next(self.fresh)
                first = f"{C_TYPES[self.names.type_of(value)]} {x} = {self.value(value)};"
                return f"{{ {first} int64_t {at} = {self.value(index)}; m->{region}[{at}] = ({stored}){x}; }}"
            case AugmentedStore(region, index, operator, value):
                return self.augmented_store(region, index, operator, value)
            case If(test, body, orelse):
                text = f"if ({self.value(test)}) {{\n{self.block(body)}\n}}"
                return text + (f" else {{\n{self.block(orelse)}\n}}" if orelse else "")
            case For():
                return self.loop(node)
            case While(test, body):
                return f"while ({self.value(test)}) {{\n{self.block(body)}\n}}"
            case Break():
                return "break;"
            case Continue():
                return "continue;"
            case Return(value) if value is None or self.routine.kind == "task":
                return "return;"
            case Return(value):
                return f"return {self.as_type(self.routine.returns, value)};"
            case Do(call):
                return f"{self.value(call)};"
            case Run(kernel, arguments):
                return f"{self.call(self.code.routine(kernel), arguments)};"
            case Wait():
                return ";"

    def augmented_store(self, region, index, operator, value):
        """Return the change of an element: index, element, value, in this order."""
        kind = common(self.names.regions[region])
        at, now, x = next(self.fresh), next(self.fresh), next(self.fresh)
        lines = [f"int64_t {at} = {self.value(index)}; {C_TYPES[kind]} {now} = m->{region}[{at}];"]
        right, right_kind = self.value(value), self.names.type_of(value)
        lines.append(f"{C_TYPES[right_kind]} {x} = {right};")
        changed, _ = self.binary(operator, (now, kind), (x, right_kind), value)
        return f"{{ {' '.join(lines)} m->{region}[{at}] = ({C_TYPES[self.names.regions[region]]}){changed}; }}"

    def loop(self, node):
        """Return a for loop: the bounds are looked at once, and no assignment to its variable changes its way."""
        at, end = next(self.fresh), next(self.fresh)
        start = Constant(0) if node.start is None else node.start
        step = 1 if node.step is None else node.step
        kind = common(self.names.type_of(start), self.names.type_of(node.stop))
        head = f"int64_t {at} = {self.as_type(kind, start)}, {end} = {self.as_type(kind, node.stop)}"
        head += f"; {at} {'<' if step > 0 else '>'} {end}; {at} += {step}"
        variable = f"{node.name} = ({C_TYPES[self.names.variables[node.name]]}){at};"
        return f"for ({head}) {{\n{variable}\n{self.block(node.body)}\n}}"

    # ------------------------------------------------------------------ expressions

    def as_type(self, kind, node):
        """Return an expression converted to a type."""
        return f"(({C_TYPES[kind]}){self.value(node)})"

    def value(self, node):
        """Return an expression; it has the C type of :meth:`Names.type_of`, and parentheses where it needs some."""
        match node:
            case Constant(value):
                return "(-2147483647 - 1)" if value == -(2**31) else f"({value}{'u' * (value >= 2**31)})"
            case Variable(name):
                return name
            case Element(region, index):
                return f"(({C_TYPES[self.names.type_of(node)]})m->{region}[{self.value(index)}])"
            case Length(region):
                return f"({self.code.region(region).length})"
            case Unary("not", operand):
                return f"(!{self.value(operand)})"
            case Unary(operator, operand):
                return f"({operator}{self.value(operand)})"
            case Binary(operator, left, right):
                return self.in_order([left, right], lambda a, b: self.binary(operator, a, b, right)[0], node)
            case Comparison(operator, left, right):
                return self.in_order([left, right], lambda a, b: self.alike(operator, a, b), node)
            case Joint(operator, left, right):
                return self.joint(node, operator == "and", left, right)
            case Conditional(body, test, orelse):
                kind = self.names.type_of(node)
                return f"({self.value(test)} ? {self.as_type(kind, body)} : {self.as_type(kind, orelse)})"
            case Intrinsic(name, arguments):
                return self.in_order(arguments, lambda *values: self.intrinsic(name, values), node)
            case Conversion(to, operand):
                return f"(({C_TYPES[self.names.type_of(node)]})({C_TYPES[to]}){self.value(operand)})"
            case Call(routine, arguments):
                return self.call(self.code.routine(routine), arguments)

    def in_order(self, operands, combine, node):
        """Return what ``combine`` makes of operands, texts with types; from left to right where one of them calls."""
        values = [(self.value(operand), self.names.type_of(operand)) for operand in operands]
        if len(operands) < 2 or not any(isinstance(inner, Call) for operand in operands for inner in walk(operand)):
            return combine(*values)
        named = [(next(self.fresh), kind) for _, kind in values]
        lines = [f"{C_TYPES[kind]} {name} = {text};" for (name, kind), (text, _) in zip(named, values, strict=True)]
        return f"({{ {' '.join(lines)} {combine(*named)}; }})"

    @staticmethod
    def alike(operator, left, right):
        """Return an operation of two operands in their common type."""
        kind = C_TYPES[common(left[1], right[1])]
        return f"(({kind}){left[0]} {operator} ({kind}){right[0]})"

    def binary(self, operator, left, right, right_node):
        """Return an operation and its type; a shift has that of its left side."""
        if operator not in ("<<", ">>"):
            return self.alike(operator, left, right), common(left[1], right[1])
        if isinstance(right_node, Constant):
            return f"({left[0]} {operator} {right[0]})", left[1]
        name = "shift_left" if operator == "<<" else "shift_right"
        return f"{name}_{left[1]}({left[0]}, (uint32_t){right[0]})", left[1]

    def joint(self, node, both, left, right):
        """Return and, or: the left value, or else the right one."""
        kind, name = self.names.type_of(node), next(self.fresh)
        ways = (self.as_type(kind, right), name) if both else (name, self.as_type(kind, right))
        return f"({{ {C_TYPES[kind]} {name} = {self.as_type(kind, left)}; {name} ? {ways[0]} : {ways[1]}; }})"

    @staticmethod
    def intrinsic(name, values):
        """Return a call of a function of the preamble."""
        kind = common(*(kind for _, kind in values))
        arguments = [f"({C_TYPES[kind]}){text}" if name in COMMON_TYPE else text for text, _ in values]
        return f"{name}_{kind}({', '.join(arguments)})"

    def call(self, routine, arguments):
        """Return a call of a routine of the program, its arguments in their order."""
        kinds = [C_TYPES[parameter.type] for parameter in routine.parameters]
        values = [f"({kind}){self.value(x)}" for kind, x in zip(kinds, arguments, strict=True)]
        lines = ""
        if len(values) > 1:
            names = [next(self.fresh) for _ in values]
            triples = zip(kinds, names, values, strict=True)
            lines, values = " ".join(f"{kind} {name} = {value};" for kind, name, value in triples), names
        text = f"{self.program}_{routine.name}({', '.join(['m', *values])})"
        return f"({{ {lines} {text}; }})" if lines else text
