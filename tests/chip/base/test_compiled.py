"""The compile cache: used by later processes, renewed when a callee changes, absent where it cannot be written."""

import os
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import llvmlite.binding
import numpy as np
import pytest
from numba.core import config as numba_config

from chip.base import compiled as subject

PROJECT = Path(subject.__file__).parents[2]
needs_compiler = pytest.mark.skipif(bool(numba_config.DISABLE_JIT), reason="nothing is compiled")

CALLER = """
import numba
before = numba.config.CACHE_DIR
from chip.base.compiled import compiled
from chip.callee import callee
@compiled
def caller(x):
    return callee(x) + 1
assert numba.config.CACHE_DIR == before
print(caller(1), sum(caller.stats.cache_hits.values()))
"""
CALLEE = "from chip.base.compiled import compiled\n@compiled\ndef callee(x):\n    return x * {factor}\n"


@pytest.fixture
def project(tmp_path):
    """Return a copy of a project: the decorator with what it imports, a callee, a caller."""
    base = tmp_path / "chip" / "base"
    base.mkdir(parents=True)
    for package in (base.parent, base):
        (package / "__init__.py").touch()
    for name in ("code_cache.py", "compiled.py", "errors.py", "imports.py", "recursion.py"):
        (base / name).write_text((Path(subject.__file__).parent / name).read_text())
    (tmp_path / "chip" / "callee.py").write_text(CALLEE.format(factor=10))
    (tmp_path / "chip" / "caller.py").write_text(CALLER)
    return tmp_path


def run(project, cache, **environment):
    """Run the caller in a fresh process; return its result and the number of functions loaded from the cache."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    environment = {**inherited, "PLASTICORE_CACHE": str(cache), **environment}
    command = [sys.executable, "-m", "chip.caller"]
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=True)
    return [int(word) for word in done.stdout.split()]


@needs_compiler
def test_a_second_process_loads_and_a_changed_callee_is_noticed(project, tmp_path):
    cache = tmp_path / "cache"
    assert run(project, cache) == [11, 0]
    assert run(project, cache) == [11, 1]
    (project / "chip" / "callee.py").write_text(CALLEE.format(factor=20))
    assert run(project, cache) == [21, 0]
    assert run(project, cache, NUMBA_BOUNDSCHECK="1") == [21, 0]


def test_options_pass_and_the_bare_form_works():
    @subject.compiled
    def bare(x):
        return x + 1

    @subject.compiled(cache=False, boundscheck=True)
    def checked(array, index):
        return array[index]

    import numpy as np

    assert bare(1) == 2
    with pytest.raises(IndexError):
        checked(np.zeros(3), 3)


@needs_compiler
def test_a_kernel_is_loaded_by_a_later_process(tmp_path):
    script = tmp_path / "kernels.py"
    script.write_text(
        textwrap.dedent("""
        import numpy as np
        from chip.ppu import V3, Memory, VectorUnit, i8, kernel, link, load8
        @kernel
        def f(v, m, x):
            load8(v, V3, m.a, x)
            m.a[0] = x
        memory = Memory(a=i8[128])
        bound = f.bind(VectorUnit(), link(memory, [f]).views(np.zeros(16384, np.uint8)))
        bound.compile()
        print(bound(1000, 0), sum(bound.form.function.stats.cache_hits.values()))
        """)
    )
    environment = {**os.environ, "PLASTICORE_CACHE": str(tmp_path / "cache"), "PYTHONPATH": str(PROJECT)}
    outputs = []
    for _ in range(2):
        command = [sys.executable, str(script)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        outputs.append([int(word) for word in done.stdout.split()])
    assert outputs[0][0] == outputs[1][0] > 49
    assert [hits for _, hits in outputs] == [0, 1]


@needs_compiler
def test_threads_that_compile_at_once_leave_nothing_busy_and_tell_their_own_watches():
    barrier, told = threading.Barrier(4), []

    def compile_one(number):
        @subject.compiled(cache=False)
        def function(x):
            return x + number

        barrier.wait()
        with subject.watch(told.append, lambda: told.append(None)):
            assert function(1) == 1 + number and not subject.busy()  # the main thread is not

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(compile_one, range(4)))
    assert sorted(map(str, told)) == ["None"] * 4 + ["function"] * 4
    assert subject._depths == {}


@needs_compiler
def test_a_loop_with_two_ends_runs():
    """LLVM divides by 128 bits to know which end comes first; a kernel's loop, whose watchdog is one, crashed."""
    assert all(llvmlite.binding.address_of_symbol(name) for name in subject._WIDE_DIVISIONS)

    @subject.compiled(cache=False)
    def watched(limit, elements, count):
        cycles = 0
        for i in range(count):
            if cycles > limit:
                return -1
            value = elements.size
            if value != 0:
                cycles += 3
                value = i >> 1
            cycles += 3
            elements[6] = value
        return cycles

    elements = np.zeros(16, np.uint8)
    assert [watched(1000, elements, count) for count in (0, 4, 100, 1000)] == [0, 24, 600, -1]
    assert elements[6] == 166 >> 1
