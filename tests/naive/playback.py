"""A playback program executed edge by edge: a slow twin of :class:`chip.fpga.playback.PlaybackProgram`."""


def execute(times_ns, edge_ns=8, labels_per_word=3):
    """Return when each event leaves, and the count of instructions: waits for times, and words of labels."""
    words, waits = [], 0
    for time_ns in sorted(set(times_ns)):
        waits += 1
        left = [index for index, at in enumerate(times_ns) if at == time_ns]
        while left:
            words.append((time_ns, left[:labels_per_word]))
            left = left[labels_per_word:]
    sent_ns, now_ns, pending = {}, 0, list(words)
    while pending:
        time_ns, events = pending[0]
        if time_ns <= now_ns:
            sent_ns.update(dict.fromkeys(events, now_ns))
            del pending[0]
        now_ns += edge_ns
    return [sent_ns[index] for index in range(len(times_ns))], len(words) + waits
