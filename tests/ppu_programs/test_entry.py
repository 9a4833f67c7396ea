"""What users hand to networks, trains, rules and outcomes, as for the chip in :mod:`tests.chip.test_entry`."""

import dataclasses

import numpy as np
import pytest

import ppu_programs
from chip import ChipConfig
from ppu_programs import Array, Outcome, Status
from ppu_programs.network import LI, LIF, Injected, Inputs, Linear, NetworkGraph, Projection, Sign
from ppu_programs.network.neurons import Layer
from ppu_programs.placement import place
from ppu_programs.trains import Train, given, modulated, poisson, regular
from tests.entry import (
    FLOATS,
    INTEGERS,
    NO_NUMBER,
    assert_any_array,
    assert_any_float,
    assert_any_integer,
    cases,
    is_refused,
    wrong_arrays,
)

NAMES = [*ppu_programs.names(), *ppu_programs.example_names()]
GRAPH = NetworkGraph({"a": Inputs(3), "b": LIF(4)}, Projection("a", "b", sign=Sign.EXCITATORY))
PLACED = place(GRAPH)


def train_of(make):
    def effect(value):
        made = make(value)
        return made.times_ns, made.sources

    return effect


def stored(weights):
    registers = PLACED.registers()
    PLACED.store(registers, 0, weights)
    return PLACED.load(registers.weights, 0)


def counted(value):
    return dataclasses.astuple(Status(value, 200)), dataclasses.astuple(Status(5, value))


SCALARS = {
    "LIF, size": (lambda value: LIF(value).size, 5),
    "LI, size": (lambda value: LI(value).size, 5),
    "Inputs, size": (lambda value: Inputs(value).size, 5),
    "Injected, size": (lambda value: Injected(value).size, 5),
    "Linear, sizes": (lambda value: Linear(value, 3).sizes, 5),
    "regular, sources": (train_of(lambda value: regular(1e5, value, 100_000)), 5),
    "regular, end": (train_of(lambda value: regular(1e7, 3, value)), 104),
    "regular, first": (train_of(lambda value: regular(1e6, 3, 10_000, first_ns=value)), 104),
    "poisson, sources": (train_of(lambda value: poisson(1e5, value, 100_000, 1)), 5),
    "poisson, end": (train_of(lambda value: poisson(1e6, 3, value, 1)), 104),
    "poisson, start": (train_of(lambda value: poisson(1e6, 3, 10_000, 1, start_ns=value)), 104),
    "poisson, seed": (train_of(lambda value: poisson(1e6, 3, 10_000, value)), 5),
    "modulated, sources": (train_of(lambda value: modulated(lambda t: 1e5, 1e5, value, 100_000, 1)), 5),
    "modulated, seed": (train_of(lambda value: modulated(lambda t: 1e5, 1e5, 3, 100_000, value)), 5),
    "LIF, threshold": (lambda value: LIF(4, threshold_lsb=value).threshold_lsb, 60),
    "LI, leak": (lambda value: LI(4, leak_lsb=value).leak_lsb, 60),
    "Status": (counted, 7),
}
REALS = {
    "Projection, efficacy": (lambda value: Projection("a", "b", efficacy_lsb=value).efficacy_lsb, 2),
    "regular, rate": (train_of(lambda value: regular(value, 3, 100_000_000)), 100),
    "poisson, rate": (train_of(lambda value: poisson(value, 3, 100_000_000, 1)), 100),
    "modulated, highest": (train_of(lambda value: modulated(lambda t: 10.0 + 0 * t, value, 3, 10_000_000, 1)), 100),
    "modulated, rate": (
        train_of(lambda value: modulated(lambda t: value, 101.0, 3, 100_000_000, 1)),
        100,
    ),
    "Outcome, metric": (lambda value: Outcome({"error": value}).metrics, 5),
    "Status, metric": (lambda value: Status(0, 1, "steps", {"error": value}).metrics, 5),
}
ARRAYS = {
    "given, times": (train_of(lambda value: given(value, [1, 2, 0])), [8, 120, 16]),
    "given, sources": (train_of(lambda value: given([8, 16, 24], value)), [1, 127, 3]),
    "Train, times": (train_of(lambda value: Train(value, [1, 2])), [8, 120]),
    "Train, sources": (train_of(lambda value: Train([8, 16], value)), [1, 127]),
    "Train, labels": (
        lambda value: [vars(Train([8, 16], [0, 2]).program(value))[name] for name in ("times_ns", "labels")],
        [3, 4, 127],
    ),
    "poisson, sources": (train_of(lambda value: poisson(1e5, value, 100_000, 1)), [1, 127]),
}
LABELS = {"identify": (PLACED.identify, PLACED.sources["a"].labels.tolist())}  # which bytes do not hold
GRIDS = {"store": (stored, [[1, 2, 3, 63]] * 3)}


@pytest.mark.parametrize(("effect", "good"), cases(SCALARS, REALS))
def test_a_number_of_any_integer_type_is_what_it_is_in_python(effect, good):
    assert_any_integer(effect, good)


@pytest.mark.parametrize(("effect", "good"), cases(REALS))
def test_so_is_a_number_of_any_float_type(effect, good):
    assert_any_float(effect, good)


@pytest.mark.parametrize(("effect", "good"), cases(SCALARS))
def test_what_is_no_whole_number_is_refused(effect, good):
    for value in [*NO_NUMBER, 3.5, np.array([[good]]), -(10**30), 10**30]:
        if value is not None:  # of which there may be none
            is_refused(effect, value, may_pass=isinstance(value, int) and value > 10**20)


@pytest.mark.parametrize(("effect", "good"), cases(REALS))
def test_what_is_no_number_is_refused(effect, good):
    for value in [*NO_NUMBER, np.array([object()] * 3), np.array([[[good]]] * 3)]:
        if value is not None:
            is_refused(effect, value)


@pytest.mark.parametrize(("effect", "good"), cases(ARRAYS, GRIDS))
def test_arrays_of_any_integer_type_and_form_are_the_same(effect, good):
    assert_any_array(effect, good)


@pytest.mark.parametrize(("effect", "good"), cases(ARRAYS, GRIDS, LABELS))
def test_arrays_of_anything_else_are_refused(effect, good):
    for value in wrong_arrays(np.array(good)):
        is_refused(effect, value)


@pytest.mark.parametrize("mask", [np.ones((3, 4)), np.ones(12, bool), [[1, 0]], np.array([[None]]), "all", 3])
def test_a_mask_is_a_matrix_of_truth_values(mask):
    is_refused(lambda value: Projection("a", "b", mask=value), mask)


@pytest.mark.parametrize("values", [[[1], [1, 2]], object(), [None], lambda: 3])
def test_an_array_has_numbers(values):
    is_refused(lambda value: Array(value, "step"), values)


# ---------------------------------------------------------------------- settings of all rules


def numeric_settings():
    for name in NAMES:
        for field in dataclasses.fields(ppu_programs.load(name).settings_class):
            if isinstance(field.default, int | float) and not isinstance(field.default, bool):
                yield pytest.param(name, field.name, field.default, id=f"{name}, {field.name}")


@pytest.mark.parametrize(("name", "setting", "default"), list(numeric_settings()))
def test_settings_of_rules_take_numbers_of_any_type_that_holds_them(name, setting, default):
    firmware = ppu_programs.load(name)
    for kind in [*INTEGERS, *FLOATS] if isinstance(default, float) else INTEGERS:
        with np.errstate(all="ignore"):
            try:
                value = kind(default)
            except OverflowError:
                continue
        if value == default or kind in FLOATS:
            found = firmware(**{setting: value}).settings
            expected = firmware(**{setting: value.item()}).settings
            assert vars(found) == vars(expected) and type(getattr(found, setting)) is type(default), kind


@pytest.mark.parametrize(("name", "setting", "default"), list(numeric_settings()))
def test_settings_of_rules_refuse_what_is_no_number(name, setting, default):
    firmware = ppu_programs.load(name)
    for value in [*NO_NUMBER, [default], 10**30, -(10**30)]:
        if value is not None:  # which stands for a rule's own choice, here and there
            endless = setting in ("seed", "epochs") and isinstance(value, int) and value > 1
            several = name == "rewrite" and isinstance(value, list)  # a step for every column
            is_refused(lambda value: firmware(**{setting: value}), value, may_pass=endless or several)


@pytest.mark.parametrize("name", NAMES)
def test_rules_refuse_settings_that_they_do_not_have(name):
    is_refused(lambda value: ppu_programs.load(name)(**{value: 1}), "no_such_setting")


@pytest.mark.parametrize("name", ppu_programs.example_names())
@pytest.mark.parametrize("config", [None, "typical", 3, ChipConfig])
def test_firmware_is_built_for_a_chips_settings(name, config):
    from chip import Chip
    from host import Host

    is_refused(lambda value: Host(Chip(value)).load(ppu_programs.load(name)(), compiling=False), config, config is None)


def test_every_kind_of_layer_is_in_the_tables():
    assert {kind.__name__ for kind in Layer.__subclasses__()} <= {name.partition(",")[0] for name in SCALARS}
