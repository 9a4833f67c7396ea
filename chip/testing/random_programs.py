"""Hypothesis strategies for programs: valid sequences of a PPU's operations, for one PPU or for two that cooperate.

A drawn program is a list of operations as values, :class:`chip.ppu.processor.operation.Operation`, and prints as one.
Programs are valid by construction: on any chip of :func:`chip.testing.strategies.configs` they end with exit code 0,
lose no doorbell, write no weight beyond 63, and wait for nobody who does not come. What the network does is another
matter: it may spike more than a record holds.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st

from chip.base import constants as c
from chip.fpga.memory import BLOCK_RAM_BASE, DRAM_BASE
from chip.fpga.writer import RECORD_SLOTS
from chip.ppu import (
    V0,
    V1,
    Memory,
    add8_mod,
    i32,
    kernel,
    load8,
    minimum,
    random8,
    splat8,
    store8,
    u8,
    u32,
)
from chip.ppu.processor.operation import Operation, operation
from chip.ppu.program import UncompiledProgram

ROWS_AT_ONCE = 4
MEMORY = Memory(
    weights=u8[ROWS_AT_ONCE * c.LANES],  # weights alone, always 0..63
    membranes=u8[ROWS_AT_ONCE * c.LANES],
    record=u32[256],
    inbox=u8[c.LANES],  # what the other PPU sends; no kernel uses it
    mixed=u8[c.LANES],
)
READY_LINE, MESSAGE_LINE, SAMPLE_LINE = 1, 2, 0
# external memory that programs share: far from spike records and samples
ADDRESSES = [base + k * c.VECTOR_BYTES for base in (BLOCK_RAM_BASE, DRAM_BASE + c.DRAM_BYTES // 2) for k in range(4)]


@kernel
def mix(v, m, amount):
    """Mix what was read, a constant and random numbers into one vector."""
    load8(v, V0, m.mixed)
    load8(v, V1, m.membranes)
    add8_mod(v, V0, V0, V1)
    splat8(v, V1, amount + i32(m.record[0]))
    add8_mod(v, V0, V0, V1)
    random8(v, V1)
    add8_mod(v, V0, V0, V1)
    store8(v, V0, m.mixed)


@kernel
def nudge(v, m, amount):
    """Add ``amount`` and a little of ``mixed`` to the first row of weights and clip."""
    for i in range(128):
        m.weights[i] = minimum(63, m.weights[i] + amount + (m.mixed[i] & 3))


KERNELS = (mix, nudge)


class RandomProgram(UncompiledProgram):
    """Does its operations one after the other and ends with exit code 0.

    Attributes:
        steps: the operations; a test may chain them, leave some out, or compare them.
    """

    name = "random program"
    memory = MEMORY
    kernels = KERNELS

    def __init__(self, steps: Sequence[Operation], image: dict[str, np.ndarray]):
        self.steps, self._image = tuple(steps), image

    def image(self) -> dict[str, np.ndarray]:
        return self._image

    def main(self, ppu):
        yield from self.steps
        return 0

    def __repr__(self) -> str:
        return f"RandomProgram([{', '.join(map(str, self.steps))}])"


def steps(samples: int = 0) -> st.SearchStrategy[Operation]:
    """One operation that concerns nobody else; ``samples`` says how many there are to play."""
    rows = st.lists(st.integers(0, c.ROWS - 1), min_size=1, max_size=ROWS_AT_ONCE, unique=True)
    half, halves = st.integers(0, 1), st.sampled_from([(0,), (1,), (0, 1), (1, 0)])
    address = st.sampled_from(ADDRESSES)
    read_into = st.sampled_from(["membranes", "mixed", "inbox"])
    anything = st.sampled_from(["weights", "membranes", "mixed", "inbox"])
    known = [
        _step("wait", cycles=st.integers(0, 2_000)),
        _step("wait_until", cycle=st.integers(0, 20_000)),
        _step("load_weights", rows=rows, half=half, into=st.just("weights")),
        _step("store_weights", rows=rows, half=half, source=st.just("weights")),
        _step("reset_neurons", halves=halves, mask=st.sampled_from([None, "weights", "membranes"])),
        _step("read_cadc", into=st.just("membranes"), halves=halves),
        _step("sample_membranes", count=st.integers(1, ROWS_AT_ONCE), into=st.just("membranes")),
        _step("load_external", address=address, into=read_into),
        _step("store_external", address=address, source=anything),
        _step("load_record", slot=st.integers(0, RECORD_SLOTS - 1), into=st.just("record")),
        st.builds(lambda *arguments: operation("run", *arguments), st.sampled_from(KERNELS), st.integers(0, 255)),
    ]
    if samples:
        known.append(_step("play", sample=st.integers(0, samples - 1), slot=st.integers(0, RECORD_SLOTS - 1)))
    return st.one_of(known)


def _step(name: str, **arguments: st.SearchStrategy) -> st.SearchStrategy[Operation]:
    return st.fixed_dictionaries(arguments).map(lambda drawn: operation(name, **drawn))


def random_image(seed: int) -> dict[str, np.ndarray]:
    """Initial contents of the regions of a random program; those that are left out start as zeros."""
    rng = np.random.default_rng(seed)
    return {
        "weights": rng.integers(0, c.WEIGHT_MAX + 1, ROWS_AT_ONCE * c.LANES, np.uint8),
        "mixed": rng.integers(0, 256, c.LANES, np.uint8),
        "inbox": rng.integers(0, 256, c.LANES, np.uint8),
    }


def images() -> st.SearchStrategy[dict[str, np.ndarray]]:
    """Images of random programs, see :func:`random_image`."""
    return st.builds(random_image, st.integers(0, 2**32 - 1))


def programs(samples: int = 0, max_steps: int = 12) -> st.SearchStrategy[RandomProgram]:
    """Programs that need no other PPU; with ``samples`` in the chip's sample set they play them."""
    return st.builds(RandomProgram, st.lists(steps(samples), max_size=max_steps), images())


@st.composite
def program_pairs(draw, samples: int = 0, max_steps: int = 20) -> tuple[RandomProgram, RandomProgram]:
    """Programs for the top and the bottom PPU that ring, send, and wait for each other; one of them plays samples.

    They may meet in external memory or at a spike record; such a race is counted, and an error on a strict chip.
    """
    player = draw(st.integers(0, 1))
    todo: tuple[list[Operation], list[Operation]] = ([], [])
    for _ in range(draw(st.integers(0, max_steps))):
        side = draw(st.integers(0, 1))
        kinds = ["own", "own", "own", "ring", "send"] + ["play"] * (samples > 0 and side == player)
        kind = draw(st.sampled_from(kinds))
        if kind == "own":
            todo[side].append(draw(steps(samples if side == player else 0)))
        else:
            _rendezvous(draw, kind, side, todo, samples)
    return RandomProgram(todo[0], draw(images())), RandomProgram(todo[1], draw(images()))


def _rendezvous(draw, kind: str, side: int, todo: tuple[list[Operation], list[Operation]], samples: int) -> None:
    """The other PPU says that it is ready and sleeps; this one waits for that and wakes it."""
    other = 1 - side
    line = SAMPLE_LINE if kind == "play" else MESSAGE_LINE
    todo[other].append(operation("ring", side, READY_LINE))
    todo[other].append(operation("wait_doorbell", line))
    todo[side].append(operation("wait_doorbell", READY_LINE))
    if kind == "play":
        todo[side].append(operation("play", draw(st.integers(0, samples - 1)), ring=(other,)))
    elif kind == "ring":
        todo[side].append(operation("ring", other, line))
    else:
        source, nbytes = draw(st.sampled_from(["weights", "mixed", "inbox"])), draw(st.integers(0, c.LANES))
        todo[side].append(operation("send", other, source, "inbox", line, nbytes))
