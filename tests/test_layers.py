"""The house keeps its shape: imports point downwards, the top level and the packages are as fixed."""

import ast
import subprocess
import sys
import tomllib
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOMS = (  # of the chip: each imports from those before it only
    *("base", "fabric", "array", "neurons", "converters", "silicon", "core", "fpga", "ppu", "calibration"),
    *("link", "energy", "snapshot", "chip", "testing"),
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


def imported_modules(path: Path, modules: set[str], when_loaded: bool) -> set[str]:
    """Modules of ours that a file imports: all of them, or only those that it needs to be loaded."""
    found, waiting = set(), list(ast.parse(path.read_text(encoding="utf-8")).body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= (names & modules) | ({node.module} if names - modules else set())
        elif not when_loaded or not (isinstance(node, ast.FunctionDef) or is_for_annotations(node)):
            waiting += ast.iter_child_nodes(node)
    return found & modules


def is_for_annotations(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def test_no_module_needs_itself_to_be_loaded():
    files = [path for package in FORBIDDEN for path in python_files(package)]
    modules = {module_of(path) for path in files}
    needs = {module_of(path): imported_modules(path, modules, when_loaded=True) for path in files}
    assert any(needs.values())
    order = list(TopologicalSorter(needs).static_order())  # raises CycleError, which names the circle
    assert len(order) == len(modules)


def test_rooms_of_the_chip_lie_one_above_the_other():
    files = python_files("chip")
    modules = {module_of(path) for path in files}
    assert {path.relative_to(ROOT / "chip").parts[0].removesuffix(".py") for path in files} == {*ROOMS, "__init__"}
    upwards = set()
    for path in files:
        if path.parent == ROOT / "chip" and path.name == "__init__.py":
            continue
        own = module_of(path).split(".")[1]
        for name in imported_modules(path, modules - {"chip"}, when_loaded=False):
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
