"""What tests look at while a rule learns: its SRAM at the end of each sample, in batches of one that update nothing."""

from chip.base import constants as c
from chip.ppu import kernel
from ppu_programs.two_layer.roles import DONE_LINE


def clear_kernel(elements):
    @kernel
    def clear(v, m):
        for i in range(elements):
            m.gradient[i] = 0

    return clear


def without_updates(hidden_program, readout_program, line=DONE_LINE, conducts=c.BOTTOM):
    """Return a rule's two programs, changed: behind a batch they clear their gradients, and keep their weights.

    ``line`` is the doorbell of the processor that conducts, which has the readouts: it tells it that the other one has
    done so.
    """

    class Clearing:
        def __init__(self, *built_for):
            super().__init__(*built_for)
            self.clear = clear_kernel(self.memory["gradient"].length)
            self.kernels = (*self.kernels, self.clear)

    class Hidden(Clearing, hidden_program):
        def update_weights(self, ppu):
            yield ppu.run(self.clear)
            yield ppu.ring(conducts, line)

    class Readout(Clearing, readout_program):
        def update_weights(self, ppu):
            yield ppu.run(self.clear)
            yield ppu.wait_doorbell(line)

    return Hidden, Readout


def keep(processor, kernel_name, **kept):
    """Whenever a processor begins to run a kernel, append copies of its regions, by their names, to these lists."""

    def look(_, operation):
        if operation.name == "run" and operation.arguments[0].name == kernel_name:
            for region, copies in kept.items():
                copies.append(processor.regions[region].copy())

    processor.observers.append(look)
