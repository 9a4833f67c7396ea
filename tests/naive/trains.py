"""Regular trains, one event after the other: a slow twin of :func:`ppu_programs.trains.regular`."""


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
