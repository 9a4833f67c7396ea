"""One neuron against formulas: spike times and postsynaptic potentials, over the ranges of the registers."""

import numpy as np
import pytest

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.base.registers import ROW_EXCITATORY, ROW_INHIBITORY
from chip.core.core import AnalogCore
from chip.neurons.propagators import current_to_membrane, propagator
from tests.chip.core.networks import one_neuron
from tests.naive.neuron import response

EVENT_NS = 1600


def first_spike(registers, event_ns=EVENT_NS, until_ns=60_000):
    core = AnalogCore(ChipConfig.ideal(), registers)
    core.post_events([event_ns], [0])
    times, neurons = core.all_spikes(0, until_ns)
    assert set(neurons.tolist()) <= {0}
    return int(times[0]) - event_ns if times.size else None


@pytest.mark.parametrize("weight", [31, 35, 40, 50, 63])
@pytest.mark.parametrize("event_ns", [1600, 1604, 3196])
def test_equal_time_constants(weight, event_ns):
    scipy = pytest.importorskip("scipy.special")
    tau, jump, rise = 6000.0, 4.0 * weight, 45.0
    if rise / jump * np.e >= 1:
        assert first_spike(one_neuron(tau, tau, weight=weight), event_ns) is None
        return
    exact = -tau * scipy.lambertw(-rise / jump, 0).real
    found = first_spike(one_neuron(tau, tau, weight=weight), event_ns)
    assert 0 <= found - exact <= c.EVENT_CLOCK_NS  # the first edge at or behind the crossing
    assert abs(found - exact) <= c.FPGA_CLOCK_NS


@pytest.mark.parametrize("weight", [46, 50, 63])
def test_membrane_twice_as_slow_as_the_synapse(weight):
    # u(t) = jump (x - x^2) with x = exp(-t / tau_mem), for tau_mem = 2 tau_syn
    tau_mem, jump, rise = 8000.0, 4.0 * weight, 45.0
    exact = -tau_mem * np.log((1 + np.sqrt(1 - 4 * rise / jump)) / 2)
    found = first_spike(one_neuron(tau_mem, tau_mem / 2, weight=weight))
    assert 0 <= found - exact <= c.EVENT_CLOCK_NS


@pytest.mark.parametrize("tau_mem,tau_syn", [(5000, 7000), (7000, 5000), (20_000, 3000), (3000, 20_000), (9999, 1e4)])
@pytest.mark.parametrize("weight", [40, 63])
def test_other_time_constants(tau_mem, tau_syn, weight):
    scipy = pytest.importorskip("scipy.optimize")
    efficacy, rise = 14.0, 45.0
    taus = np.float64(tau_mem), np.float64(tau_syn)
    peak = np.log(tau_mem / tau_syn) * tau_mem * tau_syn / (tau_mem - tau_syn)
    exact = scipy.brentq(lambda t: efficacy * weight * response(t, *taus) - rise, 0.0, peak, xtol=1e-6)
    found = first_spike(one_neuron(tau_mem, tau_syn, weight=weight, efficacy_lsb=efficacy))
    assert 0 <= found - exact <= 10


@pytest.mark.parametrize("tau_syn", [6000.0, 3000.0, 4321.0])
def test_grazing(tau_syn):
    """A peak just below the threshold is silent, one just above it fires at the peak's edge."""
    tau_mem, weight = 6000.0, 40
    ages = np.arange(0, 40_000, 4.0)
    peak = (weight * response(ages, np.float64(tau_mem), np.float64(tau_syn))).max()  # highest value on an edge
    below, above = 45.0 / peak * (1 - 1e-11), 45.0 / peak * (1 + 1e-11)
    assert first_spike(one_neuron(tau_mem, tau_syn, weight=weight, efficacy_lsb=below)) is None
    found = first_spike(one_neuron(tau_mem, tau_syn, weight=weight, efficacy_lsb=above))
    assert found == ages[np.argmax(response(ages, np.float64(tau_mem), np.float64(tau_syn)))]


def test_a_peak_between_two_edges_is_not_seen():
    """The comparator is sampled: a membrane above the threshold for less than 4 ns between edges does not fire."""
    tau_mem, tau_syn, weight = 500.0, 310.0, 63
    taus = np.float64(tau_mem), np.float64(tau_syn)
    peak_at = np.log(tau_mem / tau_syn) * tau_mem * tau_syn / (tau_mem - tau_syn)
    edges = response(np.arange(0, 2000, 4.0), *taus).max()
    peak = response(peak_at, *taus)
    assert peak > edges
    efficacy = 45.0 / weight / ((peak + edges) / 2)
    assert first_spike(one_neuron(tau_mem, tau_syn, weight=weight, efficacy_lsb=efficacy)) is None


def test_regular_firing_under_constant_drive():
    """A leak above the threshold fires periodically: refractory time and the time from reset to threshold."""
    registers = one_neuron(5000.0, leak_lsb=150.0, reset_lsb=70.0, threshold_lsb=120.0, refractory_ns=1240)
    core = AnalogCore(ChipConfig.ideal(), registers)
    times, _ = core.all_spikes(0, 200_000)
    rise = 4 * np.ceil(5000.0 * np.log(80 / 30) / 4)
    assert times[0] == 0  # the membrane starts at its leak potential
    np.testing.assert_array_equal(np.diff(times), 1240 + rise)


def test_a_reset_above_the_threshold_fires_at_the_first_edge_after_each_release():
    registers = one_neuron(leak_lsb=130.0, reset_lsb=140.0, refractory_ns=40)
    core = AnalogCore(ChipConfig.ideal(), registers)
    times, _ = core.all_spikes(0, 5000)
    np.testing.assert_array_equal(times, np.arange(0, 5000, 44))


@pytest.mark.parametrize("spiking", [True, False])
def test_a_reset_holds_the_membrane_for_the_refractory_time_while_currents_go_on(spiking):
    registers = one_neuron(6000.0, 6000.0, weight=20, reset_lsb=60.0, refractory_ns=1_244, holdoff_ns=40)
    registers.spiking[:] = spiking
    core = AnalogCore(ChipConfig.ideal(), registers)
    core.post_events([1600], [0])
    core.post_neuron_reset(3204, c.TOP, c.EVEN)
    assert core.membranes(3204)[0, 0] == pytest.approx(80 + 80 * response(1604.0, *[np.float64(6000)] * 2), abs=1e-9)
    assert [core.membranes(3204 + age_ns)[0, 0] for age_ns in (4, 600, 1_204)] == [60.0] * 3
    t = 1000.0
    left = 80 * np.exp(-2808 / 6000)
    expected = 80 - 20 * np.exp(-t / 6000) + left * t / 6000 * np.exp(-t / 6000)
    assert core.membranes(5408)[0, 0] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("relative", [0.0, 1e-15, 1e-12, 1e-9, 1e-6, 1e-3])
def test_nearly_equal_time_constants_lose_no_digits(relative):
    tau = 6000.0
    t = np.array([4.0, 100.0, 1600.0])
    near = current_to_membrane(t, tau, tau * (1 + relative))
    # second order in the difference: K = t/tau e^(-t/tau) (1 + d/2 + d^2/6), d = t/tau - t/tau_syn
    d = t / tau - t / (tau * (1 + relative))
    series = t / tau * np.exp(-t / tau) * (1 + d / 2 + d**2 / 6)
    np.testing.assert_allclose(near, series, rtol=1e-12)


def test_propagators_compose():
    taus = [np.array([1500.0, 6000.0]), np.array([1500.0, 3000.0]), np.array([30_000.0, 300.0])]
    once, twice = propagator([1600.0, 3200.0], *taus)
    np.testing.assert_allclose(twice[0], once[0] ** 2, rtol=1e-13)
    np.testing.assert_allclose(twice[1], once[1] * (once[0] + once[3]), rtol=1e-13)
    np.testing.assert_allclose(twice[2], once[2] * (once[0] + once[4]), rtol=1e-13)


EXTREMES = [(500.0, 30_000.0), (60_000.0, 300.0), (500.0, 300.0), (60_000.0, 30_000.0)]  # ends of the registers
EQUAL = [(tau, tau) for tau in (500.0, 6_000.0, 30_000.0)]


def psp(age_ns, tau_mem, tau_syn):
    """Membrane after a unit jump of the current, in 60 digits; so that nearly equal constants are no special case."""
    from decimal import Decimal, localcontext

    with localcontext(prec=60):
        t, mem, syn = Decimal(age_ns), Decimal(tau_mem), Decimal(tau_syn)
        if mem == syn:
            return float(t / mem * (-t / mem).exp())
        return float(syn / (syn - mem) * ((-t / syn).exp() - (-t / mem).exp()))


@pytest.mark.parametrize("event_ns", [1600, 3244, 4796])
@pytest.mark.parametrize("mode", [ROW_EXCITATORY, ROW_INHIBITORY])
def test_postsynaptic_potentials_over_the_ranges_of_the_registers(mode, event_ns):
    """A weight of one kind, of 64 neurons with all kinds of time constants, from the next edge to 400 us later."""
    rng = np.random.default_rng(7)
    drawn = 10 ** rng.uniform(np.log10([500, 300]), np.log10([60_000, 30_000]), (50, 2))
    tau_mem = np.array([pair[0] for pair in EXTREMES + EQUAL] + [6_000.0] * 7 + drawn[:, 0].tolist())
    near = [6_000.0 * (1 + relative) for relative in (1e-15, 1e-13, 1e-10, 1e-7, 1e-5, -1e-6, -1e-3)]
    tau_syn = np.array([pair[1] for pair in EXTREMES + EQUAL] + near + drawn[:, 1].tolist())
    registers, count = one_neuron(weight=0, efficacy_lsb=1.5), len(tau_mem)
    registers.spiking[:], registers.enabled[0, :count] = False, True
    registers.row_mode[0, 0] = mode
    registers.weights[0, 0, :count] = 50
    registers.tau_mem_ns[0, :count] = tau_mem
    current = registers.tau_syn_exc_ns if mode == ROW_EXCITATORY else registers.tau_syn_inh_ns
    current[0, :count] = tau_syn
    core = AnalogCore(ChipConfig.ideal(), registers)
    core.post_events([event_ns], [0])
    sign = 1.0 if mode == ROW_EXCITATORY else -1.0
    for age_ns in (0, 4, 60, 100, 1_604, 5_000, 40_000, 400_000):
        found = core.membranes(event_ns + age_ns)[0, :count]
        exact = [80 + sign * 75 * psp(age_ns, *taus) for taus in zip(tau_mem, tau_syn, strict=True)]
        np.testing.assert_allclose(found, exact, rtol=0, atol=2e-11)


def test_potentials_of_many_events_add_up():
    """Superposition: a train's potential is the sum of its events', whatever lies between them."""
    registers = one_neuron(9_000.0, 2_500.0, weight=3, efficacy_lsb=2.0)
    registers.spiking[:] = False
    times = 4 * np.cumsum(np.random.default_rng(1).integers(0, 700, 60))
    core = AnalogCore(ChipConfig.ideal(), registers)
    core.post_events(times, np.zeros(60, int))
    end_ns = int(times[-1]) + 1_204
    exact = 80 + sum(6.0 * psp(end_ns - int(time_ns), 9_000.0, 2_500.0) for time_ns in times)
    assert core.membranes(end_ns)[0, 0] == pytest.approx(exact, abs=1e-10)
