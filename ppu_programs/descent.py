"""A step of gradient descent for weights that no SRAM holds: all hidden synapses of a chip that is full.

    firmware = Descent()                                 # 256 inputs, 246 hidden neurons, 10 readouts, all signed
    chip = run_firmware(firmware)                        # chip.now_ns is the time of one update

Shadow weights and gradients, int16, lie in external memory (:mod:`ppu_programs.streaming`), where the host has put
them, 256 KiB. Each processor walks over the 128 sources of its hemisphere, and does for every weight

    shadow -= (rate * gradient) >> 15          within -63..63 weight steps of 512
    weight = (shadow + random) >> 9            stochastic rounding: random is 0, 2, .. 510
    synapses: weight in the excitatory row, -weight in the inhibitory one, 0 where it is negative

The hidden neurons are merged, two circuits each, and leave 10 columns to the readouts, in the same rows of synapses;
those stay as they are.

**Its time**, in PPU cycles, for a row of 256 columns and for the 128 rows that each processor has:

============================================================  =========================  =====  ======  =====
part                                                          booked as                    row  update  share
============================================================  =========================  =====  ======  =====
external memory to SRAM: shadow, gradient                     (4 + 4) * (344 + 47)        3128  400384  54 %
SRAM to external memory: shadow                               38 + 3 * 88 + 4 * 49         498   63744   9 %
SRAM to registers and back: shadow, gradient, shadow, mask    (4 + 4 + 2) * 49 + 4 * 47    678   86784  12 %
random bits, 8 draws a half so that two rows share none       16 * 20                      320   40960   6 %
arithmetic: step, limit, round, part the signs                2 * 252 + 2 * 63             630   80640  11 %
rows of synapses, both signs and halves, read and written     8 * 20                       160   20480   3 %
the mask that all rows share, once                            2 * (344 + 47)                       782   0 %
**derived**                                                                               5414  693774
calls, loops, addresses: scalar core, in kernels and tasks    measured                     322   41279   6 %
**measured**                                                                              5736  735053
============================================================  =========================  =====  ======  =====

That is 2.94 ms, 340 updates a second, of 63 000 weights each; 63 % of it is external memory. Without that, if SRAM had
the room, it were 925. The two processors work at the same time; together they move 134 MB/s, where stores alone have
reached 364 MB/s, so that each is booked as if the link were its own (assumed).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.base.settings import Checked, setting
from chip.ppu import (
    V0,
    V1,
    V10,
    V11,
    V12,
    V13,
    V14,
    V16,
    V17,
    V18,
    V19,
    Kernel,
    add16_sat,
    i16,
    kernel,
    load16,
    move,
    mul16_sat,
    pack_lower,
    random8,
    shift_left16,
    shift_right16,
    splat8,
    splat16,
    store16,
    sub16_sat,
    subroutine,
    unpack_left,
    unpack_right,
)
from chip.ppu.program import Program
from ppu_programs.contract import Array, Built, Firmware, Outcome
from ppu_programs.network import LI, LIF, Linear, Network
from ppu_programs.placement import place
from ppu_programs.rewrite import changed_weights
from ppu_programs.streaming import SHARED_LINK, Layout, Side, Stream
from ppu_programs.two_layer.settings import SHADOW_LIMIT
from ppu_programs.two_layer.weights import initial_shadows, steps

if TYPE_CHECKING:
    from chip.link import HostLink

HIDDEN, READOUT = 0, 1  # projections
DRAWS = 8  # of random bits behind each other: so many share none
BEYOND = 0x7FFF - SHADOW_LIMIT  # 511: adding and subtracting it, saturating, limits a shadow from above
LARGEST_GRADIENT = 1 << 13  # of the demo's


@subroutine
def draw(v, m):
    """Put a random byte of each lane into V14."""
    for _ in range(DRAWS):
        random8(v, V14)


@subroutine
def limit(v, m):
    """Limit the shadows in V10 and V11: what is added or taken beyond the end of halfwords is lost."""
    add16_sat(v, V10, V10, V17)
    add16_sat(v, V11, V11, V17)
    sub16_sat(v, V10, V10, V17)
    sub16_sat(v, V11, V11, V17)
    sub16_sat(v, V10, V10, V18)
    sub16_sat(v, V11, V11, V18)
    add16_sat(v, V10, V10, V18)
    add16_sat(v, V11, V11, V18)


@subroutine
def round_stochastically(v, m):
    """Round the shadows in V10 and V11 to bytes in V10: up with the probability of what is cut off."""
    draw(v, m)
    unpack_left(v, V12, V19, V14)
    unpack_right(v, V13, V19, V14)
    shift_left16(v, V12, V12, 1)
    shift_left16(v, V13, V13, 1)
    add16_sat(v, V10, V10, V12)
    add16_sat(v, V11, V11, V13)
    shift_right16(v, V10, V10, 9)
    shift_right16(v, V11, V11, 9)
    pack_lower(v, V10, V10, V11)


@subroutine
def step_half(v, m, at):
    """Step the shadows of half row ``at`` of the window; leave them, rounded, as bytes in V10."""
    load16(v, V10, m.shadow, 2 * at)
    load16(v, V11, m.shadow, 2 * at + 1)
    load16(v, V12, m.gradient, 2 * at)
    load16(v, V13, m.gradient, 2 * at + 1)
    mul16_sat(v, V12, V12, V16)
    mul16_sat(v, V13, V13, V16)
    sub16_sat(v, V10, V10, V12)
    sub16_sat(v, V11, V11, V13)
    limit(v, m)
    store16(v, V10, m.shadow, 2 * at)
    store16(v, V11, m.shadow, 2 * at + 1)
    round_stochastically(v, m)


def begin_kernel(rate: int) -> Kernel:
    """Return the kernel that puts the constants into V16 to V19; rate in 2^-15 of a gradient, 0..32767."""

    @kernel
    def begin(v, m):
        """Rate, what limits shadows, and zeros."""
        splat16(v, V16, rate)
        splat16(v, V17, BEYOND)
        splat16(v, V18, BEYOND + 1)
        splat8(v, V19, 0)

    return begin


def descend_kernel(halves: int) -> Kernel:
    """Return the kernel ``descend(slot, row)`` for rows of one half or of both: weights into V0, and V1."""

    @kernel
    def descend_half(v, m, slot, row):
        """Step a row of weights of one half."""
        step_half(v, m, slot)
        move(v, V0, V10)

    @kernel
    def descend(v, m, slot, row):
        """Step a row of weights of both halves."""
        step_half(v, m, 2 * slot)
        move(v, V0, V10)
        step_half(v, m, 2 * slot + 1)
        move(v, V1, V10)

    return descend if halves == c.HALVES else descend_half


class DescentProgram(Program):
    """Updates the rows of one processor.

    Args:
        stream: over int16 regions ``shadow`` and ``gradient`` of a signed projection.
        rate: of learning, in 2^-15; updates: how many.
    """

    name = "descent"

    def __init__(self, stream: Stream, rate: int, updates: int):
        self.stream, self.updates = stream, updates
        self.begin, self.descend = begin_kernel(rate), descend_kernel(len(stream.side.halves))
        self.memory, self.kernels = stream.memory, (self.begin, self.descend, *stream.kernels)

    def main(self, ppu):
        yield ppu.run(self.begin)
        for _ in range(self.updates):
            yield from self.stream.walk(ppu, self.descend, written=("shadow",))
        return 0


@dataclass(frozen=True)
class Settings(Checked):
    """What a user chooses.

    Attributes:
        inputs, hidden, readouts: of the network.
        rate: of learning, in 2^-15 of a gradient.
        updates: how many, with the same gradients.
        window: rows in SRAM at a time.
        seed: of weights and gradients.

    Raises:
        ValueError: one of them is out of range.
    """

    section: ClassVar[str] = "descent"

    inputs: int = setting(256, 1, 256)
    hidden: int = setting(246, 1, 256)
    readouts: int = setting(10, 1, 256)
    rate: int = setting(8_192, 0, 0x7FFF)
    updates: int = setting(1, 1, 1 << 20)
    window: int = setting(1, 1, c.ROWS)
    seed: int = setting(1, 0)

    @property
    def network(self) -> Network:
        """The network, its synapses all signed."""
        sizes = self.inputs, self.hidden, self.readouts
        return Network(Linear(*sizes[:2]), LIF(sizes[1]), Linear(*sizes[1:]), LI(sizes[2]))


class Descent(Firmware):
    """The demo: gradients from the host, weights streamed by both processors."""

    name = "descent"
    settings_class = Settings

    def build(self, task: None, config: ChipConfig) -> Built:
        s = self.settings
        placement = place(s.network.graph)
        shadow, readout = initial_shadows(s.network, s.seed)
        gradient = np.random.default_rng(s.seed).integers(-LARGEST_GRADIENT, LARGEST_GRADIENT, shadow.shape)
        registers = placement.registers()
        placement.store(registers, HIDDEN, steps(shadow))
        placement.store(registers, READOUT, steps(readout))
        layout = Layout(placement, HIDDEN, {"shadow": i16, "gradient": i16})
        top, bottom = (self._program(layout, side) for side in layout.sides)
        return Built(registers, (top, bottom), plan=layout, external=layout.image(shadow=shadow, gradient=gradient))

    def _program(self, layout: Layout, side: Side) -> DescentProgram | None:
        if not len(side):
            return None
        s = self.settings
        return DescentProgram(Stream(layout, side.hemisphere, s.window), s.rate, s.updates)

    def outcome(self, link: HostLink, built: Built) -> Outcome:
        """Metric ``changed_weights``, a fraction of all synapses; array ``shadows``, int64[inputs, hidden]."""
        shadows = Array(self.shadows(link, built), "input", "hidden")
        return Outcome({"changed_weights": changed_weights(link, built)}, {"shadows": shadows})

    def assumptions(self) -> list[str]:
        return [SHARED_LINK]

    @staticmethod
    def shadows(link: HostLink, built: Built) -> np.ndarray:
        """int64[inputs, hidden], 512 to a step of a weight."""
        return built.plan.read(link, "shadow")
