"""What a placement writes into registers: every population has its own parameters, whatever lies beside it."""

import itertools

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from chip.base import constants as c
from chip.base.errors import ChipLimitError
from ppu_programs.network import LI, LIF, Inputs, NetworkGraph, Projection
from ppu_programs.placement import place


def assert_its_own(placement):
    """Hold the registers of every population against its settings."""
    registers = placement.registers()
    for name, neurons in placement.graph.neurons():
        at, efficacy_lsb = placement.neurons[name], placement.graph.efficacy_lsb(name)
        for side, columns in at.circuits():
            expected = {"leak_lsb": neurons.leak_lsb, "reset_lsb": neurons.leak_lsb, "tau_mem_ns": neurons.tau_mem_ns}
            expected |= {"tau_syn_exc_ns": neurons.tau_syn_ns, "tau_syn_inh_ns": neurons.tau_syn_ns}
            expected["efficacy_lsb"] = efficacy_lsb * (c.HEMISPHERES if at.merged else 1)
            if isinstance(neurons, LIF):
                expected["threshold_lsb"] = neurons.leak_lsb + neurons.threshold_lsb
                expected["refractory_ns"] = neurons.refractory_ns
            for register, value in expected.items():
                np.testing.assert_array_equal(getattr(registers, register)[side, columns], value, f"{name}, {register}")


MERGED_BEHIND = {
    "many": Inputs(150), "few": Inputs(5),
    "a": LIF(20, threshold_lsb=20, tau_mem_ns=5_000), "b": LIF(10, threshold_lsb=100, tau_mem_ns=20_000),
}  # fmt: skip


@pytest.mark.parametrize("order", list(itertools.permutations(MERGED_BEHIND)), ids=" ".join)
def test_merged_neurons_in_even_columns_leave_those_beside_them_alone(order):
    populations = {name: MERGED_BEHIND[name] for name in order}
    placement = place(NetworkGraph(populations, Projection("many", "b"), Projection("few", "a")))
    assert placement.neurons["b"].merged and not placement.neurons["a"].merged
    assert_its_own(placement)


@st.composite
def networks(draw):
    """Populations of neurons in any order, all of them set differently; some need the rows of both hemispheres."""
    sizes = draw(st.lists(st.integers(1, 60), min_size=1, max_size=5))
    populations = {"few": Inputs(5), "many": Inputs(140)}
    for k, size in enumerate(sizes):
        populations[f"n{k}"] = LIF(size, threshold_lsb=20 + k, leak_lsb=80 + k, tau_mem_ns=5_000 + 1_000 * k,
                                   tau_syn_ns=3_000 + 1_000 * k, refractory_ns=2_000 + 80 * k)  # fmt: skip
    if draw(st.booleans()):
        populations["out"] = LI(draw(st.integers(1, 10)), leak_lsb=100, tau_mem_ns=30_000, tau_syn_ns=15_000)
    neurons = [name for name in populations if name not in ("few", "many")]
    projections = [
        Projection(draw(st.sampled_from(["few", "many"])), name, efficacy_lsb=1 + k) for k, name in enumerate(neurons)
    ]
    return NetworkGraph({name: populations[name] for name in draw(st.permutations(list(populations)))}, *projections)


@settings(deadline=None, max_examples=60)
@given(graph=networks())
def test_every_population_has_its_own_parameters_in_any_order(graph):
    try:
        placement = place(graph)
    except ChipLimitError:
        assume(False)
    assert_its_own(placement)
