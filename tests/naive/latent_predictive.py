"""Latent predictive learning unit by unit, in Python's integers: no vectors, no lanes but those of the random bytes.

Units lie in the first eight of every sixteen lanes; the second input of two has its sums in the lanes behind them.
"""

from __future__ import annotations


def lane(unit):
    """The lane of a unit."""
    return unit // 8 * 16 + unit % 8


def limited(value, low, high):
    return max(low, min(high, value))


def activity(reading, rest):
    """What a unit makes of a view, LSB."""
    return limited(reading - rest, 0, 127)


def collected(reading, rest):
    """What a trace has of its input."""
    return limited(reading - rest - 8, 0, 127)


def slid(mean, value, random):
    """A running mean over 256, rounded by a random byte."""
    return mean + (value - mean + random) // 256


class Half:
    """What one processor keeps, by unit, and the covariances of the units ``own`` with all.

    ``random`` has the shift registers of the processor's vector unit, see :class:`tests.naive.streaming.Registers16`.
    """

    def __init__(self, units, own, random):
        self.units, self.own, self.random = units, own, random
        self.mean, self.variance, self.change, self.pushes = ([0] * units for _ in range(4))
        self.covariance = {k: [0] * units for k in own}
        self.sums = {}  # by input and unit
        self.centred, self.shared = [0] * units, [0] * units

    def bytes(self):
        """A random byte 0..255 of each unit, the second draw of two."""
        drawn = self.random.byte(2)
        return [int(drawn[lane(u)]) for u in range(self.units)]

    def follow(self, past, present):
        """Take a pair of views: activities of all units."""
        z, units = present, range(self.units)
        self.centred = [z[u] - self.mean[u] // 128 for u in units]
        for kept, values in (
            (self.mean, [128 * z[u] for u in units]),
            (self.variance, [c * c for c in self.centred]),
            (self.change, [(z[u] - past[u]) ** 2 for u in units]),
        ):
            random = self.bytes()
            kept[:] = [slid(kept[u], values[u], random[u]) for u in units]
        total = [0] * self.units
        for k in self.own:
            row = self.covariance[k]
            total = [total[u] + 256 * row[u] * self.centred[k] for u in units]
            random = self.bytes()
            products = [2 * self.centred[k] * self.centred[u] for u in units]
            row[:] = [0 if u == k else slid(row[u], products[u], random[u]) for u in units]
        self.shared = [t // 65536 for t in total]

    def divide(self, push):
        """``push`` for a variance of 1."""
        self.pushes = [min(255, push // (variance + 1)) for variance in self.variance]

    def learn(self, past, present, shared, x, pull, decorrelation, rate):
        """Add to the sums; ``shared`` of both processors, ``x`` of the inputs of this one."""
        signals = []
        for u in range(self.units):
            others = limited(shared[u], -1024, 1023) * decorrelation // 4
            term = self.centred[u] * self.pushes[u] - (present[u] - past[u]) * pull
            term = limited(limited(term, -0x8000, 0x7FFF) - others, -0x8000, 0x7FFF)
            signal = limited((2 * term * rate + 0x7FFF) // 65536, -128, 127)
            signals.append(signal if present[u] > 0 else 0)
        for first in range(0, len(x), 2):
            if not any(x[first : first + 2]):
                continue
            drawn = self.random.byte(2)
            for j in range(first, min(first + 2, len(x))):
                for u, signal in enumerate(signals):
                    byte = int(drawn[lane(u) + 8 * (j - first)])
                    random = (byte + 128) % 256  # signed bytes, and what is missing to 0
                    change = (2 * signal * x[j] + random) // 256
                    self.sums[j, u] = limited(self.sums.get((j, u), 0) + change, -128, 127)

    def write(self, weights, truncate=False):
        """Return weights[input][unit] changed by the sums, and clear these."""
        found = [list(row) for row in weights]
        for first in range(0, len(weights), 2):
            drawn = self.random.byte(2)
            for j in range(first, min(first + 2, len(weights))):
                for u in range(self.units):
                    total = self.sums.pop((j, u), 0)
                    if truncate:
                        step = abs(total) // 32 * (1 if total > 0 else -1)
                    else:
                        random = int(drawn[lane(u) + 8 * (j - first)])
                        step = (256 * total + 32 * random) // 8192
                    found[j][u] = limited(weights[j][u] + step, -63, 63)
        return found
