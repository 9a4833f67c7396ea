"""500 random kernels leave the bytes that the same programs in C leave, compiled by gcc: stepped, and 70 compiled.

A kernel takes a second to compile; who changes the compiler raises ``COMPILED`` to all of them.
"""

import dataclasses

import numpy as np
import pytest
from numba.core.config import DISABLE_JIT

from chip import Chip, ChipConfig
from chip.ppu import KernelError, VectorUnit
from chip.ppu.processor.linking import link_program
from chip.ppu.stepping import steps
from chip.testing import load_firmware
from chip.testing.code.code import Code
from chip.testing.code.loading import module_from_text
from chip.testing.code.programs import Case, seeded_kernel, seeded_task
from chip.testing.code.tree import Call, Do, Expression, Return, Run, Wait, walk
from tests.chip.ppu.compiler.c_library import CLibrary, compile_c, needs_gcc
from tests.naive.c_code import C_TYPES, PREAMBLE, CRoutine

KERNELS, AT_ONCE = 500, 50
LIMIT_CYCLES = 3_000_000
FIRST = range(0, KERNELS, AT_ONCE)
COMPILED = [(0, 20), pytest.param(50, AT_ONCE, marks=pytest.mark.slow)]  # from a seed on, so many


@pytest.fixture(scope="module")
def libraries(tmp_path_factory):
    """Return the function that gives the library of the kernels from a first seed on, each made once."""
    known = {}

    def library(first):
        if first not in known:
            cases = [seeded_kernel(seed) for seed in range(first, first + AT_ONCE)]
            known[first] = CLibrary(tmp_path_factory.mktemp("c"), cases)
        return known[first]

    return library


def stepped(case):
    """Return the regions that a kernel leaves in plain Python."""
    regions = case.regions()
    for integers in case.calls:
        for _ in steps(case.kernel, VectorUnit(), regions, *integers, limit_cycles=LIMIT_CYCLES):
            pass
    return regions


def compiled(case):
    """Return the regions that a kernel leaves in machine code."""
    regions = case.regions()
    bound = case.kernel.bind(VectorUnit(), regions)
    bound.compile()
    for integers in case.calls:
        bound(LIMIT_CYCLES, *integers)
    return regions


def check(library, run, count=AT_ONCE):
    assert len(library.cases) == AT_ONCE
    for number, case in enumerate(library.cases[:count]):
        regions, expected = run(case), library.regions(number)
        assert regions.keys() == expected.keys()
        for name, region in regions.items():
            assert np.array_equal(region, expected[name]), f"{case}\n# {name}: {region} in C {expected[name]}"


@needs_gcc
@pytest.mark.parametrize("first", FIRST)
def test_stepped(libraries, first):
    check(libraries(first), stepped)


@needs_gcc
@pytest.mark.parametrize("first, count", COMPILED)
def test_compiled(libraries, first, count):
    check(libraries(first), compiled, count)


@needs_gcc
def test_types_are_those_of_c(tmp_path):
    """What the rules of drawn programs say of an expression's type, gcc says too, of every one of them."""
    lines, seen = [PREAMBLE], set()
    for code in (seeded_kernel(seed, unsigned=True).code for seed in range(100)):
        routine = CRoutine(code, code.main, "main")
        variables = "".join(f"{C_TYPES[x.type]} {x.name}; " for x in code.main.parameters + code.main.locals)
        regions = "".join(f"{C_TYPES[x.type]} {x.name}[{x.length}]; " for x in code.regions)
        lines.append(f"void checked{len(lines)}(void) {{ struct {{ {regions}}} *m; {variables}")
        for node in walk(code.main.body):
            if isinstance(node, Expression) and not any(isinstance(x, Call) for x in walk(node)):
                kind = routine.names.type_of(node)
                seen.add((type(node), kind))
                lines[-1] += f"_Static_assert(_Generic({routine.value(node)}, {C_TYPES[kind]}: 1, default: 0));\n"
        lines[-1] += "}"
    compile_c(tmp_path, "\n".join(lines))
    assert {kind for _, kind in seen} == {"i32", "u32"} and len(seen) >= 18


# ---------------------------------------------------------------------- tasks


def as_kernel(case):
    """Return the case of a kernel that does what a task does: what the task runs are subroutines, and nobody waits."""
    *others, task = case.code.routines
    called = [dataclasses.replace(routine, kind="subroutine") for routine in others]
    drawn = dataclasses.replace(task, kind="kernel", body=_without_operations(task.body))
    return Case(Code(case.code.regions, (*called, drawn)), case.contents, ((),))


def _without_operations(block):
    found = []
    for node in block:
        if isinstance(node, Run):
            found.append(Do(Call(node.kernel, node.arguments)))
        elif isinstance(node, Return):
            found.append(Return())
        elif not isinstance(node, Wait):
            inner = {
                name: _without_operations(getattr(node, name)) for name in ("body", "orelse") if hasattr(node, name)
            }
            found.append(dataclasses.replace(node, **inner))
    return tuple(found)


@needs_gcc
def test_tasks_compute_what_they_compute_in_c(tmp_path):
    """The expressions, statements and kernels of tasks, whatever runs them."""
    cases = [dataclasses.replace(seeded_task(seed), calls=((),)) for seed in range(200)]
    library = CLibrary(tmp_path, cases)
    for number, case in enumerate(cases):
        regions, expected = stepped(as_kernel(case)), library.regions(number)
        for name, region in regions.items():
            assert np.array_equal(region, expected[name]), f"{case}\n# {name}: {region}, in C {expected[name]}"


# with their kernels a second each; without the compiler of kernels they are quick
TASKS = [100] if DISABLE_JIT else [3, pytest.param(10, marks=pytest.mark.slow)]


@needs_gcc
@pytest.mark.parametrize("count", TASKS)
def test_tasks_on_a_processor_compute_what_they_compute_in_c(tmp_path, count):
    """The same programs, loaded to a chip: their tasks as one function over places, first plain, then compiled."""
    cases = [dataclasses.replace(seeded_task(seed), calls=((),)) for seed in range(count)]
    library, refused = CLibrary(tmp_path, cases), 0
    for number, case in enumerate(cases):
        expected = library.regions(number)
        try:
            link_program(module_from_text(str(case.code)).Task(), 0)
        except KernelError as error:  # constants of a task are known when it is loaded: no register shifts by -5
            assert "a 32-bit register shifts by 0..31" in str(error) or "is never below 0" in str(error)
            refused += 1
            continue
        for compile_first in (False, True)[: 1 if DISABLE_JIT else 2]:
            regions = on_a_processor(case, compile_first)
            for name, region in regions.items():
                assert np.array_equal(region, expected[name]), f"{case}\n# {name}: {region}, in C {expected[name]}"

    assert refused <= count // 10


def on_a_processor(case, compile_first):
    """Return the regions that a task leaves on a chip."""
    program = module_from_text(str(case.code)).Task()
    contents = case.regions()
    program.image = lambda: contents
    chip = Chip(ChipConfig.ideal())
    load_firmware(chip, program)
    if compile_first:
        chip.processors[0].flow.compile()
    chip.start()
    chip.run()
    return chip.processors[0].regions
