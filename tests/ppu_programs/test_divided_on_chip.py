"""Rules with a hidden layer that both processors share, on the whole chip; the gradient is EventProp's."""

import numpy as np
import pytest

from chip import Chip, ChipConfig
from chip.base import constants as c
from chip.base.errors import ChipLimitError
from host import Host, tasks
from host.inspection.inspection import load, report
from host.loop.host_loop import HostLoop
from host.pictures import plots
from host.pictures.view import view_of
from ppu_programs import EventProp, FastAndDeep
from ppu_programs.eventprop.halves import learning
from ppu_programs.eventprop.settings import Settings
from ppu_programs.network import LI, LIF, Linear, Network
from ppu_programs.placement import INPUT_MARK
from ppu_programs.two_layer import weights
from ppu_programs.two_layer.halves import FollowingHalf
from ppu_programs.two_layer.integrators import ConductingIntegrators
from ppu_programs.two_layer.roles import WEIGHTS_LINE
from tests.host.sound_pictures import assert_sound
from tests.naive import eventprop as naive
from tests.ppu_programs.eventprop_bench import chip_errors, float_network
from tests.ppu_programs.test_eventprop_gradient import cosine
from tests.ppu_programs.watching import keep, without_updates

HIDDEN, SAMPLES, BATCH = 200, 200, 5


# ---------------------------------------------------------------------- the gradient


class Watched(EventProp):
    """Batches after which nothing is updated, but gradients, and errors and records of their samples, are kept."""

    def __init__(self):
        super().__init__(hidden=HIDDEN, batch=BATCH, epochs=1, seed=1)
        self.top, self.bottom, self.errors, self.records, self.ends = [], [], [], [], []

    def programs(self, training):
        made, s = without_updates(FollowingHalf, ConductingIntegrators, WEIGHTS_LINE), training.settings
        parts = training.placement.parts
        return tuple(
            program(s, training.plan, part, learning(s, part)) for program, part in zip(made, parts, strict=True)
        )

    def watch(self, chip):
        top, bottom = chip.processors
        keep(top, "clear", gradient=self.top)
        keep(bottom, "own_events", record=self.records, errors=self.errors)  # of samples that are not learned yet
        keep(bottom, "clear", gradient=self.bottom)
        bottom.observers.append(lambda _, operation: self.note_end(operation))

    def note_end(self, operation):
        if operation.name == "run" and operation.arguments[0].name == "clear":
            self.ends.append(len(self.records))


@pytest.fixture(scope="module")
def watched():
    firmware, host = Watched(), Host(Chip(ChipConfig.ideal()))
    host.load(firmware, tasks.yin_yang().head(SAMPLES, 1, 1))
    firmware.watch(host.chip)
    host.run()
    return firmware


def test_both_processors_together_have_the_gradient_of_the_float_reference(watched):
    """On the spikes, errors and weights of the chip itself: mean cosine over 40 batches >= 0.99, for each processor."""
    settings, placement = watched.settings, watched.placement
    hidden, readout = (weights.steps(shadow) for shadow in weights.initial_shadows(settings.network, settings.seed))
    network = float_network(settings, hidden, readout.T)
    first, cosines = 0, {"top": [], "bottom": [], "both": []}
    for n, last in enumerate(watched.ends):
        expected = 0.0
        for record, errors in zip(watched.records[first:last], watched.errors[first:last], strict=True):
            arrivals, spikes = from_record(record, placement)
            expected = expected + np.concatenate(
                naive.gradients(network, arrivals, spikes, chip_errors(errors, settings))
            )
        first = last
        ours = [
            weights.from_rows(gradient, len(part.neurons)).astype(float)
            for gradient, part in zip((watched.top[n], watched.bottom[n]), placement.parts, strict=True)
        ]
        for rows in (slice(0, 5), slice(5, 8)):
            for name, mine, part in zip(("top", "bottom"), ours, placement.parts, strict=True):
                cosines[name].append(cosine(mine[rows], expected[rows, part.neurons]))
            cosines["both"].append(cosine(np.concatenate(ours, axis=1)[rows], expected[rows]))
    for name, values in cosines.items():
        assert len(values) == 2 * SAMPLES // BATCH
        assert np.mean(values) >= 0.99, (name, np.mean(values), np.min(values))


def from_record(record, placement):
    """Input times in the order of the inputs, and the spike times of each hidden neuron, in ns, as recorded."""
    words = record[2 : 2 + record[0]]
    marked = (words & INPUT_MARK) != 0
    arrivals = np.zeros(len(placement.input_labels))
    for word in words[marked]:
        arrivals[placement.input_labels == (word & 0xFFFF)] = 8.0 * (word >> 16)
    labels = np.concatenate([part.labels for part in placement.parts])
    times, found = 8.0 * (words[~marked] >> 16), words[~marked] & 0xFFFF
    return arrivals, [times[found == label] for label in labels]


# ---------------------------------------------------------------------- a chip that learns


def learn(rule):
    host = Host(Chip(ChipConfig.typical(seed=1)))
    host.load(rule(hidden=HIDDEN, epochs=2, seed=1), tasks.yin_yang().head(1000, 100, 300))
    loaded = dict(host.chip.link.bytes)
    seen = []
    bottom = host.chip.processors[c.BOTTOM]
    bottom.observers.append(lambda *_: seen.append(dict(host.chip.link.bytes) == loaded))
    return host, host.run(), all(seen)


@pytest.fixture(scope="module", params=[EventProp, FastAndDeep])
def learned(request):
    return learn(request.param)


def test_it_learns_by_itself(learned):
    _, result, quiet = learned
    assert result.accuracy >= 0.82 and result.learning[-1] > result.learning[0] > 0.5
    assert quiet and result.time["link_s"] == 0.0
    assert not any(result.losses.values())


def test_each_processor_has_written_the_weights_of_its_neurons_into_its_rows(learned):
    host, result, _ = learned
    placement, expected = host.firmware.placement, host.firmware.placement.registers()
    final = result.arrays["hidden_shadow"], result.arrays["readout_shadow"].T
    for layer, shadow in enumerate(final):
        placement.store(expected, layer, weights.steps(shadow))
        before = placement.load(host.registers.weights, layer)
        changed = weights.steps(shadow) != before
        for part in placement.parts:
            its = changed[:, part.neurons] if layer == 0 else changed[part.neurons]
            assert its.mean() > 0.2
    used = expected.labels != 63  # synapses that nobody hears may hold anything
    assert (host.chip.weights()[used] == expected.weights[used]).all()


def test_the_same_seed_gives_the_same_bytes(learned):
    result, again = learned[1], learn(type(learned[0].firmware))[1]
    assert result.chip_seconds == again.chip_seconds
    for name, array in result.arrays.items():
        assert (array == again.arrays[name]).all(), name


def test_its_picture_shows_all_neurons_and_weights_once(learned):
    pytest.importorskip("matplotlib")
    host, result, _ = learned
    shown = view_of(result).activity(result.weights, plots.sample_to_show(result, host.task))
    assert [len(neurons) for neurons in shown.layers] == [HIDDEN, 3]
    assert_sound(result.plot().figure)


@pytest.mark.slow
@pytest.mark.parametrize("rule, accuracy", [(EventProp, 0.92), (FastAndDeep, 0.93)])
def test_a_wide_layer_learns_yin_yang(rule, accuracy):
    """In two epochs: 0.944 and 0.952 with seed 2."""
    host = Host(Chip(ChipConfig.typical(seed=2)))
    host.load(rule(hidden=HIDDEN, epochs=2, seed=2), tasks.yin_yang())
    assert host.run().accuracy >= accuracy


# ---------------------------------------------------------------------- what fits


@pytest.mark.parametrize("hidden", [129, 256])
@pytest.mark.parametrize("rule", [EventProp, FastAndDeep])
def test_both_programs_fit_their_processors_with_their_code(rule, hidden):
    host = Host(Chip())
    host.load(rule(hidden=hidden), tasks.yin_yang(), compiling=False)
    for processor in host.chip.processors:
        assert processor.link_map.code_in == "sram" and processor.link_map.used <= c.SRAM_BYTES


def test_a_network_says_the_same_as_the_settings():
    network = Network(Linear(5, 140, mean=8.0), LIF(140, tau_mem_ns=12_000), Linear(140, 3), LI(3))
    firmware = EventProp(network=network, seed=4)
    assert firmware.network == network and firmware.settings == Settings(
        hidden=140, mean=8.0, tau_mem_ns=12_000, seed=4
    )
    registers = firmware.build(tasks.yin_yang().head(25, 1, 1), ChipConfig.ideal()).registers
    for layer, drawn in enumerate(network.initial_weights(4)):
        assert np.abs(firmware.placement.load(registers.weights, layer) - np.clip(drawn, -63, 63)).max() <= 0.5


def test_what_does_not_fit_says_its_limit():
    task = tasks.yin_yang().head(25, 1, 1)
    network = Network(Linear(5, 200), LIF(200), Linear(200, 9), LI(9))
    with pytest.raises(
        ChipLimitError, match=r"^SRAM of the .* PPU: \d+ bytes needed, 16384 available; 200 hidden neur"
    ):
        Host(Chip()).load(EventProp(network=network), task, compiling=False)
    for rule in (EventProp, FastAndDeep):
        with pytest.raises(ChipLimitError, match=r"hidden layer that a host trains .*200 neurons needed, 128 avail"):
            HostLoop(Chip()).load(rule(hidden=200), task, compiling=False)


@pytest.mark.parametrize("rule", [EventProp, FastAndDeep])
def test_the_report_draws_both_parts(rule):
    text = report(load(rule(hidden=200), tasks.yin_yang(), ChipConfig.ideal()))
    assert f"top PPU: program {rule.name}, neurons 0 to 99, code in SRAM" in text
    assert f"bottom PPU: program {rule.name}, neurons 100 to 199, code in SRAM" in text
    assert "top LIF(100)" in text and "bottom LIF(100)" in text
