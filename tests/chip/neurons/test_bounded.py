"""Neurons with limits: against their slow twin, against what was recorded, and against neurons without."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chip.base.config import ChipConfig, ImperfectionConfig
from chip.base.config.limits import LimitConfig
from chip.base.registers import ROW_EXCITATORY, ROW_INHIBITORY
from chip.core.core import AnalogCore
from chip.core.entries import BOUNDED, LIF
from chip.neurons.bounded import filled
from chip.silicon.mismatch import silicon
from tests.chip.core import test_laws as laws
from tests.chip.core.networks import (
    one_neuron,
    random_events,
    random_network,
    with_merged_neurons,
    with_plastic_drivers,
)
from tests.naive import noise as naive_noise
from tests.naive.bounded import NaiveBoundedCore
from tests.naive.neuron import response

END_NS = 9_000
LIMITS = dataclasses.replace(LimitConfig.recorded(), reset_time=False)
TIGHT = dataclasses.replace(
    LIMITS,
    inhibition_limit_weights=60.0,
    excitation_limit_weights=100.0,
    upper_bound_lsb=128.0,
    lower_bound_lsb=60.0,
    reset_time=True,
    reset_time_constant_ns=300.0,
)
ABOUT_BOUNDS = dataclasses.replace(TIGHT, inhibition=False, excitation=False)
ABOUT_CURRENTS = dataclasses.replace(TIGHT, upper_bound=False, lower_bound=False)


def chip(limits, **settings):
    return ChipConfig(limits=limits, **settings)


def twin_of(registers, limits, **others):
    names = ("lower_bound", "upper_bound", "excitation", "inhibition")
    reset_tau_ns = limits.std("reset_time")
    return NaiveBoundedCore(registers, *(limits.limit(name) for name in names), reset_tau_ns=reset_tau_ns, **others)


def compared(core, twin, events, resets=(), writes=(), looks=()):
    """Run both; the same spikes, and membranes that agree."""
    times, labels = events
    expected = twin.run(END_NS, list(zip(times.tolist(), labels.tolist(), strict=True)), resets, writes, looks)
    core.post_events(times, labels)
    for reset in resets:
        core.post_neuron_reset(*reset)
    for time_ns, hemisphere, row, half, values in writes:
        core.post_weight_rows([time_ns], hemisphere, [row], half, values)
    seen = [core.membranes(time_ns)[twin.hemisphere, twin.column] for time_ns in looks]
    spike_times, neurons = core.all_spikes(0, END_NS)
    assert list(zip(spike_times.tolist(), neurons.tolist(), strict=True)) == sorted(twin.spikes)
    # where time constants are nearly equal, the twin's formula loses digits at each step
    np.testing.assert_allclose(seen, expected, rtol=0, atol=1e-8)


# ---------------------------------------------------------------------- twins


def operations(seed):
    rng = np.random.default_rng([seed, 2])

    def time():
        return 4 * int(rng.integers(0, END_NS // 4))

    resets = [
        (time(), int(rng.integers(2)), int(rng.integers(2)), rng.integers(0, 256, 128, np.uint8)) for _ in range(4)
    ]
    writes = [
        (time(), int(rng.integers(2)), row, int(rng.integers(2)), rng.integers(0, 64, 128).astype(np.uint8))
        for row in rng.choice(256, 40, replace=False).tolist()
    ]
    return resets, writes, sorted({time() for _ in range(60)})


@pytest.mark.parametrize("limits", [TIGHT, ABOUT_BOUNDS, ABOUT_CURRENTS], ids=["all", "bounds", "currents"])
@pytest.mark.parametrize("seed", range(8))
def test_the_core_equals_its_twin(seed, limits):
    registers = random_network(seed, drive=1.5)
    if seed % 2:
        with_plastic_drivers(registers, seed)
    if seed >= 4:
        with_merged_neurons(registers, seed)
    twin = twin_of(registers, limits)
    compared(AnalogCore(chip(limits), registers), twin, random_events(seed, 24, END_NS * 2 // 3), *operations(seed))
    assert len(twin.spikes) > 10
    assert twin.contacts > 100 or not limits.upper_bound


@pytest.mark.parametrize("limits", [TIGHT, ABOUT_CURRENTS], ids=["all", "currents"])
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("std", [0.025, 0.5])
def test_a_noisy_chip_equals_its_twin(seed, limits, std):
    imperfections = dataclasses.replace(ImperfectionConfig.typical(), membrane_noise_std_of_distance=std)
    config = chip(limits, seed=seed, imperfections=imperfections)
    registers = random_network(seed)
    if seed == 3:
        with_merged_neurons(registers, seed)
    true = silicon(config, registers.changed(connect_vertical=np.zeros(256, bool)))
    distance = np.where(registers.spiking, abs(registers.threshold_lsb - registers.leak_lsb), 45.0)
    twin = twin_of(
        true.registers.changed(connect_vertical=registers.connect_vertical),
        limits,
        noise=(std * distance, naive_noise.keys(seed, "membrane_noise")),
        factor=true.synapse_factor,
    )
    core = AnalogCore(config, registers)
    for time_ns in range(0, END_NS, 1600):  # so that no block is jumped over
        core.post_neuron_reset(time_ns, 1, 1, np.zeros(128, np.uint8))
    compared(core, twin, random_events(seed, 24, END_NS * 2 // 3), looks=operations(seed)[2])
    assert len(twin.spikes) > 10 and core.counters["quiet_blocks"] == 0


# ---------------------------------------------------------------------- without limits


@pytest.mark.parametrize("bound", [np.inf, 1_000.0])
@pytest.mark.parametrize("seed", [0, 1, 6, 7, 12, 15])
def test_limits_that_nobody_reaches_change_no_byte(seed, bound, monkeypatch):
    """The limits of currents are infinite, those of membranes infinite or far away."""
    far = {"lower_bound": -bound, "upper_bound": bound}
    monkeypatch.setattr(LimitConfig, "limit", lambda _, name: far.get(name, np.inf))
    assert finished(LIMITS, seed) == laws.plain(seed)


def finished(limits, seed):
    imperfect, network = laws.made_of(seed)[1:]
    names = ImperfectionConfig.names() if imperfect else []
    config = chip(limits, seed=seed, imperfections=ImperfectionConfig(**dict.fromkeys(names, True)))
    core = AnalogCore(config, laws.registers(network))
    return laws.finished(core, laws.post(core, laws.stimulus(seed)))


def test_without_limits_nothing_of_them_is_called():
    for config in (ChipConfig.ideal(), ChipConfig.typical(limits=LimitConfig()), chip(LimitConfig(reset_time=True))):
        assert not config.limits.bounded
        assert AnalogCore(config, one_neuron())._entries is LIF
    assert AnalogCore(chip(LimitConfig(lower_bound=True)), one_neuron())._entries is BOUNDED


# ---------------------------------------------------------------------- currents


AGE_NS, TAU_MEM_NS, TAU_SYN_NS, EFFICACY_LSB = 4_000, 10_000.0, 6_000.0, 0.5
UNIT_LSB = EFFICACY_LSB * float(response(float(AGE_NS), np.float64(TAU_MEM_NS), np.float64(TAU_SYN_NS)))


def deflection(mode, limits, weights):
    """What one event does to a membrane in 4 us through several rows, in what a unit of weight does without limits."""
    registers = one_neuron(TAU_MEM_NS, TAU_SYN_NS, weight=0, efficacy_lsb=EFFICACY_LSB)
    registers.spiking[:] = False
    registers.row_mode[:] = 0
    rows = 2 * np.arange(len(weights))  # one of each driver, on the busses 0, 1, 2, 3, 0, ..
    registers.row_mode[0, rows], registers.weights[0, rows, 0] = mode, weights
    registers.compare_mask[0, : len(weights)] = 0
    registers.crossbar_mask[8, :4] = registers.crossbar_target[8, :4] = 0
    core = AnalogCore(chip(limits), registers)
    core.post_events([1_600], [0])
    sign = 1.0 if mode == ROW_EXCITATORY else -1.0
    return sign * (core.membranes(1_600 + AGE_NS)[0, 0] - 80.0) / UNIT_LSB


def heights(mode, limits):
    """float64[9], of potentials that the weights of the recording make."""
    return np.array([deflection(mode, limits, [32] * (weight // 32)) for weight in STEPS])


STEPS = 32 * np.arange(1, 10)  # the weights of the recording
RECORDED_IPSP = np.cumsum([14, 26, 24, 17, 16, 10, 10, 6, 5])  # in LSB of the MADC, heights
RECORDED_EPSP_STEP = 25.2


def test_inhibitory_heights_follow_the_recording():
    found = heights(ROW_INHIBITORY, LIMITS) / heights(ROW_EXCITATORY, LIMITS)[0] * RECORDED_EPSP_STEP
    np.testing.assert_allclose(found[2:], RECORDED_IPSP[2:], rtol=0.07)


def test_excitatory_heights_are_linear_within_what_can_be_read():
    found = heights(ROW_EXCITATORY, LIMITS)
    np.testing.assert_allclose(found / found[0], STEPS / 32, rtol=0.05)


@pytest.mark.parametrize("mode", [ROW_EXCITATORY, ROW_INHIBITORY])
def test_heights_are_those_of_a_current_that_comes_to_its_limit_exponentially(mode):
    limit = 60.0 if mode == ROW_INHIBITORY else 100.0
    np.testing.assert_allclose(heights(mode, ABOUT_CURRENTS), limit * (1 - np.exp(-STEPS / limit)), rtol=1e-12)
    np.testing.assert_allclose(heights(mode, LimitConfig()), STEPS, rtol=1e-12)


@given(st.floats(0.0, 200.0))
def test_the_share_that_a_jump_fills(x):
    assert getattr(filled, "py_func", filled)(x) == pytest.approx(-np.expm1(-x), rel=2e-14)


@given(weights=st.lists(st.integers(1, 63), min_size=2, max_size=6), random=st.randoms(use_true_random=False))
def test_charges_of_one_instant_act_as_their_sum_in_any_order(weights, random):
    shuffled = weights.copy()
    random.shuffle(shuffled)
    one, other = (deflection(ROW_INHIBITORY, ABOUT_CURRENTS, rows) for rows in (weights, shuffled))
    assert one == pytest.approx(other, rel=1e-13)
    assert one == pytest.approx(60.0 * -np.expm1(-sum(weights) / 60.0), rel=1e-12)


@pytest.mark.parametrize("side", [0, 1])
def test_a_merged_neuron_has_the_limits_of_both_circuits(side):
    registers = one_neuron(10_000.0, 10_000.0, weight=0, efficacy_lsb=2.0)
    registers.enabled[:, 0] = registers.connect_vertical[0] = True
    registers.spiking[:] = False
    registers.row_mode[side, 0], registers.weights[side, 0, 0] = ROW_INHIBITORY, 60
    registers.crossbar_mask[8, [0, 4]] = registers.crossbar_target[8, [0, 4]] = 0
    core = AnalogCore(chip(ABOUT_CURRENTS), registers)
    core.post_events([1_600], [0])
    t = 4_000 / 10_000
    law = 60 * 2.0 * -np.expm1(-0.5) * t * np.exp(-t)  # each circuit has half of the efficacy
    assert core.membranes(5_600)[:, 0] == pytest.approx([80 - law, 80 - law], abs=1e-10)


# ---------------------------------------------------------------------- membranes


def driven(mode, limits, count=60, **values):
    """A neuron that an event every 400 ns drives in one direction."""
    registers = one_neuron(weight=63, efficacy_lsb=8.0, **values)
    registers.row_mode[0, 0] = mode
    core = AnalogCore(chip(limits), registers)
    core.post_events(400 * np.arange(count), np.zeros(count, int))
    return core


@pytest.mark.parametrize("mode, bound", [(ROW_EXCITATORY, 228.0), (ROW_INHIBITORY, 25.0)])
def test_a_membrane_stays_at_its_bound_while_it_is_driven_and_comes_back(mode, bound):
    core = driven(mode, dataclasses.replace(LIMITS, inhibition=False), spiking=False)
    assert {core.membranes(time_ns)[0, 0] for time_ns in range(8_000, 24_000, 52)} == {bound}
    core.post_cadc(24_000, 0)
    assert abs(core.membranes(100_000)[0, 0] - 80.0) < 1.0


@pytest.mark.parametrize("mode, bound", [(ROW_EXCITATORY, 228.0), (ROW_INHIBITORY, 25.0)])
def test_an_event_that_drives_a_membrane_to_its_bound_within_a_step(mode, bound):
    """From edge to edge it is never seen beyond, neither in the step nor where that is committed."""
    registers = one_neuron(weight=63, efficacy_lsb=400.0, spiking=False)
    registers.row_mode[0, 0] = mode
    core = AnalogCore(chip(dataclasses.replace(LIMITS, inhibition=False, excitation=False)), registers)
    core.post_events([1_616], [0])
    seen = [float(core.membranes(time_ns)[0, 0]) for time_ns in range(1_616, 2_000, 4)]
    assert seen[0] == 80.0 and seen[10] == bound and set(seen[10:]) == {bound}
    assert min(seen) >= 25.0 and max(seen) <= 228.0


def test_a_threshold_above_the_bound_is_never_reached_and_one_below_it_is():
    times = [driven(ROW_EXCITATORY, LIMITS, threshold_lsb=lsb).all_spikes(0, 24_000)[0] for lsb in (229.0, 228.0)]
    assert times[0].size == 0 and times[1].size > 5
    free = driven(ROW_EXCITATORY, LimitConfig(), threshold_lsb=228.0).all_spikes(0, 24_000)[0]
    assert times[1][0] >= free[0]


def test_a_reset_beyond_a_bound_is_the_bound():
    core = AnalogCore(chip(LIMITS), one_neuron(reset_lsb=10.0))
    core.post_neuron_reset(1_600, 0, 0)
    assert core.membranes(1_604)[0, 0] == pytest.approx(25.0, abs=1e-12)


@pytest.mark.parametrize("leak", [10.0, 240.0])
def test_a_leak_beyond_a_bound_is_the_bound_and_a_chip_at_rest_is_quiet(leak):
    core = AnalogCore(chip(LIMITS), one_neuron(leak_lsb=leak, spiking=False))
    core.advance(16_000)
    assert core.membranes(16_000)[0, 0] == leak
    assert core.counters["quiet_blocks"] == 10
