"""From a weight in software to one on the chip, and from a reading back: ``hxtorch``'s two scales, on the chip.

Weight scale: one event through one synapse makes a potential, for ten weights from -63 to 63, read by the CADC; a line
through zero gives its height a unit of weight. The same neuron in software, in steps of 1 us, gives the height of a
software weight of 1. Their quotient times the threshold, as it is measured below, is how many units of weight stand for
a software weight of 1, where the software's threshold is 1.

Trace scale: a current drives neurons above their thresholds; the greatest reading of 100 us, less that at rest, is a
threshold, and one over it the trace scale. The model has no constant currents: a leak potential above the threshold, as
far as that is above rest, stands for it.

The efficacy is that of ``psp-height``, which the slope of the vendor's demo ``ts_06`` has given, in LSB of the CADC,
and the weight scale is one of two sources of that unit (``madc``); leak and threshold are those of the test. So both
rows are checks of what was put in, not predictions.
"""

from __future__ import annotations

import numpy as np

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.base.lanes import to_columns
from chip.base.registers import ROW_EXCITATORY, ROW_INHIBITORY, Registers
from chip.core.core import AnalogCore
from host.calibration.progress import MeasuringProgress
from host.experiments import psp_height
from host.experiments.outcome import Outcome
from host.experiments.parity import outcome_of
from host.experiments.published import Evidence, Point, Use

NAME = "scales"
TAU_NS = 10_000
LEAK_LSB, THRESHOLD_LSB = 80.0, 125.0
WEIGHTS = np.linspace(-c.WEIGHT_MAX, c.WEIGHT_MAX, 10).astype(int)
RUN_NS, EVENT_NS, READ_PITCH_NS = 100_000, 10_000, 1_700
GAP_NS = 100_000  # between two runs, so that all has decayed
BATCH = 10
SOFTWARE_STEP_NS = 1_000
WEIGHT_SCALE = Point(
    "weight for a software weight of 1",
    50.0,
    "units of weight",
    "hxtorch test_spiking_weight_scaling",
    Use.CALIBRATED_ON,
    Evidence.CODE,
    tolerance=10.0,
)
TRACE_SCALE = Point(
    "software's unit in a CADC LSB",
    1 / 45,
    "",
    "hxtorch test_spiking_threshold",
    Use.CALIBRATED_ON,
    Evidence.CODE,
    tolerance=0.007,
)


def read(core: AnalogCore, zero_ns: int) -> np.ndarray:
    """Return uint8[reads, 512]: readings of all neurons, as fast as they come, in 100 us behind a time."""
    times_ns = range(zero_ns, zero_ns + RUN_NS, READ_PITCH_NS)
    tickets = [[core.post_cadc(time_ns, side) for side in range(c.HEMISPHERES)] for time_ns in times_ns]
    core.advance(zero_ns + RUN_NS)
    reads = [to_columns(np.stack([core.cadc_result(ticket) for ticket in pair])) for pair in tickets]
    return np.stack(reads).reshape(len(reads), c.NEURONS)


def neurons(spiking: bool, leak_lsb: float = LEAK_LSB) -> Registers:
    """Return all neurons with the vendor's defaults; row 0 of either hemisphere excites, row 1 inhibits, on label 0."""
    made = Registers()
    made.enabled, made.spiking = True, spiking
    made.leak_lsb, made.threshold_lsb = leak_lsb, THRESHOLD_LSB
    made.tau_mem_ns = made.tau_syn_exc_ns = made.tau_syn_inh_ns = TAU_NS
    made.efficacy_lsb = psp_height.EFFICACY_LSB
    made.row_mode[:, 0], made.row_mode[:, 1] = ROW_EXCITATORY, ROW_INHIBITORY
    fpga, busses = c.CROSSBAR_FPGA_IN, [0, c.PADI_BUSSES]
    made.crossbar_mask[fpga, busses] = made.crossbar_target[fpga, busses] = 0
    return made


def heights(config: ChipConfig, batch: int) -> np.ndarray:
    """float64[10, 512]: the extreme reading of each neuron less the first one, for each weight, mean of a batch."""
    core, found = AnalogCore(config, neurons(spiking=False)), []
    for weight in WEIGHTS:
        of_batch = []
        for _ in range(batch):
            zero_ns = core.now_ns + GAP_NS
            for row, value in enumerate((max(weight, 0), max(-weight, 0))):
                for hemisphere, half in np.ndindex(c.HEMISPHERES, c.HALVES):
                    values = np.full((1, c.LANES), value, np.uint8)
                    core.post_weight_rows(np.array([core.now_ns]), hemisphere, np.array([row]), half, values)
            core.post_events(np.array([EVENT_NS]), np.array([0]), zero_ns)
            reads = read(core, zero_ns).astype(float)
            extreme = reads.max(axis=0) if weight > 0 else reads.min(axis=0)
            of_batch.append(extreme - reads[0])
        found.append(np.mean(of_batch, axis=0))
    return np.stack(found)


def thresholds(config: ChipConfig, batch: int) -> np.ndarray:
    """float64[512]: greatest readings of firing neurons, mean of a batch, less the mean reading at rest."""
    rest = AnalogCore(config, neurons(spiking=False))
    at_rest = read(rest, GAP_NS).mean(axis=0)
    core = AnalogCore(config, neurons(spiking=True, leak_lsb=2 * THRESHOLD_LSB - LEAK_LSB))
    return np.mean([read(core, core.now_ns + GAP_NS).max(axis=0) for _ in range(batch)], axis=0) - at_rest


def software_height() -> float:
    """The greatest potential that a weight of 1 makes in software, by ``hxtorch``'s steps."""
    decay = SOFTWARE_STEP_NS / TAU_NS
    current, potential, highest = 1.0, 0.0, 0.0
    for _ in range(RUN_NS // SOFTWARE_STEP_NS):
        potential += decay * (current - potential)
        current -= decay * current
        highest = max(highest, potential)
    return highest


def run(config: ChipConfig, quiet: bool = True, batch: int = BATCH) -> Outcome:
    """Measure both scales, with so many repetitions of everything."""
    with MeasuringProgress(f"{NAME}, chip {config.profile}", quiet) as progress:
        progress.measuring(0, 2, "thresholds")
        threshold = thresholds(config, batch)
        progress.measuring(1, 2, "heights")
        height = heights(config, batch)
    slope = WEIGHTS @ height / (WEIGHTS @ WEIGHTS)  # a line through zero for each neuron
    scale = software_height() / slope.mean() * threshold.mean()
    rows = [WEIGHT_SCALE.found(scale), TRACE_SCALE.found(1 / threshold.mean())]
    arrays = {"weights": WEIGHTS, "heights_lsb": height, "thresholds_lsb": threshold}
    arrays["software_height"] = np.array(software_height())
    notes = [
        f"a unit of weight makes {slope.mean():.3f} +- {slope.std():.3f} LSB, thresholds lie {threshold.mean():.1f} +- "
        f"{threshold.std():.1f} LSB above rest (spread of neurons)"
    ]
    return outcome_of(NAME, "scales of weights and traces", config, rows, arrays, notes)
