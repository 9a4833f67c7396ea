"""What users hand to tasks, plans and hosts, as for the chip in :mod:`tests.chip.test_entry`."""

import numpy as np
import pytest

from chip import Chip, ChipConfig
from host import Host
from host.compare import Plan, Sweep
from host.running.checkpoint import Checkpoints
from host.tasks import EventSplit, Split, Task
from host.tasks.yin_yang import generate
from tests.entry import (
    FLOATS,
    INTEGERS,
    NO_NUMBER,
    assert_any_array,
    assert_any_integer,
    cases,
    forms,
    is_refused,
    wrong_arrays,
)

INPUTS = np.array([[0.0, 0.5], [1.0, 0.25], [0.75, 0.0]])


def task_of(inputs=INPUTS, targets=(0, 1, 1), classes=("a", "b")):
    split = Split(inputs, targets)
    return Task("made", classes, split, split, split)


def events(**changes):
    good = {"offsets": [0, 2, 3], "times_ns": [0, 8, 16], "channels": [0, 4, 1], "targets": [0, 1], "width": 5}
    return EventSplit(**(good | changes)).arrays


def planned(**arguments):
    return [run.settings() for run in Plan("yin-yang", chips=["ideal"], **({"seeds": [1]} | arguments)).runs]


SCALARS = {
    "EventSplit, width": (lambda value: events(width=value), 100),
    "Task, head": (lambda value: len(task_of().head(value, 1, value).train), 2),
    "generate, size": (lambda value: generate(value, 1).arrays, 20),
    "generate, seed": (lambda value: generate(20, value).arrays, 20),
    "Plan, seed": (lambda value: planned(seeds=[value]), 100),
    "Plan, epochs": (lambda value: planned(epochs=value), 100),
    "Plan, hidden": (lambda value: planned(hidden=value), 100),
    "Plan, hidden layers": (lambda value: planned(hidden=(value, 60)), 60),
    "Checkpoints, every": (lambda value: Checkpoints("c.npz", value).every, 100),
}
ARRAYS = {
    "Split, targets": (lambda value: Split(INPUTS, value).arrays, [0, 127, 3]),
    "EventSplit, offsets": (lambda value: events(offsets=value), [0, 2, 3]),
    "EventSplit, times": (lambda value: events(times_ns=value), [0, 8, 120]),
    "EventSplit, channels": (lambda value: events(channels=value), [0, 4, 1]),
    "EventSplit, targets": (lambda value: events(targets=value), [0, 127]),
}


@pytest.mark.parametrize(("effect", "good"), cases(SCALARS))
def test_a_number_of_any_integer_type_is_what_it_is_in_python(effect, good):
    assert_any_integer(effect, good)


@pytest.mark.parametrize(("effect", "good"), cases(SCALARS))
def test_what_is_no_whole_number_is_refused(effect, good):
    for value in [*NO_NUMBER, 3.5, np.array([[good]]), -1, -(10**30)]:
        if value is not None:  # which leaves it to the rule
            is_refused(effect, value)


@pytest.mark.parametrize(("effect", "good"), cases(ARRAYS))
def test_arrays_of_any_integer_type_and_form_are_the_same(effect, good):
    assert_any_array(effect, good)


@pytest.mark.parametrize(("effect", "good"), cases(ARRAYS))
def test_arrays_of_anything_else_are_refused(effect, good):
    for value in wrong_arrays(np.array(good)):
        whole_floats = getattr(getattr(value, "dtype", None), "kind", "") == "f"  # classes, as files of texts have them
        is_refused(effect, value, may_pass=whole_floats)


def test_inputs_are_numbers_of_any_type():
    whole = np.array([[0, 1], [1, 0]])
    for kind in [*INTEGERS, *FLOATS, bool]:
        assert Split(whole.astype(kind), [0, 1]).inputs.tolist() == whole.tolist(), kind
    for form, array in forms(np.float32, whole).items():
        assert Split(array, [0, 1]).inputs.tolist() == whole.tolist(), form


@pytest.mark.parametrize(
    "inputs", [[1, 2], [[2.0]], [[np.nan]], [["1"]], [[1j]], [[None]], [[1], [1, 2]], "text", None]
)
def test_inputs_of_anything_else_are_refused(inputs):
    is_refused(lambda value: Split(value, [0]), inputs)


@pytest.mark.parametrize("classes", ["ab", 3, None, (), ("a",), ("a", "a")])
def test_classes_have_a_name_each(classes):
    is_refused(lambda value: task_of(classes=value), classes)


@pytest.mark.parametrize(
    "text", ["", "rate", "=", "rate=", "nobody=1", "noise=many", "rule.=1", "noise=0.1,0.1", "noise=nan"]
)
def test_what_no_sweep_can_be_is_refused(text):
    is_refused(lambda value: planned(sweep=Sweep.parse(value)), text)


@pytest.mark.parametrize("firmware", [None, 3, "eventprop", object(), Host])
def test_a_host_loads_firmware(firmware):
    is_refused(lambda value: Host(Chip(ChipConfig.ideal())).load(value, task_of()), firmware)


@pytest.mark.parametrize("chip", [None, 3, ChipConfig.ideal(), Chip])
def test_a_host_has_a_chip(chip):
    is_refused(Host, chip)


@pytest.mark.parametrize("task", [3, "yin-yang", object(), Task, INPUTS])
def test_a_rule_learns_a_task(task):
    from ppu_programs import EventProp

    is_refused(lambda value: Host(Chip(ChipConfig.ideal())).load(EventProp(epochs=1), value, compiling=False), task)
