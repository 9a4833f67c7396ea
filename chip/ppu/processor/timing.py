"""Times and widths that the operations of a processor share."""

from chip.ppu.costs import COSTS

PLAIN_CONTROL_CYCLES = 8  # around an operation of plain Python, whose control flow nobody can count (assumed)
WORD_CYCLES = COSTS["load"].cycles + COSTS["address"].cycles  # a scalar load from SRAM
LONGEST_CYCLES = 1 << 48  # of a wait, 13 days
SAMPLE_LINE = 0  # the doorbell line that the FPGA rings when a sample's record is complete
