"""A step of inhibitory weights in Python's numbers, one synapse at a time."""

from math import floor


def step(relay, cell, target, rate):
    """Weight steps of a synapse, not rounded; ``rate`` in 2^-16 of one, counts of both neurons."""
    factor = min((relay * rate + 128) // 256, 127)
    return factor * (min(cell, 127) - target) / 256


def truncated(weight, relay, cell, target, rate):
    """The weight behind a step that is rounded downwards."""
    return min(63, max(0, weight + floor(step(relay, cell, target, rate))))


def rounded(weight, relay, cell, target, rate):
    """The weights, lower and upper, that stochastic rounding can give, and the chance of the upper one."""
    exact = step(relay, cell, target, rate)
    below = floor(exact)
    low, high = (min(63, max(0, weight + each)) for each in (below, below + 1))
    return low, high, exact - below
