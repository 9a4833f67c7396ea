"""The FPGA's clock: a chip's time has its edges at multiples of 8 ns, which no run waits for."""

from __future__ import annotations

from chip.base import constants as c


def edge_from(time_ns: int) -> int:
    """Return the first edge at or behind a time."""
    return -(-time_ns // c.FPGA_CLOCK_NS) * c.FPGA_CLOCK_NS
