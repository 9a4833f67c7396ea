"""The experiment with two clusters: its report and its picture, of made-up numbers."""

import numpy as np

from chip import ChipConfig
from host.experiments import pictures, two_clusters
from host.experiments.outcome import Outcome
from host.experiments.two_clusters import NAME, RULES, TITLE

NOISE, SEEDS = (0.3, 3.0), 2


def test_every_rule_has_a_line_in_the_report_and_one_in_the_picture():
    found = np.arange(2.0 * len(RULES) * len(NOISE) * SEEDS).reshape(2, len(RULES), len(NOISE), SEEDS)
    report = two_clusters._report(ChipConfig.ideal(seed=1), NOISE, found)
    lines = report.splitlines()[-1 - len(RULES) :]
    assert [line[2:22].strip() for line in lines] == [*RULES, "initial weights"]
    assert lines[0].split()[-6:] == ["0.50", "+-", "0.50", "2.50", "+-", "0.50"]
    arrays = {"noise": np.array(NOISE), "rules": np.array(list(RULES)), "d_prime": found[0], "random_d_prime": found[1]}
    assert pictures.draw(Outcome(NAME, TITLE, {}, arrays, report))[:4] == b"\x89PNG"
