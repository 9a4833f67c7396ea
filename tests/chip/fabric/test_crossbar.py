"""The crossbar's nodes and pass rule, against the loops of the slow twin."""

import numpy as np
import pytest

from chip.base import constants as c
from chip.base.registers import Registers
from chip.fabric.crossbar import NOTHING, neuron_routes, node_registers, node_table, passes
from chip.fabric.padi import padi_key
from tests.naive.router import OUTPUT_OFFSET, neuron_input, passed_targets, targets_of_input


def random_registers(seed):
    rng = np.random.default_rng(seed)
    registers = Registers()
    registers.backend_address[:] = rng.integers(0, 256, (2, 256))
    registers.crossbar_mask[:] = rng.choice([0, 1, 0xFF, 0x3FFF], (20, 12))
    registers.crossbar_target[:] = np.where(rng.random((20, 12)) < 0.7, 0, rng.integers(0, 1 << 14, (20, 12)))
    registers.crossbar_target[:] &= registers.crossbar_mask
    registers.event_output[:] = rng.random((2, 256)) < 0.8
    return registers


def test_there_are_76_nodes_where_the_vendor_has_them():
    exists = node_table()
    assert exists.sum() == 76
    expected = np.zeros_like(exists)
    for source in range(c.CROSSBAR_INPUTS):
        for side, number in targets_of_input(source):
            expected[source, OUTPUT_OFFSET[side] + number] = True
    np.testing.assert_array_equal(exists, expected)


@pytest.mark.parametrize("seed", range(3))
def test_the_pass_rule(seed):
    registers = random_registers(seed)
    nodes = node_registers(registers)
    rng = np.random.default_rng(seed)
    passed = 0
    for label in rng.integers(0, 1 << 16, 40).tolist():
        for source in range(c.CROSSBAR_INPUTS):
            found = [output for output in range(c.CROSSBAR_OUTPUTS) if passes(nodes, source, output, label)]
            expected = [OUTPUT_OFFSET[side] + number for side, number in passed_targets(registers, source, label)]
            assert found == sorted(expected)
            passed += len(found)
    assert passed > 100


def test_the_default_passes_nothing():
    nodes = node_registers(Registers())
    for label in (0, 1, 0x3FFE, 0xC000):
        assert not any(passes(nodes, i, o, label) for i in range(c.CROSSBAR_INPUTS) for o in range(c.CROSSBAR_OUTPUTS))


@pytest.mark.parametrize("seed", range(3))
def test_routes_of_neurons(seed):
    registers = random_registers(seed)
    routes = neuron_routes(registers)
    for hemisphere in range(2):
        for column in range(0, 256, 7):
            where = (hemisphere, column)
            label = int(registers.backend_address[where]) + 256 * (column // 32)
            label += 0x4000 * (column // 32 % 4)
            targets = passed_targets(registers, neuron_input(column), label) if registers.event_output[where] else []
            assert routes.sent[where] == registers.event_output[where]
            assert routes.label[where] == label
            assert routes.recorded[where] == any(side == "fpga" for side, _ in targets)
            keys = {side: padi_key(OUTPUT_OFFSET[side] + bus, label) for side, bus in targets if side != "fpga"}
            assert routes.top_key[where] == keys.get("top", NOTHING)
            assert routes.bottom_key[where] == keys.get("bottom", NOTHING)
