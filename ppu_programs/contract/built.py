"""What a firmware has built for one chip: all that is loaded before it starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chip.base.declaration import shown
from chip.base.errors import DeclarationError
from chip.base.registers import Registers
from chip.fpga.playback import PlaybackProgram
from chip.fpga.samples import SampleSet
from chip.ppu.program import Program

PROCESSORS = ("top", "bottom")
STIMULI = (SampleSet, PlaybackProgram)  # kinds that a chip can be loaded with


@dataclass(frozen=True, eq=False)
class Built:
    """What a firmware has built for one chip.

    Attributes:
        registers: of the whole chip: routing, neuron parameters, initial weights.
        programs: of the top and of the bottom PPU; None leaves a PPU asleep.
        stimuli: samples for the FPGA's player, or a playback program that it runs by itself; None for neither.
        timed: which samples show the speed, by order of playing: those that are learned from, but not those in which
            functions run first. Empty where speed is not a matter of samples.
        plays_per_sample: how often a sample is played that is learned from: once, or once for each of its phases.
        settings: those of the firmware as they hold on this chip, where it has changed some; None for its own.
        remedy: what whoever chose the settings can do where a program does not fit its memory, a sentence; else "".
        plan: whatever the firmware itself needs to read results.
        placement: where its network lies, as :mod:`ppu_programs.placement` has made it, for pictures by population and
            projection; None where the ``network`` of the firmware says it, or nobody.
        external: what is in external memory at the start, uint8[n] by address; the rest of it is left as it is.

    Raises:
        DeclarationError: one of them cannot be meant.
    """

    registers: Registers
    programs: tuple[Program | None, Program | None]
    stimuli: SampleSet | PlaybackProgram | None = None
    timed: range = range(0)
    plays_per_sample: int = 1
    settings: Any = None
    remedy: str = ""
    plan: Any = None
    placement: Any = None
    external: Mapping[int, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.registers, Registers):
            raise DeclarationError(f"registers of a Built is {shown(self.registers)}; give Registers")
        _check_programs(self.programs)
        if self.stimuli is not None and not isinstance(self.stimuli, STIMULI):
            kinds = " or ".join(kind.__name__ for kind in STIMULI)
            raise DeclarationError(f"stimuli of a Built is {shown(self.stimuli)}; give a {kinds}, or None")
        _check_external(self.external)
        timed = self.timed
        if not isinstance(timed, range) or (timed and (timed.step != 1 or timed.start < 0)):
            raise DeclarationError(f"timed of a Built is {shown(timed)}; give a range of samples, by order of playing")
        if timed and not isinstance(self.stimuli, SampleSet):
            raise DeclarationError(f"timed of a Built is {shown(timed)}, but its stimuli are no samples; leave it out")
        if type(self.plays_per_sample) is not int or self.plays_per_sample < 1:
            what = shown(self.plays_per_sample)
            raise DeclarationError(f"plays_per_sample of a Built is {what}; give a whole number from 1 on")
        if not isinstance(self.remedy, str):
            raise DeclarationError(f'remedy of a Built is {shown(self.remedy)}; give a sentence, or ""')


def _check_external(external: object) -> None:
    if not isinstance(external, Mapping):
        raise DeclarationError(f"external of a Built is {shown(external)}; give a dict of bytes by address")
    for address, values in external.items():
        if isinstance(address, bool) or not isinstance(address, int | np.integer):
            raise DeclarationError(f"an address in external of a Built is {shown(address)}; give a whole number")
        if not isinstance(values, np.ndarray) or values.dtype != np.uint8 or values.ndim != 1:
            raise DeclarationError(
                f"external[0x{address:08x}] of a Built is {shown(values)}; give uint8[n], view it as bytes"
            )


def _check_programs(programs: object) -> None:
    if not isinstance(programs, tuple | list) or len(programs) != len(PROCESSORS):
        raise DeclarationError(
            f"programs of a Built is {shown(programs)}; give two, for the top and the bottom PPU, as in "
            "(MyProgram(), None)"
        )
    for ppu, program in zip(PROCESSORS, programs, strict=True):
        if program is not None and not isinstance(program, Program):
            remedy = f"make one, {program.__name__}()" if isinstance(program, type) else "give a Program or None"
            raise DeclarationError(f"the program of a Built for the {ppu} PPU is {shown(program)}; {remedy}")
    if all(program is None for program in programs):
        raise DeclarationError("the programs of a Built leave both PPUs asleep; give a program for one of them")
