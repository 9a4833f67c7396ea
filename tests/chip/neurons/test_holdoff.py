"""Holdoff: the membrane moves at the end of the refractory period, the comparator waits for it; rows of both signs."""

import numpy as np
import pytest

from chip.base.config import ChipConfig
from chip.base.registers import ROW_BOTH, Registers
from chip.core.core import AnalogCore
from tests.chip.core.networks import one_neuron


def intervals(refractory_ns, holdoff_ns, end_ns=100_000):
    """A neuron that its leak drives over the threshold, tau 6 us: times between its spikes."""
    registers = one_neuron(6000.0, leak_lsb=150.0, reset_lsb=70.0, threshold_lsb=120.0)
    registers.refractory_ns[:], registers.holdoff_ns[:] = refractory_ns, holdoff_ns
    times, _ = AnalogCore(ChipConfig.ideal(), registers).all_spikes(0, end_ns)
    return np.unique(np.diff(times)).tolist()


@pytest.mark.parametrize("refractory_ns", [2_000, 3_044, 8_000, 12_800])
@pytest.mark.parametrize("holdoff_ns", [0, 4, 700, 1_996, 2_000])
def test_spikes_are_as_far_apart_as_the_closed_form_says(refractory_ns, holdoff_ns):
    rise_ns = 4 * np.ceil(6000 * np.log(80 / 30) / 4)  # from reset to threshold, to the next edge
    expected = max(refractory_ns - holdoff_ns + rise_ns, refractory_ns + 4)
    assert intervals(refractory_ns, holdoff_ns) == [expected]


def test_a_long_holdoff_makes_the_clock_alone_decide():
    """The potential is over the threshold before the holdoff ends: the first edge after it fires."""
    assert intervals(20_000, 4_000) == [20_000 - 4_000 + 4 * 1472]
    assert intervals(6_000, 4_000) == [2_000 + 5_888]
    assert intervals(4_000, 4_000) == [5_888]
    short = one_neuron(1000.0, leak_lsb=150.0, reset_lsb=70.0, threshold_lsb=120.0, refractory_ns=8_000)
    short.holdoff_ns[:] = 4_000
    core = AnalogCore(ChipConfig.ideal(), short)
    times, _ = core.all_spikes(0, 60_000)
    assert set(np.diff(times)) == {8_004}
    between = [core.membranes(60_000 + age)[0, 0] for age in range(0, 8_004, 200)]
    assert max(between) > 145.0 and min(between) == pytest.approx(70.0)  # above the threshold, and no spike


def test_a_holdoff_longer_than_its_period_is_refused():
    registers = Registers()
    registers.refractory_ns[1, 9], registers.holdoff_ns[1, 9] = 400, 404
    with pytest.raises(ValueError, match=r"holdoff_ns\[1, 9\] is 404.*period of 400 ns"):
        registers.check()


def test_a_row_of_both_signs_drives_both_inputs():
    def membranes(modes):
        registers = one_neuron(6000.0, weight=30)
        registers.tau_syn_inh_ns[:] = 2000.0
        registers.weights[0, 1, 0] = 30
        registers.row_mode[0, : len(modes)] = modes
        core = AnalogCore(ChipConfig.ideal(), registers)
        core.post_events([400, 2_504, 2_504], [0, 0, 0])
        return [core.membranes(time_ns)[0, 0] for time_ns in range(400, 12_000, 172)], core.counters

    both, counters = membranes([ROW_BOTH])
    apart, _ = membranes([1, 2])
    np.testing.assert_allclose(both, apart, rtol=0, atol=1e-11)
    assert max(both) > 85
    assert (counters["rows_driven"], counters["synaptic_events"]) == (3, 3)
