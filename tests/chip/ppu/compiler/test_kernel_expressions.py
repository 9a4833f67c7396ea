"""The kernel compiler's expressions against Python integers that keep 32 bits."""

import ast
import operator

from hypothesis import given, settings
from hypothesis import strategies as st

from chip.ppu import Memory, i32, u32
from tests.chip.ppu.compiler.sources import INT32, Machine, module, signed

CONSTANTS = {"ZERO": 0, "ONE": 1, "FIVE": 5, "MINUS": -7, "LARGE": 70000, "YES": True, "NO": False}
LEAVES = st.one_of(st.sampled_from(["a", "b", "c", *CONSTANTS]), INT32.map(lambda x: f"({x})"))
UINT32 = st.one_of(st.integers(0, 2**32 - 1), st.sampled_from([0, 1, 2**31 - 1, 2**31, 2**32 - 1]))
UNSIGNED_LEAVES = st.one_of(
    st.sampled_from(["p", "q", "m.u[0]", "m.u[1]"]),
    st.integers(2**31, 2**32 - 1).map(lambda x: f"({x})"),
    st.one_of(UINT32, INT32).map(lambda x: f"u32({x})"),
)
FUNCTIONS = {
    "saturate8": lambda x: sorted((-128, x, 127))[1],
    "saturate16": lambda x: sorted((-32768, x, 32767))[1],
    "absolute": lambda x: -x if x < 0 else x,
    "count_leading_zeros": lambda x: 32 - (x % 2**32).bit_length(),
    "minimum": lambda x, y: x if x < y else y,
    "maximum": lambda x, y: y if x < y else x,
    "multiply_high": lambda x, y: (x * y) // 2**32,
    "divide": lambda x, y: (abs(x) // abs(y)) * (1 if (x < 0) == (y < 0) else -1),
    "remainder": lambda x, y: (abs(x) % abs(y)) * (-1 if x < 0 else 1),
    "u32": lambda x: x,
    "i32": lambda x: x,
    "u16": lambda x: x % 2**16,
    "u8": lambda x: x % 2**8,
    "i16": lambda x: (x + 2**15) % 2**16 - 2**15,
    "i8": lambda x: (x + 2**7) % 2**8 - 2**7,
}
EITHER = ("minimum", "maximum", "divide", "remainder")  # of the type of their arguments
BINARY = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_, ast.BitXor: operator.xor, ast.LShift: operator.lshift, ast.RShift: operator.rshift,
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}  # fmt: skip


def _grow(children):
    """Make expressions of signed numbers from smaller ones."""
    pairs = st.tuples(children, children)
    compared = st.tuples(pairs, st.sampled_from(["<", "<=", ">", ">=", "==", "!="])).map(
        lambda t: f"({t[0][0]} {t[1]} {t[0][1]})"
    )
    truths = st.one_of(compared, compared.map(lambda text: f"(not {text})"), children)
    return st.one_of(
        st.tuples(pairs, st.sampled_from("+-*&|^")).map(lambda t: f"({t[0][0]} {t[1]} {t[0][1]})"),
        st.tuples(children, st.integers(0, 31), st.sampled_from(["<<", ">>"])).map(lambda t: f"({t[0]} {t[2]} {t[1]})"),
        st.tuples(children, st.sampled_from("-~+")).map(lambda t: f"({t[1]}{t[0]})"),
        st.tuples(pairs, st.sampled_from(["minimum", "maximum", "multiply_high"])).map(
            lambda t: f"{t[1]}({t[0][0]}, {t[0][1]})"
        ),
        st.tuples(pairs, st.sampled_from(["divide", "remainder"])).map(lambda t: f"{t[1]}({t[0][0]}, {t[0][1]} | 1)"),
        st.tuples(children, st.sampled_from(["saturate8", "saturate16", "absolute", "count_leading_zeros"])).map(
            lambda t: f"{t[1]}({t[0]})"
        ),
        st.tuples(pairs, truths).map(lambda t: f"({t[0][0]} if {t[1]} else {t[0][1]})"),
        st.lists(truths, min_size=2, max_size=3).map(lambda texts: f"({' and '.join(texts)})"),
        st.lists(truths, min_size=2, max_size=3).map(lambda texts: f"({' or '.join(texts)})"),
        compared,
    )


def _grow_unsigned(children):
    """Make expressions of unsigned numbers from smaller ones; a comparison has a variable, which is never refused."""
    pairs = st.tuples(children, children)
    compared = st.one_of(
        st.tuples(st.sampled_from([">", "<=", "==", "!="]), children).map(lambda t: f"p {t[0]} {t[1]}"),
        st.tuples(children, st.sampled_from(["<", ">=", "==", "!="])).map(lambda t: f"{t[0]} {t[1]} p"),
        children.map(lambda text: f"not {text} < q"),
    )
    return st.one_of(
        st.tuples(pairs, st.sampled_from("+-*&|^")).map(lambda t: f"({t[0][0]} {t[1]} {t[0][1]})"),
        st.tuples(children, st.integers(0, 2**31 - 1), st.sampled_from("+-*&|^")).map(
            lambda t: f"({t[0]} {t[2]} {t[1]})"
        ),
        st.tuples(children, st.integers(0, 31), st.sampled_from(["<<", ">>"])).map(lambda t: f"({t[0]} {t[2]} {t[1]})"),
        st.tuples(children, st.sampled_from(["<< (q & 15)", ">> (a & 31)"])).map(lambda t: f"({t[0]} {t[1]})"),
        st.tuples(children, st.sampled_from("-~+")).map(lambda t: f"({t[1]}{t[0]})"),
        st.tuples(pairs, st.sampled_from(["minimum", "maximum"])).map(lambda t: f"{t[1]}({t[0][0]}, {t[0][1]})"),
        pairs.map(lambda t: f"divide({t[0]}, {t[1]} | 1)"),
        pairs.map(lambda t: f"remainder({t[0]}, {t[1]} | 1)"),
        st.tuples(pairs, compared).map(lambda t: f"({t[0][0]} if {t[1]} else {t[0][1]})"),
        st.tuples(children, st.sampled_from(["i32", "u16", "u8", "i16", "i8", "count_leading_zeros", "u32"])).map(
            lambda t: f"u32({t[1]}({t[0]}))"
        ),
        compared.map(lambda text: f"u32({text})"),
    )


SIGNED = st.recursive(LEAVES, _grow, max_leaves=6)
UNSIGNED = st.recursive(UNSIGNED_LEAVES, _grow_unsigned, max_leaves=6)


def value_of(node, names):
    """Return the value of an expression by its syntax tree, in Python integers, and whether it is u32.

    Every step keeps the low 32 bits.
    """

    def value(child):
        return value_of(child, names)[0]

    def typed(number, *sides):
        unsigned = any(value_of(side, names)[1] for side in sides)
        return (number % 2**32 if unsigned else signed(number)), unsigned

    match node:
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=number)) if number <= 2**31:
            return -number, False
        case ast.Constant(value=number):
            return number, number >= 2**31
        case ast.Name(id=name):
            return int(names[name]), name in ("p", "q")
        case ast.Subscript():
            return names["pq"[node.slice.value]], True
        case ast.BinOp(op=ast.LShift() | ast.RShift()):
            return typed(BINARY[type(node.op)](value(node.left), value(node.right)), node.left)
        case ast.BinOp():
            return typed(BINARY[type(node.op)](value(node.left), value(node.right)), node.left, node.right)
        case ast.Compare(left=left, ops=[kind], comparators=[right]):
            return int(BINARY[type(kind)](value(left), value(right))), False
        case ast.UnaryOp(op=ast.Not()):
            return (0 if value(node.operand) else 1), False
        case ast.UnaryOp():
            x = value(node.operand)
            return typed({ast.USub: -x, ast.UAdd: x, ast.Invert: ~x}[type(node.op)], node.operand)
        case ast.BoolOp():
            found = [value(child) for child in node.values]
            decisive = (x for x in found if bool(x) == isinstance(node.op, ast.Or))
            return next(decisive, found[-1]), False
        case ast.IfExp():
            return typed(value(node.body) if value(node.test) else value(node.orelse), node.body, node.orelse)
        case ast.Call():
            number = FUNCTIONS[node.func.id](*map(value, node.args))
            if node.func.id == "u32":
                return number % 2**32, True
            return typed(number, *(node.args if node.func.id in EITHER else ()))
    raise AssertionError(ast.dump(node))


HEAD = "".join(f"{name} = {value}\n" for name, value in CONSTANTS.items())
HEAD += "@kernel\ndef all(v, m, a, b, c, p: u32, q: u32):\n"
NEAR = st.one_of(st.integers(-2, 2), INT32)
NEAR_UNSIGNED = st.one_of(st.integers(0, 2), UINT32)


def check_expressions(directory, expressions, values):
    """Check expressions, stored as i32 and as u32, which are the same bits."""
    body = "\n".join(f"    m.out[{i}] = {text}" for i, text in enumerate(expressions))
    machine = Machine(module(directory, HEAD + body).all, Memory(out=i32[len(expressions)], u=u32[2]))
    trees = [ast.parse(text, mode="eval").body for text in expressions]
    for a, b, c, p, q in values:
        machine.regions["u"][:] = p, q
        machine(a, b, c, p, q)
        for text, tree, result in zip(expressions, trees, machine.regions["out"].tolist(), strict=True):
            names = CONSTANTS | {"a": a, "b": b, "c": c, "p": p, "q": q}
            assert result == signed(value_of(tree, names)[0]), (text, names)


@settings(max_examples=4, deadline=None)
@given(
    expressions=st.lists(st.one_of(SIGNED, UNSIGNED), min_size=20, max_size=20),
    values=st.lists(st.tuples(NEAR, NEAR, NEAR, NEAR_UNSIGNED, NEAR_UNSIGNED), min_size=12, max_size=12),
)
def test_expressions_wrap_as_32_bit_registers_do(tmp_path_factory, expressions, values):
    check_expressions(tmp_path_factory.mktemp("expressions"), expressions, values)


def test_and_or_give_the_deciding_operand(tmp_path):
    """Every pair of a comparison, a variable, an element and constants, as operands of and, or."""
    kinds = ["(a > 0)", "b", "ZERO", "ONE", "FIVE", "MINUS", "YES", "NO"]
    expressions = [f"({x} {joint} {y})" for x in kinds for y in kinds for joint in ("and", "or")]
    expressions += ["((a > 0) and FIVE) + 1", "((a < 0) or FIVE) and b", "not ((a > 0) and ZERO)"]
    expressions += [
        "a > 0 or b < 0 or FIVE",
        "1 if (a < 0) or MINUS else 2",
        "1 if (a > 0) and ZERO else 2",
        "1 if a > 0 and FIVE else 2",
    ]
    check_expressions(tmp_path, expressions, [(a, b, 0, 0, 0) for a in (-1, 0, 3) for b in (-2, 0, 1)])
