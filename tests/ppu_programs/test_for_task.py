"""A rule takes as many inputs and readouts as its task needs, where nobody chose them."""

from types import SimpleNamespace

import numpy as np
import pytest

from chip import ChipConfig
from ppu_programs import EventProp, FastAndDeep, SuperSpike
from ppu_programs.eventprop.settings import THREE_LAYERS, Settings
from ppu_programs.network import LI, LIF, Linear, Network


def task(inputs, classes, samples=75):
    random = np.random.default_rng(inputs)
    ranges = {"train": range(25), "validation": range(25, 50), "test": range(50, 75)}
    targets = np.arange(samples, dtype=np.uint8) % classes
    return SimpleNamespace(inputs=random.random((samples, inputs)), targets=targets, ranges=ranges)


@pytest.mark.parametrize("rule", [EventProp, FastAndDeep, SuperSpike])
@pytest.mark.parametrize("inputs, classes", [(1, 2), (2, 2), (9, 5), (30, 10)])
def test_a_rule_fits_its_network_to_a_task_and_keeps_what_was_chosen(rule, inputs, classes):
    some, fitted = task(inputs, classes), rule(hidden=7, epochs=2, seed=3).for_task(task(inputs, classes))
    assert (fitted.network.inputs, fitted.network.outputs) == (inputs + 1, classes)
    assert (fitted.settings.hidden, fitted.settings.epochs, fitted.settings.seed) == (7, 2, 3)
    built = fitted.build(some, ChipConfig.ideal())
    assert len(built.stimuli.tags) == 75 and built.settings.readouts == classes
    assert fitted.for_task(some) is fitted


def test_hidden_layers_of_several_sizes_stay():
    fitted = EventProp(hidden=(6, 7), seed=3).for_task(task(9, 5))
    assert [neurons.size for _, neurons in fitted.network.layers] == [6, 7, 5]
    assert fitted.network.inputs == 10 and fitted.settings.seed == 3


def test_classes_that_no_sample_has_are_counted_and_one_class_has_two_readouts():
    with_names = task(4, 2)
    with_names.classes = ("a", "b", "c", "d")
    assert EventProp().for_task(with_names).network.outputs == 4
    assert EventProp().for_task(task(4, 1)).network.outputs == 2


@pytest.mark.parametrize(
    "chosen",
    [
        dict(inputs=5),
        dict(readouts=3),
        dict(settings=Settings()),
        dict(network=Network(Linear(5, 60), LIF(60), Linear(60, 3), LI(3))),
        dict(network=THREE_LAYERS),
    ],
)
def test_what_was_chosen_stays(chosen):
    rule = EventProp(**chosen)
    assert rule.for_task(task(2, 2)) is rule
    with pytest.raises(ValueError, match="a sample has 2 inputs; a network of 5"):
        rule.training(task(2, 2), ChipConfig.ideal(), ())


def test_what_it_has_already_stays():
    rule = EventProp()
    assert rule.for_task(task(4, 3)) is rule


def test_more_than_it_serves_is_refused():
    with pytest.raises(ValueError, match=r"eventprop: a sample has 128 inputs; this rule takes 127 at most"):
        EventProp().for_task(task(128, 3))
    with pytest.raises(ValueError, match=r"EventProp\.readouts|eventprop\.readouts"):
        EventProp().for_task(task(4, 17))
