"""What ``inspect`` says of the event fabric: against the crossbar asked label by label."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chip import Chip, ChipConfig
from chip.fabric.counts import OUTPUT_NAMES
from chip.fpga import PlaybackProgram
from chip.testing import Script, load_firmware
from chip.testing.networks import random_network
from host.inspection.fabric_table import fabric_rows
from tests.naive.fabric import OFFSET
from tests.naive.router import neuron_input, passed_targets


def expected(registers, labels):
    neurons, events = Counter(), Counter()
    for hemisphere, column in np.argwhere(registers.enabled & registers.event_output).tolist():
        source = neuron_input(column)
        label = int(registers.backend_address[hemisphere, column]) | source << 8
        neurons.update(OUTPUT_NAMES[OFFSET[side] + bus] for side, bus in passed_targets(registers, source, label))
    for label in set(labels):
        for side, bus in passed_targets(registers, 8 + (label >> 14), label):
            events[OUTPUT_NAMES[OFFSET[side] + bus]] += 1
    return [(name, str(neurons[name]), str(events[name])) for name in OUTPUT_NAMES if neurons[name] or events[name]]


def ends(ppu):
    yield ppu.wait(2_000)
    return 0


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 100), st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=20))
def test_neurons_and_labels_are_those_that_the_crossbar_lets_pass(seed, labels):
    registers = random_network(seed)
    playback = PlaybackProgram(np.zeros(len(labels), int), labels)
    chip = load_firmware(Chip(ChipConfig.ideal()), Script(ends), registers=registers, playback=playback)
    title, *rows = fabric_rows(chip)
    assert title == ("output of the crossbar", "neurons", "labels")
    assert rows == expected(registers, labels)


@pytest.mark.parametrize("profile", ["ideal", "typical"])
def test_a_chip_that_has_run_knows_how_busy_outputs_were_where_events_queue(profile):
    registers = random_network(1)
    playback = PlaybackProgram(np.arange(0, 800, 8), np.zeros(100, int))
    chip = load_firmware(Chip(getattr(ChipConfig, profile)()), Script(ends), registers=registers, playback=playback)
    chip.start()
    chip.run()
    title, *rows = fabric_rows(chip)
    assert ("busy" in title) == (profile == "typical")
    if profile == "typical":
        passed = chip.link.read_fabric_counters().output_events
        shown = {row[0]: row[3] for row in rows}
        for name, count in zip(OUTPUT_NAMES, passed.tolist(), strict=True):
            assert shown.get(name, "0.000%") == f"{round(count / (chip.core.now_ns // 4), 6):.3%}"
