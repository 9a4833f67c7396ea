"""``plasticore compare --where chip,host``: both places in one table."""

import pytest

from host import tasks
from host.compare import Plan, compare
from tests.host.inline import Inline
from tests.host.toy import TASK, Toy


def test_both_places_stand_in_one_table(tmp_path, monkeypatch):
    few = tasks.yin_yang().head(50, 20, 30)
    monkeypatch.setattr(tasks, "load", lambda name: few)
    plan = Plan("yin-yang", where=["chip", "host"], chips=["ideal"], seeds=[1], epochs=1)
    comparison = compare(plan, tmp_path, executor=Inline())
    rows = {row.where: row for row in comparison.rows}
    assert set(rows) == {"chip", "host"} and all(row.complete and not row.problem for row in rows.values())
    assert rows["chip"].link_bytes_per_sample == 0 < 100 < rows["host"].link_bytes_per_sample
    assert rows["chip"].link_us_per_sample == 0 < 10 < rows["host"].link_us_per_sample
    assert rows["host"].chip_us_per_sample < rows["chip"].chip_us_per_sample
    for row in rows.values():
        parts = row.chip_us_per_sample + row.link_us_per_sample + row.host_us_per_sample
        assert row.total_us_per_sample == pytest.approx(parts)
        assert row.energy_low_uj_per_sample == pytest.approx(0.2 * parts)
        assert row.system_energy_high_uj_per_sample == pytest.approx(5.6 * parts)
    assert rows["chip"].host_us_per_sample == 0 < rows["host"].host_us_per_sample
    lines = comparison.summary().splitlines()
    assert max(map(len, lines)) <= 120 and "+" not in lines[1] and lines[2].count("+") == 2
    assert rows["host"].spikes_per_hidden_neuron > 0


def test_a_rule_without_a_method_is_refused_before_anything_is_done(tmp_path, monkeypatch):
    monkeypatch.setattr("ppu_programs.load", lambda name: Toy)
    monkeypatch.setattr(tasks, "load", lambda name: TASK)
    plan = Plan("yin-yang", where=["chip", "host"], chips=["ideal"], seeds=[1])
    with pytest.raises(ValueError, match="toy rule has no network that can be trained from the host"):
        compare(plan, tmp_path / "out", executor=Inline())
