"""What a file imports, however that is written, ours and a user's; other people's packages are left out."""

import os
import sys
from pathlib import Path

import pytest

from chip.base import imports as subject

PROJECT = Path(subject.__file__).parents[2]


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Return a function that writes files below a directory that is on Python's path, and one that finds a closure."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(**texts):
        for name, text in texts.items():
            path = tmp_path / (name.replace("__", "/").replace("INIT", "__init__") + ".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def closure(name):
        found = subject.import_closure(tmp_path / name)
        return {os.path.relpath(path, tmp_path) for path in found}

    return write, closure


def test_our_imports_are_followed_however_they_are_written(files, tmp_path, monkeypatch, request):
    monkeypatch.setattr(subject, "ROOT", tmp_path)
    subject.is_ours.cache_clear()
    request.addfinalizer(subject.is_ours.cache_clear)
    write, closure = files
    write(
        chip__INIT="",
        chip__a="import numpy\nfrom chip.b import (\n    x,  # chip.e\n    y,\n)\nfrom .c import z\n",
        chip__b="import os; import chip.d as d, sys\n",
        chip__c="def f():\n    try:\n        from chip import e\n    except ImportError:\n        import chip.g\n",
        chip__d='"""\nfrom chip import unused\n"""\n',
        chip__e="from chip.a \\\n    import w\n",
        chip__g="match 1:\n    case 1:\n        import chip.h\n",
        chip__h="",
        chip__unused="",
    )
    there = {"__init__", "a", "b", "c", "d", "e", "g", "h"}
    assert closure("chip/a.py") == {f"chip/{name}.py" for name in there}


def test_a_users_imports_are_found_beside_it_in_its_package_and_on_the_path(files):
    write, closure = files
    write(
        lab__INIT="",
        lab__common="RATE = 1\n",
        lab__rules__INIT="from . import beside\n",
        lab__rules__beside="",
        lab__rules__mine="import numpy, helper\nfrom lab.common import RATE\nfrom ..deep import *\nimport chip\n",
        lab__rules__helper="import json, scipy\nif __name__ == '__main__':\n    import unused\n",
        lab__deep="import elsewhere.part\n",
        elsewhere__INIT="",
        elsewhere__part="",
        unused="",
    )
    found = closure("lab/rules/mine.py")
    ours = {name for name in found if name.startswith("../")}
    assert found - ours == {
        *("lab/__init__.py", "lab/common.py", "lab/deep.py", "lab/rules/helper.py", "lab/rules/mine.py"),
        *("elsewhere/__init__.py", "elsewhere/part.py"),
    }


def test_a_loaded_module_counts_from_where_it_was_loaded(files, tmp_path, monkeypatch):
    write, closure = files
    write(mine="import shadowed_by_nobody\n", other__shadowed_by_nobody="")
    module = type(sys)("shadowed_by_nobody")
    module.__file__ = str(tmp_path / "other" / "shadowed_by_nobody.py")
    monkeypatch.setitem(sys.modules, "shadowed_by_nobody", module)
    assert closure("mine.py") == {"mine.py", "other/shadowed_by_nobody.py"}


def test_text_that_is_no_python_imports_nothing(files):
    write, closure = files
    write(mine="import helper", helper="import (")
    assert closure("mine.py") == {"mine.py", "helper.py"}


def test_foreign_modules_are_named(files, tmp_path):
    write, _ = files
    write(mine="import json, scipy.stats\nfrom numpy import zeros\nimport helper\nfrom . import beside\n", helper="")
    assert subject.foreign_imports_of(tmp_path / "mine.py") == {"json", "scipy", "numpy"}


def test_every_kernel_operation_depends_on_the_scalars():
    closure = {path.name for path in subject.import_closure(PROJECT / "chip" / "ppu" / "vector" / "arithmetic.py")}
    assert {"arithmetic.py", "scalars.py", "compiled.py"} <= closure
