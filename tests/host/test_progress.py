"""The progress bar tells samples, speed and accuracy."""

import re

import pytest

from host.host import Status
from host.progress import ProgressBar


@pytest.fixture
def often(monkeypatch):
    monkeypatch.setattr("host.progress.LOG_INTERVAL_S", 0.0)


def test_bar_shows_samples_speed_and_accuracy(often, capsys):
    with ProgressBar("yin-yang eventprop") as bar:
        bar.loading(2, 14)
        bar.loading(14, 14)
        bar(Status(0, 100, None, 0.0))
        bar(Status(50, 100, None, 0.01))
        bar(Status(100, 100, 0.875, 0.02))
    shown = capsys.readouterr().err.replace("\r", "\n")
    for pattern in (
        r"^yin-yang eventprop, loading \[",
        r"^yin-yang eventprop, compiling kernel 3 of 14 \[",
        r"^yin-yang eventprop, first samples \(",
        r"^yin-yang eventprop:  50%.* 50/100 samples .*\d samples/s, \d+ us each, chip 0\.01 s",
        r" 100/100 samples .*, accuracy 0\.8750 in the last epoch, chip 0\.02 s",
    ):
        assert re.search(pattern, shown, re.M), pattern


def test_speed_is_that_of_the_last_stretch(often, capsys, monkeypatch):
    clock = iter(range(100, 200, 10))
    monkeypatch.setattr("host.progress.time.perf_counter", lambda: float(next(clock)))
    bar = ProgressBar("x")
    assert bar._measure(0) == ""
    bar._mark(0)
    assert bar._measure(1_000) == "100 samples/s, 10000 us each"
    bar._bar.close()
