"""Laws of the whole chip under random programs: who looks, and how often, changes no byte; nothing is lost unseen."""

import random
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chip.base import constants as c
from chip.base.config import ChipConfig, ImperfectionConfig
from chip.base.errors import LossError
from chip.base.feed import Post
from chip.chip import Chip
from chip.fpga.samples import SampleSet
from chip.testing import (
    UncompiledScript,
    chip_bytes,
    configs,
    imperfections,
    load_firmware,
    registers,
    run_firmware,
    sample_sets,
)
from chip.testing.networks import random_events, random_network
from tests.chip.listening import Everything
from tests.chip.loads import loads

EXAMPLES = settings(max_examples=8)


def run(config, load, progress=None):
    chip = load_firmware(Chip(config), **load)
    chip.start()
    chip.run(progress)
    return chip


def step(config, load, look):
    """Run a chip event by event, calling ``look`` after each."""
    chip = load_firmware(Chip(config), **load)
    chip.start()
    while not chip.finished:
        chip.environment.step()
        look(chip)
    return chip


@EXAMPLES
@given(configs(strict=False), loads())
def test_same_seed_same_bytes(config, load):
    chip = run(config, load)
    assert [ppu.exit_code for ppu in chip.processors] == [0, 0]
    assert chip_bytes(chip) == chip_bytes(run(config, load)) == chip_bytes(step(config, load, lambda chip: None))


def look_at_everything(chip):
    chip.counters(), chip.report(), chip.losses(), chip.weights()
    chip.core.membranes(chip.now_ns)
    chip.core.all_spikes()
    chip.core.weights()
    chip.core.snapshot()


def advance_now_and_then(chip):
    if random.Random(chip.now_ns).random() < 0.3:
        chip.core.advance(chip.now_ns)


def go_back_to_a_snapshot(chip):
    chip.core.restore(chip.core.snapshot())


@EXAMPLES
@pytest.mark.parametrize("look", [look_at_everything, advance_now_and_then, go_back_to_a_snapshot])
@given(config=configs(strict=False), load=loads())
def test_watching_changes_nothing(look, config, load):
    assert chip_bytes(step(config, load, look)) == chip_bytes(run(config, load))


@EXAMPLES
@given(configs(strict=False), loads(), st.sampled_from([(), (c.TOP,), (c.BOTTOM,), (c.TOP, c.BOTTOM)]))
def test_listening_changes_nothing(config, load, processors):
    chip = load_firmware(Chip(config), **load)
    everything = Everything(chip, processors)
    chip.start()
    chip.run()
    assert chip_bytes(chip) == chip_bytes(run(config, load))
    kinds = [posted.what for posted in everything.posts]
    assert kinds.count(Post.CONVERSION) == len(everything.conversions)
    assert kinds.count(Post.EVENTS) == 1 + len(everything.samples) == 1 + chip.player.played  # and one playback
    for hemisphere in processors:
        done = [operation for side, _, operation in everything.operations if side == hemisphere]
        assert done == list(chip.processors[hemisphere].program.steps)


@EXAMPLES
@given(configs(strict=False), loads())
def test_progress_changes_nothing(config, load):
    with mock.patch("chip.machine.PROGRESS_EVERY_S", 0), mock.patch("chip.machine.STEPS_BETWEEN_CLOCK_LOOKS", 1):
        watched = run(config, load, look_at_everything)
    assert chip_bytes(watched) == chip_bytes(run(config, load))


@EXAMPLES
@given(configs(strict=False), loads())
def test_conservation(config, load):
    last = {"ns": 0, "sent": 0}

    def look(chip):
        events = chip.counters()
        assert events["sent"] == events["delivered"] + events["lost"] + events["in_flight"]
        assert events["from_neurons"] <= events["spikes"] and events["in_flight"] >= 0
        assert chip.now_ns >= last["ns"] and events["sent"] >= last["sent"]
        assert chip.weights().max() <= 63
        last.update(ns=chip.now_ns, sent=events["sent"])

    chip = step(config, load, look)
    assert chip.losses()["doorbells"] == chip.losses()["weight overflows"] == 0  # programs are valid


@EXAMPLES
@given(configs(strict=False), imperfections(), loads())
def test_imperfections_at_zero_are_an_ideal_chip(config, switches, load):
    names = ImperfectionConfig.names()
    magnitudes = {switches._magnitude(name).name: 0.0 for name in names}
    zero = ImperfectionConfig(**{name: getattr(switches, name) for name in names}, **magnitudes)
    parts = {"seed": config.seed, "strict": False, "router": config.router, "cadc": config.cadc, "fpga": config.fpga}
    ideal, other = (run(ChipConfig(imperfections=found, **parts), load) for found in (ImperfectionConfig(), zero))
    for ppu, same in zip(ideal.processors, other.processors, strict=True):
        assert ppu.sram.tobytes() == same.sram.tobytes()
    assert ideal.core.membranes(ideal.now_ns).tobytes() == other.core.membranes(ideal.now_ns).tobytes()
    assert (ideal.now_ns, ideal.counters()) == (other.now_ns, other.counters())


@pytest.mark.parametrize("drive, lost", [(0.1, False), (0.3, False), (4.0, True), (8.0, True)])
def test_a_strict_chip_raises_exactly_what_a_lenient_one_counts(drive, lost):
    """Strong drive fills the record of a sample, weak drive does not."""

    def main(ppu):
        yield ppu.play(0)
        return 0

    times_ns, labels = random_events(1, 12, 12_000, clock_ns=8)
    samples = SampleSet(np.array([0, 12]), times_ns, labels, np.array([0]), duration_ns=12_000)
    load = {"top": UncompiledScript(main), "registers": random_network(1, 40, drive), "samples": samples}
    lenient = run(ChipConfig.ideal(strict=False), load)
    assert any(lenient.losses().values()) == lost
    if lost:
        with pytest.raises(LossError, match="spike record"):
            run(ChipConfig.ideal(), load)
    else:
        assert chip_bytes(run(ChipConfig.ideal(), load)) == chip_bytes(lenient)


@EXAMPLES
@given(
    registers(),
    sample_sets(max_samples=1).filter(lambda samples: len(samples.times_ns) > 0),
    *(st.integers(0, n - 1) for n in (2, 256, 256)),
)
def test_one_changed_label_stops_exactly_its_deliveries(network, samples, hemisphere, row, column):
    """As if that synapse had no weight, and nobody else sees a difference."""
    network.spiking[:] = False  # nothing but the events drives anybody
    network.enabled[hemisphere, column] = True
    label = int(samples.labels[0])
    node = 8 + (label >> 14), 4 * hemisphere + row // 2 % 4
    network.crossbar_target[node] = network.crossbar_mask[node] = 0
    network.row_mode[hemisphere, row], network.compare_mask[hemisphere, row // 2] = 1, 0
    network.weights[hemisphere, row, column], network.labels[hemisphere, row, column] = 63, label & 63
    unheard = min(set(range(64)) - set((samples.labels & 63).tolist()))

    def membranes(name, value):
        before = getattr(network, name)[hemisphere, row, column]
        getattr(network, name)[hemisphere, row, column] = value
        chip = run_firmware(
            UncompiledScript(watch), registers=network, samples=samples, allow=["saturated conversions"]
        )
        getattr(network, name)[hemisphere, row, column] = before
        return chip.core.membranes(chip.now_ns), chip.link.read_sram(0, "membranes").tobytes()

    whole, _ = membranes("weights", 63)
    changed, sampled = membranes("labels", unheard)
    silent, same = membranes("weights", 0)
    assert changed.tobytes() == silent.tobytes() and sampled == same
    assert np.argwhere(whole != changed).tolist() == [[hemisphere, column]]


def watch(ppu):
    yield ppu.play(0)
    yield ppu.sample_membranes(4, into="membranes")
    return 0
