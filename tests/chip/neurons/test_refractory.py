"""Refractory clocks: how near counters come to wanted times, and that what comes out is what registers make."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chip.base.registers import Registers
from chip.neurons.refractory import LONGEST_NS, quantise

SHAPE = (2, 256)
DEFAULT = Registers().refractory_ns


def times(low, high):
    """Any times, evenly over the orders of magnitude."""
    return st.floats(np.log(low), np.log(high)).map(lambda x: round(np.exp(x)))


@given(times(136, LONGEST_NS), st.floats(0, 1))
@settings(max_examples=60)
def test_one_time_for_all_is_met_within_three_percent(time_ns, share):
    clocks = quantise(np.full(SHAPE, time_ns), round(share * min(time_ns, 4_000)))
    assert (abs(clocks.refractory_ns - time_ns) < 0.03 * time_ns).all()
    if time_ns >= 272:
        assert (clocks.error < 0.03).all()


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=15)
def test_what_comes_out_is_what_the_registers_make(seed):
    rng = np.random.default_rng(seed)
    wanted = np.exp(rng.uniform(np.log(40), np.log(32_000), SHAPE)).astype(int)
    holdoff = (wanted * rng.choice([0.0, 0.0, 0.5, 1.0], SHAPE)).astype(int)
    clocks = quantise(wanted, holdoff)
    for hemisphere, column in rng.integers(0, SHAPE, (20, 2)).tolist():
        at = hemisphere, column
        period_ns = 1e9 / (250e6 / 2 ** (int(clocks.scale[column // 128, clocks.clock[at]]) + 1))
        assert clocks.refractory_ns[at] == int(clocks.ticks[at]) * period_ns
        assert clocks.holdoff_ns[at] == (0x1F - (int(clocks.holdoff[at]) << 1)) * period_ns
        assert clocks.holdoff_ns[at] <= clocks.refractory_ns[at]  # or the reset would be glitchy
    registers = Registers()
    registers.refractory_ns[:] = np.maximum(clocks.refractory_ns, 40)
    registers.holdoff_ns[:] = np.minimum(clocks.holdoff_ns, 4_000)
    registers.check()
    again = quantise(clocks.refractory_ns, clocks.holdoff_ns)
    assert again.error.max() == 0.0  # times that clocks make are made exactly


def test_no_other_two_clocks_do_better():
    wanted = np.random.default_rng(0).integers(500, 32_000, SHAPE)
    clocks = quantise(wanted)
    for block in range(2):
        columns = slice(128 * block, 128 * block + 128)
        worst = []
        for fast in range(16):
            for slow in range(16):
                best = np.full((2, 128), np.inf)
                for scale in (fast, slow):
                    period = 8 * 2**scale
                    ticks = np.clip(np.rint(wanted[:, columns] / period), 1, 255)
                    best = np.minimum(best, np.maximum(abs(ticks * period - wanted[:, columns]), period))
                worst.append((best / wanted[:, columns]).max())
        assert clocks.error[:, columns].max() == pytest.approx(min(worst))


def test_blocks_have_clocks_of_their_own_and_unused_neurons_do_not_count():
    wanted = np.full(SHAPE, 2_000)
    wanted[:, 128:] = 1_000_000
    wanted[0, :5] = 60_000_000
    used = np.ones(SHAPE, bool)
    used[0, :5] = False
    clocks = quantise(wanted, used=used)
    assert clocks.scale.tolist() == [[0, 0], [0, 9]] and clocks.error[used].max() < 0.005
    assert quantise(wanted).error.max() < 0.005  # one clock for either
    assert quantise(wanted, used=np.zeros(SHAPE, bool)).scale.max() == 0


@pytest.mark.parametrize(
    "refractory, holdoff, words",
    [
        (np.full(SHAPE, 0), 0, r"refractory_ns\[0, 0\] is 0 ns.*1..66846720"),
        (np.full(SHAPE, LONGEST_NS + 1), 0, r"refractory_ns\[0, 0\] is 66846721"),
        (DEFAULT, 2_001, r"holdoff_ns\[0, 0\] is 2001 ns.*up to the refractory time"),
        (DEFAULT, -1, r"holdoff_ns\[0, 0\] is -1"),
        (DEFAULT[0], 0, r"refractory_ns has the shape \[256\]"),
    ],
)
def test_times_out_of_range_are_refused(refractory, holdoff, words):
    with pytest.raises(ValueError, match=words):
        quantise(refractory, holdoff)
