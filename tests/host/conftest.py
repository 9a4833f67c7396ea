"""What tests of users' rules share: a rule's file with changes, and a task of five samples."""

import sys
from pathlib import Path

import pytest

from tests.late_compiling import late_compiling

EXAMPLE = (Path(__file__).parent / "example_rule.py").read_text(encoding="utf-8")


@pytest.fixture(scope="module", autouse=True)
def tasks_are_compiled_late():
    with late_compiling() as compile_all:
        yield compile_all


@pytest.fixture
def imports_are_undone(monkeypatch, tmp_path_factory):
    """Forget the modules of rules, and where they were found, behind a test; begin with none called mine."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "mine", raising=False)  # with it, a rule's module gets another name
    before, scratch = set(sys.modules), str(tmp_path_factory.getbasetemp())
    yield
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(scratch):
            del sys.modules[name]


@pytest.fixture
def toy_task(monkeypatch):
    from tests.host.toy import TASK

    monkeypatch.setattr("host.tasks.load", lambda name: TASK)
    monkeypatch.setattr("host.pictures.plots.available", lambda: False)


@pytest.fixture
def mine(tmp_path, imports_are_undone):
    """Return a function that writes the example with changes and returns the path."""

    def write(*changes, text=EXAMPLE, name="mine.py"):
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write
