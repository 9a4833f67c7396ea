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


def kick_std(sigma, tau_mem_ns, span_ns):
    """What the noise of a span adds, for a stationary standard deviation sigma."""
    return sigma * np.sqrt(1 - np.exp(-2 * span_ns / tau_mem_ns))
