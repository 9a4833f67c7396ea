"""The host link: everything that crosses it is counted, and nothing may cross while the chip learns."""

from __future__ import annotations

import warnings

import numpy as np

from chip import constants as c
from chip.calibration.calibration import Calibration, CalibrationWarning, outside_range
from chip.errors import LinkError
from chip.fpga import SampleSet
from chip.ppu.memory import link
from chip.ppu.program import Program, check_program
from chip.registers import Registers

BEFORE, DURING, AFTER = "before", "during", "after"
CODES_BYTES = 2 * 6 + 3  # of a neuron: six codes, three ranges


class HostLink:
    """The host's only way to the chip; what a simulator shows of a running chip, its progress, goes past it.

    Between start and the last exit code every method raises :class:`LinkError`: fully local means that learning does
    without the host. ``bytes`` counts what crossed before, during and after; ``refused`` the attempts in between.
    """

    def __init__(self, chip):
        self.chip = chip
        self.bytes = {BEFORE: 0, DURING: 0, AFTER: 0}
        self.refused = 0

    # ------------------------------------------------------------------ writing

    def write_calibration(self, calibration: Calibration) -> None:
        """Take the codes of neurons and CADC from a calibration; before the registers that it is to be used for.

        Raises:
            CalibrationError: it was made for another chip, or by another version.
            RuntimeError: registers were written already. LinkError: the chip learns.
        """
        if not isinstance(calibration, Calibration):
            raise TypeError(f"write_calibration takes a Calibration, not {calibration!r}; load one from its file")
        self._transfer("write a calibration", 0)  # its codes cross with the registers
        calibration.check_chip(self.chip.config)
        if self.chip.core is not None:
            raise RuntimeError("the chip has its registers already; write the calibration first, then the registers")
        self.chip.calibration = calibration

    def write_registers(self, registers: Registers) -> None:
        """Write every register of the chip, and where its neurons take codes these, too.

        Warns with a CalibrationWarning for every parameter that chips with codes are not calibrated to.

        Raises:
            ValueError: a value does not fit its register.
        """
        capmem = self.chip.config.capmem.used
        codes_bytes = c.NEURONS * (CODES_BYTES + 1) if capmem else 0  # and a CADC offset
        self._transfer("write registers", registers.nbytes + codes_bytes)
        registers.check()
        for sentence in outside_range(registers) if capmem else ():
            warnings.warn(sentence, CalibrationWarning, stacklevel=2)
        self.chip.configure(registers)

    def write_samples(self, samples: SampleSet) -> None:
        """Write stimuli into the FPGA's DRAM; raises ChipLimitError where they do not fit."""
        self._transfer("write samples", samples.nbytes)
        self.chip.player.load(samples)

    def load_program(self, hemisphere: int, program: Program) -> None:
        """Link a program and write its image into a PPU's memory.

        Raises:
            ChipLimitError: it does not fit, or a recording is longer than its memory.
            ValueError, TypeError: a kernel, task or recording that cannot be, see :mod:`chip.ppu.program`.
            ValueError, MachineFault: an image that its regions cannot hold; then the PPU has no program any more.
        """
        if hemisphere not in (c.TOP, c.BOTTOM):
            raise ValueError(f"there is no PPU {hemisphere!r}; {c.TOP} is the top one, {c.BOTTOM} the bottom one")
        if not isinstance(program, Program):
            raise TypeError(f"load_program takes a program, not {program!r}; make one of its class first")
        check_program(program)
        processor = self.chip.processors[hemisphere]
        image = program.image()
        link_map = link(program.memory, program.kernels, code_in=program.code_in)
        image_bytes = link_map.code_bytes + sum(region.size for region in program.memory.values())
        self._transfer(f"load program {program.name}", image_bytes)
        processor.recorder.reserve(program, self.chip.external, processor.name)
        try:
            processor.load(program, link_map, image)
        except BaseException:
            processor.load(Program(), link(Program.memory), {})  # nothing of it stays
            processor.program = processor.link_map = None
            processor.recorder.reserve(Program(), self.chip.external, processor.name)
            raise

    # ------------------------------------------------------------------ reading

    def read_sram(self, hemisphere: int, region: str) -> np.ndarray:
        """A copy of one region of a PPU's SRAM."""
        values = self.chip.processors[hemisphere]._region(region).copy()
        self._transfer(f"read region {region}", values.nbytes)
        return values

    def read_recording(self, hemisphere: int, name: str) -> np.ndarray:
        """The records that a PPU's program has made, oldest first, at most as many as declared.

        Returns a structured array with the fields ``time_cycles``, uint64, PPU cycles since the chip was started, and
        ``values``: a region's elements, one element, the weights of one or more rows, uint8[256] each, or of one or
        more synapses; see :class:`chip.ppu.recording.Recording`.
        """
        records = self.chip.processors[hemisphere].recorder.track(name).read()
        self._transfer(f"read recording {name}", records.nbytes)
        return records

    def read_external(self, address: int, nbytes: int) -> np.ndarray:
        """uint8[nbytes] of external memory, whoever has reserved it: recordings as they lie there, too."""
        self._transfer("read external memory", nbytes)
        return self.chip.external.view(address, nbytes, reserved=True).copy()

    def read_weights(self) -> np.ndarray:
        """uint8[hemisphere, row, column], 0..63: the weights of all synapses."""
        self._transfer("read weights", c.HEMISPHERES * c.ROWS * c.COLUMNS)
        return self.chip.weights()

    def read_counters(self) -> dict[str, int]:
        """The event counters of the chip."""
        counters = self.chip.counters()
        self._transfer("read counters", 4 * len(counters))
        return counters

    def _transfer(self, what: str, nbytes: int) -> None:
        if self.chip.learning:
            self.refused += 1
            raise LinkError(
                f"the host tried to {what} ({nbytes} bytes) at {self.chip.environment.now} ns while the chip learns; "
                "the link is closed between start and exit code: load before, read after"
            )
        self.bytes[AFTER if self.chip.started else BEFORE] += nbytes
