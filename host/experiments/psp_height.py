"""Heights of postsynaptic potentials against the weight, of both signs: the vendor's demo ``ts_06``, on the chip.

One event at a time reaches one neuron through as many synapses as it takes, 63 in each but the last, in steps of 32.
As in the demo, a height is the greatest potential of a whole run of 1 ms, the least for inhibition, mean of 8 neurons,
less the same without weight, and so has the membrane's noise in it.

Efficacy is a neuron's register: it is set so that the slope of excitation is the recorded one. The limit of inhibition
(``limits.inhibition``) was fitted to all of the recorded heights. Whether the form of saturation holds is therefore
asked a second time: :func:`limit_of` finds the limit that the first three heights ask for by themselves, and the others
follow from it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.base.config.limits import LimitConfig
from chip.base.registers import ROW_EXCITATORY, ROW_INHIBITORY, Registers
from chip.core.core import AnalogCore
from host.calibration.progress import MeasuringProgress
from host.experiments import madc
from host.experiments.outcome import Outcome
from host.experiments.parity import outcome_of
from host.experiments.published import Evidence, Point, Use

NAME = "psp-height"
STEP = 32  # of weight
STEPS = 9
COLUMNS = (0, 64, 128, 192)  # of either hemisphere: the demo's neurons
TAU_NS = 10_000  # of membranes and synapses, calix' targets
RECORDED_EPSP_LSB = 25.2  # of the MADC, a step of weight
RECORDED_IPSP_LSB = np.cumsum([14, 26, 24, 17, 16, 10, 10, 6, 5])  # of the MADC, downwards
FITTED = 3  # heights by which a limit is found for the others
DRIVERS = 5
EVENT_NS, RUN_NS, LOOK_NS = 500_000, 1_000_000, 200  # of a run, as in the demo; between two observations
SIGNS = {"excitatory": ROW_EXCITATORY, "inhibitory": ROW_INHIBITORY}
_DEMO = "demo ts_06"


def saturated(weights: np.ndarray, limit: float) -> np.ndarray:
    """Return what weights act as where a current comes to a limit: both in units of weight."""
    return limit * -np.expm1(-np.asarray(weights, float) / limit)


def recorded_efficacy_lsb() -> float:
    """The efficacy in LSB a unit of weight with which excitation, with its limit, has the recorded slope.

    A unit makes a potential of efficacy / e at equal time constants.
    """
    weights = STEP * np.arange(STEPS + 1)
    straight = np.polyfit(weights, saturated(weights, LimitConfig().excitation_limit_weights), 1)[0]
    return float(RECORDED_EPSP_LSB / madc.LSB / STEP * np.e / straight)


EFFICACY_LSB = recorded_efficacy_lsb()


def registers(mode: int) -> Registers:
    """Return 8 neurons without threshold, and five drivers that all take events with label 0; their rows are silent."""
    made = Registers()
    columns = list(COLUMNS)
    made.enabled[:, columns] = True
    made.spiking = False
    made.tau_mem_ns = made.tau_syn_exc_ns = made.tau_syn_inh_ns = TAU_NS
    made.efficacy_lsb = EFFICACY_LSB
    made.row_mode[:, 0 : 2 * DRIVERS : 2] = mode
    made.compare_mask[:, :DRIVERS] = 0
    fpga, busses = c.CROSSBAR_FPGA_IN, slice(0, c.HEMISPHERES * c.PADI_BUSSES)
    made.crossbar_mask[fpga, busses] = made.crossbar_target[fpga, busses] = 0
    return made


def weights_of(weight: int) -> np.ndarray:
    """int64[5]: how the demo spreads a weight over synapses, 63 in each but the last."""
    left = weight - c.WEIGHT_MAX * np.arange(DRIVERS)
    return np.clip(left, 0, c.WEIGHT_MAX)


def measure(
    config: ChipConfig,
    sign: str,
    weights: np.ndarray,
    progress: Callable[[int, int, str], None],
    look_ns: int = LOOK_NS,
) -> tuple[np.ndarray, np.ndarray]:
    """Return float64[W, 8], the extreme of each neuron's membrane in a run with each of int[W] weights, in CADC LSB.

    And float64[W, T, 8], membranes around the event, from 10 us before it to 70 us behind it.
    """
    core = AnalogCore(config, registers(SIGNS[sign]))
    lanes = np.array(COLUMNS) // c.HALVES
    extremes, traces = [], []
    for number, weight in enumerate(weights):
        progress(number, len(weights), f"{sign} weights")
        zero_ns = core.now_ns
        values = np.zeros((DRIVERS, c.LANES), np.uint8)
        values[:, lanes] = weights_of(int(weight))[:, None]
        for hemisphere in range(c.HEMISPHERES):
            times_ns = np.full(DRIVERS, zero_ns + look_ns)
            core.post_weight_rows(times_ns, hemisphere, 2 * np.arange(DRIVERS), c.EVEN, values)
        core.post_events(np.array([EVENT_NS]), np.array([0]), zero_ns)
        looks_ns = np.arange(look_ns, RUN_NS + look_ns, look_ns)
        seen = np.stack([core.membranes(zero_ns + int(ns))[:, COLUMNS].ravel() for ns in looks_ns])
        extremes.append(seen.max(axis=0) if sign == "excitatory" else seen.min(axis=0))
        traces.append(seen[(looks_ns > EVENT_NS - 10_000) & (looks_ns < EVENT_NS + 70_000)])
        core.forget_before(core.now_ns)
    return np.stack(extremes), np.stack(traces)


def limit_of(weights: np.ndarray, heights: np.ndarray) -> float:
    """Return the limit in 50..2000 units of weight with which :func:`saturated` has the least squares to heights."""
    limits = np.geomspace(50.0, 2_000.0, 2_000)
    squares = [np.sum((saturated(weights, limit) - heights) ** 2) for limit in limits]
    return float(limits[int(np.argmin(squares))])


def run(config: ChipConfig, quiet: bool = True, steps: int = STEPS, look_ns: int = LOOK_NS) -> Outcome:
    """Measure heights up to so many steps of weight; heights are float64[2, steps + 1, 8] in LSB of the MADC."""
    weights = STEP * np.arange(steps + 1)
    extremes, traces = [], []
    with MeasuringProgress(f"{NAME}, chip {config.profile}", quiet) as progress:
        for sign in SIGNS:
            extreme, trace = measure(config, sign, weights, progress.measuring, look_ns)
            extremes.append(extreme)
            traces.append(trace)
    heights = madc.LSB * (np.stack(extremes) - np.stack(extremes)[:, :1])
    excitation, inhibition = heights.mean(axis=2) * np.array([[1.0], [-1.0]])
    slope = np.polyfit(weights, excitation, 1)[0] * STEP
    rows = [_point("EPSP, slope a step of 32", RECORDED_EPSP_LSB).found(slope)]
    linear = RECORDED_EPSP_LSB * steps
    rows.append(_point(f"EPSP, height at {weights[-1]}", linear).found(excitation[-1]))
    for number, recorded in enumerate(RECORDED_IPSP_LSB[:steps]):
        rows.append(_ipsp(int(weights[number + 1]), float(recorded)).found(inhibition[number + 1]))
    recorded_weights = RECORDED_IPSP_LSB / RECORDED_EPSP_LSB * STEP
    limit = limit_of(STEP * np.arange(1, FITTED + 1), recorded_weights[:FITTED])
    predicted = saturated(STEP * np.arange(1, STEPS + 1), limit) / STEP * RECORDED_EPSP_LSB
    off = np.abs(predicted / RECORDED_IPSP_LSB - 1)[FITTED:].max()
    notes = [
        f"LSB of the MADC: {madc.LSB} to one of the CADC (derived, good to a tenth); efficacy {EFFICACY_LSB:.3f} LSB",
        "the limit of inhibition, 240, was fitted to all nine heights; a fit to the first three alone gives "
        f"{limit:.0f}, from which the other six follow within {off:.0%}",
    ]
    arrays = {
        "weights": weights,
        "heights_madc_lsb": heights,
        "traces_lsb": np.stack(traces),
        "recorded_weights": STEP * np.arange(1, STEPS + 1),
        "recorded_ipsp_madc_lsb": RECORDED_IPSP_LSB.astype(float),
        "recorded_epsp_madc_lsb": RECORDED_EPSP_LSB * np.arange(1, STEPS + 1),
        "predicted_ipsp_madc_lsb": predicted,
    }
    summary = {"limit_of_first_heights": limit, "off_with_it": float(off)}
    return outcome_of(NAME, "postsynaptic potentials", config, rows, arrays, notes, summary)


def _point(name: str, value: float, reason: str = "") -> Point:
    return Point(name, value, "MADC LSB", _DEMO, Use.CALIBRATED_ON, Evidence.FIGURE, reason=reason)


def _ipsp(weight: int, value: float) -> Point:
    reason = ""
    if weight == STEP:
        reason = (
            "the first recorded step brings half of the second one, and no current that saturates does that; noise, "
            "which is in every extreme, takes off a part"
        )
    return _point(f"IPSP, height at {weight}", value, reason)
