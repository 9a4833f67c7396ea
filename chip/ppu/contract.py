"""What programs and firmware must be, asked when they are loaded: whatever cannot be meant is refused in a sentence."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Mapping

import numpy as np

from chip.base.declaration import method_of, shown
from chip.base.errors import DeclarationError
from chip.base.registers import Registers
from chip.ppu.compiler.kernel import Kernel, Subroutine
from chip.ppu.memory import Memory
from chip.ppu.program import Firmware, Program, UncompiledProgram
from chip.ppu.recording import Recording, check_recordings
from chip.ppu.tasks import Doorbell, Timer, check_tasks

PROCESSORS = ("top", "bottom")
SIMILAR, ALMOST_EQUAL = 0.6, 0.9  # of names, difflib's ratio


def check_program(program: Program) -> None:
    """Refuse what a program declares wrongly; called when it is loaded.

    Raises:
        DeclarationError: there is neither a main nor a task, or one of its attributes is something else.
        ValueError: a task or a recording that cannot be; begins with ``file:line`` where there is one.
    """
    who = f"program {_name(program, 'program')}"
    if not isinstance(program.memory, Memory):
        raise DeclarationError(f"memory of {who} is {shown(program.memory)}; make it of regions, Memory(name=u8[256])")
    if not isinstance(program.kernels, tuple | list):
        comma = f", ({program.kernels.name},)" if isinstance(program.kernels, Kernel) else " of kernels"
        raise DeclarationError(f"kernels of {who} is {shown(program.kernels)}; it must be a tuple{comma}")
    for kernel in program.kernels:
        if not isinstance(kernel, Kernel):
            raise DeclarationError(f"{who} lists {shown(kernel)} among its kernels; decorate a function by @kernel")
    _check_spelling(program, Program, who)
    if getattr(program.main, "__func__", None) in (Program.main, UncompiledProgram.main) and not program.tasks:
        raise DeclarationError(f"{who} has no main(self, ppu) and no tasks")
    if isinstance(program.main, Kernel | Subroutine):
        raise DeclarationError(f"main of {who} is {shown(program.main)}; write `def main(self, ppu)` that yields it")
    method_of(program, who, "main", "ppu")
    check_tasks(program)
    check_recordings(program)


def image_of(program: Program) -> dict[str, np.ndarray]:
    """Return the initial contents of a program's regions, by name.

    Raises:
        DeclarationError: it is no dict, or names a region that is not there.
    """
    who = f"program {program.name}"
    image = method_of(program, who, "image")()
    if not isinstance(image, Mapping):
        raise DeclarationError(f"image() of {who} returned {shown(image)}; return a dict of arrays by region, or {{}}")
    found = {}
    for region, values in image.items():
        if region not in program.memory:
            known = ", ".join(program.memory) or "none"
            raise DeclarationError(f"image() of {who} fills region {region!r}; the program's regions are: {known}")
        try:
            found[region] = np.asarray(values)
        except ValueError:
            raise DeclarationError(
                f"image of region {region} of {who} has rows of different lengths; the region takes "
                f"{program.memory[region].length} integers"
            ) from None
    return found


def registers_of(firmware: Firmware) -> Registers:
    """Return a firmware's registers; raises DeclarationError where it returns something else."""
    who = f"firmware {_name(firmware, 'firmware')}"
    registers = method_of(firmware, who, "registers")()
    if not isinstance(registers, Registers):
        raise DeclarationError(f"registers() of {who} returned {shown(registers)}; return Registers")
    return registers


def programs_of(firmware: Firmware) -> tuple[Program | None, Program | None]:
    """Return a firmware's programs, the top PPU's and the bottom one's.

    Raises:
        DeclarationError: it returns something else, or no program at all.
    """
    who = f"firmware {_name(firmware, 'firmware')}"
    _check_spelling(firmware, Firmware, who)
    made = method_of(firmware, who, "programs")()
    if not isinstance(made, tuple | list) or len(made) != len(PROCESSORS):
        raise DeclarationError(
            f"programs() of {who} returned {shown(made)}; return two, for the top and the bottom PPU, as in "
            "(MyProgram(), None)"
        )
    for ppu, program in zip(PROCESSORS, made, strict=True):
        if program is not None and not isinstance(program, Program):
            remedy = f"make one, {program.__name__}()" if isinstance(program, type) else "return a Program or None"
            raise DeclarationError(f"programs() of {who} returned {shown(program)} for the {ppu} PPU; {remedy}")
    top, bottom = made
    if top is bottom is None:
        raise DeclarationError(f"programs() of {who} leaves both PPUs asleep; return a program for one of them")
    return top, bottom


def assumptions_of(firmware: Firmware) -> list[str]:
    """Return what a firmware takes for granted; raises DeclarationError where it is no list of sentences."""
    who = f"firmware {_name(firmware, 'firmware')}"
    found = method_of(firmware, who, "assumptions")()
    if not isinstance(found, tuple | list) or not all(isinstance(sentence, str) for sentence in found):
        raise DeclarationError(f"assumptions() of {who} returned {shown(found)}; return a list of sentences")
    return list(found)


def _name(declared: object, kind: str) -> str:
    name = getattr(declared, "name", None)
    if not isinstance(name, str) or not name:
        raise DeclarationError(f"name of {kind} {type(declared).__name__} is {shown(name)}; give it a name, a text")
    return name


# ---------------------------------------------------------------------- names that are almost right


def _made_of(*kinds: type) -> Callable[[object], bool]:
    """Return whether a value is of these kinds, or a tuple or list of nothing else."""

    def fits(value: object) -> bool:
        values = value if isinstance(value, tuple | list) else (value,)
        return len(values) > 0 and all(isinstance(each, kinds) for each in values)

    return fits


_MEANT: dict[type, dict[str, tuple[float, Callable[[object], bool]]]] = {
    # how similar a name must be, and what its value, to be a misspelling of this one
    Program: {
        "memory": (SIMILAR, _made_of(Memory)),
        "kernels": (SIMILAR, _made_of(Kernel)),
        "tasks": (SIMILAR, _made_of(Timer, Doorbell)),
        "recordings": (SIMILAR, _made_of(Recording)),
        "code_in": (SIMILAR, lambda value: isinstance(value, str) and value in ("sram", "external")),
        "stop_cycle": (ALMOST_EQUAL, lambda value: type(value) is int),
        "image": (ALMOST_EQUAL, inspect.isfunction),
    },
    Firmware: {"assumptions": (ALMOST_EQUAL, inspect.isfunction)},
}


def _check_spelling(declared: object, base: type, who: str) -> None:
    """Refuse an attribute that stands in the place of one that is not declared: ``task`` for ``tasks``.

    It must be like it in name and hold what belongs there, so attributes for a program's own use go through.
    """
    own: dict[str, object] = {}
    for part in reversed(type(declared).__mro__):
        if part not in base.__mro__:
            own |= vars(part)
    own |= vars(declared)
    for name, (ratio, fits) in _MEANT[base].items():
        if name in own:
            continue
        for other, value in own.items():
            if other.startswith("_") or hasattr(base, other) or not fits(value):
                continue
            if difflib.SequenceMatcher(None, other, name).ratio() > ratio:
                raise DeclarationError(
                    f"{who} has an attribute {other}, at which the chip does not look; call it {name}, or something "
                    "else"
                )
