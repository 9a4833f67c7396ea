"""``@kernel`` and ``@subroutine``: the small compiler for what runs on a plasticity processor.

    @subroutine
    def step(v, m, x):                       # the vector unit, this program's regions, integers
        return saturate8((x * 3) >> 2)

    @kernel
    def update(v, m, count):
        for i in range(count):
            load8(v, V0, m.weights, i)       # the i-th vector of a region
            splat8(v, V1, step(v, m, m.steps[i]))
            add8_sat(v, V0, V0, V1)
            store8(v, V0, m.weights, i)

The language: integers of 32 bits that wrap, ``+ - * & | ^ << >> ~``, comparisons, ``and or not``, ``if``, ``while``,
``for`` over ``range``, ``break``, ``continue``, elements of regions, integer constants from outside of the function
(also from an enclosing function, so that a factory makes kernels for a size), vector operations, intrinsics
(``saturate8``, ``saturate16``, ``minimum``, ``maximum``, ``absolute``, ``divide``, ``remainder``, ``multiply_high``,
``count_leading_zeros``) and subroutines. Everything else is refused with file and line. A kernel is what was imported:
an edit of its file afterwards counts in the next run.

Numbers are ``i32`` or ``u32``, see :mod:`chip.ppu.compiler.values`. A variable is ``u32`` where it is given such a
number; ``x: u32 = 0`` says so, as in parameters. ``u32(x)``, ``i32(x)``, ``u16(x)``, ``i16(x)``, ``u8(x)`` and
``i8(x)`` take the low bits as a number of that type.

The 32 vector registers are named in the text, ``V0`` to ``V31``: nothing chooses them for the author and nothing spills
them, so that more values at a time than registers have to be stored to a region and loaded again, at their cost.
Registers keep their contents between kernels. They and the conditions ``ALWAYS``, ``GREATER``, ``LESS``, ``EQUAL`` are
no integers (``chip.ppu.vector.operands``): a number does not stand for one, nor one for a number.

Cycles are booked per basic block from ``chip.ppu.costs``; comparisons joined by ``and``, ``or`` are all booked, looked
at or not, unless one loads or calls. A bad index, a division by zero and a run past the limit of cycles stop the
kernel: MachineFault.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import index
from typing import NoReturn

import numpy as np
from numba.core import config as numba_config

from chip.base.declaration import shown
from chip.base.errors import MachineFault
from chip.ppu.compiler.build import load_function, module_text
from chip.ppu.compiler.depth import deep
from chip.ppu.compiler.language import KernelError
from chip.ppu.compiler.lowering import lower, unsigned_parameters
from chip.ppu.compiler.unit import (
    DIVISION_BY_ZERO,
    OUT_OF_BOUNDS,
    Declared,
    Lowered,
    Requirement,
    Site,
    Unit,
)
from chip.ppu.compiler.values import LIMITS
from chip.ppu.costs import INSTRUCTION_BYTES
from chip.ppu.vector.unit import VectorUnit

REGION_TYPES = tuple(np.dtype(kind) for kind in (np.uint8, np.int8, np.uint16, np.int16, np.uint32, np.int32))


class Subroutine(Declared):
    """A checked subroutine; only kernels and other subroutines call it, with (v, m) and integers."""

    def __init__(self, function: Callable):
        super().__init__(function, "subroutine")
        with deep(self.routine):
            self.lower(Unit())  # refuses at once what cannot be

    def lower(self, unit: Unit) -> Lowered:
        return lower(self, unit)

    def __call__(self, *_: object) -> NoReturn:
        """Refuse: there is no processor here."""
        raise TypeError(f"subroutine {self.name} runs on a processor; call it from a kernel")


class KernelForm:
    """A kernel in the intermediate form, for regions of known types.

    Attributes:
        kernel: what it is of; unit: the forms of its routines, the kernel's own the last; sites: where it can fault.
        text: the generated Python.
    """

    def __init__(self, kernel: Kernel, unsigned_regions: frozenset[str] | None):
        self.kernel, self.unit = kernel, Unit(unsigned_regions)
        with deep(kernel.routine):
            kernel.lower(self.unit)
        self.text = module_text(kernel.name, self.unit.routines)
        self._function: Callable | None = None

    @property
    def lowered(self) -> Lowered:
        """The kernel's own routine."""
        return self.unit.routines[self.kernel]

    @property
    def sites(self) -> list[Site]:
        return self.unit.sites

    @property
    def function(self) -> Callable:
        """Return the generated function (image, limit, *regions, *integers) -> cycles; a fault gives -1 - cycles."""
        if self._function is None:
            self._function = load_function(self.lowered.name, self.text)
        return self._function


class Kernel(Declared):
    """A checked kernel, to be bound to a vector unit and regions.

    Attributes:
        name: the function's name; parameters: the names of its integer parameters; unsigned_parameters: those of them
            that are u32, others are i32.
        regions: the names of the regions that it and its subroutines use.
        requirements: what those regions must be.
        code_sizes: estimated bytes of its code and of its subroutines' code, 4 bytes an instruction.
        text: the generated Python, for reading, as it is where no region is u32.
    """

    def __init__(self, function: Callable):
        super().__init__(function, "kernel")
        self.parameters = tuple(self.routine.parameters)
        self.unsigned_parameters = unsigned_parameters(self.routine)
        self._forms: dict[frozenset[str] | None, KernelForm] = {}
        form = self.form(None)  # refuses at once what cannot be
        self.regions = tuple(form.lowered.regions)
        self.requirements: tuple[Requirement, ...] = tuple(form.unit.requirements)
        self.code_sizes = {made: INSTRUCTION_BYTES * lowered.words for made, lowered in form.unit.routines.items()}
        self.text = form.text

    def lower(self, unit: Unit) -> Lowered:
        return lower(self, unit)

    @property
    def code_bytes(self) -> int:
        """Return the estimated size of the code, subroutines included."""
        return sum(self.code_sizes.values())

    @property
    def routines(self) -> dict[Declared, Lowered]:
        """Return every routine that the kernel is made of; the kernel's own is the last."""
        return self.form(None).unit.routines

    def form(self, unsigned_regions: frozenset[str] | None) -> KernelForm:
        """Return the kernel's form where these of its regions are u32, made once; None where nobody knows yet.

        Raises:
            KernelError: it combines signed and unsigned numbers.
        """
        if unsigned_regions not in self._forms:
            self._forms[unsigned_regions] = KernelForm(self, unsigned_regions)
        return self._forms[unsigned_regions]

    def form_for(self, regions: Mapping[str, np.ndarray]) -> KernelForm:
        """Return the kernel's form for regions, see :meth:`check` for what is raised.

        Raises:
            KernelError: a region is no array that compiled code can read and write as a PPU's memory, either.
        """
        for name in self.regions:
            if name in regions:
                self._check_array(name, regions[name])
        self.check(regions)
        return self.form(frozenset(name for name in self.regions if regions[name].dtype == np.uint32))

    def check(self, regions: Mapping[str, np.ndarray]) -> None:
        """Check that regions (one-dimensional integer arrays) are what the kernel needs.

        Raises:
            KernelError: a region is missing, too short, or of another width than an operation moves.
        """
        for name in self.regions:
            if name not in regions:
                where = f"{self.routine.file}:{self.routine.first_line}"
                known = ", ".join(sorted(regions)) or "none"
                raise KernelError(f"{where}: kernel {self.name} uses region {name}; the program's regions are: {known}")
        for need in self.requirements:
            region = regions[need.region]
            if need.width and region.itemsize != need.width:
                raise KernelError(
                    f"{need.where}: {need.operation} moves elements of {need.width} bytes, "
                    f"region {need.region} has {region.itemsize}; use the operation for that width"
                )
            if region.size < need.elements:
                raise KernelError(
                    f"{need.where}: {need.operation} reaches element {need.elements - 1} of region {need.region}, "
                    f"which has {region.size}; enlarge the region or change the index"
                )

    def _check_array(self, name: str, region: object) -> None:
        """Refuse what is no region: numba would fail on it, or make other numbers of it."""
        where = f"{self.routine.file}:{self.routine.first_line}: kernel {self.name} gets region {name} as"
        what = "a one-dimensional array of integers of 8, 16 or 32 bits, which can be written"
        if not isinstance(region, np.ndarray):
            raise KernelError(f"{where} {shown(region)}; give {what}")
        found = f"{region.dtype}{list(region.shape)}"
        if region.dtype not in REGION_TYPES or region.ndim != 1:
            raise KernelError(f"{where} {found}; give {what}")
        if not region.flags.c_contiguous or not region.flags.aligned:
            raise KernelError(f"{where} {found} whose elements do not lie side by side; give a copy of it")
        if not region.flags.writeable:
            raise KernelError(f"{where} {found}, which cannot be written; give a copy of it")

    def check_integers(self, integers: tuple[int, ...]) -> tuple[int, ...]:
        """Return the integer parameters of a call as Python's.

        Raises:
            TypeError: one is no integer. ValueError: they are not as many as they should be, or one is beyond 32 bits.
        """
        try:
            integers = tuple(map(index, integers))
        except TypeError:
            raise TypeError(
                f"kernel {self.name} takes integers ({', '.join(self.parameters)}), not {integers}"
            ) from None
        if len(integers) != len(self.parameters):
            raise ValueError(
                f"kernel {self.name} takes {len(self.parameters)} integers "
                f"({', '.join(self.parameters) or 'none'}), not {len(integers)}"
            )
        for name, value in zip(self.parameters, integers, strict=True):
            unsigned = name in self.unsigned_parameters
            least, most = LIMITS[unsigned]
            if not least <= value <= most:
                kind = "unsigned" if unsigned else "signed"
                raise ValueError(f"kernel {self.name} got {value} as {name}, which does not fit in 32 bits, {kind}")
        return integers

    def bind(self, unit: VectorUnit, regions: Mapping[str, np.ndarray]) -> BoundKernel:
        """Return the kernel on one vector unit and one set of regions (see ``form_for`` for what is raised)."""
        if not isinstance(unit, VectorUnit):
            raise TypeError(f"kernel {self.name} is bound to {shown(unit)}; give it a VectorUnit, and regions by name")
        form = self.form_for(regions)
        return BoundKernel(form, unit, [regions[name] for name in self.regions])

    def __call__(self, *_: object) -> NoReturn:
        """Refuse: there is no processor here."""
        raise TypeError(f"kernel {self.name} runs on a processor: bind it, or let a program run it")


class BoundKernel:
    """A kernel that is ready to run: ``bound(limit_cycles, *integers)`` returns the cycles used."""

    __slots__ = ("_arrays", "_dispatcher", "_function", "_image", "_record", "form", "kernel")

    def __init__(self, form: KernelForm, unit: VectorUnit, arrays: list[np.ndarray], function: Callable | None = None):
        """Bind a kernel's function, or another one that stands for it."""
        self.form, self.kernel = form, form.kernel
        self._function = self._dispatcher = function or form.function
        self._image, self._record = unit.image, unit.record
        self._arrays = tuple(arrays)

    def compile(self) -> None:
        """Compile now, or load from the disk cache, rather than at the first call."""
        if not numba_config.DISABLE_JIT:
            from numba import int64, typeof

            arrays = [typeof(array) for array in self._arrays]
            integers = [int64] * len(self.kernel.parameters)
            signature = (typeof(self._image), int64, *arrays, *integers)
            # numba's dispatcher looks at the type of each array at every call; what it compiles does not
            self._function = self._dispatcher.compile(signature)  # type: ignore[attr-defined]

    def __call__(self, limit_cycles: int, *integers: int) -> int:
        """Run the kernel.

        Args:
            limit_cycles: the watchdog: a loop that runs past it stops the kernel.
            integers: the kernel's integer parameters, of 32 bits each.

        Returns:
            The PPU cycles that it used.

        Raises:
            MachineFault: bad index, division by zero, or the watchdog. The cycles up to there are booked.
            TypeError, ValueError: not the parameters that the kernel has, or one beyond 32 bits.
        """
        if integers or self.kernel.parameters:
            integers = self.kernel.check_integers(integers)
        cycles = self._function(self._image, limit_cycles, *self._arrays, *integers)
        if cycles < 0:
            stop(self.form, self._record, -1 - cycles, limit_cycles)
        return cycles


def stop(form: KernelForm, record: np.ndarray, cycles: int, limit: int) -> NoReturn:
    """Book a kernel's cycles up to the fault that its vector unit's record has, and raise it."""
    record[0] += cycles
    kernel, site = form.kernel, form.sites[int(record[1])]
    value, size = int(record[2]), int(record[3])
    where = f"{site.file}:{site.line}: kernel {kernel.name}"
    if site.routine != kernel.name:
        where += f", subroutine {site.routine},"
    if site.kind == OUT_OF_BOUNDS:
        what = "element" if site.lanes == 1 else "vector"
        message = f"reached for {what} {value} of region {site.region}, which has {size}, after {cycles} cycles"
    elif site.kind == DIVISION_BY_ZERO:
        message = f"divided by zero after {cycles} cycles"
    else:
        message = f"ran for {cycles} cycles, the watchdog's limit is {limit}; end the loop or raise the limit"
    error = MachineFault(f"{where} {message}")
    error.site, error.index, error.cycles = site, value, int(cycles)  # type: ignore[attr-defined]
    raise error


def kernel(function: Callable) -> Kernel:
    """Make a kernel of a function (v, m, *integers): see the module's text for the language."""
    return Kernel(function)


def subroutine(function: Callable) -> Subroutine:
    """Make a subroutine of a function (v, m, *integers) that returns an integer or nothing."""
    return Subroutine(function)
