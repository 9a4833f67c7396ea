"""The drawing of a placement says what the registers say."""

import re

import pytest
from hypothesis import assume, given, settings

from chip import ChipConfig
from chip.base import constants as c
from chip.base.errors import ChipLimitError
from host.inspection import inspection
from host.inspection.placement_drawing import drawing, drawing_of
from ppu_programs import BCM, EventProp
from ppu_programs.network import LI, LIF, Inputs, Linear, Network, NetworkGraph
from ppu_programs.placement import place
from ppu_programs.rewrite import Rewrite
from tests.ppu_programs.placement.graphs import graphs
from tests.ppu_programs.placement.test_layered import network_of, networks_that_fit

TWO_LAYERS = Network(Linear(5, 120), LIF(120), Linear(120, 3), LI(3))


def drawn(text, label):
    """The (characters, number) of both hemispheres in the line with a label."""
    line = re.search(rf"^  {label} +(\S.*)$", text, re.M).group(1)
    return re.findall(r"([.\w+?]{32})  (\d+)", line)


@settings(deadline=None, max_examples=15)
@given(networks_that_fit())
def test_every_character_is_what_the_registers_have(network):
    placement = place(network)
    text, registers = drawing(placement), place(network).registers()
    lines = text.splitlines()
    assert max(map(len, lines)) <= 100 and len(lines) <= 25
    assert " ".join(" ".join(lines[: lines.index("")]).split()) == f"placement of {network}"
    for half, name in enumerate(("even", "odd")):
        for hemisphere, (cells, count) in enumerate(drawn(text, f"{name} columns")):
            enabled = registers.enabled[hemisphere, half::2]
            assert int(count) == enabled.sum()
            assert [cell != "." for cell in cells] == enabled.reshape(32, 4).any(axis=1).tolist()
            assert set(cells) <= {".", str(hemisphere + 2 * half)}
    for bus in range(c.PADI_BUSSES):
        for hemisphere, (cells, count) in enumerate(drawn(text, f"PADI bus {bus}")):
            used = registers.row_mode[hemisphere].reshape(32, 4, 2)[:, bus].all(axis=1)
            assert [cell != "." for cell in cells] == used.tolist() and int(count) == used.sum()
            on_chip = registers.compare_mask[hemisphere].reshape(32, 4)[:, bus] == 0
            assert [cell in "0123" for cell in cells] == on_chip.tolist()
    for what, used, size in (
        ("columns", registers.enabled.sum(axis=1), 256),
        ("drivers", (registers.row_mode > 0).sum(axis=1) // 2, 128),
        ("rows", (registers.row_mode > 0).sum(axis=1), 256),
    ):
        assert re.search(rf"^  {what} +{used[0]} of {size} +{used[1]} of {size}$", text, re.M)


def test_a_line_for_the_inputs_and_each_layer():
    text = drawing(place(TWO_LAYERS))
    rows = [re.split(r"  +", line.strip()) for line in text.splitlines()[-6:-2]]
    assert rows == [
        ["key", "what", "weights", "columns", "event labels", "synapse labels", "recorded"],
        ["i", "5 inputs", "-", "-", "0x2000..0xe000", "0", "yes"],
        ["0", "LIF(120)", "600", "0..238", "0x0000..0xc717", "0..31", "yes"],
        ["1", "LI(3)", "360", "0..4", "none", "-", "no"],
    ]


# ---------------------------------------------------------------------- populations and projections


@settings(deadline=None, max_examples=15)
@given(graphs(neurons=100))
def test_every_character_of_a_graph_is_what_the_registers_have(graph):
    try:
        placement = place(graph)
    except ChipLimitError:
        assume(False)
    text, registers = drawing(placement), placement.registers()
    for half, name in enumerate(("even", "odd")):
        for hemisphere, (cells, count) in enumerate(drawn(text, f"{name} columns")):
            enabled = registers.enabled[hemisphere, half::2]
            assert int(count) == enabled.sum()
            assert [cell != "." for cell in cells] == enabled.reshape(32, 4).any(axis=1).tolist()
    used = registers.row_mode > 0
    for bus in range(c.PADI_BUSSES):
        for hemisphere, (cells, count) in enumerate(drawn(text, f"PADI bus {bus}")):
            drivers = used[hemisphere].reshape(32, 4, 2)[:, bus].any(axis=1)
            assert [cell != "." for cell in cells] == drivers.tolist() and int(count) == drivers.sum()
    for what, counts, size in (
        ("columns", registers.enabled.sum(axis=1), 256),
        ("drivers", used.reshape(2, 128, 2).any(axis=2).sum(axis=1), 128),
        ("rows", used.sum(axis=1), 256),
    ):
        assert re.search(rf"^  {what} +{counts[0]} of {size} +{counts[1]} of {size}$", text, re.M)


def test_lines_for_populations_and_for_projections():
    text = drawing_of(BCM())
    assert text.splitlines()[-7:-2] == [
        "  0    cells LIF(8)         184      0..14    0x0000..0x0007          0..7            yes",
        "",
        "  from    to     signs       weights  rows a neuron  rows top  rows bottom",
        "  pixels  cells  excitatory  128      16             16        0",
        "  cells   cells  inhibitory  56       7              8         0",
    ]
    assert "  i    pixels Injected(16)  -        -        its processor's, bus 3  0..1            no\n" in text


def test_merged_neurons_lie_on_both_sides_and_drivers_may_have_several():
    network = Network(Linear(256, 246), LIF(246), Linear(246, 10), LI(10))
    text = drawing(place(network.graph))
    assert text.count("merged") == 2 and "256 of 256                               256 of 256" in text
    (top, _), (bottom, _) = re.findall(r"([.\d+]{32})  (\d+)", re.search(r"even columns +(.*)", text).group(1))
    assert top == bottom == 32 * "0"
    assert "+++" in re.search(r"PADI bus 0 .*", text).group(0)


def test_whom_nobody_hears_takes_no_driver():
    text = drawing(place(NetworkGraph({"a": LI(3), "in": Inputs(200)})))
    assert drawn(text, "PADI bus 0") == [("." * 32, "0")] * 2
    assert re.search(r"^  i    in Inputs\(200\)  -        -        0x2000\.\.\w+  -               yes$", text, re.M)


# ---------------------------------------------------------------------- firmware


class Networked(Rewrite):
    """A firmware that says what its network is."""

    network = TWO_LAYERS


def report(firmware):
    return inspection.report(inspection.load(firmware, None, ChipConfig.ideal()))


def test_inspect_draws_the_network_of_a_firmware():
    text = report(Networked())
    assert f"seed 0\n\n{drawing(place(TWO_LAYERS))}\n\ntop PPU: " in text
    assert drawing_of(EventProp(hidden=120)) == drawing(place(TWO_LAYERS))
    assert "placement of" not in report(Rewrite())


def test_a_placement_of_its_own_goes_before_that_of_the_network():
    firmware = Networked()
    firmware.placement = place(TWO_LAYERS, recorded=[])
    assert re.search(r"^  0    LIF\(120\) .* no$", drawing_of(firmware), re.M)
    firmware.placement, firmware.network = None, "some text"
    assert drawing_of(firmware) is None
    firmware.network = network_of(5, 129, 3)
    with pytest.raises(ChipLimitError, match="hidden layer"):
        drawing_of(firmware)
