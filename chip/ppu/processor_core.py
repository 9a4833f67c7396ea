"""What every operation of a plasticity processor stands on: life cycle, SRAM, doorbells, booked time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Sequence

import numpy as np
import simpy

from chip import constants as c
from chip.errors import LossError, MachineFault
from chip.ppu.kernel import BoundKernel
from chip.ppu.memory import LinkMap
from chip.ppu.program import Program
from chip.ppu.vector import VectorUnit

ISSUE_CYCLES = 8  # control flow around one operation (assumed)
WORD_CYCLES = 5  # a scalar load from SRAM with its address update (derived: 3 + 2)
EXIT_WATCHDOG = -1  # exit code of a program that did not end in time
DOORBELL_LINES = 4
SAMPLE_LINE = 0  # rung by the FPGA when a sample's record is complete


class ProcessorCore:
    """One PPU without its operations: its SRAM, its vector unit, its doorbells and its cycle counts.

    Life cycle: built by :class:`chip.chip.Chip`; :meth:`load` links a program; :meth:`start` begins its ``main``;
    ``exit_code`` is None until it has ended.
    """

    def __init__(self, chip, hemisphere: int):
        self.chip, self.hemisphere, self.environment = chip, hemisphere, chip.environment
        self.name = ("top", "bottom")[hemisphere]
        self.config = chip.config
        self.vector = VectorUnit(seed=2 * chip.config.seed + hemisphere)
        self.sram = np.zeros(c.SRAM_BYTES, np.uint8)
        self.program: Program | None = None
        self.link_map: LinkMap | None = None
        self.regions: dict[str, np.ndarray] = {}
        self._region_bytes: dict[str, np.ndarray] = {}
        self.exit_code: int | None = None
        self.cycles: Counter[str] = Counter()  # busy cycles by kind of operation
        self.lost_doorbells = 0
        self._owed_cycles = 0
        self._issued: simpy.Event | None = None  # the operation that main has still to yield
        self._pending = [False] * DOORBELL_LINES
        self._waiting: list[simpy.Event | None] = [None] * DOORBELL_LINES
        self._kernels: dict = {}
        self._kernel, self._kernel_end_ns = None, 0
        self.races = 0

    # ------------------------------------------------------------------ life cycle

    def load(self, program: Program, link_map: LinkMap, image: dict[str, np.ndarray]) -> None:
        """Place a linked program in SRAM and bind its kernels to its regions."""
        self.program, self.link_map = program, link_map
        self.sram[:] = 0
        self.regions = link_map.views(self.sram)
        self._region_bytes = {name: region.view(np.uint8) for name, region in self.regions.items()}
        for name, values in image.items():
            self._fill(name, np.asarray(values))
        self._kernels = {kernel: kernel.bind(self.vector, self.regions) for kernel in program.kernels}

    def _fill(self, name: str, values: np.ndarray) -> None:
        region = self._region(name)
        if values.shape not in (region.shape, ()) or values.dtype.kind not in "iu":
            raise ValueError(
                f"image of region {name} of program {self.program.name} is {values.dtype}{list(values.shape)}; the "
                f"region takes {region.size} integers"
            )
        limits = np.iinfo(region.dtype)
        if values.min() < limits.min or values.max() > limits.max:
            raise ValueError(
                f"image of region {name} of program {self.program.name} holds {values.min()}..{values.max()}; the "
                f"region's {region.dtype} takes {limits.min}..{limits.max}"
            )
        region[...] = values

    def bound_kernels(self) -> list[BoundKernel]:
        """The loaded program's kernels; who measures time compiles them first."""
        return list(self._kernels.values())

    def start(self) -> simpy.Process:
        """Begin the program's ``main``."""
        return self.environment.process(self._run())

    def _run(self) -> Generator:
        """Pass on what ``main`` yields, and keep its exit code."""
        main = self.program.main(self)
        if not isinstance(main, Generator):
            raise MachineFault(f"main of program {self.program.name} yields nothing; it must be a generator")
        while True:
            try:
                operation = next(main)
            except StopIteration as end:
                self._check_yielded()
                self._exit(end.value)
                return
            except Exception as error:
                error.add_note(f"in program {self.program.name} on the {self.name} PPU, at {self.environment.now} ns")
                raise
            if operation is not self._issued or operation is None:
                raise MachineFault(
                    f"program {self.program.name} on the {self.name} PPU yields {operation!r}; it can only yield the "
                    "operation that it has just made, for example `yield ppu.run(kernel)`"
                )
            self._issued = None
            yield operation

    def _check_yielded(self) -> None:
        if self._issued is not None:
            raise MachineFault(
                f"program {self.program.name} on the {self.name} PPU made an operation and did not yield it; write "
                "`yield` before every operation, one at a time"
            )

    def _exit(self, code) -> None:
        if not isinstance(code, (int, np.integer)) or isinstance(code, bool):
            raise MachineFault(
                f"program {self.program.name} on the {self.name} PPU ended with {code!r}; "
                "main must return its exit code, an int"
            )
        self.exit_code = int(code)
        self.chip.exits += 1

    @property
    def busy_cycles(self) -> int:
        """Cycles of kernels and bus operations so far."""
        return sum(self.cycles.values())

    # ------------------------------------------------------------------ doorbells

    def _ring(self, line: int) -> None:
        event, self._waiting[line] = self._waiting[line], None
        if event is not None:
            event.succeed()
        elif self._pending[line]:
            self.lost_doorbells += 1
            if self.config.strict:
                raise LossError(
                    f"doorbell line {line} of the {self.name} PPU rang twice before program {self.program.name} "
                    "answered: it is too slow for what rings it"
                )
        else:
            self._pending[line] = True

    def _check_race(self, region: str) -> None:
        if self.environment.now < self._kernel_end_ns and region in self._kernel.regions:
            self.races += 1
            if self.config.strict:
                raise LossError(
                    f"region {region} of the {self.name} PPU was written while its kernel {self._kernel.name} used it: "
                    "let the sender wait for a doorbell first"
                )

    # ------------------------------------------------------------------ booking and addressing

    def _start_ns(self) -> int:
        """When an operation that is yielded now starts: after what is owed for the way here."""
        return self.environment.now + (self._owed_cycles + ISSUE_CYCLES) * c.PPU_CLOCK_NS

    def _owe(self, part: str, cycles: int) -> None:
        self.cycles[part] += cycles
        self._owed_cycles += cycles

    def _spend(self, part: str, cycles: int, idle_cycles: int = 0, then=None) -> simpy.Event:
        """One SimPy event at the operation's end; ``then`` acts there, before the program goes on."""
        self._check_yielded()
        total = self._owed_cycles + ISSUE_CYCLES + cycles + idle_cycles
        self.cycles[part] += cycles
        self.cycles["control"] += ISSUE_CYCLES
        self._owed_cycles = 0
        self._issued = event = simpy.Timeout(self.environment, total * c.PPU_CLOCK_NS)
        if then is not None:
            event.callbacks.append(then)
        return event

    def _region(self, name: str) -> np.ndarray:
        try:
            return self.regions[name]
        except KeyError:
            raise MachineFault(
                f"the {self.name} PPU has no region {name!r}; its program's are: {', '.join(self.regions) or 'none'}"
            ) from None

    def _bytes(self, region: str, offset: int, count: int) -> np.ndarray:
        self._region(region)  # refuses a name that is not there
        view = self._region_bytes[region]
        if offset < 0 or offset + count > view.size:
            byte = offset if offset < 0 else offset + count
            raise MachineFault(
                f"byte {byte} of region {region} on the {self.name} PPU was addressed; it has {view.size}"
            )
        return view[offset : offset + count]

    def _check_index(self, what: str, value: int, stop: int, start: int = 0) -> None:
        """Refuse a half, a doorbell line, a count, ... that is no whole number in ``range(start, stop)``."""
        if type(value) is int and start <= value < stop:
            return
        if not isinstance(value, np.integer) or not start <= value < stop:
            raise MachineFault(
                f"program {self.program.name} on the {self.name} PPU names {what} {value!r}; valid are the whole "
                f"numbers {start}..{stop - 1}"
            )

    def _vectors(self, region: str, count: int) -> np.ndarray:
        return self._bytes(region, 0, count * c.VECTOR_BYTES).reshape(count, c.VECTOR_BYTES)

    def _rows(self, rows: int | Sequence[int], region: str) -> tuple[np.ndarray, np.ndarray]:
        rows = np.atleast_1d(np.asarray(rows))
        if rows.size == 0 or rows.dtype.kind not in "iu" or rows.min() < 0 or rows.max() >= c.ROWS:
            raise MachineFault(
                f"program {self.program.name} addresses rows {rows.tolist()}; a hemisphere has rows 0..{c.ROWS - 1}"
            )
        return rows, self._vectors(region, len(rows))
