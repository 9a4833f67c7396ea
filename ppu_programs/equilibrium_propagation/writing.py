"""Both copies of the weights, from one shadow: rows onto the hidden neurons, and rows of the hidden neurons.

The first are vectors: :func:`ppu_programs.two_layer.weights.rows_of_synapses_kernel`, for the rows of inputs and of
outputs. The second are those of the outputs transposed, a few lanes of many rows. Both round alike, so the copies are
equal.
"""

from __future__ import annotations

from chip.base import constants as c
from chip.ppu import Kernel, Memory, kernel, maximum, u8
from ppu_programs.equilibrium_propagation.settings import MOST_OUTPUTS
from ppu_programs.two_layer.layout import ROW, position

NEURONS_PER_WRITE = 12  # hidden neurons whose rows fit the row buffer at once


def memory(rows: int) -> Memory:
    """``synapses``: two rows for each of the shadow; ``forward``: two rows of each of some hidden neurons."""
    return Memory(synapses=u8[2 * rows * c.LANES], forward=u8[2 * NEURONS_PER_WRITE * c.LANES], lanes=u8[MOST_OUTPUTS])


def forward_kernel(outputs: int, above: int) -> Kernel:
    """Return the kernel ``forward_rows(first, count)``: rows of the hidden neurons in lanes ``first``... .

    ``outputs`` are how many there are; their rows of shadows are behind ``above`` others. Region ``lanes`` tells where
    they lie.
    """

    @kernel
    def forward_rows(v, m, first, count):
        """Round, transpose, and part the signs."""
        for n in range(count):
            place = position(v, m, first + n) + ROW * above
            for k in range(outputs):
                weight = m.shadow[ROW * k + place] + 256 >> 9
                m.forward[2 * c.LANES * n + m.lanes[k]] = maximum(weight, 0)
                m.forward[2 * c.LANES * n + c.LANES + m.lanes[k]] = maximum(-weight, 0)

    return forward_rows
