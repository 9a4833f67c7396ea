"""The host loop as a whole: it learns, pays for everything, repeats itself, and sees nothing that did not cross."""

import ast
from pathlib import Path

import numpy as np
import pytest

from chip import Chip, ChipConfig
from chip.base.config import LinkConfig, PpuConfig
from chip.base.saving import npz_bytes
from host import Host, tasks
from host.loop import host_loop
from host.loop.host_loop import HostLoop
from host.loop.learner import Learner
from host.loop.methods.eventprop import EventPropMethod
from host.loop.methods.method import Learning
from host.loop.methods.superspike import SuperSpikeMethod
from host.results import verdict
from host.results.report import report
from host.results.result import Result
from ppu_programs import EventProp
from ppu_programs.eventprop.settings import Settings
from tests.host.toy import TASK, Toy

PACKAGE = Path(host_loop.__file__).parent
COUNTS = {"crossed"}  # what the link itself counts
LINK = {
    "book_stimuli",
    "run",
    "record_trace",
    "write_sram",
    "write_weights",
    "read_trace",
    "read_sram",
    "read_external",
}


def loop(method=None, epochs=1, train=50, config=None, settings=None) -> HostLoop:
    host = HostLoop(Chip(config or ChipConfig.ideal(seed=1)), method)
    host.load(EventProp(epochs=epochs, seed=1, settings=settings), tasks.yin_yang().head(train, 20, 30))
    return host


def test_the_loop_has_a_link_and_nothing_else():
    """No file but the one that loads the chip names a part of it."""
    forbidden = {"chip", "core", "processors", "player", "external", "environment", "posted_weights", "trace"}
    files = sorted(PACKAGE.rglob("*.py"))
    assert len(files) >= 8
    for path in files:
        if path.name == "host_loop.py":
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        assert not names & forbidden, path
        assert not any("chip.chip" in ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom))


class Wire:
    """The link, but for what a loop has no business with."""

    def __init__(self, link):
        self._link = link
        self.used = set()

    def __getattr__(self, name):
        if name in COUNTS:
            return getattr(self._link, name)
        assert name in LINK, f"the loop asks the link for {name}"
        self.used.add(name)
        return getattr(self._link, name)


@pytest.mark.parametrize("method", [EventPropMethod, SuperSpikeMethod])
def test_all_that_it_learns_from_has_crossed_the_link(method):
    host = loop(method)
    host.learner.link = wire = Wire(host.chip.link)
    loaded = host.chip.link.bytes["before"]
    result = host.run()
    assert wire.used == LINK - (set() if method is SuperSpikeMethod else {"read_external"})
    counts, played = result.host_link, 50 + 20 + 30
    assert counts["runs"] == 2 + 1 + 1 and result.samples == played
    # at least: the numbers of samples, the readings, stimuli, the events of inputs, a CADC trace a sample
    least = played * (16 + 4 * 3 + 5 * 16) + 50 * 5 * 8 + (50 * 17 * 128 * 4 if method is SuperSpikeMethod else 0)
    assert counts["bytes_during"] > least
    crossed = sum(count for name, count in counts.items() if name in ("bytes_before", "bytes_during", "bytes_after"))
    words = sum(n + -(-3 * n // 4) + 1 + (method is SuperSpikeMethod) for n in (20, 30))  # numbers, readings, counts
    evaluation = 16 * (50 * 5 + words)
    learned, switches = 50 * counts["bytes_per_training_sample"], 2 * 16
    assert crossed == pytest.approx(loaded + learned + switches + evaluation + 4 * result.weights.size, abs=0.01)
    # two runs of 25 samples, each with its overhead, the wait for its end and two or three answers
    by_preset = result.speed["link_us_per_sample_by_preset"]
    for name, start_us in (("today", 5_000.0), ("optimistic", 1_000.0)):
        waits_us = 2 * (start_us + 100.0 * (3 + (method is SuperSpikeMethod)))
        assert by_preset[name] == pytest.approx((waits_us + learned / 125) / 50)
    assert (counts["preset"], result.speed["link_us_per_sample"]) == ("today", by_preset["today"])
    # of four starts the first, which belongs to loading, has written the capacitor memory
    assert counts["starts"] == {"unchanged": 0, "changed": 3, "capmem": 0}
    crossed_s = counts["bytes_during"] / 125e6 + 1e-4 * counts["round_trips"]
    assert counts["seconds_by_preset"] == pytest.approx({"today": crossed_s + 15e-3, "optimistic": crossed_s + 3e-3})
    before_s = counts["bytes_before"] / 125e6
    assert counts["seconds_before_by_preset"] == pytest.approx({"today": before_s + 0.1, "optimistic": before_s + 1e-3})
    assert 0 < 50e-6 * result.speed["host_us_per_sample"] < result.time["host_s"]
    total_us = sum(result.speed[f"{part}_us_per_sample"] for part in ("chip", "link", "host"))
    assert result.energy["joules_per_sample"] == pytest.approx([0.2e-6 * total_us, 0.7e-6 * total_us])
    seconds = sum(result.time.values())
    assert result.energy["joules"] == pytest.approx([0.2 * seconds, 0.7 * seconds])
    assert result.time["link_s"] >= counts["bytes_during"] / 125e6 + 3 * 5.1e-3  # all runs but the first
    assert 0 < result.time["host_s"] < result.wall_seconds and result.time["chip_s"] == result.chip_seconds


def test_no_array_of_a_result_depends_on_the_link():
    links = LinkConfig.today(), LinkConfig.optimistic(), LinkConfig.optimistic(round_trip_us=0.0)
    today, *others = [loop(config=ChipConfig.typical(seed=1, link=link)).run() for link in links]
    times = [today.time["link_s"]]
    for other in others:
        assert npz_bytes(other.arrays) == npz_bytes(today.arrays)
        assert other.chip_seconds == today.chip_seconds
        own = {"preset", "seconds", "seconds_before"}
        assert {k: v for k, v in other.host_link.items() if k not in own} == {
            k: v for k, v in today.host_link.items() if k not in own
        }
        times.append(other.time["link_s"])
    assert times[0] == today.host_link["seconds_by_preset"]["today"] > times[1] > times[2]
    assert times[1] == today.host_link["seconds_by_preset"]["optimistic"] == others[0].host_link["seconds"]
    assert [result.host_link["preset"] for result in (today, *others)] == ["today", "optimistic", "own settings"]
    assert "(own settings) or " in report(others[1])


def test_no_byte_of_a_chip_alone_depends_on_the_link():
    def alone(link):
        host = Host(Chip(ChipConfig.typical(seed=1, link=link)))
        host.load(EventProp(epochs=1, seed=1), tasks.yin_yang().head(50, 20, 30))
        return host.run()

    today, optimistic = alone(LinkConfig.today()), alone(LinkConfig.optimistic())
    assert npz_bytes(today.arrays) == npz_bytes(optimistic.arrays)
    assert today.speed["link_us_per_sample_by_preset"] == {"today": 0.0, "optimistic": 0.0}
    assert today.host_link["seconds_before_by_preset"] == optimistic.host_link["seconds_before_by_preset"]


def test_the_result_is_that_of_a_run_on_the_chip():
    host = loop(epochs=2)
    result = host.run()
    assert result.where == "host" and result.complete and result.rule == "eventprop" and len(result.learning) == 2
    on_chip = Host(Chip(ChipConfig.ideal(seed=1)))
    on_chip.load(EventProp(epochs=2, seed=1), tasks.yin_yang().head(50, 20, 30))
    other = on_chip.run()
    assert other.where == "chip" and other.time == {"chip_s": other.chip_seconds, "link_s": 0.0, "host_s": 0.0}
    shared = {"weights", "train_accuracy", "validation_predictions", "test_predictions"}
    assert shared <= set(result.arrays) and shared <= set(other.arrays)
    assert set(result.summary()) == set(other.summary()) and list(result.metrics) == list(other.metrics)
    assert (
        result.arrays["test_predictions"].shape == (30,) and result.arrays["validation_predictions"].dtype == np.uint8
    )
    assert (result.weights == host.chip.weights()).all() and sum(result.losses.values()) == 0
    text = report(result)
    assert "eventprop from the host on chip ideal" in text and "link time" in text and "host time" in text
    assert "link time" not in report(other)
    for words in ("chip time stands still", "two instructions", "learns in float by Adam", "the host observes spikes"):
        assert any(words in sentence for sentence in result.assumptions) and words not in str(other.assumptions)
    assert result.speed["samples"] == 75 and result.speed["chip_us_per_sample"] < other.speed["chip_us_per_sample"]


def test_the_same_weights_see_the_same_chip_in_both_places():
    """Without learning, every class of the validation and test samples is that of the on-chip rule's evaluation.

    Both wait as long between samples of an evaluation. Membranes are not compared.
    """
    still = Settings(rate=1e-6, readout_rate=1e-6, mean=4.0, readout_spread=8.0)
    host = loop(lambda settings: EventPropMethod(settings, Learning(0.0, 0.0)), settings=still)
    on_chip = Host(Chip(ChipConfig.ideal(seed=1)))
    on_chip.load(EventProp(epochs=1, seed=1, settings=still), tasks.yin_yang().head(50, 20, 30))
    ours, theirs = host.run(), on_chip.run()
    assert (ours.weights == theirs.weights).all()
    assert len(set(theirs.arrays["validation_predictions"].tolist())) > 1
    for split in ("validation", "test"):
        assert (ours.arrays[f"{split}_predictions"] == theirs.arrays[f"{split}_predictions"]).all()


def test_membranes_are_looked_at_when_the_method_thinks():
    """On a network that the host computes itself, a look at time t sees the membrane at t."""
    from tests.naive.eventprop import potential

    quiet = Settings(mean=2.0, spread=3.0)  # no neuron spikes
    host = loop(SuperSpikeMethod, settings=quiet)
    learner = host.learner
    learner.link.record_trace()
    seen = learner._observe(np.arange(20))
    assert not seen.spikes[0].times_ns.size and seen.conversions.shape == (20, 17, 120)
    conversions_ns = 1_700.0 * np.arange(1, 18)
    hidden = learner.weights[0].round() * quiet.efficacy_lsb
    arguments = -1e30, float(quiet.tau_syn_ns), float(quiet.tau_mem_ns)
    for n in range(20):
        for look, t in enumerate(conversions_ns):
            exact = [potential(t, hidden[:, j].copy(), seen.arrivals_ns[n], *arguments) for j in range(0, 120, 17)]
            assert np.abs(seen.conversions[n, look, ::17] - 80.0 - exact).max() <= 0.6
    assert np.ptp(seen.conversions) > 10


@pytest.mark.slow
@pytest.mark.parametrize("method", [EventPropMethod, SuperSpikeMethod])
def test_it_learns_and_repeats_itself(method):
    one, other = (loop(method, epochs=3, train=500, config=ChipConfig.typical(seed=2)).run() for _ in range(2))
    losses = one.arrays["train_loss"]
    assert losses[2] < 0.7 * losses[0] and one.learning[2] > 0.7
    assert npz_bytes(one.arrays) == npz_bytes(other.arrays)
    assert one.chip_seconds == other.chip_seconds and one.host_link == other.host_link


def test_an_interrupt_leaves_what_there_is(tmp_path):
    host = loop(epochs=2)
    runs = []

    def interrupt(status):
        runs.append(status)
        if len(runs) == 1:
            raise KeyboardInterrupt

    host_loop_every = host_loop.PROGRESS_EVERY_S
    host_loop.PROGRESS_EVERY_S = 0.0
    try:
        result = host.run(interrupt)
    finally:
        host_loop.PROGRESS_EVERY_S = host_loop_every
    assert not result.complete and result.accuracy is None and host.over and host.chip.stopped is False
    assert result.weights.any() and result.samples == 25 and len(result.learning) == 0
    result.save(tmp_path)
    assert Result.load(tmp_path).time == result.time


def test_an_interrupt_within_a_run_leaves_the_link_open(monkeypatch):
    host = loop()
    learner = host.learner

    def interrupted(*_):
        learner.link.chip.start()  # and never comes to run
        raise KeyboardInterrupt

    monkeypatch.setattr(Learner, "_play", interrupted)
    result = host.run()
    assert not result.complete and result.weights.any()


def test_the_watchdog_ends_learning_and_is_told():
    """Its limit is that of one run of the programs."""
    config = ChipConfig(ppu=PpuConfig(program_limit_cycles=25 * 25_000))  # 100 us for each sample of a batch
    result = loop(config=config).run()  # evaluation plays all 20 samples at once, then all 30
    assert not result.complete and result.samples >= 50 and len(result.learning) == 1
    assert verdict.ending(result) == verdict.WATCHDOG and "watchdog" in verdict.sentence(result)


def test_what_cannot_be_trained_from_outside_is_refused():
    with pytest.raises(ValueError, match="toy rule has no network that can be trained from the host; rules that can"):
        HostLoop(Chip(ChipConfig.ideal())).load(Toy(), TASK)
    firmware = EventProp(epochs=1)
    firmware.name = "hebb"
    with pytest.raises(ValueError, match="'hebb' cannot be trained from the host; valid are eventprop"):
        HostLoop(Chip(ChipConfig.ideal())).load(firmware, tasks.yin_yang().head(50, 20, 30))


def test_it_needs_no_spike_writer():
    without = ChipConfig.from_dict({"seed": 1, "fpga": {"spike_writer": False}})
    assert npz_bytes(loop(config=without).run().arrays) == npz_bytes(loop().run().arrays)
    with pytest.raises(ValueError, match=r"needs fpga\.sample_player"):
        loop(config=ChipConfig.from_dict({"fpga": {"sample_player": False}}))


def test_a_loop_runs_once():
    host = loop()
    host.run()
    with pytest.raises(RuntimeError, match="started already"):
        host.run()
    with pytest.raises(RuntimeError, match="has loaded nothing yet"):
        HostLoop(Chip(ChipConfig.ideal())).run()
