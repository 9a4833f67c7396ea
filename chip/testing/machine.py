"""A stateful machine that drives a chip and its host at random and holds both against a plain model.

    class TestMyChip(ChipMachine.TestCase):
        settings = settings(max_examples=20, stateful_step_count=30)

Two obedient programs do one operation at a time, whichever the machine draws; between them they sleep. After every
operation SRAM, weights, doorbells, losses, link and time must be those of :class:`chip.testing.model.ChipModel`, and
events must be conserved. Override :meth:`ChipMachine.config` for another chip.
"""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.base.errors import LinkError
from chip.base.losses import Loss
from chip.base.registers import Registers
from chip.chip import Chip
from chip.fpga.playback import PlaybackProgram
from chip.fpga.samples import SampleSet
from chip.fpga.writer import RECORD_SLOTS, RECORD_SPIKES
from chip.ppu.processor.operation import Operation, operation
from chip.ppu.processor.timing import PLAIN_CONTROL_CYCLES
from chip.ppu.tasks import DOORBELL_LINES
from chip.testing.model import ChipModel
from chip.testing.random_programs import (
    ADDRESSES,
    MEMORY,
    ROWS_AT_ONCE,
    RandomProgram,
    images,
    nudge,
)
from chip.testing.strategies import playback_programs, registers, sample_sets

IDLE_CYCLES = 100
SIDES = st.integers(0, 1)
ROWS = st.lists(st.integers(0, c.ROWS - 1), min_size=1, max_size=ROWS_AT_ONCE, unique=True)
HALVES = st.sampled_from([(0,), (1,), (0, 1), (1, 0)])
LINES = st.integers(0, DOORBELL_LINES - 1)
BYTES = st.sampled_from(["weights", "membranes", "mixed", "inbox"])  # the regions of bytes


class Obedient(RandomProgram):
    """Does the operation ``step`` and clears it, or sleeps; ends when it is told to."""

    name = "obedient program"

    def __init__(self, image: dict[str, np.ndarray]):
        super().__init__([], image)
        self.step: Operation | None = None
        self.stopped = False
        self.span_ns = 0

    def main(self, ppu):
        while not self.stopped:
            if self.step is None:
                yield ppu.wait(IDLE_CYCLES)
                continue
            begun_ns = ppu.environment.now
            yield self.step
            self.span_ns = ppu.environment.now - begun_ns
            self.step = None
        return 0


class ChipMachine(RuleBasedStateMachine):
    """Rules for both PPUs and the host, in all three phases of the link: before, during and after the run."""

    def config(self) -> ChipConfig:
        """The chip to drive; not strict, since the machine counts losses as the chip does."""
        return ChipConfig.ideal(strict=False)

    @initialize(wired=registers(), samples=sample_sets(), playback=playback_programs(), top=images(), bottom=images())
    def load(self, wired: Registers, samples: SampleSet, playback: PlaybackProgram, top, bottom) -> None:
        self.chip = Chip(self.config())
        self.programs = (Obedient(top), Obedient(bottom))
        self.registers, self.samples = wired, samples
        self.model = ChipModel(wired, self.programs, self.chip.config)
        link = self.chip.link
        link.write_registers(wired)
        link.write_samples(samples)
        link.write_playback(playback)
        self.stimuli = len(playback)
        for hemisphere, program in enumerate(self.programs):
            link.load_program(hemisphere, program)
        self.model.link_bytes["before"] = link.bytes["before"]
        self.phase, self.last_ns = "before", 0
        self.tags = [0] * RECORD_SLOTS

    # ------------------------------------------------------------------ life cycle and host

    @precondition(lambda self: self.phase == "before")
    @rule()
    def start(self) -> None:
        self.chip.start()
        self.phase = "during"

    @precondition(lambda self: self.phase == "during" and self.chip.now_ns > 50_000)
    @rule()
    def finish(self) -> None:
        for program in self.programs:
            program.stopped = True
        self.chip.run()
        assert [processor.exit_code for processor in self.chip.processors] == [0, 0]
        self.phase = "after"

    @rule()
    def host_reads_weights(self) -> None:
        size = c.HEMISPHERES * c.ROWS * c.COLUMNS
        self._read(size, self.chip.link.read_weights, lambda: self.model.weights)

    @rule(side=SIDES, region=st.sampled_from(sorted(MEMORY)))
    def host_reads_sram(self, side: int, region: str) -> None:
        expected = self.model.regions[side][region]
        self._read(expected.size, lambda: self.chip.link.read_sram(side, region).view(np.uint8), lambda: expected)

    @rule(address=st.sampled_from(ADDRESSES))
    def host_reads_external_memory(self, address: int) -> None:
        expected = np.zeros(c.VECTOR_BYTES, np.uint8) + self.model.external.get(address, 0)
        self._read(c.VECTOR_BYTES, lambda: self.chip.link.read_external(address, c.VECTOR_BYTES), lambda: expected)

    def _read(self, nbytes: int, read, expected) -> None:
        if self.model.transfer(self.phase, nbytes):
            np.testing.assert_array_equal(read(), expected())
            return
        try:
            read()
        except LinkError:
            return
        raise AssertionError("the host has read from a chip that learns")

    # ------------------------------------------------------------------ operations

    def _do(self, side: int, name: str, *arguments, **named) -> None:
        """Let a PPU do one operation to its end."""
        program, step = self.programs[side], operation(name, *arguments, **named)
        cycles = self.model.do(side, step)
        program.step = step
        while program.step is not None:
            self.chip.environment.step()
        if cycles is not None:
            expected_ns = (cycles + PLAIN_CONTROL_CYCLES) * c.PPU_CLOCK_NS
            assert program.span_ns == expected_ns, f"{step} took {program.span_ns} ns, not {expected_ns} ns"

    def _adopt(self, side: int, region: str) -> np.ndarray:
        """Take over from the chip what the model cannot know."""
        seen = self.chip.processors[side].regions[region].view(np.uint8)
        self.model.regions[side][region][:] = seen
        return seen

    running = precondition(lambda self: self.phase == "during")

    @running
    @rule(side=SIDES, cycles=st.integers(0, 5_000))
    def wait(self, side: int, cycles: int) -> None:
        self._do(side, "wait", cycles=cycles)
        # what was stored before the wait has come to the synapses
        self.chip.core.advance(self.chip.now_ns)
        np.testing.assert_array_equal(self.chip.core.weights(), self.model.weights)

    @running
    @rule(side=SIDES, rows=ROWS, half=SIDES, into=st.sampled_from(["weights", "membranes"]))
    def load_weights(self, side: int, rows: list[int], half: int, into: str) -> None:
        self._do(side, "load_weights", rows=rows, half=half, into=into)

    @running
    @rule(side=SIDES, rows=ROWS, half=SIDES, source=st.sampled_from(["weights", "membranes"]))
    def store_weights(self, side: int, rows: list[int], half: int, source: str) -> None:
        self._do(side, "store_weights", rows=rows, half=half, source=source)

    @running
    @rule(side=SIDES, address=st.sampled_from(ADDRESSES), into=BYTES)
    def load_external(self, side: int, address: int, into: str) -> None:
        self._do(side, "load_external", address=address, into=into)

    @running
    @rule(side=SIDES, address=st.sampled_from(ADDRESSES), source=BYTES)
    def store_external(self, side: int, address: int, source: str) -> None:
        self._do(side, "store_external", address=address, source=source)

    @running
    @rule(side=SIDES, hemisphere=SIDES, source=BYTES, line=LINES, nbytes=st.integers(0, c.LANES))
    def send(self, side: int, hemisphere: int, source: str, line: int, nbytes: int) -> None:
        self._do(side, "send", hemisphere=hemisphere, source=source, into="inbox", line=line, nbytes=nbytes)

    @running
    @rule(side=SIDES, hemisphere=SIDES, line=LINES)
    def ring(self, side: int, hemisphere: int, line: int) -> None:
        self._do(side, "ring", hemisphere=hemisphere, line=line)

    @running
    @rule(side=SIDES, line=LINES)
    def answer(self, side: int, line: int) -> None:
        if self.model.pending[side][line]:  # else it would sleep forever
            self._do(side, "wait_doorbell", line=line)

    @running
    @rule(side=SIDES, halves=HALVES, mask=st.sampled_from([None, "weights", "membranes"]))
    def reset_neurons(self, side: int, halves: tuple[int, ...], mask: str | None) -> None:
        self._do(side, "reset_neurons", halves=halves, mask=mask)

    @running
    @rule(side=SIDES, halves=HALVES)
    def read_cadc(self, side: int, halves: tuple[int, ...]) -> None:
        self._do(side, "read_cadc", into="membranes", halves=halves)
        self._check_membranes(side, halves)

    @running
    @rule(side=SIDES, count=st.integers(1, ROWS_AT_ONCE))
    def sample_membranes(self, side: int, count: int) -> None:
        self._do(side, "sample_membranes", count=count, into="membranes")
        self._check_membranes(side, [c.EVEN] * count)

    def _check_membranes(self, side: int, halves) -> None:
        """A column without a neuron reads its leak potential, as far as the chip is ideal."""
        seen = self._adopt(side, "membranes").reshape(-1, c.LANES)
        if self.chip.config.imperfections != ChipConfig.ideal().imperfections:
            return
        for vector, half in zip(seen, halves, strict=False):
            off = ~self.registers.enabled[side, half::2]
            np.testing.assert_array_equal(vector[off], np.rint(self.registers.leak_lsb[side, half::2][off]))

    @running
    @rule(side=SIDES, data=st.data(), slot=st.integers(0, RECORD_SLOTS - 1), ring=SIDES)
    def play(self, side: int, data, slot: int, ring: int) -> None:
        sample = data.draw(st.integers(0, len(self.samples) - 1))
        self._do(side, "play", sample=sample, slot=slot, ring=(1 - side,) * ring)
        self.tags[slot] = int(self.samples.tags[sample])

    @running
    @rule(side=SIDES, slot=st.integers(0, RECORD_SLOTS - 1))
    def load_record(self, side: int, slot: int) -> None:
        self._do(side, "load_record", slot=slot, into="record")
        record = self._adopt(side, "record").view(np.uint32)
        assert record[0] <= RECORD_SPIKES and record[1] == self.tags[slot]
        assert (np.diff(record[2 : 2 + record[0]] >> 16) >= 0).all(), "the spikes of a record are not in time order"

    @running
    @rule(side=SIDES, amount=st.integers(0, 100))
    def run_kernel(self, side: int, amount: int) -> None:
        self._do(side, "run", nudge, amount)

    # ------------------------------------------------------------------ what holds at any time

    @invariant()
    def memories_are_those_of_the_model(self) -> None:
        for ppu, regions in zip(self.chip.processors, self.model.regions, strict=True):
            for name, expected in regions.items():
                np.testing.assert_array_equal(ppu.regions[name].view(np.uint8), expected, f"{ppu.name} {name}")
        weights = self.chip.weights()
        assert weights.max() <= c.WEIGHT_MAX
        np.testing.assert_array_equal(weights, self.model.weights)

    @invariant()
    def events_are_conserved(self) -> None:
        events = self.chip.counters()
        assert events["sent"] == events["delivered"] + events["lost"] + events["in_flight"]
        assert events["in_flight"] >= 0 and self.chip.player.played == self.model.played
        executor = self.chip.executor
        assert executor.played + executor.left + executor.unplayed == self.stimuli * (self.phase != "before")

    @invariant()
    def losses_and_link_are_those_of_the_model(self) -> None:
        losses = self.chip.losses()
        assert losses[Loss.DOORBELLS] == self.model.lost_doorbells
        assert losses[Loss.WEIGHT_OVERFLOWS] == self.model.overflows
        assert losses[Loss.RACES] == 0
        assert (self.chip.link.bytes, self.chip.link.refused) == (self.model.link_bytes, self.model.refused)

    @invariant()
    def time_goes_on(self) -> None:
        assert self.chip.now_ns >= self.last_ns and self.chip.now_ns % c.PPU_CLOCK_NS == 0
        self.last_ns = self.chip.now_ns
