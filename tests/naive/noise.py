"""The noise in plain Python integers, and a membrane's share of it as a sum over all kicks that it ever got."""

from __future__ import annotations

import hashlib

import numpy as np

GRID_NS, BLOCK_NS = 100, 1600
STEP, BLOCK, CONVERSION = 0, 1, 2
WORD = 2**64


def mix(word):
    word = word * 0xFF51AFD7ED558CCD % WORD
    word ^= word // 2**32
    word = word * 0xC4CEB9FE1A85EC53 % WORD
    return word ^ word // 2**32


def moment(kind, index):
    word = (4 * index + kind) * 0x9E3779B97F4A7C15 % WORD
    return mix(word ^ word // 2**33)


def gauss(key, kind, index):
    """A number of mean 0 and standard deviation 1; that of a grid step from the 16 lowest bits alone."""
    bits = bin(WORD + mix(int(key) ^ moment(kind, index)))[3:]
    if kind == STEP:
        return (bits[48:].count("1") - 8) / 2
    return (bits.count("1") - 32) / 4


def keys(seed, name):
    """uint64[2, 256] of a chip."""
    words = np.random.SeedSequence(
        seed, spawn_key=(int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little"),)
    )
    return np.random.Generator(np.random.PCG64(words)).integers(0, WORD, (2, 256), np.uint64)


class Kicks:
    """The kicks of membranes, one after the other: normal numbers, of which a block's weighted sum is drawn first.

    The conditional distribution of each, given that sum and those before it, from the covariance of all of them.
    """

    def __init__(self, sigma, keys, tau_mem_ns):
        """float[n], int[n], float[n]."""
        self.sigma, self.keys, self.tau = np.asarray(sigma, float), keys, np.asarray(tau_mem_ns, float)
        steps = BLOCK_NS // GRID_NS
        left = np.exp(-np.arange(steps - 1, -1, -1) * GRID_NS / self.tau[:, None])  # of each kick, at the end
        self.covariance = np.zeros((self.tau.size, steps + 1, steps + 1))  # of the kicks and their sum, by variances
        self.covariance[:, np.arange(steps), np.arange(steps)] = 1.0
        self.covariance[:, :steps, steps] = self.covariance[:, steps, :steps] = left
        self.covariance[:, steps, steps] = (left**2).sum(axis=1)
        self.weights, self.rest = self._conditions(steps)
        self.known = np.zeros((self.tau.size, 0))

    def _conditions(self, steps):
        """For each kick the weights of the sum and of those before it, and the variance that is left."""
        weights, rest = [], []
        for step in range(steps):
            given = [steps, *range(step)]
            inverse = np.linalg.inv(self.covariance[:, given][:, :, given])
            weights.append(np.einsum("ni,nij->nj", self.covariance[:, step, given], inverse))
            rest.append(1.0 - np.einsum("nj,nj->n", weights[-1], self.covariance[:, step, given]))
        return weights, rest

    def at(self, time_ns):
        """float[n]: the kicks at a time, a multiple of the grid; asked for one after the other."""
        step = (time_ns // GRID_NS - 1) % (BLOCK_NS // GRID_NS)
        unit = kick_std(self.sigma, self.tau, GRID_NS)
        if step == 0:
            draws = np.array([gauss(key, BLOCK, time_ns // BLOCK_NS + 1) for key in self.keys])
            self.known = (draws * kick_std(1.0, self.tau, BLOCK_NS) / kick_std(1.0, self.tau, GRID_NS))[:, None]
        found = np.einsum("nj,nj->n", self.weights[step], self.known)
        if step < BLOCK_NS // GRID_NS - 1:  # the last one follows from the others
            draws = np.array([gauss(key, STEP, time_ns // GRID_NS) for key in self.keys])
            found = found + draws * np.sqrt(self.rest[step])
        self.known = np.concatenate([self.known, found[:, None]], axis=1)
        return unit * found


def kick_std(sigma, tau_mem_ns, span_ns):
    """What the noise of a span adds, for a stationary standard deviation sigma."""
    return sigma * np.sqrt(1 - np.exp(-2 * span_ns / tau_mem_ns))
