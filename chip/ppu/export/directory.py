"""A directory of exported programs, which builds and runs by itself."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources

from chip.ppu.export.program import ExportedProgram
from chip.ppu.vector.unit import RANDOM_TAPS

OURS = ("ppu.h", "vector_unit.c", "main.c", "Makefile")


def files(programs: Sequence[ExportedProgram], names: Sequence[str]) -> dict[str, str]:
    """Return the text of every file by its name; ``names`` are those of the programs' files, without ``.c``."""
    here = resources.files("chip.ppu.export").joinpath("c")
    found = {name: here.joinpath(name).read_text(encoding="utf-8") for name in OURS}
    found["random_taps.h"] = random_taps()
    found["programs.c"] = list_of(programs)
    found["estimated.txt"] = "".join(
        f"{name}.c {function} {size}\n"
        for name, program in zip(names, programs, strict=True)
        for function, size in program.estimated.items()
    )
    found |= {f"{name}.c": program.text() for name, program in zip(names, programs, strict=True)}
    return found


def random_taps() -> str:
    """Return the polynomials of the random generators."""
    texts = [f"0x{tap:04x}" for tap in RANDOM_TAPS]
    return "".join(", ".join(texts[k : k + 8]) + ",\n" for k in range(0, len(texts), 8))


def list_of(programs: Sequence[ExportedProgram]) -> str:
    """Return the file that lists all programs for main.c."""
    names = [program.symbol for program in programs]
    lines = ["/* The programs by their numbers. */", '#include "ppu.h"', ""]
    lines += [f"extern struct ppu_program {name};" for name in names]
    lines += [f"struct ppu_program *const ppu_programs[] = {{{', '.join(f'&{name}' for name in names)}}};"]
    lines += [f"const int ppu_program_count = {len(names)};"]
    return "\n".join(lines) + "\n"
