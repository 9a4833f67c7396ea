"""Tasks of a user's own on the command line: arrays, Python files; results say what they were, errors are sentences."""

import hashlib

import numpy as np
import pytest

from host import tasks
from host.cli import main
from host.results.result import Result
from host.tasks import Task
from tests.host.conftest import EXAMPLE

SOURCE = """
import numpy as np
from host.tasks import Split, Task

def split(n):
    return Split(np.linspace(0, 1, n)[:, None], np.arange(n) % 2)

def make():
    return Task("halves", ("low", "high"), split(4), split(2), split(3))

TASK = make()
NUMBER = 3

def fail():
    return 1 / 0

def nothing():
    pass

def leave():
    raise SystemExit(3)

def bad():
    return Task("bad", ("low",), split(4), split(2), split(3))
"""


def arrays(**changes):
    found = {"classes": np.array(["low", "high"])}
    for split, count in (("train", 4), ("validation", 2), ("test", 3)):
        found[f"{split}_inputs"] = np.linspace(0, 1, count, dtype=np.float32)[:, None]
        found[f"{split}_targets"] = (np.arange(count) % 2).astype(np.uint16)
    return {name: values for name, values in (found | changes).items() if values is not None}


def streams(**changes):
    found = {}
    for split in ("train", "validation", "test"):
        found[f"{split}_times_ns"] = np.array([0, 8, 8], np.uint32)
        found[f"{split}_channels"] = np.array([0, 4, 1], np.uint8)
        found[f"{split}_offsets"], found[f"{split}_targets"] = np.array([0, 2, 3]), np.array([0, 1])
    return {name: values for name, values in (found | changes).items() if values is not None}


@pytest.fixture
def file(tmp_path, monkeypatch):
    """Write arrays into mine.npz in the current directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("host.pictures.plots.available", lambda: False)

    def write(**found):
        np.savez(tmp_path / "mine.npz", **found)
        return tmp_path / "mine.npz"

    return write


@pytest.fixture
def script(tmp_path, monkeypatch, imports_are_undone):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("host.pictures.plots.available", lambda: False)
    (tmp_path / "my_tasks.py").write_text(SOURCE)
    return tmp_path / "my_tasks.py"


# ---------------------------------------------------------------------- arrays


def test_arrays_of_a_file_make_a_task(file):
    path = file(**arrays())
    made = tasks.load(str(path))
    assert (made.name, made.classes) == ("mine", ("low", "high"))
    assert made.ranges == {"train": range(4), "validation": range(4, 6), "test": range(6, 9)}
    assert made.inputs[:4, 0].tolist() == np.linspace(0, 1, 4, dtype=np.float32).tolist()
    file(**arrays(classes=None))
    assert tasks.load("mine.npz").classes == ("0", "1")
    file(**arrays(classes=np.array([b"low", b"high"])))
    assert tasks.load("mine.npz").classes == ("low", "high")


def test_streams_of_a_file_make_a_task(file):
    file(**streams())
    made = tasks.load("mine.npz")
    assert made.train.width == 5 and made.events.times_ns.tolist() == [0, 8, 8] * 3
    file(**streams(channels=np.array(7)))
    assert tasks.load("mine.npz").train.width == 7


def test_classes_that_no_training_sample_has_are_said_once(file, mine, capsys):
    path = file(**arrays(classes=np.array(["low", "high", "never", "nor this"])))
    said = "no training sample of task mine is of class never, nor this, which nothing can learn from it"
    with pytest.warns(tasks.TaskWarning, match=said):
        tasks.load(str(path))
    for command in (["train", str(path), "--quiet"], ["compare", str(path), "--jobs", "1", "--quiet"]):
        main(
            [*command, *(["--rules"] if command[0] == "compare" else ["--rule"]), f"{mine()}:Mine", "--out", command[0]]
        )
        assert capsys.readouterr().err.splitlines().count(f"plasticore: {said}") == 1


MUST_HOLD = "; it must hold X_inputs, numbers in 0..1 [samples, inputs], and X_targets"
REFUSED = {
    "no inputs": (arrays(test_inputs=None), f"has no test_inputs{MUST_HOLD}"),
    "a typing error": (arrays(clases=np.array(["a"])), f"holds clases, which is unknown{MUST_HOLD}"),
    "nothing": ({}, f"has no train_inputs{MUST_HOLD}"),
    "channels of numbers": (arrays(channels=np.array(3)), "holds channels, which is unknown"),
    "both kinds": (arrays(test_offsets=np.array([0])), "has no train_times_ns"),
    "NaN": (arrays(train_targets=np.array([0, 1, np.nan, 0])), "train: the targets of a split hold nan"),
    "a class too many": (arrays(test_targets=np.array([0, 1, 2])), "the test split of task mine has class 2, but"),
    "bytes": (arrays(test_inputs=np.array([[0], [255], [3]], np.uint8)), "test: the inputs of a split lie in 0.0..255"),
    "other width": (arrays(test_inputs=np.zeros((3, 2))), "has 1 inputs in its train split and 2 in its test split"),
    "one short": (arrays(test_inputs=np.zeros((2, 1))), "test: a split has inputs [2, 1] and targets [3]"),
    "names of nobody": (arrays(classes=np.zeros((2, 2))), "classes are float64[2, 2]; give the name of each, a text"),
    "objects": (
        arrays(train_inputs=np.array([[None]] * 4)),
        "holds train_inputs as an array of Python objects, which are not read; save it as numbers, or names as texts: "
        "numpy.asarray(train_inputs, float)",
    ),
    "names as objects": (arrays(classes=np.array(["low", "high"], object)), "numpy.asarray(classes, str)"),
    "events off the clock": (streams(train_times_ns=np.array([0, 4, 8])), "train: times of a split of events are off"),
    "few channels": (streams(channels=np.array(3)), "the channels of a split of events lie in 0..4; 0..2 are valid"),
    "no channels": (streams(channels=np.zeros(0, int)), "channels are int64[0]; give their number"),
    "negative": (streams(train_channels=np.array([0, -1, 0])), "train_channels lie in -1..0; 0..65535 are valid"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_files_that_make_no_task_are_a_sentence_before_any_work(file, capsys, case):
    found, words = REFUSED[case]
    path = file(**found)
    assert main(["train", str(path)]) == 2
    out, err = capsys.readouterr()
    assert err.startswith(f"plasticore: the task file {path}") and words in err and err.count("\n") == 1
    assert out == "" and not (path.parent / "runs").exists()


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04 damaged", b"\x93NUMPY\x01\x00"])
def test_what_is_no_file_of_arrays_is_a_sentence(file, tmp_path, capsys, content):
    (tmp_path / "mine.npz").write_bytes(content)
    assert main(["train", "mine.npz"]) == 2
    assert "the task file mine.npz is no .npz file of arrays, or damaged; numpy.savez" in capsys.readouterr().err
    np.save(tmp_path / "one.npy", np.zeros(3))
    (tmp_path / "one.npy").rename(tmp_path / "mine.npz")
    assert main(["train", "mine.npz"]) == 2
    assert "damaged; numpy.savez writes one, which must hold X_inputs" in capsys.readouterr().err


# ---------------------------------------------------------------------- Python files


def test_a_file_has_a_task_or_makes_one(script):
    for name in ("TASK", "make"):
        made = tasks.load(f"my_tasks.py:{name}")
        assert made.name == "halves" and made.source["origin"] == f"my_tasks.py:{name}"
    assert tasks.load("my_tasks.py:TASK").digest == made.digest
    assert isinstance(made, Task)


SCRIPTS = {
    "my_tasks.py:none": "the task file my_tasks.py has no none; its tasks are: TASK",
    "my_tasks.py:NUMBER": "NUMBER of the task file my_tasks.py is 3; let it be a host.tasks.Task",
    "my_tasks.py:nothing": "nothing of the task file my_tasks.py returned None; let it return a host.tasks.Task",
    "my_tasks.py:fail": "my_tasks.py:15: ZeroDivisionError: division by zero",
    "my_tasks.py:leave": "my_tasks.py:21: SystemExit: 3",
    "my_tasks.py:bad": "the train split of task bad has class 1, but there are 1 classes",
    "my_tasks.py:split": "my_tasks.py makes no task: ",
    "my_tasks.py": "the task 'my_tasks.py' needs a file and a task; write FILE.py:TASK",
    "my_tasks.py:a-b": "names the task 'a-b', which cannot be one",
    "nowhere.py:TASK": "the task file nowhere.py cannot be read: No such file or directory",
    "wrong.py:TASK": "the task file cannot be imported: ",
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_files_without_a_task_are_a_sentence_before_any_work(script, tmp_path, capsys, name):
    (tmp_path / "wrong.py").write_text("def :\n")
    assert main(["train", name]) == 2
    out, err = capsys.readouterr()
    assert SCRIPTS[name] in err and err.count("\n") == 1 and "Traceback" not in err
    assert out == "" and not (tmp_path / "runs").exists()


# ---------------------------------------------------------------------- the command line


def test_a_rule_learns_arrays_and_the_result_names_them(file, mine, tmp_path, capsys):
    file(**arrays())
    mine()
    assert main(["train", "mine.npz", "--rule", "mine.py:Mine", "--epochs", "2"]) == 0
    out, err = capsys.readouterr()
    assert err.startswith("mine mine.Mine: ") and "LOST" not in out
    result = Result.load(tmp_path / "runs" / "mine-mine.Mine-ideal-seed1-2epochs")
    digest = tasks.load("mine.npz").digest
    assert result.task == "mine" and result.task_source == {"origin": "mine.npz", "sha256": digest}
    assert f"task          mine.npz, sha256 {digest[:12]}\n" in out


def test_a_rule_that_takes_numbers_refuses_streams_in_a_sentence(file, capsys):
    file(**streams())
    assert main(["train", "mine.npz", "--rule", "eventprop"]) == 2
    assert "the samples of task mine are streams of events, in 5 channels" in capsys.readouterr().err


def test_a_rule_learns_a_task_of_a_script(script, mine, tmp_path, capsys):
    mine()
    assert main(["train", "my_tasks.py:make", "--rule", "mine.py:Mine", "--epochs", "1", "--quiet"]) == 0
    result = Result.load(tmp_path / "runs" / "my_tasks.make-mine.Mine-ideal-seed1-1epochs")
    assert result.task == "halves" and result.task_source["origin"] == "my_tasks.py:make"


def test_a_rule_and_its_task_may_stand_in_one_file(mine, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("host.pictures.plots.available", lambda: False)
    mine(text=f"{EXAMPLE.partition('if __name__')[0]}\n{SOURCE}")
    assert main(["train", "mine.py:make", "--rule", "mine.py:Mine", "--epochs", "1", "--quiet"]) == 0
    result = Result.load(tmp_path / "runs" / "mine.make-mine.Mine-ideal-seed1-1epochs")
    assert (result.task, result.rule_source["class"]) == ("halves", "Mine") and len(result.rule_source["files"]) == 1


def test_a_comparison_notices_that_the_data_have_changed(file, mine, tmp_path, capsys):
    file(**arrays())
    mine()
    command = ["compare", "mine.npz", "--rules", "mine.py:Mine", "--chips", "ideal", "--seeds", "1", "--jobs", "1"]
    assert main([*command, "--epochs", "1"]) == 0, capsys.readouterr().err
    assert (tmp_path / "runs" / "compare-mine" / "comparison.json").is_file()
    capsys.readouterr()
    file(**arrays(test_targets=np.array([1, 1, 1])))
    assert main([*command, "--epochs", "1"]) == 2
    assert "was written with task_sha256 = " in capsys.readouterr().err


def test_the_list_of_tasks_and_the_help_tell_of_files(capsys):
    assert main(["tasks"]) == 0
    out = capsys.readouterr().out
    for words in ("yin-yang ", "digits:DIRECTORY ", "FILE.npz ", "FILE.py:TASK ", "X_targets"):
        assert words in out
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    out = " ".join(capsys.readouterr().out.split())
    assert "digits:DIRECTORY, FILE.npz or FILE.py:TASK" in out and "plasticore train mine.npz" in out


def test_short_names_are_those_of_titles_and_directories():
    names = {"yin-yang": "yin-yang", "a/b.npz": "b", "a/b.py:make": "b.make", "digits:/data/mnist": "digits-mnist"}
    names |= {"digits:data/": "digits-data", "digits:.": "digits-here", "digits.npz": "digits"}
    assert {name: tasks.short_name(name) for name in names} == names


def test_a_file_changes_nothing_but_the_origin_of_the_same_data(file):
    file(**arrays())
    made = tasks.load("mine.npz")
    again = Task("other", made.classes, made.train, made.validation, made.test)
    assert again.digest == made.digest and hashlib.sha256().digest_size * 2 == len(made.digest)
