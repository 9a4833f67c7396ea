"""What a program declares as its tasks, checked when it is loaded.

    tasks = (Timer(start=0, period=250_000, count=100), Doorbell(line=1, task="on_message"))

:mod:`chip.ppu.processor.scheduler` runs them.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field

from chip.base.declaration import declared_at, shown, whole_number

DOORBELL_LINES = 4
LONGEST_CYCLES = 1 << 62
NOTHING, DONE = -1, -2  # what a pass of the scheduler says beside the number of a task


@dataclass(frozen=True)
class Timer:
    """Runs a task periodically.

    Attributes:
        start: when the first run is due, in cycles of the time base (since the chip was started), >= 0.
        period: between two runs, in PPU cycles, >= 1.
        count: number of runs, >= 1.
        task: the program's generator method that runs, ``def on_timer(self, ppu)``.

    Raises:
        ValueError: a number is out of range; begins with ``file:line``.
    """

    start: int
    period: int
    count: int
    task: str = "on_timer"
    declared: str = field(default="", init=False, repr=False, compare=False)

    def __post_init__(self):
        _set(self, start=("start in PPU cycles", 0), period=("period in PPU cycles", 1), count=("count of runs", 1))

    @property
    def end(self) -> int:
        """The cycle at which its last period is over."""
        return self.start + self.period * self.count


@dataclass(frozen=True)
class Doorbell:
    """Runs a task when a doorbell line rings.

    Attributes:
        line: the doorbell line, 0..3.
        task: the program's generator method that runs, ``def on_doorbell(self, ppu)``.
        deadline_cycles: the deadline of a run, counted from when the scheduler sees the ring, in PPU cycles, >= 0. With
            0 it goes before every timer that is not late itself.

    Raises:
        ValueError: a number is out of range; begins with ``file:line``.
    """

    line: int
    task: str = "on_doorbell"
    deadline_cycles: int = 0
    declared: str = field(default="", init=False, repr=False, compare=False)

    def __post_init__(self):
        _set(self, line=("line", 0), deadline_cycles=("deadline in PPU cycles", 0))


def _set(task: Timer | Doorbell, **numbers: tuple[str, int]) -> None:
    """Check the numbers of a declaration, each with its name in a sentence and its least value."""
    where = declared_at(__file__)
    object.__setattr__(task, "declared", where)
    for name, (what, least) in numbers.items():
        most = DOORBELL_LINES - 1 if name == "line" else LONGEST_CYCLES
        sentence = f"the {what} of a {type(task).__name__} for {task.task}"
        object.__setattr__(task, name, whole_number(where, sentence, getattr(task, name), least, most))


def check_tasks(program) -> None:
    """Refuse tasks that a program cannot run.

    Raises:
        ValueError: something else than a timer or doorbell; a method that is not there, is no generator or takes other
            arguments; two doorbells on one line; a stop that is no cycle. Begins with ``file:line`` where there is one.
    """
    if not isinstance(program.tasks, tuple | list):
        raise ValueError(
            f"tasks of program {program.name} is {shown(program.tasks)}; it must be a tuple, (Timer(...),)"
        )
    lines: dict[int, Doorbell] = {}
    for task in program.tasks:
        if not isinstance(task, Timer | Doorbell):
            raise ValueError(f"a task of program {program.name} is {shown(task)}; it must be a Timer or a Doorbell")
        _check_method(program, task)
        if isinstance(task, Doorbell):
            if task.line in lines:
                raise ValueError(
                    f"{task.declared}: program {program.name} has two doorbell tasks on line {task.line}, "
                    f"{lines[task.line].task} and {task.task}; give each a line of its own, 0..{DOORBELL_LINES - 1}"
                )
            lines[task.line] = task
    if program.stop_cycle is not None:
        whole_number("", f"stop_cycle of program {program.name}", program.stop_cycle, 0, LONGEST_CYCLES)


def _check_method(program, task: Timer | Doorbell) -> None:
    method = getattr(program, task.task, None) if isinstance(task.task, str) else None
    if not callable(method):
        raise ValueError(
            f"{task.declared}: program {program.name} has no method {task.task} to run as a task; write "
            f"`def {task.task}(self, ppu)` or name another one"
        )
    code = getattr(inspect.unwrap(method), "__code__", None)
    where = f"{code.co_filename}:{code.co_firstlineno}" if code else task.declared
    try:
        inspect.signature(method).bind(None)
    except TypeError:
        raise ValueError(
            f"{where}: task {task.task} of program {program.name} must be called with the PPU alone; write "
            f"`def {task.task}(self, ppu)`"
        ) from None
    if not inspect.isgeneratorfunction(method):
        raise ValueError(
            f"{where}: task {task.task} of program {program.name} is no generator; yield its operations, as in "
            "`yield ppu.run(kernel)`, or hand on with `yield from`"
        )
