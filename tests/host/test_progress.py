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

from host.host import Status
from host.progress import Progress

END = "<end>"


def run(samples=1_000):
    """All that a run tells; nothing may be said of samples while functions compile."""
    with Progress("yin-yang eventprop") as progress:
        for kernel in range(15):
            progress.loading(kernel, 14)
        progress(Status(0, samples, None, 0.0, warm=False))
        progress(Status(1, samples, None, 0.0, warm=False))
        for played in range(25, samples + 1, 25):
            accuracy = 0.875 if played > samples // 2 else None
            progress(Status(played, samples, accuracy, played * 5e-5))


def test_a_file_gets_a_few_whole_lines(capsys):
    run()
    shown = capsys.readouterr().err
    lines = shown.splitlines()
    assert shown.endswith("\n") and "\r" not in shown
    assert lines[0] == "yin-yang eventprop: compiling, about half a minute on first use"
    assert len(lines) == 12
    assert lines[1] == "yin-yang eventprop: 25 of 1000 samples (2%), chip 0.00 s"
    last = r"yin-yang eventprop: 1000 of 1000 samples \(100%\), \d+ samples/s, \d+ us each, accuracy 0\.8750 in "
    assert re.match(last, lines[-1]) and lines[-1].endswith("the last epoch, chip 0.05 s")


@pytest.fixture
def terminal(monkeypatch):
    """A pseudo-terminal as stderr; call with its width for what stands to be read."""
    master, slave = pty.openpty()
    stderr = os.fdopen(slave, "w")
    monkeypatch.setattr("host.progress.INTERVAL_S", 0.0)

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
    assert drawn[0].startswith("yin-yang eventprop: compiling, about ha")
    assert "50/100" in shown or width == 40
    if width == 200:
        assert "compiling, about half a minute on first use: kernel 3 of 14" in shown
        assert re.search(r"100%\|.* 100/100 samples \[.*samples/s, \d+ us each, accuracy 0\.8750 in the", shown)
    assert "0/100" not in shown.split("25/100")[0]


def test_speed_is_that_of_the_last_stretch(monkeypatch):
    clock = iter(range(100, 200, 10))
    monkeypatch.setattr("host.progress.time.perf_counter", lambda: float(next(clock)))
    progress = Progress("x")
    progress._measure(0)
    assert progress._speed == ""
    progress._mark(0)
    progress._measure(1_000)
    assert progress._speed == "100 samples/s, 10000 us each"


def test_quiet_is_quiet_and_a_missing_stderr_does_no_harm(capsys, monkeypatch):
    with Progress("x", quiet=True) as progress:
        progress.loading(0, 1)
        progress(Status(5, 10, None, 0.0))
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("sys.stderr", None)
    run()


def test_a_full_stderr_does_not_stop_learning(monkeypatch):
    class Full(io.StringIO):
        def write(self, text):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("sys.stderr", Full())
    run()
