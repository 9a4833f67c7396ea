"""One plasticity processor: its state, what it can be asked to do, and the scheduler of its tasks."""

from chip.ppu.processor.processor import Processor as Processor
