"""A plasticity processor: its memory, vector unit, doorbells and cycle counts, and the operation that it is at.

A program is compiled when it is loaded (:mod:`chip.ppu.processor.flows`) and runs from operation to operation. An
operation begins at its own cycle, takes its booked cycles, and each of its elements acts at its own time. Kernels
compute at their start: nothing but their own PPU sees the SRAM that they write before they end. Busy cycles are those
of kernels, of the program's control flow and of bus operations; waiting is idle.

How far a program may be simulated ahead of what others do next is in :mod:`chip.ppu.compiler.tasks.text`: as far as
nobody can notice. A fault that lies behind what others do first waits until they have done it.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from chip.base.clock import Alarm
from chip.base.constants import PPU_CLOCK_NS
from chip.base.declaration import shown
from chip.base.errors import MachineFault
from chip.base.feed import tell
from chip.base.live import Live
from chip.ppu.compiler.form import signed32
from chip.ppu.compiler.kernel import BoundKernel
from chip.ppu.compiler.tasks.form import TaskForm
from chip.ppu.linker import LinkMap
from chip.ppu.processor.completions import Failure
from chip.ppu.processor.flows.compiled import CompiledFlow
from chip.ppu.processor.flows.flow import ENDED, FAULT, SLEEP, Flow
from chip.ppu.processor.flows.plain import PlainFlow
from chip.ppu.processor.instruction_cache import InstructionCache
from chip.ppu.processor.scheduler import Scheduler
from chip.ppu.processor.state import ProcessorState
from chip.ppu.program import Program, UncompiledProgram
from chip.ppu.tasks import DOORBELL_LINES

WATCHDOG = "watchdog"  # in the place of an exit code, of a program that did not end in time
FAULTED = "fault"  # in the place of an exit code, of a program that did what the hardware cannot
MOST_SKIPS = 64  # in a row, then one through the queue: whoever steps the environment gets to look at it
SKIPS_LEFT = range(MOST_SKIPS, -1, -1)
EXIT_CODES = range(-(1 << 31), 1 << 32)  # numbers of 32 bits, signed or not


class Processor(ProcessorState, Live):
    """One PPU.

    Life cycle: built by :class:`chip.chip.Chip`; :meth:`load` takes a linked program; :meth:`start` begins its
    ``main``, again where it has ended.

    Attributes:
        exit_code: None until the program has ended; a number of 32 bits, signed; or :data:`WATCHDOG`, :data:`FAULTED`.
    """

    __slots__ = ()

    def __init__(self, chip, hemisphere: int):
        super().__init__(chip, hemisphere)
        self.end = Alarm(self.environment, self._go_on)

    # ------------------------------------------------------------------ life cycle

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
        self.flow = _flow_of(self, program, link_map.tasks)

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

        Most operations are those of a processor that is alone on its machine: nothing else is scheduled up to their
        end. Time goes there at once. Their alarm would have been the next one to go off, so the order of everything
        stays what it was.
        """
        clock, flow = self.environment, self.flow
        queue, limit_ns = clock.queue, self.limit_ns
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
        error.add_note(f"in {self.who}{self.chip.of_which}{at}, at {self.environment.now} ns")

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


def _flow_of(ppu: ProcessorState, program: Program, form: TaskForm | None) -> Flow:
    """Return the flow of a loaded program."""
    if isinstance(program, UncompiledProgram) or form is None:
        return PlainFlow(ppu, program)
    return CompiledFlow(ppu, program, form)
