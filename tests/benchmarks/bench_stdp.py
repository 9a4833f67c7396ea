"""How fast pair STDP is simulated. Run by hand: ``taskset -c 0 pytest -s tests/benchmarks/bench_stdp.py``.

Both processors update the whole arrays of their hemispheres, 512 rows. On a calm machine an update takes 10 ms of wall
time without the reset of the sensors and 13 ms with it.
"""

import time

import pytest

from chip import Chip, ChipConfig, Registers
from ppu_programs.stdp import PairSTDP

UPDATES, ROUNDS, AIM_MS = 4, 8, 10.0


def update_ms(reset: bool) -> float:
    registers = Registers()
    registers.enabled[...] = registers.correlation_enabled[...] = True
    chip = Chip(ChipConfig.ideal())
    chip.link.write_registers(registers)
    for hemisphere in range(2):
        chip.link.load_program(hemisphere, PairSTDP(period=1_000_000, updates=UPDATES, reset=reset))
        for kernel in chip.processors[hemisphere].bound_kernels():
            kernel.compile()
        chip.processors[hemisphere].flow.compile()
    chip.start()
    begun = time.perf_counter()
    chip.run()
    return (time.perf_counter() - begun) / UPDATES * 1e3


@pytest.mark.parametrize("reset", [False, True])
def test_an_update_of_both_arrays(reset):
    fastest = min(update_ms(reset) for _ in range(ROUNDS))
    print(f"pair STDP, reset {reset}: {fastest:.1f} ms for an update of both arrays")
    assert fastest < 1.5 * AIM_MS
