"""Programs from operation to operation: compiled or plain they do the same, and two processors share nothing."""

import importlib.util
import itertools
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.base.registers import Registers
from chip.chip import Chip
from chip.ppu import Memory, i32, kernel, u8, u32
from chip.ppu.program import Program, UncompiledProgram
from chip.testing import UncompiledScript, chip_bytes, load_firmware
from chip.testing.random_programs import KERNELS, MEMORY, random_image, steps
from tests.chip.ppu.processor.programs import build, sleep

NUMBERS = itertools.count()


def idle():
    """Registers of a chip on which nothing depends on time."""
    registers = Registers()
    registers.leak_lsb[...] = registers.reset_lsb[...] = 80
    return registers


def written(operations):
    """Return a main that yields operations, written down one by one in a file."""

    def shown(argument):
        return argument.name if argument in KERNELS else repr(argument)

    lines = ["from chip.testing.random_programs import mix, nudge", "", "", "def main(self, ppu):"]
    lines += [f"    yield ppu.{one.name}({', '.join(shown(a) for a in one.arguments)})" for one in operations]
    lines += ["    yield ppu.wait(1)", "    return 3", ""]
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / f"written_{next(NUMBERS)}.py"
        path.write_text("\n".join(lines))
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield module.main


def outcome(kind, main, seed):
    """Run a main as a program of a kind; return what was done, and everything that it came to but times."""
    members = {"memory": MEMORY, "kernels": KERNELS, "main": main, "image": lambda self: random_image(seed)}
    chip = load_firmware(Chip(ChipConfig.ideal()), type("Written", (kind,), members)(), registers=idle())
    done = []
    chip.processors[0].observers.append(lambda ppu, operation: done.append(operation))
    codes = chip.link.run()
    left_out = {"losses, time", "top cycles, exit code", "membranes", "top SRAM"}  # where the code is, is no region
    left = {name: value for name, value in chip_bytes(chip).items() if name not in left_out}
    left = {name: value for name, value in left.items() if not name.startswith("analog core")}
    left |= {name: region.tobytes() for name, region in chip.processors[0].regions.items()}
    cycles = {part: count for part, count in chip.processors[0].cycles.items() if part != "control"}
    events = {name: count for name, count in chip.counters().items() if name not in ("grid_steps", "quiet_blocks")}
    return done, codes, left, cycles, chip.losses(), events


@settings(max_examples=25, deadline=None)
@given(st.lists(steps(), max_size=12), st.integers(0, 2**32 - 1))
def test_a_straight_line_is_the_same_compiled_and_plain(operations, seed):
    for main in written(operations):
        compiled, plain = outcome(Program, main, seed), outcome(UncompiledProgram, main, seed)
    done = [*map(_plain, operations), ("wait", [1])]
    assert [*map(_plain, compiled[0])] == [*map(_plain, plain[0])] == done
    assert compiled[1:] == plain[1:] and compiled[1] == [3]


def _plain(operation):
    """Return an operation with lists for sequences of any kind."""
    return operation.name, [list(one) if isinstance(one, (list, tuple)) else one for one in operation.arguments]


# ---------------------------------------------------------------------- one object, two processors


@kernel
def add(v, m, amount):
    m.total[0] = m.total[0] + amount
    m.row[amount & 255] = 1


class Shared(Program):
    """Counts to a number that depends on its side; each side's rounds, words and rows are its own."""

    name = "shared"
    memory = Memory(total=i32[1], start=u32[1], row=u8[256])
    kernels = (add,)
    steps = ((3, 5), (7, 11))

    def image(self):
        return {"start": np.array([2], np.uint32)}

    def main(self, ppu):
        rounds = i32(ppu.word("start")) + 4 * ppu.hemisphere
        for number in range(rounds):
            yield ppu.run(add, self.steps[ppu.hemisphere][number & 1])
            yield ppu.store_row(number + 10 * ppu.hemisphere, source="row")
        return i32(ppu.word("total"))


class SharedPlain(Shared, UncompiledProgram):
    def main(self, ppu):
        rounds = ppu.word("start") + 4 * ppu.hemisphere
        for number in range(rounds):
            yield ppu.run(add, self.steps[ppu.hemisphere][number & 1])
            yield ppu.store_row(number + 10 * ppu.hemisphere, source="row")
        return ppu.word("total")


@pytest.mark.parametrize("kind", [Shared, SharedPlain])
def test_one_object_on_both_processors_shares_nothing(kind):
    program = kind()
    before = dict(vars(program))
    both = build(program, program)
    assert both.link.run() == [8, 3 * 7 + 3 * 11] and vars(program) == before
    assert both.link.run() == [16, 2 * 54]  # it goes on with what is in its memory
    if kind is Shared:
        top, bottom = (ppu.flow for ppu in both.processors)
        assert not np.shares_memory(top.state, bottom.state)
    for side in (c.TOP, c.BOTTOM):
        programs = [UncompiledScript(sleep), UncompiledScript(sleep)]
        programs[side] = kind()
        alone = build(*programs)
        for _ in range(2):
            alone.link.run()
        name = alone.processors[side].name
        for part in ("SRAM", "cycles, exit code"):
            assert chip_bytes(alone)[f"{name} {part}"] == chip_bytes(both)[f"{name} {part}"]
        assert (alone.weights()[side] == both.weights()[side]).all()
