"""The experiment of homeostasis: rows and a picture."""

import numpy as np
import pytest

from chip import ChipConfig
from host.experiments import homeostasis, pictures


def test_rows_are_of_the_last_weights():
    weights = np.full((12, 2, 256), 23)
    weights[-1, 0, :2] = 9, 40
    rows = homeostasis.rows_of(weights, 280.0)
    assert [row.value for row in rows] == [280.0, pytest.approx(23.0, abs=0.1), 9.0, 40.0]
    assert all(row.agrees for row in rows)
    assert np.isnan(homeostasis.rows_of(weights, None)[0].value)


def test_a_short_run_is_drawn():
    found = homeostasis.run(ChipConfig.typical(seed=1), updates=12)
    assert (found.arrays["synapse_weights"][11] == 12).all() and found.arrays["times_ms"][-1] == 120
    assert pictures.draw(found)[:4] == b"\x89PNG"
