"""A gradient step that streams: the same bytes as a twin, and the time of what is booked for it."""

import numpy as np
import pytest

from chip import ChipConfig
from chip.base import constants as c
from chip.ppu.costs import COSTS
from chip.ppu.vector.unit import RANDOM_TAPS
from chip.testing import WatchedChip, load_firmware, run_firmware
from ppu_programs.descent import READOUT, Descent
from ppu_programs.placement import place
from tests.naive import streaming as naive

ROWS = 128  # of each processor
LOAD, STORE = c.SRAM_VECTOR_LOAD_CYCLES, c.SRAM_VECTOR_STORE_CYCLES
EXTERNAL_LOAD = 8 * (c.EXTERNAL_LOAD_CYCLES + STORE)
MASK = 2 * (c.EXTERNAL_LOAD_CYCLES + STORE)  # once
EXTERNAL_STORE = c.EXTERNAL_STORE_CYCLES + 3 * c.EXTERNAL_STORE_SUSTAINED_CYCLES + 4 * LOAD
IN_SRAM = 10 * LOAD + 4 * STORE
RANDOM = 16 * c.WEIGHT_LOAD_CYCLES
SYNAPSES = 4 * (c.WEIGHT_LOAD_CYCLES + c.WEIGHT_STORE_CYCLES)


def arithmetic():
    """Of a row: its vector instructions, two halves, and the scalar that each splat takes."""
    step = {"multiply_add": 2 + 2 + 8 + 2 + 2, "splat": 2, "permute": 2 + 1 + 1, "shift": 2}
    signs = {"multiply_add": 1, "splat": 1, "permute": 4, "compare": 2}
    counts = {name: step.get(name, 0) + signs.get(name, 0) for name in step | signs}
    cycles = sum(count * COSTS[f"vector_{name}"].cycles for name, count in counts.items())
    return c.HALVES * (cycles + counts["splat"] * COSTS["alu"].cycles)


def ended(firmware, config=None):
    """What was built, the random registers before, and the chip behind the run."""
    config = config or ChipConfig.ideal()
    built, chip = firmware.build(None, config), load_firmware(WatchedChip(config), firmware)
    units = [naive.Registers16(p.vector.state.random_state.copy(), RANDOM_TAPS) for p in chip.processors]
    chip.link.run()
    chip.check()
    return built, units, chip


@pytest.mark.parametrize(
    "settings",
    [{}, {"window": 5, "rate": 0x7FFF, "seed": 2}, {"inputs": 30, "hidden": 20, "updates": 3}, {"rate": 0}],
)
def test_an_update_is_that_of_the_twin(settings):
    firmware = Descent(**settings)
    s = firmware.settings
    built, units, chip = ended(firmware)
    placement, layout = place(s.network.graph), built.plan
    values = {name: read_image(layout, built.external, name) for name in ("shadow", "gradient")}
    shadow, weights = values["shadow"], built.registers.weights
    for _ in range(s.updates):
        shadow, weights = naive.descended(placement, shadow, values["gradient"], s.rate, units, weights)
    assert np.array_equal(firmware.shadows(chip.link, built), shadow)
    assert np.array_equal(layout.read(chip.link, "gradient"), values["gradient"])
    assert np.array_equal(chip.weights(), weights)
    readout = [placement.load(w, READOUT) for w in (chip.weights(), built.registers.weights)]
    assert np.array_equal(*readout) and readout[0].any()
    assert np.abs(placement.load(chip.weights(), 0)).max() <= c.WEIGHT_MAX
    assert np.array_equal(shadow, values["shadow"]) == (s.rate == 0)


def read_image(layout, image, name):
    """int64[sources, targets] of what the host has written."""
    found = np.zeros(layout.shape, np.int64)
    for side in layout.sides:
        if len(side):
            vectors = image[layout.address_of(side.hemisphere, name)].view(np.int16)
            by_lane = np.empty(side.targets.shape, np.int64)
            for lane in range(c.LANES):  # a slice of 16 lanes: eight halfwords of each of two vectors
                place_of = 64 * (lane // 8 % 2) + 8 * (lane // 16) + lane % 8
                by_lane[..., lane] = vectors.reshape(side.targets.shape)[..., place_of]
            side.scatter(by_lane, found)
    return found


def test_an_update_takes_what_is_booked_for_it():
    """Beside the sum of booked costs, which leaves out calls, loops and addresses."""
    chip = run_firmware(Descent())
    cycles = chip.now_ns // c.PPU_CLOCK_NS
    rows = EXTERNAL_LOAD, EXTERNAL_STORE, IN_SRAM, RANDOM, arithmetic(), SYNAPSES
    assert rows == (3128, 498, 678, 320, 630, 160)
    derived = ROWS * sum(rows) + MASK
    assert derived == 693_774
    assert derived < cycles == pytest.approx(derived, rel=0.065)
    assert cycles == pytest.approx(735_053, rel=0.001)  # as the tables say
    for processor in chip.processors:
        assert processor.busy_cycles == pytest.approx(cycles, rel=0.001)
        assert processor.cycles["external load"] == ROWS * EXTERNAL_LOAD + MASK
        assert processor.cycles["external store"] == ROWS * EXTERNAL_STORE
        assert processor.cycles["weights"] == ROWS * SYNAPSES
        assert processor.cycles["kernel"] == pytest.approx(ROWS * (IN_SRAM + RANDOM + arithmetic()), rel=0.14)
    external = ROWS * (EXTERNAL_LOAD + EXTERNAL_STORE) / cycles
    assert external == pytest.approx(0.63, abs=0.005)
    assert 1e9 / chip.now_ns == pytest.approx(340, abs=1)


def test_a_larger_window_gains_nothing_that_counts():
    taken_ns = [run_firmware(Descent(window=window)).now_ns for window in (1, 8)]
    assert taken_ns[1] == pytest.approx(taken_ns[0], rel=0.005)


def test_rounding_is_unbiased():
    """A shadow between two weights becomes either, as often as it is near."""
    firmware = Descent(rate=0)
    built, _, chip = ended(firmware)
    found = place(firmware.settings.network.graph).load(chip.weights(), 0)
    error = found - built.plan.read(chip.link, "shadow") / 512
    assert abs(error.mean()) < 4 * error.std() / np.sqrt(error.size) + 1 / 1024
    assert (abs(error) < 1).all()
