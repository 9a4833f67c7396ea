"""Four ways to read a derivative: what they are on a polynomial, on nets beside the twins, and what the sweeps show."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chip import ChipConfig
from host.experiments import holomorphic_ep, pictures
from host.experiments.holomorphic_ep import BETAS, METHODS, cosine, derivative, nudges, settled, weights_of_reads
from host.experiments.settling_network import SettlingNetwork
from tests.naive import holomorphic

EXACT = {"classic": 1, "centred": 2, "lock-in": 2, "Chebyshev": 6}  # up to which degree of a response


@given(st.lists(st.floats(-1, 1), min_size=7, max_size=7), st.floats(0.1, 2), st.sampled_from(METHODS))
def test_the_slope_at_zero_of_a_polynomial(coefficients, beta, method):
    kept = np.array(coefficients[: EXACT[method] + 1])
    reads = np.polynomial.polynomial.polyval(nudges(method, beta), kept)
    assert weights_of_reads(method, beta) @ reads == pytest.approx(kept[1], abs=1e-9 * 2**8)


@pytest.mark.parametrize("method", METHODS)
def test_the_next_degree_is_seen(method):
    """But for even ones, which reads of both signs do not see."""
    degree = {"classic": 2, "centred": 3, "lock-in": 3, "Chebyshev": 7}[method]
    assert abs(weights_of_reads(method, 1.0) @ nudges(method, 1.0) ** degree) > 1e-3


@pytest.fixture(scope="module")
def nets():
    return holomorphic_ep.networks(seed=1)


def twin(net):
    return holomorphic.Net(net.x, net.wanted, net.hidden, net.output)


def test_states_and_gradient_are_those_of_the_slow_twin(nets):
    net = nets[0]
    few = SettlingNetwork(net.x[:15], net.wanted[:15], net.hidden, net.output)
    for mine, of_twin in zip(few.settle(), twin(few).settle(), strict=True):
        np.testing.assert_allclose(mine, of_twin, atol=1e-9)
    np.testing.assert_allclose(few.gradient(), twin(few).gradient(), atol=1e-8)


@pytest.mark.parametrize(
    ("method", "of_twin"),
    [("lock-in", holomorphic.lock_in_derivative), ("Chebyshev", holomorphic.chebyshev_derivative)],
)
def test_reads_on_a_cosine_are_those_of_the_twin(nets, method, of_twin):
    net = nets[0]
    few = SettlingNetwork(net.x[:20], net.wanted[:20], net.hidden, net.output)
    found = derivative(few, settled(few, method, 0.5), method, 0.5)
    np.testing.assert_allclose(found, of_twin(twin(few), 0.5, holomorphic_ep.READS), atol=1e-6)


def test_chebyshev_has_the_gradient_where_the_others_have_a_bias(nets):
    for net in nets:
        truth, beta = -net.gradient(), 0.3
        off = {m: 1 - cosine(derivative(net, settled(net, m, beta), m, beta), truth) for m in METHODS}
        assert off["Chebyshev"] < 1e-4 < off["classic"]
        assert off["Chebyshev"] < off["lock-in"] < off["centred"] < off["classic"]


@pytest.mark.slow
def test_the_sweeps_show_what_the_report_says(monkeypatch):
    outcome = holomorphic_ep.run(ChipConfig.ideal(seed=2))
    means = {name: np.nanmean(outcome.arrays[f"cosines_of_{name}"], axis=(2, 3)) for name in ("bias", "amplitude")}
    classic, centred, lock_in, chebyshev = means["amplitude"]
    assert centred[0] > lock_in[0] > chebyshev[0]  # the same reads at the same peak, with noise
    assert centred[0] > classic[0]
    assert abs(centred.max() - lock_in.max()) < 0.01  # oscillation alone adds nothing
    assert BETAS[centred.argmax()] > 5 * BETAS[0] and centred.max() > classic.max() + 0.01
    assert all(line in outcome.report for line in METHODS)
    assert pictures.draw(outcome)[:4] == b"\x89PNG"
