"""The linker of a processor's 16 KiB: places the regions of a program beside its code and stack.

    link_map = link(memory, [update, forward])
    regions = link_map.views(numpy.zeros(16384, numpy.uint8))     # {"counts": uint8[256], ...}

Order in the memory: code (where it runs from SRAM), regions, stack, mailbox at the end, as the vendor's linker script
has it. Regions of 128 bytes and more begin at multiples of 128, since vectors are moved to and from them; smaller ones
at multiples of 4.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from chip.base.constants import SRAM_BYTES, VECTOR_BYTES, WORD_BYTES
from chip.base.errors import ChipLimitError, Resource
from chip.ppu.compiler.kernel import Kernel
from chip.ppu.compiler.stack import Chain, deepest_chain, deepest_chain_of_tasks
from chip.ppu.compiler.tasks.form import TaskForm
from chip.ppu.memory import Memory

STACK_BYTES = 1024  # assumed: depth of libnux programs; its red zone is 128 bytes
MAILBOX_BYTES = 256  # assumed: messages and exit code; libnux builds choose 0 to 4096
START_CODE_BYTES = 512  # assumed: start-up, scheduler loop and bus access, when code lies in SRAM


@dataclass(frozen=True)
class Placement:
    """One object in the memory: name, kind (code, region, const, stack, mailbox), offset and size in bytes.

    In external memory the offset counts from where the program's code begins.
    """

    name: str
    kind: str
    offset: int
    size: int


@dataclass(frozen=True)
class LinkMap:
    """Where everything lies in one processor's SRAM.

    Attributes:
        memory: the declared regions; placements: every object, by rising offset.
        used, size: bytes taken, alignment included, and bytes there are.
        code_bytes: of all code, wherever it lies; code_in: "sram" or "external".
        external: the code in external memory, by rising offset; empty where it lies in SRAM.
        deepest: the chain of calls that needs the most stack; None without kernels and compiled tasks.
        tasks: the program's compiled tasks; None where they are plain Python.
    """

    memory: Memory
    placements: tuple[Placement, ...]
    used: int
    size: int
    code_bytes: int
    code_in: str
    external: tuple[Placement, ...] = ()
    deepest: Chain | None = None
    tasks: TaskForm | None = None

    @property
    def image_bytes(self) -> int:
        """What is written where the program is loaded: all code, constants and regions."""
        return self.code_bytes + sum(p.size for p in self.placements if p.kind in ("region", "const"))

    @cached_property
    def _offsets(self) -> dict[str, int]:
        return {placement.name: placement.offset for placement in self.placements if placement.kind == "region"}

    def offset(self, name: str) -> int:
        """Return the byte offset of a region."""
        found = self._offsets.get(name)
        if found is None:
            raise KeyError(f"no region {name}; there are: {', '.join(self.memory)}")
        return found

    def views(self, sram: np.ndarray) -> dict[str, np.ndarray]:
        """Return each region as an array on the processor's memory.

        Args:
            sram: uint8[size], contiguous.
        """
        if sram.dtype != np.uint8 or sram.shape != (self.size,):
            raise ValueError(f"the memory is {sram.dtype}{list(sram.shape)}; it must be uint8[{self.size}]")
        return {
            name: sram[self.offset(name) : self.offset(name) + region.size].view(region.dtype)
            for name, region in self.memory.items()
        }

    def report(self) -> str:
        """Return the map as text, one object per line (offset, bytes, kind, name), and the sum."""
        lines = [f"{p.offset:>6} {p.size:>6}  {p.kind:<8} {p.name}" for p in self.placements]
        lines += [f"{p.offset:>6} {p.size:>6}  {p.kind:<8} {p.name} (external memory)" for p in self.external]
        where = "" if self.code_in == "sram" else f"; {self.code_bytes} bytes of code in external memory"
        return "\n".join([*lines, f"{self.used} of {self.size} bytes used{where}"])


def link(
    memory: Memory,
    kernels: Iterable[Kernel] = (),
    sram_bytes: int = SRAM_BYTES,
    stack: int = STACK_BYTES,
    mailbox: int = MAILBOX_BYTES,
    code_in: str = "sram",
    tasks: TaskForm | None = None,
) -> LinkMap:
    """Place a program's regions, code, constants, stack and mailbox, and check its kernels against its regions.

    Args:
        memory: the program's regions.
        kernels: everything that it runs; a subroutine that several share is placed once.
        sram_bytes, stack, mailbox: sizes in bytes.
        code_in: "sram", or "external" for code in external memory behind the instruction cache.
        tasks: the program's compiled tasks, whose code and constant tables take room, too.

    Raises:
        ChipLimitError: it does not fit, and the largest object is named; or calls need more than the stack.
        KernelError: a kernel needs a region that is not there or is not what it needs.
    """
    if code_in not in ("sram", "external"):
        raise ValueError(f"code_in is {code_in!r}; it is 'sram' or 'external'")
    for what, size in (("stack", stack), ("mailbox", mailbox), ("sram_bytes", sram_bytes)):
        if size < 0 or size % WORD_BYTES:
            raise ValueError(f"{what} is {size} bytes; it must be a multiple of {WORD_BYTES}, 0 or more")
    kernels = list(kernels)
    deepest = _deepest(kernels, tasks, stack)
    code, code_bytes = [], 0
    for name, size in _code(kernels, tasks):
        code.append(Placement(name, "code", code_bytes, size))
        code_bytes += size
    inside = code_in == "sram"
    placements, position = (list(code), code_bytes) if inside else ([], 0)
    # large regions first: only the first of them can need padding
    large = [name for name in memory if memory[name].size >= VECTOR_BYTES]
    for name in [*large, *(name for name in memory if name not in large)]:
        position = _aligned(position, VECTOR_BYTES if name in large else WORD_BYTES)
        placements.append(Placement(name, "region", position, memory[name].size))
        position += memory[name].size
    constant_bytes = tasks.table_bytes if tasks is not None else 0
    for name, kind, size in (
        *([("tables of tasks", "const", constant_bytes)] if constant_bytes else []),
        *(("stack", "stack", stack), ("mailbox", "mailbox", mailbox)),
    ):
        position = _aligned(position, WORD_BYTES)
        placements.append(Placement(name, kind, position, size))
        position += size
    if position > sram_bytes:
        _refuse(placements, position, sram_bytes)
    shapes = {name: np.empty(region.length, region.dtype) for name, region in memory.items()}
    for kernel in kernels:
        kernel.check(shapes)
    external = () if inside else tuple(code)
    return LinkMap(memory, tuple(placements), position, sram_bytes, code_bytes, code_in, external, deepest, tasks)


def _deepest(kernels: list[Kernel], tasks: TaskForm | None, stack: int) -> Chain | None:
    """Return the chain of calls that needs the most stack, and refuse it where it needs more than there is."""
    if tasks is not None:
        chain, routine, whose = deepest_chain_of_tasks(tasks), tasks.main.routine, "its tasks"
    elif kernels:
        chains = [(deepest_chain(kernel), kernel) for kernel in kernels]
        chain, kernel = max(chains, key=lambda pair: pair[0].frame_bytes)
        routine, whose = kernel.routine, f"kernel {kernel.name}"
    else:
        return None
    if chain.stack_bytes > stack:
        where = f"{routine.file}:{routine.first_line}"
        remedy = f"{where}: the calls {' > '.join(chain.names)} need it: call less deeply, or use fewer variables"
        stack_of = f"stack of the processor for {whose}"
        raise ChipLimitError(Resource.STACK, stack_of, chain.stack_bytes, stack, "bytes", remedy)
    return chain


def _aligned(position: int, alignment: int) -> int:
    return -(-position // alignment) * alignment


def _code(kernels: list[Kernel], tasks: TaskForm | None) -> list[tuple[str, int]]:
    """Return name and bytes of every routine, each once."""
    sizes: dict[object, tuple[str, int]] = {}
    for task, size in tasks.code_sizes.items() if tasks is not None else ():
        sizes[task] = (f"task {task.name}", size)
    for kernel in kernels:
        for routine, size in kernel.code_sizes.items():
            sizes[routine] = (routine.name, size)
    return [("start-up", START_CODE_BYTES), *(pair for pair in sizes.values() if pair[1])] if sizes else []


def _refuse(placements: list[Placement], used: int, size: int) -> None:
    largest = max(placements, key=lambda placement: placement.size)
    remedy = f"the largest object is {largest.kind} {largest.name} with {largest.size} bytes: make it smaller"
    code = sum(placement.size for placement in placements if placement.kind == "code")
    if code and code + VECTOR_BYTES >= used - size:  # what follows it moves up, to a whole vector
        remedy += f", or move the code ({code} bytes) to external memory with code_in='external'"
    elif largest.kind != "code":
        remedy += ", or keep it in external memory"
    raise ChipLimitError(Resource.SRAM, "SRAM of the processor", used, size, "bytes", remedy)
