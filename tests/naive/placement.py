"""The placement of two layers, written down source by source from its table."""

from chip.base import constants as c
from chip.base.registers import ROW_EXCITATORY, ROW_INHIBITORY, Registers


def two_layer_registers(inputs: int, hidden: int, readouts: int) -> Registers:
    """Registers of inputs on top, hidden neurons in the even half of the top, readouts in that of the bottom."""
    registers = Registers()
    registers.labels[...] = 63
    for lane in range(hidden):
        registers.enabled[c.TOP, 2 * lane] = True
    for lane in range(readouts):
        registers.enabled[c.BOTTOM, 2 * lane] = True
        registers.spiking[c.BOTTOM, 2 * lane] = registers.event_output[c.BOTTOM, 2 * lane] = False
    for bus in range(4):
        registers.crossbar_target[8 + bus, bus] = registers.crossbar_target[8 + bus, 8 + bus] = 0
    for output in range(8):
        registers.crossbar_target[output, 4 + output % 4] = registers.crossbar_target[output, 8 + output % 4] = 0
    for driver in range(inputs):
        for sign, row in ((ROW_EXCITATORY, 2 * driver), (ROW_INHIBITORY, 2 * driver + 1)):
            registers.row_mode[c.TOP, row] = sign
            for lane in range(hidden):
                registers.labels[c.TOP, row, 2 * lane] = 0
    sources = [0] * 4  # so far on each bus
    for lane in range(hidden):
        bus = lane // 16 % 4
        label, sources[bus] = sources[bus], sources[bus] + 1
        registers.backend_address[c.TOP, 2 * lane] = label
        driver = 4 * label + bus
        registers.compare_mask[c.BOTTOM, driver] = 0
        for sign, row in ((ROW_EXCITATORY, 2 * driver), (ROW_INHIBITORY, 2 * driver + 1)):
            registers.row_mode[c.BOTTOM, row] = sign
            for readout in range(readouts):
                registers.labels[c.BOTTOM, row, 2 * readout] = label
    return registers
