"""What a plasticity processor computes by itself: kernels."""

from __future__ import annotations

from chip.base.errors import MachineFault
from chip.ppu.compiler.kernel import Kernel
from chip.ppu.processor.completions import Failure
from chip.ppu.processor.state import ProcessorState


def run(ppu: ProcessorState, kernel: Kernel, *arguments: int) -> None:
    """Run a kernel of this program; it takes the cycles that its instructions book.

    Where it faults, they are booked up to there, and what it has written stays for whoever looks.
    """
    bound = ppu.kernels.get(kernel)
    if bound is None:
        name = getattr(kernel, "name", kernel)
        raise MachineFault(f"program {ppu.program.name} runs kernel {name!r}, which its `kernels` do not list")
    ppu.use(kernel.regions)
    fetch_cycles = ppu.fetch(kernel)  # booked as such
    try:
        cycles = bound(ppu.kernel_limit_cycles, *arguments)
    except MachineFault as fault:
        ppu.spend("kernel", fault.cycles, fetch_cycles, then=Failure(fault))  # type: ignore[attr-defined]
        return
    ppu.spend("kernel", cycles, fetch_cycles)
