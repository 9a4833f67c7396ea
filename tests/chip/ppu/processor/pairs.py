"""Random programs for both processors, which send to, ring and wait for each other."""

import random

from chip.ppu import Memory, divide, i32, kernel, u8
from chip.ppu.program import Program

MEMORY = Memory(w=i32[8], out=i32[16], buf=i32[64], vec=u8[128])


@kernel
def tiny(v, m, x):
    m.out[0] = m.out[0] * 3 + x


@kernel
def look(v, m, x):
    m.out[1] = m.out[1] * 5 + m.w[0] + x


@kernel
def change(v, m, x):
    m.w[x & 7] = m.w[x & 7] + 1


@kernel
def long(v, m, x):
    for _ in range((x & 7) + 1):
        for i in range(64):
            m.buf[i] = m.buf[i] + i + x
    m.out[2] = m.w[7]


@kernel
def fault(v, m, x):
    for i in range(20):
        m.buf[i] = i
    m.out[3] = divide(100, x)


KERNELS = (tiny, look, change, long, fault)


class Pair(Program):
    name = "pair"
    memory = MEMORY
    kernels = KERNELS
    words = (0,) * 8

    def image(self):
        return {"w": self.words, "out": tuple(range(16))}


HEAD = """
from chip.fpga import BLOCK_RAM_BASE
from chip.ppu import *
from tests.chip.ppu.processor.pairs import Pair, change, fault, long, look, tiny
"""
SIZES = {"w": 32, "out": 64, "buf": 256}


class Writer:
    """Writes the tasks of one processor's program."""

    def __init__(self, drawn: random.Random, side: int):
        self.drawn, self.side, self.names = drawn, side, 0

    def new(self, letter):
        self.names += 1
        return f"{letter}{self.names}"

    def number(self, depth=0):
        pick = self.drawn.random()
        if pick < 0.4:
            return self.drawn.choice("abc")
        if pick < 0.7 or depth > 1:
            return str(self.drawn.choice([0, 1, 2, 5, 7, -1, 2**31 - 1, self.drawn.randint(-300, 300)]))
        return f"i32({self.number(depth + 1)} {self.drawn.choice('+-*&^|')} {self.number(depth + 1)})"

    def wait(self):
        return self.drawn.choice([0, 1, 3, *(self.drawn.randint(0, most) for most in (20, 300, 3_000))])

    def operation(self):
        drawn, pick = self.drawn, self.drawn.random()
        line = drawn.randint(0, 2)
        if pick < 0.25:
            return f"wait({self.wait()})"
        if pick < 0.55:
            names = [*("tiny", "look", "change", "long") * 6, "fault"]
            return f"run({drawn.choice(names)}, {self.number()})"
        if pick < 0.78:
            source, into = drawn.choice(list(SIZES)), drawn.choice(["w", "w", *SIZES])
            nbytes = drawn.choice([4, 8, 16, min(SIZES[source], SIZES[into])])
            to = drawn.choice([1 - self.side] * 6 + [self.side])
            return f"send({to}, source={source!r}, into={into!r}, line={line}, nbytes={nbytes})"
        if pick < 0.85:
            return f"ring({drawn.choice([0, 1])}, {line})"
        if pick < 0.93:
            how = drawn.choice(["store_external({}, source='vec')", "load_external({}, into='vec')"])
            return how.format(f"BLOCK_RAM_BASE + {128 * drawn.randint(0, 1)}")
        if pick < 0.97:
            return f"wait_doorbell_until(({line},), ppu.time_base + {drawn.randint(0, 2_000)})"
        return f"wait_doorbell({line})"

    def polling(self):
        drawn = self.drawn
        word = f"ppu.word('w', {drawn.randint(0, 7)})"
        other = drawn.choice(["0", drawn.choice("abc"), f"ppu.word('out', {drawn.randint(0, 15)})"])
        body = drawn.choice(
            [
                *(["pass"], ["a = (a + 1) & 31"], ["a = minimum(a + 1, 300)"], ["a = i32(ppu.time_base) & 7"]),
                *(["yield ppu.run(change, 3)"], ["yield ppu.wait(3)"], ["if ppu.word('out', 3) == 5:", "    break"]),
                ["if a > 30:", "    yield ppu.run(tiny, 2)", "a = i32(a + 1)"],
            ]
        )
        return [f"while {word} {drawn.choice(['==', '<'])} {other}:", *indented(body)]

    def statement(self, depth):
        drawn, pick = self.drawn, self.drawn.random()
        target = drawn.choice("abc")
        if depth >= 3:
            pick *= 0.6
        if pick < 0.12:
            return [f"{target} = {self.number()}"]
        if pick < 0.22:
            return [f"{target} = ppu.word({drawn.choice(['w', 'w', 'out'])!r}, {drawn.choice(['a & 7', '3', '0'])})"]
        if pick < 0.24:
            return [f"{target} = i32(ppu.time_base)"]
        if pick < 0.26:
            return [f"{target} = divide({self.number()}, {drawn.choice(['a', '3', '(a | 1)'])})"]
        if pick < 0.6:
            return [f"yield ppu.{self.operation()}"]
        if pick < 0.7:
            return [f"for {self.new('i')} in range({drawn.randint(0, 12)}):", *indented(self.statements(depth + 1))]
        if pick < 0.74:
            left = self.new("n")
            return [f"{left} = {drawn.choice([5, 100, 1_000])}", f"while {left} > 0:", f"    {left} -= 1"]
        if pick < 0.86:
            return self.polling()
        return [
            *(f"if {self.number()} {drawn.choice(['<', '=='])} {self.number()}:", *indented(self.statements(depth + 1)))
        ]

    def statements(self, depth=0):
        return [line for _ in range(self.drawn.randint(1, 4)) for line in self.statement(depth)]

    def task(self, name, end="return a"):
        body = ["a, b, c = 0, 0, 1", *self.statements(), "yield ppu.wait(1)", end]
        return [f"def {name}(self, ppu):", *indented(body)]

    def program(self, name):
        drawn = self.drawn
        lines = [f"words = {tuple(drawn.choice([0, 0, 1, 5]) for _ in range(8))}"]
        if drawn.random() < 0.2:
            lines.append("code_in = 'external'")
        if drawn.random() < 0.3:
            timer = f"Timer({drawn.randint(0, 300)}, {drawn.randint(1, 3_000)}, {drawn.randint(1, 8)})"
            lines.append(f"tasks = ({timer}, Doorbell({drawn.randint(0, 2)}))")
            lines += [*self.task("on_timer", "yield ppu.wait(a & 7)"), *self.task("on_doorbell", "yield ppu.wait(1)")]
            lines.append(f"stop_cycle = {drawn.randint(0, 20_000)}")
        else:
            lines += self.task("main")
        return [f"class {name}(Pair):", *indented(lines)]


def indented(lines):
    return [f"    {line}" for line in lines]


def pair(seed):
    """Return the text of a module with two programs, ``Top`` and ``Bottom``; and what else is drawn from there on."""
    drawn = random.Random(seed)
    programs = [line for side, name in enumerate(("Top", "Bottom")) for line in Writer(drawn, side).program(name)]
    return "\n".join([HEAD, *programs, ""]), drawn
