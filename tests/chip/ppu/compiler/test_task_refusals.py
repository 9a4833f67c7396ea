"""What tasks refuse when their program is loaded: with file and line, and what to write instead."""

import pytest

from chip.ppu import KernelError, Memory, Timer, u32
from chip.ppu.program import Program
from tests.chip.ppu.compiler.tasks import check_against_generator, form_of, program, regions_of
from tests.chip.ppu.compiler.test_task_language import ATTRIBUTES as LANGUAGE_ATTRIBUTES
from tests.chip.ppu.compiler.test_task_language import OUTSIDE

ATTRIBUTES = (
    LANGUAGE_ATTRIBUTES
    + """
rate = 0.5
long = list(range(5000))
huge = range(1 << 70)

def maybe(self, ppu, n):
    if n > 3:
        return 1
    yield ppu.wait(1)

def nothing_at_last(self, ppu, n):
    yield ppu.wait(1)
    if n > 3:
        return 1
    return None

def again(self, ppu, n):
    yield ppu.wait(n)
    yield from self.again(ppu, n - 1)

def several(self, ppu, *n):
    yield ppu.wait(1)

def next(self):
    self.count += 1
    return self.count

def plain(self, n):
    return n + 1
"""
)
MEMORY = Memory(flag=u32[1])
KNOWN_REGIONS = "the program's regions are: s, u, b, c"

PYTHON = {
    "W, y = np.random.default_rng(1).normal(size=4), ppu.chip": "calls np.random.default_rng.*, which does not run",
    "y = np.zeros(4)": "calls np.zeros, which does not run on a processor",
    "y = np.tanh(x)": "calls np.tanh, which does not run",
    "y = math.sin(x)": "calls math.sin, which does not run",
    "y = time.time()": "calls time.time, which does not run",
    "y = random.randint(0, 3)": "calls random.randint, which does not run",
    "y = random.random()": "calls random.random, which does not run",
    "y = open('file')": "calls open, which does not run",
    "y = self.rate * x": "uses the float self.rate; the processor has no floating point",
    "y = x * 0.5": "uses the float 0.5; the processor has no floating point",
    "y = x < 0.5": "uses the float 0.5",
    "y = x if x > 3 else 0.5": "uses the float 0.5",
    "y = x / 2": r"divides with /, which gives a float; use divide\(a, b\)",
    "y = x // 2": r"uses //, which rounds down; .* use divide\(a, b\)",
    "y = x % 3": "uses %; use & for powers of two",
    "y = x ** 2": r"uses \*\*",
    "y = x << 40": "shifts by 40",
    "y = [1, x]": "makes a list of what is known only when it runs; keep numbers in variables, or in a region",
    "y = {1: x}": "makes a dict of what is known only when it runs",
    "y = {x}": "makes a set of what is known only when it runs",
    "y = (1, x)": "makes a tuple of what is known only when it runs; keep each number in a variable of its own",
    "y = [i for i in range(x)]": "makes a list of what is known only when it runs; loop",
    "y = []\ny.append(x)": "calls y.append: nothing that a program keeps in Python changes once it is loaded",
    "y = self.rows[0].pop()": "calls self.rows.0..pop: nothing that a program keeps in Python changes",
    "y = self.next()": "calls self.next, which sets the attribute count; what a program keeps in Python is frozen",
    "self.rows.append(x)": "calls self.rows.append: nothing that a program keeps in Python changes",
    "self.count = 3": "sets self.count; what a program keeps in Python is frozen when it is loaded: keep a number in a "
    "variable, or let a kernel write it to a region",
    "self.count += x": "sets self.count; what a program keeps in Python is frozen",
    "self.table[0] = x": r"writes self.table\[0\]; a task writes no memory, let a kernel do it",
    "y = f'{x}'": "makes a text; a program has integers only",
    "print(x)": r"calls print, .* have the program record what you want to see, `yield ppu.record\(name\)`",
    "y = lambda z: z": "uses a lambda; write a method that gets ppu",
    "y = max(x, 3)": r"calls max, which the processor does not have; use maximum\(a, b\)",
    "y = abs(x)": r"use absolute\(x\)",
    "y = int(x)": r"numbers are integers already; u32\(x\) and i32\(x\) convert",
    "y = float(x)": "the processor has no floating point; use fixed point",
    "try:\n    y = 1\nexcept ValueError:\n    y = 2": "uses try; a fault stops the processor, it cannot be caught",
    "with x:\n    y = 1": "uses with",
    "raise ValueError('no')": "raises; end the program by returning an exit code from main, or from a task",
    "assert x > 0": "uses assert; compare, and return an exit code",
    "import os": "imports; import at the top of the file",
    "global z": "uses global; keep a number in a variable, or in a region",
    "def f():\n    pass": "defines a function inside; write a method or a function outside that gets ppu",
    "class C:\n    pass": "defines a class; write it outside",
    "match x:\n    case 1:\n        y = 1": "uses match; use if and elif",
    "y = (z := x)": "uses :=; assign on a line of its own",
    "y = x in (1, 2)": r"uses x in \(1, 2\); compare integers",
    "y = missing": "uses the unknown name missing",
    "y = self.missing": "cannot compute self.missing when it is loaded: AttributeError: 'P' object has no attribute",
    "y = self.table[9]": r"cannot compute self.table\[9\] when it is loaded: IndexError",
    "y = 1 // 0": "cannot compute 1 // 0 when it is loaded: ZeroDivisionError",
    "a = b = x": "assigns to several names at once",
    "a, b = x": r"assigns x to \(a, b\); write a value for each name, `a, b = x, y`",
    "a, b = 1, 2, x": r"unpacks 3 values into \(a, b\)",
    "a, self.count = 1, x": "sets self.count; what a program keeps in Python is frozen",
    "x + 1": r"computes x \+ 1 and does nothing with it",
    "if x:\n    y = 1\nyield ppu.wait(y)": "may use y before it has a value; give it one on every way here",
    "y: u32 = x": "gives a signed number to variable y, which is u32",
    "y = x + ppu.word('u')": "combines a signed number with an unsigned one",
    "y = x + ppu.word('u')\nt = 0\nt = ppu.time_base": "combines a signed number with an unsigned one",
    "y: float = 3": "declares float; a variable is u32 or i32",
    "return 'text'": "uses the string 'text'",
}
PROCESSOR = {
    "y = ppu.regions['s'][0]": r"uses ppu.regions, which reads memory past its booking; read one element by ppu.word\(",
    "y = ppu.sram[0]": "uses ppu.sram, which reads memory past its booking",
    "y = ppu.chip.now_ns": "uses ppu.chip, which reaches for the chip around its processor",
    "y = ppu.environment.now": "uses ppu.environment, which reaches for the simulation's clock; read ppu.time_base",
    "y = ppu.vector": "uses ppu.vector, which reaches into the vector unit; let a kernel do it",
    "y = ppu.config.seed": "uses ppu.config, which reads the chip's settings",
    "yield ppu.missing(1)": "uses ppu.missing, which no processor has; its operations are: chain, connect, ",
    "yield ppu.end_tasks()": "uses ppu.end_tasks, which no processor has",
    "ppu.regions['s'][0] = x": "a task writes no memory, let a kernel do it",
    "ppu.wait(3)": r"makes the operation ppu.wait\(3\) and does not yield it; write `yield` before it",
    "y = ppu.wait(3)": r"uses the operation ppu.wait\(3\) as a number; yield it",
    "y = yield ppu.wait(3)": "uses what a yield gives; an operation gives nothing: yield it, then read its region by",
    "yield": r"yields nothing; it can only yield an operation, `yield ppu.run\(kernel\)`",
    "yield x": "yields x; it can only yield an operation",
    "yield ppu.wait": "yields ppu.wait; it can only yield an operation",
    "yield ppu.wait(ppu.wait(3))": r"gives the operation ppu.wait\(3\) to ppu.wait; yield it before",
    "yield from ppu.wait(3)": r"hands on to the operation ppu.wait\(3\); write `yield ppu.wait\(3\)`",
    "yield ppu.wait()": r"calls ppu.wait wrongly: missing a required argument: 'cycles'; it takes wait\(cycles: int\)",
    "yield ppu.wait(1, 2)": r"too many positional arguments; it takes wait\(cycles: int\)",
    "yield ppu.wait(cycle=3)": r"it takes wait\(cycles: int\)",
    "yield ppu.wait(**{'cycles': 3})": r"calls ppu.wait with \*\*; name each argument",
    "yield ppu.wait(*x)": "needs to know these arguments when it is loaded, and x is known only when it runs",
    "yield ppu.wait(0.5)": "gives 0.5 to ppu.wait as cycles; that takes a whole number",
    "yield ppu.wait(self.rate)": "gives 0.5 to ppu.wait as cycles; that takes a whole number",
    "yield ppu.wait('s')": "gives 's' to ppu.wait as cycles; that takes a whole number",
    "yield ppu.wait(None)": "gives None to ppu.wait as cycles",
    "yield ppu.wait(ppu.time_base)": r"gives a time to ppu.wait; write i32\(...\) around it",
    "y = ppu.time_base * 2": "computes .* with a time, a number of 64 bits",
    "y = self.table[ppu.time_base]": "uses the time ppu.time_base, a number of 64 bits, here",
    "yield ppu.store_external(0, source='t')": f"gives region 't' to ppu.store_external as source; {KNOWN_REGIONS}",
    "yield ppu.load_external(0, into='t')": f"gives region 't' to ppu.load_external as into; {KNOWN_REGIONS}",
    "yield ppu.load_row(0, 't')": f"gives region 't' to ppu.load_row as into; {KNOWN_REGIONS}",
    "yield ppu.reset_neurons((0,), mask='t')": f"gives region 't' to ppu.reset_neurons as mask; {KNOWN_REGIONS}",
    "yield ppu.send(1, source='t', into='v', line=0)": f"gives region 't' to ppu.send as source; {KNOWN_REGIONS}",
    "yield ppu.chain(ppu.run(nothing), ppu.load_row(0, into='t'))": "gives region 't' to ppu.load_row as into",
    "yield ppu.load_row(0, into=('s', 't')[x & 1])": "needs to know which one of them when it is loaded",
    "yield ppu.load_row(0, into=3)": "gives 3 to ppu.load_row as into; that takes a region or vector registers",
    "yield ppu.load_row(0, into=x)": "needs to know into of ppu.load_row when it is loaded",
    "yield ppu.read_cadc('s', halves=(0, 0.5))": r"gives \(0, 0.5\) to ppu.read_cadc as halves",
    "yield ppu.chain(ppu.run(nothing), x)": "gives x to ppu.chain, which takes operations, `ppu.chain",
    "yield ppu.run(put)": r"runs kernel put with 0 integers; it takes 1 \(x\)",
    "yield ppu.run(nothing, 1)": r"runs kernel nothing with 1 integers; it takes 0 \(none\)",
    "yield ppu.run(put, 0.5)": "gives 0.5 to ppu.run as arguments; that takes a whole number",
    "yield ppu.run(put, ppu.word('u'))": "gives an unsigned number to parameter x of put, which is i32",
    "yield ppu.run(put_unsigned, x)": "gives a signed number to parameter x of put_unsigned, which is u32",
    "yield ppu.run(put_unsigned, -1)": "gives -1 to parameter x of put_unsigned, which is u32",
    "yield ppu.run(put, 0x80000000)": "gives 2147483648 to parameter x of put, which is i32",
    "yield ppu.run('nothing')": "runs 'nothing', which is no kernel; decorate a function by @kernel",
    "yield ppu.run(twice, 3)": "runs twice, which is no kernel",
    "yield ppu.run(elsewhere)": "runs kernel elsewhere, which its program's `kernels` do not list: nothing, put",
    "yield ppu.run(x)": "needs to know which kernel it runs when it is loaded",
    "put(1)": r"calls the kernel put; let the processor run it: `yield ppu.run\(...\)`",
    "add8_sat(x, V0, V1, V2)": "calls add8_sat, which runs in kernels alone; let a kernel do it",
    "y = ppu.word('t')": f"reads region 't'; {KNOWN_REGIONS}",
    "y = ppu.word('s', 8)": "reads element 8 of region s, whose elements are 0..7",
    "y = ppu.word('s', -1)": "reads element -1 of region s",
    "y = ppu.word(x)": "needs to know a region when it is loaded",
    "y = ppu.word({}, 0)": "reads region {}; the program's regions are",
    "y = ppu.word('s', ppu)": "uses ppu, a Ppu; there are integers only",
    "x += ppu": "uses ppu, a Ppu; there are integers only",
    "return ppu": "uses ppu, a Ppu; there are integers only",
    "a, b = ppu": r"unpacks the processor, which is no sequence, into \(a, b\)",
    "yield ppu.wait(ppu)": "gives the processor to ppu.wait as cycles; that takes a whole number",
    "yield ppu.run(put, ppu)": "gives the processor to ppu.run as arguments; that takes a whole number",
    "yield ppu.wait_doorbell(*3)": "unpacks 3, which is no sequence, into arguments",
    "yield ppu.chain(*None)": "unpacks None, which is no sequence, into arguments",
    "yield ppu.connect(range(10**9))": r"gives range\(0, 1000000000\) to ppu.connect as what; that takes a name",
    "yield ppu.wait_doorbell_until(1, 5)": "gives 1 to ppu.wait_doorbell_until as lines; that takes a sequence",
    "y = ppu.word()": "calls ppu.word wrongly; it takes a region and an index, ppu.word",
    "y = ppu.word('s', 0.5)": "uses the float 0.5",
}
ROUTINES = {
    "yield from self.step": r"hands on to self.step; hand on to a call, `yield from self.step\(ppu\)`",
    "yield from self.step(ppu)": r"wrongly: missing a required argument: 'n'; it takes step\(ppu, n, by=2\)",
    "yield from self.step(ppu, 1, 2, 3)": r"too many positional arguments; it takes step\(ppu, n, by=2\)",
    "yield from self.step(ppu, n=1, to=2)": r"unexpected keyword argument 'to'; it takes step\(ppu, n, by=2\)",
    "self.step(ppu, 3)": "calls self.step, which waits, without handing on to it; write `yield from` before it",
    "y = self.step(ppu, x)": "calls self.step, which waits, without handing on to it",
    "yield self.step(ppu, 3)": "it can only yield an operation",
    "y = yield from self.plain(x)": "hands on to self.plain, which never waits; call it without `yield from`",
    "y = yield from self.step(ppu, 3)": r"uses the value of .*, which has none",
    "y = yield from self.maybe(ppu, x)": "calls maybe, which returns a number on some ways and none on others",
    "y = yield from self.nothing_at_last(ppu, x)": "calls nothing_at_last, which returns a number",
    "yield from self.again(ppu, x)": "task again calls again, which calls it again; the stack does not allow recursion",
    "yield from self.again(ppu, 3)": "task again calls again, which calls it again; the stack does not allow recursion",
    "yield from self.several(ppu, 3)": r"takes \* or \*\*; name each parameter",
    "y = missing(x)": "calls missing, which does not run on a processor",
    "self.plain(x)": "calls self.plain and does nothing with it",
}
LOOPS = {
    "for i in x:\n    yield ppu.wait(i)": "needs to know what it loops over, unless it is range",
    "for i in [x, 3]:\n    yield ppu.wait(i)": "needs to know what it loops over",
    "for i in range(0, 5, x):\n    yield ppu.wait(i)": "loops with the step x; the step must be a constant",
    "for i in range(5, 1, 0):\n    y = 1": r"cannot compute range\(5, 1, 0\) when it is loaded: ValueError",
    "for i in range(0.5):\n    y = 1": "cannot compute range.*'float' object cannot be interpreted as an integer",
    "for i in range(x):\n    y = 1\nelse:\n    y = 2": "uses else after a loop; use a variable",
    "while x:\n    y = 1\nelse:\n    y = 2": "uses else after a loop; use a variable",
    "for i in self.rows:\n    if x:\n        break": "uses break in a loop over self.rows, which is unrolled",
    "for i in self.rows:\n    if x:\n        continue": "uses continue in a loop over self.rows, which is unrolled",
    "for i in self.long[::-1] + [3]:\n    yield ppu.wait(i)": "loops over 5001 elements of .*; at most 4096 can be",
    "for i in self.huge:\n    yield ppu.wait(1)": f"uses {1 << 70}, which does not fit in 32 bits",
    "for i in range(5_000_000_000):\n    yield ppu.wait(1)": "uses 5000000000, which does not fit in 32 bits",
    "for i in range(0, 9, 5_000_000_000):\n    yield ppu.wait(1)": "uses 5000000000, which does not fit",
    "for i in range(-1, 0x80000003):\n    yield ppu.wait(1)": r"one in range\(-1, 2147483651\): as in C the signed",
    "y = self.huge[x & 1]": "takes an element of self.huge, which reaches beyond 32 bits",
    "y = range(-1, 0xffff_ffff)[x & 1]": r"takes an element of range\(-1, 4294967295\), which reaches beyond 32 bits",
    "for i in 3:\n    yield ppu.wait(i)": "loops over 3, which is no sequence",
    "for i, j in self.table:\n    yield ppu.wait(i)": r"unpacks 5, which is no sequence, into \(i, j\)",
    "for self.count in range(3):\n    y = 1": "assigns to self.count; assign to a variable",
    "for i in self.rows:\n    y = 1\nfor i in range(x):\n    y = 1\nyield ppu.wait(i)": "may use i before",
}
ALL = PYTHON | PROCESSOR | ROUTINES | LOOPS
ELSEWHERE = "\n\n@kernel\ndef elsewhere(v, m):\n    pass\n"


@pytest.mark.parametrize("lines", ALL)
def test_refusals_name_file_line_and_what_to_do(tmp_path, lines):
    made = program(
        tmp_path, f"x = ppu.word('s')\n{lines}\nyield ppu.wait(1)\nreturn 0", ATTRIBUTES, OUTSIDE + ELSEWHERE
    )
    with pytest.raises(KernelError, match=ALL[lines]) as caught:
        form_of(made)
    file = made.main.__func__.__code__.co_filename
    found, line, rest = str(caught.value).split(":", 2)
    assert found == file and rest.startswith(" task ") and "\n" not in rest
    with open(file, encoding="utf-8") as text:
        refused = text.read().split("\n")[int(line) - 1].strip()
    inside = {"yield from self.again(ppu, n - 1)", "def several(self, ppu, *n):"}
    assert refused in {*(part.strip() for part in lines.split("\n")), *inside}


@pytest.mark.parametrize(
    "lines",
    [
        *("y = 0.5\nyield ppu.wait(int(y * 4))", "y = self.rate * 4\nyield ppu.wait(int(y))"),
        *(
            "yield ppu.wait(sum([1, 2]))",
            "y = [i * 2 for i in range(3)]\nyield ppu.wait(y[2])",
            "yield ppu.wait(len(self.rows))",
        ),
        *("y = {'a': 1}\nyield ppu.wait(y['a'])", "y = self.plain(3)\nyield ppu.wait(y)", "yield ppu.wait(max(3, 4))"),
        *("if self.rate > 0.25:\n    yield ppu.wait(1)", "yield ppu.reset_neurons(halves=(0,), mask=None)"),
        *("yield ppu.send(1, source='s', into='of the other PPU', line=0)", "y = 'text'\nif y:\n    yield ppu.wait(2)"),
    ],
)
def test_what_is_known_may_be_any_python(tmp_path, lines):
    made = program(tmp_path, f"{lines}\nyield ppu.wait(1)\nreturn 0", ATTRIBUTES, OUTSIDE)
    check_against_generator(made, regions_of(made))


class Starting(Program):
    """Its task begins the scheduler that runs it."""

    name = "starting"
    tasks = (Timer(10, 10, 1),)
    memory = MEMORY

    def on_timer(self, ppu):
        yield from super().main(ppu)


class StartingItself(Program):
    """Its task is the main that hands on to the scheduler."""

    name = "starting"
    tasks = (Timer(10, 10, 1, task="main"),)
    memory = MEMORY

    def main(self, ppu):
        yield ppu.wait(1)
        return (yield from super().main(ppu))


class StartingAtLength(Starting):
    """Its main runs the scheduler, whose task begins it once more."""

    def main(self, ppu):
        yield ppu.wait(1)
        return (yield from super().main(ppu))

    def on_timer(self, ppu):
        yield from self.main(ppu)


@pytest.mark.parametrize("kind", [Starting, StartingItself, StartingAtLength])
def test_a_task_that_starts_the_scheduler_that_runs_it_is_recursion(kind):
    with pytest.raises(KernelError, match=r"test_task_refusals.py:\d+: task .* calls \w+, which calls it again"):
        form_of(kind())
