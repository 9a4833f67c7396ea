"""Spike trains: their rates, on the clock, in order, by their seed; merging loses nothing."""

import numpy as np
import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from ppu_programs import trains
from ppu_programs.trains import Train, given, merge, modulated, poisson, regular
from tests.naive.trains import regular as one_by_one

MS = 1_000_000
rates = st.one_of(st.just(0.0), st.floats(1e3, 1e7))


def events(train):
    return list(zip(train.times_ns.tolist(), train.sources.tolist(), strict=True))


def check(train, start_ns, stop_ns):
    assert train.times_ns.dtype == train.sources.dtype == np.int64
    assert (train.times_ns % 8 == 0).all() and (np.diff(train.times_ns) >= 0).all()
    if len(train):
        assert start_ns <= train.times_ns[0] and train.times_ns[-1] < stop_ns
    assert len(set(events(train))) == len(train), "a source has two events at a time"


def within(count, expected, sigmas=5):
    assert abs(count - expected) <= sigmas * np.sqrt(expected) + 1, (count, expected)


@drawn(st.lists(rates, min_size=1, max_size=4), st.integers(0, 3_000), st.integers(0, 30_000), st.data())
def test_regular_trains_are_those_of_one_event_after_the_other(rates_hz, start_ns, span_ns, data):
    firsts = data.draw(st.lists(st.integers(0, 2_000), min_size=len(rates_hz), max_size=len(rates_hz)))
    made = regular(np.array(rates_hz), len(rates_hz), start_ns + span_ns, start_ns, np.array(firsts))
    check(made, start_ns, start_ns + span_ns)
    assert events(made) == one_by_one(rates_hz, firsts, start_ns, start_ns + span_ns)


def test_a_regular_train_keeps_its_rate_where_its_period_is_off_the_clock():
    made = regular(15_000.0, [3, 9], stop_ns=1_000 * MS)
    assert np.bincount(made.sources)[[3, 9]].tolist() == [15_000, 15_000]
    assert set(np.diff(made.times_ns[made.sources == 3]).tolist()) == {66_664, 66_672}


@drawn(st.integers(0, 2**32), st.lists(rates, min_size=1, max_size=5), st.integers(0, 10_000), st.integers(0, 200_000))
def test_poisson_trains_are_on_the_clock_in_order_and_by_their_seed(seed, rates_hz, start_ns, span_ns):
    arguments = np.array(rates_hz), len(rates_hz), start_ns + span_ns
    made, again, other = (poisson(*arguments, seed=s, start_ns=start_ns) for s in (seed, seed, seed + 1))
    check(made, start_ns, start_ns + span_ns)
    assert made.times_ns.tobytes() == again.times_ns.tobytes() and made.sources.tobytes() == again.sources.tobytes()
    assert len(made) < 30 or events(made) != events(other)
    assert not np.isin(made.sources, np.flatnonzero(np.array(rates_hz) == 0)).any()
    for source, rate in enumerate(rates_hz):
        within((made.sources == source).sum(), rate * span_ns * 1e-9)


def test_poisson_trains_have_the_statistics_of_poisson_trains():
    made = poisson(20_000.0, 50, 100 * MS, seed=1)
    within(len(made), 50 * 2_000)
    counts = np.array([np.bincount(made.times_ns[made.sources == s] // MS, minlength=100) for s in range(50)])
    assert counts.var() / counts.mean() == pytest.approx(1.0, abs=0.08)  # Fano factor of 5000 counts
    gaps = np.diff(made.times_ns[made.sources == 7])
    assert gaps.std() / gaps.mean() == pytest.approx(1.0, abs=0.1)
    assert abs(np.corrcoef(counts)[np.triu_indices(50, 1)]).mean() < 0.1  # sources do not know of each other


def test_a_generator_goes_on_and_its_state_is_a_seed():
    first, second = (np.random.default_rng(5) for _ in range(2))
    a, b = poisson(1e6, 4, MS, seed=first), poisson(1e6, 4, MS, seed=first)
    assert events(a) == events(poisson(1e6, 4, MS, seed=second)) == events(poisson(1e6, 4, MS, seed=5))
    assert events(b) == events(poisson(1e6, 4, MS, seed=second)) != events(a)


def test_the_highest_rate_has_an_event_at_each_edge():
    made = poisson(125e6, 2, 80, seed=1)
    assert events(made) == [(time, source) for time in range(0, 80, 8) for source in (0, 1)]


@drawn(st.integers(0, 2**32), st.floats(1e4, 1e6), st.integers(8, 500_000))
def test_modulated_trains_are_on_the_clock_in_order_and_by_their_seed(seed, highest, stop_ns):
    def ramp(times_ns):
        return highest * times_ns / stop_ns

    made, again = (modulated(ramp, highest, [4, 2], stop_ns, seed) for _ in range(2))
    check(made, 0, stop_ns)
    assert events(made) == events(again) and set(made.sources.tolist()) <= {2, 4}
    within(len(made), 2 * highest * stop_ns * 1e-9 / 2)


def test_a_modulated_train_follows_its_rate():
    def rate(times_ns):
        return 30e3 * (1 + np.sin(2 * np.pi * times_ns / MS))

    made = modulated(rate, 60e3, 20, 200 * MS, seed=3)
    phases = np.bincount(made.times_ns % MS // 50_000, minlength=20)
    edges = 2 * np.pi * np.arange(21) / 20
    expected = 20 * 200 * 30e3 * 1e-3 * (1 / 20 - np.diff(np.cos(edges)) / (2 * np.pi))
    for count, wanted in zip(phases, expected, strict=True):
        within(count, wanted)
    constant = modulated(lambda times_ns: 10e3, 60e3, 20, 200 * MS, seed=3)
    within(len(constant), 20 * 200 * 10)


streams = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 5)), max_size=20)


@drawn(st.lists(streams, max_size=4))
def test_merging_conserves_and_keeps_the_order_of_trains(found):
    made = [given(8 * np.array([t for t, _ in s], int), np.array([n for _, n in s], int)) for s in found]
    for train, stream in zip(made, found, strict=True):
        assert events(train) == sorted((8 * t, n) for t, n in stream)
    merged = merge(*made)
    assert sorted(events(merged)) == sorted(event for train in made for event in events(train))
    assert events(merged) == sorted((e for train in made for e in events(train)), key=lambda event: event[0])


@pytest.mark.parametrize("kind", ["u1", "i2", "u4", "u8", ">i8"])
def test_arrays_of_any_integers_are_taken_in_any_order(kind):
    made = given(np.array([16, 0, 8], kind), np.array([1, 2, 3], kind))
    assert events(made) == [(0, 2), (8, 3), (16, 1)]
    program = made.program(np.array([0, 10, 20, 30], kind))
    assert program.times_ns.tolist() == [0, 8, 16] and program.labels.tolist() == [20, 30, 10]
    with pytest.raises(ValueError, match="source 3 of a train has no label; there are 3 labels"):
        made.program(np.zeros(3, kind))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: poisson(-1.0, 2, MS, 1), r"rates lie in -1.0..-1.0 Hz; a rate is 0, or in 0.001..125000000 Hz"),
        (lambda: poisson(2e8, 2, MS, 1), "rates lie in"),
        (lambda: poisson(np.nan, 2, MS, 1), "rates lie in nan"),
        (lambda: poisson(np.array([1e3, 1e3, 1e3]), 2, MS, 1), "give one rate, or an array of 2, one for each source"),
        (lambda: poisson("fast", 2, MS, 1), "rate_hz is 'fast'"),
        (lambda: poisson(1e3, -2, MS, 1), "the number of sources is -2"),
        (lambda: poisson(1e3, [0.5], MS, 1), r"sources of a train are float64\[1\]"),
        (lambda: poisson(1e3, [-1], MS, 1), r"sources of a train lie in -1..-1"),
        (lambda: poisson(1e3, 2, 1.5, 1), "stop_ns is 1.5"),
        (lambda: poisson(1e3, 2, 5, 1, start_ns=8), "stop_ns is 5; it must be a whole number in 8.."),
        (lambda: poisson(1e3, 2, MS, -1), "the seed of a train is -1"),
        (lambda: poisson(1e3, 2, MS, None), "the seed of a train is None"),
        (lambda: modulated(lambda t: 2e3 + 0 * t, 1e3, 2, 100 * MS, 1), r"rates in 2000.0..2000.0 Hz; .*highest_hz"),
        (lambda: modulated(lambda t: np.nan * t, 1e3, 2, 100 * MS, 1), "rates in nan"),
        (
            lambda: modulated(lambda t: np.zeros(3), 1e5, 2, 100 * MS, 1),
            r"returned float64\[3\] for .* return a rate for each",
        ),
        (lambda: regular(1e3, 2, MS, first_ns=-8), "first_ns of a train lie in -8..-8"),
        (lambda: given(np.array([4]), np.array([1])), "off the FPGA's clock of 8 ns; round"),
        (lambda: given(np.array([8.0]), np.array([1])), r"times_ns of a train are float64\[1\]"),
        (lambda: given(np.array([8, 16]), np.array([1])), "2 times and 1 sources; give"),
        (lambda: Train(np.array([16, 8]), np.array([1, 1])), "decrease; given"),
    ],
)
def test_what_cannot_be_is_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_nothing_is_a_train_too():
    for made in (merge(), poisson(0.0, 3, MS, 1), poisson(1e3, 0, MS, 1), regular(0.0, 2, MS), given([], [])):
        assert len(made) == 0 and len(made.program(np.zeros(0, int))) == 0
    assert len(poisson(trains.LOWEST_HZ, 1, MS, 1)) == 0
