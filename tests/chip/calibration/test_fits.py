"""The fits of a calibration against what they were made from, and scipy on noisy readings."""

import numpy as np
import pytest

from chip.calibration.bench import shots
from chip.calibration.fits import fit_lines, fit_rate


@pytest.mark.parametrize("other", [None, 2.0])
def test_rates_come_back(other):
    taus = np.array([0.4, 0.8, 1.0, 2.0, 5.0, 9.0])
    delays = np.geomspace(0.05, 24.0, 24)
    decay = np.exp(-delays[:, None] / taus)
    pulse = decay if other is None else 3 * (decay - np.exp(-delays[:, None] * other))
    known = None if other is None else np.full(taus.size, other)
    rates = fit_rate(95.0 + 60.0 * pulse, delays, 1 / 2.5, known)
    np.testing.assert_allclose(1 / rates, taus, rtol=2e-3)


def test_equal_rates_have_a_shape_too():
    delays = np.geomspace(0.05, 24.0, 24)
    pulse = (delays * np.exp(-delays / 2.0))[:, None]
    assert 1 / fit_rate(80 + 50 * pulse, delays, 0.4, np.array([0.5])) == pytest.approx(2.0, rel=3e-3)


def test_noisy_readings_as_scipy_fits_them():
    optimize = pytest.importorskip("scipy.optimize")
    random, delays = np.random.default_rng(3), np.geomspace(0.5, 80.0, 24)
    taus = random.uniform(5, 20, 20)
    readings = np.rint(70 + 90 * np.exp(-delays[:, None] / taus) + random.normal(0, 1, (24, 20)))
    found = 1 / fit_rate(readings, delays, 0.1, None)

    def decay(t, base, height, tau):
        return base + height * np.exp(-t / tau)

    expected = [optimize.curve_fit(decay, delays, each, (70, 90, 10))[0][2] for each in readings.T]
    np.testing.assert_allclose(found, expected, rtol=2e-3)


def test_a_rate_out_of_reach_is_none():
    delays = np.geomspace(0.05, 8.0, 24)
    assert np.isnan(fit_rate(80.0 + 0.1 * delays[:, None], delays, 1.0, None)).all()


def test_lines_come_back_without_what_is_unknown():
    codes = np.array([100, 200, 400, 800])
    slope, zero = np.full((2, 256), 0.4), np.linspace(-20, 30, 512).reshape(2, 256)
    responses = slope * (codes[:, None, None] - zero)
    responses[1, 0, 0] = np.nan
    responses[1:, 0, 1] = np.nan
    responses[:, 0, 2] = responses[::-1, 0, 2]
    for relative in (False, True):
        found_slope, found_zero, good = fit_lines(codes, responses, relative)
        assert np.argwhere(~good).tolist() == [[0, 1], [0, 2]]
        np.testing.assert_allclose(found_slope[good], slope[good])
        np.testing.assert_allclose(found_zero[good], zero[good], atol=1e-9)


def test_readings_of_a_shot_are_as_far_apart_as_the_converter_needs():
    delays = np.array([4, 100, 1000, 1704, 2000, 3404, 9000])
    groups = shots(delays)
    assert sorted(index for group in groups for index in group) == list(range(7))
    assert all((np.diff(delays[group]) >= 1700).all() for group in groups)
    assert len(groups) == 3
