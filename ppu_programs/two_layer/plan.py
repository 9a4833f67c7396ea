"""What is played, and where the programs leave their reports in external memory."""

from __future__ import annotations

from dataclasses import dataclass

from chip.base import constants as c
from chip.fpga.memory import BLOCK_RAM_BASE, DRAM_BASE
from chip.ppu import kernel

READOUT_WEIGHTS_ADDRESS = BLOCK_RAM_BASE
REPORTS_ADDRESS = DRAM_BASE + c.DRAM_BYTES // 2  # a vector for each report, behind the samples
PREDICTIONS_ADDRESS = DRAM_BASE + c.DRAM_BYTES // 4 * 3  # a byte for each evaluation sample
MAX_EPOCHS = (PREDICTIONS_ADDRESS - REPORTS_ADDRESS) // c.VECTOR_BYTES - 2
REPORT_WORDS = c.VECTOR_BYTES // 4
COUNTERS = 4
SAMPLES, CORRECT, LEARNED, ERROR = range(COUNTERS)  # in `counters`; ERROR sums 1 - p of the label, 2^12 for 1


@dataclass(frozen=True)
class Plan:
    """What is played: the sample numbers of each split, and how often."""

    epochs: int
    batch: int
    train: range
    validation: range
    test: range

    @property
    def batches(self) -> int:
        """Whole batches of an epoch; the rest of the order is left out."""
        return len(self.train) // self.batch

    @property
    def trained(self) -> int:
        """Samples that will be learned from, repetitions counted."""
        return self.epochs * self.batches * self.batch

    @property
    def samples(self) -> int:
        """All samples that will be played."""
        return self.trained + len(self.validation) + len(self.test)

    def evaluations(self) -> tuple[range, range]:
        """The splits that are played without learning, in this order."""
        return self.validation, self.test


def report_address(index: int) -> int:
    """Where report ``index`` stands: one for each epoch, then validation, then test."""
    return REPORTS_ADDRESS + index * c.VECTOR_BYTES


def predictions_address(evaluation: int, sample: int = 0) -> int:
    """Where the predicted classes stand, a byte a sample: of evaluation 0, validation, and 1, test."""
    return PREDICTIONS_ADDRESS + evaluation * c.DRAM_BYTES // 8 + sample


@kernel
def report_counters(v, m):
    """Move the counters into the vector that goes to external memory, and clear them."""
    for i in range(4):
        m.report[i] = m.counters[i]
        m.counters[i] = 0
