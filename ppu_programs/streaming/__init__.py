"""Weights of large projections: they lie in external memory and stream through a window in SRAM, row by row.

    layout = Layout(placement, 0, {"shadow": i16, "gradient": i16})    projection 0, from DRAM_BASE on
    stream = Stream(layout, c.TOP, window=2)                           what the top processor walks over

    class MyProgram(Program):
        def __init__(self, stream):
            self.stream, self.memory, self.kernels = stream, stream.memory, (my_row, *stream.kernels)

        def main(self, ppu):
            yield from self.stream.walk(ppu, my_row, written=("shadow",))
            return 0

    Built(registers, programs, external=layout.image(shadow=..., gradient=...))     int[sources, targets] each
    layout.read(link, "shadow")                                                     afterwards, int64[sources, targets]

**A row** is what one source has in one hemisphere: the synapses of one row, or of two where they have signs. Each
processor owns those of its side (``side``), and of every region of the layout as many elements as the row has lanes:
128 for each half of its columns that the projection uses. In external memory the rows of a region lie one after the
other (``layout``). Bytes are in the order of lanes, halfwords and words in that of
:func:`ppu_programs.two_layer.layout.positions`, so that halfwords pack into the bytes of their lanes.

**A kernel of the rule** takes ``(v, m, slot, row)``: it finds its row in the regions from element
``slot * halves * 128`` on, and leaves the new weights as bytes in V0, where there are two halves the odd ones in V1:
-63..63 where synapses have signs, else 0..63. V10 to V31 are the rule's, from row to row too. Then the library parts
the signs, and changes those synapses of the row that are the projection's (``synapses``).

**Walks** (``stream``): all rows, or some of them in any order, read and write the regions that they name, and write
synapses or none: a rule may sum gradients in one walk and step by them in another. A program that walks over several
projections has a layout and a stream for each, one behind the other, ``Layout(..., address=first.end)``, and one window
for all, ``shared_memory(*streams)``.

Nothing overlaps: a processor fetches external memory by instructions of its own, which it waits for, so that a second
buffer would gain nothing. A window of several rows saves the control flow of some operations, no bus cycles.

**What it costs**, in PPU cycles: a vector of 128 bytes takes 344 + 47 from external memory to SRAM, and 88 + 49 back
(38 + 49 the first one of a burst); the rule's kernel another 49 or 47 for each that it loads or stores; a row of
synapses 20 for each half and direction. The two processors are booked as if either had the link to the FPGA for itself
(``SHARED_LINK``, assumed). :mod:`ppu_programs.descent` does the sum for all synapses of a chip.
"""

from ppu_programs.streaming.layout import Layout, behind
from ppu_programs.streaming.side import Side, sides
from ppu_programs.streaming.stream import SHARED_LINK, Stream, shared_memory

__all__ = ["SHARED_LINK", "Layout", "Side", "Stream", "behind", "shared_memory", "sides"]
