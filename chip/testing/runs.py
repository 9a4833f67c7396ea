"""Run firmware as a test does: what is lost, late or saturated fails, and so does another exit code."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Protocol, runtime_checkable

import numpy as np

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.base.declaration import shown
from chip.base.errors import DeclarationError, LossError
from chip.base.feed import Conversion
from chip.base.lanes import to_lanes
from chip.base.losses import Loss
from chip.base.registers import Registers
from chip.chip import Chip
from chip.fpga.playback import PlaybackProgram
from chip.fpga.samples import SampleSet
from chip.ppu.compiler.form import signed32
from chip.ppu.memory import Memory, u8, u32
from chip.ppu.processor.endings import ending
from chip.ppu.processor.processor import EXIT_CODES, WATCHDOG
from chip.ppu.program import Program, UncompiledProgram

BUFFERS = Memory(membranes=u8[128 * 64], record=u32[256], row=u8[256], word=u32[1])


@runtime_checkable
class Buildable(Protocol):
    """A firmware: ``build`` returns an object with ``registers``, ``programs`` and ``stimuli`` for a task and a chip.

    It may have ``external``, too, bytes by address of external memory.

    Those of this project are :class:`ppu_programs.contract.Firmware`, of which the chip knows no more than this.
    """

    def build(self, task: Any, config: ChipConfig) -> Any: ...


class Script(Program):
    """A program whose ``main`` is given as a function of the PPU; with regions for most purposes, ``BUFFERS``."""

    name = "script"

    def __init__(
        self,
        main: Callable,
        kernels: Collection = (),
        memory: Memory = BUFFERS,
        image: Mapping[str, np.ndarray] | None = None,
    ):
        self.main, self.memory, self._image = main, memory, {} if image is None else image  # type: ignore[method-assign]
        self.kernels = tuple(kernels) if isinstance(kernels, Collection) else kernels  # what is none is refused later

    def image(self) -> dict[str, np.ndarray]:
        return self._image


class UncompiledScript(Script, UncompiledProgram):
    """The same, run as the plain Python generator that it is: it may look at everything, keep lists, and costs nothing.

    For tests of the simulator and for looks behind the scenes; reports say so.
    """


class WatchedChip(Chip):
    """A chip that also counts saturated conversions, and whose losses leave out those that a test allows.

    A conversion is saturated where the CADC reads 0 or 255 of an enabled neuron.

    Attributes:
        allow: losses that are no failure, :class:`chip.base.losses.Loss` or their names.
        told: a loss has ended its run with an error.
    """

    def __init__(self, config: ChipConfig | None = None, allow: Collection[str] = ()):
        self.allow, self.saturated, self.told = frozenset(allow), 0, False
        super().__init__(config)
        self._enabled = np.zeros((c.HEMISPHERES, c.HALVES, c.LANES), bool)
        self.feed.conversions.append(self._count_saturated)
        unknown = sorted(self.allow - set(Loss))
        if unknown:
            names = ", ".join(Loss)
            raise ValueError(f"there is no loss named {unknown[0]!r} to allow; there are: {names}")

    def configure(self, registers: Registers) -> None:
        super().configure(registers)
        self._enabled = to_lanes(registers.enabled[:, None]).reshape(c.HEMISPHERES, c.HALVES, c.LANES)

    def _count_saturated(self, conversion: Conversion) -> None:
        at_an_end = (conversion.codes == 0) | (conversion.codes == c.CADC_MAX)
        self.saturated += int((at_an_end & self._enabled[conversion.hemisphere]).sum())

    def losses(self) -> dict[Loss, int]:
        """Everything that was lost, late or saturated and is not allowed, by name."""
        found = {**super().losses(), Loss.SATURATED_CONVERSIONS: self.saturated}
        return {loss: count for loss, count in found.items() if loss not in self.allow}

    def run(self, progress: Callable[[Chip], None] | None = None, until_ns: int | None = None) -> None:
        try:
            super().run(progress, until_ns)
        except LossError:
            self.told = True
            raise

    def check(self) -> None:
        """Raise AssertionError where something was lost, late or saturated."""
        lost = {loss: count for loss, count in self.losses().items() if count}
        if lost:
            raise AssertionError(
                f"the firmware lost or saturated something: {', '.join(f'{n} {loss}' for loss, n in lost.items())}; "
                f"mend it, or allow it by name, for example allow=[{next(iter(lost)).value!r}]"
            )


def load_firmware(
    chip: Chip,
    top: Buildable | Program | Callable | None = None,
    bottom: Program | Callable | None = None,
    registers: Registers | None = None,
    samples: SampleSet | None = None,
    playback: PlaybackProgram | None = None,
    task: Any = None,
) -> Chip:
    """Load a chip over its link and return it: a firmware, or a program or a ``main`` for each PPU.

    A ``main`` is a function of the PPU, see :class:`Script`. Registers and samples that are given stand in the place of
    those of a firmware; without either the chip does nothing. ``task`` is what a firmware learns, None for none.

    Raises:
        ValueError: a class in the place of an object, or something else that nobody can load.
        DeclarationError: the firmware or a program declares what cannot be.
    """
    _check_loadable(top, bottom)
    external: Mapping[int, np.ndarray] = {}
    if isinstance(top, Buildable):
        built = _built_by(top, task, chip.config)
        registers = built.registers if registers is None else registers
        if samples is None and playback is None and built.stimuli is not None:
            chip.link.write_stimuli(built.stimuli)
        top, bottom, external = *built.programs, getattr(built, "external", external)
    chip.link.write_registers(Registers() if registers is None else registers)
    if samples is not None:
        chip.link.write_samples(samples)
    if playback is not None:
        chip.link.write_playback(playback)
    for hemisphere, program in enumerate((top, bottom)):
        if program is not None:
            chip.link.load_program(hemisphere, program if isinstance(program, Program) else Script(program))
    for address, values in external.items():
        chip.link.write_external(address, values)
    return chip


def _built_by(firmware: Buildable, task: Any, config: ChipConfig) -> Any:
    built = firmware.build(task, config)
    if not all(hasattr(built, part) for part in ("registers", "programs", "stimuli")):
        name = getattr(firmware, "name", type(firmware).__name__)
        raise DeclarationError(f"build() of firmware {name} returned {shown(built)}; return what it has built")
    return built


def _check_loadable(top: object, bottom: object) -> None:
    for name, found in (("top", top), ("bottom", bottom)):
        if isinstance(found, type):
            raise ValueError(f"{name} is the class {found.__name__}; make one: {found.__name__}()")
        kinds = Program if name == "bottom" else (Buildable, Program)
        if found is not None and not isinstance(found, kinds) and not callable(found):
            what = "a program or a function of the PPU" if name == "bottom" else "a firmware, a program or a function"
            remedy = "; a firmware has programs for both PPUs and goes to top" if isinstance(found, Buildable) else ""
            raise ValueError(f"{name} is {shown(found)}; it must be {what}{remedy}")
    if isinstance(top, Buildable) and bottom is not None:
        raise ValueError(f"bottom is {shown(bottom)}, but top is a firmware, which has programs for both PPUs")


def run_firmware(
    top: Buildable | Program | Callable | None = None,
    bottom: Program | Callable | None = None,
    registers: Registers | None = None,
    samples: SampleSet | None = None,
    config: ChipConfig | None = None,
    allow: Collection[str] = (),
    exit_code: int | str = 0,
    playback: PlaybackProgram | None = None,
    task: Any = None,
) -> WatchedChip:
    """Run firmware on a chip to its end, and return the chip for a look; see :func:`load_firmware`.

    Args:
        config: an ideal strict chip by default.
        allow: losses that are no failure, for example ``[Loss.SATURATED_CONVERSIONS]`` or its name.
        exit_code: what every program must end with, a number of 32 bits, signed or not: 0xFFFFFFFF and -1 are the same;
            or ``"watchdog"`` where the watchdog is expected to end it.
        task: what a firmware learns; None for one that learns none.

    Raises:
        ValueError: an exit code that no program can end with; or as :func:`load_firmware`.
        AssertionError: something was lost, late or saturated, or a program ended with another exit code.
        LossError: the same on a strict chip, where it happened. MachineFault: a program faulted.
    """
    expected = _exit_code(exit_code)
    chip = load_firmware(WatchedChip(config, allow), top, bottom, registers, samples, playback, task)
    chip.start()
    chip.run()
    chip.check()
    for processor in chip.processors:
        if processor.program is not None and processor.exit_code != expected:
            raise AssertionError(f"{ending(processor, chip.config)}; exit code {exit_code} is expected")
    return chip


def _exit_code(expected: int | str) -> int | str:
    """Return an exit code as a processor has it."""
    if expected == WATCHDOG:
        return WATCHDOG
    if isinstance(expected, bool) or not isinstance(expected, int | np.integer) or int(expected) not in EXIT_CODES:
        raise ValueError(
            f"exit_code is {shown(expected)}; a program ends with a number of 32 bits, {EXIT_CODES.start} to "
            f"{EXIT_CODES.stop - 1}, or with {WATCHDOG!r} where the watchdog ends it"
        )
    return signed32(int(expected))


def chip_bytes(chip: Chip) -> dict[str, bytes]:
    """Everything that a chip has come to, as bytes: two runs are the same where these dicts are equal.

    SRAM, vector units and cycles of both PPUs, weights, block RAM, neurons and spikes, losses, time.
    """
    found = {}
    for ppu in chip.processors:
        found[f"{ppu.name} SRAM"] = ppu.sram.tobytes()
        found |= {f"{ppu.name} vector unit, {name}": a.tobytes() for name, a in ppu.vector.snapshot().items()}
        found[f"{ppu.name} cycles, exit code"] = repr((sorted(ppu.cycles.items()), ppu.exit_code)).encode()
    chip.core.advance(chip.now_ns)
    found |= {f"analog core, {name}": array.tobytes() for name, array in chip.core.snapshot().items()}
    found |= {"weights": chip.weights().tobytes(), "block RAM": chip.external.block_ram.tobytes()}
    found["membranes"] = chip.core.membranes(chip.now_ns).tobytes()
    found["losses, time"] = repr((chip.losses(), chip.now_ns)).encode()
    return found
