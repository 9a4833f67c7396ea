"""The noise in plain Python integers, and a membrane's share of it as a sum over all kicks that it ever got."""

from __future__ import annotations

import hashlib

import numpy as np

GRID_NS, BLOCK_NS = 100, 1600
STEPS, BLOCK, CONVERSION = 0, 1, 2
WORD = 2**64


def mix(word):
    word = word * 0xFF51AFD7ED558CCD % WORD
    word ^= word // 2**32
    word = word * 0xC4CEB9FE1A85EC53 % WORD
    return word ^ word // 2**32


def moment(kind, index):
    word = (4 * index + kind) * 0x9E3779B97F4A7C15 % WORD
    return mix(word ^ word // 2**33)


def bits(key, kind, index):
    """The 64 bits of a key at a moment, the lowest first."""
    return bin(WORD + mix(int(key) ^ moment(kind, index)))[:2:-1]


def gauss(key, kind, index):
    """A number of mean 0 and standard deviation 1."""
    return (bits(key, kind, index).count("1") - 32) / 4


def short_gauss(key, step):
    """A number of a grid step: four in turn share the bits of a word."""
    first = 16 * (step % 4)
    return (bits(key, STEPS, step // 4)[first : first + 16].count("1") - 8) / 2


def keys(seed, name):
    """uint64[2, 256] of a chip."""
    words = np.random.SeedSequence(
        seed, spawn_key=(int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little"),)
    )
    return np.random.Generator(np.random.PCG64(words)).integers(0, WORD, (2, 256), np.uint64)


class Kicks:
    """The kicks of membranes: independent normal numbers, moved to where a block's weighted sum of them is what it is.

    By the covariance of all kicks and their sum: each moves by its covariance with the sum, over the sum's variance.
    """

    def __init__(self, sigma, keys, tau_mem_ns):
        """float[n], int[n], float[n]."""
        self.sigma, self.keys, self.tau = np.asarray(sigma, float), keys, np.asarray(tau_mem_ns, float)
        steps = BLOCK_NS // GRID_NS
        self.left = np.exp(-np.arange(steps - 1, -1, -1) * GRID_NS / self.tau[:, None])  # of each kick, at the end
        of_kicks = np.concatenate([np.tile(np.eye(steps), (self.tau.size, 1, 1)), self.left[:, None]], axis=1)
        joint = np.einsum("nij,nkj->nik", of_kicks, of_kicks)  # covariance of the kicks and of their sum, the last
        self.moves = joint[:, :steps, steps] / joint[:, steps, steps, None]
        self.block, self.kicks = None, None

    def given(self, draws, total):
        """float[n, 16]: the kicks of a block for float[n, 16] draws, of standard deviation 1, and float[n] sums."""
        lacking = total - (self.left * draws).sum(axis=1)
        return draws + self.moves * lacking[:, None]

    def at(self, time_ns):
        """float[n]: the kicks at a time, a multiple of the grid."""
        block, step = divmod(time_ns // GRID_NS - 1, BLOCK_NS // GRID_NS)
        if block != self.block:
            steps = range(block * BLOCK_NS // GRID_NS, (block + 1) * BLOCK_NS // GRID_NS)
            draws = np.array([[short_gauss(key, step) for step in steps] for key in self.keys])
            total = np.array([gauss(key, BLOCK, block) for key in self.keys])
            unit = kick_std(1.0, self.tau, GRID_NS)
            self.block, self.kicks = block, self.given(draws, total * kick_std(1.0, self.tau, BLOCK_NS) / unit)
        return kick_std(self.sigma, self.tau, GRID_NS) * self.kicks[:, step]


def kick_std(sigma, tau_mem_ns, span_ns):
    """What the noise of a span adds, for a stationary standard deviation sigma."""
    return sigma * np.sqrt(1 - np.exp(-2 * span_ns / tau_mem_ns))
