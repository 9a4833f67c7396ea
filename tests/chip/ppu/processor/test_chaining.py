"""Chains: the same bytes and cycles as their operations one by one, and refusals of what could not be the same."""

from itertools import groupby

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.base.errors import LossError, MachineFault
from chip.base.registers import ROW_EXCITATORY, Registers
from chip.chip import Chip
from chip.ppu import V0, V1, V2, V3, V4, V5, V6, V7, V9, V12
from chip.ppu.compiler.tasks.text import ALONE, EARLY
from chip.ppu.processor.chaining import PLACE_ARGUMENT, READS
from chip.ppu.processor.operation import TABLE
from chip.testing import (
    UncompiledScript,
    chip_bytes,
    configs,
    load_firmware,
    program_pairs,
    registers,
    sample_sets,
)
from chip.testing.random_programs import RandomProgram, mix
from tests.chip.ppu.processor.programs import run

FOUR = (V0, V1, V2, V3)


class Chained(RandomProgram):
    """The steps of a random program in chains as long as they can be."""

    def main(self, ppu):
        for chainable, steps in groupby(self.steps, lambda step: step.name in PLACE_ARGUMENT):
            if not chainable:
                for step in steps:
                    yield step
                continue
            chain = []
            for step in steps:
                chain.append(step)
                if step.name in READS:  # what follows may need it
                    yield ppu.chain(*chain)
                    chain = []
            if chain:
                yield ppu.chain(*chain)
        return 0


@st.composite
def loads(draw):
    """What is loaded onto a chip, registers and samples, and two programs."""
    samples = draw(sample_sets())
    return {"registers": draw(registers()), "samples": samples}, draw(program_pairs(len(samples), max_steps=16))


@settings(max_examples=12, deadline=None)
@given(config=configs(strict=False), load=loads())
def test_chains_are_their_operations(config, load):
    shared, programs = load

    def outcome(programs):
        chip = load_firmware(Chip(config), *programs, **shared)
        chip.start()
        chip.run()
        return chip_bytes(chip)

    assert outcome([Chained(program.steps, program.image()) for program in programs]) == outcome(programs)


# ---------------------------------------------------------------------- operations of rows and sensors


def sensed():
    made = Registers()
    made.correlation_enabled[...] = made.padi_from_processor[...] = True
    made.enabled[:, :8] = True
    made.row_mode[...] = ROW_EXCITATORY
    made.weights[...] = np.arange(256) % 64
    made.threshold_lsb[...] = 81.0
    return made


def made(ppu, name, *arguments):
    return getattr(ppu, name)(*arguments)


def rows_program(as_chain, rows=range(2)):
    """Read, load, store elsewhere, reset, inject, count: with chains or one by one."""

    def main(ppu):
        yield ppu.connect("correlation")
        for row in rows:
            operations = [
                ("store_row", row + 20, (V4, V5)),
                ("load_row", row, [V4, V5]),
                ("inject_event", [row % 4], row, 0),
                ("reset_correlation", row, ("causal",)),
                ("store_row", row + 40, (V5, V4)),
                ("load_row", row + 40, "row"),
                ("store_row", row + 60, "row"),
                ("inject_event", [0, 1], 2, 0),
                ("read_spike_counters", "record", (c.ODD,), tuple(range(40)), True),
                ("read_correlation", row, (V9, V1, V3, V2)),
                ("load_row", row, (V6, V7)),
                ("read_correlation", row + 1, V12, ("acausal",), (c.ODD,)),
                ("reset_neurons", (c.EVEN, c.ODD)),
            ]
            if as_chain:
                yield ppu.chain(*(made(ppu, *operation) for operation in operations))
            else:
                for operation in operations:
                    yield made(ppu, *operation)
            ppu.word("word")
        return 0

    return main


@pytest.mark.parametrize("profile", ["ideal", "typical"])
def test_rows_and_sensors_chain(profile):
    config = getattr(ChipConfig, profile)(seed=3)

    def played(as_chain):
        chip = Chip(config)
        load_firmware(chip, *(UncompiledScript(rows_program(as_chain)) for _ in range(2)), sensed())
        chip.start()
        chip.run()
        return chip

    chained, single = played(True), played(False)
    assert chip_bytes(chained) == chip_bytes(single)
    assert chained.simpy_events * 4 < single.simpy_events
    assert chained.core.all_spikes()[0].size > 10


# ---------------------------------------------------------------------- refusals


def test_one_chain_is_two_events():
    """Its beginning and its end, where the other processor acts in between; one by one there would be six."""

    def main(ppu):
        for _ in range(100):
            yield ppu.chain(
                ppu.reset_neurons(), ppu.load_weights(3, 0, into="row"), ppu.store_weights(4, 0, source="row")
            )
        return 0

    assert run(UncompiledScript(main), UncompiledScript(main)).simpy_events <= 2 * 2 * 100 + 4


@pytest.mark.parametrize(
    "links, words",
    [
        (
            [("ring", 1, 1)],
            "chains ring, which is no operation, waits, or acts on others when it ends; yield it by itself",
        ),
        ([("wait", 5)], "chains wait"),
        ([("load_record", 0, "record")], "chains load_record"),
        ([("connect", "membrane")], "chains connect"),
        ([("chain",)], "chains chain"),
        ([("read_cadc", "row"), ("run", mix, 0)], "chains run behind a read into 'row', which brings its"),
        ([("read_cadc", "row"), ("store_weights", 0, 0, "row")], "chains store_weights behind a read into 'row'"),
        ([("read_cadc", "row"), ("read_cadc", "row")], "chains read_cadc behind a read into 'row'"),
        ([("read_correlation", 0, FOUR), ("store_row", 0, [V3, V4])], r"behind a read into \(V0, V1, V2, V3\)"),
        ([("read_correlation", 0, V7, ("acausal",), (0,)), ("load_row", 0, (V6, V7))], "chains load_row behind a read"),
        ([("read_correlation", 0, FOUR), ("store_row", 0, (3, 4))], "names 3 as a vector register; write one of V0"),
        ([("read_correlation", 0, FOUR), ("store_row", 0, np.arange(2))], "as a vector register; write one of V0"),
    ],
)
def test_what_cannot_be_exact_is_refused(links, words):
    def main(ppu):
        yield ppu.chain(*(made(ppu, *link) for link in links))
        return 0

    chip = Chip()
    program = UncompiledScript(main)
    if links[0][0] == "read_correlation":

        def main(ppu, then=main):  # noqa: E306
            yield ppu.connect("correlation")
            return (yield from then(ppu))

        program = UncompiledScript(main)
    load_firmware(chip, program, None, sensed())
    chip.start()
    with pytest.raises(MachineFault, match=words):
        chip.run()


def test_a_callable_of_somebody_else_is_refused():
    def main(ppu):
        yield ppu.chain(lambda: None)
        return 0

    with pytest.raises(MachineFault, match="chains <function .*<lambda>.*, which is no operation"):
        run(UncompiledScript(main))


def test_a_chain_is_yielded_like_any_operation():
    def main(ppu):
        ppu.chain(ppu.reset_neurons())
        yield ppu.chain(ppu.reset_neurons())
        return 0

    with pytest.raises(MachineFault, match="made an operation and did not yield it"):
        run(UncompiledScript(main))


def test_nobody_sends_into_a_chain():
    def main(ppu):
        yield ppu.chain(*(ppu.store_weights(0, 0, source="row") for _ in range(20)))
        return 0

    def sender(ppu):
        yield ppu.wait(200)
        yield ppu.send(c.TOP, source="row", into="row", line=1)
        return 0

    with pytest.raises(LossError, match="region row of the top PPU is written by .* while its chain uses it until"):
        run(UncompiledScript(main), UncompiledScript(sender))
    lenient = run(UncompiledScript(main), UncompiledScript(sender), config=ChipConfig.ideal(strict=False))
    assert lenient.losses()["races between PPUs"] == 1


def test_what_can_be_chained_may_begin_a_little_early_and_nothing_else_but_chains_and_connections():
    """Two lists of one property, to act on what is the processor's own: the compiler knows no processor."""
    assert set(PLACE_ARGUMENT) | {"chain", "connect"} == EARLY
    assert EARLY | ALONE <= set(TABLE)
