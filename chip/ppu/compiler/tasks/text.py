"""The text of a program's tasks as one function over places: a walk over the intermediate form that flattens it.

A place is where a program can be suspended or come from elsewhere: before an operation or a word of SRAM, at the head
of a loop, behind a call. The function takes the program's state, an array, from its place to the next operation, or to
a time. Kernels it runs itself, unless somebody watches. The same text runs as plain Python until the program has run
for a while, and then compiled, with the same results.

How far the function may go depends on what comes next, since the time at which somebody else acts is not the time at
which this program can notice (the state says how much further ``early`` and ``alone`` are, up to the watchdog's time):

- ``horizon``: what shows itself to others, or sees what they do, begins before the next of them acts;
- ``early``: an operation on what is its own may begin a little behind that, by less than a word takes over the Omnibus;
- ``alone``: what nobody else can write is read, and kernels compute on it, however far ahead of the others; so begins
  what only waits.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from chip.base.constants import PPU_CLOCK_NS
from chip.ppu.compiler.form import (
    PURE,
    Block,
    Call,
    Count,
    If,
    Instruction,
    Leave,
    Loop,
    Node,
    Operand,
    Wait,
)
from chip.ppu.compiler.kernel import Kernel
from chip.ppu.compiler.tasks.requests import Dynamic, Request, Word
from chip.ppu.compiler.tasks.routine import TaskRoutine
from chip.ppu.compiler.variables import variable_name
from chip.ppu.memory import Memory

# the function's result: the number of a request, or one of these
SLEEP, ENDED, FAULT, KERNEL_FAULT = -1, -2, -3, -4
# the first elements of a program's state
PLACE, TIME_NS, CONTROL, GIVEN, SITE, VALUE, LOOKED_AT_TIME, SCHEDULED = range(8)
WATCHED, KERNEL_CYCLES, LAST_RUN, LAST_RUN_ENDS_NS, LIMIT_CYCLES, SHARED, EARLY_NS, ALONE_NS, END_NS = range(8, 17)
ARGUMENTS = 17
# operations of which nobody else knows before they end, or have ended
ALONE = frozenset({"wait", "wait_until", "wait_doorbell", "ring"})
# operations on what is the processor's own, though not with it alone: synapses, sensors, converters
EARLY = frozenset(
    {
        *("run", "chain", "connect", "reset_neurons", "inject_event", "load_row", "store_row", "load_weights"),
        *("store_weights", "reset_correlation", "read_cadc", "sample_membranes", "read_correlation"),
        *("read_spike_counters",),
    }
)
MOST_REGIONS = 62  # that are told apart where others write them; the last bit stands for all others
MOST_NESTED = 20  # branches within each other in one place
END = 0  # the place behind a task's return


class TaskText:
    """The text under construction.

    Attributes:
        requests: the operations, by their numbers; kernels: those that it runs, by theirs.
        slots: the element of the state that keeps each variable.
        words: the elements of SRAM that are read, by the places before which that happens.
        bits: of each of the program's regions in the state's SHARED.
    """

    def __init__(
        self, routines: Iterable[TaskRoutine], tables: Sequence[np.ndarray], memory: Memory, runs_kernels: bool
    ):
        self.memory = memory
        self.bits = {region: min(number, MOST_REGIONS) for number, region in enumerate(memory)}
        self.routines, self.runs_kernels = list(routines), runs_kernels
        self.table_starts = np.cumsum([0, *(table.size for table in tables)]).tolist()
        self.requests: list[Request] = []
        self.kernels: list[Kernel] = []
        self.words: dict[int, Word] = {}
        self.places: list[list[str]] = [[]]
        self.unreachable: set[int] = set()  # places, behind what leaves
        self.seen: dict[str, set[int]] = {}  # in which places a variable stands
        self.entries = {task: self.new_place() for task in self.routines}
        self.place = END
        self.let_time_pass()
        self.line(f"_code = {ENDED}")
        self.line("break")
        self.task: TaskRoutine = self.routines[0]
        self.arguments = 0
        for task in self.routines:
            self._routine(task)
        fixed = {name for task in self.routines for name in (task.own("back"), task.own("result"))}
        kept = sorted(name for name, places in self.seen.items() if len(places) > 1 or name in fixed)
        self.slots = {name: ARGUMENTS + self.arguments + number for number, name in enumerate(kept)}

    @property
    def size(self) -> int:
        """Elements of the state."""
        return ARGUMENTS + self.arguments + len(self.slots)

    def function_text(self, name: str, offsets: Mapping[str, int]) -> str:
        """Return the text of the function (state, image, sram, tables, now_ns, horizon_ns) -> code.

        Args:
            offsets: of the program's regions in the SRAM.
        """
        lines = [f"def {name}(_state, _image, _sram, _tables, _now, _horizon):"]
        lines += [f"    _at_{region} = {offset}" for region, offset in offsets.items()]
        lines += [f"    {variable} = _int64(_state[{slot}])" for variable, slot in self.slots.items()]
        lines += [f"    _pc = _int64(_state[{PLACE}])", f"    _given = _int64(_state[{GIVEN}])", "    _cy = _int64(0)"]
        lines += [
            f"    _shared = _int64(_state[{SHARED}])",
            f"    _early = _int64(min(_horizon + _state[{EARLY_NS}], _state[{END_NS}]))",
            f"    _alone = _int64(min(_horizon + _state[{ALONE_NS}], _state[{END_NS}]))",
        ]
        if self.kernels:
            lines += [
                "    _control = _int64(0)",
                "    _kernel = _int64(0)",
                f"    _limit = _int64(_state[{LIMIT_CYCLES}])",
                "    _run = _int64(0)",
                "    _run_ends = _int64(0)",
            ]
        lines += ["    _code = _int64(0)", "    while True:"]
        for number, place in enumerate(self.places):
            if number in self.unreachable:
                continue
            lines.append(f"        if _pc == {number}:")
            lines += [f"            {line}" for line in place]
        lines += [f"    _state[{slot}] = {variable}" for variable, slot in self.slots.items()]
        lines += [f"    _state[{PLACE}] = _pc", f"    _state[{TIME_NS}] = _now + {PPU_CLOCK_NS} * _cy"]
        if self.kernels:
            lines += [f"    _state[{CONTROL}] += _control + _cy", f"    _state[{KERNEL_CYCLES}] += _kernel"]
            lines += [f"    _state[{LAST_RUN}] = _run", f"    _state[{LAST_RUN_ENDS_NS}] = _run_ends"]
        else:
            lines += [f"    _state[{CONTROL}] += _cy"]
        lines += [f"    _state[{GIVEN}] = _given", "    return _code"]
        return "\n".join(lines) + "\n"

    # ------------------------------------------------------------------ places

    def new_place(self) -> int:
        self.places.append([])
        return len(self.places) - 1

    def line(self, text: str, indent: int = 0) -> None:
        self.places[self.place].append("    " * indent + text)

    def view(self, regions: Iterable[str], indent: int = 0) -> None:
        """Have regions as arrays: here, where they are needed, since to make one takes time."""
        for region in regions:
            declared = self.memory.get(region)
            if declared is None:
                continue  # refused when the program is linked
            view = f".view(_{declared.dtype.name})" if declared.dtype.name != "uint8" else ""
            self.line(f"_m_{region} = _sram[_at_{region} : _at_{region} + {declared.size}]{view}", indent)

    def goto(self, place: int) -> None:
        self.line(f"_pc = {place}")

    def move_to(self, place: int) -> None:
        """Go on at a place, from the end of this one."""
        self.goto(place)
        self.place = place

    def use(self, operand: Operand) -> str:
        """Return an operand's text; a variable is noted as standing in this place."""
        if isinstance(operand, int):
            return str(int(operand)) if operand >= 0 else f"({int(operand)})"
        self.seen.setdefault(operand, set()).add(self.place)
        return operand

    def let_time_pass(self, until: str = "_horizon") -> None:
        """Sleep here from a time on: the horizon, or where it is known how much further the program may go."""
        self.line(f"if _now + {PPU_CLOCK_NS} * _cy >= {until}:")
        self.line(f"_code = {SLEEP}", 1)
        self.line("break", 1)

    def shared(self, regions: Iterable[str]) -> int:
        """Return the bits of regions in the state's SHARED, of which others may write those that are set there."""
        return functools.reduce(operator.or_, (1 << self.bits.get(region, MOST_REGIONS) for region in regions), 0)

    def until(self, regions: Iterable[str]) -> str:
        """Return the time up to which the program may use regions."""
        bits = self.shared(regions)
        return f"(_horizon if _shared & {bits} else _alone)" if bits else "_alone"

    # ------------------------------------------------------------------ nodes

    def _routine(self, task: TaskRoutine) -> None:
        self.task, self.place = task, self.entries[task]
        self._nodes(task.nodes, None, None)
        self._return(None)

    def _return(self, value: Operand | None) -> None:
        if value is not None:
            self.line(f"{self.use(self.task.own('result'))} = {self.use(value)}")
        self.line(f"_given = {int(value is not None)}")
        self.line(f"_pc = {self.use(self.task.own('back'))}")

    def _nodes(self, nodes: Sequence[Node], on_break: int | None, on_continue: int | None) -> None:
        for node in nodes:
            if isinstance(node, Block):
                self._block(node, 0)
            elif isinstance(node, If):
                self._if(node, on_break, on_continue)
            elif isinstance(node, Loop):
                self._loop(node)
            elif isinstance(node, Count):
                self._count(node)
            elif isinstance(node, Leave):
                if node.how == "return":
                    self._return(node.value)
                else:
                    target = on_break if node.how == "break" else on_continue
                    assert target is not None
                    self.goto(target)
                self.place = self.new_place()
                self.unreachable.add(self.place)
            elif isinstance(node, Call):
                self._call(node)
            else:
                self._wait(node)

    def _if(self, node: If, on_break: int | None, on_continue: int | None) -> None:
        if isinstance(node.condition, int):
            self._nodes(node.body if node.condition else node.orelse, on_break, on_continue)
            return
        if _straight(node, MOST_NESTED):
            self._branch(node, 0)
            return
        body, orelse, after = self.new_place(), self.new_place(), self.new_place()
        self.line(f"_pc = {body} if {self.use(node.condition)} else {orelse}")
        for place, nodes in ((body, node.body), (orelse, node.orelse)):
            self.place = place
            self._nodes(nodes, on_break, on_continue)
            self.goto(after)
        self.place = after

    def _branch(self, node: If, indent: int) -> None:
        """Write a branch in which nothing waits."""
        for word, nodes in ((f"if {self.use(node.condition)}:", node.body), ("else:", node.orelse)):
            self.line(word, indent)
            before = len(self.places[self.place])
            for inner in nodes:
                if isinstance(inner, Block):
                    self._block(inner, indent + 1)
                else:
                    assert isinstance(inner, If)
                    self._branch(inner, indent + 1)
            if all(line.lstrip().startswith("#") for line in self.places[self.place][before:]):
                self.line("pass", indent + 1)

    def _loop(self, node: Loop) -> None:
        head, after = self.new_place(), self.new_place()
        self.move_to(head)
        self.let_time_pass("_alone")
        self._nodes(node.body, after, head)
        self.goto(head)
        self.place = after

    def _count(self, node: Count) -> None:
        head, body, after = self.new_place(), self.new_place(), self.new_place()
        next_value, stop = f"{node.variable}_next{head}", f"{node.variable}_stop{head}"
        self.line(f"{self.use(next_value)} = {self.use(node.start)}")
        self.line(f"{self.use(stop)} = {self.use(node.stop)}")
        self.move_to(head)
        self.let_time_pass("_alone")
        test = f"{self.use(next_value)} {'<' if node.step > 0 else '>'} {self.use(stop)}"
        self.line(f"_pc = {body} if {test} else {after}")
        self.place = body
        self.line(f"{self.use(node.variable)} = {self.use(next_value)}")
        self.line(f"{self.use(next_value)} = {next_value} + {self.use(node.step)}")
        self._nodes(node.body, after, head)
        self.goto(head)
        self.place = after

    def _call(self, node: Call) -> None:
        callee, after = node.routine, self.new_place()
        for name, value in zip(callee.parameters, node.values, strict=True):
            self.line(f"{self.use(callee.own(variable_name(name)))} = {self.use(value)}")
        self.line(f"{self.use(callee.own('back'))} = {after}")
        self.goto(self.entries[callee])
        self.place = after
        if node.target:
            self.line(f"{self.use(node.target)} = {self.use(callee.own('result'))}")

    def _wait(self, node: Wait) -> None:
        here, after = self.new_place(), self.new_place()
        self.move_to(here)
        if isinstance(node.request, Word):
            self.let_time_pass(self.until([node.request.region]))
            word = self.words[here] = node.request
            self.view([word.region])
            load = "_load_unsigned" if word.unsigned else "_load"
            self.line(f"{self.use(node.target)} = {load}(_m_{word.region}, {self.use(word.index)})")
            self.move_to(after)
            return
        if node.request.operation == "run" and self.runs_kernels:
            self.let_time_pass(self.until(node.request.arguments[0].regions))
            self._run(node.request, after)
        else:
            self.let_time_pass(_latest_begin(node.request.operation))
        for argument in node.request.dynamic():
            self.arguments = max(self.arguments, argument.slot + 1)
            self.line(f"_state[{ARGUMENTS + argument.slot}] = {self.use(argument.operand)}")
        self.line(f"_code = {len(self.requests)}")
        self.requests.append(node.request)
        self.goto(after)
        self.line("break")
        self.place = after

    def _run(self, request: Request, after: int) -> None:
        """Run a kernel here and now, where nobody watches.

        Who writes one of its regions before it ends comes to know of it: there the program waits for its end.
        """
        kernel, *integers = request.arguments
        if kernel not in self.kernels:
            self.kernels.append(kernel)
        values = [self.use(i.operand) if isinstance(i, Dynamic) else f"_int64({operator.index(i)})" for i in integers]
        arguments = ["_image", "_limit", *(f"_m_{region}" for region in kernel.regions), *values]
        number = len(self.requests)
        self.line(f"if _state[{WATCHED}] == 0:")
        self.view(kernel.regions, 1)
        self.line(f"_cycles = _kernel_{self.kernels.index(kernel)}({', '.join(arguments)})", 1)
        self.line("_control += _cy", 1)
        self.line(f"_now += {PPU_CLOCK_NS} * _cy", 1)
        self.line("_cy = _int64(0)", 1)
        self.line("if _cycles < 0:", 1)
        self._stop(KERNEL_FAULT, number, "-1 - _cycles", 2)
        self.line(f"_now += {PPU_CLOCK_NS} * _cycles", 1)
        self.line("_kernel += _cycles", 1)
        self.line(f"_pc = {after}", 1)
        bits = self.shared(kernel.regions)
        if bits:
            self.line(f"if _shared & {bits}:", 1)
            self.line(f"_run = _int64({number + 1})", 2)
            self.line("_run_ends = _now", 2)
        self.line(f"if _now >= {self.until(kernel.regions)}:", 1)
        self.line(f"_code = {SLEEP}", 2)
        self.line("break", 2)
        self.line("continue", 1)

    # ------------------------------------------------------------------ instructions

    def _block(self, block: Block, indent: int) -> None:
        if block.cycles:
            self.line(f"_cy += {block.cycles}", indent)
        for instruction in block.code:
            self._instruction(instruction, indent)

    def _instruction(self, instruction: Instruction, indent: int) -> None:
        operation, target, operands, _ = instruction
        if operation in PURE:
            text = PURE[operation].text.format(*map(self.use, operands))
            self.line(f"{self.use(target)} = {text}", indent)
        elif operation == "source":
            self.line(f"# {operands[0]}", indent)
        elif operation == "time":
            self.line(f"{self.use(target)} = (_now >> 2) + _cy", indent)
            self.line(f"_state[{LOOKED_AT_TIME}] = 1", indent)
        elif operation in ("scheduled", "given"):
            text = "_given" if operation == "given" else f"_int64(_state[{SCHEDULED}])"
            self.line(f"{self.use(target)} = {text}", indent)
        elif operation == "table":
            place = f"{self.table_starts[operands[0]]} + {self.use(operands[1])}"
            self.line(f"{self.use(target)} = _int64(_tables[{place}])", indent)
        elif operation == "check divisor":
            self._fault(f"{self.use(operands[0])} == 0", operands[1], 0, indent)
        else:
            index, size, site = operands  # check table, check region
            text = self.use(index)
            self._fault(f"{text} < 0 or {text} >= {size}", site, text, indent)

    def _fault(self, condition: str, site: int, value: Any, indent: int) -> None:
        self.line(f"if {condition}:", indent)
        self._stop(FAULT, site, value, indent + 1)

    def _stop(self, code: int, site: int, value: Any, indent: int) -> None:
        """Leave the function with a fault, and what is known of it in the state."""
        for text in (f"_state[{SITE}] = {site}", f"_state[{VALUE}] = {value}", f"_code = {code}", "break"):
            self.line(text, indent)


def _latest_begin(operation: str) -> str:
    """Return the time before which an operation has to begin."""
    if operation in ALONE:
        return "_alone"
    return "_early" if operation in EARLY else "_horizon"


def _straight(node: If, levels: int) -> bool:
    """Return whether nothing waits, loops or leaves inside of a branch, which nests so many levels at most."""
    return levels > 0 and all(
        isinstance(inner, Block)
        or isinstance(inner, If)
        and not isinstance(inner.condition, int)
        and _straight(inner, levels - 1)
        for inner in [*node.body, *node.orelse]
    )
