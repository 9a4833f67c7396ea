"""Regular trains, and events that come apart, one after the other: slow twins of :mod:`ppu_programs.trains`."""


def regular(rates_hz, first_ns, start_ns, stop_ns, tick_ns=8):
    """Return (time, source) of all events, in order."""
    begin = next(t for t in range(start_ns, start_ns + tick_ns) if t % tick_ns == 0)
    events = []
    for source, (rate, first) in enumerate(zip(rates_hz, first_ns, strict=True)):
        nth = 0
        while rate > 0:
            time_ns = begin + tick_ns * round((first + nth * (1e9 / rate)) / tick_ns)
            if time_ns >= stop_ns:
                break
            events.append((time_ns, source))
            nth += 1
    return sorted(events)


def apart(events, most=3, tick_ns=8):
    """Return (time, source) of all events, words of three of a time sent at an edge each, none before those ahead."""
    sent, free_ns = [], 0
    while events:
        word = [event for event in events[:most] if event[0] == events[0][0]]
        at = max(word[0][0], free_ns)
        sent += [(at, source) for _, source in word]
        free_ns, events = at + tick_ns, events[len(word) :]
    return sent
