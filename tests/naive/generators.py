"""Background generators, period by period."""

from __future__ import annotations


def shifted(word: int) -> int:
    """Marsaglia's xorshift32, in Python's integers."""
    word ^= word << 13 & 0xFFFFFFFF
    word ^= word >> 17
    return word ^ word << 5 & 0xFFFFFFFF


def generated(writes, end_ns: int) -> list[tuple[int, int, int]]:
    """Return the events before a time, (ns, generator, label of 14 bits), by what was written to generators."""
    events = []
    for generator in range(8):
        # of two writes at one time the later one stands
        own = sorted((w for w in writes if w["generator"] == generator), key=lambda w: w["time_ns"])
        for number, write in enumerate(own):
            until_ns = own[number + 1]["time_ns"] if number + 1 < len(own) else end_ns
            events += [(t, generator, label) for t, label in _between(write, until_ns)]
    return sorted(events)


def _between(write, until_ns):
    if not write["enabled"] or write["poisson"] and write["rate"] == 0:
        return
    word, time_ns = write["seed"], write["time_ns"]
    while (time_ns := time_ns + 4 * write["period"]) < until_ns:
        word = shifted(word)
        if not write["poisson"] or 1 + (word & 0xFFFF) % 255 <= write["rate"]:
            yield time_ns, write["label"] & ~write["mask"] | word >> 24 & write["mask"]
