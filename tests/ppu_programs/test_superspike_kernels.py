"""The kernels of SuperSpike on one processor's regions, with no chip around them, against the formula in floats."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from chip.base import constants as c
from ppu_programs.placement import INPUT_MARK
from ppu_programs.superspike import surrogate, tables
from ppu_programs.superspike.programs import HiddenProgram
from ppu_programs.superspike.settings import SURROGATE_ONE, Settings
from ppu_programs.two_layer import weights
from ppu_programs.two_layer.programs import hidden_memory
from ppu_programs.two_layer.tables import error_unit
from tests.naive import superspike as naive
from tests.ppu_programs.eventprop_bench import Side


@cache
def kernels(settings: Settings) -> dict:
    factories = surrogate.surrogate_kernel, surrogate.read_record_kernel, surrogate.backward_kernel
    return {kernel.name: kernel for kernel in (factory(settings) for factory in factories)}


def side(settings: Settings) -> Side:
    memory = surrogate.memory(settings) | hidden_memory(settings, HiddenProgram.gradient_type)
    made = Side(memory, kernels(settings), 1)
    made.regions["input_psp"][:] = tables.input_table(settings)
    made.regions["readout_psp"][:] = tables.readout_table(settings)
    return made


def random_case(settings: Settings, seed: int) -> dict:
    """Potentials, most of them below threshold, arrivals, spikes, readout weights and errors of a sample."""
    random = np.random.default_rng(seed)
    samples, exponent = settings.membrane_samples, int(random.integers(0, 11))
    mantissas = random.integers(-(2**13) + 1, 2**13, settings.readouts)
    return {
        "potentials": np.clip(random.normal(100, 30, (samples, c.LANES)).round(), 0, 255).astype(np.uint8),
        "arrivals": random.integers(0, settings.last_input_ns // 8, settings.inputs) * 8,
        "spikes": random.poisson(0.5, c.LANES),
        "readout": random.integers(-20, 21, (settings.readouts, c.LANES)),
        "exponent": exponent,
        "mantissas": mantissas,
        "errors": mantissas * error_unit(settings) / 2.0**exponent,
    }


def fill(regions: dict, case: dict, settings: Settings) -> None:
    events = [(int(t) // 8, (i & 3) << 14 | INPUT_MARK | (i >> 2) << 6) for i, t in enumerate(case["arrivals"])]
    for lane, count in enumerate(case["spikes"]):
        events += [(100, (lane // 16) << 8 | lane % 16)] * count
    events.sort()
    regions["record"][:2] = len(events), 0
    regions["record"][2 : 2 + len(events)] = [ticks << 16 | label for ticks, label in events]
    regions["membranes"][:] = case["potentials"].ravel()
    regions["readout_weights"][:] = case["readout"].ravel()
    regions["errors"][: 1 + settings.readouts] = [case["exponent"], *case["mantissas"]]


def both_gradients(settings: Settings, case: dict) -> tuple[np.ndarray, np.ndarray]:
    made = side(settings)
    fill(made.regions, case, settings)
    for name in ("surrogate", "read_record", "backward"):
        made.call(name)
    names = "potentials", "arrivals", "spikes", "readout", "errors"
    expected = naive.gradient(settings, settings.threshold_code, *(case[name] for name in names))
    return weights.from_rows(made.regions["gradient"], c.LANES).astype(float), expected


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum()))


def unit(settings: Settings) -> float:
    """What one step of the gradient stands for in the formula's unit, from the shifts in the kernels."""
    t = settings.duration_ns - settings.latency_ns - settings.sample_ticks * 8.0
    left = tables.psp(t, settings.readout_tau_syn_ns, settings.readout_tau_mem_ns).max()
    times = np.arange(0.0, settings.duration_ns, 8.0)
    right = tables.psp(times, settings.tau_syn_ns, settings.tau_mem_ns).max()
    psi = settings.surrogate_slope * settings.width_lsb
    largest = 2 * min(psi, SURROGATE_ONE) * 127  # of an eligibility, 2^15 for 1, for one sample
    return left * right / largest / 2.0**9 * 2.0**15


# ---------------------------------------------------------------------- each kernel


@pytest.mark.parametrize("changes", [{}, {"width_lsb": 63}, {"width_lsb": 1}, {"threshold_lsb": 160, "width_lsb": 16}])
def test_the_surrogate_of_every_potential(changes):
    settings = Settings(**changes)
    made, values, width = side(settings), np.arange(256), settings.width_lsb
    made.regions["membranes"][:256] = values
    made.call("surrogate")
    expected = settings.surrogate_slope * np.maximum(0, width - abs(values - settings.threshold_code))
    assert (made.regions["membranes"][:256] == expected).all()
    assert SURROGATE_ONE // 2 <= expected.max() <= max(SURROGATE_ONE, width)


@examples(deadline=None, max_examples=20)
@given(seed=st.integers(0, 2**32 - 1), target=st.integers(0, 3))
def test_the_record_is_parted_into_inputs_and_spikes(seed, target):
    settings = Settings(activity_target=target)
    made, case = side(settings), random_case(settings, seed)
    fill(made.regions, case, settings)
    made.call("read_record")
    assert (made.regions["input_ticks"] == case["arrivals"] // 8).all()
    assert (made.regions["spikes"] == case["spikes"] - target).all()


def test_a_burst_does_not_overflow_its_count():
    settings = Settings(activity_target=1)
    made, case = side(settings), random_case(settings, 1)
    fill(made.regions, case | {"spikes": np.eye(c.LANES, dtype=int)[7] * 200}, settings)
    made.call("read_record")
    assert made.regions["spikes"][7] == surrogate.SPIKES_LIMIT


# ---------------------------------------------------------------------- the gradient

CASES = {
    "default": {},
    "activity": {"activity": 0.2, "activity_target": 1},
    "wide": {"width_lsb": 40, "first_sample_ns": 2_000, "sample_period_ns": 1_704, "membrane_samples": 15},
    "many readouts": {"readouts": 10, "inputs": 4},
    "equal taus": {"tau_syn_ns": 8_000, "tau_mem_ns": 8_000, "latency_ns": 400},
}


@pytest.mark.parametrize("name", CASES)
def test_the_gradient_is_that_of_the_formula(name):
    settings = Settings(**CASES[name])
    for seed in range(3):
        case = random_case(settings, seed)
        if abs(case["errors"]).max() < 0.02:
            continue  # single steps of the gradient
        found, expected = both_gradients(settings, case)
        assert cosine(found, expected) >= 0.998
        inside = abs(found) < 1000  # of one sample, where no feedback is limited
        ratio = (found * expected)[inside].sum() / (expected**2)[inside].sum() * unit(settings)
        assert ratio == pytest.approx(1.0, abs=0.02)


@examples(deadline=None, max_examples=5)
@given(seed=st.integers(0, 2**32 - 1))
def test_each_synapse_is_within_its_rounding(seed):
    settings = Settings(activity=0.1)
    case = random_case(settings, seed)
    found, expected = both_gradients(settings, case)
    expected = expected / unit(settings)
    near = abs(case["potentials"].astype(int) - settings.threshold_code)
    free = np.maximum(0, 1 - near / settings.width_lsb).sum(axis=0) < 6  # eligibilities below their limit
    assert (abs(found - expected) <= 3 + 0.03 * abs(expected).max())[:, free].all()


@pytest.mark.parametrize("changes", [{"first_sample_ns": 2_000}, {"width_lsb": 40}, {"duration_ns": 45_000}])
def test_the_measure_is_sharp(changes):
    """Half a sample period, twice the width, or the decay in the readouts: a wrong formula shows."""
    right, wrong = Settings(), Settings(**changes)
    case = random_case(right, 3)
    names = "potentials", "arrivals", "spikes", "readout", "errors"
    twins = [naive.gradient(s, s.threshold_code, *(case[name] for name in names)) for s in (right, wrong)]
    assert cosine(*twins) < 0.996


def test_gradients_add_up_and_are_limited():
    settings = Settings()
    made, case = side(settings), random_case(settings, 2) | {"exponent": 0}
    fill(made.regions, case, settings)
    for name in ("surrogate", "read_record", "backward"):
        made.call(name)
    once = made.regions["gradient"].astype(int)
    made.call("backward")
    assert (made.regions["gradient"] == np.clip(2 * once, -(2**15), 2**15 - 1)).all() and once.any()
    for _ in range(2**15):
        made.call("backward")
        if abs(made.regions["gradient"].astype(int)).max() >= 2**15 - 1:
            break
    assert (np.sign(made.regions["gradient"]) == np.sign(once)).all()


# ---------------------------------------------------------------------- settings


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"width_lsb": 64}, "superspike.width_lsb is 64; it must lie in 1..63"),
        ({"sample_period_ns": 1_696}, "superspike.sample_period_ns is 1696"),
        (
            {"membrane_samples": 16},
            "16 membrane samples comes at 33000 ns, .* observed at 30000 ns; take fewer",
        ),
        ({"threshold_lsb": 170}, "threshold is 170 LSB .* 20 LSB on either side 156 is the highest"),
        ({"activity": 1.0}, "superspike.activity is 1.0"),
    ],
)
def test_bad_settings_are_refused(changes, words):
    with pytest.raises(ValueError, match=words):
        Settings(**changes)
