"""The kernel compiler's expressions against Python integers that keep 32 bits."""

import ast
import operator

from hypothesis import given, settings
from hypothesis import strategies as st

from chip.ppu import Memory, i32
from tests.chip.ppu.sources import INT32, Machine, module, signed

CONSTANTS = {"ZERO": 0, "ONE": 1, "FIVE": 5, "MINUS": -7, "LARGE": 70000, "YES": True, "NO": False}
LEAVES = st.one_of(st.sampled_from(["a", "b", "c", *CONSTANTS]), INT32.map(lambda x: f"({x})"))
FUNCTIONS = {
    "saturate8": lambda x: sorted((-128, x, 127))[1],
    "saturate16": lambda x: sorted((-32768, x, 32767))[1],
    "absolute": lambda x: -x if x < 0 else x,
    "count_leading_zeros": lambda x: 32 - (x % 2**32).bit_length(),
    "minimum": lambda x, y: x if x < y else y,
    "maximum": lambda x, y: y if x < y else x,
    "multiply_high": lambda x, y: (x * y) // 2**32,
}
BINARY = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_, ast.BitXor: operator.xor, ast.LShift: operator.lshift, ast.RShift: operator.rshift,
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}  # fmt: skip


def _grow(children):
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
        st.tuples(children, st.sampled_from(["saturate8", "saturate16", "absolute", "count_leading_zeros"])).map(
            lambda t: f"{t[1]}({t[0]})"
        ),
        st.tuples(pairs, truths).map(lambda t: f"({t[0][0]} if {t[1]} else {t[0][1]})"),
        st.lists(truths, min_size=2, max_size=3).map(lambda texts: f"({' and '.join(texts)})"),
        st.lists(truths, min_size=2, max_size=3).map(lambda texts: f"({' or '.join(texts)})"),
        compared,
    )


def value_of(node, names):
    """Return the value of an expression, by its syntax tree, in Python integers; every step keeps the low 32 bits."""

    def value(child):
        return value_of(child, names)

    match node:
        case ast.Constant():
            return signed(node.value)
        case ast.Name():
            return int(names[node.id])
        case ast.BinOp():
            return signed(BINARY[type(node.op)](value(node.left), value(node.right)))
        case ast.Compare(left=left, ops=[kind], comparators=[right]):
            return int(BINARY[type(kind)](value(left), value(right)))
        case ast.UnaryOp(op=ast.Not()):
            return 0 if value(node.operand) else 1
        case ast.UnaryOp():
            x = value(node.operand)
            return signed({ast.USub: -x, ast.UAdd: x, ast.Invert: ~x}[type(node.op)])
        case ast.BoolOp():
            found = [value(child) for child in node.values]
            decisive = (x for x in found if bool(x) == isinstance(node.op, ast.Or))
            return next(decisive, found[-1])
        case ast.IfExp():
            return value(node.body) if value(node.test) else value(node.orelse)
        case ast.Call():
            return signed(FUNCTIONS[node.func.id](*map(value, node.args)))
    raise AssertionError(ast.dump(node))


HEAD = "".join(f"{name} = {value}\n" for name, value in CONSTANTS.items()) + "@kernel\ndef all(v, m, a, b, c):\n"
NEAR = st.one_of(st.integers(-2, 2), INT32)


def check_expressions(directory, expressions, values):
    body = "\n".join(f"    m.out[{i}] = {text}" for i, text in enumerate(expressions))
    machine = Machine(module(directory, HEAD + body).all, Memory(out=i32[len(expressions)]))
    trees = [ast.parse(text, mode="eval").body for text in expressions]
    for a, b, c in values:
        machine(a, b, c)
        for text, tree, result in zip(expressions, trees, machine.regions["out"].tolist(), strict=True):
            assert result == value_of(tree, CONSTANTS | {"a": a, "b": b, "c": c}), (text, a, b, c)


@settings(max_examples=4, deadline=None)
@given(
    expressions=st.lists(st.recursive(LEAVES, _grow, max_leaves=6), min_size=20, max_size=20),
    values=st.lists(st.tuples(NEAR, NEAR, NEAR), min_size=12, max_size=12),
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
    check_expressions(tmp_path, expressions, [(a, b, 0) for a in (-1, 0, 3) for b in (-2, 0, 1)])
