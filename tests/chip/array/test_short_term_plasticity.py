"""Short-term plasticity of drivers against Tsodyks and Markram's closed forms, and what does and does not change it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chip.base.config import ChipConfig
from chip.core.core import AnalogCore
from tests.chip.core.networks import one_neuron, random_events, random_network
from tests.naive.stp import Driver

FACILITATING, DEPRESSING = 0, 1
codes = st.integers(0, 15)


def driver_zero(**values):
    """A leaky neuron, fast beside the events' distances, behind driver 0 with its plasticity on."""
    registers = one_neuron(500.0, 300.0, weight=20, efficacy_lsb=2.0, spiking=False)
    registers.stp_enabled[0, 0] = True
    for name, value in values.items():
        getattr(registers, name)[0, 0] = value
    return registers


def proportional_to_the_resource(registers):
    """Set the depressing voltages such that a fully recovered pulse is a full one and a used-up one has no length."""
    registers.stp_target_voltages[0, 0] = DEPRESSING
    registers.stp_v_recover[0, 0, DEPRESSING], registers.stp_v_charge[0, 0, DEPRESSING] = 0, 500
    return registers


def strengths(registers, times, labels=None):
    """How large each event's potential is 600 ns later, beside that of an event without plasticity."""
    plain = one_neuron(500.0, 300.0, weight=20, efficacy_lsb=2.0, spiking=False)
    core = AnalogCore(ChipConfig.ideal(), plain)
    core.post_events([0], [0])
    whole = core.membranes(600)[0, 0] - 80.0
    core = AnalogCore(ChipConfig.ideal(), registers)
    core.post_events(times, np.zeros(len(times), int) if labels is None else labels)
    return np.array([core.membranes(int(time_ns) + 600)[0, 0] - 80.0 for time_ns in times]) / whole


@given(codes, codes, st.integers(20_000, 100_000).map(lambda n: 4 * (n // 4)))
@settings(max_examples=10)
def test_a_regular_train_depresses_as_the_closed_form_says(utilization, recovery, period_ns):
    registers = proportional_to_the_resource(driver_zero(stp_utilization=utilization, stp_recovery=recovery))
    events = np.arange(25)
    found = strengths(registers, 1_000 + period_ns * events)
    u, tau_ns = 0.2 + 0.3 * utilization / 15, 800_000 / (1 + recovery)
    recovered = np.exp(-period_ns / tau_ns)
    steady = (1 - recovered) / (1 - (1 - u) * recovered)  # the resource before each event, after many
    resource = steady + (1 - steady) * ((1 - u) * recovered) ** events
    np.testing.assert_allclose(found, (1 - u) * resource, rtol=1e-9)


@pytest.mark.parametrize("recovery", [0, 3, 7])
def test_the_steady_state_falls_as_one_over_the_rate(recovery):
    """The limiting rate of depression: twice the rate, half the amplitude, where little recovers in between."""
    tau_ns = 800_000 / (1 + recovery)
    amplitudes = []
    for period_ns in (4_000, 8_000):
        registers = proportional_to_the_resource(driver_zero(stp_utilization=15, stp_recovery=recovery))
        times = period_ns * np.arange(int(12 * tau_ns / period_ns / 10) + 30)
        found = strengths(registers, times)
        recovered = np.exp(-period_ns / tau_ns)
        assert found[-1] == pytest.approx(0.5 * (1 - recovered) / (1 - 0.5 * recovered), rel=2e-3)
        amplitudes.append(found[-1])
    assert amplitudes[1] / amplitudes[0] == pytest.approx(2.0, rel=0.09)


def test_the_other_set_facilitates():
    registers = driver_zero(stp_utilization=5, stp_recovery=7, stp_target_voltages=FACILITATING)
    found = strengths(registers, 5_000 * np.arange(40))
    assert (np.diff(found) > 0).all()
    u, recovered = 0.3, np.exp(-5_000 / 100_000)
    charge = u / (1 - (1 - u) * recovered)  # steady state of x <- x r, then x + u (1 - x)
    assert found[-1] == pytest.approx(1 - (400 - 300 * charge) / 500, rel=1e-4)
    assert found[0] == pytest.approx(1 - (400 - 300 * u) / 500, rel=1e-9)
    later = strengths(registers, [0, 5_000, 3_000_000])
    assert later[2] == pytest.approx(later[0], rel=1e-9)  # forgotten after 30 time constants


@given(codes, codes, codes, st.integers(0, 1), st.lists(st.integers(2_500, 40_000), min_size=1, max_size=20))
@settings(max_examples=15)
def test_any_train_against_the_sum_over_all_events(utilization, recovery, offset, target, gaps):
    registers = driver_zero(
        stp_utilization=utilization, stp_recovery=recovery, stp_offset=offset, stp_target_voltages=target
    )
    times = 4 * np.cumsum(gaps)
    driver, expected = Driver(registers, 0, 0), []
    for time_ns in times.tolist():
        driver.take(time_ns)
        expected.append(driver.pulse())
    np.testing.assert_allclose(strengths(registers, times), expected, rtol=0, atol=1e-7)


def test_every_event_that_the_row_select_takes_uses_the_resource():
    registers = proportional_to_the_resource(driver_zero(stp_utilization=15))
    alone = strengths(registers, [0, 40_000])[1]
    # label 1 acts on no synapse, but the driver processes it; row select 1 is another driver's
    other_label = strengths(registers, [0, 20_000, 40_000], [0, 1, 0])[2]
    other_driver = strengths(registers, [0, 20_000, 40_000], [0, 1 << 6, 0])[2]
    assert other_label < 0.9 * alone
    assert other_driver == alone


def test_both_rows_and_the_order_of_events_at_one_time():
    registers = proportional_to_the_resource(driver_zero(stp_utilization=15))
    registers.row_mode[0, 1], registers.weights[0, 1, 0] = 2, 20
    assert strengths(registers, [0, 40_000]) == pytest.approx([0.0, 0.0], abs=1e-12)  # both signs, equally short
    registers.row_mode[0, 1] = 0
    once = strengths(registers, [0])[0]
    assert strengths(registers, [0, 0])[0] == pytest.approx(once * (1 + 0.5), rel=1e-12)


def test_an_offset_step_shortens_the_pulse():
    found = [strengths(driver_zero(stp_offset=code), [0])[0] for code in (6, 7, 8)]
    assert np.diff(found) == pytest.approx([-0.02, -0.02], rel=1e-6)
    assert strengths(driver_zero(stp_v_charge=[1022, 1022], stp_v_recover=[1022, 1022]), [0])[0] == 0.0


def test_even_and_odd_drivers_have_voltages_of_their_own():
    registers = driver_zero()
    before = strengths(registers, [0])[0]
    registers.stp_v_recover[0, 1], registers.stp_v_recover[1] = 0, 0
    assert strengths(registers, [0])[0] == before
    registers.stp_v_recover[0, 0, FACILITATING] = 0
    assert strengths(registers, [0])[0] > before + 0.5


def test_switched_off_it_changes_no_byte():
    def outcome(registers):
        core = AnalogCore(ChipConfig.typical(4), registers)
        core.post_events(*random_events(2, 30, 10_000))
        core.advance(20_000)
        return {name: array.tobytes() for name, array in core.snapshot().items()}

    registers = random_network(2)
    before = outcome(registers)
    for name in ("stp_utilization", "stp_recovery", "stp_offset"):
        getattr(registers, name)[:] = 3
    assert outcome(registers) == before
    registers.stp_enabled[:] = True
    assert outcome(registers) != before


def test_a_step_that_outgrows_its_arrays_uses_the_resource_once():
    """512 rows at one time: the core tries twice, the drivers are used once."""
    registers = proportional_to_the_resource(driver_zero(stp_utilization=15))
    alone = strengths(registers, [0, 40_000])
    registers.row_mode[:], registers.compare_mask[:] = 1, 0
    registers.crossbar_mask[8, :8] = registers.crossbar_target[8, :8] = 0
    registers.enabled[1, 0] = True
    np.testing.assert_allclose(strengths(registers, [0, 40_000]), alone, rtol=1e-12)


def test_drivers_go_on_where_they_were_when_registers_are_written():
    registers = proportional_to_the_resource(driver_zero(stp_utilization=15))
    core = AnalogCore(ChipConfig.ideal(), registers)
    core.post_events([0, 40_000], [0, 0])
    core.advance(16_000)
    core.configure(registers)
    once = strengths(registers, [0, 40_000])[1]
    whole = strengths(registers, [0])[0] / 0.5
    assert once < 0.9 * whole * 0.5
    plain = one_neuron(500.0, 300.0, weight=20, efficacy_lsb=2.0, spiking=False)
    full = AnalogCore(ChipConfig.ideal(), plain)
    full.post_events([0], [0])
    expected = once * (full.membranes(600)[0, 0] - 80.0)
    assert core.membranes(40_600)[0, 0] - 80.0 == pytest.approx(expected, rel=1e-9)
