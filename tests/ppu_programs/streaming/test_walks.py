"""Walks over rows: the same bytes as a twin without windows, nothing else changed, and nobody can tell who looks."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.base.errors import ChipLimitError, MachineFault
from chip.chip import Chip
from chip.fpga.memory import DRAM_BASE
from chip.ppu import Memory, i8
from chip.ppu.program import Program
from chip.testing import chip_bytes, load_firmware, run_firmware
from ppu_programs.network import LI, LIF, Inputs, Linear, Network, NetworkGraph, Projection, Sign
from ppu_programs.placement import place
from ppu_programs.streaming import Layout, Stream, shared_memory
from tests.chip.listening import Everything
from tests.ppu_programs.placement.graphs import graphs, random_weights
from tests.ppu_programs.streaming.rule import REGIONS, Twin, Visits, Walk, lowest_of, row_kernel

GUARD = np.full(2 * c.VECTOR_BYTES, 0xA5, np.uint8)  # around the layout
FIRST = DRAM_BASE + 3 * c.VECTOR_BYTES


class Case:
    """A projection of a network, with contents for all of its regions and weights for the whole array."""

    def __init__(self, graph, projection, seed):
        self.placement, self.projection, rng = place(graph), projection, np.random.default_rng(seed)
        self.layout = Layout(self.placement, projection, REGIONS, FIRST)
        p = graph.projections[projection]
        lowest = lowest_of(p.sign)
        values = {
            "shadow": rng.integers(lowest, 63 * 512 + 1, p.mask.shape),
            "total": rng.integers(-(1 << 30), 1 << 30, p.mask.shape),
            "trace": rng.integers(-128, 128, p.mask.shape),
        }
        self.values = {name: found * p.mask for name, found in values.items()}
        self.registers = self.placement.registers()
        self.registers.weights[...] = rng.integers(0, 64, self.registers.weights.shape)
        for k, weights in enumerate(random_weights(graph, seed)):
            self.placement.store(self.registers, k, weights)
        self.twin = Twin(self.placement, projection, self.values, self.registers.weights)

    def streams(self, window):
        """By hemisphere, where there are rows."""
        found = [side.hemisphere for side in self.layout.sides if len(side)]
        return {hemisphere: Stream(self.layout, hemisphere, window) for hemisphere in found}

    def load(self, programs, chip):
        load_firmware(chip, programs.get(c.TOP), programs.get(c.BOTTOM), self.registers)
        for address, values in self.image().items():
            chip.link.write_external(address, values)
        return chip

    def image(self):
        guards = {FIRST - len(GUARD): GUARD, self.layout.end: GUARD}
        return {**self.layout.image(**self.values), **guards}

    def check(self, chip):
        """Regions and synapses are those of the twin, and no other byte has changed."""
        for name in REGIONS:
            assert np.array_equal(self.layout.read(chip.link, name), self.twin.values[name]), name
        assert np.array_equal(chip.weights(), self.twin.weights)
        assert chip.weights().max() <= c.WEIGHT_MAX
        expected = np.zeros(self.layout.end + len(GUARD) - DRAM_BASE, np.uint8)
        for address, values in {**self.image(), **self.layout.image(**self.twin.values)}.items():
            expected[address - DRAM_BASE :][: len(values)] = values
        assert np.array_equal(chip.external.dram[: len(expected)], expected)
        assert not chip.external.dram[len(expected) :][: 1 << 20].any() and not chip.external.block_ram.any()


def run(case, programs):
    chip = case.load(programs, Chip(ChipConfig.ideal()))
    chip.start()
    chip.run()
    assert chip.losses() == dict.fromkeys(chip.losses(), 0)
    return chip


@st.composite
def cases(draw):
    graph = draw(graphs())
    try:
        place(graph)
    except ChipLimitError:
        assume(False)
    filled = [k for k, p in enumerate(graph.projections) if p.mask.any()]
    assume(filled)
    return Case(graph, draw(st.sampled_from(filled)), draw(st.integers(0, 1000)))


@settings(max_examples=25)
@given(case=cases(), window=st.integers(1, 5), data=st.data())
def test_rows_in_any_order_are_those_of_the_twin(case, window, data):
    programs, synapses = {}, data.draw(st.booleans())
    written = data.draw(st.sampled_from([("shadow", "total"), ("total",), ()]))
    for hemisphere, stream in case.streams(window).items():
        firsts = data.draw(st.lists(st.integers(0, stream.count - 1), min_size=1, max_size=6))
        counts = [data.draw(st.integers(1, min(stream.window, stream.count - first))) for first in firsts]
        programs[hemisphere] = Visits(stream, firsts, counts, written, synapses)
        for first, count in zip(firsts, counts, strict=True):
            for row in range(first, first + count):
                case.twin.visit(hemisphere, row, written, synapses)
    case.check(run(case, programs))


@settings(max_examples=10)
@given(case=cases(), window=st.integers(1, 7))
def test_a_walk_reaches_every_row_once(case, window):
    streams = case.streams(window)
    for hemisphere, stream in streams.items():
        for row in range(stream.count):
            case.twin.visit(hemisphere, row)
    case.check(run(case, {hemisphere: Walk(stream) for hemisphere, stream in streams.items()}))


@pytest.mark.parametrize("dense", [True, False])
@pytest.mark.parametrize(("target", "halves"), [("even", (0,)), ("odd", (1,)), ("both", (0, 1))])
@pytest.mark.parametrize("sign", list(Sign))
def test_rows_of_every_kind(sign, target, halves, dense):
    """Both projections share rows of synapses; the other one's stay as they are."""
    sizes = {"both": LIF(200)} if target == "both" else {"even": LIF(100), "odd": LIF(30)}
    masks = {name: np.random.default_rng(5).random((20, n.size)) < (1.0 if dense else 0.7) for name, n in sizes.items()}
    graph = NetworkGraph(
        {"in": Inputs(20), **sizes}, *(Projection("in", name, sign=sign, mask=mask) for name, mask in masks.items())
    )
    case = Case(graph, list(sizes).index(target), seed=6)
    streams = case.streams(3)
    for hemisphere, stream in streams.items():
        assert (stream.side.halves, stream.side.uniform) == (halves, dense)
        for row in range(stream.count):
            case.twin.visit(hemisphere, row)
    case.check(run(case, {hemisphere: Walk(stream) for hemisphere, stream in streams.items()}))


class Both(Program):
    """Walks over two projections in turn, through one window."""

    name = "both"

    def __init__(self, streams):
        self.streams = tuple(streams)
        self.rules = tuple(row_kernel(len(s.side.halves), lowest_of(s.side.sign)) for s in self.streams)
        self.memory = shared_memory(*self.streams) | Memory(signed=i8[2 * c.LANES])
        merging = (kernel for stream in self.streams for kernel in stream.kernels)
        self.kernels = tuple(dict.fromkeys((*self.rules, *merging)))

    def main(self, ppu):
        for stream, rule in zip(self.streams, self.rules, strict=True):
            yield from stream.walk(ppu, rule, written=("shadow", "total"))
        return 0


def test_one_program_walks_over_two_projections():
    """Both of a signed network of layers that takes all columns, in the same rows of synapses."""
    graph = Network(Linear(150, 240), LIF(240), Linear(240, 16), LI(16)).graph
    hidden, rng = Case(graph, 0, seed=2), np.random.default_rng(3)
    readout = Layout(hidden.placement, 1, REGIONS, hidden.layout.end + len(GUARD))
    values = {name: rng.integers(-100, 101, readout.shape) for name in REGIONS}
    programs = {}
    for hemisphere in (c.TOP, c.BOTTOM):
        programs[hemisphere] = Both([Stream(layout, hemisphere, 2) for layout in (hidden.layout, readout)])
    chip = hidden.load(programs, Chip(ChipConfig.ideal()))
    for address, written in readout.image(**values).items():
        chip.link.write_external(address, written)
    chip.link.run()
    second = Twin(hidden.placement, 1, values, hidden.registers.weights)
    for hemisphere in (c.TOP, c.BOTTOM):
        for twin, layout in ((hidden.twin, hidden.layout), (second, readout)):
            for row in range(len(layout.sides[hemisphere])):
                twin.visit(hemisphere, row)
    for layout, twin in ((hidden.layout, hidden.twin), (readout, second)):
        for name in REGIONS:
            assert np.array_equal(layout.read(chip.link, name), twin.values[name])
    changed = second.weights != hidden.registers.weights  # no synapse is in both
    assert np.array_equal(chip.weights(), np.where(changed, second.weights, hidden.twin.weights))
    assert changed.any() and not (changed & (hidden.twin.weights != hidden.registers.weights)).any()


def wide(seed=3):
    """A case on both processors, both halves, with rows that differ in their columns."""
    mask = np.random.default_rng(seed).random((200, 30)) < 0.9
    graph = NetworkGraph({"in": Inputs(200), "out": LIF(30)}, Projection("in", "out", mask=mask))
    return Case(graph, 0, seed)


@pytest.mark.parametrize("steps", [1, 7])
def test_looking_and_pieces_of_time_change_nothing(steps):
    case = wide()
    programs = {hemisphere: Walk(stream) for hemisphere, stream in case.streams(3).items()}
    assert len(programs) == 2
    plain = run(case, programs)
    looked = case.load(programs, Chip(ChipConfig.ideal()))
    Everything(looked, (0, 1))
    looked.start()
    while looked.learning and looked.environment.queue:
        looked.environment.take_steps(steps)
        looked.weights(), looked.core.membranes(looked.now_ns), looked.report()
    looked.run()
    assert chip_bytes(looked) == chip_bytes(plain)
    assert np.array_equal(looked.external.dram[: 1 << 20], plain.external.dram[: 1 << 20])


def test_a_snapshot_in_the_middle_of_a_walk_goes_on_to_the_same():
    case = wide()
    programs = {hemisphere: Walk(stream) for hemisphere, stream in case.streams(2).items()}
    plain = run(case, programs)
    chip = case.load(programs, Chip(ChipConfig.ideal()))
    chip.start()
    chip.environment.take_steps(50)
    taken = chip.snapshot()
    chip.run()
    chip.restore(taken)
    chip.run()
    assert chip_bytes(chip) == chip_bytes(plain)


def test_a_visit_of_more_rows_than_the_window_has_is_a_fault():
    case = wide()
    stream = case.streams(2)[c.TOP]
    with pytest.raises(MachineFault, match="byte .* of region shadow on the top PPU was addressed; it has"):
        run_firmware(Visits(stream, [0], [3]), registers=case.registers)


def test_windows_of_different_size_take_nearly_the_same_time():
    """A window saves control flow, no bus cycles."""
    case, taken = wide(), []
    for window in (1, 4):
        taken.append(run(case, {h: Walk(stream) for h, stream in case.streams(window).items()}).now_ns)
    assert taken[1] == pytest.approx(taken[0], rel=0.02)
