"""What a task may be made of: numbers of any type, streams of events; what it cannot mean is refused at its entry."""

import numpy as np
import pytest

from host import tasks
from host.tasks import EventSplit, Split, Task

INTEGERS = ("i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", ">i4")
FLOATS = ("f2", "f4", "f8", "longdouble", ">f4")


def split(inputs=((0.0, 0.5), (1.0, 0.25)), targets=(0, 1)):
    return Split(np.array(inputs), np.array(targets))


def stream(offsets=(0, 2, 3), times=(0, 8, 16), channels=(0, 1, 0), targets=(0, 1), width=2, kind="i8"):
    arrays = (np.array(values, kind) for values in (offsets, times, channels, targets))
    return EventSplit(*arrays, width=width)


def task(**changes):
    return Task(**{"name": "mine", "classes": ("a", "b"), **dict.fromkeys(tasks.task.SPLITS, split()), **changes})


# ---------------------------------------------------------------------- numbers


@pytest.mark.parametrize("kind", FLOATS)
def test_inputs_and_classes_of_any_floats_are_taken(kind):
    made = Split(np.array([[0, 0.5], [1, 0.25]], kind), np.array([0, 255], kind))
    assert made.inputs.dtype == np.float64 and made.inputs.tolist() == [[0, 0.5], [1, 0.25]]
    assert made.targets.dtype == np.uint8 and made.targets.tolist() == [0, 255]


@pytest.mark.parametrize("kind", [*INTEGERS, "?"])
def test_inputs_and_classes_of_any_integers_are_taken(kind):
    made = Split(np.array([[0, 1], [1, 0]], kind), np.array([1, 0], kind))
    assert made.inputs.dtype == np.float64 and made.inputs.tolist() == [[0, 1], [1, 0]]
    assert made.targets.dtype == np.uint8 and made.targets.tolist() == [1, 0]
    assert Split([[0, 1], [1, 0]], [1, 0]).inputs.tolist() == [[0, 1], [1, 0]]


INPUTS = {
    "NaN": ([[np.nan, 0], [1, 1]], "inputs of a split hold NaN; they must lie in 0..1: leave such samples out"),
    "bytes of a picture": (np.array([[0, 255], [1, 1]], np.uint8), r"lie in 0.0..255.0; .*scale them"),
    "negative": ([[-1, 0], [1, 1]], r"lie in -1.0..1.0"),
    "infinite": ([[np.inf, 0], [1, 1]], r"lie in 0.0..inf"),
    "text": ([["a", "b"], ["c", "d"]], r"are <U1\[2, 2\]; give numbers: a row for each sample"),
    "complex": (np.zeros((2, 2), complex), "are complex128"),
    "objects": (np.array([[None, 1], [2, 3]]), r"are object\[2, 2\]"),
    "flat": ([0.0, 1.0], r"are float64\[2\]; give numbers: a row for each sample, a column for each input"),
    "ragged": ([[0.0], [0.0, 1.0]], "are no array"),
    "pictures": (np.zeros((2, 3, 3)), r"are float64\[2, 3, 3\]"),
    "too few": ([[0.0, 1.0]], r"a split has inputs \[1, 2\] and targets \[2\]; it needs one row of inputs per target"),
}
TARGETS = {
    "NaN": ([0, np.nan], "the targets of a split hold nan; the number of a class is a whole number from 0 on"),
    "fractions": ([0.7, 1.0], "hold 0.7"),
    "infinite": ([0, np.inf], "hold inf"),
    "negative": ([-1, 0], r"lie in -1..0; classes are numbered from 0 on, up to 255"),
    "many": ([0, 256], r"lie in 0..256"),
    "huge": (np.array([0, 1 << 63], np.uint64), r"lie in 0..9223372036854775808"),
    "text": (["a", "b"], r"are <U1\[2\]; give numbers: the number of a class for each sample"),
    "one-hot": ([[0, 1], [1, 0]], r"are int64\[2, 2\]; give numbers: the number of a class"),
}


@pytest.mark.parametrize("case", INPUTS)
def test_inputs_that_are_none_are_refused(case):
    inputs, words = INPUTS[case]
    with pytest.raises(ValueError, match=words):
        Split(inputs, np.array([0, 1]))


@pytest.mark.parametrize("case", TARGETS)
def test_classes_that_are_none_are_refused(case):
    targets, words = TARGETS[case]
    with pytest.raises(ValueError, match=words):
        Split(np.zeros((2, 2)), targets)
    with pytest.raises(ValueError, match=words):
        EventSplit(np.array([0, 0, 0]), np.array([]), np.array([]), targets, width=1)


# ---------------------------------------------------------------------- streams of events


@pytest.mark.parametrize("kind", INTEGERS)
def test_streams_of_any_integers_are_taken(kind):
    made = stream(kind=kind)
    assert [array.tolist() for array in made.arrays] == [[0, 2, 3], [0, 8, 16], [0, 1, 0], [0, 1], [2]]
    assert {array.dtype for array in made.arrays} == {np.dtype(np.int64), np.dtype(np.uint8)}
    assert len(made) == 2 and made.width == 2
    with pytest.raises(ValueError, match="times of a split of events decrease within a sample; sort each by time"):
        stream(times=(8, 0, 16), kind=kind)
    stream(times=(8, 16, 0), kind=kind)  # from one sample to the next they may
    with pytest.raises(ValueError, match="3 offsets, 2 targets, 3 times and 3 channels; .* rising"):
        stream(offsets=(0, 5, 3), kind=kind)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (dict(offsets=(0, 2)), "it needs one offset more than targets"),
        (dict(offsets=(1, 2, 3)), "rising from 0 to the number of times"),
        (dict(offsets=(0, 2, 2)), "rising from 0 to the number of times"),
        (dict(channels=(0, 1)), "3 times and 2 channels"),
        (dict(channels=(0, 2, 0)), r"the channels of a split of events lie in 0..2; 0..1 are valid"),
        (dict(channels=(0, -1, 0)), r"lie in -1..0"),
        (dict(times=(0, 4, 16)), "off the FPGA's clock of 8 ns; round them to its edges"),
        (dict(times=(-8, 0, 16)), r"the times of a split of events lie in -8..16"),
        (
            dict(times=(0.0, 8.0, 16.5), kind="f8"),
            r"the offsets of .* are float64\[3\]; give a one-dimensional array of integers",
        ),
        (dict(width=0), r"has 0 channels; there may be 1..65536"),
        (dict(width=2.0), "channels of a split of events are 2.0; give their number"),
    ],
)
def test_streams_that_are_none_are_refused(change, words):
    with pytest.raises(ValueError, match=words):
        stream(**change)


def test_a_task_of_streams_hands_them_out_in_order():
    made = task(train=stream(), validation=stream(times=(24, 32, 40)), test=stream(targets=(1, 1)))
    joined = made.events
    assert joined.offsets.tolist() == [0, 2, 3, 5, 6, 8, 9] and joined.times_ns.tolist()[3:6] == [24, 32, 40]
    assert joined.targets.tolist() == made.targets.tolist() == [0, 1, 0, 1, 1, 1]
    assert made.ranges == {"train": range(2), "validation": range(2, 4), "test": range(4, 6)}
    small = made.head(1, 2, 1)
    assert small.events.offsets.tolist() == [0, 2, 4, 5, 7] and small.targets.tolist() == [0, 0, 1, 1]
    with pytest.raises(ValueError, match="mine are streams of events, in 2 channels, .* a rule that reads task.ev"):
        _ = made.inputs
    with pytest.raises(ValueError, match="task mine are 2 numbers each, and no streams .* a rule that reads task.in"):
        _ = task().events


# ---------------------------------------------------------------------- tasks


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (dict(test=stream()), "of task mine train is a Split, validation is a Split, test is a EventSplit; give three"),
        (dict(test=(1, 2)), "test is a tuple; give three of Split"),
        (dict(validation=Split(np.zeros((0, 2)), [])), "the validation split of task mine has no samples"),
        (dict(test=split(((0.1,), (0.2,)))), "has 2 inputs in its train split and 1 in its test split; give all the"),
        (dict(validation=split(targets=(0, 2))), "validation split .* has class 2, but there are 2 classes"),
        (dict(classes=("a", "a")), "two classes of task mine are called 'a'"),
        (dict(classes="ab"), "the classes of task mine are 'ab'; give a tuple"),
        (dict(classes=()), r"task mine has 0 classes; there may be 1..256"),
    ],
)
def test_tasks_that_are_none_are_refused(change, words):
    with pytest.raises(ValueError, match=words):
        task(**change)


def test_a_digest_is_that_of_the_data():
    made = task()
    assert made.digest == task(name="yours", origin="elsewhere").digest == task().head(2, 2, 2).digest
    others = [
        task(classes=("a", "c")),
        task(test=split(targets=(1, 1))),
        task(train=split(((0.0, 0.5), (1.0, 0.75)))),
        task().head(1, 2, 2),
        task(**dict.fromkeys(tasks.task.SPLITS, stream())),
        task(**dict.fromkeys(tasks.task.SPLITS, stream(width=3))),
    ]
    assert len({made.digest, *(other.digest for other in others)}) == 1 + len(others)
    assert made.source == {"origin": "mine", "sha256": made.digest}


def test_the_digest_of_the_yin_yang_task_stays():
    assert tasks.yin_yang().digest == "2d4ccad3355f7ee58ec5609bee95d7b4b6ad39a9740cdc3f9e5a3fbd12b9526a"
