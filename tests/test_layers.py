"""The house keeps its shape: imports point downwards, the top level and the packages are as fixed."""

import ast
import subprocess
import sys
import tomllib
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from pathlib import Path

import pytest

ROOMS = (  # of the chip: each imports from those before it only
    *("base", "fabric", "array", "neurons", "converters", "silicon", "core", "probes", "fpga", "ppu", "calibration"),
    *("link", "energy", "snapshot", "machine", "chip", "testing"),
)
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


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_modules(source: str, modules: set[str]) -> set[str]:
    """Modules of ours that a source imports anywhere: at its top, for annotations alone, within functions."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: write the whole name of the module"
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= (names & modules) | ({node.module} if names - modules else set())
    return found & modules


def circle_in(needs: dict[str, set[str]]) -> list[str]:
    """A circle of modules, each of which imports the next one, from a module back to itself; empty where none is."""
    try:
        list(TopologicalSorter(needs).static_order())
    except CycleError as error:
        return error.args[1][::-1]
    return []


def test_a_circle_is_seen_in_every_form_of_import_and_named():
    sources = {
        "p.top": "import p.for_annotations\nimport simpy",
        "p.for_annotations": "if TYPE_CHECKING:\n    from p import in_function",
        "p.in_function": "class A:\n    def f(self):\n        async def g():\n            from p.top import x",
        "p.aside": "from p.top import x",
    }
    needs = {name: imported_modules(source, set(sources)) for name, source in sources.items()}
    circle = circle_in(needs)
    assert circle[0] == circle[-1] and set(circle) == {"p.top", "p.for_annotations", "p.in_function"}
    assert all(after in needs[before] for before, after in pairwise(circle))
    assert circle_in(needs | {"p.in_function": set()}) == []
    assert circle_in({"p.alone": {"p.alone"}}) == ["p.alone", "p.alone"]


def test_no_circle_of_imports():
    """However late a module imports another one, or for annotations alone, the other one does without it."""
    files = [path for package in FORBIDDEN for path in python_files(package)]
    modules = {module_of(path) for path in files}
    needs = {module_of(path): imported_modules(path.read_text(encoding="utf-8"), modules) for path in files}
    assert sum(map(len, needs.values())) > len(modules)
    circle = circle_in(needs)
    assert not circle, f"a circle of imports: {' -> '.join(circle)}"


def test_rooms_of_the_chip_lie_one_above_the_other():
    files = python_files("chip")
    modules = {module_of(path) for path in files}
    assert {path.relative_to(ROOT / "chip").parts[0].removesuffix(".py") for path in files} == {*ROOMS, "__init__"}
    upwards = set()
    for path in files:
        if path.parent == ROOT / "chip" and path.name == "__init__.py":
            continue
        own = module_of(path).split(".")[1]
        for name in imported_modules(path.read_text(encoding="utf-8"), modules - {"chip"}):
            other = name.split(".")[1]
            if ROOMS.index(other) > ROOMS.index(own):
                upwards.add((module_of(path), name))
    assert upwards == set()


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
