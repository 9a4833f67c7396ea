"""Points and rows: how far a chip is off, what a table says of it, and what counts as within the aim."""

import json
import math

import pytest

from host.experiments.published import Evidence, Point, Use, between, misses, score, table


def point(value=10.0, **more):
    return Point("height", value, "LSB", "demo", Use.HELD_OUT, Evidence.FIGURE, **more)


def a_range(least, most, **more):
    return between("time", least, most, "ms", "arithmetic", Use.CALIBRATED_ON, Evidence.DERIVED, **more)


@pytest.mark.parametrize(
    "row, off, beyond, agrees",
    [
        (point().found(11.9), 0.19, 0.19, True),
        (point().found(7.9), -0.21, 0.21, False),
        (point(tolerance=1.0).found(12.5), 0.25, 0.25, False),
        (point(tolerance=3.0).found(12.5), 0.25, 0.0, True),
        (point(-10.0, tolerance=1.0).found(-10.5), 0.05, 0.0, True),
        (a_range(8.0, 12.0).found(12.0), 0.2, 0.0, True),
        (a_range(8.0, 12.0, aim=0.1).found(13.5), 0.35, 0.15, False),
    ],
)
def test_how_far_a_chip_is_off(row, off, beyond, agrees):
    assert row.off == pytest.approx(off) and row.beyond == pytest.approx(beyond)
    assert row.agrees is agrees


def test_what_is_no_number_does_not_agree():
    row = point().found(math.nan)
    assert not row.agrees and row.distance == "none"
    assert misses([row]) == ["height: the chip gave nothing to compare; the reason is not known"]


def test_the_table_has_a_line_for_each_row_and_says_which_miss():
    rows = [point(tolerance=1.0).found(11.9), a_range(1.0, 3.0).found(2.5), a_range(1.0, 3.0).found(9)]
    heading, first, second, third = table(rows)
    assert heading.split() == ["published", "simulated", "off"]
    assert first.split("  ")[-1] == "held out; LSB; demo" and "10 +- 1" in first and "+19%" in first
    assert "1 to 3" in second and "in range" in second
    assert third.split("  ")[-1] == "misses, calibrated on; ms; arithmetic" and "+300%" in third
    (sentence,) = misses(rows)
    assert sentence.startswith("time: 300% from") and sentence.endswith("the reason is not known")
    assert score(rows) == "within the aim: 1 of 2 rows calibrated on, 1 of 1 rows held out"


def test_a_known_reason_is_told():
    assert misses([point(reason="it has none").found(20)])[0].endswith("is the aim; it has none")


def test_a_row_is_plain_values():
    row = point(tolerance=1.0, reason="none").found(9)
    assert json.loads(json.dumps(row.to_dict())) == row.to_dict()
    assert row.to_dict()["use"] == "held out" and row.to_dict()["agrees"]
