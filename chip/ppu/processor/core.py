"""What every operation of a plasticity processor stands on: life cycle, SRAM, doorbells, booked time."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Generator, Sequence
from typing import NoReturn

import numpy as np

from chip import constants as c
from chip.aligned import aligned
from chip.clock import Alarm
from chip.constants import PPU_CLOCK_NS
from chip.errors import LossError, MachineFault
from chip.ppu.compiler.kernel import BoundKernel
from chip.ppu.memory import LinkMap
from chip.ppu.processor.doorbells import DoorbellOrTime
from chip.ppu.program import Program
from chip.ppu.tasks import DOORBELL_LINES
from chip.ppu.vector.operands import VectorRegister
from chip.ppu.vector.unit import VectorUnit

ISSUE_CYCLES = 8  # control flow around one operation (assumed)
WORD_BYTES = 4
WORD_CYCLES = 5  # a scalar load from SRAM with its address update (derived: 3 + 2)
EXIT_WATCHDOG = -1  # exit code of a program that did not end in time
BUSY = "an operation that takes its time"
ASLEEP = "an operation that ends when somebody wakes its processor"
CHAINED = "an operation of a chain"
Operation = str  # what an operation gives its program to yield, one of these
Place = str | VectorRegister | Sequence[VectorRegister]  # of vectors: a region of SRAM, or registers
MOST_SKIPS = 64  # in a row, then one through the queue: whoever steps the environment gets to look at it
SKIPS_LEFT = range(MOST_SKIPS, -1, -1)
SAMPLE_LINE = 0  # rung by the FPGA when a sample's record is complete


class RegisterSet:
    """Vector registers in any order, to be read or written as a whole: ``registers[...] = uint8[n, 128]``."""

    def __init__(self, memory: np.ndarray, numbers: list[int]):
        self.memory, self.numbers = memory, numbers

    def __getitem__(self, _) -> np.ndarray:
        return self.memory[self.numbers]

    def __setitem__(self, _, values: np.ndarray) -> None:
        self.memory[self.numbers] = values


class ProcessorCore:
    """One PPU without its operations: its SRAM, its vector unit, its doorbells and its cycle counts.

    Life cycle: built by :class:`chip.chip.Chip`; :meth:`load` links a program; :meth:`start` begins its ``main``, again
    where it has ended; ``exit_code`` is None until it has ended.

    Attributes:
        end: the alarm for the end of the present operation, or of a sleep.
    """

    # what every operation looks at: Python finds no more than 30 attributes of an object at once, and slots
    __slots__ = (
        *("__dict__", "__weakref__", "chip", "hemisphere", "environment", "config"),
        *("regions", "_region_bytes", "_region_memory"),
        *("end", "_main", "_issued", "_then", "_spent", "_operations", "_owed_cycles", "_span_cycles"),
        *("_pending", "_waiting", "_kernels", "_kernel", "_kernel_end_ns", "_write_cycles", "_kernel_limit_cycles"),
    )

    def __init__(self, chip, hemisphere: int):
        self.chip, self.hemisphere, self.environment = chip, hemisphere, chip.environment
        self.name = ("top", "bottom")[hemisphere]
        self.config = chip.config
        self._write_cycles = chip.config.ppu.omnibus_write_cycles
        self._kernel_limit_cycles = chip.config.ppu.kernel_limit_cycles
        self.vector = VectorUnit(seed=2 * chip.config.seed + hemisphere)
        self.sram = aligned(np.zeros(c.SRAM_BYTES, np.uint8))
        self.program: Program | None = None
        self.link_map: LinkMap | None = None
        self.regions: dict[str, np.ndarray] = {}
        self._region_bytes: dict[str, np.ndarray] = {}
        self._region_memory: dict[str, memoryview] = {}  # the same: faster where bytes are moved, for Python alone
        self.exit_code: int | None = None
        self._spent: defaultdict[str, int] = defaultdict(int)  # busy cycles by kind of operation, without control
        self._operations = 0
        self.lost_doorbells = 0
        self._owed_cycles = self._span_cycles = 0  # for the way to the present operation, and of itself
        self._issued: Operation | None = None  # the operation that main has still to yield, or CHAINED inside a chain
        self._register_sets: dict[tuple[VectorRegister, ...], np.ndarray | RegisterSet] = {}
        self._brought: list = []  # what brings the values of a chain's reads
        self._pending = [False] * DOORBELL_LINES
        self._waiting: list[Alarm | DoorbellOrTime | None] = [None] * DOORBELL_LINES
        self._main: Generator | None = None
        self.end = Alarm(chip.environment, self._go_on)
        self._then: Callable[[], None] | None = None  # what the present operation does at its end
        self._kernels: dict = {}
        self._kernel, self._kernel_end_ns = None, 0
        self.races = 0
        self.causal_channel = "membrane"  # what the causal channels of the CADC see, or "correlation"

    # ------------------------------------------------------------------ life cycle

    def load(self, program: Program, link_map: LinkMap, image: dict[str, np.ndarray]) -> None:
        """Place a linked program in SRAM and bind its kernels to its regions."""
        self.program, self.link_map = program, link_map
        self.sram[:] = 0
        self.regions = link_map.views(self.sram)
        self._region_bytes = {name: region.view(np.uint8) for name, region in self.regions.items()}
        self._region_memory = {name: memoryview(region) for name, region in self._region_bytes.items()}
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

    def start(self) -> None:
        """Begin the program's ``main`` at the present time, on what is in the SRAM; nobody has rung yet."""
        self.exit_code = None
        self._pending[:] = [False] * DOORBELL_LINES
        self._main = self.program.main(self)
        if not isinstance(self._main, Generator):
            raise MachineFault(
                f"main of program {self.program.name} yields nothing; it must be a generator that "
                "yields operations, for example `yield ppu.run(kernel)`"
            )
        self.end.move(self.environment.now)

    def _go_on(self) -> None:
        """End the present operation and run ``main`` to the next one that has to wait; keep its exit code.

        At the watchdog's time it ends instead, whatever it is doing.

        Most operations are those of a processor that is alone: nothing else is scheduled up to their end. Time goes
        there at once. Their alarm would have been the next one to go off, so the order of everything stays what it was.
        """
        clock, main = self.environment, self._main
        queue, limit_ns = clock.queue, clock.limit_ns
        if clock.now > limit_ns:  # what has not ended by then does not act
            self._exit(EXIT_WATCHDOG)
            return
        for skips_left in SKIPS_LEFT:
            try:
                then = self._then
                if then is not None:
                    self._then = None
                    then()
                operation = next(main)
            except StopIteration as end:
                self._check_yielded()
                self._exit(end.value)
                return
            except Exception as error:
                error.add_note(f"in program {self.program.name} on the {self.name} PPU, at {self.environment.now} ns")
                raise
            if operation is None or operation is not self._issued:
                raise MachineFault(
                    f"program {self.program.name} on the {self.name} PPU yields {operation!r}; it can only yield the "
                    "operation that it has just made, for example `yield ppu.run(kernel)`"
                )
            self._issued = None
            if operation is ASLEEP:
                return
            end_ns = clock.now + (self._owed_cycles + self._span_cycles) * PPU_CLOCK_NS
            self._owed_cycles = 0
            if (queue and queue[0][0] <= end_ns) or end_ns > limit_ns or not skips_left:
                self.end.set(end_ns if end_ns <= limit_ns else limit_ns + PPU_CLOCK_NS)
                return
            clock.now = end_ns

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
        self.environment.halted = True

    @property
    def cycles(self) -> Counter[str]:
        """Busy cycles by kind of operation; ``control`` is the program's flow from one to the next."""
        return Counter(self._spent | {"control": ISSUE_CYCLES * self._operations})

    @property
    def busy_cycles(self) -> int:
        """Cycles of kernels and bus operations so far."""
        return sum(self.cycles.values())

    # ------------------------------------------------------------------ doorbells

    def _ring(self, line: int) -> None:
        waiting = self._waiting[line]
        if waiting is not None:
            self._waiting[line] = None
            waiting.go_off()
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
        return self.environment.now + (self._owed_cycles + ISSUE_CYCLES) * PPU_CLOCK_NS

    def _owe(self, part: str, cycles: int) -> None:
        if self._issued is not None and self._issued is not CHAINED:
            self._check_yielded()
        self._spent[part] += cycles
        self._owed_cycles += cycles

    def _spend(self, part: str, cycles: int, idle_cycles: int = 0, then: Callable[[], None] | None = None) -> Operation:
        """Let an operation take its time; ``then`` acts at its end, before the program goes on."""
        self._spent[part] += cycles
        self._operations += 1
        if self._issued is not None:
            return self._join_chain(cycles, then)
        self._span_cycles = ISSUE_CYCLES + cycles + idle_cycles
        self._then = then
        self._issued = BUSY
        return BUSY

    def _join_chain(self, cycles: int, then: Callable[[], None] | None) -> Operation:
        """Let an operation of a chain take its time behind the one before; refuse what is in none."""
        if self._issued is not CHAINED:
            self._check_yielded()
        self._owed_cycles += ISSUE_CYCLES + cycles
        if then is not None:
            self._brought.append(then)
        return CHAINED

    def _region(self, name: str) -> np.ndarray:
        region = self.regions.get(name)
        if region is None:
            raise self._no_region(name)
        return region

    def _no_region(self, name: str) -> MachineFault:
        known = ", ".join(self.regions) or "none"
        return MachineFault(f"the {self.name} PPU has no region {name!r}; its program's are: {known}")

    def _bytes(self, region: str, offset: int, count: int) -> np.ndarray:
        view = self._region_bytes.get(region)
        if view is None:
            raise self._no_region(region)
        if offset < 0 or offset + count > view.size:
            byte = offset if offset < 0 else offset + count
            raise MachineFault(
                f"byte {byte} of region {region} on the {self.name} PPU was addressed; it has {view.size}: declare it "
                "larger, or move less"
            )
        return view[offset : offset + count]

    def _memory(self, region: str, count: int) -> memoryview:
        """The first bytes of a region."""
        memory = self._region_memory.get(region)
        if memory is None or count > memory.nbytes:
            self._bytes(region, 0, count)  # refuses
        return memory[:count]

    def _check_index(self, what: str, value: int, stop: int, start: int = 0) -> None:
        """Refuse a half, a doorbell line, a count, ... that is no whole number in ``range(start, stop)``."""
        if type(value) is int and start <= value < stop:
            return
        if not isinstance(value, np.integer) or not start <= value < stop:
            raise MachineFault(
                f"program {self.program.name} on the {self.name} PPU names {what} {value!r}; valid are the whole "
                f"numbers {start}..{stop - 1}"
            )

    def _check_sequence(self, what: str, values: Sequence[int]) -> None:
        """Refuse a single number where several may stand."""
        if not isinstance(values, (tuple, list, range, np.ndarray)):
            raise MachineFault(
                f"program {self.program.name} on the {self.name} PPU names {what} {values!r}; give a sequence, for "
                "example (0,)"
            )

    def _check_halves(self, halves: Sequence[int]) -> None:
        """Refuse what is not one or both halves of a row."""
        self._check_sequence("halves", halves)
        if not len(halves):
            raise MachineFault(
                f"program {self.program.name} names no half of a row on the {self.name} PPU; name 0 or 1"
            )
        for half in halves:
            self._check_index("half", half, c.HALVES)

    def _vectors(self, region: str, count: int) -> np.ndarray:
        return self._bytes(region, 0, count * c.VECTOR_BYTES).reshape(count, c.VECTOR_BYTES)

    def _targets(self, where: Place, count: int) -> tuple[np.ndarray | RegisterSet, int]:
        """Return ``count`` vectors, to be read or written as a whole, ``[...]``, and the cycles of a store there."""
        if isinstance(where, str):
            return self._vectors(where, count), c.SRAM_VECTOR_STORE_CYCLES
        registers = tuple(where) if isinstance(where, (tuple, list)) else (where,)
        try:
            vectors = self._register_sets.get(registers)
        except TypeError:  # what cannot be a key is no register
            vectors = None
        if vectors is None or len(registers) != count:
            vectors = self._register_sets[registers] = self._registers(registers, count)
        return vectors, 0

    def _registers(self, registers: tuple[VectorRegister, ...], count: int) -> np.ndarray | RegisterSet:
        for register in registers:
            if not isinstance(register, VectorRegister):
                raise MachineFault(
                    f"program {self.program.name} on the {self.name} PPU names {register!r} as a vector register; "
                    "write one of V0 to V31, for example V3 for register 3, or the name of a region of SRAM"
                )
        self._check_index("a number of vector registers of", len(registers), count + 1, start=count)
        memory, numbers = self.vector.state.bytes.view(np.uint8), [register.number for register in registers]
        if numbers == list(range(numbers[0], numbers[0] + count)):
            return memory[numbers[0] : numbers[0] + count]
        return RegisterSet(memory, numbers)

    def _rows(self, rows: int | Sequence[int], region: str) -> tuple[np.ndarray, np.ndarray]:
        """Return int64[n] rows, whose range the caller checks, and the vectors of a region that go with them."""
        rows = np.asarray(rows)
        if rows.ndim == 0:
            rows = rows[np.newaxis]
        if rows.size == 0 or rows.ndim > 1 or rows.dtype.kind not in "iu":
            self._refuse_rows(rows)
        return np.ascontiguousarray(rows, np.int64), self._vectors(region, rows.size)

    def _refuse_rows(self, rows: np.ndarray) -> NoReturn:
        if rows.size and rows.ndim <= 1 and rows.dtype.kind in "iu":
            wanted = f"a hemisphere has rows 0..{c.ROWS - 1}"
        else:
            wanted = f"give a whole number of 0..{c.ROWS - 1}, or one sequence of such numbers"
        raise MachineFault(f"program {self.program.name} addresses rows {rows.tolist()}; {wanted}")
