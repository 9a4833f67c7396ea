"""What a plasticity processor computes by itself: kernels."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from chip.base.errors import MachineFault

if TYPE_CHECKING:
    from chip.ppu.compiler.kernel import Kernel
    from chip.ppu.processor.processor import Processor


class Failure:
    """What ends a program at the end of what went wrong, whoever else acts before that."""

    def __init__(self, fault: MachineFault):
        self.fault = fault

    def __call__(self) -> NoReturn:
        raise self.fault


def run(ppu: Processor, kernel: Kernel, *arguments: int) -> None:
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
