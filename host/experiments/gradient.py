"""How well a spike tells the gradient: spike time and dT/dw of one neuron against its one weight, on a chip.

The experiment of Pehle et al. 2023 (Event-based backpropagation for analog neuromorphic hardware): a neuron gets one
input at time 0, and the gradient is estimated from nothing but the spike that the chip sends. The same trials are
sampled by the CADC, for the estimate that a surrogate gradient makes of them. Three things spread an estimate, and each
is measured for itself:

- noise: trials of one neuron, repeated with the input at one phase of the CADC, at each of a few;
- phase: trials of one neuron on the chip without noise, at phases that go evenly through a period of the CADC;
- mismatch: many copies of the neuron side by side on the chip without noise, each its mean over those phases.

How far the estimate is off on average, the bias, is that of the chip with its noise, over the same phases.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.core.core import AnalogCore
from chip.fpga.trace import EVENT_BYTES
from host.calibration.progress import MeasuringProgress
from host.experiments import single_neuron
from host.experiments.outcome import Outcome, mean_and_spread
from ppu_programs.placement import INPUT_LAYER, Placement, place

NAME = "gradient"
WEIGHTS = np.arange(27, c.WEIGHT_MAX + 1)  # from the first that is well above the least that makes the neuron spike
TRIALS, NEURONS = 50, 16
REPEATED_PHASES = 5  # at each of which all trials are repeated
NOISE = ("membrane_noise", "cadc_noise")  # the imperfections that differ from trial to trial
SLOPE_LIMIT = 8.0  # of the adjoint, as the firmware has it
START_NS, TRIAL_NS = 32_000, 160_000  # first input; from input to input, so that all has decayed
WRITE_NS = 16_000  # before the input
END_NS = 40_000  # of the sampled membranes, after the input
BYTES_A_SPIKE, BYTES_A_SAMPLE = 4, 1


@dataclass(frozen=True, eq=False)
class Trials:
    """What a chip did; W weights, N trials, M neurons, K samples.

    Attributes:
        spikes_ns: float64[W, N, M], first spike after the input, to the 8 ns of a record; NaN without one.
        conversions_ns: int64[N, K], times of the conversions after the input; the first is the trial's phase.
        membranes_lsb: float64[W, N, M, K], what they read, above the leak potential that was asked for.
    """

    spikes_ns: np.ndarray
    conversions_ns: np.ndarray
    membranes_lsb: np.ndarray


def measure(
    config: ChipConfig,
    weights: np.ndarray,
    phases_ns: np.ndarray,
    neurons: int = NEURONS,
    progress: Callable[[int, int, str], None] | None = None,
) -> Trials:
    """Let a chip of these settings do a trial at each of int[N] phases with each of int[W] weights, 1..63.

    A phase is the time from the input to the next conversion of the CADC, a multiple of 4 ns. ``progress`` is called
    with the number of weights that are done, that of all, and what is measured now.
    """
    placement = place(single_neuron.network(neurons))
    registers = placement.registers()
    registers.row_mode[c.TOP, placement.layers[0].rows[0, 1]] = 0  # one synapse: without its inhibitory twin
    core = AnalogCore(config, registers)
    trials = len(phases_ns)
    conversions_ns = np.asarray(phases_ns)[:, None] + np.arange(0, END_NS, c.CADC_SAMPLE_PERIOD_NS)
    spikes = np.full((len(weights), trials, neurons), np.nan)
    membranes = np.empty((len(weights), trials, neurons, conversions_ns.shape[1]))
    leak_lsb = placement.network.layers[0][1].leak_lsb
    for w, weight in enumerate(weights):
        if progress is not None:
            progress(w, len(weights), "weight by weight")
        for n in range(trials):
            zero_ns = START_NS + (w * trials + n) * TRIAL_NS
            if n == 0:
                _write(core, placement, zero_ns - WRITE_NS, int(weight))
            core.post_events(np.array([0]), placement.input_labels, zero_ns)
            tickets = [core.post_cadc(zero_ns + int(look), c.TOP) for look in conversions_ns[n]]
            spikes[w, n] = _first_spikes(core, placement, zero_ns)
            for k, ticket in enumerate(tickets):
                membranes[w, n, :, k] = core.cadc_result(ticket)[c.EVEN, :neurons] - float(leak_lsb)
            core.forget_before(zero_ns)
    return Trials(spikes, conversions_ns, membranes)


def all_phases(trials: int) -> np.ndarray:
    """int64[trials]: phases that go evenly through a sampling period of the CADC, in ns."""
    return np.arange(trials) * c.CADC_SAMPLE_PERIOD_NS // trials // c.EVENT_CLOCK_NS * c.EVENT_CLOCK_NS


def without_noise(config: ChipConfig) -> ChipConfig:
    """The same chip, its mismatch too, where a trial can be repeated exactly."""
    return replace(config, imperfections=replace(config.imperfections, **dict.fromkeys(NOISE, False)))


def _write(core: AnalogCore, placement: Placement, time_ns: int, weight: int) -> None:
    at = placement.layers[0]
    values = np.zeros((1, c.LANES), np.uint8)
    values[0, at.lanes] = weight
    core.post_weight_rows(np.array([time_ns]), at.hemisphere, at.rows[:1, 0], at.half, values)


def _first_spikes(core: AnalogCore, placement: Placement, zero_ns: int) -> np.ndarray:
    """float64[neurons], as a record stamps them."""
    times_ns, labels = core.spikes(zero_ns, zero_ns + END_NS + c.CADC_SAMPLE_PERIOD_NS)
    layers, neurons = placement.sources(labels)
    first = np.full(placement.network.outputs, np.nan)
    stamps = (times_ns - zero_ns) // c.FPGA_CLOCK_NS * c.FPGA_CLOCK_NS
    for neuron, stamp in zip(neurons[layers != INPUT_LAYER][::-1], stamps[layers != INPUT_LAYER][::-1], strict=True):
        first[neuron] = stamp  # the earliest one stays
    return first


def estimates(trials: Trials, weights: np.ndarray) -> dict[str, np.ndarray]:
    """float64[W, N, M] in ns per weight step: of ``"eventprop"``, and of ``"surrogate"`` up to a factor."""
    (linear, neuron), *_ = single_neuron.network(1)
    seen_ns = trials.conversions_ns[:, None, :]
    return {
        "eventprop": single_neuron.eventprop_estimate(
            neuron, linear.efficacy_lsb, np.asarray(weights)[:, None, None], trials.spikes_ns, SLOPE_LIMIT
        ),
        "surrogate": single_neuron.surrogate_estimate(
            neuron, linear.efficacy_lsb, trials.membranes_lsb, seen_ns, END_NS
        ),
    }


def run(
    config: ChipConfig,
    weights: np.ndarray = WEIGHTS,
    trials: int = TRIALS,
    neurons: int = NEURONS,
    quiet: bool = True,
) -> Outcome:
    """Measure an ideal chip and the one of ``config``, and compare both with the analytic curves.

    Arrays of a chip are those of ``trials`` trials over all phases; with ``phases_`` in their names, of the same
    without noise, both float64[W, N, M]; with ``repeats_``, float64[W, P, N, M], of as many at each of P phases.
    The surrogate's factor is its own to choose; it is fitted to the analytic curve once, on the ideal chip. Unless
    ``quiet``, progress is shown on stderr.
    """
    (linear, neuron), *_ = single_neuron.network(1)
    true_time = single_neuron.spike_time(neuron, linear.efficacy_lsb, weights)
    true_gradient = single_neuron.derivative(neuron, linear.efficacy_lsb, weights)
    arrays = {"weights": np.asarray(weights), "analytic_time_ns": true_time, "analytic_gradient_ns": true_gradient}
    factor, summary = 1.0, {}
    phases_ns, repeated_ns = all_phases(trials), np.repeat(all_phases(REPEATED_PHASES), trials)
    for name, chip in (("ideal", ChipConfig.ideal(seed=config.seed)), ("chip", config)):
        kinds = {"": (chip, phases_ns), "phases_": (without_noise(chip), phases_ns), "repeats_": (chip, repeated_ns)}
        found = {}
        with MeasuringProgress(f"{NAME}, chip {chip.profile}", quiet) as progress:
            for kind, (one, at_ns) in kinds.items():
                measured = measure(one, weights, at_ns, neurons, progress.measuring)
                found[kind] = estimates(measured, weights)
                arrays[f"{name}_{kind}spikes_ns"] = measured.spikes_ns
        shape = (len(weights), REPEATED_PHASES, trials, neurons)
        found["repeats_"] = {method: values.reshape(shape) for method, values in found["repeats_"].items()}
        arrays[f"{name}_repeats_spikes_ns"] = arrays[f"{name}_repeats_spikes_ns"].reshape(shape)
        if name == "ideal":
            mean = found[""]["surrogate"].mean(axis=(1, 2))
            factor = float(mean @ true_gradient / (mean @ mean))
        for kind, of_methods in found.items():
            of_methods["surrogate"] *= factor
            arrays |= {f"{name}_{kind}{method}_ns": values for method, values in of_methods.items()}
        summary[name] = {
            method: _quality(*(of_methods[method] for of_methods in found.values()), true_gradient)
            for method in found[""]
        }
        summary[name]["silent"] = float(np.isnan(arrays[f"{name}_spikes_ns"]).mean())
    summary["surrogate_factor"] = factor
    summary["bytes"] = {"eventprop": BYTES_A_SPIKE, "surrogate": BYTES_A_SAMPLE * measured.conversions_ns.shape[1]}
    title = f"gradient of a spike time on chip {config.profile}, seed {config.seed}"
    sizes = {"trials": trials, "neurons": neurons}
    return Outcome(
        NAME, title, {"settings": config.to_dict(), **sizes, **summary}, arrays, _report(title, summary, sizes)
    )


def _quality(values: np.ndarray, of_phases: np.ndarray, of_repeats: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """How estimates[W, N, M], of repeats [W, P, N, M], lie about the truth[W]: relative to it, means over weights.

    ``bias``: how far the mean over trials and neurons is off; ``noise``: the spread of a neuron's repeats at a phase;
    ``phase``: that of its phases without noise; ``mismatch``: the spread of the neurons' means over these phases.
    """
    mean, _ = mean_and_spread(values / truth[:, None, None], axis=(1, 2))
    _, noise = mean_and_spread(of_repeats / truth[:, None, None, None], axis=2)
    of_neurons, phase = mean_and_spread(of_phases / truth[:, None, None], axis=1)
    _, mismatch = mean_and_spread(of_neurons, axis=1)
    found = {"bias": np.abs(mean - 1), "noise": noise, "phase": phase, "mismatch": mismatch}
    return {name: _average(spread) for name, spread in found.items()}


def _average(values: np.ndarray) -> float:
    return float(mean_and_spread(values, axis=tuple(range(values.ndim)))[0])


def _report(title: str, summary: dict, sizes: dict[str, int]) -> str:
    lines = [f"{title}: {sizes['trials']} trials of {sizes['neurons']} neurons, weight by weight"]
    lines.append(f"  {'':<22}{'bytes':>7}{'bias':>9}{'noise':>9}{'phase':>9}{'mismatch':>10}   relative to dT/dw")
    for name in ("ideal", "chip"):
        for method in ("eventprop", "surrogate"):
            q = summary[name][method]
            lines.append(
                f"  {name + ', ' + method:<22}{summary['bytes'][method]:>7}{q['bias']:>9.1%}{q['noise']:>9.1%}"
                f"{q['phase']:>9.1%}{q['mismatch']:>10.1%}"
            )
    lines.append(f"  bytes: of one trial's observation, a spike as in the record ({EVENT_BYTES} over the link)")
    lines.append("  the surrogate's scale was fitted on the ideal chip")
    lines.append(
        "  noise: repeats at one phase of the CADC; phase: over its period without noise; mismatch: of neurons"
    )
    return "\n".join(lines)
