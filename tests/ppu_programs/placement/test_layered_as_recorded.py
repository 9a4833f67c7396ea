"""Where networks of layers lie, byte for byte as it was recorded: what rules learn depends on it."""

import dataclasses
import hashlib

import numpy as np
import pytest

from chip.base import constants as c
from ppu_programs.network import LI, LIF, Linear, Network
from ppu_programs.placement import place

RECORDED = {  # SHA-256, its first half
    ((5, 120, 3), "LI", None): "eb65095b31b418f436ddffbf3b71dab3",
    ((5, 120, 3), "LIF", None): "572cb428499259f4adeb9d2ad4f79834",
    ((1, 1), "LI", None): "6eb73912420bf8041213f3acd287324b",
    ((128, 128), "LIF", None): "8e0d9c0b1f31abb5decc0f42088d4289",
    ((128, 128, 128), "LI", None): "351dd98a633649d3cfa30f92df94f0cc",
    ((128, 128, 128), "LIF", (0,)): "35fc20036af028e8d025a46c89599082",
    ((100, 128, 28, 64), "LIF", None): "56c557049d1387e5fa6e86cdd4963924",
    ((70, 28, 58, 100, 128), "LIF", None): "bc3a440cf6202f950efe229fa1fe10ec",
    ((70, 28, 58, 100, 128), "LI", ()): "67b042578a234c6a6a1abc430e3f8fc0",
    ((5, 60, 60, 3), "LI", None): "0c817393266e2122e146dcc5e750f216",
    ((5, 60, 60, 3), "LI", (0, 1)): "0c817393266e2122e146dcc5e750f216",
    ((4, 8, 6, 5), "LIF", (0, 2)): "c25666a2601b9a65d449c27246dc1750",
    ((4, 8, 6, 5), "LIF", (1,)): "a5413694a7a4a41fde787c3bd2bf5e0d",
    ((5, 64, 80, 3), "LI", None): "b612af5a5e4b9d40860ac4892c6aed3e",
    ((64, 64, 64, 3), "LI", None): "168668725e153c09b18df29518ee48ae",
    ((16, 8), "LIF", ()): "7a1f0d99a6ef7a36dbfb51d0871b0ab1",
    ((20, 36, 20, 19, 7), "LIF", (1, 3)): "c30eac4459f107cad9f8f055ced640db",
    ((127, 1, 1, 1, 1), "LI", None): "2ff88caf3789988f1cffed64e79fb0bf",
    ((1, 127, 1, 1, 128), "LIF", None): "13b73ad140569392742f8b96352db3cb",
    ((1, 17, 127, 111, 1), "LIF", None): "d2b58e47cc7530e3aebc6e311c292f85",
    ((17, 103), "LI", None): "f733afcefd8b1ab31a47918e1d503621",
    ((77, 92, 4, 63), "LI", None): "6038eb198f9a5fb3e64a6b6f68435c16",
    ((119, 71, 10), "LIF", None): "da610bcef137d48ca25e6c9f258337a5",
    ((97, 122), "LIF", None): "a9e131af2345b67a0ae0f2dc9bf7d0a0",
    ((85, 128, 36), "LIF", None): "b1d30a20a681c485f6b9ca3ebe56b693",
    ((45, 101), "LI", None): "bd9dc4e90c58ba2dae8b823063ecd5d4",
    ((71, 106, 62), "LIF", None): "adc1f9404f9ac46e209adde9f14e262b",
    ((119, 76, 93), "LI", None): "8ae1dec5dc733a5409c8caa45fb6f06d",
    ((100, 60), "LIF", None): "61a0b6e2272a813a0bba332e6da1b4ec",
    ((2, 11, 125), "LIF", None): "9b4a75be4f557597ac5b78f4c5145832",
    ((56, 31, 19), "LIF", None): "9b13402f4915ba33f23ae9198687dccb",
    ((10, 26, 73, 116), "LIF", None): "58e23b14dadbb7d8e000806d47cdf3f5",
    ((79, 5), "LI", None): "7d5ce62ba88b8109de8e46dd35bd6620",
    ((57, 45), "LIF", None): "6548f83e5a22334e9cdb46d013c4f9a0",
    ((44, 116, 81), "LIF", None): "94dd43932cad71cf50da040d9d68de9b",
    ((44, 115, 3, 40), "LI", None): "480329ac59cfc37546024fe2ea4d044e",
    ((128, 12), "LI", None): "e6a69d2c8d7ecb339372634eec27f189",
    ((109, 10), "LIF", None): "0ef70ff098e6808d4dc3eb67570120ec",
    ((40, 120), "LI", None): "b3bae354a99e0cc86425433302013664",
    ((12, 100, 23), "LI", None): "8d2854c5f2b0a99327848360d67ff40e",
    ((3, 108), "LI", None): "4e70ec38b2bf1bd8a4c41167f19b55eb",
    ((55, 17, 83), "LIF", None): "b8dcbc1ea30ce211361ad75838cb7ae0",
    ((25, 88, 12, 90), "LI", None): "00852e19de69001437c8861465c8230b",
    ((38, 121, 94), "LIF", None): "5d00ea1828f5166401b84eda53d53d53",
}


def network_of(*sizes, last):
    """A network of these sizes whose layers differ in their settings."""
    layers = []
    for k, (inputs, outputs) in enumerate(zip(sizes, sizes[1:], strict=False)):
        layers += [Linear(inputs, outputs, efficacy_lsb=2 + k), LIF(outputs, tau_mem_ns=7_000 + 500 * k)]
    return Network(*layers[:-1], last(sizes[-1], tau_syn_ns=4_000))


def digest(placement):
    """The first half of a SHA-256 of all that a placement says: registers, weights in them, labels, rows."""
    hashed = hashlib.sha256()
    registers, rng = placement.registers(), np.random.default_rng(5)
    for k, (linear, _) in enumerate(placement.network):
        placement.store(registers, k, rng.integers(-63, 64, linear.sizes))
    for made in (placement.routing(), registers):
        for field in dataclasses.fields(made):
            if field.name.startswith("background_"):  # generators, which no placement writes
                continue
            array = getattr(made, field.name)
            hashed.update(f"{field.name} {array.dtype} {array.shape}".encode() + array.tobytes())
    spiking = [k for k, (_, neurons) in enumerate(placement.network) if neurons.spikes]
    arrays = [placement.input_labels, *(placement.spike_labels(k) & c.NEURON_LABEL_MASK for k in spiking)]
    for at in placement.layers:
        arrays += [np.array([at.hemisphere, at.half]), at.lanes, at.columns, at.drivers, at.rows, at.synapse_labels]
    for array in [*arrays, np.array(placement.recorded)]:
        hashed.update(np.asarray(array).astype(np.int64).tobytes())
    return hashed.hexdigest()[:32]


@pytest.mark.parametrize("case", RECORDED, ids=str)
def test_registers_labels_and_rows_are_those_recorded(case):
    sizes, last, recorded = case
    placement = place(network_of(*sizes, last={"LI": LI, "LIF": LIF}[last]), recorded=recorded)
    assert digest(placement) == RECORDED[case]
