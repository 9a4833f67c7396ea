"""What SuperSpike's processors do beside the steps of every rule for one hidden layer.

::

    bottom                                       top
    ring ----------------------------------------> wait until the first sample is due
    play sample k, observe the readouts          sample the membranes, then psi from them
    loss: errors, sent to the top -------------> gradient of the hidden weights

From the ring to time zero passes ``Settings.lead_ns``, always the same, to the 8 ns of the FPGA's clock.
"""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from chip.ppu import Memory, i16, i32, kernel
from ppu_programs.placement import Placement
from ppu_programs.superspike import surrogate, tables
from ppu_programs.superspike.settings import Settings
from ppu_programs.two_layer import programs
from ppu_programs.two_layer.integrators import IntegratorReadouts
from ppu_programs.two_layer.plan import COUNTERS, Plan
from ppu_programs.two_layer.roles import START_LINE

EVENTS = COUNTERS  # word of a report: events in the records of all samples, inputs and hidden spikes


class HiddenProgram(programs.HiddenProgram):
    """The top processor: membrane samples, surrogate gradient and weights of the hidden layer."""

    gradient_type = i16

    def __init__(self, settings: Settings, plan: Plan, placement: Placement):
        super().__init__(
            *(settings, plan, placement),
            memory=surrogate.memory(settings),
            observe=(surrogate.surrogate_kernel(settings), surrogate.read_record_kernel(settings)),
            backward=surrogate.backward_kernel(settings),
        )

    def image(self) -> dict[str, np.ndarray]:
        s = self.settings
        return super().image() | {"input_psp": tables.input_table(s), "readout_psp": tables.readout_table(s)}

    def before_sample(self, ppu) -> Generator:
        """Convert the membranes at the times that the settings say, from the ring on."""
        s = self.settings
        yield ppu.wait_doorbell(START_LINE)
        yield ppu.wait(s.wait_cycles)
        yield ppu.sample_membranes(s.membrane_samples, into="membranes", period_ns=s.sample_period_ns)


@kernel
def count_events(v, m):
    """Count the events of a sample's record."""
    m.events[0] = m.events[0] + m.record[0]


@kernel
def report_events(v, m):
    """Move the count into the report, and clear it."""
    m.report[EVENTS] = m.events[0]
    m.events[0] = 0


class ReadoutProgram(IntegratorReadouts):
    """The bottom processor: it rings before it plays a sample to be learned, and reports the hidden layer's spikes."""

    announces = True

    def __init__(self, settings: Settings, plan: Plan, placement: Placement):
        super().__init__(settings, plan, placement)
        self.memory = self.memory | Memory(events=i32[1])
        self.kernels = (*self.kernels, count_events, report_events)

    def play_sample(self, ppu, sample: int, announce: bool) -> Generator:
        yield from super().play_sample(ppu, sample, announce)
        yield ppu.run(count_events)

    def report(self, ppu, address: int) -> Generator:
        yield ppu.run(report_events)
        yield from super().report(ppu, address)
