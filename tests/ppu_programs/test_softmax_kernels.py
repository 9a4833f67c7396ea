"""The kernels of equilibrium propagation with a softmax readout against slow twins in numpy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from chip.base import constants as c
from chip.ppu import VectorUnit
from ppu_programs.equilibrium_propagation import traces
from ppu_programs.equilibrium_softmax import learning, nudging, rates, readout, writing
from ppu_programs.equilibrium_softmax.network import hidden_lanes, input_lanes
from ppu_programs.equilibrium_softmax.settings import LANES_OF_A_VECTOR as LANES
from ppu_programs.stochastic_rounding import seed_noise
from ppu_programs.two_layer.plan import CORRECT, ERROR, LEARNED, SAMPLES
from ppu_programs.two_layer.settings import SHADOW_LIMIT

INPUTS, CLASSES, HIDDEN, BIAS = 3, 4, 20, 19_000
ROWS = INPUTS + 1 + CLASSES
CERTAIN = 1638  # a tenth
LIMIT_CYCLES = 1_000_000
SHADOW = arrays(np.int16, (ROWS, LANES), elements=st.integers(-SHADOW_LIMIT, SHADOW_LIMIT))
RATES = arrays(np.int16, LANES, elements=st.integers(-300, 22_000))
sum_values = readout.sum_kernel(CLASSES, HIDDEN, INPUTS + 1)
judge = readout.judge_kernel(CLASSES, CERTAIN)
make_nudge = nudging.nudge_kernel(CLASSES, INPUTS + 1)
update = learning.update_kernel(INPUTS, CLASSES, BIAS)
taking = {reads: rates.take_kernels(reads) for reads in (1, 2, 4, 8)}


def regions():
    memory = rates.MEMORY | readout.MEMORY | nudging.MEMORY | writing.MEMORY | learning.memory(ROWS)
    made = {name: np.zeros(region.length, region.dtype) for name, region in memory.items()}
    made["own"][:HIDDEN] = 1
    made["boltzmann"][:] = readout.boltzmann_table()
    made["noise"][:] = np.random.default_rng(1).integers(1, 256, c.LANES)
    return made


def run(kernel, memory, *values, unit=None):
    return kernel.bind(unit or VectorUnit(), memory)(LIMIT_CYCLES, *values)


# ---------------------------------------------------------------------- rates


@settings(deadline=None, max_examples=20)
@given(
    seen=arrays(np.uint8, (3, c.LANES), elements=st.integers(0, 228)),
    reads=st.sampled_from([1, 2, 4, 8]),
    gains=st.tuples(*[st.integers(-0x8000, 0x7FFF)] * 2),
)
def test_rates_are_what_traces_read_above_rest_for_any_number_of_conversions(seen, reads, gains):
    memory, unit = regions(), VectorUnit()
    take_free, take_nudged = taking[reads]

    def phase(values):
        memory["seen"][:] = values
        for _ in range(reads):
            run(traces.add_reading, memory, unit=unit)

    phase(seen[0] // 4)
    run(traces.keep_rest, memory, unit=unit)
    phase(seen[1])
    run(take_free, memory, gains[0], unit=unit)
    phase(seen[2])
    run(take_nudged, memory, gains[1], unit=unit)
    free, nudged = (np.clip((its.astype(int) - seen[0] // 4) * 128, -0x8000, 0x7FFF) for its in seen[1:])
    own = hidden_lanes(HIDDEN)
    assert (memory["rates"][:HIDDEN] == free[own]).all()
    assert (memory["rates"][LANES:] == free[input_lanes(LANES)]).all()
    expected = np.clip((free[own] * gains[0] >> 15) + (nudged[own] * gains[1] >> 15), -0x8000, 0x7FFF)
    assert (memory["difference"][:HIDDEN] == expected).all()
    assert not memory["difference"][HIDDEN:].any()
    assert not memory["total"].any()


@settings(deadline=None, max_examples=20)
@given(first=RATES, second=RATES)
def test_the_highest_rates_are_kept(first, second):
    memory = regions()
    for values in (first, second):
        memory["rates"][:LANES] = values
        run(rates.watch_rates, memory)
    assert (memory["highest"][:LANES] == np.maximum(np.maximum(first, second), 0)).all()


# ---------------------------------------------------------------------- readout


def judged(shadow, shown, other, goal):
    memory = regions()
    memory["shadow"][:], memory["rates"][:LANES] = shadow.ravel(), shown
    run(sum_values, memory)
    own = memory["sums"][:CLASSES].copy()
    memory["other"][:CLASSES] = other
    memory["record"][1] = goal
    run(judge, memory, 5)
    return memory, own


@settings(deadline=None, max_examples=30)
@given(
    shadow=SHADOW,
    shown=RATES,
    other=arrays(np.int32, CLASSES, elements=st.integers(-20_000, 20_000)),
    goal=st.integers(0, CLASSES - 1),
)
def test_errors_are_those_of_a_softmax_over_both_halves(shadow, shown, other, goal):
    memory, own = judged(shadow, shown, other, goal)
    products = shadow[INPUTS + 1 :, :HIDDEN].astype(int) * shown[:HIDDEN] >> 15
    assert (own == products.sum(axis=1)).all()
    nats = (own + other.astype(int)) / (1 << readout.NAT_BITS)
    p = np.exp(nats - nats.max())
    p /= p.sum()
    errors = p - (np.arange(CLASSES) == goal)
    found = memory["errors"][:CLASSES] / (1 << readout.PROBABILITY_BITS)
    assert abs(found - errors).max() < 0.035  # half a step of the table, 1/32 nat
    assert memory["predictions"][5] == np.argmax(nats)
    counters = memory["counters"]
    assert counters[SAMPLES] == 1
    assert counters[CORRECT] == (np.argmax(nats) == goal)
    assert counters[ERROR] / 4096 == pytest.approx(-found[goal], abs=1e-3)
    assert memory["nudged"][0] == (-memory["errors"][goal] >= CERTAIN)
    assert counters[LEARNED] == 1 - memory["nudged"][0]


def test_a_weight_of_one_makes_a_nat_of_100_khz():
    memory = regions()
    memory["shadow"].reshape(ROWS, LANES)[INPUTS + 1, 0] = readout.WEIGHT_ONE
    memory["rates"][0] = round(128 * readout.trace_lsb(100.0))
    run(sum_values, memory)
    assert memory["sums"][0] / (1 << readout.NAT_BITS) == pytest.approx(1.0, abs=2e-3)


# ---------------------------------------------------------------------- nudge


@settings(deadline=None, max_examples=30)
@given(
    shadow=SHADOW,
    errors=arrays(np.int16, CLASSES, elements=st.integers(-16_384, 16_384)),
    factor=st.integers(0, 30_000),
    amplitude=st.integers(-128, 128),
)
def test_the_nudge_goes_down_the_gradient_by_the_readouts_weights(shadow, errors, factor, amplitude):
    memory, unit = regions(), VectorUnit()
    memory["shadow"][:], memory["errors"][:CLASSES] = shadow.ravel(), errors
    run(make_nudge, memory, factor, unit=unit)
    exact = np.clip(-(errors.astype(int) @ shadow[INPUTS + 1 :].astype(int)) / 16_384, -0x8000, 0x7FFF)
    nudge = memory["nudge"].astype(int)
    assert abs(nudge - exact * factor / 0x8000).max() <= 2 + CLASSES * factor / 0x8000
    assert (memory["highest"][LANES:] == np.minimum(abs(nudge), 0x7FFF)).all()
    run(nudging.teach, memory, amplitude, unit=unit)
    rows = memory["teaching"].reshape(2, c.LANES).astype(int)
    assert (rows.min(axis=0) == 0).all()
    assert rows.max() <= c.WEIGHT_MAX
    signed = rows[0] - rows[1]
    wanted = np.clip(nudge * amplitude / 128 / 64, -c.WEIGHT_MAX, c.WEIGHT_MAX)
    assert abs(signed[hidden_lanes(LANES)] - wanted).max() <= 0.55
    assert not signed[input_lanes(LANES)].any()


# ---------------------------------------------------------------------- learning


def exact_update(memory, rate, readout_rate):
    """float64[rows, lanes]: what is added to the shadow on average, without its limits."""

    def factor(value, of, bits):
        return np.clip(value * of >> bits, -0x8000, 0x7FFF)

    shown = [*memory["rates"][LANES : LANES + INPUTS].astype(int), BIAS]
    d, r = memory["difference"].astype(int), memory["rates"][:LANES].astype(int)
    inputs = [factor(x, rate, learning.FACTOR_BITS) * d * (x > 384) for x in shown]
    classes = [factor(-int(e), readout_rate, learning.ERROR_FACTOR_BITS) * r for e in memory["errors"][:CLASSES]]
    return np.array(inputs + classes) / 0x8000


@settings(deadline=None, max_examples=20)
@given(
    shadow=SHADOW,
    shown=arrays(np.int16, 2 * LANES, elements=st.integers(-300, 22_000)),
    difference=arrays(np.int16, LANES, elements=st.integers(-8_000, 8_000)),
    errors=arrays(np.int16, CLASSES, elements=st.integers(-16_384, 16_384)),
    rate=st.integers(0, 0x7FFF),
    readout_rate=st.integers(0, 0x7FFF),
)
def test_an_update_is_the_exact_one_rounded_up_or_down(shadow, shown, difference, errors, rate, readout_rate):
    memory, unit = regions(), VectorUnit()
    memory["shadow"][:], memory["rates"][:], memory["difference"][:] = shadow.ravel(), shown, difference
    memory["errors"][:CLASSES] = errors
    run(seed_noise, memory, unit=unit)
    run(update, memory, rate, readout_rate, unit=unit)
    wanted = np.clip(shadow + exact_update(memory, rate, readout_rate), -SHADOW_LIMIT, SHADOW_LIMIT)
    assert abs(memory["shadow"].reshape(ROWS, LANES) - wanted).max() <= 1


@settings(deadline=None, max_examples=20)
@given(shadow=SHADOW)
def test_synapses_are_the_nearest_weights_parted_by_sign(shadow):
    memory = regions()
    memory["shadow"][:] = shadow.ravel()
    run(writing.rows_of_synapses, memory, 1, 3)
    rows = memory["synapses"].reshape(-1, 2, c.LANES)[:3].astype(int)
    assert (rows[:, 0, hidden_lanes(LANES)] - rows[:, 1, hidden_lanes(LANES)] == (shadow[1:4] + 256.0) // 512).all()
    assert (rows.min(axis=1) == 0).all()
    assert not rows[..., input_lanes(LANES)].any()
