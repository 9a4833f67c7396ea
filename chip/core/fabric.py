"""The event fabric as the analog core holds it: its arrays, from configuration and registers, and its counts."""

from __future__ import annotations

import numpy as np

from chip.array.taking import taking_drivers
from chip.base import constants as c
from chip.base.arrays.declared import Life, table_of
from chip.base.config import ChipConfig
from chip.base.grid import EDGE_NS, FAR_NS
from chip.base.registers import ROW_DISABLED, Registers
from chip.fabric.arrays import (
    CONTENTION,
    FRAME_TAKES_NS,
    LOSS_BITS,
    LOSS_IN_CROSSBAR,
    LOSS_TO_CHIP,
    LOSS_TO_FPGA,
    NODE_EVENTS,
    PULSE_NS,
    SETTINGS,
    Fabric,
)
from chip.fabric.generators import NEXT_NS
from chip.fabric.links import FRAME_BITS
from chip.silicon.streams import stream

STAGES = 3  # at which events get lost by chance


def build_fabric(config: ChipConfig, registers: Registers, before: Fabric | None = None) -> Fabric:
    """Return a fabric in which nothing waits, or in which goes on what waited ``before``."""
    settings = np.zeros(SETTINGS, np.int64)
    router = config.router
    settings[CONTENTION], settings[NODE_EVENTS] = router.contention, router.node_events
    settings[PULSE_NS] = config.drivers.pulse_ns
    settings[FRAME_TAKES_NS] = frame_ns(router.link_lanes)
    chances = np.array([router.loss_to_chip, router.loss_in_crossbar, router.loss_to_fpga])
    settings[[LOSS_TO_CHIP, LOSS_IN_CROSSBAR, LOSS_TO_FPGA]] = np.rint(chances * 2**LOSS_BITS)
    drives = (registers.row_mode.reshape(c.HEMISPHERES, c.DRIVERS, 2) != ROW_DISABLED).any(axis=2)
    taking = taking_drivers(registers, drives | registers.stp_enabled)  # others do nothing, and so lose nothing
    keys = stream(config.seed, "event_loss").integers(0, 2**64, STAGES, np.uint64)
    built = dict(settings=settings, loss_key=keys, taken_first=taking.first, taken_drivers=taking.drivers)
    if before is not None:
        return before._replace(**built)
    fabric = Fabric(**_empty(), **built)
    fabric.generators[:, NEXT_NS] = FAR_NS
    return fabric


def _empty() -> dict[str, np.ndarray]:
    """Return all arrays that are not built, with nothing in them."""
    lines = {name: line for name, line in table_of(Fabric).items() if line.life is not Life.BUILT}
    return {name: np.zeros(line.shape, line.array.dtype.name) for name, line in lines.items()}


def frame_ns(lanes: int) -> int:
    """Return how long so many lanes of 1 Gbit/s take over a frame, on the clock of events."""
    return -(-FRAME_BITS // (lanes * EDGE_NS)) * EDGE_NS
