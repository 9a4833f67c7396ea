"""How far a membrane can be driven: ``hxtorch``'s test of the membrane's boundaries, on the chip.

The test reads all neurons' membranes for 100 us by the CADC, without a threshold: at rest, with a constant current
into them, with one out of them; of the two driven ones the last fifth. Its reads are signed, 128 reads as 0.

The model has no constant currents: events drive the membranes instead, through so many synapses that currents come to
their limits.
"""

from __future__ import annotations

import numpy as np

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.base.lanes import to_columns
from chip.base.registers import ROW_DISABLED, ROW_EXCITATORY, ROW_INHIBITORY, Registers
from chip.core.core import AnalogCore
from host.calibration.progress import MeasuringProgress
from host.experiments.outcome import Outcome
from host.experiments.parity import outcome_of
from host.experiments.published import Evidence, Point, Use

NAME = "membrane-bounds"
DRIVES = {"at rest": ROW_DISABLED, "driven upwards": ROW_EXCITATORY, "inhibited": ROW_INHIBITORY}
DRIVERS = 8  # each with one row of weight 63
EVENT_PERIOD_NS, RUN_NS = 1_000, 100_000
READ_PITCH_NS = 1_700  # as fast as the CADC goes
SIGNED_ZERO_LSB = 128
LAST = 0.8  # of a run, from where on driven membranes count
_SOURCE = "hxtorch test_spiking_boundary"
POINTS = tuple(
    Point(name, value, "CADC LSB, signed", _SOURCE, Use.CALIBRATED_ON, Evidence.CODE, tolerance=0.2 * abs(value))
    for name, value in zip(DRIVES, (-45.0, 100.0, -103.0), strict=True)
)


def registers(mode: int) -> Registers:
    """Return all neurons with the vendor's defaults and no threshold; 8 drivers of either hemisphere take label 0."""
    made = Registers()
    made.enabled, made.spiking = True, False
    made.row_mode[:, 0 : 2 * DRIVERS : 2] = mode
    made.weights[:, 0 : 2 * DRIVERS : 2] = c.WEIGHT_MAX
    made.compare_mask[:, :DRIVERS] = 0
    fpga, busses = c.CROSSBAR_FPGA_IN, slice(0, c.HEMISPHERES * c.PADI_BUSSES)
    made.crossbar_mask[fpga, busses] = made.crossbar_target[fpga, busses] = 0
    return made


def measure(config: ChipConfig, mode: int) -> np.ndarray:
    """Return int64[reads, 512], signed reads of all neurons, one every 1.7 us."""
    core = AnalogCore(config, registers(mode))
    times_ns = np.arange(0, RUN_NS, EVENT_PERIOD_NS)
    core.post_events(times_ns, np.zeros_like(times_ns))
    reads_ns = range(READ_PITCH_NS, RUN_NS, READ_PITCH_NS)
    tickets = [[core.post_cadc(time_ns, side) for side in range(c.HEMISPHERES)] for time_ns in reads_ns]
    core.advance(RUN_NS)
    reads = [to_columns(np.stack([core.cadc_result(ticket) for ticket in pair])) for pair in tickets]
    return np.stack(reads).reshape(len(reads), c.NEURONS).astype(np.int64) - SIGNED_ZERO_LSB


def run(config: ChipConfig, quiet: bool = True) -> Outcome:
    """Measure; ``reads_lsb`` is int64[3 drives, reads, 512]."""
    reads = []
    with MeasuringProgress(f"{NAME}, chip {config.profile}", quiet) as progress:
        for number, (name, mode) in enumerate(DRIVES.items()):
            progress.measuring(number, len(DRIVES), name)
            reads.append(measure(config, mode))
    last = int(LAST * len(reads[0]))
    found = [reads[0].mean(), *(driven[last:].mean() for driven in reads[1:])]
    rows = [point.found(value) for point, value in zip(POINTS, found, strict=True)]
    arrays = {"reads_lsb": np.stack(reads), "times_ns": READ_PITCH_NS * np.arange(1, len(reads[0]) + 1)}
    notes = [
        "leak potentials are the vendor's default of 80 LSB, -48 as a signed read; the bounds are settings of `limits`",
        "driven by events, not by a constant current, which the model has not",
    ]
    return outcome_of(NAME, "bounds of membranes", config, rows, arrays, notes)
