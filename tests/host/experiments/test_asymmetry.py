"""The experiment with copies of weights that differ: alignment, report and picture; the numbers are made up."""

import numpy as np

from chip import ChipConfig
from host.experiments import asymmetry, pictures
from host.experiments.asymmetry import NAME, RULES, TITLE, alignment, with_mismatch
from host.experiments.outcome import Outcome
from ppu_programs.equilibrium_propagation.network import EquilibriumPlacement
from ppu_programs.equilibrium_propagation.settings import Settings

MISMATCH, SEEDS = (0.0, 0.5), 2


def test_alignment_is_the_cosine_of_both_directions_as_synapses_have_them():
    places, random = EquilibriumPlacement(Settings(hidden=20), 5, 3), np.random.default_rng(1)
    output = random.integers(-63, 64, (20, 3))
    weights = places.registers(np.zeros((5, 20), int), output).weights
    assert abs(alignment(places, weights, None) - 1.0) < 1e-12
    factor = random.uniform(0.2, 1.8, weights.shape)
    assert 0.7 < alignment(places, weights, factor) < 0.97  # mean over deviation of 0.46: 1 / (1 + 0.46^2) = 0.82
    side = places.sides[0]
    places.on_chip.store(
        registers := places.registers(np.zeros((5, 20), int), output), places.projection(side, 2), -output[:10].T
    )
    norms = (output[:10] ** 2).sum(), (output[10:] ** 2).sum()
    expected = (norms[1] - norms[0]) / sum(norms)
    assert abs(alignment(places, registers.weights, None) - expected) < 1e-12


def test_a_mismatch_is_that_of_synapses_alone():
    config = with_mismatch(ChipConfig.typical(seed=1), 0.5, 7)
    assert config.imperfections.std("synapse_efficacy") == 0.5
    assert config.imperfections.std("driver_efficacy") == 0.0
    assert config.seed == 7


def test_every_rule_has_a_line_in_the_report_and_one_in_the_picture():
    found = np.arange(2.0 * len(RULES) * len(MISMATCH) * SEEDS).reshape(2, len(RULES), len(MISMATCH), SEEDS)
    report = asymmetry._report(ChipConfig.ideal(seed=1), MISMATCH, 100, 1, found)
    lines = report.splitlines()
    assert [line[4:44].strip() for line in lines if line.startswith("    ")] == [*RULES, *RULES]
    assert lines[3].split()[-6:] == ["0.500", "+-", "0.500", "2.500", "+-", "0.500"]
    arrays = {"mismatch": np.array(MISMATCH), "rules": np.array([*RULES]), "accuracy": found[0], "alignment": found[1]}
    assert pictures.draw(Outcome(NAME, TITLE, {}, arrays, report))[:4] == b"\x89PNG"
