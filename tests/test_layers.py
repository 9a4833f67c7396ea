"""The house keeps its shape: imports point downwards, the top level and the packages are as fixed."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TOP_LEVEL = {"pyproject.toml", "README.md", "chip", "ppu_programs", "host", "tests"}
GENERATED = {"build", "dist", "runs", "plasticore.egg-info", "__pycache__"}
FORBIDDEN = {"chip": {"ppu_programs", "host", "tests"}, "ppu_programs": {"host", "tests"}, "host": {"tests"}}


def python_files(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imported_packages(source: str) -> set[str]:
    """Top-level names that a module imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add(node.module.partition(".")[0])
    return found


def test_the_walk_sees_every_form_of_import():
    source = "import host.cli\ndef f():\n    from ppu_programs import x\n    import numpy as np, simpy"
    assert imported_packages(source) == {"host", "ppu_programs", "numpy", "simpy"}


@pytest.mark.parametrize("package", FORBIDDEN)
def test_imports_point_downwards(package):
    files = python_files(package)
    assert files
    upwards = {
        str(path.relative_to(ROOT)): sorted(bad)
        for path in files
        if (bad := imported_packages(path.read_text(encoding="utf-8")) & FORBIDDEN[package])
    }
    assert upwards == {}


def test_chip_loads_without_the_layers_above():
    modules = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in python_files("chip")]
    code = "import importlib, sys\n" + "".join(f"importlib.import_module({name!r})\n" for name in modules)
    code += "sys.exit(any(name.partition('.')[0] in ('host', 'ppu_programs') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_top_level_is_as_fixed():
    present = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")} - GENERATED
    assert present == TOP_LEVEL


def test_every_directory_with_code_is_an_installed_package():
    for package in FORBIDDEN:
        assert (ROOT / package / "py.typed").is_file()
        for directory in {path.parent for path in python_files(package)}:
            assert (directory / "__init__.py").is_file(), f"{directory} would not be installed"


def test_tests_are_not_installed():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    include = project["tool"]["setuptools"]["packages"]["find"]["include"]
    assert {pattern.partition(".")[0] for pattern in include} == set(FORBIDDEN)


@pytest.mark.parametrize("package", [*FORBIDDEN, "tests"])
def test_files_say_what_they_are_for(package):
    for path in python_files(package):
        source = path.read_text(encoding="utf-8")
        assert not source or ast.get_docstring(ast.parse(source)), f"{path} has no module docstring"
