"""Background generators: against loops over periods, and what the vendor says of their rates."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba.core import config as numba_config

from chip.base.config import ChipConfig, RouterConfig
from chip.base.registers import Registers
from chip.core.core import AnalogCore
from tests.naive.generators import generated

END_NS = 60_000
PLAIN = bool(numba_config.DISABLE_JIT)
few = settings(max_examples=1 if PLAIN else 25)
compiled = pytest.mark.skipif(PLAIN, reason="takes minutes where nothing is compiled")
writes = st.fixed_dictionaries(
    {
        "time_ns": st.integers(0, END_NS // 4 - 1).map(lambda k: 4 * k),
        "generator": st.integers(0, 7),
        "enabled": st.booleans(),
        "poisson": st.booleans(),
        "period": st.integers(10, 3000),
        "rate": st.integers(0, 255),
        "seed": st.integers(1, 2**32 - 1),
        "mask": st.integers(0, 255),
        "label": st.integers(0, 0x3FFF),
    }
)


def registers(**values):
    """Every generator's events come back to the FPGA, which records them."""
    made = Registers()
    made.crossbar_target[12:20] = made.crossbar_mask[12:20] = 0
    for name, value in values.items():
        setattr(made, f"background_{name}", value)
    return made


def core_with(contention=False, **values):
    return AnalogCore(ChipConfig(router=RouterConfig(contention=contention)), registers(**values))


def events_of(core, end_ns):
    times, labels = core.spikes(0, end_ns)
    return sorted(zip(times.tolist(), labels.tolist(), strict=True))


@few
@given(st.lists(writes, max_size=12, unique_by=lambda w: (w["generator"], w["time_ns"])),
       st.lists(st.integers(0, END_NS // 4), max_size=5))  # fmt: skip
def test_events_are_those_of_a_loop_over_periods(posted, looks):
    core = core_with()
    for write in posted:
        core.post_generator(**write)
    for look in sorted(looks):
        core.membranes(4 * look)
    expected = [(time_ns, generator % 4 << 14 | label) for time_ns, generator, label in generated(posted, END_NS)]
    assert events_of(core, END_NS) == sorted(expected)
    assert core.counters["from_background"] == len(expected)


WRITES = [dict(period=50, label=1), dict(period=50, label=2), dict(period=20, label=0), dict(enabled=False)]


@given(st.permutations(WRITES))
@few
def test_of_writes_at_one_time_the_same_stands_whoever_posts_first(order):
    core = core_with()
    for write in order:
        core.post_generator(400, 0, **write)
    assert events_of(core, 1_000) == [(600, 2), (800, 2)]  # the greatest values


@pytest.mark.parametrize("posted_ns", [0, 400])
def test_registers_that_are_written_anew_replace_what_is_posted_up_to_then(posted_ns):
    core = core_with(enabled=True, period=50)
    core.post_generator(posted_ns, 1, period=25, label=9)
    core.configure(registers(enabled=[True] + 7 * [False], period=100))
    later = [(posted_ns + 100 * k, 1 << 14 | 9) for k in range(1, 9)] if posted_ns else []
    expected = [(400, 0), (800, 0), *(event for event in later if event[0] < 1_000)]
    assert events_of(core, 1_000) == sorted(expected)


def test_the_first_event_comes_a_full_period_after_registers_are_written():
    core = core_with(enabled=[True] + 7 * [False], period=50)
    assert events_of(core, 1_000) == [(200, 0), (400, 0), (600, 0), (800, 0)]
    core.advance(1_600)
    core.configure(registers(enabled=[False, True] + 6 * [False], period=50))  # the first is off from now on
    assert events_of(core, 2_004)[7:] == [(1_800, 1 << 14), (2_000, 1 << 14)]


@compiled
@pytest.mark.parametrize("rate", [1, 64, 200, 255])
def test_the_mean_interval_is_the_period_by_its_rate(rate):
    """haldls: mean interval = period / (rate / 255); a register that shifts 10^5 times is within 4 standard errors."""
    core = core_with(enabled=[True] + 7 * [False], poisson=True, period=1, rate=rate, seed=77)
    periods = 100_000
    core.advance(4 * periods)
    chance = rate / 255
    spread = (periods * chance * (1 - chance)) ** 0.5
    assert abs(core.counters["from_background"] - periods * chance) <= 4 * spread + 1


@compiled
def test_masked_bits_of_labels_are_drawn_evenly_and_no_others():
    core = core_with(enabled=[True] + 7 * [False], period=1, mask=0b1010_0110, label=0x3F00 | 0b0101_0001, seed=5)
    _, labels = core.spikes(0, 80_000)
    assert (labels & ~np.uint16(0b1010_0110) == 0x3F00 | 0b0101_0001).all()
    drawn, counts = np.unique(labels, return_counts=True)
    assert drawn.size == 16 and abs(counts - labels.size / 16).max() < 5 * (labels.size / 16) ** 0.5


@compiled
def test_eight_generators_at_their_fastest_are_all_accounted_for():
    core = core_with(contention=True, enabled=True, period=1, mask=255, seed=np.arange(1, 9))
    core.advance(200_000)
    counters, counts = core.counters, core.fabric_counts
    assert counters["from_background"] == 8 * (200_000 // 4 - 1)
    assert counters["sent"] == counters["delivered"] + counters["lost"] + counters["in_flight"]
    assert counts.returned == counters["from_background"]
    assert counts.returned == counters["recorded"] + counts.lost_returns + counts.returning
    assert counts.link_full > 0 and counts.node_drops.sum() == counts.return_drops > 0


@pytest.mark.parametrize(
    "values, words",
    [
        (dict(generator=8), "a background generator is 8; it is 0..7"),
        (dict(period=0), "the period of a background generator is 0; it is 1..65535"),
        (dict(rate=256), "the rate of a background generator is 256; it is 0..255"),
        (dict(seed=0), "the seed of a background generator is 0; it is 1..4294967295"),
        (dict(label=1 << 14), "the label of a background generator is 16384; it is 0..16383"),
        (dict(time_ns=2), "on the 4 ns clock"),
    ],
)
def test_what_no_generator_takes_is_refused(values, words):
    with pytest.raises(ValueError, match=words):
        core_with().post_generator(**{"time_ns": 0, "generator": 0} | values)
