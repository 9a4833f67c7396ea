"""Bytes of observation: the arithmetic, and counts that are those of the chip."""

import numpy as np
import pytest

from chip import Chip, ChipConfig
from host import Host, tasks
from host.experiments import observation
from host.pictures.view import view_of
from ppu_programs import EventProp

TASK = tasks.yin_yang().head(50, 25, 25)


def test_bytes_follow_from_events_and_conversions():
    events = np.array([[5, 40], [5, 0]])
    found = observation.bytes_of(events, hidden=120, readouts=3, duration_ns=30_000)
    assert found["eventprop"].tolist() == [4 * 45 + 3, 4 * 5 + 3]
    assert found["traces"].tolist() == [18 * 123] * 2  # at 0, 1.7, ... 28.9 us
    assert found["surrogate"].tolist() == [18 * 123 + 180, 18 * 123 + 20]
    assert found["link_eventprop"].tolist() == [8 * 45 + 3, 8 * 5 + 3]
    assert found["link_surrogate"].tolist() == [18 * 123 + 360, 18 * 123 + 40]
    assert len(found) == 5


def test_counts_are_those_of_the_record_and_ratios_those_of_the_bytes():
    outcome = observation.run(ChipConfig.ideal(seed=2), seeds=2, epochs=1, task=TASK)
    events = outcome.arrays["events"]
    assert events.shape == (2, 2, 25, 2) and (events[..., 0] == 5).all() and len(outcome.arrays["accuracy"]) == 2
    host = Host(Chip(ChipConfig.ideal(seed=3)))
    host.load(EventProp(epochs=1, seed=3), TASK)
    result = host.run()
    for sample in (0, 24):
        replayed = view_of(result).activity(result.weights, TASK.ranges["test"].start + sample)
        recorded = replayed.spike_times_ns < host.chip.player.samples.duration_ns
        assert events[1, 1, sample, 1] == recorded.sum() > 0
    per_seed = outcome.arrays["traces_bytes"].mean(axis=2) / outcome.arrays["eventprop_bytes"].mean(axis=2)
    ratio = outcome.summary["ratio"]["traces"]["trained"]
    assert ratio["mean"] == pytest.approx(per_seed[:, 1].mean())
    assert ratio["std"] == pytest.approx(per_seed[:, 1].std(ddof=1))
    of_link = outcome.arrays["traces_bytes"].mean(axis=2) / outcome.arrays["link_eventprop_bytes"].mean(axis=2)
    link = outcome.summary["ratio"]["link_traces"]["trained"]
    assert link["mean"] == pytest.approx(of_link[:, 1].mean()) and link["mean"] < 0.6 * ratio["mean"]
    record, trace = outcome.report.split("record in the FPGA's memory, 4 bytes a spike")[1].split(
        "trace over the link, 8 bytes a spike"
    )
    for part, value in ((record, ratio), (trace, link)):
        assert f"{value['mean']:.1f} +- {value['std']:.1f}" in part
    assert "6.2 +- 0.5" in trace
