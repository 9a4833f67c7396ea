"""The settings of what is digital on a chip and around it: router, converter, drivers, FPGA, processors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chip.base import constants as c
from chip.base.settings import Checked, setting


@dataclass(frozen=True)
class RouterConfig(Checked):
    """Event routing. The latency is that from a neuron's spike to the synapses that it drives, if it waits nowhere.

    With ``contention`` events queue for neuron outputs, crossbar, busses, drivers and links, and get lost where there
    is no room; without, all come at once, and what follows has no effect. A node of the crossbar holds ``node_events``
    that wait for its output. The links between chip and FPGA have ``link_lanes`` of 1 Gbit/s. The probabilities of loss
    are of an event on the way to the chip, of each copy at its node, and of an event on the way to the FPGA; they draw
    from the chip's seed, so that two equal events of one time share their fate.

    Raises:
        ValueError: events are to be lost by chance without contention.
    """

    section: ClassVar[str] = "router"
    on_chip_latency_ns: int = setting(100, 100, 10_000, c.EVENT_CLOCK_NS)
    contention: bool = setting(False, source="a choice")
    node_events: int = setting(4, 1, 16)
    link_lanes: int = setting(8, 1, 8, source="haldls: eight PHYs; a choice")
    loss_to_chip: float = setting(0.0, 0.0, 1.0, source="a choice")
    loss_in_crossbar: float = setting(0.0, 0.0, 1.0, source="a choice")
    loss_to_fpga: float = setting(0.0, 0.0, 1.0, source="a choice")

    def __post_init__(self):
        super().__post_init__()
        lossy = [name for name in ("loss_to_chip", "loss_in_crossbar", "loss_to_fpga") if getattr(self, name)]
        if lossy and not self.contention:
            raise ValueError(
                f"router.{lossy[0]} is {getattr(self, lossy[0])}, but without router.contention no event is lost; "
                "switch that on, or leave it 0"
            )


@dataclass(frozen=True)
class CadcConfig(Checked):
    """The columnar ADC: what a PPU waits for a conversion and for a further vector of the same conversion."""

    section: ClassVar[str] = "cadc"
    read_cycles: int = setting(c.CADC_READ_CYCLES, 33, 10_000, source="measured (libnux)")
    buffered_read_cycles: int = setting(c.CADC_BUFFERED_READ_CYCLES, 1, 10_000, source="derived")


@dataclass(frozen=True)
class DriverConfig(Checked):
    """What the registers of the synapse drivers' short-term plasticity stand for.

    See :mod:`chip.array.short_term_plasticity`.

    Utilization 0..15 goes evenly from the least to the greatest; recovery takes the slowest time constant divided by
    its register + 1. A pulse is full at 0 and gone at ``end_voltage``, both in codes of the capacitor memory, and one
    offset step shortens it by ``offset_step`` of a full one. Where events queue, a driver is busy for ``pulse_ns``.
    """

    section: ClassVar[str] = "drivers"
    least_utilization: float = setting(0.2, 0.0, 1.0, source="calix: some 0.2 before each event")
    greatest_utilization: float = setting(0.5, 0.0, 1.0)
    slowest_recovery_ns: float = setting(800_000.0, 1_000.0, 1e9)
    end_voltage: float = setting(500.0, 1.0, 10_000.0)
    offset_step: float = setting(0.02, 0.0, 1.0)
    pulse_ns: int = setting(4, 4, 1_000, c.EVENT_CLOCK_NS, source="assumed; demo tp_00 sends to a row at up to 125 MHz")


@dataclass(frozen=True)
class FpgaConfig(Checked):
    """The gateware beside the chip. Player and writer do not exist on today's chip: they are assumptions.

    ``player_latency_ns`` runs from a PPU's request to the sample's time zero at the crossbar, ``writer_latency_ns``
    from a spike to its record in external memory, ``doorbell_latency_ns`` from a sample's end to the PPU's wake-up.
    ``record_bytes`` is the room for a sample's record: two words, and one for each spike, 254 by default.
    """

    section: ClassVar[str] = "fpga"
    sample_player: bool = setting(True, source="assumed gateware")
    spike_writer: bool = setting(True, source="assumed gateware")
    player_latency_ns: int = setting(1000, 0, 1_000_000, c.FPGA_CLOCK_NS)
    writer_latency_ns: int = setting(400, 200, 1_000_000, c.FPGA_CLOCK_NS)
    doorbell_latency_ns: int = setting(200, 0, 1_000_000, c.PPU_CLOCK_NS)
    record_bytes: int = setting(1024, 1024, c.BLOCK_RAM_BYTES // 4, c.VECTOR_BYTES, source="assumed gateware")


@dataclass(frozen=True)
class PpuConfig(Checked):
    """The plasticity processors' watchdogs, what a scalar write over the Omnibus takes, the instruction cache.

    The cache counts for programs with code in external memory, see :mod:`chip.ppu.processor.instruction_cache`. Its
    lines are the external memory's vectors: a program of 1 KiB then warms up in 11 us, where the vendor waits 10 to
    15 us.
    """

    section: ClassVar[str] = "ppu"
    kernel_limit_cycles: int = setting(25_000_000, 1_000, 10**12, source="0.1 s, the vendor's wait for the scheduler")
    program_limit_cycles: int = setting(900_000_000_000, 1_000, 10**13, source="one hour; a choice")
    omnibus_write_cycles: int = setting(c.OMNIBUS_WRITE_CYCLES, 1, 10_000)
    counter_read_cycles: int = setting(144, 112, 10_000, source="derived: the vendor waits 112, then the bus returns")
    instruction_cache_bytes: int = setting(4096, 128, 1 << 20)
    instruction_cache_line_bytes: int = setting(128, 4, 4096, 4)
    instruction_cache_miss_cycles: int = setting(c.EXTERNAL_LOAD_CYCLES, 0, 100_000)
