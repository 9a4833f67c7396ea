"""The page of answers keeps its word: each block is complete, runs by itself, and prints what stands behind it."""

import contextlib
import io
import re
import runpy

import pytest

from tests.documents import ROOT, blocks, document, matches

PAGE = document("ppu_programs", "HOW_DO_I.md")
BLOCKS = blocks(PAGE)
RUN = [k for k, block in enumerate(BLOCKS) if block.what == "run"]


@pytest.mark.parametrize("number", RUN)
def test_an_answer_runs_and_prints_what_is_shown(number, tmp_path, monkeypatch):
    answer, output = BLOCKS[number : number + 2]
    assert (answer.language, output.what, output.language) == ("python", None, "text")
    monkeypatch.chdir(tmp_path)
    path = tmp_path / f"answer_{number}.py"  # a file: the source of a task is read
    path.write_text(answer.text, encoding="utf-8")
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        runpy.run_path(str(path))
    assert matches(printed.getvalue(), output.text), f"it printed:\n{printed.getvalue()}"


def test_every_block_is_run_or_compared():
    assert PAGE.count("\n```") == 2 * len(BLOCKS) == 4 * len(RUN)


def test_the_contents_name_every_answer():
    titles = re.findall(r"^## (.*)$", PAGE, re.M)
    named = re.findall(r"^- \[(.*?)\]\(#(.*?)\)", PAGE, re.M)
    assert [title.lower() for title in titles] == [name for name, _ in named]
    assert [anchor for _, anchor in named] == [name.replace(" ", "-") for name, _ in named]


def test_files_that_it_names_exist():
    names = set(re.findall(r"`((?:examples/)?\w+\.py|examples/)`", PAGE)) | set(re.findall(r"\]\((\w+\.md)\)", PAGE))
    assert names and [name for name in sorted(names) if not (ROOT / "ppu_programs" / name).exists()] == []
