"""The event fabric as SimPy processes, one for each part that takes an event a clock; time is in clocks of 4 ns.

It is told of all events that the FPGA and processors send and of all spikes, and finds which rows are driven when, what
the FPGA records, and what is lost where. Within a clock things happen in this order: events come, each output of the
crossbar takes one, drivers take what is on their bus.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque

import simpy

from tests.naive.router import driven_rows, neuron_input, passed_targets, taking_drivers

OFFSET = {"top": 0, "bottom": 4, "fpga": 8}
SIDES = ("top", "bottom")
FPGA, PROCESSOR, BACKGROUND, NEURON = range(4)  # the order of what comes at one clock


class NaiveFabric:
    """What becomes of events.

    Attributes, all filled by :meth:`run`:
        driven: (time, row of both hemispheres, label) of rows with a synapse of that label on an enabled neuron.
        recorded: (time, label). lost: how many, by cause and place.
    """

    def __init__(self, registers, router, pulse_ns):
        self.registers, self.room = registers, router.node_events
        self.pulse = pulse_ns // 4
        self.latency = router.on_chip_latency_ns // 4
        self.frame = -(-64 // (4 * router.link_lanes))
        self.env = simpy.Environment()
        self.nodes = defaultdict(deque)  # (input, output) -> waiting (clock of arrival, kind, number, label)
        self.arriving = defaultdict(list)  # output -> (kind, number, input, label) of this clock
        self.pending = [deque() for _ in range(8)]  # of each neuron output
        self.to_fpga = []  # (clock at which it left the crossbar, kind, number, 8-bit stamp, label), for the link
        self.busy = {}
        self.driven, self.recorded, self.lost = [], [], Counter()

    def run(self, end_ns, events, injected, spikes, background=()):
        """Let events (ns, label), injected (ns, hemisphere, busses, row select, label), spikes (ns, neuron) pass.

        And background events (ns, generator, label of 14 bits).
        """
        self.end = end_ns // 4
        spikes_at = defaultdict(list)
        for time_ns, neuron in sorted(spikes):
            spikes_at[time_ns // 4].append(neuron)
        self.env.process(self.send_frames(sorted(events)))
        self.env.process(self.inject(sorted(injected)))
        self.env.process(self.send_background(sorted(background)))
        for output in range(8):
            self.env.process(self.neuron_output(output, spikes_at))
        for output in range(12):
            self.env.process(self.crossbar_output(output))
        self.env.process(self.link_to_fpga())
        self.env.run(until=self.end + 10_000)

    def lose(self, what, count=1):
        """Count what happens before the end."""
        if self.env.now < self.end:
            self.lost[what] += count

    # ------------------------------------------------------------------ what comes

    def send_frames(self, events):
        free = 0
        at = 0
        while at < len(events):
            clock = events[at][0] // 4
            frame = [label for time_ns, label in events[at : at + 3] if time_ns // 4 == clock]
            at += len(frame)
            begins = max(clock, free)
            free = begins + self.frame
            yield self.env.timeout(begins - self.env.now)
            for label in frame:
                self.lose("late", begins > clock)
                self.cross(8 + (label >> 14), FPGA, label, label)

    def inject(self, injected):
        for time_ns, hemisphere, busses, row_select, label in injected:
            yield self.env.timeout(time_ns // 4 - self.env.now)
            number = hemisphere << 15 | busses << 11 | row_select << 6 | label
            for bus in range(4):
                if busses >> bus & 1:
                    entry = (PROCESSOR, number, 20, row_select << 6 | label)
                    self.arriving[4 * hemisphere + bus].append(entry)

    def send_background(self, background):
        for time_ns, generator, label in background:
            yield self.env.timeout(time_ns // 4 - self.env.now)
            label |= (generator % 4) << 14
            self.cross(12 + generator, BACKGROUND, generator << 14 | label & 0x3FFF, label)

    def neuron_output(self, output, spikes_at):
        pending = self.pending[output]
        while self.env.now < self.end:
            clock = int(self.env.now)
            taken = bool(pending)
            if pending:
                self.leave(pending.popleft())
            for neuron in spikes_at[clock]:
                hemisphere, column = divmod(neuron, 256)
                if neuron_input(column) != output or not self.registers.event_output[hemisphere, column]:
                    continue
                if neuron in pending:
                    self.lose(("neuron output", output), bool(self.wanted(neuron)))
                elif not taken:
                    taken = True
                    self.leave(neuron)
                else:
                    pending.append(neuron)
            yield self.env.timeout(1)

    def leave(self, neuron):
        self.cross(*self.place(neuron)[:1], NEURON, neuron, self.place(neuron)[1])

    def wanted(self, neuron):
        return passed_targets(self.registers, *self.place(neuron))

    def place(self, neuron):
        """Where a neuron's events enter the crossbar, and their label."""
        hemisphere, column = divmod(neuron, 256)
        source = neuron_input(column)
        address = int(self.registers.backend_address[hemisphere, column])
        return source, address | source << 8 | (source % 4) << 14

    def cross(self, source, kind, number, label):
        """Let an event come to its nodes: those to the FPGA at once, those to busses as late as the latency says."""
        for side, bus in passed_targets(self.registers, source, label):
            entry = (kind, number, source, label)
            if side == "fpga" or kind != NEURON:
                self.arriving[OFFSET[side] + bus].append(entry)
            else:
                self.env.process(self.come_later(OFFSET[side] + bus, entry))

    def come_later(self, output, entry):
        yield self.env.timeout(self.latency)
        self.arriving[output].append(entry)

    # ------------------------------------------------------------------ what leaves

    def crossbar_output(self, output):
        yield self.env.timeout(0.5)  # when all of a clock have come
        while True:
            clock = int(self.env.now)
            waiting = [(queue[0], source) for (source, to), queue in self.nodes.items() if to == output and queue]
            used = bool(waiting)
            if waiting:
                (_, kind, number, label), source = min(waiting)
                self.nodes[source, output].popleft()
                self.pass_on(clock, output, kind, number, label)
            for kind, number, source, label in sorted(self.arriving.pop(output, [])):
                if not used:
                    used = True
                    self.pass_on(clock, output, kind, number, label)
                elif len(self.nodes[source, output]) < self.room:
                    self.nodes[source, output].append((clock, kind, number, label))
                else:
                    self.lose(("node", source, output))
            yield self.env.timeout(1)

    def pass_on(self, clock, output, kind, number, label):
        if output >= 8:
            self.to_fpga.append((clock, kind, number, clock // 2 % 256, label))
        elif clock < self.end:
            self.drive(clock, output, label)

    def drive(self, clock, output, label):
        side, bus = SIDES[output // 4], output % 4
        free = set()
        for hemisphere, driver in taking_drivers(self.registers, side, bus, label):
            rows = self.registers.row_mode[hemisphere, 2 * driver : 2 * driver + 2]
            if not rows.any() and not self.registers.stp_enabled[hemisphere, driver]:
                continue  # it does nothing, so it loses nothing
            if self.busy.get((hemisphere, driver), 0) > clock:
                self.lost["driver", hemisphere, driver] += 1
            else:
                self.busy[hemisphere, driver] = clock + self.pulse
                free.add((hemisphere, driver))
        for hemisphere, row in driven_rows(self.registers, side, bus, label):
            heard = (self.registers.labels[hemisphere, row] == label & 63) & self.registers.enabled[hemisphere]
            if (hemisphere, row // 2) in free and heard.any():
                self.driven.append((4 * clock, 256 * hemisphere + row, label & 63))

    def link_to_fpga(self):
        """Send frames of up to three events; the FPGA rebuilds the time of each from its stamp, in 8 ns."""
        yield self.env.timeout(0.75)
        while True:
            clock = int(self.env.now)
            frame = []
            self.to_fpga.sort()
            while self.to_fpga and len(frame) < 3:
                left, _, _, stamp, label = self.to_fpga.pop(0)
                if (clock + self.frame) // 2 - left // 2 >= 256:
                    self.lost["link"] += left < self.end
                    continue
                frame.append((left, stamp, label))
            arrives = (clock + self.frame) // 2
            for left, stamp, label in frame:
                rebuilt = arrives - (arrives - stamp) % 256
                assert rebuilt == left // 2, "8 bits tell the time of what waits no longer than they count"
                if left < self.end:
                    self.recorded.append((4 * left, label))
            yield self.env.timeout(self.frame if frame else 1)
