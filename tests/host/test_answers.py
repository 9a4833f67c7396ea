"""The command line's answers without work: lists, settings, help, version; and that the README names all options."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from host.cli import main, parser

ROOT = Path(__file__).resolve().parents[2]


def test_the_seed_of_a_chip_s_file_is_its_own_unless_another_one_is_asked_for(tmp_path, capsys):
    (tmp_path / "mine.toml").write_text("seed = 9")
    for extra, seed in (([], 9), (["--seed", "4"], 4)):
        assert main(["chip", "--show", str(tmp_path / "mine.toml"), *extra]) == 0
        assert tomllib.loads(capsys.readouterr().out)["seed"] == seed
    assert main(["chip", "--show", "ideal"]) == 0
    assert tomllib.loads(capsys.readouterr().out)["seed"] == 1


@pytest.mark.parametrize(("command", "name"), [("tasks", "yin-yang"), ("chip", "ideal"), ("chip --seed 3", "ideal")])
def test_lists_name_and_explain(command, name, capsys):
    assert main(command.split()) == 0
    line = capsys.readouterr().out.splitlines()[0]
    assert line.split()[0] == name and len(line.split()) > 4


def test_help_has_examples(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["train", "--help"])
    assert stop.value.code == 0
    assert "plasticore train yin-yang --epochs 5 --seed 3" in capsys.readouterr().out


def test_the_page_of_the_host_names_every_command_with_its_options():
    readme = (ROOT / "host" / "README.md").read_text(encoding="utf-8")
    begin = readme.index("    plasticore train TASK")
    synopsis = readme[begin : readme.index("\n\n", begin)]
    shown = {part.split()[0]: set(re.findall(r"--[a-z-]+", part)) for part in synopsis.split("plasticore ")[1:]}
    parsers = next(action for action in parser()._actions if action.dest == "==SUPPRESS==" and action.choices).choices
    assert {
        name: {option for option in parser._option_string_actions if option.startswith("--")} - {"--help"}
        for name, parser in parsers.items()
    } == shown


def test_version_names_everything_that_a_result_depends_on(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert stop.value.code == 0
    words = capsys.readouterr().out.replace(",", "").split()
    assert {"plasticore", "python", "numpy", "numba", "simpy"} <= set(words)
    assert re.fullmatch(r"\d+\.\d+\.\d+", words[words.index("plasticore") + 1])  # also without an installation


@pytest.mark.parametrize(
    "arguments", [["--help"], ["train", "yin-yang", "--rule", "hebb"], ["rules"], ["chip", "--show", "typical"]]
)
def test_answers_without_work_do_not_load_the_compiler(arguments):
    code = (
        "import sys\nfrom host.cli import main\n"
        f"try:\n    main({arguments!r})\nexcept SystemExit:\n    pass\n"
        "sys.exit(bool({'numba', 'simpy', 'tqdm', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
