"""Temporal noise: the core against its slow twin, and its statistics against those of an Ornstein-Uhlenbeck process."""

import dataclasses

import numpy as np
import pytest
from numba import config

from chip.base import constants as c
from chip.base.config import ChipConfig, ImperfectionConfig
from chip.base.grid import BLOCK_NS, GRID_NS
from chip.base.registers import Registers
from chip.core.core import AnalogCore
from chip.neurons.noise import build_noise
from chip.silicon.mismatch import silicon
from tests.chip.core.networks import one_neuron, random_events, random_network, with_merged_neurons
from tests.naive import noise as naive
from tests.naive.core import NaiveCore

END_NS = 9_000
compiled_only = pytest.mark.skipif(
    bool(config.DISABLE_JIT), reason="statistics of many steps, which compiled code takes"
)
SIGMA_LSB = 0.025 * c.DEFAULT_DISTANCE_LSB


def noisy(seed=0, std=0.025, **switches):
    return ChipConfig(
        seed=seed,
        imperfections=ImperfectionConfig(membrane_noise=True, membrane_noise_std_of_distance=std, **switches),
    )


def population(count=128, tau_mem_ns=10_000.0, **values):
    """Neurons of one row half that nothing drives."""
    registers = one_neuron(tau_mem_ns, 6000.0, **values)
    registers.enabled[0, : 2 * count : 2] = True
    return registers


def keep_stepping(core, end_ns):
    """Post something that does nothing into every block, so that none is jumped over."""
    for time_ns in range(0, end_ns, BLOCK_NS):
        core.post_neuron_reset(time_ns, 1, 1, np.zeros(128, np.uint8))


# ---------------------------------------------------------------------- twins


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("std", [0.025, 0.2])
def test_a_chip_with_all_imperfections_equals_its_twin(seed, std):
    imperfections = dataclasses.replace(ImperfectionConfig.typical(), membrane_noise_std_of_distance=std)
    chip = ChipConfig(seed=seed, imperfections=imperfections)
    registers = random_network(seed, drive=0.5)
    if seed == 3:
        with_merged_neurons(registers, seed)
    times, labels = random_events(seed, 30, END_NS * 2 // 3)
    mask = np.ones(128, np.uint8)
    looks = sorted({4 * int(t) for t in np.random.default_rng(seed).integers(0, END_NS // 4, 25)} | {1600, 4000})

    apart = registers.changed(connect_vertical=np.zeros(256, bool))
    true = silicon(chip, apart)
    distance = np.where(registers.spiking, abs(registers.threshold_lsb - registers.leak_lsb), 45.0)
    twin = NaiveCore(
        true.registers.changed(connect_vertical=registers.connect_vertical),
        noise=(std * distance, naive.keys(seed, "membrane_noise")),
        factor=true.synapse_factor,
    )
    expected = twin.run(
        END_NS, list(zip(times.tolist(), labels.tolist(), strict=True)), [(2048, 0, 0, mask)], (), looks
    )

    core = AnalogCore(chip, registers)
    keep_stepping(core, END_NS)
    core.post_events(times, labels)
    core.post_neuron_reset(2048, 0, 0, mask)
    seen = [core.membranes(time_ns)[twin.hemisphere, twin.column] for time_ns in looks]
    spike_times, neurons = core.all_spikes(0, END_NS)

    assert len(twin.spikes) > 20 and core.counters["quiet_blocks"] == 0
    assert list(zip(spike_times.tolist(), neurons.tolist(), strict=True)) == sorted(twin.spikes)
    np.testing.assert_allclose(seen, expected, rtol=0, atol=1e-9)


def test_steps_that_are_observed_come_to_what_their_block_jumps_to():
    tau_ns = 4000.0
    core = AnalogCore(noisy(5), one_neuron(tau_ns))
    kicks, u = naive.Kicks([SIGMA_LSB], naive.keys(5, "membrane_noise")[0, :1], [tau_ns]), 0.0
    for step in range(1, 129):
        u = u * np.exp(-GRID_NS / tau_ns) + kicks.at(step * GRID_NS)[0]
        seen = core.membranes(step * GRID_NS + 8)[0, 0]
        assert seen == pytest.approx(80 + u * np.exp(-8 / tau_ns), abs=1e-9)
    assert core.counters["quiet_blocks"] == 8


def test_who_observes_within_a_block_sees_what_steps_through_it_see():
    chip, registers = noisy(6), population(40, tau_mem_ns=3000.0)
    jumping, stepping = AnalogCore(chip, registers), AnalogCore(chip, registers)
    keep_stepping(stepping, 40 * BLOCK_NS)
    for time_ns in range(52, 40 * BLOCK_NS, 772):
        np.testing.assert_allclose(jumping.membranes(time_ns), stepping.membranes(time_ns), rtol=0, atol=1e-9)
    assert jumping.counters["quiet_blocks"] > 30 and stepping.counters["quiet_blocks"] == 0


@pytest.mark.parametrize("seed", range(3))
def test_conversions_equal_their_twin(seed):
    imperfections = ImperfectionConfig(cadc_noise=True, cadc_gain=True, cadc_offset=True, membrane_noise=True)
    chip = ChipConfig(seed=seed, imperfections=imperfections)
    core = AnalogCore(chip, population(40))
    true, keys = silicon(chip, Registers()), naive.keys(seed, "cadc_noise")
    for time_ns in (0, 1700, 3400, 48_000):
        for hemisphere in (0, 1):
            tickets = [core.post_cadc(time_ns, hemisphere) for _ in range(2)]
            level = core.membranes(time_ns)[hemisphere]
            level = level * true.cadc_gain[hemisphere] + true.cadc_offset_lsb[hemisphere]
            level += [naive.gauss(key, naive.CONVERSION, time_ns) for key in keys[hemisphere]]
            codes = np.clip(np.rint(level), 0, 255)
            for ticket in tickets:  # two conversions at one time are one
                np.testing.assert_array_equal(core.cadc_result(ticket), [codes[0::2], codes[1::2]])


# ---------------------------------------------------------------------- statistics


def watched(chip, registers, period_ns, count, stepping):
    """Membranes above leak at a period, float64[count, neuron], from the start of a block on."""
    core, first_ns = AnalogCore(chip, registers), 64 * BLOCK_NS
    if stepping:
        keep_stepping(core, first_ns + count * period_ns)
    at = registers.enabled
    seen = np.array([core.membranes(first_ns + i * period_ns)[at] for i in range(count)])
    assert (core.counters["quiet_blocks"] == 0) == stepping
    return seen - registers.leak_lsb[at]


@pytest.mark.parametrize("tau_ns", [500.0, 2000.0, 10_000.0])
@pytest.mark.parametrize("stepping", [True, False])
def test_stationary_variance_and_correlation(tau_ns, stepping):
    u = watched(noisy(1), population(tau_mem_ns=tau_ns), BLOCK_NS, 800, stepping)
    independent = u.size * min(1.0, BLOCK_NS / tau_ns)
    assert abs(u.mean()) < 5 * SIGMA_LSB * np.sqrt(2 / independent)
    assert u.std() == pytest.approx(SIGMA_LSB, rel=5 / np.sqrt(independent))
    for lag in (1, 3):
        found = np.mean(u[lag:] * u[:-lag]) / u.var()
        assert found == pytest.approx(np.exp(-lag * BLOCK_NS / tau_ns), abs=5 / np.sqrt(independent))
    kurtosis = np.mean(u**4) / u.var() ** 2 - 3
    assert abs(kurtosis) < 0.05 + 5 * np.sqrt(24 / independent)


@compiled_only
@pytest.mark.parametrize("tau_ns", [2000.0, 5000.0, 10_000.0])
@pytest.mark.parametrize("period_ns", [c.CADC_SAMPLE_PERIOD_NS, 400, 36])
@pytest.mark.parametrize("stepping", [True, False])
def test_autocorrelation_between_any_two_observations(tau_ns, period_ns, stepping):
    """Of samples of the CADC, which fall anywhere in a block; of others; within a step."""
    u = watched(noisy(2), population(tau_mem_ns=tau_ns), period_ns, 1600, stepping)
    independent = u.size * min(1.0, period_ns / tau_ns)
    expected = np.exp(-period_ns / tau_ns)
    found = np.mean(u[1:] * u[:-1]) / np.mean(u**2)
    assert found == pytest.approx(expected, rel=0.02)
    assert abs(found - expected) < 5 * (1 - expected**2) / np.sqrt(independent) + 1e-3


@compiled_only
def test_correlation_does_not_depend_on_the_place_within_a_block():
    tau_ns = 2000.0
    u = watched(noisy(2), population(tau_mem_ns=tau_ns), 400, 6400, False)
    for phase in range(4):
        first, second = u[phase:-1:4], u[phase + 1 :: 4][: u[phase:-1:4].shape[0]]
        assert first.std() == pytest.approx(SIGMA_LSB, rel=0.02)
        assert np.mean(first * second) / SIGMA_LSB**2 == pytest.approx(np.exp(-400 / tau_ns), rel=0.02)


def test_neurons_are_independent_and_chips_differ():
    one = watched(noisy(3), population(tau_mem_ns=500.0), BLOCK_NS, 2000, False)
    other = watched(noisy(4), population(tau_mem_ns=500.0), BLOCK_NS, 2000, False)
    both = np.corrcoef(np.hstack([one, other]).T)
    apart = both[~np.eye(len(both), dtype=bool)]
    assert abs(apart).max() < 6 / np.sqrt(len(one))
    assert apart.std() == pytest.approx(1 / np.sqrt(len(one)), rel=0.1)


@pytest.mark.parametrize("neurons", [128, 1])
def test_spikes_by_noise_alone(neurons):
    """One neuron alone: no other keeps it from quiet blocks, in which its spikes would go unseen."""
    tau_ns, refractory_ns, sigma, end_ns = 5000.0, 2000, 0.4 * 45, 1_000_000
    runs = 1 if neurons > 1 else 4 if config.DISABLE_JIT else 60
    registers = population(neurons, tau_mem_ns=tau_ns, refractory_ns=refractory_ns)
    found = sum(AnalogCore(noisy(run, 0.4), registers).all_spikes(0, end_ns)[0].size for run in range(runs))

    rng, u, free, expected = np.random.default_rng(7), np.zeros(2000), np.zeros(2000), 0
    for time_ns in range(GRID_NS, end_ns, GRID_NS):
        decay = np.exp(-GRID_NS / tau_ns)
        u = u * decay + sigma * np.sqrt(1 - decay**2) * rng.standard_normal(u.size)
        u[time_ns <= free] = 0.0
        fire = u >= 45.0
        u[fire], free[fire] = 0.0, time_ns + refractory_ns
        expected += int(fire.sum())
    expected *= neurons * runs / u.size
    assert expected > 10
    assert abs(found - expected) < 4 * np.sqrt(expected * (1 + neurons * runs / u.size))


@pytest.mark.parametrize("tau_ns", [500.0, 3000.0, 60_000.0])
def test_noise_at_its_worst_stays_within_reach(tau_ns):
    """A path is linear in its end and its draws; the twin says how."""
    sigma, taus = np.array([2.0]), np.array([tau_ns])
    kicks, decay = naive.Kicks(sigma, [0], taus), np.exp(-GRID_NS / tau_ns)
    unit = naive.kick_std(2.0, tau_ns, GRID_NS)

    def path(coming, draws):
        u, seen = 0.0, []
        for kick in kicks.given(draws[None], np.array([coming / unit]))[0]:
            u = u * decay + unit * kick
            seen.append(u)
        return np.array(seen)

    steps = BLOCK_NS // GRID_NS
    bridge = path(1.0, np.zeros(steps))
    assert (np.diff(bridge) > 0).all() and bridge[-1] == pytest.approx(1.0)
    alone = np.array([path(0.0, np.eye(steps)[i]) for i in range(steps)])
    worst = 4 * abs(alone).sum(axis=0)  # 16 bits are four standard deviations at most
    reach = build_noise(sigma, taus, np.zeros(1, np.uint64)).reach
    assert worst[-1] == pytest.approx(0.0, abs=1e-6)
    assert worst.max() == pytest.approx(reach[0])


def test_clamped_membranes_do_not_move():
    registers = one_neuron(leak_lsb=120.0, reset_lsb=60.0, refractory_ns=3200)
    core = AnalogCore(noisy(8, 0.4), registers)
    first = int(core.all_spikes(0, 2_000_000)[0][0])
    core = AnalogCore(noisy(8, 0.4), registers)
    for time_ns in range(first + 4, first + 3204, 60):
        assert core.membranes(time_ns)[0, 0] == 60.0
    assert core.membranes(first + 3404)[0, 0] != 60.0


# ---------------------------------------------------------------------- placement


def test_a_neuron_is_itself_wherever_its_neighbours_are():
    alone = Registers()
    alone.enabled[1, 31] = True
    crowd = Registers()
    crowd.enabled[:, 5:40] = True
    for time_ns in (4000, 16_004, 33_600):
        here, there = (AnalogCore(noisy(9), registers).membranes(time_ns)[1, 31] for registers in (alone, crowd))
        assert here == there != 80.0
