"""How close inferences may follow each other: samples 11.8 us apart, as on the silicon, conducted by a processor.

The published network classifies images from first spikes within 8 us, then its processor resets all membranes, 550
cycles, and the next image comes: 11.8 us, 85 thousand inferences a second, less than 200 mW (Cramer et al. 2022, and
the authors' repository). Here a processor asks for sample after sample, reads its readouts by the CADC at the end,
waits for as long as that reset, and resets them; inputs fire once in 8 us, time constants are 6 us as there. Player and
doorbell are assumed gateware (:mod:`chip.fpga.player`), where the silicon plays a fixed list.

What is timed is the chip. The network has random weights and knows nothing: whether samples disturb each other shows by
how often the strongest readout is the one that the sample has by itself, after a pause of 200 us.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.chip import Chip
from chip.energy import CHIP
from chip.fpga.samples import SampleSet
from host.calibration.progress import MeasuringProgress
from host.experiments.outcome import Outcome
from host.experiments.parity import outcome_of
from host.experiments.published import TIMING_AIM, Evidence, Point, Use
from ppu_programs.network import LI, LIF, Linear, Network
from ppu_programs.observing import Observing
from ppu_programs.placement import place

NAME = "separation"
INPUTS, HIDDEN, READOUTS = 100, 120, 10
TAU_NS = 6_000
WINDOW_NS, RESET_NS, ALONE_NS = 8_000, 2_200, 200_000
SETTLES_NS = (RESET_NS, 6_000, 12_000, 24_000, 48_000)  # from the end of a sample to the reset
SAMPLES = 40
SEPARATION_US = 11.8
LEAST_INPUT = 0.2  # an input of less is silent, as in the authors' encoding
_PAPER = "Cramer et al. 2022"
SEPARATION = Point(
    "separation of inferences",
    SEPARATION_US,
    "us",
    _PAPER,
    Use.HELD_OUT,
    Evidence.CODE,
    aim=TIMING_AIM,
)


def network() -> Network:
    """The network: 100 inputs, 120 hidden neurons, 10 readouts, all time constants 6 us."""
    times = {"tau_mem_ns": TAU_NS, "tau_syn_ns": TAU_NS}
    hidden, readout = Linear(INPUTS, HIDDEN, efficacy_lsb=1), Linear(HIDDEN, READOUTS, efficacy_lsb=1)
    return Network(hidden, LIF(HIDDEN, **times), readout, LI(READOUTS, **times))


def samples(seed: int, count: int) -> SampleSet:
    """Return samples in which input x of 0..1 fires at 8 us * log(x / (x - 0.2)), if that is within 8 us."""
    rng = np.random.default_rng(seed)
    labels = place(network()).input_labels
    offsets, times, events = [0], [], []
    for values in rng.random((count, INPUTS)):
        fires = np.flatnonzero(values > LEAST_INPUT)
        at_ns = WINDOW_NS * np.log(values[fires] / (values[fires] - LEAST_INPUT))
        early = at_ns < WINDOW_NS
        grid_ns = (at_ns[early] // c.FPGA_CLOCK_NS * c.FPGA_CLOCK_NS).astype(np.int64)
        order = np.argsort(grid_ns, kind="stable")
        times.append(grid_ns[order])
        events.append(labels[fires[early][order]])
        offsets.append(offsets[-1] + order.size)
    tags = np.zeros(count, np.uint16)
    return SampleSet(np.array(offsets), np.concatenate(times), np.concatenate(events), tags, WINDOW_NS)


def weights(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """int64[100, 120] and int64[120, 10]: normally distributed weights that let about every second neuron fire."""
    rng = np.random.default_rng([seed, 1])
    hidden = rng.normal(1.0, 8.0, (INPUTS, HIDDEN))
    readout = rng.normal(0.0, 12.0, (HIDDEN, READOUTS))
    return tuple(np.rint(np.clip(each, -c.WEIGHT_MAX, c.WEIGHT_MAX)).astype(np.int64) for each in (hidden, readout))


def play(config: ChipConfig, settle_ns: int, count: int) -> tuple[np.ndarray, float]:
    """Return uint8[count, 10] readings of samples that follow each other, and us of chip time from one to the next."""
    placement = place(network())
    registers = placement.registers()
    for layer, values in enumerate(weights(config.seed)):
        placement.store(registers, layer, values)
    chip, observing = Chip(config), Observing(room=count, readouts=READOUTS, settle_ns=settle_ns)
    chip.link.write_samples(samples(config.seed, count))
    chip.link.write_registers(registers)
    for hemisphere, program in enumerate(observing.programs(config)):
        if program is not None:
            chip.link.load_program(hemisphere, program)
    zeros_ns: list[int] = []
    chip.feed.samples.append(lambda played, index, asked, zero, end: zeros_ns.append(zero))
    observing.prepare(chip.link, np.arange(count))
    chip.link.run()
    return observing.read_readings(chip.link, count), float(np.diff(zeros_ns).mean()) / 1_000


def run(config: ChipConfig, quiet: bool = True, count: int = SAMPLES) -> Outcome:
    """Play so many samples at several pauses; ``agreement`` is float64[pauses], shares of unchanged decisions."""
    spacings, agreement = [], []
    noiseless = dataclasses.replace(config.imperfections, membrane_noise=False, cadc_noise=False)
    repeatable = dataclasses.replace(config, imperfections=noiseless)
    with MeasuringProgress(f"{NAME}, chip {config.profile}", quiet) as progress:
        progress.measuring(0, len(SETTLES_NS) + 1, "samples alone")
        alone, _ = play(repeatable, ALONE_NS, count)
        for number, settle_ns in enumerate(SETTLES_NS):
            progress.measuring(1 + number, len(SETTLES_NS) + 1, "samples one after the other")
            readings, spacing_us = play(repeatable, settle_ns, count)
            spacings.append(spacing_us)
            agreement.append(float(np.mean(readings.argmax(axis=1) == alone.argmax(axis=1))))
    at = SETTLES_NS.index(RESET_NS)
    energy_uj = CHIP.low_w * spacings[at]
    rows = [SEPARATION.found(spacings[at])]
    arrays = {"separation_us": np.array(spacings), "agreement": np.array(agreement), "readings_alone": alone}
    notes = [
        f"that is {1_000 / spacings[at]:.1f} thousand inferences a second, 84.7 published, and {energy_uj:.2f} uJ "
        "each, 2.36 published",
        f"the power is the published one, {CHIP.low_w:.1f} W, so the energy says what the separation says; another "
        f"publication's {CHIP.high_w:.1f} W make it {CHIP.high_w * spacings[at]:.1f} uJ",
        f"{agreement[at]:.0%} of {count} decisions are those of a sample by itself, by a network that was trained for "
        f"nothing and keeps currents and hidden membranes from sample to sample; chance is 10 %",
    ]
    summary = {"separation_us": spacings, "agreement": agreement}
    return outcome_of(NAME, "separation of inferences", config, rows, arrays, notes, summary)
