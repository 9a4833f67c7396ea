"""Holomorphic equilibrium propagation and its real equivalent, in float, on networks that have been trained."""

import numpy as np
import pytest

from host import tasks
from tests.naive import holomorphic
from tests.naive.equilibrium_rates import cosine

BETA, SLOTS = 0.3, 12
RADIUS = 0.1  # of complex nudges: larger ones come near the poles of the activation


@pytest.fixture(scope="module", params=[1, 2])
def net(request):
    task = tasks.yin_yang()
    inputs = np.column_stack([task.inputs[:150], np.ones(150)])
    return holomorphic.trained(inputs, np.eye(3)[task.targets[:150]], 20, request.param, steps=150, rate=0.5)


def test_the_implicit_gradient_is_that_of_finite_differences(net):
    at, step = (2, 3), 1e-5

    def loss(change):
        hidden = net.hidden.copy()
        hidden[at] += change
        moved = holomorphic.Net(net.x, net.wanted, hidden, net.output)
        return 0.5 * (moved.error**2).sum()

    found = net.gradient()[: net.hidden.size].reshape(net.hidden.shape)[at]
    assert found == pytest.approx((loss(step) - loss(-step)) / (2 * step), rel=1e-5, abs=1e-8)


def test_it_has_learned(net):
    assert (net.settle()[1].argmax(axis=1) == net.wanted.argmax(axis=1)).mean() > 0.6


def test_complex_nudges_and_the_chebyshev_derivative_give_the_gradient(net):
    """Chebyshev >= 0.9999 where the first harmonic alone is further away; both of the same twelve real nudges."""
    gradient = -net.gradient()
    by_circle = cosine(gradient, holomorphic.complex_derivative(net, RADIUS, SLOTS))
    by_harmonics = cosine(gradient, holomorphic.chebyshev_derivative(net, BETA, SLOTS))
    by_first = cosine(gradient, holomorphic.lock_in_derivative(net, BETA, SLOTS))
    assert by_circle >= 0.9999
    assert by_harmonics >= 0.9999
    assert 1 - by_harmonics < (1 - by_first) / 10


def test_two_complex_nudges_are_centred_ones(net):
    centred = holomorphic.centred_derivative(net, BETA)
    np.testing.assert_allclose(holomorphic.complex_derivative(net, BETA, 2), centred, rtol=1e-6, atol=1e-9)
