"""Networks of several hidden layers trained from the host: on the chip, over the link, from end to end."""

import json

import numpy as np
import pytest

from chip import Chip, ChipConfig
from chip.base import constants as c
from chip.base.config import FpgaConfig
from chip.base.feed import Post
from chip.base.saving import npz_bytes
from host import Host, Result, tasks
from host.loop.host_loop import HostLoop
from host.pictures import plots
from host.results.report import report
from ppu_programs import EventProp, FastAndDeep, SuperSpike
from ppu_programs.eventprop.settings import THREE_LAYERS, DeepSettings
from ppu_programs.network import LI, LIF, Linear, Network
from tests.host.sound_pictures import assert_sound
from tests.naive import deep

BETWEEN = dict(mean=8.0, spread=24.0)
SIZE = 30  # of each hidden layer


def network(depth: int, **between) -> Network:
    more = [each for _ in range(depth - 2) for each in (Linear(SIZE, SIZE, **between), LIF(SIZE))]
    return Network(Linear(5, SIZE), LIF(SIZE), *more, Linear(SIZE, 3), LI(3))


SMALL = {"three layers": network(3, **BETWEEN), "four layers": network(4, **BETWEEN)}


def loop(network: Network, epochs=1, train=50, config=None) -> HostLoop:
    host = HostLoop(Chip(config or ChipConfig.ideal(seed=1)))
    host.load(EventProp(network=network, epochs=epochs, seed=1), tasks.yin_yang().head(train, 20, 30))
    return host


@pytest.mark.parametrize("name", SMALL)
def test_the_host_sees_what_an_exact_network_does(name):
    """Spikes of every layer and the readouts, but for what a sample leaves to the next, and stamps of 8 ns."""
    host = loop(SMALL[name])
    learner, of_samples = host.learner, host.firmware.settings
    learner.link.record_trace(True)
    seen = learner._observe(np.arange(10))
    weights = [np.floor(of_layer + 0.5) for of_layer in learner.weights]
    exact = [deep.run(of_samples, weights, arrivals) for arrivals in seen.arrivals_ns]
    potentials = [deep.readout_potentials(of_samples, weights, spikes) for spikes in exact]
    assert np.median(np.abs(seen.readings - 128.0 - potentials)) <= 2.0 < 0.2 * np.ptp(potentials)
    for layer, spikes in enumerate(seen.spikes):
        apart, spiking, other_count = [], 0, 0
        for n, j in np.ndindex(10, SIZE):
            part = slice(spikes.first[n], spikes.first[n + 1])
            found, times = spikes.times_ns[part][spikes.neurons[part] == j], exact[n][layer][j]
            spiking += max(len(found), len(times)) > 0
            other_count += len(found) != len(times)
            if len(found) == len(times):
                apart.extend(found - times)
        assert spiking > 50 and other_count < 0.1 * spiking
        assert -10.0 < np.median(apart) < 0.0 and np.median(np.abs(apart)) < 30.0


@pytest.mark.parametrize("name", SMALL)
def test_only_the_readouts_are_reset_and_read(name):
    """Readouts lie in the odd columns, at the top for three layers, at the bottom for four."""
    host = loop(SMALL[name])
    place = host.firmware.placement.layers[-1]
    assert (place.hemisphere, place.half) == (SMALL[name].depth % 2 == 0, c.ODD)
    asleep = host.chip.processors[1 - place.hemisphere]
    assert asleep.program is None
    resets = []

    def look(posted):
        if posted.what is Post.NEURON_RESET:
            resets.append((posted.arguments["hemisphere"], posted.arguments["half"]))

    host.chip.feed.posts.append(look)
    result = host.run()
    assert set(resets) == {(place.hemisphere, place.half)} and len(resets) == result.samples == 100


def test_a_result_has_the_weights_of_every_layer(tmp_path):
    host = loop(SMALL["four layers"], epochs=2)
    result = host.run()
    assert result.complete and result.where == "host" and sum(result.losses.values()) == 0
    shapes = {name: values.shape for name, values in result.arrays.items() if name.endswith("_weights")}
    layers = {f"hidden_{k}_weights": (SIZE if k else 5, SIZE) for k in range(3)}
    assert shapes == layers | {"readout_weights": (3, SIZE)}
    on_chip = [host.firmware.placement.load(result.weights, layer) for layer in range(4)]
    shadows = [result.arrays[f"hidden_{k}_weights"] for k in range(3)] + [result.arrays["readout_weights"].T]
    for written, shadow in zip(on_chip, shadows, strict=True):
        assert (written == np.floor(shadow + 0.5)).all()
    result.save(tmp_path)
    loaded = Result.load(tmp_path)
    assert Network.from_dict(loaded.network) == SMALL["four layers"] and loaded.settings["slope_limit"] == 8.0
    assert "network" not in json.loads((tmp_path / "result.json").read_text())["settings"]
    assert "eventprop from the host on chip ideal" in report(loaded)
    assert_sound(plots.draw(result).figure)
    assert any("synapse of hidden layer 2" in sentence for sentence in loaded.assumptions)


def test_programs_of_the_chip_refuse_deep_networks_before_anything_is_written():
    host = Host(Chip(ChipConfig.ideal(seed=1)))
    words = (
        "eventprop on the chip serves networks of one or two hidden layers .* train deeper ones from the host, with --"
    )
    with pytest.raises(ValueError, match=words):
        host.load(EventProp(network=SMALL["four layers"]), tasks.yin_yang().head(50, 20, 30))
    assert host.chip.link.bytes["before"] == 0 and host.chip.player.samples is None


@pytest.mark.parametrize("rule", [SuperSpike, FastAndDeep])
def test_other_rules_refuse_deep_networks(rule):
    with pytest.raises(ValueError, match=f"{rule.name} serves networks of one hidden layer and readouts, not Network"):
        rule(network=THREE_LAYERS)


def test_the_size_of_one_hidden_layer_says_nothing_of_several():
    with pytest.raises(ValueError, match="eventprop: hidden is 9, but .* has more hidden layers"):
        EventProp(hidden=9, settings=DeepSettings())


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_deep_networks_learn_and_repeat_themselves(name):
    config = ChipConfig.typical(seed=2, fpga=FpgaConfig(spike_writer=False))  # whose record lively networks overflow
    one, other = (loop(SMALL[name], 3, 1_000, config).run() for _ in range(2))
    losses = one.arrays["train_loss"]
    assert losses[2] < 0.75 * losses[0] and one.learning[2] > 0.65, (losses, one.learning)
    assert npz_bytes(one.arrays) == npz_bytes(other.arrays) and one.host_link == other.host_link
