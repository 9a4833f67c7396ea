"""The capacitor memory: what codes come to, how chips differ, and that it is not there where it is not used."""

import dataclasses

import numpy as np
import pytest

from chip.base.config import CapMemConfig, ChipConfig
from chip.base.registers import Registers
from chip.silicon.capmem import (
    PARAMETERS,
    POTENTIALS,
    TAU_MEM,
    TIMES,
    AnalogCodes,
    cell_noise,
    chip_curves,
    design,
    design_codes,
    true_values,
    values_of,
)
from chip.silicon.mismatch import silicon

NAMES = CapMemConfig.names()
SHAPE = (len(PARAMETERS), 2, 256)


def chip_with(*names, seed=0, **magnitudes):
    return ChipConfig(seed=seed, capmem=CapMemConfig(used=True, **dict.fromkeys(names, True), **magnitudes))


def random_registers(seed):
    """Values from all over the calibratable ranges, as many as there are neurons."""
    random, registers = np.random.default_rng(seed), Registers()
    registers.leak_lsb[...] = random.uniform(50, 160, (2, 256))
    registers.reset_lsb[...] = random.uniform(50, 160, (2, 256))
    registers.threshold_lsb[...] = random.uniform(50, 220, (2, 256))
    registers.tau_mem_ns[...] = np.exp(random.uniform(np.log(500), np.log(60_000), (2, 256)))
    registers.tau_syn_exc_ns[...] = np.exp(random.uniform(np.log(300), np.log(30_000), (2, 256)))
    registers.tau_syn_inh_ns[...] = registers.tau_syn_exc_ns[:, ::-1]
    return registers


def test_a_chip_like_its_design_does_what_is_asked_for_to_a_code():
    registers = random_registers(1)
    made, asked = silicon(chip_with(), registers).registers, values_of(registers)
    error = values_of(made) - asked
    assert 0.1 < abs(error[POTENTIALS]).max() <= 0.25 + 1e-9  # half a code of half an LSB
    relative = abs(error[TIMES]) / asked[TIMES]
    assert 1e-4 < relative.max() < 0.5 / (1022 / 8 - 1)  # the next slower range takes over where a code gets coarse


def test_not_used_it_changes_nothing():
    registers = random_registers(2)
    switched_on = dataclasses.replace(CapMemConfig.raw(), used=False)
    made = silicon(ChipConfig(capmem=switched_on), registers).registers
    for field in ("leak_lsb", "threshold_lsb", "tau_mem_ns", "tau_syn_inh_ns"):
        np.testing.assert_array_equal(getattr(made, field), getattr(registers, field))
    assert not any(line.startswith("capmem.") for line in ChipConfig(capmem=switched_on).assumptions())
    with pytest.raises(ValueError, match="takes no capacitor memory codes: capmem.used is off"):
        silicon(ChipConfig.ideal(), registers, design_codes(registers))


@pytest.mark.parametrize("name", NAMES)
def test_each_switch_has_a_true_zero_and_an_effect(name):
    registers = random_registers(3)
    magnitude = [f.name for f in dataclasses.fields(CapMemConfig)][1:][2 * NAMES.index(name) + 1]
    plain, zero, on = (
        true_values(config, design_codes(registers))
        for config in (chip_with(), chip_with(name, **{magnitude: 0.0}), chip_with(name))
    )
    assert all((plain[field] == zero[field]).all() for field in plain)
    assert any((plain[field] != on[field]).any() for field in plain)


@pytest.mark.parametrize("name", NAMES)
def test_switching_one_off_moves_no_others(name):
    rest = [other for other in NAMES if other != name]
    whole, without, plain = (chip_curves(chip_with(*names, seed=5)) for names in (NAMES, rest, ()))
    codes = design_codes(Registers()).codes
    if name == "cell":
        for ours, theirs in zip(whole, without, strict=True):
            np.testing.assert_array_equal(ours, theirs)
        return
    np.testing.assert_array_equal(*(cell_noise(chip_with(*names, seed=5), codes) for names in (NAMES, rest)))
    if name in ("tau_mem", "tau_syn"):
        alone = chip_curves(chip_with(name, seed=5))
        np.testing.assert_allclose(whole.slope / without.slope, alone.slope / plain.slope, rtol=1e-12)
        np.testing.assert_array_equal(whole.zero, without.zero)


def test_a_raw_chip_is_far_off_and_is_its_seed():
    one, same, other = (true_values(ChipConfig.raw(s), design_codes(Registers())) for s in (3, 3, 4))
    assert all((one[field] == same[field]).all() and (one[field] != other[field]).all() for field in one)
    for field, asked in (("leak_lsb", 80.0), ("reset_lsb", 80.0), ("threshold_lsb", 125.0)):
        deviation = one[field] - asked
        assert deviation.std() == pytest.approx(12.4, rel=0.15) and abs(deviation.mean()) < 3.0
    for field in ("tau_mem_ns", "tau_syn_exc_ns", "tau_syn_inh_ns"):
        logarithm = np.log(one[field] / 10_000.0)
        assert logarithm.std() == pytest.approx(0.30, rel=0.15) and abs(logarithm.mean()) < 0.06
    logarithms = [np.log(one[field]).ravel() for field in ("tau_mem_ns", "tau_syn_exc_ns", "tau_syn_inh_ns")]
    assert abs(np.corrcoef(logarithms)[np.triu_indices(3, 1)]).max() < 0.15
    named = "\n".join(ChipConfig.raw().assumptions())
    assert all(f"capmem.{name} is on" in named for name in NAMES)


def test_what_a_cell_adds_depends_on_its_code_and_is_normal():
    config = chip_with("cell", seed=9)
    drawn = np.stack([cell_noise(config, np.full(SHAPE, code)) for code in range(40)])
    np.testing.assert_array_equal(drawn[7], cell_noise(config, np.full(SHAPE, 7)))
    assert abs(drawn.mean()) < 0.02 and drawn.std() == pytest.approx(2.0, rel=0.02)
    assert abs((drawn**4).mean() / drawn.std() ** 4 - 2.7) < 0.1  # of a sum of four: 3 - 1.2 / 4
    assert abs(np.corrcoef(drawn[1].ravel(), drawn[2].ravel())[0, 1]) < 0.06


def test_what_no_code_reaches_gets_the_last_one():
    values = np.full(SHAPE, 100.0)
    values[0], values[1], values[TAU_MEM] = -1e4, 1e4, 1e-6
    codes, ranges = design().codes(values)
    assert (codes[0] == 0).all() and (codes[1] == 1022).all()
    assert (codes[TAU_MEM] == 1022).all() and (ranges[TAU_MEM] == 0).all()


@pytest.mark.parametrize(
    "field, index, value, words",
    [
        ("codes", (3, 1, 5), 1023, r"code of tau_mem\[1, 5\] is 1023; its register takes 0\.\.1022"),
        ("codes", (0, 0, 0), -1, r"code of leak\[0, 0\] is -1"),
        ("ranges", (4, 0, 7), 3, r"time constant of tau_syn_exc\[0, 7\] is 3; its register takes 0\.\.2"),
        ("cadc_offset", (1, 2), 128, r"CADC offset of channel \[1, 2\] is 128; its register takes -128\.\.127"),
    ],
)
def test_codes_that_do_not_fit_are_refused(field, index, value, words):
    arrays = {"codes": np.zeros(SHAPE, np.int64), "ranges": np.zeros(SHAPE, np.int64)}
    arrays["cadc_offset"] = np.zeros((2, 256), np.int64)
    AnalogCodes(**arrays)
    arrays[field][index] = value
    with pytest.raises(ValueError, match=words):
        AnalogCodes(**arrays)
    with pytest.raises(ValueError, match="it must be int64"):
        AnalogCodes(**(arrays | {field: np.zeros((2, 2))}))
