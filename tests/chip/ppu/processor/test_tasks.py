"""Tasks as a program declares them: what is refused, and where the refusal says it stands."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from chip.base.errors import DeclarationError
from chip.ppu import Doorbell, Timer
from chip.ppu.program import Program
from tests.chip.ppu.processor.programs import build

HERE = Path(__file__).name


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: Timer(0, 0, 1), "the period in PPU cycles of a Timer for on_timer is 0; .* 1.."),
        (lambda: Timer(-1, 5, 1), "the start in PPU cycles of a Timer for on_timer is -1"),
        (lambda: Timer(0, 5, 0, "on_other"), "the count of runs of a Timer for on_other is 0"),
        (lambda: Timer(0, 2.5, 1), "the period in PPU cycles of a Timer for on_timer is 2.5"),
        (lambda: Timer(0, 5, True), "the count of runs of a Timer for on_timer is True"),
        (lambda: Doorbell(4), "the line of a Doorbell for on_doorbell is 4; .* 0..3"),
        (lambda: Doorbell(0, deadline_cycles=-1), "the deadline in PPU cycles of a Doorbell for on_doorbell is -1"),
    ],
)
def test_a_task_that_cannot_be_is_refused_where_it_is_written(make, words):
    with pytest.raises(ValueError, match=rf"{HERE}:{make.__code__.co_firstlineno}: {words}"):
        make()


class Odd(Program):
    """Has methods that are no tasks."""

    name = "odd"
    number = 3

    def __init__(self, *tasks, stop=None):
        self.tasks, self.stop_cycle = tasks, stop

    def on_timer(self, ppu):
        yield ppu.wait(1)

    def on_doorbell(self, ppu):
        yield ppu.wait(1)

    def on_other(self, ppu):
        yield ppu.wait(1)

    def no_generator(self, ppu):
        ppu.wait(1)

    def too_much(self, ppu, more):
        yield ppu.wait(1)


@pytest.mark.parametrize(
    "tasks, words",
    [
        ((Timer(0, 1, 1, "on_tmr"),), rf"{HERE}:\d+: program odd has no method on_tmr to run as a task"),
        ((Timer(0, 1, 1, "number"),), rf"{HERE}:\d+: program odd has no method number to run as a task"),
        ((Timer(0, 1, 1, 5),), rf"{HERE}:\d+: program odd has no method 5 to run as a task"),
        ((Timer(0, 1, 1, "no_generator"),), rf"{HERE}:\d+: task no_generator of program odd is no generator"),
        ((Timer(0, 1, 1, "too_much"),), rf"{HERE}:\d+: task too_much of .* must be called with the PPU alone"),
        (
            (Doorbell(2), Doorbell(2, "on_other")),
            rf"{HERE}:\d+: .* two doorbell tasks on line 2, on_door",
        ),
        ((3,), "a task of program odd is 3; it must be a Timer or a Doorbell"),
    ],
)
def test_tasks_that_a_program_cannot_run_are_refused_at_load_time(tasks, words):
    with pytest.raises(ValueError, match=words):
        build(top=Odd(*tasks))


def test_the_refusal_of_a_method_names_its_own_line():
    with pytest.raises(ValueError, match=rf"{HERE}:{Odd.no_generator.__code__.co_firstlineno}: task no_generator"):
        build(top=Odd(Timer(0, 1, 1, "no_generator")))


def test_tasks_stop_and_main_are_checked_at_load_time():
    program = Odd(Timer(0, 1, 1), stop=-3)
    with pytest.raises(ValueError, match="stop_cycle of program odd is -3"):
        build(top=program)
    program.tasks = Timer(0, 1, 1)
    with pytest.raises(ValueError, match=r"tasks of program odd is Timer\(.*must be a tuple"):
        build(top=program)
    with pytest.raises(DeclarationError, match=r"program odd has no main\(self, ppu\) and no tasks"):
        build(top=Odd())


def test_declarations_are_values():
    assert Timer(0, np.int64(5), 1) == Timer(0, 5, 1) and type(Timer(0, np.int64(5), 1).period) is int
    with pytest.raises(dataclasses.FrozenInstanceError):
        Timer(0, 5, 1).period = 6
