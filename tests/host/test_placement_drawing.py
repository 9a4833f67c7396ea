"""The drawing of a placement says what the registers say."""

import re

import pytest
from hypothesis import given, settings

from chip import ChipConfig
from chip.base import constants as c
from chip.base.errors import ChipLimitError
from host import inspection
from host.placement_drawing import drawing, drawing_of
from ppu_programs import EventProp
from ppu_programs.network import LI, LIF, Linear, Network
from ppu_programs.placement import place
from ppu_programs.rewrite import Rewrite
from tests.ppu_programs.test_placement import network_of, networks_that_fit

TWO_LAYERS = Network(Linear(5, 120), LIF(120), Linear(120, 3), LI(3))


def drawn(text, label):
    """The (characters, number) of both hemispheres in the line with a label."""
    line = re.search(rf"^  {label} +(\S.*)$", text, re.M).group(1)
    return re.findall(r"([.\di]{32})  (\d+)", line)


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
        ["0", "LIF(120)", "600", "0..238", "0x0000..0x0717", "0..31", "yes"],
        ["1", "LI(3)", "360", "0..4", "none", "-", "no"],
    ]


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
