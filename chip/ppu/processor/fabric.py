"""What a plasticity processor does to the event fabric: events on its busses, writes to background generators."""

from __future__ import annotations

from collections.abc import Sequence

from chip.base import constants as c
from chip.base.errors import MachineFault
from chip.fabric.generators import RANGES
from chip.ppu.processor.state import ProcessorState

GENERATOR_WORDS = 4  # that a write to a generator takes: control, period and rate, label and mask, seed (assumed)


def inject_event(ppu: ProcessorState, busses: Sequence[int], row_select: int, label: int) -> None:
    """Put one event on PADI busses of this hemisphere by a write over the Omnibus; it acts when the write ends.

    It does not pass the crossbar, so nobody records it. The busses must be this processor's:
    ``Registers.padi_from_processor``.
    """
    ppu.check_sequence("PADI busses", busses)
    given = ppu.chip.core.padi_from_processor[ppu.hemisphere]
    for bus in busses:
        ppu.check_index("PADI bus", bus, c.PADI_BUSSES)
        if not given[bus]:
            raise MachineFault(
                f"program {ppu.program.name} puts an event on PADI bus {bus} of the {ppu.name} hemisphere, which "
                f"takes its events from the crossbar; set registers.padi_from_processor[{ppu.hemisphere}, {bus}]"
            )
    ppu.check_index("row select", row_select, c.ROW_SELECT_MASK + 1)
    ppu.check_index("label", label, c.LABEL_MAX + 1)
    cycles = ppu.config.ppu.omnibus_write_cycles
    mask = sum({1 << int(bus) for bus in busses})
    time_ns = ppu.start_ns + cycles * c.PPU_CLOCK_NS
    ppu.chip.core.post_padi_event(time_ns, ppu.hemisphere, mask, int(row_select), int(label))
    ppu.spend("omnibus", cycles)


def write_generator(
    ppu: ProcessorState,
    generator: int,
    enabled: int = 1,
    poisson: int = 0,
    period: int = 0xFFFF,
    rate: int = 0,
    seed: int = 1,
    mask: int = 0,
    label: int = 0,
) -> None:
    """Write all registers of a background generator, 0..7 of either hemisphere, by four writes over the Omnibus.

    It begins anew when the last of them ends: its first event comes a full period later. See
    :mod:`chip.fabric.generators` for what the registers say, and ``Registers.background_period`` for their ranges.
    """
    ppu.check_index("background generator", generator, c.BACKGROUND_GENERATORS)
    written = dict(period=period, rate=rate, seed=seed, mask=mask, label=label)
    for name, value in written.items():
        low, high = RANGES[name]
        ppu.check_index(f"{name} of a background generator", value, high + 1, start=low)
    cycles = GENERATOR_WORDS * ppu.config.ppu.omnibus_write_cycles
    time_ns = ppu.start_ns + cycles * c.PPU_CLOCK_NS
    ppu.chip.core.post_generator(time_ns, generator, bool(enabled), bool(poisson), **written)
    ppu.spend("omnibus", cycles)
