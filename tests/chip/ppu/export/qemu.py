"""Exported programs, compiled for a 32-bit PowerPC by one call of gcc and run under qemu."""

import shutil
import subprocess
from importlib import resources

import pytest

from chip.ppu.export.directory import list_of, random_taps

GCC, QEMU = shutil.which("powerpc-linux-gnu-gcc"), shutil.which("qemu-ppc")
needs_powerpc = pytest.mark.skipif(
    GCC is None or QEMU is None,
    reason="powerpc-linux-gnu-gcc or qemu-ppc is not installed (apt-get install gcc-powerpc-linux-gnu qemu-user)",
)
FLAGS = ["-m32", "-std=gnu11", "-fwrapv"]


def sources(directory, programs):
    """Write everything into a directory, all programs into one file; return the files that are compiled."""
    here = resources.files("chip.ppu.export").joinpath("c")
    for name in ("ppu.h", "vector_unit.c", "main.c"):
        (directory / name).write_text(here.joinpath(name).read_text(encoding="utf-8"), encoding="utf-8")
    (directory / "random_taps.h").write_text(random_taps())
    (directory / "programs.c").write_text("\n".join([program.text() for program in programs] + [list_of(programs)]))
    return [directory / name for name in ("main.c", "vector_unit.c", "programs.c")]


def build(directory, programs, *flags):
    """Return the firmware of all programs, one executable file.

    Raises:
        CalledProcessError: it does not compile; gcc has said why.
    """
    target = directory / "firmware"
    command = [GCC, *FLAGS, *(flags or ["-O1", "-w"]), "-static", *sources(directory, programs), "-o", target]
    subprocess.run(command, check=True, timeout=600)
    return target


def run(firmware, calls):
    """Return what calls leave.

    Raises:
        CalledProcessError: it ended with another code than 0.
    """
    return subprocess.run([QEMU, firmware], input=calls, stdout=subprocess.PIPE, check=True, timeout=600).stdout
