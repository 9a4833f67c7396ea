"""New registers in a running core: what goes on, what starts at rest, and what is under way."""

import numpy as np
import pytest

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.base.registers import Registers
from chip.core.core import AnalogCore
from tests.chip.core.networks import random_events, random_network


def enabled(columns, leak_lsb):
    registers = Registers()
    registers.enabled[0, list(columns)] = True
    registers.leak_lsb[...] = registers.reset_lsb[...] = leak_lsb
    return registers


@pytest.mark.parametrize("others", [(), (60,)])
def test_a_neuron_that_is_enabled_starts_at_rest_whoever_else_is_there(others):
    core = AnalogCore(ChipConfig.ideal(), enabled((0, *others), 80.0))
    core.advance(1_600)
    core.configure(enabled((0, 40, *others), 120.0))
    membranes = core.membranes(1_600)[0]
    assert membranes[40] == 120.0 and membranes[0] == 80.0


def test_spikes_under_way_are_counted_by_the_new_routes():
    core = AnalogCore(ChipConfig.ideal(), random_network(0, drive=1.0))
    core.post_events(*random_events(0, 200, 9_600))
    core.advance(9_600)
    core.configure(random_network(1, drive=1.0))
    core.post_events(*(array + shift for array, shift in zip(random_events(1, 200, 9_600), (9_600, 0), strict=True)))
    core.advance(40_000)
    counters = core.counters
    assert counters["sent"] == counters["delivered"] + counters["lost"] + counters["in_flight"]
    assert counters["in_flight"] >= 0


@pytest.mark.parametrize("early", [True, False])
def test_a_conversion_at_the_moment_of_new_registers_sees_the_old_ones(early):
    core = AnalogCore(ChipConfig.ideal(), enabled((0,), 80.0))
    ticket = core.post_cadc(1_600, c.TOP) if early else None
    core.advance(1_600)
    ticket = ticket or core.post_cadc(1_600, c.TOP)
    core.configure(enabled((0,), 120.0))
    assert (core.cadc_result(ticket) == 80).all()


def test_a_snapshot_knows_where_its_record_of_spikes_begins():
    registers = enabled((0,), 200.0)  # above the threshold: fires by itself
    registers.reset_lsb[...] = 80.0
    core = AnalogCore(ChipConfig.ideal(), registers)
    core.advance(160_000)
    assert 0 < core.spike_counts([0], [80_000])[0] < core.spike_counts([0], [160_000])[0]
    whole = core.snapshot()
    core.forget_before(160_000)
    again = AnalogCore(ChipConfig.ideal(), registers)
    again.restore(core.snapshot())
    with pytest.raises(RuntimeError, match="record begins at 160000 ns"):
        again.spike_counts([0], [80_000])
    again.restore(whole)
    assert again.spike_counts([0], [80_000]) > 0


def test_sensors_that_are_switched_off_lose_what_they_hold():
    registers = Registers()
    registers.correlation_enabled[...] = True
    core = AnalogCore(ChipConfig.ideal(), registers)
    core.sensors.arrays.causal[...] = core.sensors.arrays.acausal[...] = 50.0
    registers.correlation_enabled[c.BOTTOM] = False
    core.configure(registers)
    for stored in (core.sensors.arrays.causal, core.sensors.arrays.acausal):
        by_hemisphere = stored.reshape(2, -1)
        assert (by_hemisphere[c.TOP] == 50.0).all() and (by_hemisphere[c.BOTTOM] == 0.0).all()


def test_a_snapshot_without_sensors_is_refused_by_a_core_with_them():
    registers = Registers()
    saved = AnalogCore(ChipConfig.ideal(), registers).snapshot()
    registers.correlation_enabled[...] = True
    with pytest.raises(ValueError, match="lacks the correlation sensors"):
        AnalogCore(ChipConfig.ideal(), registers).restore(saved)


@pytest.mark.parametrize("look", [True, False])
def test_a_look_does_not_let_a_reset_come_before_a_read_of_its_time(look):
    registers = Registers()
    registers.correlation_enabled[...] = True
    core = AnalogCore(ChipConfig.ideal(), registers)
    core.sensors.arrays.causal[...] = 50.0
    core.advance(20_000)
    core.post_correlation_reset(20_000, c.TOP, 0, np.full((2, 128), 3))
    if look:
        core.snapshot()
    reading = core.correlation_result(core.post_correlation(20_000, c.TOP, 0))
    assert (reading[0] == c.CORRELATION_BASELINE_LSB - 50).all()
    after = core.correlation_result(core.post_correlation(20_004, c.TOP, 0))
    assert (after == c.CORRELATION_BASELINE_LSB).all()
