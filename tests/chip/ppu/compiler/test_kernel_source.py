"""A kernel is what was imported: edits of its file afterwards change nothing, or are refused."""

import __future__

import importlib.util
import linecache
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from chip.ppu import KernelError, Memory, VectorUnit, i32, kernel
from chip.ppu.compiler import build
from tests.chip.ppu.compiler.sources import Machine

FACTORY = """from chip.ppu import kernel, subroutine

def make(n):
    @subroutine
    def value(v, m):
        return n
    @kernel
    def f(v, m):
        m.out[0] = value(v, m)
    return f
"""
ONCE = FACTORY + "first = make(0)\n"


class Source:
    """A file that is imported and edited."""

    def __init__(self, directory):
        self.path, self.edits = directory / "edited.py", 0

    def write(self, text):
        self.path.write_text(text, encoding="utf-8")
        self.edits += 1
        os.utime(self.path, (1_000_000_000 + self.edits,) * 2)  # whatever the clock's resolution

    def load(self, text):
        self.write(text)
        spec = importlib.util.spec_from_file_location("edited", self.path)
        loaded = importlib.util.module_from_spec(spec)
        exec(compile(text, str(self.path), "exec"), loaded.__dict__)
        return loaded


@pytest.fixture
def source(tmp_path):
    return Source(tmp_path)


def result(made):
    machine = Machine(made, Memory(out=i32[1]))
    machine()
    return int(machine.regions["out"][0])


EDITS = {
    "another value": lambda text: text.replace("return n", "return n + 40"),
    "lines above": lambda text: "import os\nimport sys\n" + text,
    "another order": lambda text: text.replace("@subroutine", "@kernel").replace("    @kernel\n    def f", "    def f"),
    "not Python": lambda text: "def broken(:\n",
    "nothing left": lambda text: "",
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=list(EDITS))
def test_what_was_imported_is_compiled_after_an_edit(source, edit):
    loaded = source.load(ONCE)
    source.write(edit(ONCE))
    assert result(loaded.make(2)) == 2
    assert result(loaded.first) == 0


@pytest.mark.parametrize("edit", EDITS.values(), ids=list(EDITS))
def test_where_the_imported_text_is_not_known_an_edit_is_refused(source, edit):
    loaded = source.load(FACTORY)
    source.write(edit(FACTORY))
    with pytest.raises(KernelError, match=r"edited\.py:[47]: \w+ \w+ cannot be compiled: .* start again$"):
        loaded.make(2)


def test_an_edit_that_leaves_the_routine_as_it_is_is_none(source):
    loaded = source.load(FACTORY)
    source.write(FACTORY + "\n# a remark\nmore = 3\n")
    assert result(loaded.make(2)) == 2


def test_imported_again_the_edit_counts(source):
    old = source.load(ONCE)
    new = source.load(EDITS["another value"](ONCE))
    assert (result(new.make(2)), result(new.first)) == (42, 40)
    with pytest.raises(KernelError, match="start again"):
        old.make(2)


def test_a_kernel_in_this_file_is_found():
    @kernel
    def here(v, m):
        m.out[0] = 11

    assert result(here) == 11


@pytest.mark.parametrize("flag", [0, __future__.annotations.compiler_flag])
def test_a_cell_of_a_notebook_inherits_what_cells_before_imported_from_the_future(flag, monkeypatch):
    text, name = "@kernel\ndef k(v, m):\n    m.a[0] = 7\n", f"<ipython-input-{flag}>"
    monkeypatch.setitem(linecache.cache, name, (len(text), None, text.splitlines(keepends=True), name))
    cell = {"kernel": kernel}
    exec(compile(text, name, "exec", flag, dont_inherit=True), cell)
    region = np.zeros(4, np.int32)
    cell["k"].bind(VectorUnit(), {"a": region})(1000)
    assert region[0] == 7


def test_without_a_file_there_is_no_kernel():
    names = {"kernel": kernel}
    with pytest.raises(KernelError, match="its source is not in a file"):
        exec("@kernel\ndef f(v, m):\n    pass\n", names)
    with pytest.raises(KernelError, match="of a plain function, not of 5"):
        kernel(5)


def test_threads_that_load_the_same_text_get_one_function():
    text = "import time\ntime.sleep(0.2)\ndef f():\n    return 5\n"  # a module takes its time to be read
    with ThreadPoolExecutor(4) as threads:
        functions = list(threads.map(lambda _: build.load_function("f", text), range(4)))
    assert functions[0]() == 5 and len(set(functions)) == 1


def test_a_damaged_generated_file_is_written_anew(tmp_path, monkeypatch, source):
    monkeypatch.setattr(build, "cache_root", lambda: tmp_path)
    text = "def f():\n    return 6\n"
    path = Path(build._write("0" * 20, "f.py", text))
    path.write_bytes(b"\xff\xfe")
    assert build._write("0" * 20, "f.py", text) == str(path) and path.read_text() == text


def test_generated_files_are_removed_with_the_unused_directories(tmp_path, monkeypatch, source):
    """Each generated file lies in a directory that the compile cache takes for one of its own."""
    from chip.base import code_cache

    monkeypatch.setattr(build, "cache_root", lambda: tmp_path)
    for name in list(sys.modules):
        if name.startswith("plasticore_kernel_f_"):
            monkeypatch.delitem(sys.modules, name)
    assert result(source.load(FACTORY.replace("return n", "return n + 777")).make(2)) == 779
    (path,) = tmp_path.glob("*/plasticore_kernel_f_*.py")
    code_cache._remove_unused(tmp_path)
    assert path.is_file()
    old = path.stat().st_mtime - (code_cache.UNUSED_DAYS + 1) * 24 * 3600
    os.utime(path.parent, (old, old))
    code_cache._remove_unused(tmp_path)
    assert not path.parent.exists()
