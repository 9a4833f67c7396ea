"""What a network learns on one chip, whoever trains it: its own processors or a host."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.base.errors import ChipLimitError, Resource
from chip.base.registers import Registers
from chip.fpga.memory import DRAM_BASE
from chip.fpga.samples import SampleSet
from chip.ppu.costs import issue_cycles
from ppu_programs.placement import DividedPlacement, Placement
from ppu_programs.two_layer import weights
from ppu_programs.two_layer.plan import REPORTS_ADDRESS, Plan
from ppu_programs.two_layer.settings import SampleSettings

CONVERSION_ARGUMENTS = 1  # of the operation that a doorbell sets off, `ppu.read_cadc(into="membranes")`


@dataclass(frozen=True, eq=False)
class Training:
    """Samples and network of one run; a firmware adds its programs, a host its method.

    Attributes:
        settings: those of the firmware, with what they take from the chip.
        plan: which samples are played; placement: where the network lies; samples: for the player.
    """

    settings: SampleSettings
    plan: Plan
    placement: Placement | DividedPlacement
    samples: SampleSet

    def registers(self) -> Registers:
        """Routing, neuron parameters and initial weights."""
        registers = self.placement.registers()
        for layer, shadow in enumerate(weights.initial_shadows(self.placement.network, self.settings.seed)):
            self.placement.store(registers, layer, weights.steps(shadow))
        return registers

    def external(self) -> dict[int, np.ndarray]:
        """What external memory is to begin with, beside samples: uint8[n] by address."""
        return {}

    @property
    def timed(self) -> range:
        """Training samples behind the first batch, in which the last machine code is loaded, by order of playing."""
        return range(self.plan.batch, self.plan.trained)


def recording_ns(settings: SampleSettings, config: ChipConfig, arguments: int = CONVERSION_ARGUMENTS) -> int:
    """How long a sample is recorded, so that the conversion that its doorbell sets off comes at ``duration_ns``.

    To the FPGA's clock; the conversion is at most 4 ns early. The operation that converts has so many arguments.
    """
    fpga = config.fpga
    after_ns = fpga.writer_latency_ns + fpga.doorbell_latency_ns + issue_cycles(arguments) * c.PPU_CLOCK_NS
    recorded_ns = (settings.duration_ns - after_ns) // c.FPGA_CLOCK_NS * c.FPGA_CLOCK_NS
    if recorded_ns <= max(settings.last_input_ns, settings.bias_ns):
        raise ValueError(
            f"{settings.section}: from the end of a recording to the conversion takes {after_ns} ns on this chip, so "
            f"of a sample of {settings.duration_ns} ns only {recorded_ns} ns are recorded, and inputs come up to "
            f"{settings.last_input_ns} ns; lower fpga.writer_latency_ns or fpga.doorbell_latency_ns"
        )
    return recorded_ns


def encode(
    s: SampleSettings,
    placement: Placement | DividedPlacement,
    inputs: np.ndarray,
    targets: np.ndarray,
    duration_ns: int,
) -> SampleSet:
    """Encode inputs float64[n, inputs - 1] in 0..1 as event times, a bias event before them; the class is the tag.

    Raises:
        ChipLimitError: the samples do not fit below the reports.
    """
    span_ns = s.last_input_ns - s.first_input_ns
    times_ns = np.column_stack([s.first_input_ns + inputs * span_ns, np.full(len(inputs), float(s.bias_ns))])
    times_ns = (np.round(times_ns / c.FPGA_CLOCK_NS) * c.FPGA_CLOCK_NS).astype(np.int32)
    order = np.argsort(times_ns, axis=1, kind="stable")
    samples = SampleSet(
        offsets=np.arange(len(inputs) + 1) * s.inputs,
        times_ns=np.take_along_axis(times_ns, order, axis=1).ravel(),
        labels=placement.input_labels[order].ravel(),
        tags=targets.astype(np.uint16),
        duration_ns=duration_ns,
    )
    room = REPORTS_ADDRESS - DRAM_BASE
    if samples.nbytes > room:
        raise ChipLimitError(
            Resource.DRAM, "DRAM below the reports", samples.nbytes, room, "bytes", "load fewer samples"
        )
    return samples
