"""Frozen mismatch: each imperfection's zero, distribution and stream, and that firmware meets it where it should."""

import dataclasses

import numpy as np
import pytest

from chip.base.config import ChipConfig, ImperfectionConfig
from chip.base.registers import Registers
from chip.core.core import AnalogCore
from chip.silicon.mismatch import CUT_STD, deviation, silicon
from chip.silicon.sensors import sensor_silicon
from tests.chip.core.networks import random_events, random_network, with_plastic_drivers

NAMES = ImperfectionConfig.names()
FROZEN = [name for name in NAMES if not name.endswith("noise")]
SHAPE = (2, 256)


def chip_with(*names, seed=0, std=None):
    """A chip with some imperfections on, with a magnitude of their own or their defaults."""
    imperfections = ImperfectionConfig(**dict.fromkeys(names, True))
    if std is not None:
        fields = [field.name for field in dataclasses.fields(ImperfectionConfig)]
        magnitudes = {fields[fields.index(name) + 1]: std for name in names}
        imperfections = dataclasses.replace(imperfections, **magnitudes)
    return ChipConfig(seed=seed, imperfections=imperfections)


def everything(config, end_ns=20_000):
    """All that a core comes to, as bytes."""
    registers = with_plastic_drivers(random_network(3, drive=0.5), 3)
    registers.correlation_enabled[...] = True
    core = AnalogCore(config, registers)
    core.post_events(*random_events(3, 30, end_ns // 2))
    tickets = [core.post_cadc(time_ns, time_ns // 4 % 2) for time_ns in range(400, end_ns, 1804)]
    codes = [core.cadc_result(ticket).tobytes() for ticket in tickets]
    core.advance(end_ns)
    rows = [(hemisphere, row) for hemisphere in range(2) for row in range(0, 256, 16)]
    tickets = [core.post_correlation(end_ns, hemisphere, row) for hemisphere, row in rows]
    codes += [core.correlation_result(ticket).tobytes() for ticket in tickets]
    return codes, {name: array.tobytes() for name, array in core.snapshot().items()}, core.membranes(end_ns).tobytes()


@pytest.mark.parametrize("name", NAMES)
def test_zero_is_ideal_and_more_is_not(name):
    ideal = everything(ChipConfig.ideal())
    assert everything(chip_with(name, std=0.0)) == ideal
    assert everything(chip_with(name)) != ideal


def test_all_at_zero_is_ideal():
    assert everything(chip_with(*NAMES, std=0.0)) == everything(ChipConfig.ideal())


def drawn(config, registers=None):
    """What silicon makes of each frozen imperfection, in units of its magnitude's field, by name."""
    registers = registers or Registers()
    registers.correlation_enabled[0] = True
    true, std = silicon(config, registers), config.imperfections
    made = true.registers
    taus = [(made.tau_syn_exc_ns / registers.tau_syn_exc_ns), (made.tau_syn_inh_ns / registers.tau_syn_inh_ns)]
    found = {
        "tau_mem": made.tau_mem_ns / registers.tau_mem_ns - 1,
        "tau_syn": np.stack(taus) - 1,
        "cadc_offset": true.cadc_offset_lsb,
        "cadc_gain": true.cadc_gain - 1,
    }
    drivers, as_designed = true.stp, silicon(ChipConfig.ideal(), registers).stp
    found["stp_utilization"], found["stp_recovery"] = drivers[:2] / as_designed[:2] - 1
    found["stp_offset"] = drivers[2] - as_designed[2]
    for name in ("leak", "reset", "threshold"):
        found[name] = (getattr(made, f"{name}_lsb") - getattr(registers, f"{name}_lsb")) / 45
    if any(name.startswith("correlation") and getattr(std, name) for name in NAMES):
        sensors = sensor_silicon(config, registers, true)
        found["correlation_amplitude"] = sensors.amplitude_lsb[:, 0] - 1
        found["correlation_tau"] = sensors.tau_ns / 5_000 - 1
        found["correlation_baseline"] = sensors.column_lsb - 200
    if std.driver_efficacy != std.synapse_efficacy:
        found["driver_efficacy" if std.driver_efficacy else "synapse_efficacy"] = true.synapse_factor - 1
    return found


@pytest.mark.parametrize("name", FROZEN)
def test_distribution(name):
    stats = pytest.importorskip("scipy.stats")
    magnitude = chip_with(name).imperfections.std(name)
    of_synapses = "efficacy" in name or "correlation" in name
    chips = [drawn(chip_with(name, seed=seed))[name] for seed in range(3 if of_synapses else 20)]
    if name == "driver_efficacy":  # the same for all synapses of a driver's two rows
        chips = [chip.reshape(2, 128, 512) for chip in chips]
        assert all((chip == chip[:, :, :1]).all() for chip in chips)
        chips = [chip[:, :, 0] for chip in chips]
    values = np.concatenate([chip.ravel() for chip in chips]).astype(float) / magnitude
    assert abs(values.mean()) < 5 / np.sqrt(values.size)
    assert values.std() == pytest.approx(1.0, abs=5 / np.sqrt(2 * values.size))
    assert abs(values).max() <= CUT_STD + 1e-4
    assert stats.kstest(values, "norm").pvalue > 1e-4
    if values.size > 1000 and chips[0].shape[-1] == 256:  # neighbours have nothing in common
        flat = chips[0].ravel().astype(float)
        assert abs(np.corrcoef(flat[1:], flat[:-1])[0, 1]) < 5 / np.sqrt(flat.size)


def test_efficacy_varies_by_five_percent_in_all():
    factor = silicon(ChipConfig.typical(), Registers()).synapse_factor
    assert factor.std() == pytest.approx(0.05, rel=0.05)
    both = silicon(chip_with("driver_efficacy"), Registers()).synapse_factor.astype(float)
    both *= silicon(chip_with("synapse_efficacy"), Registers()).synapse_factor
    np.testing.assert_allclose(factor, both, rtol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_switching_one_moves_no_others_draws(name):
    rest = [other for other in NAMES if other != name]
    with_all, without, alone = chip_with(*NAMES, seed=5), chip_with(*rest, seed=5), chip_with(name, seed=5)
    for other in FROZEN:
        expected = deviation(without, other, SHAPE)
        assert expected.any() == (other != name)
        if other != name:
            np.testing.assert_array_equal(deviation(with_all, other, SHAPE), expected)
    np.testing.assert_array_equal(deviation(with_all, name, SHAPE), deviation(alone, name, SHAPE))
    for key in ("membrane_key", "cadc_key"):
        one, other = (getattr(silicon(config, Registers()), key) for config in (with_all, alone))
        np.testing.assert_array_equal(one, other)
    full = drawn(with_all)
    for other, values in drawn(alone).items():
        if other == name and other in full:
            np.testing.assert_array_equal(values, full[other])


def test_streams_have_nothing_in_common():
    config = chip_with(*FROZEN)
    draws = np.corrcoef([deviation(config, name, (10_000,)) for name in FROZEN])
    assert abs(draws[~np.eye(len(FROZEN), dtype=bool)]).max() < 0.05


def test_a_chip_is_its_seed():
    one, same, other = (silicon(ChipConfig.typical(seed), Registers()) for seed in (3, 3, 4))
    for name in ("synapse_factor", "cadc_offset_lsb", "membrane_key", "cadc_key"):
        assert getattr(one, name).tobytes() == getattr(same, name).tobytes() != getattr(other, name).tobytes()
    for name in ("tau_mem_ns", "tau_syn_exc_ns", "tau_syn_inh_ns", "leak_lsb", "reset_lsb", "threshold_lsb"):
        values = [getattr(true.registers, name).tobytes() for true in (one, same, other)]
        assert values[0] == values[1] != values[2]
    assert everything(ChipConfig.typical(3)) == everything(ChipConfig.typical(3)) != everything(ChipConfig.typical(4))


def test_placement_changes_no_draw():
    here, there = Registers(), Registers()
    here.enabled[0, :3] = there.enabled[1, 77] = True
    one, other = (silicon(ChipConfig.typical(1), registers) for registers in (here, there))
    assert one.synapse_factor.tobytes() == other.synapse_factor.tobytes()
    assert one.registers.threshold_lsb.tobytes() == other.registers.threshold_lsb.tobytes()


def test_what_a_program_wrote_stays_what_it_wrote():
    registers = random_network(1)
    before = {f.name: getattr(registers, f.name).tobytes() for f in dataclasses.fields(registers)}
    core = AnalogCore(ChipConfig.typical(2), registers)
    core.advance(10_000)
    assert before == {f.name: getattr(registers, f.name).tobytes() for f in dataclasses.fields(registers)}


def test_potentials_are_off_by_a_fraction_of_the_distance():
    registers = Registers()
    registers.threshold_lsb[0] = 170.0  # 90 above the leak: twice the default
    registers.threshold_lsb[1], registers.spiking[1] = 81.0, False  # a leaky integrator has no threshold
    deviations = silicon(chip_with("leak"), registers).registers.leak_lsb - 80.0
    assert deviations[0].std() == pytest.approx(0.05 * 90, rel=0.15)
    assert deviations[1].std() == pytest.approx(0.05 * 45, rel=0.15)
    noise = silicon(chip_with("membrane_noise"), registers).membrane_noise_lsb
    assert (noise[0] == 0.0135 * 90).all() and (noise[1] == 0.0135 * 45).all()


def test_at_the_largest_magnitudes_a_chip_stays_physical():
    limits = {
        field.name: field.metadata["high"]
        for field in dataclasses.fields(ImperfectionConfig)
        if field.default is not False
    }
    config = ChipConfig(imperfections=ImperfectionConfig(**dict.fromkeys(NAMES, True), **limits))
    true = silicon(config, random_network(0))
    for name in ("tau_mem_ns", "tau_syn_exc_ns", "tau_syn_inh_ns"):
        assert getattr(true.registers, name).min() >= 50.0
    for name in ("leak_lsb", "reset_lsb", "threshold_lsb"):
        assert 0.0 <= getattr(true.registers, name).min() and getattr(true.registers, name).max() <= 255.0
    assert true.synapse_factor.min() > 0.0 and true.cadc_gain.min() > 0.0
    everything(config)


def test_lanes_without_a_neuron_read_through_their_channel_too():
    registers = Registers()
    registers.leak_lsb[:] = 100.0
    core = AnalogCore(chip_with("cadc_offset", seed=1), registers)
    offset = silicon(chip_with("cadc_offset", seed=1), registers).cadc_offset_lsb[1]
    codes = np.rint(100.0 + offset)
    np.testing.assert_array_equal(core.cadc_result(core.post_cadc(4, 1)), [codes[0::2], codes[1::2]])
    assert codes.std() == pytest.approx(1.5, rel=0.2)
