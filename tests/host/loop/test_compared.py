"""``plasticore compare --where chip,host``: both places in one table."""

import pytest

from chip.base.config import ChipConfig, LinkConfig
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


def test_the_time_of_a_host_is_stated_on_either_link_whichever_it_had(tmp_path, monkeypatch):
    few = tasks.yin_yang().head(50, 20, 30)
    monkeypatch.setattr(tasks, "load", lambda name: few)
    links = {"now": LinkConfig.today(), "then": LinkConfig.optimistic(), "mine": LinkConfig.today(round_trip_us=0.0)}
    chips = {name: ChipConfig.ideal(seed=1, link=link) for name, link in links.items()}
    plan = Plan("yin-yang", where=["host"], chips=chips, seeds=[1], epochs=1)
    comparison = compare(plan, tmp_path, executor=Inline())
    rows = {row.chip: row for row in comparison.rows}
    assert [row.link_preset for row in rows.values()] == ["today", "optimistic", "own settings"]
    for row in rows.values():
        assert row.link_today_us_per_sample - row.link_optimistic_us_per_sample == pytest.approx(4_000 / 25)
        apart = row.chip_us_per_sample + row.host_us_per_sample
        assert row.total_today_us_per_sample == pytest.approx(apart + row.link_today_us_per_sample)
        assert row.total_optimistic_us_per_sample == pytest.approx(apart + row.link_optimistic_us_per_sample)
        assert row.link_today_us_per_sample == rows["now"].link_us_per_sample
        assert row.link_optimistic_us_per_sample == rows["then"].link_us_per_sample
    assert rows["mine"].link_us_per_sample == pytest.approx(rows["now"].link_us_per_sample - 3 * 100 / 25)
    lines = comparison.summary().splitlines()
    assert "total us = chip + link (today or optimistic or own settings) + host time" in "".join(lines)
    at = lines.index("total us, the same runs on a link of either preset:")
    assert lines[at + 1].split() == ["rule", "where", "chip", "today", "optimistic"]
    assert [line.split()[2] for line in lines[at + 2 :]] == list(links) and len(lines) == at + 5
    assert all(line.count("=") == 2 and line.count("+") == 4 for line in lines[at + 2 :])


def test_tables_of_chips_alone_say_nothing_of_links(tmp_path, monkeypatch):
    monkeypatch.setattr("ppu_programs.load", lambda name: Toy)
    monkeypatch.setattr(tasks, "load", lambda name: TASK)
    comparison = compare(Plan("yin-yang", chips=["ideal"], seeds=[1]), tmp_path, executor=Inline())
    assert "preset" not in comparison.summary() and "chip + link + host time" in comparison.summary()
    assert comparison.rows[0].link_preset == "today" and comparison.rows[0].link_today_us_per_sample == 0


def test_a_rule_without_a_method_is_refused_before_anything_is_done(tmp_path, monkeypatch):
    monkeypatch.setattr("ppu_programs.load", lambda name: Toy)
    monkeypatch.setattr(tasks, "load", lambda name: TASK)
    plan = Plan("yin-yang", where=["chip", "host"], chips=["ideal"], seeds=[1])
    with pytest.raises(ValueError, match="toy rule has no network that can be trained from the host"):
        compare(plan, tmp_path / "out", executor=Inline())
