"""Time in the analog core: the grid on which state is committed, edges within a step, blocks of steps."""

from __future__ import annotations

from chip.base import constants as c

EDGE_NS = c.EVENT_CLOCK_NS
GRID_NS = 100  # state is committed on this absolute grid; no longer than the on-chip latency
GRID_EDGES = GRID_NS // EDGE_NS
SCAN_EDGES = 32  # edges 0..25, padded to whole vectors
BLOCK_STEPS = 16
BLOCK_NS = BLOCK_STEPS * GRID_NS  # a block in which nothing happens is one exact jump
ROW_HALVES = c.HEMISPHERES * c.HALVES
SOURCE_SHIFT, EDGE_SHIFT, RECORDED_SHIFT = 16, 27, 27  # of Scratch.batch and Queues.log_info
FAR_NS = 1 << 60  # later than everything
LONG_AGO_NS = -(1 << 60)
SPIKES_PER_STEP = c.NEURONS * GRID_EDGES  # most that a step can produce: every neuron at every edge
FPGA_SOURCE = c.NEURONS  # sources of recorded labels: neurons 0..511, then the four inputs from the FPGA
BACKGROUND_SOURCE = FPGA_SOURCE + 4  # then the eight background generators
# where events queue, what the FPGA records of neurons 0..511, of its own events and of background generators
RETURN_SOURCE, RETURNED_FPGA_SOURCE, RETURNED_BACKGROUND_SOURCE = 1024, 1536, 1540
