"""Random task bodies ask for the same, compiled, as the plain generators that they look like."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba.core import config as numba_config

from tests.chip.ppu.compiler.tasks import check_against_generator, program, regions_of

WORDS = st.lists(st.integers(-3, 9), min_size=8, max_size=8)
ATTRIBUTES = """
table = (3, 0, 5, 1)
rows = [[1, 2], [0, 4]]
count = 2

def step(self, ppu, n, by):
    if n > by:
        yield ppu.wait(n)
        return
    for i in range(by):
        yield ppu.wait(i + n)

def pick(self, ppu, n):
    while n < 6:
        n += 2
        if n == 3:
            return n - 1
        yield ppu.ring(0, n & 7)
    return n & 3

def mixed(self, a, b=1):
    return a + b if a > b else b - a
"""


class Body:
    """The body of a task under construction.

    Every assignment keeps its number small, so that nothing wraps.
    """

    def __init__(self, draw):
        self.draw, self.lines, self.numbers = draw, [], itertools.count()
        self.names = ["a", "b", "c"]

    def expression(self, depth=2):
        draw, kind = self.draw, self.draw(st.integers(0, 11)) if depth else 0
        inner = lambda: self.expression(depth - 1)  # noqa: E731
        if kind <= 1:
            return draw(st.sampled_from([*self.names, "1", "2", "-3", "self.count", "self.table[2]"]))
        if kind == 2:
            return f"({inner()} {draw(st.sampled_from('+-*'))} {inner()})"
        if kind == 3:
            return f"({inner()} {draw(st.sampled_from('&|^'))} {inner()})"
        if kind == 4:
            return f"ppu.word('s', ({inner()}) & 7)"
        if kind == 5:
            return f"self.table[({inner()}) & 3]"
        if kind == 6:
            return f"({inner()} if {self.condition(depth - 1)} else {inner()})"
        if kind == 7:
            return f"({inner()} {draw(st.sampled_from(['and', 'or']))} {inner()})"
        if kind == 8:
            return f"self.mixed({inner()}, {draw(st.sampled_from(['2', 'b=3', 'b=a']))})"
        if kind == 9:
            return f"({draw(st.sampled_from(['-', '~', 'not ']))}{inner()})"
        if kind == 10:
            return f"(({inner()}) >> {draw(st.integers(0, 3))})"
        return self.condition(depth - 1)

    def condition(self, depth=1):
        compared = self.draw(st.sampled_from(["<", "<=", "==", "!=", ">"]))
        text = f"({self.expression(depth)} {compared} {self.expression(depth)})"
        if depth and self.draw(st.booleans()):
            joint = self.draw(st.sampled_from(["and", "or"]))
            text = f"({text} {joint} {self.condition(depth - 1)})"
        return text

    def line(self, indent, text):
        self.lines.append("    " * indent + text)

    def block(self, indent, depth, loop):
        for _ in range(self.draw(st.integers(1, 3))):
            self.statement(indent, depth, loop)

    def statement(self, indent, depth, loop):
        """Add a statement; ``loop`` says whether break and continue may stand here."""
        draw = self.draw
        kind = draw(st.integers(0, 11 if depth else 5))
        if kind == 0:
            self.line(indent, f"{draw(st.sampled_from('abc'))} = ({self.expression()}) & 15")
        elif kind == 1:
            self.line(indent, f"yield ppu.wait({self.expression()})")
        elif kind == 2:
            name = draw(st.sampled_from("abc"))
            self.line(indent, f"{name} {draw(st.sampled_from('+-^|'))}= {self.expression(1)}")
            self.line(indent, f"{name} &= 31")
        elif kind == 3:
            self.line(indent, f"a, {draw(st.sampled_from('bc'))} = {self.expression(1)} & 7, a - 1 & 7")
        elif kind == 4:
            self.line(
                indent, f"yield from self.step(ppu, {self.expression(1)}, {draw(st.sampled_from(['2', 'a & 3']))})"
            )
        elif kind == 5:
            self.line(indent, f"{draw(st.sampled_from('abc'))} = yield from self.pick(ppu, {self.expression(1)} & 15)")
        elif kind in (6, 7):
            self.branch(indent, depth, loop)
        elif kind == 8:
            self.count_loop(indent, depth)
        elif kind == 9:
            self.while_loop(indent, depth)
        elif kind == 10:
            self.unrolled(indent, depth)
        else:
            self.line(indent, f"if {self.condition()}:")
            self.line(indent + 1, draw(st.sampled_from(["break", "continue"])) if loop else "return a + b")

    def branch(self, indent, depth, loop):
        self.line(indent, f"if {self.condition()}:")
        self.block(indent + 1, depth - 1, loop)
        if self.draw(st.booleans()):
            self.line(indent, f"elif {self.condition()}:")
            self.block(indent + 1, depth - 1, loop)
        if self.draw(st.booleans()):
            self.line(indent, "else:")
            self.block(indent + 1, depth - 1, loop)

    def count_loop(self, indent, depth):
        name = f"i{next(self.numbers)}"
        bounds = self.draw(st.sampled_from(["3", "a & 3", "1, (b & 7), 2", "3, -2, -2", "c & 7, 0, -3", "self.count"]))
        self.line(indent, f"for {name} in range({bounds}):")
        self.inside(indent, depth, [name], True)

    def while_loop(self, indent, depth):
        name = f"w{next(self.numbers)}"
        self.line(indent, f"{name} = 0")
        self.line(indent, f"while {name} < 3 and {self.condition()}:")
        self.line(indent + 1, f"{name} += 1")
        self.inside(indent, depth, [name], True)

    def unrolled(self, indent, depth):
        names = [f"u{next(self.numbers)}" for _ in range(2)]
        over = self.draw(
            st.sampled_from(
                [
                    "enumerate(self.table[:2])",
                    "zip(self.rows[0], self.table)",
                    "self.rows",
                    "enumerate(reversed((4, 1)))",
                ]
            )
        )
        self.line(indent, f"for {', '.join(names)} in {over}:")
        self.inside(indent, depth, names, False)

    def inside(self, indent, depth, names, loop):
        before = list(self.names)
        self.names += names
        self.block(indent + 1, depth - 1, loop)
        self.names = before


@st.composite
def bodies(draw):
    body = Body(draw)
    body.lines += ["yield ppu.wait(1)", "a, b, c = ppu.word('s'), ppu.word('s', 1), 2"]
    for _ in range(draw(st.integers(2, 5))):
        body.statement(0, 3, False)
    return "\n".join([*body.lines, "return a * 100 + b * 10 + c"])


@settings(max_examples=150)
@given(body=bodies(), words=WORDS)
def test_random_tasks_do_what_their_generators_do(tmp_path_factory, body, words):
    made = program(tmp_path_factory.mktemp("tasks"), body, ATTRIBUTES)
    check_against_generator(made, regions_of(made, s=words))


@pytest.mark.skipif(bool(numba_config.DISABLE_JIT), reason="there is no machine code")
@settings(max_examples=2)
@given(body=bodies(), words=WORDS)
def test_random_tasks_do_the_same_in_machine_code(tmp_path_factory, body, words):
    made = program(tmp_path_factory.mktemp("tasks"), body, ATTRIBUTES)
    check_against_generator(made, regions_of(made, s=words), machine=True)
