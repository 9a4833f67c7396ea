"""A plasticity processor: its memory, vector unit, doorbells and cycle counts, and the operation that it is at.

A program is compiled when it is loaded (:mod:`chip.ppu.processor.flows`) and runs from operation to operation. An
operation begins at its own cycle, takes its booked cycles, and each of its elements acts at its own time. Kernels
compute at their start: nothing but their own PPU sees the SRAM that they write before they end. Busy cycles are those
of kernels, of the program's control flow and of bus operations; waiting is idle.

How far a program may be simulated ahead of what others do next is in :mod:`chip.ppu.compiler.tasks.text`: as far as
nobody can notice. A fault that lies behind what others do first waits until they have done it.

What another PPU sends arrives word by word. An operation or a kernel that uses the region meanwhile sees it
half-written, which is a race; so is a write into a region that is in use. A word that the program itself reads,
``ppu.word``, is read whole, old or new: to poll the last word of a transfer, which may be its only one, is no race, to
read one with more to come is.
"""

from __future__ import annotations

from collections import Counter, defaultdict
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
from chip.base.live import Live
from chip.base.transfers import Transfer, Transfers
from chip.ppu.compiler.form import signed32
from chip.ppu.compiler.kernel import BoundKernel
from chip.ppu.linker import LinkMap
from chip.ppu.processor.computing import Failure
from chip.ppu.processor.doorbells import DoorbellOrTime, EarlyWait
from chip.ppu.processor.flows import flow_of
from chip.ppu.processor.flows.flow import ENDED, FAULT, SLEEP, Flow
from chip.ppu.processor.instruction_cache import InstructionCache
from chip.ppu.processor.operation import Operation
from chip.ppu.processor.recorder import Recorder
from chip.ppu.processor.scheduler import Scheduler
from chip.ppu.program import Program
from chip.ppu.tasks import DOORBELL_LINES
from chip.ppu.vector.operands import VectorRegister
from chip.ppu.vector.unit import VectorUnit

WATCHDOG = "watchdog"  # in the place of an exit code, of a program that did not end in time
FAULTED = "fault"  # in the place of an exit code, of a program that did what the hardware cannot
MOST_SKIPS = 64  # in a row, then one through the queue: whoever steps the environment gets to look at it
SKIPS_LEFT = range(MOST_SKIPS, -1, -1)
EXIT_CODES = range(-(1 << 31), 1 << 32)  # numbers of 32 bits, signed or not
Place = str | VectorRegister | Sequence[VectorRegister]  # of vectors: a region of SRAM, or registers


class RegisterSet:
    """Vector registers in any order, to be read or written as a whole: ``registers[...] = uint8[n, 128]``."""

    def __init__(self, memory: np.ndarray, numbers: list[int]):
        self.memory, self.numbers = memory, numbers

    def __getitem__(self, _) -> np.ndarray:
        return self.memory[self.numbers]

    def __setitem__(self, _, values: np.ndarray) -> None:
        self.memory[self.numbers] = values


class Processor(Live):
    """One PPU.

    Life cycle: built by :class:`chip.chip.Chip`; :meth:`load` takes a linked program; :meth:`start` begins its
    ``main``, again where it has ended.

    Attributes:
        exit_code: None until the program has ended; a number of 32 bits, signed; or :data:`WATCHDOG`, :data:`FAULTED`.
        sram: uint8[16384]; regions: the program's, by name, on it; vector: the vector unit.
        scheduler: the state of the program's tasks; recorder: its recordings. Both are empty without a program.
        who: the beginning of a sentence about it.
        start_ns: when the present operation began; end: the alarm for its end, or the end of a sleep.
        span_cycles: how long it takes, as far as it has said so; then: what it does at its end.
        incoming: what others write into the SRAM and have not written whole.
        observers, followers, place_listeners: the lists ``operations``, ``programs`` and ``places`` of the chip's feed
            for this processor, see :mod:`chip.base.feed`.
        parts: the operations of a chain that begins, where somebody listens.
    """

    # what every operation looks at: Python finds no more than 30 attributes of an object at once, and slots
    __slots__ = (
        *("__dict__", "__weakref__", "chip", "hemisphere", "environment", "config"),
        *("observers", "followers", "place_listeners", "parts"),
        *("regions", "region_bytes", "region_memory", "kernels", "kernel_limit_cycles", "write_cycles"),
        *("end", "start_ns", "flow", "pending", "waiting", "early_waits", "incoming", "who"),
        *("_asleep", "then", "_spent", "span_cycles", "_used", "_used_until_ns"),
    )

    def __init__(self, chip, hemisphere: int):
        self.chip, self.hemisphere, self.environment = chip, hemisphere, chip.environment
        self.name = ("top", "bottom")[hemisphere]
        self.config = chip.config
        self.write_cycles = chip.config.ppu.omnibus_write_cycles
        self.kernel_limit_cycles = chip.config.ppu.kernel_limit_cycles
        self.vector = VectorUnit(seed=2 * chip.config.seed + hemisphere)
        self.sram = aligned(np.zeros(c.SRAM_BYTES, np.uint8))
        self.incoming = Transfers(memoryview(self.sram))
        self.recorder = Recorder()
        self.exit_code: int | str | None = None
        feed = chip.feed
        self.observers, self.followers = feed.operations[hemisphere], feed.programs[hemisphere]
        self.place_listeners = feed.places[hemisphere]
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
        self.end = Alarm(self.environment, self._go_on, self.hemisphere - c.HEMISPHERES)
        self.start_ns = self.span_cycles = 0
        self._asleep = False  # until somebody wakes it
        self.then: Callable[[], None] | None = None  # what the present operation does at its end
        self._used: Collection[str] = ()  # regions that the present operation uses
        self._used_until_ns = 0
        self.listeners: dict[tuple[int, int], Processor] = {}  # by hemisphere and doorbell line, once rung
        self.causal_channel = "membrane"  # what the causal channels of the CADC see, or "correlation"
        self.loading: tuple[Callable | None, int] = (None, 0)  # what ends the last load of a record, and its slot

    # ------------------------------------------------------------------ life cycle

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

    def load(self, program: Program, link_map: LinkMap, image: dict[str, np.ndarray]) -> None:
        """Take over a linked program: its tasks, its memory, its kernels."""
        self.program, self.link_map = program, link_map
        self.who = f"program {program.name} on the {self.name} PPU"
        self.scheduler = Scheduler(program.tasks, program.stop_cycle)
        tasks = 0 if link_map.tasks is None else sum(link_map.tasks.code_sizes.values())
        external = link_map.code_in == "external"
        self.instruction_cache = InstructionCache(self.config.ppu, tasks) if external else None
        self.sram[:] = 0
        self.regions, self.known_vectors = link_map.views(self.sram), {}
        self.region_bytes = {name: region.view(np.uint8) for name, region in self.regions.items()}
        self.region_memory = {name: memoryview(region) for name, region in self.region_bytes.items()}
        for name, values in image.items():
            self._fill(name, np.asarray(values))
        self.kernels = {kernel: kernel.bind(self.vector, self.regions) for kernel in program.kernels}
        self.flow = flow_of(self, program, link_map.tasks)

    def _fill(self, name: str, values: np.ndarray) -> None:
        region = self.find(name)
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
        return list(self.kernels.values())

    def start(self) -> None:
        """Begin the program's ``main`` at the present time, on what is in the SRAM; nobody has rung yet."""
        self.listeners.clear()  # the other PPU may have another program, or none
        self.exit_code = None
        self.pending[:] = [False] * DOORBELL_LINES
        self.flow.start()
        self.end.move(self.environment.now)

    def _go_on(self) -> None:
        """End the present operation and run the program to the next one that has to wait; keep its exit code.

        At the watchdog's time it ends instead, whatever it is doing.

        Most operations are those of a processor that is alone: nothing else is scheduled up to their end. Time goes
        there at once. Their alarm would have been the next one to go off, so the order of everything stays what it was.
        """
        clock, flow = self.environment, self.flow
        queue, limit_ns = clock.queue, clock.limit_ns
        observers, followers = self.observers, self.followers
        if clock.now > limit_ns:  # what has not ended by then does not act
            self._stop(WATCHDOG)
            return
        try:
            for skips_left in SKIPS_LEFT:
                then = self.then
                if then is not None:
                    self.then = None
                    then()
                horizon_ns = queue[0][0] if queue and queue[0][0] <= limit_ns else limit_ns + 1
                self.span_cycles = 0
                if horizon_ns <= clock.now:
                    horizon_ns = clock.now + 1  # what is scheduled for this very instant comes behind
                if followers:
                    code = self._advance_followed(clock.now, horizon_ns)
                else:
                    code = flow.advance(clock.now, horizon_ns)
                end_ns = flow.time_ns
                if code >= 0:
                    self.start_ns = end_ns
                    if end_ns < horizon_ns:  # else it begins a little ahead of its time
                        clock.now = end_ns
                    self._used = ()
                    if observers or followers:
                        self._begin_told(code)
                    else:
                        flow.beginnings[code]()
                    if self._asleep:
                        self._asleep = False
                        return
                    end_ns += self.span_cycles * PPU_CLOCK_NS
                    self._used_until_ns = end_ns
                elif code == ENDED:
                    clock.now = end_ns
                    self._stop(self.exit_code_of(flow.result))
                    return
                elif code <= FAULT:
                    fault, end_ns = flow.fault(), flow.time_ns
                    if end_ns < horizon_ns:
                        clock.now = end_ns
                        raise fault
                    self.then = Failure(fault)  # others act first, and the watchdog
                if (queue and queue[0][0] <= end_ns) or end_ns > limit_ns or not skips_left:
                    self.end.set(end_ns if end_ns <= limit_ns else limit_ns + PPU_CLOCK_NS)
                    return
                clock.now = end_ns
        except MachineFault as fault:
            if self.start_ns <= clock.now:
                self._fail(fault)
                raise
            self.then = Failure(fault)  # of an operation that has begun ahead of its time: others act first
            self.end.set(min(self.start_ns, limit_ns + PPU_CLOCK_NS))
        except Exception as error:
            self._fail(error)
            raise

    # ------------------------------------------------------------------ where somebody listens

    def _advance_followed(self, now_ns: int, horizon_ns: int) -> int:
        """Advance the program; step by step where others write, so that a follower has what each read sees."""
        incoming = self.incoming
        while incoming.open and horizon_ns > now_ns + 1:
            incoming.bring(now_ns)
            code = self._stretch(now_ns, now_ns + 1)
            now_ns = self.flow.time_ns
            if code != SLEEP or now_ns >= horizon_ns:
                return code
        return self._stretch(now_ns, horizon_ns)

    def _stretch(self, now_ns: int, horizon_ns: int) -> int:
        for follower in tuple(self.followers):
            follower.goes_on(self, now_ns, horizon_ns)
        code = self.flow.advance(now_ns, horizon_ns)
        for follower in tuple(self.followers):
            follower.came_to(self, now_ns, horizon_ns, code)
        return code

    def _begin_told(self, code: int) -> None:
        """Begin an operation of the flow and tell who listens; the operations of a chain tell of themselves."""
        operation, begin = self.flow.operation(code), self.flow.beginnings[code]
        tell(self.observers, self, operation)
        if operation.name != "chain":
            self.begin_part(operation, begin)
            return
        self.parts = operation.arguments
        try:
            begin()
        finally:
            self.parts = None

    def begin_part(self, operation: Operation, begin: Callable[[], None]) -> None:
        """Begin an operation, by itself or of a chain, and tell who follows the program."""
        for follower in tuple(self.followers):
            follower.begins(self, operation)
        begin()
        for follower in tuple(self.followers):
            follower.has_begun(self, operation)

    # ------------------------------------------------------------------ how it ends

    def _fail(self, error: Exception) -> None:
        """End the program with a fault: memory, registers and cycles stay as they are, for whoever looks."""
        if isinstance(error, MachineFault):
            self.then = None
            clock = self.environment
            clock.now = max(clock.now, self.start_ns + self.span_cycles * PPU_CLOCK_NS)
            self.exit_code = FAULTED
        where = self.flow.where
        at = f", at {where}" if where else ""
        error.add_note(f"in {self.who}{at}, at {self.environment.now} ns")

    def exit_code_of(self, code: object) -> int:
        """Return what ``main`` has returned as an exit code; raises MachineFault where it cannot be one."""
        if not isinstance(code, int | np.integer) or isinstance(code, bool):
            raise MachineFault(f"{self.who} ended with {shown(code)}; main must return its exit code, an int")
        if int(code) not in EXIT_CODES:
            raise MachineFault(f"{self.who} ended with {code}; an exit code has 32 bits")
        return signed32(int(code))

    def _stop(self, code: int | str) -> None:
        self.exit_code, self.then = code, None
        self.environment.halted = True

    @property
    def cycles(self) -> Counter[str]:
        """Busy cycles by kind of operation; ``control`` is the program's flow from one to the next."""
        found, flow = Counter(self._spent), self.flow
        if flow is not None:
            for part, cycles in (("control", flow.control_cycles), ("kernel", flow.kernel_cycles)):
                if cycles:
                    found[part] += cycles
        return found

    @property
    def busy_cycles(self) -> int:
        """Cycles of kernels, control flow and bus operations so far."""
        return sum(self.cycles.values())

    # ------------------------------------------------------------------ doorbells

    def ring(self, line: int) -> None:
        """Have a doorbell line ring."""
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
