"""A driver's short-term plasticity as a sum over all events that it ever took; no state but their times."""

from __future__ import annotations

import math


class Driver:
    """One driver with the numbers that the default configuration stands for."""

    def __init__(self, registers, hemisphere, driver):
        self.u = 0.2 + 0.3 * int(registers.stp_utilization[hemisphere, driver]) / 15
        self.tau_ns = 800_000 / (1 + int(registers.stp_recovery[hemisphere, driver]))
        voltages = hemisphere, driver % 2, registers.stp_target_voltages[hemisphere, driver]
        self.v_recover, self.v_charge = int(registers.stp_v_recover[voltages]), int(registers.stp_v_charge[voltages])
        self.offset = 0.02 * (7 - int(registers.stp_offset[hemisphere, driver]))
        self.times = []

    def take(self, time_ns):
        self.times.append(time_ns)

    def charge(self):
        """The part of each event that is left: (1 - U) for every later one, and the recovery since."""
        last = len(self.times) - 1
        return sum(
            self.u * (1 - self.u) ** (last - k) * math.exp((time_ns - self.times[-1]) / self.tau_ns)
            for k, time_ns in enumerate(self.times)
        )

    def pulse(self):
        """Length of the pulse of the last event, of a full one."""
        voltage = self.v_recover + self.charge() * (self.v_charge - self.v_recover)
        return min(max(1 - voltage / 500 + self.offset, 0.0), 1.0)
