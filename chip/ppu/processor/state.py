"""What the operations of a plasticity processor act on: its memory, registers, doorbells, and the time that they take.

What another PPU sends arrives word by word. An operation or a kernel that uses the region meanwhile sees it
half-written, which is a race; so is a write into a region that is in use. A word that the program itself reads,
``ppu.word``, is read whole, old or new: to poll the last word of a transfer, which may be its only one, is no race, to
read one with more to come is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from typing import NoReturn

import numpy as np

from chip.base import constants as c
from chip.base.arrays.aligned import aligned
from chip.base.clock import Alarm
from chip.base.constants import PPU_CLOCK_NS
from chip.base.declaration import shown
from chip.base.errors import LossError, MachineFault
from chip.base.feed import tell
from chip.base.transfers import Transfer, Transfers
from chip.ppu.linker import LinkMap
from chip.ppu.processor.completions import Failure
from chip.ppu.processor.doorbells import DoorbellOrTime, EarlyWait
from chip.ppu.processor.flows.flow import Flow
from chip.ppu.processor.instruction_cache import InstructionCache
from chip.ppu.processor.places import Place, RegisterSet
from chip.ppu.processor.recorder import Recorder
from chip.ppu.processor.scheduler import Scheduler
from chip.ppu.processor.value import Operation
from chip.ppu.program import Program
from chip.ppu.tasks import DOORBELL_LINES
from chip.ppu.vector.operands import VectorRegister
from chip.ppu.vector.unit import VectorUnit


class ProcessorState:
    """What the operations of one PPU act on; :class:`chip.ppu.processor.processor.Processor` runs a program on it.

    Attributes:
        exit_code: None until the program has ended; a number of 32 bits, signed; or a word that says how it ended.
        sram: uint8[16384]; regions: the program's, by name, on it; vector: the vector unit.
        scheduler: the state of the program's tasks; recorder: its recordings. Both are empty without a program.
        who: the beginning of a sentence about it.
        start_ns: when the present operation began; end: the alarm for its end, or the end of a sleep.
        span_cycles: how long it takes, as far as it has said so; then: what it does at its end.
        limit_ns: the watchdog's time: what has not ended by then is ended.
        incoming: what others write into the SRAM and have not written whole.
        observers, followers, place_listeners: the lists ``operations``, ``programs`` and ``places`` of the chip's feed
            for this processor, see :mod:`chip.base.feed`; bell_listeners: its list ``doorbells``.
        parts: the operations of a chain that begins, where somebody listens.
    """

    # what every operation looks at: Python finds no more than 30 attributes of an object at once, and slots
    __slots__ = (
        *("__dict__", "__weakref__", "chip", "hemisphere", "environment", "config"),
        *("observers", "followers", "place_listeners", "bell_listeners", "parts"),
        *("regions", "region_bytes", "region_memory", "kernels", "kernel_limit_cycles", "write_cycles"),
        *("end", "start_ns", "limit_ns", "flow", "pending", "waiting", "early_waits", "incoming", "who"),
        *("_asleep", "then", "_spent", "span_cycles", "_used", "_used_until_ns"),
    )
    end: Alarm  # of who runs the program

    def __init__(self, chip, hemisphere: int):
        self.chip, self.hemisphere, self.environment = chip, hemisphere, chip.environment
        self.name = ("top", "bottom")[hemisphere]
        self.config = chip.config
        self.limit_ns = chip.config.ppu.program_limit_cycles * PPU_CLOCK_NS
        self.write_cycles = chip.config.ppu.omnibus_write_cycles
        self.kernel_limit_cycles = chip.config.ppu.kernel_limit_cycles
        self.vector = VectorUnit(seed=2 * chip.config.seed + hemisphere)
        self.sram = aligned(np.zeros(c.SRAM_BYTES, np.uint8))
        self.incoming = Transfers(memoryview(self.sram))
        self.recorder = Recorder()
        self.exit_code: int | str | None = None
        feed = chip.feed
        self.observers, self.followers = feed.operations[hemisphere], feed.programs[hemisphere]
        self.place_listeners, self.bell_listeners = feed.places[hemisphere], feed.doorbells
        self.parts: Sequence[Operation] | None = None
        self.unload()
        self._register_sets: dict[tuple[VectorRegister, ...], np.ndarray | RegisterSet] = {}
        self._forget()

    def _forget(self) -> None:
        """Forget what the last program has done."""
        self._spent: defaultdict[str, int] = defaultdict(int)  # busy cycles by kind of operation
        self.lost_doorbells = self.races = 0
        self.pending = [False] * DOORBELL_LINES
        self.waiting: list[Alarm | EarlyWait | DoorbellOrTime | None] = [None] * DOORBELL_LINES
        self.early_waits = [EarlyWait(self, line) for line in range(DOORBELL_LINES)]
        self.start_ns = self.span_cycles = 0
        self._asleep = False  # until somebody wakes it
        self.then: Callable[[], None] | None = None  # what the present operation does at its end
        self._used: Collection[str] = ()  # regions that the present operation uses
        self._used_until_ns = 0
        self.listeners: dict[tuple[int, int], ProcessorState] = {}  # by hemisphere and doorbell line, once rung
        self.causal_channel = "membrane"  # what the causal channels of the CADC see, or "correlation"
        self.loading: tuple[Callable | None, int] = (None, 0)  # what ends the last load of a record, and its slot

    def unload(self) -> None:
        """Be without a program, and with empty memory."""
        self.program: Program | None = None
        self.link_map: LinkMap | None = None
        self.who = f"the {self.name} PPU"
        self.scheduler = Scheduler()
        self.instruction_cache: InstructionCache | None = None  # for code in external memory
        self.sram[:] = 0
        self.regions: dict[str, np.ndarray] = {}
        self.region_bytes: dict[str, np.ndarray] = {}
        self.region_memory: dict[str, memoryview] = {}  # the same: faster where bytes are moved, for Python alone
        self.known_vectors: dict[tuple[str, int], np.ndarray] = {}  # parts of regions that operations have named
        self.kernels: dict = {}
        self.flow: Flow | None = None

    def begin_part(self, operation: Operation, begin: Callable[[], None]) -> None:
        """Begin an operation, by itself or of a chain, and tell who follows the program."""
        for follower in tuple(self.followers):
            follower.begins(self, operation)
        begin()
        for follower in tuple(self.followers):
            follower.has_begun(self, operation)

    # ------------------------------------------------------------------ doorbells

    def ring(self, line: int) -> None:
        """Have a doorbell line ring."""
        if self.bell_listeners:
            tell(self.bell_listeners, self.environment.now, self.hemisphere, line)
        waiting = self.waiting[line]
        if waiting is not None:
            self.waiting[line] = None
            waiting.go_off()
        elif self.pending[line]:
            self.lost_doorbells += 1
            if self.config.strict:
                raise LossError(
                    f"doorbell line {line} of the {self.name} PPU rang twice before program {self.program.name} "
                    "answered: it is too slow for what rings it"
                )
        else:
            self.pending[line] = True

    def sleep(self) -> None:
        """Have the present operation end when somebody wakes the processor."""
        self._asleep = True

    # ------------------------------------------------------------------ time

    def spend(self, part: str, cycles: int, idle_cycles: int = 0, then: Callable[[], None] | None = None) -> None:
        """Let the present operation take its time; ``then`` acts at its end, before the program goes on."""
        self._spent[part] += cycles
        self.span_cycles = cycles + idle_cycles
        self.then = then

    def book(self, part: str, cycles: int) -> None:
        """Book busy cycles beside those of the present operation."""
        self._spent[part] += cycles

    def take(self, cycles: int, then: Callable[[], object]) -> None:
        """Let the present operation take so long, which others have booked."""
        self.span_cycles, self.then = cycles, then

    @property
    def failure(self) -> Failure | None:
        """What ends the program at the end of the present operation."""
        return self.then if isinstance(self.then, Failure) else None

    def cycles_until(self, cycle: int) -> int:
        """Return for how long an operation that begins now sleeps until a cycle, 0 where that is past."""
        self.check_index("a wait until", cycle, 1 << 62)
        return max(0, int(cycle) - self.start_ns // PPU_CLOCK_NS)

    def fetch(self, kernel) -> int:
        """Bring a kernel's code, and the program's own, into the instruction cache; return the cycles."""
        if self.instruction_cache is None:
            return 0
        cycles = self.instruction_cache.fetch(kernel)
        self.book("fetch", cycles)
        return cycles

    # ------------------------------------------------------------------ who uses a region while it is written

    def regions_sent_to(self) -> set[str]:
        """Return the regions that programs, as they are loaded, may send to; nobody else writes any of them."""
        sends = [processor.flow.sends for processor in self.chip.processors if processor.flow is not None]
        if None in sends:
            return set(self.regions)
        return {into for sent in sends for to, into in sent if to in (None, self.hemisphere)} & set(self.regions)

    def use(self, regions: Collection[str]) -> None:
        """Note which regions the present operation uses; one race for each where somebody is writing."""
        if self.incoming.open:
            for name in regions:
                if name not in self._used:
                    self.look(name, self.environment.now)
        self._used = (*self._used, *regions) if self._used else regions

    def uses(self, regions: Collection[str], until_ns: int) -> None:
        """Note that a kernel, which has computed already, uses regions up to a time."""
        self._used = regions
        self._used_until_ns = until_ns

    def look(self, region: str, now_ns: int) -> None:
        """Count a race where a region is being written; what has arrived by now is there."""
        low = self.link_map.offset(region)
        other = self.incoming.collision(low, low + self.regions[region].nbytes, now_ns, writes=False)
        if other is not None:
            self.count_race(
                f"region {region} of the {self.name} PPU was used at {now_ns} ns while {other.who} was writing it, "
                f"from {other.start_ns} to {other.end_ns} ns: wait for the sender's doorbell first"
            )

    def look_at_word(self, region: str, index: int, now_ns: int) -> None:
        """Bring an element up to date that the program itself is about to read.

        It is read whole: old until its own bus write has ended, new from then on. The last word of a transfer may be
        polled, since everything else has arrived before it does; to look at another one in the meantime, later than at
        the instant at which the transfer begins, is a race.
        """
        itemsize = self.regions[region].itemsize
        low = self.link_map.offset(region) + index * itemsize
        other = self.incoming.collision(low, low + itemsize, now_ns, writes=False)
        if other is not None and other.start_ns < now_ns and not other.ends_with(low):
            self.count_race(
                f"element {index} of region {region} of the {self.name} PPU was read at {now_ns} ns while {other.who} "
                f"was writing what follows it, until {other.end_ns} ns: poll the last word of a transfer, or wait for "
                "the sender's doorbell first"
            )

    def count_race(self, sentence: str) -> None:
        """Count a race; an error on a strict chip."""
        self.races += 1
        if self.config.strict:
            raise LossError(sentence)

    def receive(self, who: str, region: str, values: bytes, start_ns: int, end_ns: int) -> int:
        """Have somebody write into a region, word by word, from now on; return the number of the transfer."""
        low = self.link_map.offset(region)
        transfer = Transfer(who, low, low + len(values), start_ns, end_ns, values, unit=c.WORD_BYTES)
        if region in self._used and start_ns < self._used_until_ns:
            self.count_race(
                f"region {region} of the {self.name} PPU is written by {who} from {start_ns} ns on while "
                f"{self.flow.doing} uses it until {self._used_until_ns} ns: let the sender wait for a doorbell first"
            )
        other = self.incoming.begin(transfer)
        if other is not None:
            self.count_race(
                f"region {region} of the {self.name} PPU is written by {who} from {start_ns} ns on and by {other.who} "
                f"until {other.end_ns} ns: let one wait for the other"
            )
        return transfer.number

    # ------------------------------------------------------------------ addressing

    def region(self, name: str) -> np.ndarray:
        region = self.regions.get(name)
        if region is None:
            raise self.no_region(name)
        self.use((name,))
        return region

    def find(self, name: str) -> np.ndarray:
        """Return a region, for somebody else than the program."""
        region = self.regions.get(name)
        if region is None:
            raise self.no_region(name)
        return region

    def no_region(self, name: str) -> MachineFault:
        known = ", ".join(self.regions) or "none"
        return MachineFault(f"the {self.name} PPU has no region {name!r}; its program's are: {known}")

    def bytes(self, region: str, offset: int, count: int) -> np.ndarray:
        view = self.region_bytes.get(region)
        if view is None:
            raise self.no_region(region)
        if offset < 0 or offset + count > view.size:
            byte = offset if offset < 0 else offset + count
            raise MachineFault(
                f"byte {byte} of region {region} on the {self.name} PPU was addressed; it has {view.size}: declare it "
                "larger, or move less"
            )
        self.use((region,))
        if self.place_listeners:
            tell(self.place_listeners, self, region, offset, view[offset : offset + count])
        return view[offset : offset + count]

    def memory(self, region: str, count: int) -> memoryview:
        """The first bytes of a region."""
        memory = self.region_memory.get(region)
        if memory is None or count > memory.nbytes:
            self.bytes(region, 0, count)  # refuses
        self.use((region,))
        if self.place_listeners:
            tell(self.place_listeners, self, region, 0, self.region_bytes[region][:count])
        return memory[:count]

    def check_index(self, what: str, value: int, stop: int, start: int = 0) -> None:
        """Refuse a half, a doorbell line, a count, ... that is no whole number in ``range(start, stop)``."""
        if type(value) is int and start <= value < stop:
            return
        if not isinstance(value, np.integer) or not start <= value < stop:
            raise MachineFault(
                f"{self.who} names {what} {shown(value)}; valid are the whole numbers {start}..{stop - 1}"
            )

    def check_sequence(self, what: str, values: Sequence[int]) -> None:
        """Refuse a single number where several may stand."""
        if not isinstance(values, (tuple, list, range, np.ndarray)):
            raise MachineFault(f"{self.who} names {what} {shown(values)}; give a sequence, for example (0,)")

    def check_halves(self, halves: Sequence[int]) -> None:
        """Refuse what is not one or both halves of a row."""
        self.check_sequence("halves", halves)
        if not len(halves):
            raise MachineFault(
                f"program {self.program.name} names no half of a row on the {self.name} PPU; name 0 or 1"
            )
        for half in halves:
            self.check_index("half", half, c.HALVES)

    def vectors(self, region: str, count: int) -> np.ndarray:
        """Return the first vectors of bytes of a region of bytes."""
        known = self.known_vectors.get((region, count))
        if known is not None:
            self.use((region,))
            if self.place_listeners:
                tell(self.place_listeners, self, region, 0, known.reshape(-1))
            return known
        found = self.regions.get(region)
        if found is not None and found.itemsize != 1:
            raise MachineFault(
                f"{self.who} moves vectors of bytes to or from region {region}, whose elements have {found.itemsize} "
                "bytes; declare it as u8 or i8"
            )
        vectors = self.bytes(region, 0, count * c.VECTOR_BYTES).reshape(count, c.VECTOR_BYTES)
        self.known_vectors[region, count] = vectors
        return vectors

    def stored(self, region: str, count: int) -> np.ndarray:
        """Return what :meth:`vectors` has returned to an operation that ends now: nobody uses it before."""
        known = self.known_vectors.get((region, count))
        if known is None:
            known = self.region_bytes[region][: count * c.VECTOR_BYTES].reshape(count, c.VECTOR_BYTES)
        return known

    def targets(self, where: Place, count: int) -> tuple[np.ndarray | RegisterSet, int]:
        """Return ``count`` vectors, to be read or written as a whole, ``[...]``, and the cycles of a store there."""
        if isinstance(where, str):
            return self.vectors(where, count), c.SRAM_VECTOR_STORE_CYCLES
        registers = tuple(where) if isinstance(where, (tuple, list)) else (where,)
        try:
            vectors = self._register_sets.get(registers)
        except TypeError:  # what cannot be a key is no register
            vectors = None
        if vectors is None or len(registers) != count:
            vectors = self._register_sets[registers] = self.registers(registers, count)
        return vectors, 0

    def registers(self, registers: tuple[VectorRegister, ...], count: int) -> np.ndarray | RegisterSet:
        for register in registers:
            if not isinstance(register, VectorRegister):
                raise MachineFault(
                    f"{self.who} names {shown(register)} as a vector register; "
                    "write one of V0 to V31, for example V3 for register 3, or the name of a region of SRAM"
                )
        self.check_index("a number of vector registers of", len(registers), count + 1, start=count)
        memory, numbers = self.vector.state.bytes.view(np.uint8), [register.number for register in registers]
        if numbers == list(range(numbers[0], numbers[0] + count)):
            return memory[numbers[0] : numbers[0] + count]
        return RegisterSet(memory, numbers)

    def rows(self, rows: int | Sequence[int], region: str) -> tuple[np.ndarray, np.ndarray]:
        """Return int64[n] rows, whose range the caller checks, and the vectors of a region that go with them."""
        rows = np.asarray(rows)
        if rows.ndim == 0:
            rows = rows[np.newaxis]
        if rows.size == 0 or rows.ndim > 1 or rows.dtype.kind not in "iu":
            self.refuse_rows(rows)
        if rows.dtype != np.int64 or not rows.flags.c_contiguous:
            rows = np.ascontiguousarray(rows, np.int64)
        return rows, self.vectors(region, rows.size)

    def refuse_rows(self, rows: np.ndarray) -> NoReturn:
        if rows.size and rows.ndim <= 1 and rows.dtype.kind in "iu":
            wanted = f"a hemisphere has rows 0..{c.ROWS - 1}"
        else:
            wanted = f"give a whole number of 0..{c.ROWS - 1}, or one sequence of such numbers"
        raise MachineFault(f"program {self.program.name} addresses rows {rows.tolist()}; {wanted}")
