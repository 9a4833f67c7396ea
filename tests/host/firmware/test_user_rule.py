"""A user's rule from a file: it learns, is named in the results, is cached and notices edits, and errors say where."""

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from numba.core import config as numba_config

from host.cli import main
from host.firmware import rules
from host.firmware.source import source_of
from host.results.report import report
from host.results.result import Result
from tests.host.conftest import EXAMPLE

ROOT = Path(__file__).resolve().parents[3]
needs_compiler = pytest.mark.skipif(bool(numba_config.DISABLE_JIT), reason="nothing is compiled")


def test_a_rule_of_a_file_learns_and_the_result_names_it(mine, toy_task, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    path = mine()
    assert main(["train", "yin-yang", "--rule", "mine.py:Mine", "--epochs", "2"]) == 0
    out, err = capsys.readouterr()
    assert err.startswith("yin-yang mine.Mine: ")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    result = Result.load(tmp_path / "runs" / "yin-yang-mine.Mine-ideal-seed1-2epochs")
    assert (result.rule, result.epochs) == ("my rule", 2)
    assert result.rule_source == {"class": "Mine", "files": {str(path): digest}}
    assert result.arrays["total"].tolist() == [3 * (0 + 1 + 2 + 3 + 4)] * 4
    assert f"rule          Mine of {path}, sha256 {digest[:12]}\n" in out


def test_what_lies_beside_the_file_counts_as_its_source(mine, toy_task, tmp_path):
    helper = mine(text="STEP = 5\n", name="beside.py")
    path = mine(("STEP = 3", "from beside import STEP"))
    assert main(["train", "yin-yang", "--rule", f"{path}:Mine", "--out", str(tmp_path / "a"), "--quiet"]) == 0
    result = Result.load(tmp_path / "a")
    assert result.arrays["total"].tolist() == [50] * 4
    assert list(result.rule_source["files"]) == [str(path), str(helper)]
    assert ", with 1 more file\n" in report(result)


def test_a_rule_that_takes_no_task_is_not_given_one(mine, toy_task, tmp_path, capsys):
    path = mine(("    learns_task = True\n", ""))
    assert main(["train", "yin-yang", "--rule", f"{path}:Mine", "--out", str(tmp_path / "a"), "--quiet"]) == 2
    said = f"learns no task; `plasticore run {path}:Mine` runs it, and with learns_task = True in its class"
    assert said in capsys.readouterr().err


def test_a_rule_of_ours_has_no_source_of_a_user():
    from ppu_programs import EventProp

    assert source_of(EventProp()) is None


MINE = "{tmp}/mine.py:Mine"
POST = "\n    def __post_init__(self):\n        raise {}\n"
REFUSED = {
    "no file": ("{tmp}/no.py:Mine", "", "the rule file {tmp}/no.py cannot be read: No such file or directory"),
    "a directory": ("{tmp}:Mine", "", "the rule file {tmp} cannot be read: Is a directory"),
    "no class named": ("{tmp}/mine.py", "", "needs a file and a class; write FILE.py:CLASS"),
    "no name": ("{tmp}/mine.py:My-Rule", "", "names the class 'My-Rule', which cannot be one; write FILE.py:CLASS"),
    "no class": ("{tmp}/mine.py:Your", EXAMPLE, "has no class Your; its firmware classes are: Mine"),
    "a program": ("{tmp}/mine.py:Adder", EXAMPLE, "Adder of the rule file {tmp}/mine.py is not a firmware, a subclass"),
    "a function": ("{tmp}/mine.py:f", "def f():\n    pass\n", "is not a firmware"),
    "not Python": (MINE, "x = 1\ndef :\n", "imported: {tmp}/mine.py:2: SyntaxError: invalid syntax"),
    "no module": (MINE, "\nimport nowhere\n", "{tmp}/mine.py:2: ModuleNotFoundError: No module named"),
    "it raises": (
        MINE,
        "def f():\n    1 / 0\nf()\n",
        "{tmp}/mine.py:2: ZeroDivisionError: division",
    ),
    "it exits": (MINE, "import sys\nsys.exit(3)\n", "{tmp}/mine.py:2: SystemExit: 3"),
    "a bad kernel": (
        MINE,
        EXAMPLE.replace("STEP * x", "x / 2"),
        "cannot be imported: {tmp}/mine.py:24: kernel add divides with /, which gives a float",
    ),
    "learns nothing": (
        MINE,
        "from ppu_programs import Firmware\nclass Mine(Firmware):\n    learns_task = True\n",
        "firmware Mine has no build(self, task, config); ppu_programs/contract says what it returns",
    ),
    "settings without a default": (
        MINE,
        EXAMPLE.replace("    seed: int = 0\n", "    rate: float\n    seed: int = 0\n"),
        "setting rate of firmware my rule has no default; give it one",
    ),
    "raises in its __init__": (
        MINE,
        EXAMPLE.replace("    epochs: int = 1\n", "    epochs: int = 1\n" + POST.format('RuntimeError("no luck")')),
        "RuntimeError: no luck\n",
    ),
    "has a mistake": (MINE, EXAMPLE.replace("= Registers()", "= Registrars()"), "NameError: name"),
    "refuses a value": (
        MINE,
        EXAMPLE.replace(
            "    epochs: int = 1\n", "    epochs: int = 1\n" + POST.format('ValueError("mine: seed must be even")')
        ),
        "plasticore: mine: seed must be even\n",
    ),
}


@pytest.mark.parametrize("command", ["train yin-yang --out {tmp}/out --rule", "inspect"])
@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_a_rule_is_one_sentence(case, command, mine, tmp_path, capsys):
    rule, text, expected = REFUSED[case]
    mine(text=text)
    line = f"{command} {rule}".replace("{tmp}", str(tmp_path))
    assert main(line.split()) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("plasticore: ") and err.count("\n") == 1
    assert expected.replace("{tmp}", str(tmp_path)) in err
    assert not (tmp_path / "out").exists()


def test_a_setting_that_it_has_not_is_refused(mine, toy_task, capsys):
    assert main(["train", "yin-yang", "--rule", f"{mine()}:Mine", "--hidden", "3", "--quiet"]) == 2
    expected = "plasticore: firmware Mine has no setting hidden; leave out --hidden\n"
    assert capsys.readouterr().err == expected


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("= Registers()", "= Registers(", "SyntaxError: '(' was never closed"),
        ("= Registers()", "= Registrars()", "NameError: name 'Registrars' is not defined"),
        (
            "= Registers()",
            "= Registers(); registers.weights[0, 300] = 1",
            "index 300 is beyond an array of 256 elements; valid are 0..255",
        ),
        ("programs = None, Adder(count)", "programs = 1 / 0", "ZeroDivisionError: division by zero"),
    ],
)
def test_an_error_of_its_code_is_told_with_file_and_line(mine, toy_task, tmp_path, capsys, old, new, expected):
    path = mine((old, new))
    assert main(["train", "yin-yang", "--rule", f"{path}:Mine", "--out", str(tmp_path / "o"), "--quiet"]) == 2
    line = path.read_text()[: path.read_text().index(new)].count("\n") + 1
    assert re.search(rf"^plasticore: .*{path}:{line}: {re.escape(expected)}\n$", capsys.readouterr().err)


RUN = "yield ppu.run(add, index)"
REFUSED_TASKS = {  # a statement in the place of RUN, and what is said of it when the program is loaded
    "an operation": (
        "yield ppu.store_externals(BLOCK_RAM_BASE, 'total')",
        "task main uses ppu.store_externals, which no processor has; the closest are store_external, ",
    ),
    "no operation": ("ppu.xyz", "task main computes ppu.xyz and does nothing with it"),
    "an argument": (
        "yield ppu.load_external(into='total')",
        "task main calls ppu.load_external wrongly: missing a required argument: 'address'; it takes "
        "load_external(address: int, into: str, vectors: int = 1, offset: int = 0)",
    ),
    "a name": ("yield ppu.run(add, indices)", "task main uses the unknown name indices"),
    "an index": ("ppu.word('total', 300)", "task main reads element 300 of region total, whose elements are 0..31"),
    "memory": ("ppu.regions['total'][0] = 1", "task main writes ppu.regions['total'][0]; a task writes no memory, let"),
    "an attribute": (
        "self.count = 3",
        "task main sets self.count; what a program keeps in Python is frozen when it is loaded",
    ),
    "a float": ("return 0.5", "task main uses the float 0.5; the processor has no floating point"),
    "a kernel of no integers": ("yield ppu.run(add)", "task main runs kernel add with 0 integers; it takes 1 (x)"),
    "a kernel in a chain": (
        "yield ppu.chain(ppu.run(add))",
        "task main runs kernel add with 0 integers; it takes 1 (x)",
    ),
    "a kernel of a text": (
        "yield ppu.run(add, 'a')",
        "task main gives 'a' to ppu.run as arguments; that takes a whole number",
    ),
    "a kernel of 33 bits": (
        "yield ppu.run(add, 1 << 31)",
        "task main gives 2147483648 to parameter x of add, which is i32",
    ),
    "no whole number": ("yield ppu.wait(1.5)", "task main gives 1.5 to ppu.wait as cycles; that takes a whole"),
    "no kernel": ("yield ppu.run(Adder)", "task main runs Adder, which is no kernel; decorate a function by @kernel"),
    "some kernel": (
        "yield ppu.run(SOME)",
        "task main runs kernel unused, which its program's `kernels` do not list: add",
    ),
    "one of several kernels": (
        "yield ppu.run((add, unused)[ppu.word('total')])",
        "task main needs to know which kernel it runs when it is loaded, and (add, unused)[ppu.word('total')] is known "
        "only when it runs",
    ),
}


@pytest.mark.parametrize("case", REFUSED_TASKS)
def test_what_a_task_cannot_do_is_told_before_any_work(case, mine, toy_task, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("chip.chip.Chip.start", lambda *_: pytest.fail("it runs"))
    statement, expected = REFUSED_TASKS[case]
    changes = [(RUN, statement)]
    if "SOME" in statement:
        changes += [("class Adder", "SOME = unused\n\n\nclass Adder"), ("(add, unused)", "(add,)")]
    path = mine(*changes)
    assert main(["train", "yin-yang", "--rule", f"{path}:Mine", "--out", str(tmp_path / "o"), "--quiet"]) == 2
    line = path.read_text()[: path.read_text().index(statement)].count("\n") + 1
    err = capsys.readouterr().err
    assert err.startswith(f"plasticore: {path}:{line}: {expected}") and err.count("\n") == 1
    assert not (tmp_path / "o").exists()


MISTAKES = {  # a statement in the place of RUN, and what is said of it when it runs
    "an index": (
        "yield ppu.run(add, ppu.word('total', index + 31))",
        "task main reached for element 32 of total, beyond its end: check the index, in program adder on the bottom",
    ),
    "an operation": ("yield ppu.play(9)", "a program asked for sample 9, but 5 samples were loaded, in program adder"),
    "an argument": ("yield ppu.wait(-1 - index)", "program adder on the bottom PPU names a wait of -1; valid are the"),
    "an exit code": ("return", "program adder on the bottom PPU ended with None; main must return its exit code"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_is_told_with_program_ppu_and_chip_time(case, mine, toy_task, tmp_path, capsys):
    statement, expected = MISTAKES[case]
    path = mine((RUN, f"yield ppu.wait(250)\n            {statement}"))
    assert main(["train", "yin-yang", "--rule", f"{path}:Mine", "--out", str(tmp_path / "o"), "--quiet"]) == 1
    line = path.read_text()[: path.read_text().index(f"            {statement}\n")].count("\n") + 1
    err = capsys.readouterr().err
    where = f"{path}:{line}: " if "yield" in statement else ""
    assert err.startswith(f"plasticore: {where}{expected}")
    assert re.search(r"program adder on the bottom PPU", err) and re.search(r", at [1-9]\d+ ns\n$", err)
    assert err.count("\n") == 1


def test_a_kernels_fault_is_told_where_the_kernel_stands(mine, toy_task, tmp_path, capsys):
    path = mine(("STEP * x", "divide(STEP, x)"), ("V0, Memory", "V0, divide, Memory"))
    assert main(["train", "yin-yang", "--rule", f"{path}:Mine", "--out", str(tmp_path / "o"), "--quiet"]) == 1
    line = path.read_text()[: path.read_text().index("divide(STEP, x)")].count("\n") + 1
    assert re.fullmatch(
        rf"plasticore: {path}:{line}: kernel add divided by zero after \d+ cycles, in program adder on the bottom PPU, "
        r"at \d+ ns\n",
        capsys.readouterr().err,
    )


def test_a_plain_program_is_blamed_by_its_traceback(mine, toy_task, tmp_path, capsys):
    """As tests of the simulator write them."""
    imported = ("import Program", "import UncompiledProgram")
    path = mine(imported, ("Adder(Program)", "Adder(UncompiledProgram)"), (RUN, "ppu.regions['total'][300] = 1"))
    assert main(["train", "yin-yang", "--rule", f"{path}:Mine", "--out", str(tmp_path / "o"), "--quiet"]) == 1
    line = path.read_text()[: path.read_text().index("ppu.regions")].count("\n") + 1
    said = "index 300 is beyond an array of 32 elements; valid are 0..31, in program adder on the bottom PPU, at "
    assert capsys.readouterr().err.startswith(f"plasticore: {path}:{line}: {said}")


def test_errors_of_ours_keep_their_traceback(mine, toy_task, tmp_path, monkeypatch):
    monkeypatch.setattr("host.host.Host.load", lambda *_, **__: {}["ours"])
    with pytest.raises(KeyError, match="ours"):
        main(["train", "yin-yang", "--rule", f"{mine()}:Mine", "--out", str(tmp_path / "o"), "--quiet"])


# ------------------------------------------------------------------ as a script, and from the cache


def python(path, *arguments, cache):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PLASTICORE_CACHE": str(cache)}
    command = [sys.executable, *arguments, str(path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_file_runs_as_a_script_too(mine, tmp_path):
    path = mine()
    cache = os.environ.get("PLASTICORE_CACHE", os.path.expanduser("~/.cache/plasticore"))
    assert python(path, cache=cache) == f"[30 30 30 30] Mine {path}\n"


LOAD = """
import sys
import numpy as np
from chip.ppu import VectorUnit, link
from host.firmware import rules
mine = sys.modules[rules.load(sys.argv[1] + ":Mine").__module__]
regions = link(mine.Adder.memory).views(np.zeros(16384, np.uint8))
bound = mine.unused.bind(VectorUnit(), regions)
bound.compile()
bound(10_000)
print(regions["total"][1], mine.f(1), *(sum(f.stats.cache_hits.values()) for f in (bound.form.function, mine.f)))
"""


@needs_compiler
def test_its_kernels_and_functions_are_cached_and_edits_noticed(mine, tmp_path):
    """In the rule's file, of the same size and within one second too, and in a file beside it."""
    helper = "from chip.base.compiled import compiled\n@compiled\ndef g(x):\n    return x + {}\n".format
    own = "from beside import g\n\n\n@compiled\ndef f(x):\n    return 10 * g(x)\n\n\n@kernel\ndef add"
    changes = [("@kernel\ndef add", own), ("from chip.fpga", "from chip.base.compiled import compiled\nfrom chip.fpga")]

    def outcome():
        return [int(word) for word in python(path, "-c", LOAD, cache=tmp_path / "cache").split()]

    mine(text=helper(1), name="beside.py")
    path = mine(*changes)
    assert outcome() == [3, 20, 0, 0]
    assert outcome() == [3, 20, 1, 1]
    mine(text=helper(2), name="beside.py")
    os.utime(tmp_path / "beside.py", (2_000_000_000, 2_000_000_000))  # Python's own cache looks at whole seconds
    assert outcome() == [3, 30, 1, 0]
    path = mine(*changes, ("STEP = 3", "STEP = 4"))
    assert outcome()[0] == 4


def test_names_for_titles_and_directories():
    assert rules.short_name("eventprop") == "eventprop"
    assert re.fullmatch(r"[\w.]+", rules.short_name("/a/b.c/mine.py:MyRule"))
