"""Experiments that are held against recordings: their rows on small sizes, and what they measure by."""

import json

import numpy as np
import pytest

from chip.base import constants as c
from chip.base.config import ChipConfig
from host.experiments import (
    madc,
    membrane_bounds,
    parity,
    pictures,
    psp_height,
    scales,
    separation,
    spread,
    stdp_timing,
    superspike_neuron,
)
from host.experiments.published import Use
from host.experiments.recordings import superspike as recording
from tests.chip.calibration.test_calibration import perfect

TYPICAL = ChipConfig.typical(seed=3)
PNG = b"\x89PNG\r\n\x1a\n"


def nothing(*_):
    pass


def missed(outcome):
    return [row.point.name for row in outcome.rows if not row.agrees]


def checked(outcome, tmp_path):
    """An outcome that can be written and drawn, and whose file has its rows."""
    outcome.save(tmp_path, pictures.draw(outcome))
    assert (tmp_path / f"{outcome.name}.png").read_bytes().startswith(PNG)
    saved = json.loads((tmp_path / f"{outcome.name}.json").read_text())
    assert [row["name"] for row in saved["rows"]] == [row.point.name for row in outcome.rows]
    assert all(row.point.name in outcome.report for row in outcome.rows)
    return outcome


# ---------------------------------------------------------------------- potentials and membranes


def test_heights_of_potentials_are_those_of_the_recording(tmp_path):
    outcome = checked(psp_height.run(TYPICAL, look_ns=2_000), tmp_path)
    assert set(missed(outcome)) <= {"IPSP, height at 32"}  # whose recorded step is half of the next one
    assert outcome.arrays["heights_madc_lsb"].shape == (2, 10, 8)
    assert {row.point.use for row in outcome.rows} == {Use.CALIBRATED_ON}  # the limit was fitted to all heights
    assert outcome.summary["off_with_it"] < 0.1  # the limit of the first three heights predicts the others


def test_without_limits_inhibition_is_as_linear_as_excitation():
    extremes, _ = psp_height.measure(ChipConfig.ideal(), "inhibitory", np.array([0, 32, 64]), nothing, look_ns=200)
    heights = (80.0 - extremes[1:, 0]) * madc.LSB
    unit = psp_height.EFFICACY_LSB / np.e * madc.LSB
    np.testing.assert_allclose(heights, [32 * unit, 64 * unit], rtol=1e-3)
    assert 32 * unit == pytest.approx(psp_height.RECORDED_EPSP_LSB, rel=0.06)  # less where it saturates


@pytest.mark.parametrize("weight, expected", [(0, []), (32, [32]), (64, [63, 1]), (288, [63, 63, 63, 63, 36])])
def test_a_weight_is_spread_over_synapses(weight, expected):
    assert psp_height.weights_of(weight).tolist() == expected + [0] * (psp_height.DRIVERS - len(expected))


def test_a_limit_is_found_from_heights_that_have_it():
    weights = np.array([32, 64, 96])
    assert psp_height.limit_of(weights, psp_height.saturated(weights, 170.0)) == pytest.approx(170.0, rel=2e-3)


def test_membranes_stay_within_the_recorded_bounds(tmp_path):
    outcome = checked(membrane_bounds.run(TYPICAL), tmp_path)
    assert missed(outcome) == [] and outcome.arrays["reads_lsb"].shape == (3, 58, c.NEURONS)
    assert all(abs(row.value - row.point.value) < row.point.tolerance for row in outcome.rows)
    free = membrane_bounds.run(ChipConfig.ideal())
    assert missed(free) == ["driven upwards", "inhibited"]  # the CADC's own ends, 127 and -128
    assert [row.value for row in free.rows] == [-48, 127, -128]


# ---------------------------------------------------------------------- neurons before and after calibration


def test_spreads_of_neurons(tmp_path):
    outcome = checked(spread.run(ChipConfig.typical(seed=7), calibration=perfect()), tmp_path)
    rows = {row.point.name: row for row in outcome.rows}
    assert rows["raw: inter-spike interval"].agrees and rows["calibrated: rates within -10 and +15 %"].agrees
    for name in ("raw: spread of thresholds", "raw: spread of resets", "raw: spread of intervals"):
        assert rows[name].value > rows[name].point.value and rows[name].point.reason  # wider, and why
    assert rows["noise of a silent membrane"].agrees
    assert outcome.arrays["interval_after_us"].std() < 0.3 * outcome.arrays["interval_before_us"].std()


def test_neurons_without_mismatch_fire_as_often_as_recorded():
    assert spread.asked_interval_us() == pytest.approx(spread.INTERVAL_US, rel=0.02)


def test_potentials_are_converted_by_what_was_recorded():
    assert madc.cadc_lsb(334) == 80 and madc.cadc_lsb(454) == pytest.approx(125, abs=1.0)
    assert madc.cadc_lsb(300) == pytest.approx(70, abs=3.0)


# ---------------------------------------------------------------------- scales


def test_scales_are_those_of_the_tests(tmp_path):
    outcome = checked(scales.run(TYPICAL, batch=2), tmp_path)
    assert missed(outcome) == [] and {row.point.use for row in outcome.rows} == {Use.CALIBRATED_ON}
    weight, trace = outcome.rows
    assert abs(weight.value - 50) < 10 and abs(trace.value - 1 / 45) < 0.007
    assert outcome.arrays["heights_lsb"].shape == (10, c.NEURONS)


def test_a_software_weight_of_1_makes_what_equal_time_constants_do():
    assert scales.software_height() == pytest.approx(1 / np.e, rel=0.06)  # steps of a tenth of them are coarse


# ---------------------------------------------------------------------- times of processors


def test_timings_are_the_vendors_but_for_a_burst_of_two(tmp_path):
    outcome = checked(stdp_timing.run(ChipConfig.ideal(), rows=16), tmp_path)
    assert missed(outcome) == ["external memory, store x 2"]
    rows = {row.point.name: row.value for row in outcome.rows}
    assert rows["weights, load of a row half"] == c.WEIGHT_LOAD_CYCLES
    assert rows["CADC, trigger and read"] == c.CADC_READ_CYCLES
    assert rows["256 spike counters"] == 38_144
    assert rows["STDP, a row without reset"] == pytest.approx(211_702 / 256, rel=0.01)
    assert rows["STDP, 256 x 256 with reset"] == pytest.approx(318_966 * 4e-6, rel=0.01)


def test_an_inference_takes_as_long_as_on_the_silicon(tmp_path):
    outcome = checked(separation.run(TYPICAL, count=6), tmp_path)
    assert missed(outcome) == []
    (spacing,) = (row.value for row in outcome.rows)
    assert f"{1_000 / spacing:.1f} thousand inferences a second" in outcome.report
    assert f"{0.2 * spacing:.2f} uJ" in outcome.report
    assert (np.diff(outcome.arrays["separation_us"]) > 0).all() and outcome.arrays["agreement"][-1] > 0.8


def test_inputs_of_an_inference_fire_once_within_its_window():
    made = separation.samples(1, 4)
    for first, last in zip(made.offsets[:-1], made.offsets[1:], strict=True):
        assert 30 < last - first == np.unique(made.labels[first:last]).size
    assert made.times_ns.max() < separation.WINDOW_NS


# ---------------------------------------------------------------------- a neuron that learns


def test_the_target_is_the_recorded_one(tmp_path):
    outcome = checked(superspike_neuron.run(TYPICAL, epochs=1, chips=3), tmp_path)
    rows = {row.point.name: row for row in outcome.rows}
    for name in ("membrane above rest at 50 us", "target, spike 1", "target, spike 2"):
        assert rows[name].agrees
    assert 2 <= rows["target, spikes"].value <= 4 and "loss, epoch 15" not in rows


def test_the_recorded_membrane_is_that_of_60_inputs_up_to_its_first_spike():
    target_weights, _ = superspike_neuron.demo_weights()
    neuron = superspike_neuron.Neuron(ChipConfig.ideal(), superspike_neuron.stimulus())
    membrane = neuron.run(target_weights).membrane_lsb
    before = (recording.TIMES_US > 9) & (recording.TIMES_US < recording.SPIKES_US[0])
    steps = np.rint(recording.TIMES_US[before] * 10).astype(int)
    recorded = recording.MEMBRANE_LSB[before] - madc.RECORDED_LEAK_LSB
    np.testing.assert_allclose(madc.LSB * (membrane[steps] - 80.0), recorded, atol=5.0)


def test_a_neuron_learns_as_recorded():
    outcome = superspike_neuron.run(TYPICAL, chips=3)
    loss = np.median(outcome.arrays["loss"], axis=0)
    assert loss.shape == recording.LOSS.shape
    assert 0.5 < loss[0] / recording.LOSS[0] < 1.5 and loss[23:].mean() < 0.4 * loss[0]


def test_the_time_constant_of_a_reset_is_found():
    times_us = np.arange(superspike_neuron.STEPS) / 10
    membrane = 70 + 55 * np.exp(-np.maximum(times_us - 50.0, 0) / 0.3)
    run = superspike_neuron.Run(membrane, np.array([50_000.0]))
    assert superspike_neuron.reset_us(run) == pytest.approx(0.3, rel=0.02)
    at_once = superspike_neuron.Run(np.where(times_us > 50, 70.0, 125.0), run.spikes_ns)
    assert superspike_neuron.reset_us(at_once) == 0.0
    assert np.isnan(superspike_neuron.reset_us(superspike_neuron.Run(membrane, np.array([]))))


def test_a_run_that_meets_its_target_changes_nothing():
    inputs, seen = superspike_neuron.stimulus(), np.full(superspike_neuron.STEPS, 0.5)
    change, loss = superspike_neuron.step(inputs, seen, np.array([50_000.0]), np.array([50_000.0]))
    assert loss == 0.0 and (change == 0.0).all()
    change, loss = superspike_neuron.step(inputs, seen, np.array([]), np.array([50_000.0]))
    assert loss == pytest.approx(50, rel=0.05)  # a missing spike, and weights of what came before it grow
    before = inputs[:, 300:480].any(axis=1) & ~inputs[:, 480:1_000].any(axis=1)
    assert before.any() and (change[before] > 0).all()


# ---------------------------------------------------------------------- the page of all


def test_the_page_has_all_rows(tmp_path):
    names = ("membrane-bounds", "scales")
    outcome = checked(parity.run(TYPICAL, experiments=names), tmp_path)
    expected = [row for name in (membrane_bounds, scales) for row in name.run(TYPICAL).rows]
    assert list(outcome.rows) == expected
    assert all(f"\n  {name}\n" in outcome.report for name in names)
    assert "within the aim: 5 of 5 rows calibrated on" in outcome.report
