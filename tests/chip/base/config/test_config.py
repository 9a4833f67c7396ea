"""The chip's configuration: checked, frozen, to and from TOML."""

import dataclasses
from dataclasses import replace
from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chip.base.config import ChipConfig, FpgaConfig, ImperfectionConfig, RouterConfig
from chip.base.config.limits import LimitConfig
from chip.base.config.link import LinkConfig


@given(
    seed=st.integers(0, 2**63 - 1),
    strict=st.booleans(),
    latency=st.integers(25, 2500),
    player=st.booleans(),
    writer=st.integers(25, 100_000),
    noise=st.booleans(),
    tau_mem=st.floats(0.0, 0.5),
    bound=st.booleans(),
    limit=st.floats(16.0, 1e6),
)
def test_toml_round_trip(tmp_path_factory, seed, strict, latency, player, writer, noise, tau_mem, bound, limit):
    config = ChipConfig(
        seed=seed,
        strict=strict,
        router=RouterConfig(on_chip_latency_ns=4 * latency),
        fpga=FpgaConfig(sample_player=player, writer_latency_ns=8 * writer),
        imperfections=ImperfectionConfig(membrane_noise=noise, tau_mem_relative_std=tau_mem),
        limits=LimitConfig(upper_bound=bound, inhibition_limit_weights=limit),
    )
    path = tmp_path_factory.mktemp("chips") / "chip.toml"
    path.write_text(config.to_toml())
    assert ChipConfig.from_toml(path) == config


@pytest.mark.parametrize("profile", ["typical", "raw"])
def test_what_a_file_leaves_out_is_of_the_profile_that_it_names(tmp_path, profile):
    path, whole = tmp_path / "chip.toml", getattr(ChipConfig, profile)(seed=5)
    path.write_text(f'profile = "{profile}"\nseed = 5\n')
    assert ChipConfig.from_toml(path) == whole
    path.write_text(f'profile = "{profile}"\nseed = 5\n[imperfections]\nleak = false\n[link]\npreset = "optimistic"\n')
    changed = replace(whole.imperfections, leak=False)
    assert ChipConfig.from_toml(path) == replace(whole, imperfections=changed, link=LinkConfig.optimistic())


@pytest.mark.parametrize("kind", [int, np.int16, np.uint64, float, np.float32])
def test_numbers_of_any_type_become_the_setting_s_own(kind):
    """Whole numbers where it is one, all where it is a float; nothing is rounded."""
    limit = LimitConfig(inhibition_limit_weights=kind(240)).inhibition_limit_weights
    assert type(limit) is float and limit == 240.0
    if issubclass(kind, int | np.integer):
        seed = ChipConfig(seed=kind(7)).seed
        assert type(seed) is int and seed == 7
    else:
        with pytest.raises(ValueError, match="it must be of type int"):
            ChipConfig(seed=kind(7))
    with pytest.raises(ValueError, match="it must be of type float"):
        LimitConfig(inhibition_limit_weights=True)


@pytest.mark.parametrize("section", [None, *(f.name for f in dataclasses.fields(ChipConfig) if not f.metadata)])
def test_a_config_is_frozen_and_takes_no_names_that_it_has_not(section):
    config = ChipConfig.ideal()
    part = config if section is None else getattr(config, section)
    known = dataclasses.fields(part)[0].name
    for name in (known, f"{known}_", "seeed"):
        with pytest.raises(dataclasses.FrozenInstanceError, match=name):
            setattr(part, name, 3)
    with pytest.raises(TypeError, match="seeed"):
        type(part)(seeed=3)


@pytest.mark.parametrize(
    "table, words",
    [
        ({"seeed": 1}, ["seeed", "valid are", "seed"]),
        ({"seed": -1}, ["chip.seed", "-1"]),
        ({"seed": 1.5}, ["chip.seed", "int"]),
        ({"seed": True}, ["chip.seed", "int"]),
        ({"router": 3}, ["router", "table"]),
        ({"router": {"latency": 3}}, ["router.latency", "on_chip_latency_ns"]),
        ({"router": {"on_chip_latency_ns": 96}}, ["on_chip_latency_ns", "96", "100"]),
        ({"router": {"on_chip_latency_ns": 102}}, ["on_chip_latency_ns", "102", "multiple of 4"]),
        ({"imperfections": {"noise": True}}, ["imperfections.noise", "membrane_noise"]),
        ({"imperfections": {"tau_mem": 0.1}}, ["imperfections.tau_mem", "0.1", "bool"]),
        ({"imperfections": {"tau_mem_relative_std": 0.6}}, ["tau_mem_relative_std", "0.6", "0.5"]),
        ({"limits": {"upper_bound_lsb": 100}}, ["limits.upper_bound_lsb", "100", "128"]),
        ({"limits": {"inhibition_limit_weights": 0}}, ["limits.inhibition_limit_weights", "16"]),
        ({"limits": {"inhibition": 240.0}}, ["limits.inhibition", "bool"]),
        ({"imperfections": {"cadc_noise_std_lsb": -1}}, ["cadc_noise_std_lsb", "-1.0"]),
        ({"imperfections": {"leak_std_of_distance": float("nan")}}, ["leak_std_of_distance", "nan"]),
    ],
)
def test_bad_entries_are_refused_with_name_and_limit(table, words):
    with pytest.raises(ValueError) as caught:
        ChipConfig.from_dict(table)
    for word in words:
        assert word in str(caught.value)


def test_files_that_are_missing_or_no_toml(tmp_path):
    with pytest.raises(ValueError, match="cannot be read"):
        ChipConfig.from_toml(tmp_path / "missing.toml")
    (tmp_path / "bad.toml").write_text("seed = = 3")
    with pytest.raises(ValueError, match="is not TOML"):
        ChipConfig.from_toml(tmp_path / "bad.toml")


@pytest.mark.parametrize(
    "digits, words", [(400, "drivers.end_voltage is a whole number that no float"), (5_000, "is not TOML")]
)
def test_numbers_too_large_for_python(digits, words, tmp_path):
    path = tmp_path / "chip.toml"
    path.write_text(f"[drivers]\nend_voltage = 1{'0' * digits}")
    with pytest.raises(ValueError, match=rf"chip.toml.*{words}"):
        ChipConfig.from_toml(path)


@pytest.mark.parametrize("profile", ["\U0001f600", "\x7f", 'a "quoted" \\ name\n\x00\x85'])
def test_names_of_any_characters_come_back(profile, tmp_path):
    path = tmp_path / "chip.toml"
    path.write_text(ChipConfig(profile=profile).to_toml(), encoding="utf-8")
    assert ChipConfig.from_toml(path).profile == profile


def test_every_assumed_number_is_named():
    named = " ".join(ChipConfig.ideal().assumptions())
    for assumed in ("on_chip_latency_ns", "player_latency_ns", "writer_latency_ns", "doorbell_latency_ns"):
        assert assumed in named
    assert "read_cycles" not in named  # measured by the vendor


def test_the_profiles():
    ideal, typical = ChipConfig.ideal(3), ChipConfig.typical(3)
    assert (ideal.profile, typical.profile, typical.seed) == ("ideal", "typical", 3)
    names = ImperfectionConfig.names()
    assert not any(getattr(ideal.imperfections, name) for name in names)
    assert [ideal.imperfections.std(name) for name in names] == [0.0] * len(names)
    on = {name: typical.imperfections.std(name) for name in names if getattr(typical.imperfections, name)}
    assert on.pop("driver_efficacy") ** 2 + on.pop("synapse_efficacy") ** 2 == pytest.approx(0.05**2)
    assert on == {
        "tau_mem": 0.1,
        "tau_syn": 0.1,
        "leak": 0.05,
        "reset": 0.05,
        "threshold": 0.05,
        "stp_utilization": 0.1,
        "stp_recovery": 0.2,
        "stp_offset": 0.01,
        "correlation_amplitude": 0.15,
        "correlation_tau": 0.15,
        "correlation_baseline": 5.0,
        "correlation_noise": 1.0,
        "cadc_offset": 1.5,
        "membrane_noise": 0.0135,
        "cadc_noise": 1.0,
    }


def test_a_typical_chip_as_a_file(tmp_path):
    path = tmp_path / "chip.toml"
    path.write_text(ChipConfig.typical(7).to_toml())
    assert ChipConfig.from_toml(path) == ChipConfig.typical(7)


def test_a_typical_chip_with_changes():
    changed = dataclasses.replace(ImperfectionConfig.typical(), leak=False)
    assert ChipConfig.typical(2, strict=False, imperfections=changed).imperfections.std("leak") == 0.0
    assert ChipConfig.from_dict({"imperfections": {"cadc_offset_std_lsb": 2}}).imperfections.cadc_offset_std_lsb == 2.0


def test_every_imperfection_that_is_on_is_named():
    named = "\n".join(ChipConfig.typical().assumptions())
    for name in ImperfectionConfig.names():
        assert (f"imperfections.{name} is on" in named) == (name != "cadc_gain")
    assert "imperfections.tau_mem is on, relative_std = 0.1 (assumed" in named
    assert "imperfections" not in "".join(ChipConfig.ideal().assumptions())


LIMITS = ("inhibition", "excitation", "upper_bound", "lower_bound")


def test_an_ideal_chip_has_no_limits():
    limits = ChipConfig.ideal().limits
    assert not limits.bounded and limits.std("reset_time") == 0.0
    assert [limits.limit(name) for name in LIMITS] == [inf, inf, inf, -inf]
    assert "limits" not in "".join(ChipConfig.ideal().assumptions())


@pytest.mark.parametrize("config", [ChipConfig.typical(), ChipConfig.raw()])
def test_others_have_limits_as_recorded(config):
    assert config.limits == LimitConfig.recorded() and config.limits.bounded
    assert [config.limits.limit(name) for name in LIMITS] == [240.0, 3000.0, 228.0, 25.0]
    assert config.limits.std("reset_time") == 500.0
    named = [line for line in config.assumptions() if line.startswith("limits.")]
    assert [line.split()[0] for line in named] == [f"limits.{name}" for name in LimitConfig.names()]


def test_every_limit_that_is_on_is_named_with_its_source():
    limits = LimitConfig(inhibition=True, lower_bound=True, lower_bound_lsb=30.0)
    assert [limits.limit(name) for name in LIMITS] == [240.0, inf, inf, 30.0]
    inhibition, bound = (line for line in ChipConfig(limits=limits).assumptions() if line.startswith("limits."))
    assert inhibition.startswith("limits.inhibition is on, limit_weights = 240.0 (fit to the vendor's demo ts_06")
    assert bound.startswith("limits.lower_bound is on, lsb = 30.0 (hxtorch")
    assert limits.bounded and LimitConfig(excitation=True).bounded and not LimitConfig(reset_time=True).bounded
