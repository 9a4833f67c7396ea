"""One sample once more, on a second chip: what a bench does with an oscilloscope after the run.

The second chip is the same instance (same settings, same seed) with the registers of the first and the weights that it
learned. Neurons are at rest, but leaky integrators are pulled to their reset potential first, as a program does between
two samples; then the analog core plays the sample. Membranes and spikes are what that core did, looked at from outside.
Where the chip has noise in time, it is another stretch of the same noise.
"""

from __future__ import annotations

import copy
import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.base.registers import ROW_EXCITATORY, ROW_INHIBITORY, Registers
from chip.calibration.calibration import Calibration, CalibrationWarning
from chip.chip import Chip
from chip.fabric.crossbar import NOTHING, neuron_routes
from chip.fpga.samples import SampleSet

if TYPE_CHECKING:
    from host.host import Host
    from host.results import Result

STEP_NS = 100  # between two observations of the membranes
TIME_ZERO_NS = 16_000  # of the sample, after the start of the second chip
RESET_NS = TIME_ZERO_NS - 1_000  # of the leaky integrators


@dataclass(frozen=True, eq=False)
class Replay:
    """What one sample did; times are in ns since its time zero.

    Attributes:
        sample, target: its number in the sample set, its class.
        doorbell_ns: when the PPUs hear that it has ended; the last look at the membranes.
        input_times_ns, inputs: int64[events], and the number of the input, in the order of labels.
        spike_times_ns, neurons: int64[spikes]; neurons are ``hemisphere * 256 + column``.
        times_ns, membranes_lsb: int64[n], float64[n, 512].
        cadc: uint8[512], what a conversion at the doorbell reads.
        registers: what the chip was set to, weights as learned.
    """

    sample: int
    target: int
    doorbell_ns: int
    input_times_ns: np.ndarray
    inputs: np.ndarray
    spike_times_ns: np.ndarray
    neurons: np.ndarray
    times_ns: np.ndarray
    membranes_lsb: np.ndarray
    cadc: np.ndarray
    registers: Registers

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


def replay_of(host: Host, result: Result, index: int) -> Replay:
    """Play sample ``index`` of what a host has loaded once more; raises ValueError where that plays no samples."""
    samples = host.built.stimuli
    if not isinstance(samples, SampleSet):
        raise ValueError(f"{host.firmware.name} plays no samples; there is none to be played once more")
    return replay(host.chip.config, host.registers, result.weights, samples, index, host.chip.calibration)


def signed_weights(registers: Registers, hemisphere: int) -> np.ndarray:
    """int64[drivers, columns], -63..63: weights of drivers with a row of each sign, onto the neurons in use."""
    modes = registers.row_mode[hemisphere].reshape(c.DRIVERS, 2)
    signed = np.flatnonzero((modes == (ROW_EXCITATORY, ROW_INHIBITORY)).all(axis=1))
    weights = registers.weights[hemisphere][:, registers.enabled[hemisphere]].astype(np.int64)
    return weights[2 * signed] - weights[2 * signed + 1]
