"""Tasks written by tests: compiled, as plain text and as machine code, without a chip around them."""

import numpy as np

from chip.base import constants as c
from chip.ppu import Memory, VectorUnit, i8, i32, u8, u32
from chip.ppu.compiler.tasks.form import TaskForm
from chip.ppu.compiler.tasks.text import (
    END,
    END_NS,
    GIVEN,
    PLACE,
    SITE,
    SLEEP,
    TIME_NS,
    VALUE,
    WATCHED,
)
from chip.ppu.processor.flows.compiled import valued
from chip.ppu.processor.flows.flow import ENDED, FAULT
from chip.ppu.processor.operation import OFFERED, Operation, signatures
from chip.ppu.program import Program
from tests.chip.ppu.compiler.sources import module
from tests.naive.tasks import asked

MEMORY = Memory(s=i32[8], u=u32[4], b=i8[8], c=u8[8])

HEAD = """
import dataclasses
import enum
import itertools
import math
import random
import time
from types import SimpleNamespace

import numpy as np

from chip.ppu import *
from chip.ppu.program import Program
from tests.chip.ppu.compiler.tasks import MEMORY


@kernel
def nothing(v, m):
    pass


@kernel
def put(v, m, x):
    m.s[0] = x


@kernel
def put_unsigned(v, m, x: u32):
    m.u[0] = x


"""


def indented(text, levels):
    return "".join("    " * levels + line + "\n" for line in text.strip("\n").split("\n"))


def source(main, attributes="", outside=""):
    """Return the text of a program ``P`` with the body of its ``main``, what its class has beside, and its module."""
    return (
        f"{HEAD}{outside}\n\nclass P(Program):\n    name = 'p'\n    memory = MEMORY\n"
        f"    kernels = (nothing, put, put_unsigned)\n{indented(attributes, 1) if attributes else ''}\n"
        f"    def main(self, ppu):\n{indented(main, 2)}"
    )


def program(directory, main, attributes="", outside=""):
    return module(directory, source(main, attributes, outside)).P()


def form_of(made, hemisphere=0):
    return TaskForm(made, hemisphere, {name: signatures()[name] for name in OFFERED}, Program.main)


def regions_of(made, **values):
    """Return a program's regions with these values, zeros elsewhere."""
    found = {name: np.zeros(region.length, region.dtype) for name, region in made.memory.items()}
    for name, given in values.items():
        found[name][: len(given)] = given
    return found


def offsets_of(form):
    """Return a place in the SRAM for each region of a form's program."""
    places, position = {}, 0
    for name, region in form.memory.items():
        places[name] = position
        position += -(-region.size // c.VECTOR_BYTES) * c.VECTOR_BYTES
    return places


def arrays_of(form, regions):
    """Return what the function of a form takes beside its state: vector unit, SRAM and constant tables."""
    sram = np.zeros(c.SRAM_BYTES, np.uint8)
    for name, offset in offsets_of(form).items():
        values = regions[name].view(np.uint8)
        sram[offset : offset + values.size] = values
    return VectorUnit().image, sram, np.concatenate([np.zeros(0, np.int64), *form.tables])


def plain(form):
    """Return the function of a form as plain Python."""
    return form.plain_function(offsets_of(form))


def machine_code(form, regions):
    """Return the function of a form in machine code."""
    return form.machine_code(offsets_of(form), np.zeros(form.state_size, np.int64), *arrays_of(form, regions))


class Fault(Exception):
    """A task has faulted: at this line, on this value."""


class Runs:
    """A program's ``main`` that several functions run in step: code and state must be the same after every advance.

    Attributes:
        operations: what it has asked for; times_ns: when each began; result: what it has returned.
    """

    def __init__(self, form, regions, functions, patience_ns=(1, 40, 1000)):
        self.form, self.arrays = form, arrays_of(form, regions)
        self.functions, self.patience_ns = functions, patience_ns
        self.states = [np.zeros(form.state_size, np.int64) for _ in functions]
        back, self._result = form.entry_slots
        for state in self.states:
            state[PLACE], state[back] = form.entry_place, END
            state[WATCHED] = 1  # kernels are operations like others
            state[END_NS] = c.END_NS
        self.operations, self.times_ns, self.result = [], [], None

    def run(self, most=20_000, take_ns=20):
        """Run to the end; an operation takes ``take_ns``. Raises Fault."""
        now_ns = 0
        for number in range(most):
            horizon_ns = now_ns + self.patience_ns[number % len(self.patience_ns)]
            codes = [f(s, *self.arrays, now_ns, horizon_ns) for f, s in zip(self.functions, self.states, strict=True)]
            state = self.states[0]
            assert len(set(codes)) == 1
            assert all(np.array_equal(state, other) for other in self.states[1:])
            code, now_ns = codes[0], state.item(TIME_NS)
            if code == ENDED:
                self.result = state.item(self._result) if state[GIVEN] else None
                return self
            if code == FAULT:
                raise Fault(self.form.unit.sites[state.item(SITE)].line, state.item(VALUE))
            if code != SLEEP:
                self.operations.append(valued(self.form.requests[code], state))
                self.times_ns.append(now_ns)
                now_ns += take_ns
        raise AssertionError("the program does not end")


def run_plain(made, regions):
    """Return a program's run by its plain text, which must do what the generator does."""
    form = form_of(made)
    return Runs(form, regions, [plain(form)]).run()


def plain_value(argument):
    """Return an argument of an operation as a value that compares equal where it is meant to be."""
    if isinstance(argument, Operation):  # an operation of a chain
        return argument.name, tuple(map(plain_value, argument.arguments))
    if isinstance(argument, np.ndarray | list | tuple | range):
        return tuple(plain_value(element) for element in argument)
    return argument


def check_against_generator(made, regions, machine=False):
    """Check that a compiled program asks for the same as the generator that it looks like; return its run."""
    form = form_of(made)
    functions = [plain(form), *([machine_code(form, regions)] if machine else [])]
    runs = Runs(form, regions, functions).run()
    operations, result = asked(made, regions)
    assert list(map(plain_value, runs.operations)) == list(map(plain_value, operations))
    assert runs.result == result
    return runs
