"""Progress tells samples, speed and accuracy: on one line of a terminal, on some lines of a file."""

import fcntl
import io
import os
import pty
import re
import struct
import termios
import threading

import pytest
from numba.core import config as numba_config

from chip.base import compiled
from host.host import Moment
from host.running.compiling import Compiling
from host.running.progress import Progress
from ppu_programs import Status

END = "<end>"
needs_compiler = pytest.mark.skipif(bool(numba_config.DISABLE_JIT), reason="nothing is compiled")


def run(samples=1_000):
    """All that a run tells; nothing may be said of samples while functions compile."""
    with Progress("yin-yang eventprop") as progress:
        for kernel in range(15):
            progress.loading(kernel, 14)
        progress(Moment(Status(0, samples), 0.0, warm=False))
        progress(Moment(Status(1, samples), 0.0, warm=False))
        for played in range(25, samples + 1, 25):
            accuracy = 0.875 if played > samples // 2 else None
            progress(Moment(Status(played, samples, metrics={"train_accuracy": accuracy}), played * 5e-5))


def test_a_file_gets_a_few_whole_lines(capsys):
    run()
    shown = capsys.readouterr().err
    lines = shown.splitlines()
    assert shown.endswith("\n") and "\r" not in shown
    assert len(lines) == 11  # nothing is said of compiling where nothing is compiled
    assert lines[0] == "yin-yang eventprop: 25 of 1000 samples (2%), chip 0.00 s"
    assert re.search(r"us each, \d+ s left, chip", lines[1]) and "left" not in lines[-1]
    last = r"yin-yang eventprop: 1000 of 1000 samples \(100%\), \d+ samples/s, \d+ us each, train accuracy "
    assert re.match(last, lines[-1]) and lines[-1].endswith("train accuracy 0.8750, chip 0.05 s")


@pytest.fixture
def terminal(monkeypatch):
    """A pseudo-terminal as stderr; call with its width for what stands to be read."""
    master, slave = pty.openpty()
    stderr = os.fdopen(slave, "w")
    monkeypatch.setattr("host.running.progress.INTERVAL_S", 0.0)

    def shown_by(action, columns):
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 0, columns, 0, 0))
        monkeypatch.setattr("sys.stderr", stderr)  # here, since pytest sets its own between fixture and test
        seen = []
        reader = threading.Thread(target=_read_all, args=(master, seen), daemon=True)
        reader.start()  # while it is written: a terminal holds 4 KiB
        action()
        stderr.write(END)
        stderr.flush()
        reader.join(timeout=10)
        assert not reader.is_alive()
        return "".join(seen).removesuffix(END)

    yield shown_by
    stderr.close()
    os.close(master)


def _read_all(terminal, seen):
    while not "".join(seen).endswith(END):
        seen.append(os.read(terminal, 4096).decode())


@pytest.mark.parametrize(("columns", "width"), [(0, 80), (200, 200), (40, 40)])
def test_a_terminal_gets_one_line_that_fits(terminal, columns, width):
    shown = terminal(lambda: run(samples=100), columns)
    assert shown.endswith("\r\n") and shown.count("\n") == 1
    drawn = [line.rstrip() for line in shown.rstrip("\r\n").split("\r") if line]
    assert max(len(line) for line in drawn) < width
    assert "50/100" in shown or width == 40
    if width == 200:
        assert re.search(r"100%\|.* 100/100 samples \[.*samples/s, \d+ us each, train accuracy 0\.8750", shown)
    assert "0/100" not in shown.split("25/100")[0]


def test_speed_is_that_of_the_last_stretch_and_says_what_is_left():
    progress = Progress("x")
    progress._lap(100.0, 0)
    assert progress._speed(10) == []
    for second in range(1, 11):
        progress._lap(100.0 + second, 100 * second)
    assert progress._speed(18_000) == ["100 samples/s, 10000 us each", "3 min 0 s left"]
    for second in range(11, 16):  # five seconds at another speed, and nothing else counts
        progress._lap(100.0 + second, 1_000 + 200 * (second - 10))
    assert progress._speed(900_000) == ["200 samples/s, 5000 us each", "1 h 15 min left"]
    assert progress._speed(0) == ["200 samples/s, 5000 us each"]


@pytest.fixture
def compiler(monkeypatch):
    """Compile a function of some name, as far as a progress sees it; it takes 20 s on the clock of this module."""
    now_s = [0.0]
    monkeypatch.setattr("host.running.compiling.time.perf_counter", lambda: now_s[0])

    def compile_one(progress, name):
        progress._compiling._begun(name)
        now_s[0] += 20.0
        progress._compiling._ended()

    return compile_one


def test_a_file_is_told_what_compiles_and_then_what_was(compiler, capsys):
    with Progress("x") as progress:
        for kernel in range(4):
            progress.loading(kernel, 3)
            compiler(progress, f"kernel_{kernel}" if kernel < 3 else "advance")
        compiler(progress, "insert")
        progress(Moment(Status(5, 10), 0.0))
    assert capsys.readouterr().err.splitlines() == [
        "x: compiling the firmware's function 1 of 3",
        "x: compiling the chip's functions, after 60 s",
        "x: compiled 5 functions in 100 s",
        "x: 5 of 10 samples (50%), chip 0.00 s",
    ]


def test_a_terminal_is_told_of_every_function(compiler, terminal):
    def compile_three():
        with Progress("x") as progress:
            progress.loading(0, 3)
            compiler(progress, "kernel_add")
            progress.loading(1, 3)
            progress._compiling._ended()  # one of the cache
            progress.loading(2, 3)
            compiler(progress, "tasks_adder")
            progress.loading(3, 3)
            compiler(progress, "advance")

    shown = terminal(compile_three, columns=80)
    lines = [line.rstrip() for line in shown.split("\r") if line.strip()]
    assert lines == [
        "x: compiling the firmware's function 1 of 3: kernel add, 0 s",
        "x: compiling the firmware's function 3 of 3: program adder, 20 s",
        "x: compiling the chip's functions: advance, 40 s",
    ]


@needs_compiler
def test_what_numba_compiles_is_told(capsys):
    @compiled.compiled(cache=False)
    def function(x):
        return x + 1

    with Progress("x"):
        function(1)
    assert re.fullmatch("x: compiling the chip's functions\nx: compiled 1 function in \\d s\n", capsys.readouterr().err)


@needs_compiler
@pytest.mark.parametrize("redrawn", (True, False))
def test_a_long_one_is_told_again(redrawn):
    @compiled.compiled(cache=False)
    def function(x):
        return x + 1

    told = []
    teller = Compiling(told.append, every_s=1e-3, redrawn=redrawn)
    with teller.told():
        function(1)
    name = ": function, " if redrawn else ""
    assert len(told) > 3 and all(line.startswith(f"compiling the chip's functions{name}") for line in told)


def test_quiet_is_quiet_and_a_missing_stderr_does_no_harm(capsys, monkeypatch):
    with Progress("x", quiet=True) as progress:
        progress.loading(0, 1)
        progress(Moment(Status(5, 10), 0.0))
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("sys.stderr", None)
    run()


def test_a_full_stderr_does_not_stop_learning(monkeypatch):
    class Full(io.StringIO):
        def write(self, text):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("sys.stderr", Full())
    run()


def test_other_things_than_samples_are_counted_and_a_total_need_not_be_known(capsys):
    with Progress("x") as progress:
        progress(Moment(Status(3, 30, "updates", {"reward": None, "rate": 11.25}), 0.5))
    with Progress("y") as progress:
        for played in range(20):
            progress(Moment(Status(played), 0.5))
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "x: 3 of 30 updates (10%), rate 11.25, chip 0.50 s"
    assert lines[1] == "y: chip 0.50 s" and len(lines) == 3 and lines[2].startswith("y: 19 samples, ")
