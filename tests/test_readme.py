"""The README keeps its word: its commands are complete, its Python example runs, its file names exist."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def marked_command(name: str) -> str:
    """The shell code block below a marker, as .ci/run extracts it too."""
    return re.search(rf"^<!-- run: {name} -->\n```sh\n(.*?)\n```$", README, re.M | re.S)[1]


@pytest.mark.parametrize(("name", "last"), [("train", "plasticore train yin-yang"), ("tests", "pytest -n 2")])
def test_each_command_makes_its_environment_installs_and_runs_in_one_line(name, last):
    steps = marked_command(name).split(" && ")
    assert len(steps) == 3
    assert steps[0] == "python3 -m venv .venv"
    assert steps[1].startswith(".venv/bin/pip install -e ")
    assert steps[2] == f".venv/bin/{last}"


def test_ci_takes_its_command_from_the_readme():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    extraction = re.search(r"^command=.*$", script, re.M)[0]
    done = subprocess.run(["bash", "-c", f'{extraction}; echo "$command"'], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == marked_command("tests") + "\n"
    steps = re.findall(r"^run (.*)$", script, re.M)
    assert steps[0] == '"$command"'
    assert not any(part in script for part in ("-m venv", "pip install", marked_command("tests")))
    assert script.count(".venv/bin/pytest") == len(steps) - 1 == sum("NUMBA_" in step for step in steps[1:])


def test_named_files_exist():
    names = set(re.findall(r"`((?:chip|ppu_programs|host|tests)/[\w/.]*)`", README))
    assert names
    assert [name for name in sorted(names) if not (ROOT / name).exists()] == []


@pytest.mark.slow
def test_the_python_example_runs(tmp_path, monkeypatch, capsys):
    example = re.search(r"^```python\n(.*?)^```$", README, re.M | re.S)[1]
    short, replaced = re.subn(r"epochs=\d+", "epochs=1", example)
    assert replaced == 1
    monkeypatch.chdir(tmp_path)
    exec(compile(short, "README.md", "exec"), {})
    assert capsys.readouterr().out.startswith("accuracy 0.")
    assert (tmp_path / "runs" / "first" / "result.json").is_file()


def environment() -> dict[str, str]:
    """This process's, with the project importable."""
    return {**os.environ, "PYTHONPATH": str(ROOT)}
