"""EventProp on the whole chip: spikes from the analog core, records from the FPGA, errors from the CADC."""

import numpy as np
import pytest

from chip import Chip, ChipConfig
from chip.base import constants as c
from chip.base.errors import ChipLimitError
from host import Host, tasks
from ppu_programs import EventProp, SuperSpike
from ppu_programs.eventprop.programs import HiddenProgram
from ppu_programs.eventprop.settings import DeepSettings, Settings
from ppu_programs.network import LI, LIF, Linear, Network
from ppu_programs.placement import INPUT_MARK
from ppu_programs.two_layer import settings as two_layer
from ppu_programs.two_layer import weights
from ppu_programs.two_layer.integrators import IntegratorReadouts
from tests.naive import eventprop as naive
from tests.ppu_programs.eventprop_bench import Bench, chip_errors
from tests.ppu_programs.watching import keep, without_updates

SAMPLES = 200


class Watched(EventProp):
    """Batches of one sample after which nothing is updated, but gradients, errors, records and samples are kept."""

    def __init__(self, **settings):
        super().__init__(epochs=1, seed=1, settings=Settings(batch=1, **settings))
        self.kept = {"hidden": [], "readout": [], "errors": [], "record": [], "order": []}

    def programs(self, training):
        made = without_updates(HiddenProgram, IntegratorReadouts)
        return tuple(program(training.settings, training.plan, training.placement) for program in made)

    @property
    def samples_shown(self):
        return [int(order[0]) for order in self.kept["order"]]

    def watch(self, chip):
        kept, (top, bottom) = self.kept, chip.processors
        keep(top, "clear", gradient=kept["hidden"])
        named = {"gradient": "readout", "errors": "errors", "record": "record", "order": "order"}
        keep(bottom, "clear", **{region: kept[name] for region, name in named.items()})


@pytest.fixture(scope="module")
def watched():
    firmware = Watched()
    host = Host(Chip(ChipConfig.ideal()))
    task = tasks.yin_yang().head(SAMPLES, 1, 1)
    host.load(firmware, task)
    firmware.watch(host.chip)
    host.run()
    return firmware, task


def test_every_sample_is_played_once_in_another_order_than_stored(watched):
    order = watched[0].samples_shown
    assert sorted(order) == list(range(SAMPLES)) and order != sorted(order)


def test_the_record_tells_the_class_and_the_inputs(watched):
    firmware, task = watched
    for record, sample in zip(firmware.kept["record"], firmware.samples_shown, strict=True):
        assert record[1] == task.train.targets[sample]
        words = record[2 : 2 + record[0]]
        inputs = np.sort(words[(words & INPUT_MARK) != 0] >> 16) * 8
        values = np.append(firmware.settings.first_input_ns + 27_000 * task.train.inputs[sample], 1_000)
        assert np.abs(inputs - np.sort(values)).max() <= 4


def test_the_gradient_on_the_chip_points_where_the_float_reference_points(watched):
    """On the spikes, errors and weights of the chip itself: mean cosine over 200 samples >= 0.99."""
    firmware, task = watched
    settings = firmware.settings
    network = Bench(settings, seed=1).network()
    cosines = {"hidden": [], "readout": []}
    for n, sample in enumerate(firmware.samples_shown):
        errors = chip_errors(firmware.kept["errors"][n], settings)
        arrivals, spikes = from_record(firmware.kept["record"][n], task.train.inputs[sample], settings)
        expected = naive.gradients(network, arrivals, spikes, errors)
        for layer, theirs in zip(("hidden", "readout"), expected, strict=True):
            ours = weights.from_rows(firmware.kept[layer][n], settings.hidden).astype(float)
            if ours.any() and theirs.any():
                cosines[layer].append((ours * theirs).sum() / np.linalg.norm(ours) / np.linalg.norm(theirs))
    for layer, values in cosines.items():
        assert len(values) > SAMPLES // 2, layer
        assert np.mean(values) >= 0.99, (layer, np.mean(values), np.min(values))


def from_record(record, values, settings):
    """Input times in the order of the inputs, and the spike times of each hidden neuron, as recorded."""
    words = record[2 : 2 + record[0]]
    words = words[(words & INPUT_MARK) == 0]
    lanes = ((words >> 8) & 7) * 16 + (words & 15)
    span_ns = settings.last_input_ns - settings.first_input_ns
    arrivals = np.append(settings.first_input_ns + np.asarray(values) * span_ns, float(settings.bias_ns))
    return np.round(arrivals / 8) * 8, [(words[lanes == lane] >> 16) * 8.0 for lane in range(settings.hidden)]


# ---------------------------------------------------------------------- what it refuses


@pytest.mark.parametrize(
    "arguments, error, words",
    [
        (dict(hidden=257), ChipLimitError, "hidden layer.*257 neurons needed, 256 available; use"),
        (dict(hidden=0), ValueError, "eventprop.hidden is 0; it must lie in 1..256"),
        (dict(epochs=0), ValueError, "eventprop.epochs is 0; it must lie in 1.."),
        (dict(epochs=10**6), ChipLimitError, "reports in DRAM.*train for fewer epochs"),
        (dict(seed=-1), ValueError, "eventprop.seed is -1; it must lie in 0.."),
    ],
)
def test_bad_arguments_are_refused_with_their_limit(arguments, error, words):
    with pytest.raises(error, match=words):
        EventProp(**arguments)


@pytest.mark.parametrize(
    "settings", [{"hidden": 30}, {}, "eventprop", Settings, SuperSpike.settings_class(), two_layer.Settings()]
)
def test_settings_are_those_of_the_rule(settings):
    with pytest.raises(ValueError, match=r"^eventprop: settings is .*; it needs its own, a ppu_programs.eventp"):
        EventProp(settings=settings)
    with pytest.raises(ValueError, match=r"^superspike: settings is Settings\(.*; it needs its own, a ppu_progr"):
        SuperSpike(settings=Settings())
    assert EventProp(settings=DeepSettings()).network == DeepSettings().network
    with pytest.raises(AttributeError, match="hiden"):
        EventProp().settings.hiden = 3
    with pytest.raises(TypeError, match="hiden"):
        Settings(hiden=3)


def test_whole_numbers_only():
    for arguments in (dict(hidden=50.0), dict(epochs=1.5), dict(seed="1")):
        with pytest.raises(ValueError, match="it must be of type int"):
            EventProp(**arguments)


def test_gateware_too_slow_for_the_sample_is_refused_and_an_odd_latency_is_not():
    task = tasks.yin_yang().head(25, 1, 1)
    odd = ChipConfig.from_dict({"fpga": {"doorbell_latency_ns": 500}, "router": {"on_chip_latency_ns": 1000}})
    host = Host(Chip(odd))
    host.load(EventProp(epochs=1), task)
    assert host.run().accuracy is not None
    slow = ChipConfig.from_dict({"fpga": {"writer_latency_ns": 40_000}})
    with pytest.raises(ValueError, match="lower fpga.writer_latency_ns"):
        Host(Chip(slow)).load(EventProp(epochs=1), task)


def test_both_programs_fit_their_processors_with_their_code():
    host = Host(Chip())
    host.load(EventProp(hidden=128), tasks.yin_yang(), compiling=False)
    for processor in host.chip.processors:
        assert processor.link_map.code_in == "sram" and processor.link_map.used <= c.SRAM_BYTES


def test_a_network_is_what_is_trained():
    """Settings and network say the same; what the registers hold is the network's initial weights."""
    network = Network(Linear(5, 40, mean=10.0), LIF(40, tau_mem_ns=12_000), Linear(40, 3), LI(3))
    firmware = EventProp(network=network, seed=4)
    assert firmware.network == network == firmware.settings.network and firmware.settings.tau_mem_ns == 12_000
    assert EventProp(hidden=40).network == Network(Linear(5, 40), LIF(40), Linear(40, 3), LI(3))
    registers = firmware.build(tasks.yin_yang().head(25, 1, 1), ChipConfig.ideal()).registers
    for layer, drawn in enumerate(network.initial_weights(4)):
        assert np.abs(firmware.placement.load(registers.weights, layer) - np.clip(drawn, -63, 63)).max() <= 0.5


@pytest.mark.parametrize(
    "network, words",
    [
        (Network(Linear(5, 3), LI(3)), "eventprop serves networks of one hidden layer and readouts, not Network"),
        (Network(Linear(5, 9), LIF(9), Linear(9, 3), LIF(3)), r"LI\(3.*, not Network\(.*LIF\(3"),
        (Network(Linear(5, 9), LIF(9, leak_lsb=90), Linear(9, 3), LI(3)), "not Network.*leak_lsb=90"),
        (Network(Linear(5, 9), LIF(9), Linear(9, 17), LI(17)), "eventprop.readouts is 17; it must lie in 2..16"),
    ],
)
def test_networks_that_it_cannot_serve_are_refused(network, words):
    with pytest.raises(ValueError, match=words):
        EventProp(network=network)
    with pytest.raises(ValueError, match="by hidden=3 or by a network, not by both"):
        EventProp(hidden=3, network=network)
