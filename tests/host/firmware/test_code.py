"""A run knows every module and data file of its rule, and a comparison never mixes two states of them."""

import hashlib
import importlib
import json
import sys
from concurrent.futures import Future
from pathlib import Path

import numpy as np
import pytest

from chip import Chip
from host.compare import Plan, compare
from host.firmware import rules
from host.firmware.code import changes, code_of, conflict
from host.firmware.source import source_of
from host.host import Host
from tests.host.inline import Inline
from tests.host.toy import TASK


def sha(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def lab(mine, toy_task, tmp_path, monkeypatch):
    """Return a rule that uses two modules, one by a name that it computes, and two data files; and the paths of all."""
    monkeypatch.syspath_prepend(str(tmp_path / "elsewhere"))
    files = {
        "elsewhere/lab_common.py": "import numpy as np\nRATE = 5\n",
        "elsewhere/lab_plugin.py": "from lab_deep import DEEP\n",
        "elsewhere/lab_deep.py": "DEEP = 1\n",
        "data.txt": "7",
        "rates.npy": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    np.save(tmp_path / "rates.npy", np.arange(3))
    path = mine(
        (
            "STEP = 3",
            "import importlib, pathlib\nfrom lab_common import RATE\nSTEP = RATE\nHERE = pathlib.Path(__file__)",
        ),
        (
            "    def build(self, task, config):\n",
            "    def build(self, task, config):\n"
            "        importlib.import_module('lab_' + 'plugin')\n"
            "        HERE.with_name('data.txt').read_text()\n"
            "        np.load(HERE.with_name('rates.npy'))\n",
        ),
    )
    return path, {name: tmp_path / name for name in files}


def loaded(path):
    host = Host(Chip())
    host.load(rules.load(f"{path}:Mine")(), TASK, compiling=False)
    return host


def test_what_a_rule_imports_and_reads_is_known_however_it_does_so(lab):
    path, files = lab
    metadata = path.parent / "installed_editable.egg-info" / "entry_points.txt"  # what a look for plugins opens
    metadata.parent.mkdir()
    metadata.write_text("[console_scripts]\n")
    read = "HERE.with_name('data.txt').read_text()"
    path.write_text(path.read_text().replace(read, f"{read}; pathlib.Path({str(metadata)!r}).read_text()"))
    code = code_of(type(loaded(path).firmware), Host)
    assert code.files == {file: sha(file) for file in (path, *files.values())}
    assert code.rule_file == path and set(code.distributions) == {"numpy"}
    assert set(code.table()["files"]) == {"mine.py", *files}


def test_the_result_names_them(lab):
    path, files = lab
    found = source_of(loaded(path).firmware)
    assert found["class"] == "Mine" and next(iter(found["files"])) == str(path)
    assert set(found["files"]) == {str(path), *map(str, files.values())}


def test_what_is_edited_after_it_was_loaded_counts_when_it_is_loaded_again(lab):
    path, files = lab
    common = files["elsewhere/lab_common.py"]
    before = code_of(type(loaded(path).firmware))
    common.write_text("RATE = 50\n")
    assert code_of(type(loaded(path).firmware)).files[common] == before.files[common]  # that is what runs
    importlib.reload(sys.modules["lab_common"])
    assert code_of(type(loaded(path).firmware)).files[common] == sha(common) != before.files[common]
    path.write_text(path.read_text() + "\n# edited\n")
    assert code_of(type(loaded(path).firmware)).files[path] == sha(path) != before.files[path]


def test_rules_of_ours_have_no_files():
    from ppu_programs import EventProp

    code = code_of(EventProp, Host)
    assert code.files == {} and code.rule_file is None and changes(code.table(), code) == ""


def compared(path, directory, seeds, executor=None):
    plan = Plan("yin-yang", rules=[f"{path}:Mine"], chips=["ideal"], seeds=range(1, seeds + 1), epochs=1)
    return compare(plan, directory, executor=executor or Inline())


def forget(*names):
    """Let Python forget modules, as a new process does."""
    for name in names:
        sys.modules.pop(name, None)


MODULES = ("lab_common", "lab_plugin", "lab_deep")
ANY = ["mine.py", "elsewhere/lab_common.py", "elsewhere/lab_deep.py", "data.txt", "rates.npy"]


@pytest.mark.parametrize("name", ANY)
def test_a_comparison_does_not_go_on_with_another_state_of_anything(lab, tmp_path, name):
    path, files = lab
    assert compared(path, tmp_path / "out", 1).rows[0].complete
    forget(*MODULES)
    file = {**files, "mine.py": path}[name]
    kept = file.read_bytes()
    file.write_bytes(kept + b"\n")
    with pytest.raises(ValueError, match=f"run.json was written with another {name}; nothing was changed"):
        compared(path, tmp_path / "out", 2)
    forget(*MODULES)
    file.write_bytes(kept)
    comparison = compared(path, tmp_path / "out", 2)
    assert comparison.new == 1 and all(row.complete for row in comparison.rows)


class Later(Inline):
    """Edits something before its second run."""

    def __init__(self, edit):
        super().__init__()
        self.edit = edit

    def submit(self, function, /, *arguments, **named) -> Future:
        if len(self.runs()) == 1 and function.__name__ == "attempt":
            self.edit()
        return super().submit(function, *arguments, **named)


@pytest.mark.parametrize("name", ["mine.py", "elsewhere/lab_common.py", "data.txt"])
def test_an_edit_while_it_goes_on_is_a_failed_run_and_no_mean_of_two_rules(lab, tmp_path, name):
    path, files = lab
    file = {**files, "mine.py": path}[name]

    def edit():
        forget(*MODULES)
        file.write_bytes(file.read_bytes() + b"\n")

    comparison = compared(path, tmp_path / "out", 2, Later(edit))
    (failed,) = [row for row in comparison.rows if not row.complete]  # which one was first to end
    assert f"{name} was changed while the comparison went on" in failed.problem
    assert not (tmp_path / "out" / failed.directory).exists()


def test_run_json_has_the_table(lab, tmp_path):
    path, files = lab
    row = compared(path, tmp_path / "out", 1).rows[0]
    table = json.loads((tmp_path / "out" / row.directory / "run.json").read_text())["code"]
    assert table["files"] == {str(file.relative_to(tmp_path)): sha(file) for file in (path, *files.values())}
    assert len(table["ours"]) == 16


def test_tables_conflict_where_both_know_and_disagree():
    one = {"ours": "a", "files": {"x.py": "1", "y": "2"}, "distributions": {"numpy": "1"}}
    assert conflict(one, one) == conflict(one, one | {"files": {"z": "3"}}) == ""
    assert conflict(one, one | {"files": {"y": "3"}}) == "y was"
    assert conflict(one, one | {"ours": "b"}) == "plasticore's own sources were"


def test_a_file_that_is_gone_or_new_is_said(lab):
    path, files = lab
    code = code_of(type(loaded(path).firmware), Host)
    table = code.table()
    assert changes(table, code) == "" and "another state" in changes("0" * 16, code)
    gone = table | {"files": table["files"] | {"gone.txt": "0" * 64}}
    assert changes(gone, code) == "was written with another gone.txt, which cannot be read now"
    fewer = table | {"files": {name: at for name, at in table["files"].items() if "common" not in name}}
    assert changes(fewer, code) == f"was written without {Path('elsewhere/lab_common.py')}, which the rule imports now"
    other = table | {"distributions": {"numpy": "0.1"}}
    assert changes(other, code).startswith("was written with numpy 0.1, now it is ")
