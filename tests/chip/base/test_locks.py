"""One process at a time: a claim lasts as long as its process, and leaves nothing behind."""

import contextlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from chip.base import locks
from chip.base.locks import CLAIM_NAME, ClaimedError, claimed
from chip.base.saving import replace_together

PROJECT = Path(locks.__file__).parents[2]
CLAIM = """
import pathlib, sys
from chip.base.locks import claimed
with claimed(pathlib.Path(sys.argv[1])):
    print("claimed", flush=True)
    sys.stdin.read()
"""
SAVE = """
import pathlib, sys
from chip.base.saving import replace_together
directory, who = pathlib.Path(sys.argv[1]), sys.argv[2].encode()
print("ready", flush=True)
sys.stdin.read()
for _ in range(20):
    replace_together({directory / "result.npz": who * 300_000, directory / "result.json": who})
"""


@contextlib.contextmanager
def started(text, *arguments):
    """Start a process of a text; yield it when it has said its first word."""
    command = [sys.executable, "-c", text, *map(str, arguments)]
    with subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline()
        yield process


def test_a_second_claim_is_told_who_has_the_first_also_in_one_process(tmp_path):
    with claimed(tmp_path):
        with pytest.raises(ClaimedError, match=f"process {os.getpid()} on "), claimed(tmp_path):
            pass
        assert (tmp_path / CLAIM_NAME).exists()
    with claimed(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_claim_ends_with_its_process_however_that_ends(tmp_path):
    with started(CLAIM, tmp_path) as process:
        with pytest.raises(ClaimedError, match=f"process {process.pid} on "), claimed(tmp_path):
            pass
        process.kill()
    assert (tmp_path / CLAIM_NAME).exists()
    with claimed(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_was_made_stays_only_with_something_in_it(tmp_path):
    with claimed(tmp_path / "a" / "b"):
        assert (tmp_path / "a" / "b").is_dir()
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(KeyboardInterrupt), claimed(tmp_path / "a" / "b"):
        (tmp_path / "a" / "result").touch()
        raise KeyboardInterrupt
    assert [path.name for path in tmp_path.rglob("*")] == ["a", "result"]


def test_many_threads_take_turns(tmp_path):
    inside = []

    def work(_):
        try:
            with claimed(tmp_path):
                inside.append(1)
                assert len(inside) == 1
                inside.pop()
            return 1
        except ClaimedError:
            return 0

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(work, range(400))) > 0
    assert list(tmp_path.iterdir()) == []


def test_without_locks_nobody_waits(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(locks.fcntl, "flock", refuse)
    with claimed(tmp_path), claimed(tmp_path):
        replace_together({tmp_path / "a": b"1"})
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_two_processes_that_save_at_once_leave_the_files_of_one(tmp_path):
    for _ in range(3):
        with started(SAVE, tmp_path, "A") as one, started(SAVE, tmp_path, "B") as other:
            for process in (one, other):
                process.stdin.close()
        assert one.returncode == other.returncode == 0
        contents = {path.name: set(path.read_bytes()) for path in tmp_path.iterdir()}
        assert contents.keys() == {"result.npz", "result.json"}
        assert contents["result.npz"] == contents["result.json"] and len(contents["result.npz"]) == 1


def test_what_a_killed_process_has_left_is_removed(tmp_path):
    for name in ("a.1234.partial", "b.1234.partial"):
        (tmp_path / name).touch()
    replace_together({tmp_path / "a": b"1"})
    assert {path.name for path in tmp_path.iterdir()} == {"a", "b.1234.partial"}
