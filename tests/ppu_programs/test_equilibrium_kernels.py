"""The kernels of equilibrium propagation against slow twins in numpy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from chip.ppu import VectorUnit
from ppu_programs.equilibrium_propagation import learning, teaching, traces, writing
from ppu_programs.equilibrium_propagation.settings import MOST_OUTPUTS
from ppu_programs.stochastic_rounding import seed_noise
from ppu_programs.two_layer import weights
from ppu_programs.two_layer.layout import ROW, positions
from ppu_programs.two_layer.settings import SHADOW_LIMIT

INPUTS, OUTPUTS, HIDDEN, FIRST = 2, 3, 20, 3  # traces: outputs, hidden neurons from lane FIRST on, inputs
INPUT_LANE = FIRST + HIDDEN
LIMIT_CYCLES = 1_000_000
SHADOW = st.integers(-SHADOW_LIMIT, SHADOW_LIMIT)
update = learning.update_kernel(INPUTS, OUTPUTS, INPUT_LANE, 0)
update_apart = learning.update_kernel(INPUTS, OUTPUTS, INPUT_LANE, 0, False)
symmetrise = learning.symmetry_kernel(INPUTS, OUTPUTS)
forward_rows = writing.forward_kernel(OUTPUTS, INPUTS)
rows_of_synapses = weights.rows_of_synapses_kernel(INPUTS + OUTPUTS)
judge = teaching.judge_kernel(OUTPUTS, 0, 2, 180)
teach = teaching.teach_kernel(OUTPUTS)
readings = arrays(np.uint8, (3, ROW), elements=st.integers(0, 255))


def halfwords(values=0):
    return np.full(ROW, values, np.int16)


@settings(deadline=None, max_examples=20)
@given(seen=readings, gain=st.integers(-0x8000, 0x7FFF), share=st.integers(0, 0x7FFF))
def test_phases_are_added_up_above_rest_with_their_weights(seen, gain, share):
    regions = {name: halfwords() for name in ("total", "rest", "difference", "average")}
    regions["seen"] = np.zeros(ROW, np.uint8)
    unit = VectorUnit()

    def read(values):
        regions["seen"][:] = values
        traces.add_reading.bind(unit, regions)(LIMIT_CYCLES)

    read(seen[0])
    traces.keep_rest.bind(unit, regions)(LIMIT_CYCLES)
    read(seen[1])
    read(seen[2])
    traces.take.bind(unit, regions)(LIMIT_CYCLES, gain, share)
    rate = np.clip(16 * (seen[1].astype(int) + seen[2] - seen[0]), -0x8000, 0x7FFF)
    for name, fraction in (("difference", gain), ("average", share)):
        expected = np.clip(rate * fraction >> 15, -0x8000, 0x7FFF)
        assert (regions[name][positions()] == expected).all()
    assert not regions["total"].any()


def learner(shadow, difference, average, seed):
    own = halfwords()
    own[positions()[FIRST : FIRST + HIDDEN]] = 1
    random = np.random.default_rng(seed)
    return {
        "shadow": shadow.copy(),
        "own": own,
        "difference": difference.copy(),
        "average": average.copy(),
        "noise": random.integers(1, 256, ROW).astype(np.uint8),
    }


def exact(difference, average, rate, readout_rate):
    """float64[rows, hidden]: what is added to the shadow on average, without its limits."""
    d, a = difference[positions()].astype(int), average[positions()].astype(int)
    hidden = slice(FIRST, FIRST + HIDDEN)

    def factor(value, of):
        return np.clip(value * of >> learning.FACTOR_BITS, -0x8000, 0x7FFF)

    inputs = [factor(a[INPUT_LANE + i], rate) * 4 * d[hidden] for i in range(INPUTS)]
    outputs = [factor(d[k], readout_rate) * a[hidden] + factor(a[k], readout_rate) * d[hidden] for k in range(OUTPUTS)]
    return np.array(inputs + outputs) / 0x8000


@settings(deadline=None, max_examples=20)
@given(
    shadow=arrays(np.int16, (INPUTS + OUTPUTS) * ROW, elements=SHADOW),
    difference=arrays(np.int16, ROW, elements=st.integers(-2_000, 2_000)),
    average=arrays(np.int16, ROW, elements=st.integers(-100, 6_000)),
    rate=st.integers(0, 0x7FFF),
    readout_rate=st.integers(0, 0x7FFF),
    seed=st.integers(0, 1000),
)
def test_an_update_is_the_exact_one_rounded_up_or_down(shadow, difference, average, rate, readout_rate, seed):
    regions, unit = learner(shadow, difference, average, seed), VectorUnit()
    seed_noise.bind(unit, regions)(LIMIT_CYCLES)
    update.bind(unit, regions)(LIMIT_CYCLES, rate, readout_rate)
    before, after = (its.reshape(-1, ROW)[:, positions()].astype(int) for its in (shadow, regions["shadow"]))
    wanted = before[:, FIRST : FIRST + HIDDEN] + exact(difference, average, rate, readout_rate)
    assert (abs(after[:, FIRST : FIRST + HIDDEN] - np.clip(wanted, -SHADOW_LIMIT, SHADOW_LIMIT)) <= 1).all()
    others = np.delete(np.arange(ROW), np.arange(FIRST, FIRST + HIDDEN))
    assert (after[:, others] == before[:, others]).all()
    assert not regions["difference"].any()
    assert not regions["average"].any()


@settings(deadline=None, max_examples=20)
@given(
    shadow=arrays(np.int16, (INPUTS + 2 * OUTPUTS) * ROW, elements=SHADOW),
    difference=arrays(np.int16, ROW, elements=st.integers(-2_000, 2_000)),
    average=arrays(np.int16, ROW, elements=st.integers(-100, 6_000)),
    readout_rate=st.integers(0, 0x7FFF),
)
def test_copies_of_their_own_learn_a_product_each(shadow, difference, average, readout_rate):
    regions, unit = learner(shadow, difference, average, 1), VectorUnit()
    seed_noise.bind(unit, regions)(LIMIT_CYCLES)
    update_apart.bind(unit, regions)(LIMIT_CYCLES, 100, readout_rate)
    d, a = difference[positions()].astype(int), average[positions()].astype(int)
    hidden = slice(FIRST, FIRST + HIDDEN)
    products = [
        [np.clip(of[k] * readout_rate >> learning.FACTOR_BITS, -0x8000, 0x7FFF) * other[hidden] for k in range(OUTPUTS)]
        for of, other in ((a, d), (d, a))  # the way back, the way forward
    ]
    before, after = (
        its.reshape(-1, ROW)[INPUTS:, positions()][:, hidden].astype(int) for its in (shadow, regions["shadow"])
    )
    wanted = np.clip(before + np.concatenate(products) / 0x8000, -SHADOW_LIMIT, SHADOW_LIMIT)
    assert abs(after - wanted).max() <= 1


@settings(deadline=None, max_examples=20)
@given(shadow=arrays(np.int16, (INPUTS + 2 * OUTPUTS) * ROW, elements=SHADOW), pull=st.integers(0, 0x7FFF))
def test_copies_of_their_own_are_pulled_together(shadow, pull):
    regions, unit = learner(shadow, halfwords(), halfwords(), 1), VectorUnit()
    seed_noise.bind(unit, regions)(LIMIT_CYCLES)
    symmetrise.bind(unit, regions)(LIMIT_CYCLES, pull)
    before, after = (its.reshape(-1, ROW).astype(int) for its in (shadow, regions["shadow"]))
    back, forward = before[INPUTS : INPUTS + OUTPUTS], before[INPUTS + OUTPUTS :]
    moved = (forward - back) * (pull >> 1) / 0x8000
    assert abs(after[INPUTS : INPUTS + OUTPUTS] - back - moved).max() <= 1
    assert abs(after[INPUTS + OUTPUTS :] - forward + moved).max() <= 1
    assert (after[:INPUTS] == before[:INPUTS]).all()


def test_rounding_has_no_bias():
    """Steps of a few tenths, 1000 times: the mean is the exact one within what chance leaves."""
    random = np.random.default_rng(3)
    difference, average = (random.integers(-60, 60, ROW).astype(np.int16) for _ in range(2))
    regions, unit = learner(np.zeros((INPUTS + OUTPUTS) * ROW, np.int16), difference, average, 1), VectorUnit()
    seed_noise.bind(unit, regions)(LIMIT_CYCLES)
    rounds = 1000
    for _ in range(rounds):
        regions["difference"][:], regions["average"][:] = difference, average
        update.bind(unit, regions)(LIMIT_CYCLES, 20_000, 20_000)
    found = regions["shadow"].reshape(-1, ROW)[:, positions()][:, FIRST : FIRST + HIDDEN] / rounds
    assert abs(found - exact(difference, average, 20_000, 20_000)).max() < 0.1  # 6 standard deviations of 0.016
    assert abs((found - exact(difference, average, 20_000, 20_000)).mean()) < 0.01


@settings(deadline=None, max_examples=20)
@given(shadow=arrays(np.int16, (INPUTS + OUTPUTS) * ROW, elements=SHADOW))
def test_both_copies_of_the_outputs_weights_are_equal(shadow):
    lanes = np.zeros(MOST_OUTPUTS, np.uint8)
    lanes[:OUTPUTS] = [70, 7, 100]
    regions = {
        "shadow": shadow,
        "synapses": np.zeros(2 * (INPUTS + OUTPUTS) * ROW, np.uint8),
        "forward": np.zeros(2 * writing.NEURONS_PER_WRITE * ROW, np.uint8),
        "lanes": lanes,
    }
    rows_of_synapses.bind(VectorUnit(), regions)(LIMIT_CYCLES)
    back = regions["synapses"].reshape(-1, 2, ROW).astype(int)[INPUTS:]
    for first in (FIRST, FIRST + writing.NEURONS_PER_WRITE):
        count = min(writing.NEURONS_PER_WRITE, FIRST + HIDDEN - first)
        forward_rows.bind(VectorUnit(), regions)(LIMIT_CYCLES, first, count)
        forward = regions["forward"].reshape(-1, 2, ROW).astype(int)
        for n in range(count):
            signed = forward[n, 0] - forward[n, 1]
            assert (signed[lanes[:OUTPUTS]] == (back[:, 0] - back[:, 1])[:, first + n]).all()
            assert not np.delete(signed, lanes[:OUTPUTS]).any()


@settings(deadline=None, max_examples=30)
@given(
    rates=st.lists(st.integers(-20, 376), min_size=OUTPUTS, max_size=OUTPUTS),
    goal=st.integers(0, OUTPUTS - 1),
    factor=st.integers(0, 400),
    amplitude=st.integers(-128, 128),
)
def test_the_nudge_is_the_error_with_the_phases_sign(rates, goal, factor, amplitude):
    high, low = 2_400, 240
    regions = {
        "record": np.array([0, goal] + [0] * 30, np.int32),
        "aims": np.array([high, low, factor], np.int32),
        "nudge": np.zeros(MOST_OUTPUTS, np.int16),
        "lanes": np.arange(MOST_OUTPUTS, dtype=np.uint8) + 60,
        "teaching": np.zeros(2 * ROW, np.uint8),
        "predictions": np.zeros(teaching.PREDICTIONS, np.uint8),
        "counters": np.zeros(teaching.COUNTERS, np.int32),
        "total": halfwords(),
        "rest": halfwords(50),
    }
    regions["total"][positions()[:OUTPUTS]] = np.array(rates) + 50
    judge.bind(VectorUnit(), regions)(LIMIT_CYCLES, 5)
    teach.bind(VectorUnit(), regions)(LIMIT_CYCLES, amplitude)
    for k, rate in enumerate(rates):
        error = (high if k == goal else low) - 16 * rate
        whole = int(np.clip(error * factor + (1 << 11) >> 12, -63, 63))
        weight = whole * amplitude + 64 >> 7
        assert int(regions["teaching"][60 + k]) - int(regions["teaching"][ROW + 60 + k]) == weight
    assert regions["predictions"][5] == int(np.argmax(rates))
    assert regions["counters"][teaching.CORRECT] == (int(np.argmax(rates)) == goal)


@pytest.mark.parametrize("moved", [0, teaching.CHANGED_LSB * 2, teaching.CHANGED_LSB * 2 + 1, -40])
def test_a_sample_that_settles_elsewhere_is_counted(moved):
    kick, compare = teaching.kick_kernel(OUTPUTS, 0), teaching.compare_kernel(OUTPUTS, 0, 2)
    regions = {
        "total": np.full(ROW, 100, np.int16),
        "before": np.zeros(MOST_OUTPUTS, np.int16),
        "nudge": np.zeros(MOST_OUTPUTS, np.int16),
        "counters": np.zeros(teaching.COUNTERS, np.int32),
    }
    kick.bind(VectorUnit(), regions)(LIMIT_CYCLES)
    regions["total"][positions()[1]] += moved
    compare.bind(VectorUnit(), regions)(LIMIT_CYCLES)
    assert regions["counters"][teaching.COUNTED] == 1
    assert regions["counters"][teaching.UNSTABLE] == (abs(moved) > teaching.CHANGED_LSB * 2)
