"""A tick of latent predictive learning, neuron by neuron and synapse by synapse, in Python's numbers."""

import math


class Neuron:
    """What a neuron's synapses learn from it: exact, without limits of any word."""

    def __init__(self, mean, variance, least, pull, hebb, triggered):
        self.mean, self.variance, self.least = mean, variance, least
        self.pull, self.hebb, self.triggered = pull, hebb, triggered
        self.last = 0
        self.look_up_inverse()

    def look_up_inverse(self):
        """What the processor does for one neuron each tick."""
        self.inverse = 1 / (self.variance + self.least)

    def bracket(self, spikes, mean_rate, variance_rate):
        """Of a tick; then forget the running mean and variance by these fractions."""
        away = spikes - self.mean
        found = self.hebb * away * self.inverse - self.pull * (spikes - self.last) + self.triggered
        self.mean += mean_rate * away
        self.variance += variance_rate * (away**2 - self.variance)
        self.last = spikes
        return found


def surrogate(membrane, threshold, width, lowest):
    return 0.0 if membrane < lowest else 1 / (1 + abs(membrane - threshold) / width) ** 2


def step(shadow, post, trace):
    """The two values that a shadow weight can have behind a tick, and the chance of the higher one."""
    exact = 2 * 16 * max(trace, 0) * post / 2**16
    low = math.floor(exact)
    limited = [min(0x7FFF, max(-0x8000, shadow + each)) for each in (low, low + 1)]
    return *limited, exact - low
