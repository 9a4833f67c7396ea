"""What programs must be, asked when they are loaded: whatever cannot be meant is refused in a sentence."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Mapping

import numpy as np

from chip.base.declaration import method_of, shown
from chip.base.errors import DeclarationError
from chip.ppu.compiler.kernel import Kernel, Subroutine
from chip.ppu.memory import Memory
from chip.ppu.program import Program, UncompiledProgram
from chip.ppu.recording import Recording, check_recordings
from chip.ppu.tasks import Doorbell, Timer, check_tasks

SIMILAR, ALMOST_EQUAL = 0.6, 0.9  # of names, difflib's ratio


def check_program(program: Program) -> None:
    """Refuse what a program declares wrongly; called when it is loaded.

    Raises:
        DeclarationError: there is neither a main nor a task, or one of its attributes is something else.
        ValueError: a task or a recording that cannot be; begins with ``file:line`` where there is one.
    """
    who = f"program {_name(program)}"
    if not isinstance(program.memory, Memory):
        raise DeclarationError(f"memory of {who} is {shown(program.memory)}; make it of regions, Memory(name=u8[256])")
    if not isinstance(program.kernels, tuple | list):
        comma = f", ({program.kernels.name},)" if isinstance(program.kernels, Kernel) else " of kernels"
        raise DeclarationError(f"kernels of {who} is {shown(program.kernels)}; it must be a tuple{comma}")
    for kernel in program.kernels:
        if not isinstance(kernel, Kernel):
            raise DeclarationError(f"{who} lists {shown(kernel)} among its kernels; decorate a function by @kernel")
    check_spelling(program, Program, who, _MEANT)
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


def _name(program: Program) -> str:
    name = getattr(program, "name", None)
    if not isinstance(name, str) or not name:
        raise DeclarationError(f"name of program {type(program).__name__} is {shown(name)}; give it a name, a text")
    return name


# ---------------------------------------------------------------------- names that are almost right


def _made_of(*kinds: type) -> Callable[[object], bool]:
    """Return whether a value is of these kinds, or a tuple or list of nothing else."""

    def fits(value: object) -> bool:
        values = value if isinstance(value, tuple | list) else (value,)
        return len(values) > 0 and all(isinstance(each, kinds) for each in values)

    return fits


Meant = dict[str, tuple[float, Callable[[object], bool]]]
_MEANT: Meant = {  # how similar a name must be, and what its value, to be a misspelling of this one
    "memory": (SIMILAR, _made_of(Memory)),
    "kernels": (SIMILAR, _made_of(Kernel)),
    "tasks": (SIMILAR, _made_of(Timer, Doorbell)),
    "recordings": (SIMILAR, _made_of(Recording)),
    "code_in": (SIMILAR, lambda value: isinstance(value, str) and value in ("sram", "external")),
    "stop_cycle": (ALMOST_EQUAL, lambda value: type(value) is int),
    "image": (ALMOST_EQUAL, inspect.isfunction),
}


def check_spelling(declared: object, base: type, who: str, meant: Meant) -> None:
    """Refuse an attribute that stands in the place of one that is not declared: ``task`` for ``tasks``.

    It must be like it in name and hold what belongs there, as ``meant`` says by name, so attributes for somebody's own
    use go through.
    """
    own: dict[str, object] = {}
    for part in reversed(type(declared).__mro__):
        if part not in base.__mro__:
            own |= vars(part)
    own |= vars(declared)
    for name, (ratio, fits) in meant.items():
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
