"""One sample, or the beginning of a run, once more, on a second chip: a bench's oscilloscope after the run.

The second chip is the same instance (same settings, same seed) with the registers of the first and the weights that it
learned. Neurons are at rest, but leaky integrators are pulled to their reset potential first, as a program does between
two samples; then the analog core plays the sample. Membranes and spikes are what that core did, looked at from outside.
Where the chip has noise in time, it is another stretch of the same noise.

Of a firmware that plays no samples of a task the second chip runs the whole firmware, from its start until a while
behind the first spike: :func:`opening`.
"""

from __future__ import annotations

import copy
import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.base.registers import Registers
from chip.calibration.calibration import Calibration, CalibrationWarning
from chip.chip import Chip
from chip.fabric.crossbar import NOTHING, neuron_routes
from chip.fpga.playback import PlaybackProgram
from chip.fpga.samples import SampleSet
from host.firmware.loading import load
from ppu_programs.contract import Firmware

STEP_NS = 100  # between two observations of the membranes
TIME_ZERO_NS = 16_000  # of the sample, after the start of the second chip
STRIDE_NS = 100_000  # in which a first spike is looked for
SEARCHED_NS = 20_000_000  # for so long
BEFORE_NS = 20_000  # of the opening before the first spike
OPENING_NS = 500_000  # long
LOOK_NS = 1_000  # between two observations of the membranes in it
RESET_NS = TIME_ZERO_NS - 1_000  # of the leaky integrators


@dataclass(frozen=True, eq=False)
class Replay:
    """What one sample did, or a stretch of a run; times are in ns since its time zero.

    Attributes:
        sample, target: its number in the sample set, its class; both None for a stretch of a run.
        doorbell_ns: when the PPUs hear that it has ended; the last look at the membranes.
        input_times_ns, inputs: int64[events], and the number of the input, in the order of labels.
        spike_times_ns, neurons: int64[spikes]; neurons are ``hemisphere * 256 + column``.
        times_ns, membranes_lsb: int64[n], float64[n, 512].
        cadc: uint8[512], what a conversion at the doorbell reads.
        registers: what the chip was set to, weights as learned.
        start_ns: when in a run its time zero is.
    """

    sample: int | None
    target: int | None
    doorbell_ns: int
    input_times_ns: np.ndarray
    inputs: np.ndarray
    spike_times_ns: np.ndarray
    neurons: np.ndarray
    times_ns: np.ndarray
    membranes_lsb: np.ndarray
    cadc: np.ndarray
    registers: Registers
    start_ns: int = 0

    @cached_property
    def layers(self) -> tuple[np.ndarray, np.ndarray]:
        """Numbers of the hidden neurons and of the readouts.

        Readouts are leaky integrators; where there are none, neurons whose spikes drive no synapses while others' do.
        """
        registers, enabled = self.registers, self.registers.enabled.copy()
        enabled[c.BOTTOM] &= ~registers.connect_vertical  # circuits that are merged into the ones on top
        enabled, spiking = (each.reshape(-1) for each in (enabled, registers.spiking))
        readouts = enabled & ~spiking
        if not readouts.any():
            routes = neuron_routes(registers)
            ends = (routes.top_key == NOTHING).reshape(-1) & (routes.bottom_key == NOTHING).reshape(-1)
            if (enabled & ~ends).any():
                readouts = enabled & ends
        return np.flatnonzero(enabled & ~readouts), np.flatnonzero(readouts)

    def spikes_of(self, neuron: int) -> np.ndarray:
        """int64[m]: the spike times of one neuron."""
        return self.spike_times_ns[self.neurons == neuron]


def replay(
    config: ChipConfig,
    registers: Registers,
    weights: np.ndarray,
    samples: SampleSet,
    index: int,
    calibration: Calibration | None = None,
) -> Replay:
    """Play sample ``index`` on a second chip of the same settings; ``weights`` is uint8[hemisphere, row, column]."""
    registers = copy.deepcopy(registers)
    registers.weights[...] = weights
    chip = Chip(config)
    chip.keep_spikes = True  # a sample may be longer than the record reaches back otherwise
    if calibration is not None:
        chip.link.write_calibration(calibration)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CalibrationWarning)  # the first chip has said so
        chip.link.write_registers(registers)
    core = chip.core
    first, last = samples.offsets[index], samples.offsets[index + 1]
    times_ns, labels = np.asarray(samples.times_ns[first:last], np.int64), samples.labels[first:last]
    for hemisphere, half in np.ndindex(c.HEMISPHERES, c.HALVES):
        integrators = (registers.enabled & ~registers.spiking)[hemisphere, half :: c.HALVES]
        core.post_neuron_reset(RESET_NS, hemisphere, half, integrators.astype(np.uint8))
    core.post_events(times_ns + TIME_ZERO_NS, labels)
    doorbell_ns = samples.duration_ns + config.fpga.writer_latency_ns + config.fpga.doorbell_latency_ns
    observed_ns = np.append(np.arange(0, doorbell_ns, STEP_NS), doorbell_ns)
    tickets = [core.post_cadc(doorbell_ns + TIME_ZERO_NS, hemisphere) for hemisphere in range(c.HEMISPHERES)]
    membranes = np.stack([core.membranes(int(look) + TIME_ZERO_NS).reshape(-1) for look in observed_ns])
    spikes_ns, neurons = core.all_spikes(TIME_ZERO_NS, TIME_ZERO_NS + doorbell_ns)
    return Replay(
        sample=index,
        target=int(samples.tags[index]),
        doorbell_ns=doorbell_ns,
        input_times_ns=times_ns,
        inputs=np.searchsorted(np.unique(samples.labels), labels),
        spike_times_ns=spikes_ns - TIME_ZERO_NS,
        neurons=neurons,
        times_ns=observed_ns,
        membranes_lsb=membranes,
        cadc=np.stack([core.cadc_result(ticket).T for ticket in tickets]).reshape(-1),
        registers=registers,
    )


def opening(firmware: Firmware, task: Any, config: ChipConfig, calibration: Calibration | None) -> Replay | None:
    """Run a firmware on a second chip until a while behind its first spike, and look at that while.

    None where nobody spikes within :data:`SEARCHED_NS`, or before the programs end.

    Raises:
        ChipError: a program faults by then.
    """
    first_ns = _first_spike_ns(_started(firmware, task, config, calibration))
    if first_ns is None:
        return None
    chip = _started(firmware, task, config, calibration)
    start_ns = max(0, first_ns - BEFORE_NS)
    looks_ns = np.arange(0, OPENING_NS + 1, LOOK_NS)
    membranes = np.stack([_membranes_at(chip, start_ns + int(look)) for look in looks_ns])
    end_ns = start_ns + OPENING_NS
    spikes_ns, neurons = chip.core.all_spikes(start_ns, end_ns)
    stimuli = chip.executor.program
    events_ns, labels = np.zeros(0, np.int64), np.zeros(0, np.uint16)
    if isinstance(stimuli, PlaybackProgram):
        sent_ns = stimuli.sent_ns + chip.executor.zero_ns
        first, last = np.searchsorted(sent_ns, (start_ns, end_ns))
        events_ns, labels = sent_ns[first:last] - start_ns, stimuli.labels[first:last]
    return Replay(
        sample=None,
        target=None,
        doorbell_ns=OPENING_NS,
        input_times_ns=events_ns,
        inputs=np.searchsorted(np.unique(labels), labels),
        spike_times_ns=spikes_ns - start_ns,
        neurons=neurons,
        times_ns=looks_ns,
        membranes_lsb=membranes,
        cadc=np.zeros(c.NEURONS, np.uint8),
        registers=chip.registers,
        start_ns=start_ns,
    )


def _started(firmware: Firmware, task: Any, config: ChipConfig, calibration: Calibration | None) -> Chip:
    """Return a chip that has just been started with a firmware."""
    chip = Chip(config)
    chip.keep_spikes = True
    if calibration is not None:
        chip.link.write_calibration(calibration)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CalibrationWarning)  # the first chip has said so
        load(chip, firmware.build(task, config))
    chip.start()
    return chip


def _first_spike_ns(chip: Chip) -> int | None:
    """Let a chip run until somebody has spiked, and return when; None where nobody does for long, or all has ended."""
    while chip.now_ns < SEARCHED_NS and not chip.finished:
        chip.environment.run(until=chip.now_ns + STRIDE_NS)
        spikes_ns, _ = chip.core.all_spikes(0, chip.now_ns)
        if spikes_ns.size:
            return int(spikes_ns[0])
    return None


def _membranes_at(chip: Chip, time_ns: int) -> np.ndarray:
    """float64[512]: all membranes of a running chip at a time that is not past."""
    if time_ns > chip.now_ns:
        chip.environment.run(until=time_ns)
    return chip.core.membranes(max(time_ns, chip.core.now_ns)).reshape(-1)
