"""The tutorial keeps its word: its files are written and its commands run as a reader would, in order, and print it."""

import contextlib
import io
import linecache
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

from host.cli import main
from host.results.result import Result
from tests.documents import ROOT, blocks, document, matches

TUTORIAL = document("ppu_programs", "README.md")
OURS = ("mine", "rule_mine", "learner")  # modules that the reader writes


def run(command: str) -> str:
    """Run one command of the reader in the current directory; return what it prints."""
    program, *arguments = command.split()
    if program == "pytest":  # a process of its own: it is in one already
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
        done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout
    for name in OURS:
        sys.modules.pop(name, None)
    linecache.checkcache()
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        if program == "plasticore":
            assert main(arguments) == 0
        else:
            assert program == "python" and len(arguments) == 1
            runpy.run_path(arguments[0], run_name="__main__")
    return printed.getvalue()


def test_the_blocks_run_in_order_and_print_what_is_shown(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # mine.py changes faster than a time stamp
    done, printed = [], None
    try:
        for what, name, language, text in blocks(TUTORIAL):
            if what in ("file", "append"):
                with Path(name).open("w" if what == "file" else "a", encoding="utf-8") as file:
                    file.write(text)
            elif what == "run":
                printed = run(text).replace(f"{tmp_path}{os.sep}", "")
            else:
                assert language == "text" and printed is not None
                assert matches(printed, text), f"it printed:\n{printed}"
            done.append((what or "output", name or text.partition("\n")[0]))
    finally:
        for name in OURS:
            sys.modules.pop(name, None)
    assert [name for what, name in done if what == "run"] == [
        "python look.py",
        "python run.py",
        "plasticore run mine.py:MyRule",
        "pytest test_mine.py",
        "plasticore inspect mine.py:MyRule",
        "plasticore train yin-yang --rule learner.py:Delta",
        "python network.py",
    ]
    assert [what for what, _ in done].count("output") == 6
    result = Result.load(tmp_path / "runs" / "yin-yang-learner.Delta-ideal-seed1-3epochs")
    assert result.accuracy > 0.5 and len(result.learning) == 3 and result.complete
    assert result.host_link["bytes_during"] == 0 and not any(result.losses.values())


def test_every_block_is_one_that_is_executed_or_compared():
    assert TUTORIAL.count("\n```") == 2 * len(blocks(TUTORIAL))


def test_files_that_it_names_exist():
    names = set(re.findall(r"`((?:chip|host)/[\w/.]*|\w+\.py|\w+/)`", TUTORIAL))
    names -= {"mine.py", "look.py", "run.py", "test_mine.py", "learner.py", "network.py"}
    assert len(names) >= 8
    here = ROOT / "ppu_programs"
    assert [name for name in sorted(names) if not ((ROOT / name).exists() or (here / name).exists())] == []


def test_what_it_says_of_a_typical_chip(tmp_path, monkeypatch):
    """The reader changes one line of run.py; the numbers in the sentence are those of the run."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    for what, name, _, text in blocks(TUTORIAL):
        if what in ("file", "append") and name in ("mine.py", "run.py"):
            with Path(name).open("w" if what == "file" else "a", encoding="utf-8") as file:
                file.write(text.replace("ChipConfig.ideal()", "ChipConfig.typical(seed=3)"))
    try:
        lines = run("python run.py").splitlines()
    finally:
        sys.modules.pop("mine", None)
    last = [line for line in lines if line.startswith("update ")][-1]
    least, most = map(int, re.search(r"(\d+) to (\d+) spikes", last).groups())
    assert 10 <= least and most <= 14
    low, high = map(int, re.search(r"weights (\d+) to (\d+)", "\n".join(lines)).groups())
    said = re.search(r"weights from (\d+) to (\d+)\.", TUTORIAL)
    assert abs(low - int(said[1])) <= 2 and abs(high - int(said[2])) <= 2  # the last digit may differ between machines


def test_the_table_of_files_has_every_one():
    table = TUTORIAL[: TUTORIAL.index("\n\n`plasticore rules`")]
    found = {f"{path.name}/" if path.is_dir() else path.name for path in (ROOT / "ppu_programs").iterdir()}
    assert found - {"README.md", "__init__.py", "__pycache__/", "py.typed"} <= set(re.findall(r"`([\w./]+)`", table))
