"""BCM with lateral inhibition: cells become selective for one of four images each, by a threshold that slides.

    firmware = BCM()                                     # 0.3 s of chip time
    chip = run_firmware(firmware)
    firmware.outcome(chip.link, firmware.build(None, chip.config)).metrics

The network is data: images, whose events the top processor puts on its PADI busses, onto cells, and cells onto each
other. Where it lies, and all registers that follow, is for :mod:`ppu_programs.placement` to say. At each presentation
of an image the processor

1. resets the neurons and sends the image's events, one every 2 us: pixels of the image often, others seldom;
2. reads the cells' spike counters, y, and counts the events of each pixel, x;
3. changes the weights of a cell by ``x y (y - theta) eta``, with theta a sliding mean of y squared over 4;
4. writes the rows of all pixels.

What is below its threshold forgets the image, what is above learns it; the threshold follows, so that a cell keeps one
image (Bienenstock, Cooper and Munro, 1982). Inhibition between cells, which is not learned, spreads them over the
images: with it each of the four has a cell, for seeds 1 to 6 on `ideal` and `typical` chips alike; without it, for one
seed of these.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.base.settings import Checked, setting
from chip.link import HostLink
from chip.ppu import Memory, Recording, i32, kernel, maximum, minimum, u8
from chip.ppu.program import Program
from ppu_programs.contract import Array, Built, Firmware, Outcome, Status
from ppu_programs.network import LIF, Injected, NetworkGraph, Projection, Sign
from ppu_programs.placement import GraphPlacement, place

if TYPE_CHECKING:
    from chip.chip import Chip

PIXELS, CELLS, IMAGES = 16, 8, 4
OFTEN, SELDOM = 15, 2  # events of a pixel, in the mean, if it belongs to the image, or not
EVENTS = (PIXELS * OFTEN + (IMAGES - 1) * PIXELS * SELDOM) // IMAGES  # of a presentation
DRAWN = 64  # presentations that follow each other again and again, a power of two
EVENT_WAIT_CYCLES = 260  # with what is around it an event every 2 us
DECAY_CYCLES = 5_000  # 20 us, until currents are gone
ONE = 256  # of a weight, in the steps in which it is kept
HIGHEST = c.WEIGHT_MAX * ONE
FIRST_THRESHOLD = 40
LEARNED, LATERAL = 0, 1  # projections
LANES = c.LANES
NETWORK = NetworkGraph(
    {"pixels": Injected(PIXELS), "cells": LIF(CELLS, threshold_lsb=40)},
    Projection("pixels", "cells", sign=Sign.EXCITATORY, efficacy_lsb=2),
    Projection("cells", "cells", sign=Sign.INHIBITORY, mask=~np.eye(CELLS, dtype=bool)),
)


@kernel
def bcm(v, m, first, eta):
    """Learn from a presentation whose events are the ``EVENTS`` pixels from ``first`` on."""
    for i in range(PIXELS):
        m.x[i] = 0
    for k in range(EVENTS):
        pixel = m.pixels[first + k]
        m.x[pixel] = m.x[pixel] + 1
    for j in range(CELLS):
        y = m.counts[j]
        phi = y * ((y << 8) - m.theta[j]) >> 8
        m.theta[j] = m.theta[j] + ((y * y << 6) - m.theta[j] >> 4)  # y squared over 4, in 256ths
        for i in range(PIXELS):
            fine = m.fine[CELLS * i + j] + (m.x[i] * phi * eta >> 6)
            fine = minimum(maximum(fine, 0), HIGHEST)
            m.fine[CELLS * i + j] = fine
            m.rows[LANES * i + m.lanes[j]] = minimum(fine + (ONE >> 1) >> 8, c.WEIGHT_MAX)


class BCMProgram(Program):
    """What the top processor runs; see the module's text. The settings are those of :class:`BCM`."""

    name = "BCM"
    memory = Memory(
        pixels=u8[DRAWN * EVENTS],
        row_selects=u8[PIXELS],
        labels=u8[PIXELS],
        lanes=u8[CELLS],
        counts=u8[CELLS],
        x=i32[PIXELS],
        theta=i32[CELLS],
        fine=i32[PIXELS * CELLS],
        rows=u8[PIXELS * LANES],
    )
    kernels = (bcm,)

    def __init__(
        self, placement: GraphPlacement, pixels: np.ndarray, weights: np.ndarray, presentations: int, eta: int
    ):
        cells, sources = placement.neurons["cells"], placement.sources["pixels"]
        self.half, self.lanes = int(cells.halves[0]), tuple(cells.lanes.tolist())
        self.busses = tuple(sorted(set(sources.busses.tolist())))
        self.rows = tuple(sources.rows[:, c.TOP, 0].tolist())
        self.sources, self.pixels, self.weights = sources, pixels, weights
        self.presentations, self.eta = presentations, eta
        self.recordings = (Recording("counts", region="counts", count=presentations),)

    def image(self) -> dict[str, np.ndarray]:
        return {
            "pixels": self.pixels.ravel(),
            "row_selects": self.sources.row_selects,
            "labels": self.sources.synapse_labels,
            "lanes": np.array(self.lanes),
            "theta": np.full(CELLS, FIRST_THRESHOLD * ONE),
            "fine": ONE * self.weights.ravel(),
        }

    def main(self, ppu):
        for k in range(self.presentations):
            first = EVENTS * (k & (DRAWN - 1))
            yield ppu.reset_neurons()
            yield ppu.read_spike_counters(into="counts", halves=(self.half,), lanes=self.lanes, reset=True)
            for event in range(EVENTS):
                pixel = ppu.word("pixels", first + event)
                yield ppu.inject_event(self.busses, ppu.word("row_selects", pixel), ppu.word("labels", pixel))
                yield ppu.wait(EVENT_WAIT_CYCLES)
            yield ppu.wait(DECAY_CYCLES)
            yield ppu.read_spike_counters(into="counts", halves=(self.half,), lanes=self.lanes, reset=True)
            yield ppu.record("counts")
            yield ppu.run(bcm, first, self.eta)
            yield ppu.store_weights(self.rows, half=self.half, source="rows")
        return 0


@dataclass(frozen=True)
class Settings(Checked):
    """Settings of :class:`BCM`.

    Attributes:
        presentations: of images.
        eta: rate of learning; 0 leaves the weights alone.
        inhibition: weight between cells.
        seed: of initial weights and of images.
    """

    section: ClassVar[str] = "BCM"
    presentations: int = setting(1600, 1, 1 << 20)
    eta: int = setting(4, 0, 16)
    inhibition: int = setting(20, 0, c.WEIGHT_MAX)
    seed: int = setting(1, 0, 1 << 62)


class BCM(Firmware):
    """The example: 16 pixels, 8 cells, the top processor alone.

    The outcome is the mean ``selectivity`` of the cells, see :func:`selectivity`, how many images have a cell that
    prefers them, see :func:`preferred`, None where no presentation was recorded, and ``responses``, mean spikes of the
    last 64 presentations.
    """

    name = "BCM"
    settings_class = Settings
    network = NETWORK

    def build(self, task: None, config: ChipConfig) -> Built:
        s, placement = self.settings, place(NETWORK)
        rng = np.random.default_rng(s.seed)
        weights = rng.integers(10, 25, (PIXELS, CELLS))
        shown = rng.permutation(np.repeat(np.arange(IMAGES), DRAWN // IMAGES))
        registers = placement.registers()
        placement.store(registers, LEARNED, weights)
        placement.store(registers, LATERAL, s.inhibition * NETWORK.projections[LATERAL].mask)
        program = BCMProgram(placement, _drawn(shown, rng), weights, s.presentations, s.eta)
        return Built(registers, (program, None), plan=shown)

    def status(self, chip: Chip, built: Built) -> Status:
        """Presentations that were recorded."""
        done = chip.processors[c.TOP].recorder.track("counts").written
        return Status(done, self.settings.presentations, "presentations")

    def outcome(self, link: HostLink, built: Built) -> Outcome:
        found, metrics = self.responses(link, built), dict.fromkeys(("selectivity", "images_preferred"))
        if len(link.read_recording(c.TOP, "counts")):
            metrics = {"selectivity": float(selectivity(found).mean()), "images_preferred": len(preferred(found))}
        return Outcome(metrics, {"responses": Array(found, "image", "cell")})

    def responses(self, link: HostLink, built: Built, first: int = -DRAWN, last: int | None = None) -> np.ndarray:
        """float[images, cells]: mean spikes of a presentation, of those from ``first`` to ``last``, which it is not.

        They are 0 for an image that was not shown.
        """
        counts = link.read_recording(c.TOP, "counts")["values"].astype(float)
        shown = built.plan[np.arange(len(counts)) % DRAWN][first:last]
        sums = np.stack([counts[first:last][shown == image].sum(axis=0) for image in range(IMAGES)])
        return sums / np.maximum(1, np.bincount(shown, minlength=IMAGES))[:, None]


def _drawn(shown: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw int[presentations, EVENTS], the pixels of the events of each."""
    often = np.arange(PIXELS) // (PIXELS // IMAGES) == shown[:, None]
    chances = np.where(often, OFTEN, SELDOM) / EVENTS
    return np.stack([rng.choice(PIXELS, EVENTS, p=row) for row in chances])


def preferred(responses: np.ndarray) -> set[int]:
    """The images that some cell responds to more than to others, the first of those that are alike."""
    return set(responses.argmax(axis=0)[responses.max(axis=0) > 0].tolist())


def selectivity(responses: np.ndarray) -> np.ndarray:
    """float[cells]: 1 - mean / highest response over images; 0 for a cell that prefers none, or is silent."""
    highest = responses.max(axis=0)
    return np.where(highest > 0, 1 - responses.mean(axis=0) / np.maximum(highest, 1e-9), 0.0)
