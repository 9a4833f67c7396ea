"""How much has to be observed: bytes of spikes, which EventProp needs, against bytes of sampled membranes.

A chip learns Yin-Yang by EventProp on its own; before and after, the test samples are played and what is recorded of
each is counted: every spike of a hidden neuron, and every input as the record has it. A surrogate gradient needs the
membranes of all neurons of the same network over the same time, a byte for every sample of the CADC at its sustained
period of 1.7 us, and the spikes besides, since the reset of a membrane cannot be seen between two samples. Both need
the readouts' membranes: EventProp those of one conversion, where its loss is.

What a spike takes depends on where it is kept, so there are two figures: 4 bytes in the record of a sample in the
FPGA's memory, which programs on the chip read, and 8 bytes in the trace that a host reads over the link.
"""

from __future__ import annotations

import copy
import dataclasses

import numpy as np

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.base.registers import Registers
from chip.chip import Chip
from chip.core.core import AnalogCore
from chip.fpga.samples import SampleSet
from chip.fpga.trace import EVENT_BYTES
from host import tasks
from host.experiments.outcome import Outcome
from host.host import Host
from host.running.progress import Progress
from host.tasks import Task
from ppu_programs.eventprop.firmware import EventProp
from ppu_programs.placement import INPUT_MARK

NAME = "observation"
SEEDS, EPOCHS, HIDDEN = 5, 10, 120
BYTES_A_SAMPLE = 1
BYTES_AN_EVENT = {"": 4, "link_": EVENT_BYTES}  # in the record in the FPGA's memory; in the trace over the host link
PUBLISHED = "6.2 +- 0.5"  # of EventProp on BrainScaleS-2, against sampled membranes
START_NS, SAMPLE_NS = 16_000, 160_000  # time zero of the first sample; from one to the next, so that currents decay


def recorded_events(config: ChipConfig, registers: Registers, samples: SampleSet, played: range) -> np.ndarray:
    """int64[samples, 2]: inputs and spikes in the record of each sample, on a chip of its own."""
    core, counts = AnalogCore(config, registers), np.empty((len(played), 2), np.int64)
    for n, sample in enumerate(played):
        zero_ns = START_NS + n * SAMPLE_NS
        first, last = samples.offsets[sample], samples.offsets[sample + 1]
        core.post_events(samples.times_ns[first:last], samples.labels[first:last], zero_ns)
        _, labels = core.spikes(zero_ns, zero_ns + samples.duration_ns)
        inputs = int(((labels & INPUT_MARK) != 0).sum())
        counts[n] = inputs, len(labels) - inputs
        core.forget_before(zero_ns)
    return counts


def bytes_of(events: np.ndarray, hidden: int, readouts: int, duration_ns: int) -> dict[str, np.ndarray]:
    """Bytes of observation of each sample, float64 of the shape of ``events`` without its last axis.

    Names with ``link_`` before them: the same with spikes in the trace over the host link.
    """
    conversions = duration_ns // c.CADC_SAMPLE_PERIOD_NS + 1
    traces = np.full(events.shape[:-1], float(BYTES_A_SAMPLE * conversions * (hidden + readouts)))
    found = {"traces": traces}
    for where, each in BYTES_AN_EVENT.items():
        spikes = each * events.sum(axis=-1, dtype=float)
        found[f"{where}eventprop"] = spikes + BYTES_A_SAMPLE * readouts
        found[f"{where}surrogate"] = traces + spikes
    return found


def ratios_of(found: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What sampled membranes take over what EventProp takes, float64[seeds, 2] from bytes[seeds, 2, samples]."""
    mean = {name: values.mean(axis=2) for name, values in found.items()}
    return {
        f"{where}{name}": mean["traces" if name == "traces" else f"{where}surrogate"] / mean[f"{where}eventprop"]
        for where in BYTES_AN_EVENT
        for name in ("traces", "surrogate")
    }


def run(
    config: ChipConfig,
    seeds: int = SEEDS,
    epochs: int = EPOCHS,
    task: Task | None = None,
    hidden: int = HIDDEN,
    quiet: bool = True,
) -> Outcome:
    """Train and count on ``seeds`` chips: that of ``config`` and those with the next seeds.

    Unless ``quiet``, progress is shown on stderr. Raises ChipError as Host.run does; KeyboardInterrupt after one.
    """
    task, counts, accuracy = task or tasks.load("yin-yang"), [], []
    for seed in range(config.seed, config.seed + seeds):
        chip_config = dataclasses.replace(config, seed=seed)
        host, firmware = Host(Chip(chip_config)), EventProp(hidden=hidden, epochs=epochs, seed=seed)
        with Progress(f"{NAME}, seed {seed}", quiet) as progress:
            host.load(firmware, task, progress.loading)
            result = host.run(progress)
        if not result.complete:  # the host has held the interrupt back, to read what there is
            raise KeyboardInterrupt
        samples, played, registers = host.chip.player.samples, task.ranges["test"], copy.deepcopy(host.registers)
        before = recorded_events(chip_config, registers, samples, played)
        registers.weights[...] = result.weights
        counts.append([before, recorded_events(chip_config, registers, samples, played)])
        accuracy.append(result.accuracy)
    s = firmware.settings
    events = np.array(counts)
    found = bytes_of(events, hidden, s.readouts, s.duration_ns)
    ratios = ratios_of(found)
    summary = {
        "settings": config.to_dict(),
        "epochs": epochs,
        "accuracy": accuracy,
        "spikes_per_sample": _by_stage(events[..., 1].mean(axis=2)),
        "bytes_per_sample": {name: _by_stage(values.mean(axis=2)) for name, values in found.items()},
        "ratio": {name: _by_stage(values) for name, values in ratios.items()},
    }
    title = (
        f"bytes of observation, {task.name} on chip {config.profile}, seeds {config.seed}..{config.seed + seeds - 1}"
    )
    arrays = {"events": events, "accuracy": np.array(accuracy)} | {f"{name}_bytes": v for name, v in found.items()}
    arrays |= {f"ratio_{name}": values for name, values in ratios.items()}
    return Outcome(NAME, title, summary, arrays, _report(title, summary))


def _by_stage(values: np.ndarray) -> dict[str, dict[str, float]]:
    """Mean and standard deviation over seeds of float64[seeds, 2]."""
    return {
        stage: {"mean": float(column.mean()), "std": float(column.std(ddof=1)) if len(column) > 1 else 0.0}
        for stage, column in zip(("untrained", "trained"), values.T, strict=True)
    }


def _report(title: str, summary: dict) -> str:
    lines = [f"{title}: {summary['epochs']} epochs, accuracy {np.mean(summary['accuracy']):.4f}"]
    lines.append(f"  {'':<38}{'untrained':>18}{'trained':>18}   mean +- std over seeds")

    def row(name: str, values: dict[str, dict[str, float]]) -> None:
        cells = (f"{values[stage]['mean']:.1f} +- {values[stage]['std']:.1f}" for stage in ("untrained", "trained"))
        lines.append(f"  {name:<38}" + "".join(f"{cell:>18}" for cell in cells))

    row("hidden spikes per sample", summary["spikes_per_sample"])
    row("bytes, membranes", summary["bytes_per_sample"]["traces"])
    places = {"": "record in the FPGA's memory", "link_": "trace over the link"}
    for where, each in BYTES_AN_EVENT.items():
        lines.append(f"  {places[where]}, {each} bytes a spike")
        row("  bytes, EventProp", summary["bytes_per_sample"][f"{where}eventprop"])
        row("  bytes, membranes and spikes", summary["bytes_per_sample"][f"{where}surrogate"])
        row("  membranes over EventProp", summary["ratio"][f"{where}traces"])
        row("  membranes and spikes over EventProp", summary["ratio"][f"{where}surrogate"])
    lines.append(f"  reported for the silicon: {PUBLISHED} times; how bytes were counted there is not known to us")
    return "\n".join(lines)
