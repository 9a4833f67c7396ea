"""Phases, settings, the place of the network, and frames of equilibrium propagation; and the rate twin."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chip import ChipConfig
from chip.base.errors import ChipLimitError
from host import tasks
from host.tasks import Split, Task
from ppu_programs import EquilibriumPropagation
from ppu_programs.equilibrium_propagation.checks import Checks
from ppu_programs.equilibrium_propagation.firmware import encode
from ppu_programs.equilibrium_propagation.network import BACK, INTO_HIDDEN, INTO_OUTPUTS, EquilibriumPlacement
from ppu_programs.equilibrium_propagation.schedule import AMPLITUDE_ONE, GAIN_ONE, schedule
from ppu_programs.equilibrium_propagation.settings import Settings
from ppu_programs.equilibrium_propagation.teaching import CLIPPED, COUNTED, HIGHEST, SAMPLES, SATURATED, UNSTABLE
from tests.naive.equilibrium_rates import Twin


@pytest.mark.parametrize(("method", "slots"), [("centred", 8), ("classic", 8), ("lock-in", 8), ("chebyshev", 16)])
def test_gains_take_the_derivative_of_a_line_and_nothing_of_a_constant(method, slots):
    phases = schedule(Settings(method=method, slots=slots))
    assert abs(phases.gains.sum()) <= 4
    steps = 1 if method == "chebyshev" else 2
    assert phases.gains @ phases.amplitudes == pytest.approx(steps * GAIN_ONE * AMPLITUDE_ONE, rel=5e-3)
    assert phases.shares.sum() == pytest.approx(0x7FFF, rel=1e-3)
    assert abs(phases.gains).max() <= 0x8000
    assert phases.gains.max() <= 0x7FFF


@pytest.mark.parametrize(("method", "slots", "power", "kept"), [
    ("centred", 8, 3, 1.0), ("lock-in", 8, 3, 0.75), ("chebyshev", 16, 3, 0.0), ("chebyshev", 16, 5, 0.0),
    ("chebyshev", 16, 2, 0.0),
])  # fmt: skip
def test_what_is_left_of_higher_powers(method, slots, power, kept):
    """Chebyshev leaves nothing of the second, the third and the fifth; centred phases all of the third."""
    phases = schedule(Settings(method=method, slots=slots))
    amplitudes = phases.amplitudes / AMPLITUDE_ONE
    found = phases.gains @ amplitudes**power / (phases.gains @ amplitudes)
    assert found == pytest.approx(kept, abs=0.03)


IMPOSSIBLE = [
    *({"method": "complex"}, {"reads": 3}, {"beta": 0.0}, {"target_khz": 10.0}, {"hidden": 121}, {"frame_ns": 16_000}),
    *({"target_khz": 390.0, "refractory_ns": 4_000}, {"method": "chebyshev", "slots": 10}),
    {"leak_lsb": 200, "threshold_lsb": 60},
    *({"copies": "random"}, {"symmetry": 0.1}),
]


@pytest.mark.parametrize("changes", IMPOSSIBLE)
def test_settings_that_cannot_work_are_refused_in_a_sentence(changes):
    with pytest.raises(ValueError, match="equilibrium propagation"):
        Settings(**changes)


def test_classes_and_room_are_checked_before_anything_is_loaded():
    task = tasks.yin_yang().head(40, 40, 40)
    with pytest.raises(ValueError, match="less than a batch of 50"):
        EquilibriumPropagation(batch=50).build(task, ChipConfig.ideal())
    with pytest.raises(ChipLimitError):
        EquilibriumPlacement(Settings(hidden=224), 40, 3)
    wide = Split(np.zeros((50, 65)), np.arange(50) % 3)
    with pytest.raises(ValueError, match="65 inputs; with 120 hidden neurons and 3 classes this rule takes 64 at most"):
        EquilibriumPropagation().build(Task("wide", ("a", "b", "c"), wide, wide, wide), ChipConfig.ideal())
    few = Split(np.zeros((50, 64)), np.arange(50) % 3)
    EquilibriumPropagation().build(Task("wide", ("a", "b", "c"), few, few, few), ChipConfig.ideal())


@settings(max_examples=8, deadline=None)
@given(hidden=st.sampled_from([2, 10, 60, 120]), inputs=st.integers(2, 8), outputs=st.integers(2, 10))
def test_each_processor_has_all_synapses_of_its_hidden_neurons_and_both_copies_are_stored(hidden, inputs, outputs):
    places = EquilibriumPlacement(Settings(hidden=hidden), inputs, outputs)
    random = np.random.default_rng(hidden)
    into_hidden = random.integers(-63, 64, (inputs, hidden))
    into_outputs = random.integers(-63, 64, (hidden, outputs))
    registers = places.registers(into_hidden, into_outputs)
    for side in places.sides:
        for which in (INTO_HIDDEN, INTO_OUTPUTS, BACK):
            assert (places.on_chip.synapses(places.projection(side, which)).hemispheres == side.hemisphere).all()
    found = places.load(registers.weights)
    assert (found[0] == into_hidden).all()
    assert (found[1] == into_outputs).all()
    assert (found[2] == into_outputs.T).all()
    registers.check()


def test_frames_have_trains_of_proportional_rates_and_the_teacher():
    s = Settings()
    places = EquilibriumPlacement(s, 5, 3)
    inputs = np.array([[0.0, 1.0, 0.5, 0.25]])
    samples = encode(s, places, inputs, np.array([2]))
    counts = [(samples.labels == label).sum() for label in places.labels]
    khz = np.array([0, s.input_khz, s.input_khz / 2, s.input_khz / 4, s.input_khz, s.teacher_khz])
    assert (abs(counts - khz * s.frame_ns * 1e-6) <= 1).all()
    assert samples.tags.tolist() == [2]


def test_the_gradient_of_the_rate_twin_is_that_of_finite_differences():
    s = Settings(hidden=12)
    twin, random = Twin.of(s), np.random.default_rng(2)
    x, wanted = random.uniform(0.05, 0.4, (6, 4)), random.uniform(0.0, 0.2, (6, 3))
    hidden, output = random.normal(12, 15, (4, 12)), random.normal(3, 4, (12, 3))
    gradients = twin.gradient(x, wanted, hidden, output)

    def loss(changed):
        return 0.5 * ((twin.settle(x, *changed)[1] - wanted) ** 2).sum()

    for layer, step in ((0, 1e-4), (1, 1e-4)):
        for at in ((1, 2), (3, 1)):
            up, down = ([its.copy() for its in (hidden, output)] for _ in range(2))
            up[layer][at] += step
            down[layer][at] -= step
            slope = (loss(up) - loss(down)) / (2 * step)
            assert gradients[layer][at] == pytest.approx(slope, rel=0.05, abs=2e-6 * abs(gradients[layer]).max() / 1e-3)


PLACES = {"samples": SAMPLES, "clipped": CLIPPED, "saturated": SATURATED, "unstable": UNSTABLE, "counted": COUNTED}


def report(**counts):
    values = np.zeros(32, np.int32)
    for name, value in counts.items():
        values[PLACES[name]] = value
    return values


def test_a_run_that_fails_its_checks_says_so_in_words():
    test = report(samples=100, saturated=50)
    test[HIGHEST : HIGHEST + 3] = 80, 2, 90
    checks = Checks(Settings(), 3, [report(samples=100, clipped=150)], test, report(unstable=8, counted=10))
    dead, unstable, saturated, clipped = checks.sentences()
    assert "outputs 1 hardly spike" in dead
    assert "80% of the samples settle elsewhere" in unstable
    assert "17% of the outputs' traces" in saturated
    assert "50% of the nudges" in clipped
    assert checks.metrics() == {"dead_outputs": 1, "unstable": 0.8, "saturated": 50 / 300, "clipped_nudges": 0.5}


def test_a_run_that_passes_or_was_interrupted_says_nothing():
    test = report(samples=100)
    test[HIGHEST : HIGHEST + 3] = 80
    assert Checks(Settings(), 3, [report(samples=9)], test, report(counted=10)).sentences() == []
    nothing = Checks(Settings(), 3, [report()], report(), report())
    assert nothing.sentences() == []
    assert set(nothing.metrics().values()) == {None}
