"""The command line's answers without work: lists, settings, help, version; and that the README names all options."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from chip.base.constants import SRAM_VECTOR_STORE_CYCLES
from chip.ppu.costs import COSTS
from chip.ppu.processor.operation import OFFERED
from chip.ppu.vector.operations import INTRINSICS, OPERATIONS
from host.cli import main, parser

ROOT = Path(__file__).resolve().parents[3]


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


def test_operations_are_all_listed_with_what_they_do_and_their_cycles(capsys):
    assert main(["operations"]) == 0
    listed = capsys.readouterr().out
    lines = {line.split()[0]: line.split()[1:] for line in listed.splitlines() if re.match(r"  \w", line)}
    assert set(OPERATIONS) | set(INTRINSICS) | set(OFFERED) == set(lines)
    assert lines["store8"][0] == str(SRAM_VECTOR_STORE_CYCLES) and lines["divide"][0] == str(COSTS["divide"].cycles)
    assert all(len(words) > 2 for words in lines.values())


def test_an_operation_is_explained_by_its_name_or_a_part_of_it(capsys):
    assert main(["operations", "ppu.wait_until"]) == 0
    assert capsys.readouterr().out.startswith("yield ppu.wait_until(cycle)\n  Sleep until the time base reads")
    assert main(["operations", "add16_s"]) == 0
    assert capsys.readouterr().out.startswith("add16_sat(v, d, a, b, code=0)  12 cycles\n  d = a + b, saturating")
    assert main(["operations", "nonesuch"]) == 2
    assert "no operation has 'nonesuch' in its name" in capsys.readouterr().err


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
