"""The optimiser of the host loop, and the synapses that it ends in."""

import itertools

import numpy as np
import pytest

from host.loop.adam import Adam
from host.loop.synapses import Layer, Synapses, to_steps
from ppu_programs.network import LIF, Linear, Network
from ppu_programs.placement import LayerPlace, place, two_layers


def test_the_first_step_is_the_rate_and_the_rate_falls_to_zero():
    weights = np.array([1.0, -2.0, 3.0])
    adam = Adam(weights, 0.5, 10, 0.9, 0.999, 63.0)
    adam.step(np.array([1e-4, -7.0, 0.0]))
    assert weights == pytest.approx([0.5, -1.5, 3.0], abs=1e-3)
    for _ in range(9):
        adam.step(np.array([1.0, -1.0, 0.0]))
    before = weights.copy()
    adam.step(np.ones(3))
    assert (weights == before).all()


def test_weights_stay_within_their_limit():
    weights = np.array([62.9, -62.9])
    adam = Adam(weights, 5.0, 100, 0.9, 0.999, 63.0)
    for _ in range(5):
        adam.step(np.array([-1.0, 1.0]))
    assert weights.tolist() == [63.0, -63.0]


def test_it_finds_a_minimum():
    weights, target = np.zeros(4), np.array([10.0, -20.0, 30.0, 0.3])
    adam = Adam(weights, 0.5, 400, 0.9, 0.999, 63.0)
    for _ in range(400):
        adam.step(weights - target)
    assert weights == pytest.approx(target, abs=0.05)


def test_steps_are_the_nearest_that_synapses_have():
    assert to_steps(np.array([0.4, 0.5, -0.5, 1.5, -1.6, 70.0, -63.4])).tolist() == [0, 1, 0, 2, -2, 63, -63]


class Wire:
    """Stands for the link: keeps what is written where."""

    def __init__(self, weights):
        self.weights, self.words = weights.copy(), 0

    def write_weights(self, hemisphere, rows, words, values):
        self.words += len(rows)
        for row, word, value in zip(rows, words, values, strict=True):
            self.weights[hemisphere, row, 4 * word : 4 * word + 4] = value


def test_only_words_that_changed_are_written():
    random = np.random.default_rng(1)
    placement = place(two_layers(5, 100, 3))
    registers = placement.routing()
    before = [random.integers(-63, 64, linear.sizes) for linear, _ in placement.network]

    def placed(weights):
        for layer, of_layer in enumerate(weights):
            placement.store(registers, layer, of_layer)
        return registers.weights

    wire, synapses = Wire(placed(before)), Synapses(placement, before)
    synapses.write(wire, before)
    assert wire.words == 0
    changed = [of_layer.copy() for of_layer in before]
    changed[0][2, 7], changed[1][50, 1] = -changed[0][2, 7] or 5, -changed[1][50, 1] or 5
    synapses.write(wire, changed)
    assert 2 <= wire.words <= 4  # a word of one row, or of either sign's
    assert (wire.weights == placed(changed)).all()
    synapses.write(wire, [random.integers(-63, 64, w.shape) for w in before])
    assert not (wire.weights == placed(changed)).all()


@pytest.mark.parametrize("sizes", [(5, 9, 12, 3), (4, 11, 6, 13, 2)])
def test_layers_that_share_a_hemisphere_do_not_meet(sizes):
    """Layers 0 and 2 lie side by side in the words of the same columns."""
    random = np.random.default_rng(2)
    layers = [(Linear(n, m), LIF(m)) for n, m in itertools.pairwise(sizes)]
    placement = place(Network(*itertools.chain(*layers)))
    registers = placement.routing()
    before, after = ([random.integers(-63, 64, linear.sizes) for linear, _ in layers] for _ in range(2))
    wire = Wire(registers.weights)
    for layer, of_layer in enumerate(before):
        placement.store(registers, layer, of_layer)
    wire.weights[...] = registers.weights
    Synapses(placement, before).write(wire, after)
    for layer, of_layer in enumerate(after):
        assert (placement.load(wire.weights, layer) == of_layer).all()


def test_a_layer_that_ends_within_a_word():
    wire = Wire(np.zeros((2, 256, 256), np.uint8))
    top = LayerPlace(0, 0, np.arange(3), np.array([3]), np.array([0]))
    Layer(top, np.zeros((1, 3), np.int64)).write(wire, np.array([[5, -6, 7]]))
    assert wire.weights[0, 6, :6].tolist() == [5, 0, 0, 0, 7, 0] and wire.weights[0, 7, :4].tolist() == [0, 0, 6, 0]
    assert wire.words == 3
