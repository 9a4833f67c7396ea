"""The chip's configuration: checked, frozen, to and from TOML."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chip.config import ChipConfig, FpgaConfig, RouterConfig


@given(
    seed=st.integers(0, 2**63 - 1),
    strict=st.booleans(),
    latency=st.integers(25, 2500),
    player=st.booleans(),
    writer=st.integers(25, 100_000),
)
def test_toml_round_trip(tmp_path_factory, seed, strict, latency, player, writer):
    config = ChipConfig(
        seed=seed,
        strict=strict,
        router=RouterConfig(on_chip_latency_ns=4 * latency),
        fpga=FpgaConfig(sample_player=player, writer_latency_ns=8 * writer),
    )
    path = tmp_path_factory.mktemp("chips") / "chip.toml"
    path.write_text(config.to_toml())
    assert ChipConfig.from_toml(path) == config


def test_a_config_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        ChipConfig.ideal().seed = 3


@pytest.mark.parametrize(
    "table, words",
    [
        ({"seeed": 1}, ["seeed", "valid are", "seed"]),
        ({"seed": -1}, ["ChipConfig.seed", "-1"]),
        ({"seed": 1.5}, ["ChipConfig.seed", "int"]),
        ({"seed": True}, ["ChipConfig.seed", "int"]),
        ({"router": 3}, ["router", "table"]),
        ({"router": {"latency": 3}}, ["router.latency", "on_chip_latency_ns"]),
        ({"router": {"on_chip_latency_ns": 96}}, ["on_chip_latency_ns", "96", "100"]),
        ({"router": {"on_chip_latency_ns": 102}}, ["on_chip_latency_ns", "102", "multiple of 4"]),
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


def test_every_assumed_number_is_named():
    named = " ".join(ChipConfig.ideal().assumptions())
    for assumed in ("on_chip_latency_ns", "player_latency_ns", "writer_latency_ns", "doorbell_latency_ns"):
        assert assumed in named
    assert "read_cycles" not in named  # measured by the vendor
