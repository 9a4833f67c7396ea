"""A reset that takes time: against the slow twin, against its formula, and at time constant zero."""

import numpy as np
import pytest

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.base.config.limits import LimitConfig
from chip.core.core import AnalogCore
from chip.core.entries import LIF
from chip.neurons.resetting import reset_table
from tests.chip.core.networks import one_neuron, random_events, random_network, with_merged_neurons
from tests.naive.core import NaiveCore

END_NS = 9_000
TAU_NS, REFRACTORY_NS = 400.0, 1_200
EVERY_LANE = np.ones(c.LANES, np.uint8)


def slow(tau_ns=TAU_NS, **settings):
    return ChipConfig(limits=LimitConfig(reset_time=True, reset_time_constant_ns=tau_ns), **settings)


def operations(seed):
    """Resets, many of neurons that are clamped, and times of observations."""
    rng = np.random.default_rng([seed, 3])
    resets = [
        (4 * int(rng.integers(0, END_NS // 4)), int(rng.integers(2)), int(rng.integers(2)), EVERY_LANE)
        for _ in range(10)
    ]
    return resets, sorted({4 * int(t) for t in rng.integers(0, END_NS // 4, 150)})


@pytest.mark.parametrize("tau_ns", [60.0, 500.0, 5_000.0])
@pytest.mark.parametrize("seed", range(4))
def test_the_core_equals_its_twin(seed, tau_ns):
    registers = random_network(seed, drive=1.5)
    if seed >= 2:
        with_merged_neurons(registers, seed)
    resets, observed = operations(seed)
    times, labels = random_events(seed, 24, END_NS * 2 // 3)
    twin = NaiveCore(registers, reset_tau_ns=tau_ns)
    expected = twin.run(END_NS, list(zip(times.tolist(), labels.tolist(), strict=True)), resets, (), observed)
    core = AnalogCore(slow(tau_ns), registers)
    assert core._entries is LIF
    core.post_events(times, labels)
    for reset in resets:
        core.post_neuron_reset(*reset)
    seen = [core.membranes(time_ns)[twin.hemisphere, twin.column] for time_ns in observed]
    spike_times, neurons = core.all_spikes(0, END_NS)
    assert len(twin.spikes) > 20
    assert list(zip(spike_times.tolist(), neurons.tolist(), strict=True)) == sorted(twin.spikes)
    np.testing.assert_allclose(seen, expected, rtol=0, atol=1e-8)


def fired(config, time_ns=2_000, **values):
    """A neuron at rest at 80 LSB that a processor fires; its reset potential is 50."""
    values = {"leak_lsb": 80.0, "reset_lsb": 50.0, "refractory_ns": REFRACTORY_NS, **values}
    core = AnalogCore(config, one_neuron(tau_mem_ns=8_000.0, **values))
    core.post_neuron_reset(time_ns, 0, 0, EVERY_LANE)
    return core


def test_a_clamped_membrane_goes_to_its_reset_potential_with_the_time_constant():
    core = fired(slow())
    for age_ns in range(4, REFRACTORY_NS + 1, 44):
        expected = 50.0 + 30.0 * np.exp(-age_ns / TAU_NS)
        assert core.membranes(2_000 + age_ns)[0, 0] == pytest.approx(expected, abs=1e-12)
    let_go = 50.0 + 30.0 * np.exp(-REFRACTORY_NS / TAU_NS)
    for age_ns in range(REFRACTORY_NS + 4, 9_000, 300):
        expected = 80.0 - (80.0 - let_go) * np.exp(-(age_ns - REFRACTORY_NS) / 8_000.0)
        assert core.membranes(2_000 + age_ns)[0, 0] == pytest.approx(expected, abs=1e-9)


def test_a_conversion_sees_where_it_is_and_whoever_comes_later_the_same():
    ages_ns = [4, 200, 400, 1_200, 1_204]
    core = fired(slow())
    tickets = [core.post_cadc(2_000 + age_ns, 0) for age_ns in ages_ns]
    core.advance(20_000)
    codes = [core.cadc_result(ticket)[0, 0] for ticket in tickets]
    watched = fired(slow())
    assert codes == [round(watched.membranes(2_000 + age_ns)[0, 0]) for age_ns in ages_ns]


def test_a_second_reset_begins_where_the_first_has_come_to():
    core = fired(slow())
    core.post_neuron_reset(2_400, 0, 0, EVERY_LANE)
    for age_ns in (404, 800, 1_600):
        assert core.membranes(2_000 + age_ns)[0, 0] == pytest.approx(50.0 + 30.0 * np.exp(-age_ns / TAU_NS))


def test_a_clamp_shorter_than_the_time_constant_hardly_resets():
    short = fired(slow(), refractory_ns=40)
    assert short.membranes(2_040)[0, 0] == pytest.approx(50.0 + 30.0 * np.exp(-40 / TAU_NS))


def test_without_it_a_membrane_is_reset_at_once():
    core = fired(ChipConfig.ideal())
    assert core.membranes(2_004)[0, 0] == core.membranes(2_000 + REFRACTORY_NS)[0, 0] == 50.0
    assert reset_table(0.0, np.array([40])).size == 0


@pytest.mark.parametrize(
    "changes", [{"refractory_ns": 20_000}, {"refractory_ns": 2_000}, {"reset_lsb": 120.0}, {"leak_lsb": 90.0}]
)
def test_a_clamped_membrane_is_where_it_was_when_registers_change(changes):
    """And goes on from there: to its new reset potential, for no longer than its new clamp, then to its leak."""
    registers = one_neuron(tau_mem_ns=8_000.0, leak_lsb=80.0, reset_lsb=50.0, refractory_ns=6_000)
    core = AnalogCore(slow(), registers)
    core.post_neuron_reset(1_000, 0, 0, EVERY_LANE)
    core.advance(1_600)
    before = core.membranes(1_600)[0, 0]
    assert before == pytest.approx(50.0 + 30.0 * np.exp(-600 / TAU_NS))
    changed = registers.changed(
        **{name: np.full_like(getattr(registers, name), value) for name, value in changes.items()}
    )
    core.configure(changed)
    assert core.membranes(1_600)[0, 0] == pytest.approx(before, abs=1e-9)
    reset, leak = changed.reset_lsb[0, 0], changed.leak_lsb[0, 0]
    release_ns = min(7_000, 1_600 + int(changed.refractory_ns[0, 0]))
    for time_ns in (1_604, 2_400, 3_200, release_ns):
        expected = reset + (before - reset) * np.exp(-(time_ns - 1_600) / TAU_NS)
        if time_ns <= release_ns:
            assert core.membranes(time_ns)[0, 0] == pytest.approx(expected, abs=1e-9)
    let_go = reset + (before - reset) * np.exp(-(release_ns - 1_600) / TAU_NS)
    expected = leak + (let_go - leak) * np.exp(-1_000 / 8_000.0)
    assert core.membranes(release_ns + 1_000)[0, 0] == pytest.approx(expected, abs=1e-9)
