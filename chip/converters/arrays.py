"""Indices of the converters' arrays."""

from __future__ import annotations

# first index of Neurons.channel
GAIN, OFFSET, READ_NOISE, REST = 0, 1, 2, 3
