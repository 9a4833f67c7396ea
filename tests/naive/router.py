"""Event routing by loops over the chip's parts, as the vendor's headers describe them, without any table of keys."""

from __future__ import annotations


def neuron_input(column: int) -> int:
    """Crossbar input of a neuron: 32 columns of both hemispheres share one."""
    return column // 32


def targets_of_input(source: int) -> list[tuple[str, int]]:
    """Outputs that have a node with a crossbar input: ("top" or "bottom", bus) or ("fpga", channel)."""
    if source < 8:
        return [("top", source % 4), ("bottom", source % 4), ("fpga", source % 4)]
    if source < 12:
        busses = [(side, bus) for side in ("top", "bottom") for bus in range(4)]
        return [*busses, ("fpga", source - 8)]
    background = source - 12
    side = "top" if background < 4 else "bottom"
    return [(side, background % 4), ("fpga", background % 4)]


OUTPUT_OFFSET = {"top": 0, "bottom": 4, "fpga": 8}


def passed_targets(registers, source: int, label: int) -> list[tuple[str, int]]:
    """Outputs that a label takes from an input."""
    taken = []
    for side, number in targets_of_input(source):
        if side != "fpga" and registers.padi_from_processor[("top", "bottom").index(side), number]:
            continue  # the bus takes its processor's events
        output = OUTPUT_OFFSET[side] + number
        mask, target = int(registers.crossbar_mask[source, output]), int(registers.crossbar_target[source, output])
        if (label & 0x3FFF & mask) == target:
            taken.append((side, number))
    return taken


def taking_drivers(registers, side: str, bus: int, label: int) -> list[tuple[int, int]]:
    """Drivers, (hemisphere, driver), that take a label on a PADI bus."""
    hemisphere = ("top", "bottom").index(side)
    select = (label >> 6) & 31
    return [
        (hemisphere, driver)
        for driver in range(128)
        if driver % 4 == bus and ((select ^ (driver // 4)) & int(registers.compare_mask[hemisphere, driver])) == 0
    ]


def driven_rows(registers, side: str, bus: int, label: int) -> list[tuple[int, int]]:
    """Rows, (hemisphere, row), that a label on a PADI bus drives: disabled rows do not count."""
    rows = []
    for hemisphere, driver in taking_drivers(registers, side, bus, label):
        for row in (2 * driver, 2 * driver + 1):
            if registers.row_mode[hemisphere, row] != 0:
                rows.append((hemisphere, row))
    return rows


def route(registers, source: int, label: int) -> tuple[list[tuple[int, int]], int, bool]:
    """Return (rows driven, busses taken, recorded) of a label that enters the crossbar at an input."""
    targets = passed_targets(registers, source, label)
    busses = [target for target in targets if target[0] != "fpga"]
    rows = [row for side, bus in busses for row in driven_rows(registers, side, bus, label)]
    return rows, len(busses), len(busses) < len(targets)
