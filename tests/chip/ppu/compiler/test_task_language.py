"""Compiled tasks do what the plain generators do that they look like: operations, arguments, exit code."""

import numpy as np
import pytest
from numba.core import config as numba_config

from tests.chip.ppu.compiler.sources import module
from tests.chip.ppu.compiler.tasks import (
    HEAD,
    Fault,
    Runs,
    check_against_generator,
    form_of,
    machine_code,
    plain,
    program,
    regions_of,
    run_plain,
)

S = [3, -1, 4, 1, 5, 9, 2, 6]
REGIONS = dict(s=S, u=[0xF0000000, 7, 2, 0], b=[-5, 1, 2, 3, 4, 5, 6, 7], c=[200, 1, 2, 3, 4, 5, 6, 7])
OUTSIDE = """
SCALE = 3


class Mode(enum.IntEnum):
    OFF = 0
    ON = 2


class Sizes:
    small = 2
    settings = SimpleNamespace(count=4)


settings = SimpleNamespace(count=3, deep=SimpleNamespace(rows=(2, 5)))


def twice(n):
    return n * 2


def from_outside(ppu, n, step=1):
    yield ppu.wait(n * step)
    return n + step


def make():
    hidden = 6

    def closed(ppu, n):
        yield ppu.wait(hidden + n)

    return closed


closed = make()


class Base(Program):
    name = "base"

    def main(self, ppu):
        yield ppu.wait(100)
        return 7

    def step(self, ppu, n):
        yield ppu.wait(n + 100)
        return n + 50
"""
ATTRIBUTES = """
rows = [[1, 2], [3, 4], [5, 6]]
table = (5, -6, 7, 0)
array = np.arange(3, 9, 2)
count = 3
names = ["s", "u"]
on = True
kernels_of_mine = (nothing, nothing)

def step(self, ppu, n, by=2):
    yield ppu.wait(n * by)

def pick(self, ppu, n):
    if n > 3:
        return n - 3
    yield ppu.wait(n & 31)
    return n + 10

def add(self, a, b=1):
    return a + b * SCALE

@staticmethod
def both(ppu, a, b):
    yield ppu.ring(a & 1, b & 7)

@property
def doubled(self):
    return self.count * 2

def nested(self, ppu, rows, n):
    for i, row in enumerate(rows):
        for x in row:
            yield ppu.wait(x + n + i)
            if x == n:
                return
    yield ppu.wait(99)
"""
BODIES = {
    "what is known": """
        yield ppu.wait(self.count + self.doubled + SCALE + twice(4) + len(self.rows) + Mode.ON)
        yield ppu.wait(settings.count + settings.deep.rows[1] + Sizes.settings.count + Sizes.small)
        yield ppu.wait(self.array[1] + self.table[-2] + max(self.table) + sum(r[0] for r in self.rows))
        for kernel in self.kernels_of_mine:
            yield ppu.run(kernel)
        return ppu.hemisphere
    """,
    "branches on what is known leave nothing of the other way": """
        if self.on and Mode.OFF == 0:
            yield ppu.wait(1)
        else:
            yield ppu.missing(3)
        if not self.on:
            return self.does_not_exist
        return 1 if self.on else self.neither_does_this
    """,
    "loops over ranges": """
        for i in range(3):
            yield ppu.wait(i)
        for i in range(ppu.word('s')):
            yield ppu.wait(i)
        for i in range(2, 9, 3):
            yield ppu.wait(i)
        for i in range(9, -1, -4):
            yield ppu.wait(i + 10)
        for i in range(ppu.word('s', 4), ppu.word('s', 6), -1):
            yield ppu.wait(i)
        for i in range(ppu.word('s', 1)):
            yield ppu.wait(77)
        for i in range(0):
            yield ppu.wait(78)
        for i in range(5, 5):
            yield ppu.wait(79)
        for i in range(0, ppu.word('s', 5), 4):
            yield ppu.wait(i)
        for i in range(self.count, self.doubled):
            yield ppu.wait(i)
        return 0
    """,
    "loops over what is known": """
        for n in self.table[:3:2]:
            yield ppu.wait(n)
        for i, n in enumerate([4, 2]):
            yield ppu.wait(10 * i + n)
        for a, b in zip((1, 2), self.rows):
            yield ppu.wait(a + b[1])
        for i, (a, b) in enumerate(self.rows):
            yield ppu.wait(i + a * b)
        for x in self.array:
            yield ppu.wait(x)
        for name in self.names:
            yield ppu.wait(ppu.word(name, 1) & 15)
        for a, b in itertools.pairwise(self.array):
            yield ppu.wait(b - a)
        for i in reversed(range(3)):
            yield ppu.wait(i)
        for i in sorted(self.table[2:]):
            yield ppu.wait(i)
        for i in ():
            yield ppu.wait(99)
        return 0
    """,
    "a range whose variable has to be known is unrolled": """
        for i in range(3):
            yield ppu.load_row(0, into=('s', 'u', 's')[i])
            for row in self.rows[i]:
                yield ppu.wait(row)
        for i in range(len(self.rows)):
            yield ppu.load_weights(self.rows[i], half=0, into='s')
        return 0
    """,
    "break, continue and return in nested loops": """
        total = 0
        for i in range(ppu.word('s', 5)):
            if i == 2:
                continue
            for j in range(i):
                if j == 3:
                    break
                if i + j == 8:
                    return total
                total += j
                yield ppu.wait(10 * i + j)
            while True:
                total += 1
                if total & 3 == 0:
                    break
                if total > 1000:
                    continue
                yield ppu.wait(total)
        return 99
    """,
    "while": """
        n = ppu.word('s')
        while n:
            n -= 1
            yield ppu.wait(n)
        while ppu.word('s', n) > 2 and n < 7:
            n += 1
            yield ppu.wait(n)
        while self.on:
            n += 2
            if n > 20:
                break
        while False:
            yield ppu.wait(3)
        return n
    """,
    "elif": """
        for i in range(8):
            x = ppu.word('s', i)
            if x < 0:
                y = 1
            elif x < 3:
                y = 2
            elif x == 4 or x == 9:
                yield ppu.wait(40)
                y = 3
            elif not x & 1:
                y = x << 1
            else:
                y = 5
            yield ppu.wait(y)
        return y
    """,
    "conditional expressions, and, or with words inside": """
        x = ppu.word('s')
        y = ppu.word('s', 1) if x > 2 else ppu.word('s', x + 99)
        z = x > 100 and ppu.word('s', x + 100)
        w = x or ppu.word('s', x + 100)
        yield ppu.wait((y & 7) + z + w)
        if x < 0 or ppu.word('s', 2) == 4 and ppu.word('s', 3) == 1:
            yield ppu.wait(1)
        if x > 5 and ppu.word('s', x + 1000) or not ppu.word('s', 5):
            yield ppu.wait(2)
        a = ppu.word('s', 0) and ppu.word('s', 1)
        b = 0 or ppu.word('s', 6)
        yield ppu.wait(5 if a < 0 < b else 6)
        c = (x if x > 9 else y if y > 9 else w if w > 9 else 12)
        return a * 100 + b + c + (1 if self.on else ppu.word('missing'))
    """,
    "chained comparisons": """
        x = ppu.word('s')
        y = ppu.word('s', 4)
        a = 0 < x <= 3 < y != 6
        b = x < y < x
        yield ppu.wait(a + 2 * b)
        return 1 < self.count < y < 9
    """,
    "several at once": """
        a, b = ppu.word('s'), 2
        a, b = b, a
        yield ppu.wait(a * 10 + b)
        a, b, c = b + 1, a, a + b
        yield ppu.wait(a * 100 + b * 10 + c)
        (a, b), c = (c, a), b
        yield ppu.wait(a * 100 + b * 10 + c)
        [a, b] = [b, 7]
        row, (left, right) = 5, self.rows[1]
        yield ppu.wait(row + left + right)
        a, b, c = self.array
        n, kernel = ppu.word('s', 2), self.kernels_of_mine[0]
        yield ppu.run(kernel)
        for i in range(3):
            a, b, c = b, c, a
            yield ppu.wait(a)
        n, m = n > 3, n < 3
        return a + 2 * b + 4 * n + 8 * m
    """,
    "augmented assignment": """
        x = 5
        for i in range(4):
            x += i
            x -= 1
            x *= 3
            x &= 255
            x |= 1
            x ^= 8
            x <<= 1
            x >>= 2
            yield ppu.wait(x)
        return x
    """,
    "routines": """
        x = ppu.word('s')
        yield from self.step(ppu, x)
        yield from self.step(ppu, x, by=x)
        yield from self.step(ppu, 4)
        yield from self.step(n=1, by=6, ppu=ppu)
        y = yield from self.pick(ppu, x + 2)
        z = yield from self.pick(ppu, y)
        yield from self.both(ppu, y, z)
        yield from self.nested(ppu, self.rows, 3)
        yield from self.nested(ppu, self.rows[1:], x + 1)
        w = yield from from_outside(ppu, x, step=2)
        w = yield from from_outside(ppu, w)
        yield from closed(ppu, 3)
        return w + self.add(x) + self.add(2, b=3) + twice(x)
    """,
    "chains and arguments": """
        x = ppu.word('s')
        yield ppu.chain(ppu.run(put, x), ppu.load_row(x + 1, into='s'), ppu.run(nothing))
        yield ppu.run(put, -x)
        yield ppu.run(put_unsigned, ppu.word('u'))
        yield ppu.read_cadc('s', (0, 1))
        yield ppu.read_cadc(into='s')
        yield ppu.inject_event((1, 2), row_select=x, label=3)
        yield ppu.write_generator(3, period=x, rate=7)
        yield ppu.load_row(3, into=(V1, V2))
        yield ppu.send(1, source='s', into='not mine', line=2)
        yield ppu.wait(*[4])
        yield ppu.play(x, ring=(0, 1))
        yield ppu.load_weights(self.rows[ppu.word('s', 3)], 0, into='s')
        yield ppu.load_weights(range(2, 4), 0, 's')
        return 0
    """,
    "tables": """
        for i in range(4):
            yield ppu.wait(self.table[i] & 15)
        x = ppu.word('s')
        i = x & 1
        return self.array[i] + [4, 5, 6][x - 1] + self.table[ppu.word('s', 3)] + (7, 9)[i > 0]
    """,
    "a parameter that changes": """
        n = yield from self.pick(ppu, 2)
        self_count = self.count
        self_count += 1
        yield ppu.wait(self_count)
        return n
    """,
    "nothing": "return 0\nyield",
    "docstrings and pass": """
        'What it does.'
        pass
        yield ppu.wait(1)
        return None
    """,
}


@pytest.mark.parametrize("name", BODIES)
def test_a_task_does_what_its_generator_does(tmp_path, name):
    made = program(tmp_path, clean(BODIES[name]), ATTRIBUTES, OUTSIDE)
    check_against_generator(made, regions_of(made, **REGIONS))


def clean(text):
    lines = text.strip("\n").split("\n")
    indent = len(lines[0]) - len(lines[0].lstrip())
    return "\n".join(line[indent:] for line in lines)


@pytest.mark.skipif(bool(numba_config.DISABLE_JIT), reason="there is no machine code")
@pytest.mark.parametrize(
    "name",
    ["break, continue and return in nested loops", "conditional expressions, and, or with words inside", "routines"],
)
def test_machine_code_and_plain_text_have_the_same_state_after_every_advance(tmp_path, name):
    made = program(tmp_path, clean(BODIES[name]), ATTRIBUTES, OUTSIDE)
    check_against_generator(made, regions_of(made, **REGIONS), machine=True)


INHERITED = """
class P(Base):
    memory = MEMORY
    kernels = ()

    def main(self, ppu):
        yield ppu.wait(1)
        code = yield from super().main(ppu)
        n = yield from self.step(ppu, code)
        return n

    def step(self, ppu, n):
        yield ppu.wait(n)
        more = yield from super().step(ppu, n + 1)
        return more + 1


class Q(P):
    def main(self, ppu):
        code = yield from super().main(ppu)
        more = yield from super().step(ppu, code)
        return more
"""


def test_super_is_looked_up_as_python_does(tmp_path):
    made = module(tmp_path, HEAD + OUTSIDE + INHERITED)
    for program_class in (made.P, made.Q):
        check_against_generator(program_class(), regions_of(program_class()))


TYPED = """
x = ppu.word('u')
y = ppu.word('s', 1)
yield ppu.wait(x > 5)
yield ppu.wait(x >> 28)
yield ppu.wait(x + 0x10000000)
yield ppu.wait(u32(y) >> 31)
yield ppu.wait(i32(x) >> 31)
z: u32 = 3
z -= 4
yield ppu.wait(z == 0xFFFFFFFF)
total = 0
for i in range(3):
    total = total + ppu.word('u', 2)
yield ppu.wait(total)
yield ppu.wait(divide(x, 16) >> 20)
yield ppu.wait(minimum(x, 9) + maximum(x, 2) >> 4)
yield ppu.wait(y * 2000000000 + 7)
yield ppu.wait(u8(y) + i8(ppu.word('c')))
w = yield from self.double(ppu, x)
yield ppu.wait(w)
v = yield from self.double(ppu, y)
return v
"""


def test_numbers_are_i32_and_u32(tmp_path):
    double = "def double(self, ppu, n):\n    yield ppu.wait(n >> 4)\n    return n * 2"
    made = program(tmp_path, TYPED, double)
    runs = run_plain(made, regions_of(made, **REGIONS))
    values = [operation.arguments[0] for operation in runs.operations]
    wrapped = (-2000000000 + 7 + 2**31) % 2**32 - 2**31
    expected = [1, 15, 0, 1, -1, 1, 6, 0xF0, 0x0F000000, wrapped, 255 + 200 - 256, 0x0F000000, 0xE0000000, -1]
    assert values == expected and runs.result == -2


def test_the_time_base_counts_cycles_in_64_bits(tmp_path):
    body = """
start = ppu.time_base
yield ppu.wait(3)
end = ppu.time_base
yield ppu.wait(i32(end - start))
yield ppu.wait(end > start)
yield ppu.wait_until(end + 1000)
deadline = start + 100
while ppu.time_base < deadline:
    pass
late = yield from self.late(ppu, deadline)
return late
"""
    made = program(
        tmp_path, body, "def late(self, ppu, at):\n    yield ppu.wait(1)\n    return i32(ppu.time_base - at)"
    )
    runs = Runs(form_of(made), regions_of(made), [plain(form_of(made))]).run(take_ns=400_000_000_000)
    first, second = runs.operations[1].arguments[0], runs.operations[3].arguments[0]
    assert runs.operations[2].arguments == (1,)
    slept = 400_000_000_000 // 4  # cycles, more than 32 bits
    assert 0 < (first - slept) % 2**32 < 20
    assert 1000 < second - slept < 1100
    assert isinstance(runs.result, int) and runs.operations[-1].arguments == (1,)


@pytest.mark.parametrize(
    ("line", "value", "known"),
    [
        ("yield ppu.wait(divide(3, x - 3))", 0, {}),
        ("yield ppu.wait(self.table[x + 1])", 4, {}),
        ("yield ppu.wait(self.table[x - 4])", -1, {}),
        ("yield ppu.wait(ppu.word('s', x + 5))", 8, {}),
        ("yield ppu.wait(ppu.word('s', -x))", -3, {}),
        ("yield ppu.load_weights(self.rows[x], 0, into='s')", 3, {}),
        ("y = x > 2 and divide(1, x - 3)", 0, {}),
    ],
)
def test_faults_name_line_and_value(tmp_path, line, value, known):
    made = program(tmp_path, f"x = ppu.word('s')\nyield ppu.wait(1)\n{line}\nreturn 0", ATTRIBUTES, OUTSIDE)
    with pytest.raises(Fault) as caught:
        run_plain(made, regions_of(made, **REGIONS))
    number, found = caught.value.args
    assert found == value
    file = made.main.__func__.__code__.co_filename
    with open(file, encoding="utf-8") as text:
        assert text.read().split("\n")[number - 1].strip() == line


@pytest.mark.skipif(bool(numba_config.DISABLE_JIT), reason="there is no machine code")
def test_faults_are_the_same_in_machine_code(tmp_path):
    body = "x = ppu.word('s')\nfor i in range(9):\n    yield ppu.wait(divide(12, x - i))\nreturn 0"
    made = program(tmp_path, body)
    form, regions = form_of(made), regions_of(made, **REGIONS)
    runs = Runs(form, regions, [plain(form), machine_code(form, regions)])
    with pytest.raises(Fault):
        runs.run()
    assert [operation.arguments[0] for operation in runs.operations] == [4, 6, 12]


def test_one_routine_serves_all_calls_with_the_same_known_arguments(tmp_path):
    body = """
x = ppu.word('s')
yield from self.step(ppu, x)
yield from self.step(ppu, x + 1)
yield from self.step(ppu, x, 3)
yield from self.step(ppu, x, 3)
yield from self.step(ppu, u32(x))
yield from self.step(ppu, 4)
return 0
"""
    form = form_of(program(tmp_path, body, ATTRIBUTES, OUTSIDE))
    assert [task.name for task in form.routines].count("step") == 4  # by=2; by=3; a u32; nothing left to know


def test_each_processor_has_its_own_tasks(tmp_path):
    made = program(tmp_path, "if ppu.hemisphere:\n    yield ppu.wait(1)\nelse:\n    yield ppu.wait(2)\nreturn 0")
    for hemisphere in (0, 1):
        form = form_of(made, hemisphere)
        (request,) = form.requests
        assert request.arguments == (2 - hemisphere,)


def test_a_recursion_that_ends_while_it_is_read_is_none(tmp_path):
    attributes = """
def down(self, ppu, n):
    yield ppu.wait(n)
    if n:
        yield from self.down(ppu, n - 1)
"""
    made = program(tmp_path, "yield from self.down(ppu, 5)\nreturn 0", attributes)
    check_against_generator(made, regions_of(made))


def test_a_list_of_what_is_known_stays_as_it_was_when_it_was_loaded(tmp_path):
    made = program(tmp_path, "for row in self.rows:\n    yield ppu.wait(row[0])\nreturn 0", ATTRIBUTES, OUTSIDE)
    form = form_of(made)
    made.rows[0][0] = 77
    runs = Runs(form, regions_of(made), [plain(form)]).run()
    assert [operation.arguments[0] for operation in runs.operations] == [1, 3, 5]
    np.testing.assert_array_equal(np.diff(runs.times_ns) > 0, True)
