"""A kernel is what was imported: edits of its file afterwards change nothing, or are refused."""

import importlib.util
import os
import sys

import pytest

from chip.ppu import KernelError, Memory, i32, kernel
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


def test_without_a_file_there_is_no_kernel():
    names = {"kernel": kernel}
    with pytest.raises(KernelError, match="its source is not in a file"):
        exec("@kernel\ndef f(v, m):\n    pass\n", names)
    with pytest.raises(KernelError, match="of a plain function, not of 5"):
        kernel(5)


def test_generated_files_are_removed_with_the_unused_directories(tmp_path, monkeypatch, source):
    """Each generated file lies in a directory that the compile cache takes for one of its own."""
    from chip.base import compiled

    monkeypatch.setattr(build, "cache_root", lambda: tmp_path)
    for name in list(sys.modules):
        if name.startswith("plasticore_kernel_f_"):
            monkeypatch.delitem(sys.modules, name)
    assert result(source.load(FACTORY.replace("return n", "return n + 777")).make(2)) == 779
    (path,) = tmp_path.glob("*/plasticore_kernel_f_*.py")
    compiled._remove_unused(tmp_path)
    assert path.is_file()
    old = path.stat().st_mtime - (compiled.UNUSED_CACHE_DAYS + 1) * 24 * 3600
    os.utime(path.parent, (old, old))
    compiled._remove_unused(tmp_path)
    assert not path.parent.exists()
