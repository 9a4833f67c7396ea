"""Registers refuse what their bits cannot hold, and names that no register has."""

import ast
import copy
import dataclasses
import pickle
import re
from contextlib import nullcontext
from dataclasses import fields
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from hypothesis.vendor.pretty import pretty as hypothesis_pretty

from chip.base import registers
from chip.base.registers import Registers
from chip.chip import Chip
from chip.testing import registers as drawn_registers

ROOT = Path(__file__).resolve().parents[3]
ENTRIES = {entry.name: entry.metadata for entry in fields(Registers)}
NUMBERS = [name for name, meta in ENTRIES.items() if meta["dtype"].kind != "b"]
INTEGERS = [name for name, meta in ENTRIES.items() if meta["dtype"].kind in "iu"]


def same(one: Registers, other: Registers) -> bool:
    return all((getattr(one, name) == getattr(other, name)).all() for name in ENTRIES)


def test_the_defaults_are_a_valid_chip_that_does_nothing():
    registers = Registers()
    registers.check()
    assert not registers.enabled.any() and not registers.row_mode.any()
    assert ((registers.crossbar_mask == 0) & (registers.crossbar_target == 0x3FFF)).all()


def test_the_documentation_has_a_row_for_every_register_and_each_is_true():
    rule = r"^ *=+(?:  =+){4}$"
    table = re.split(rule, Registers.__doc__, flags=re.M)[2]
    rows = [re.split(r"  +", line.strip()) for line in table.strip().splitlines()]
    assert [row[0] for row in rows] == list(ENTRIES)
    for name, array, unit, span, default in rows:
        meta, held = ENTRIES[name], getattr(Registers(), name)
        assert array == f"{held.dtype}{list(held.shape)}"
        units = {"lsb": "LSB", "ns": "ns", "period": "4 ns"}
        assert unit == units.get(name.rpartition("_")[2], "code" if "stp_v_" in name else "-")
        if held.dtype == bool:
            assert span == "off, on" and (held == (default == "on")).all() and default in ("on", "off")
        else:
            step = f" by {meta['multiple_of']}" if meta["multiple_of"] > 1 else ""
            assert span == f"{meta['low']}..{meta['high']}{step}"
            assert (held == np.array(ast.literal_eval(default))).all()


@pytest.mark.parametrize("pretty", [repr, hypothesis_pretty])
def test_they_print_in_a_line_what_differs_from_the_defaults(pretty):
    made = Registers(leak_lsb=70)
    made.weights[1, 2, 3:6], made.enabled[0, 4] = 9, True
    assert pretty(made) == "Registers(enabled=<1 of 512 set>, leak_lsb=70.0, weights=<3 of 131072 set>)"
    assert pretty(Registers()) == "Registers()"
    vars(made)["labels"] = [1]
    assert pretty(made).endswith(", labels=list)")


def test_a_failure_says_how_they_were_drawn():

    @settings(max_examples=20, database=None, phases=[Phase.generate])
    @given(drawn_registers())
    def fails(drawn):
        assert not drawn.enabled.any()

    with pytest.raises(AssertionError) as caught:
        fails()
    assert any(re.search(r"drawn=_network\(\d+, \d+, 0.3, (True|False)\)", note) for note in caught.value.__notes__)


# ---------------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("tau_membrane_ns", "there is no register tau_membrane_ns; the closest are tau_mem_ns, "),
        ("weight", "there is no register weight; the closest is weights"),
        ("zzz", "there is no register zzz; chip/base/registers.py has those that there are"),
        ("check", "there is no register check; "),
        ("_weights", "there is no register _weights; "),
    ],
)
def test_a_name_that_no_register_has_is_refused(name, said):
    registers = Registers()
    with pytest.raises(AttributeError) as caught:
        setattr(registers, name, 3)
    assert str(caught.value).startswith(said)
    assert name not in vars(registers)


def test_so_it_is_where_it_is_read():
    with pytest.raises(AttributeError, match=r"no register efficacy; the closest is efficacy_lsb"):
        Registers().efficacy[0] = 4.0
    with pytest.raises(AttributeError, match=r"no register taus"):
        Registers().changed(taus=np.zeros((2, 256)))


# ---------------------------------------------------------------------- assignments


@given(st.data())
def test_an_assignment_fills_the_register_by_numpys_rules_or_changes_nothing(data):
    name = data.draw(st.sampled_from(sorted(ENTRIES)))
    meta = ENTRIES[name]
    low, high, step = meta["low"], meta["high"], meta["multiple_of"]
    if meta["dtype"].kind == "f":
        elements = st.floats(low - 10, high + 10) | st.just(np.nan)
    else:
        elements = st.integers(low // step - 2, high // step + 2).map(lambda count: count * step) | st.just(step + 1)
    shape = data.draw(st.sampled_from([(), (1,), meta["shape"][-1:]]) | array_shapes(max_dims=3, max_side=3))
    value = data.draw(arrays(float if meta["dtype"].kind == "f" else np.int64, shape, elements=elements))
    try:
        expected = np.broadcast_to(value, meta["shape"])
        valid = bool(((value >= low) & (value <= high) & (value % step == 0 if step > 1 else True)).all())
    except ValueError:
        valid = False
    registers = Registers()
    held = getattr(registers, name)
    if valid:
        setattr(registers, name, value)
        assert (held == expected).all()
    else:
        with pytest.raises(ValueError, match=rf"^Registers\.{name}(\[.*\])? is .*{low if held.dtype != bool else ''}"):
            setattr(registers, name, value)
        assert same(registers, Registers())
    assert getattr(registers, name) is held and (held.dtype, held.shape) == (meta["dtype"], meta["shape"])
    clashes = registers.connect_vertical.any() or (registers.holdoff_ns > registers.refractory_ns).any()
    with pytest.raises(ValueError, match=f"^Registers.{name}") if clashes else nullcontext():
        registers.check()


def test_one_number_is_for_all_and_an_integer_for_a_number():
    registers = Registers(tau_syn_exc_ns=7_000)
    registers.tau_mem_ns = 12_000
    registers.enabled = True
    registers.weights = [[1]]
    registers.row_mode = [[1], [2]]
    assert (registers.tau_syn_exc_ns == 7_000).all() and registers.tau_syn_exc_ns.dtype == float
    assert (registers.tau_mem_ns == 12_000).all() and registers.enabled.all() and (registers.weights == 1).all()
    assert (registers.row_mode[0] == 1).all() and (registers.row_mode[1] == 2).all()
    Chip().link.write_registers(registers)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        (
            "tau_mem_ns",
            300,
            r"Registers.tau_mem_ns\[0, 0\] is 300; the register takes 500..60000 in each of its \[2, 256\]",
        ),
        ("leak_lsb", np.nan, r"Registers.leak_lsb\[0, 0\] is nan; .* takes 0..255"),
        ("weights", 64, r"Registers.weights\[0, 0, 0\] is 64; the register takes 0..63 in each of its \[2, 256, 256\]"),
        ("weights", -1, r"Registers.weights\[0, 0, 0\] is -1; "),
        ("refractory_ns", 2_002, r"Registers.refractory_ns\[0, 0\] is 2002; .* takes 40..32000, a multiple of 4"),
        ("enabled", 2, r"Registers.enabled\[0, 0\] is 2; "),
        (
            "weights",
            3.0,
            r"is set to 3.0; it takes integers in 0..63, one for all .* \[2, 256, 256\]; round it, np.rint",
        ),
        ("weights", True, r"is set to True; it takes integers in 0..63, one for all"),
        ("weights", 10**30, r"is set to 10{30}; it takes integers"),
        ("leak_lsb", True, r"is set to True; it takes numbers in 0..255"),
        ("enabled", 1.0, r"is set to 1.0; it takes True or False, one for all or an array that broadcasts to"),
        ("leak_lsb", None, r"is set to None; it takes numbers"),
        ("leak_lsb", "80", r"is set to '80'; it takes numbers"),
        ("leak_lsb", 80 + 0j, r"is set to \(80\+0j\); it takes numbers"),
        ("leak_lsb", [80.0, 90.0], r"is set to float64\[2\]; .* an array that broadcasts to \[2, 256\]$"),
        ("leak_lsb", [[80.0], [80.0, 90.0]], r"is set to rows of different lengths; it takes"),
        ("leak_lsb", np.zeros((1, 2, 256)), r"is set to float64\[1, 2, 256\]; "),
    ],
)
def test_what_a_register_cannot_hold_is_refused_in_a_sentence(name, value, said):
    registers = Registers()
    with pytest.raises(ValueError, match=said):
        setattr(registers, name, value)
    assert same(registers, Registers())
    with pytest.raises(ValueError, match=said):
        Registers(**{name: value})


@pytest.mark.parametrize("name", INTEGERS)
def test_integers_do_not_wrap_into_their_type(name):
    for value in (-1, 256, 1 << 16, 1 << 32, 1 << 63):
        if not ENTRIES[name]["low"] <= value <= ENTRIES[name]["high"]:
            with pytest.raises(ValueError, match=rf"{name}\[.*\] is {value};"):
                setattr(Registers(), name, value)


def test_an_array_that_was_assigned_stays_the_callers():
    registers, mine = Registers(), np.full((2, 256), 70.0)
    registers.leak_lsb = mine
    mine[...] = 90.0
    registers.reset_lsb = registers.leak_lsb
    registers.leak_lsb[0] = 60.0
    assert (registers.leak_lsb[1] == 70.0).all() and (registers.reset_lsb == 70.0).all()


def test_augmented_assignments_are_checked():
    registers = Registers()
    registers.leak_lsb += 5
    assert (registers.leak_lsb == 85.0).all()
    with pytest.raises(ValueError, match=r"leak_lsb\[0, 0\] is -15.0"):
        registers.leak_lsb -= 100


# ---------------------------------------------------------------------- edits that nobody sees


@pytest.mark.parametrize("name", NUMBERS)
def test_elements_out_of_range_are_refused_when_they_are_written(name):
    meta = ENTRIES[name]
    outside = [meta["high"] + 1] + ([meta["low"] - 1] if meta["low"] > 0 else [])
    for value in outside:
        if meta["dtype"].kind == "u" and value > np.iinfo(meta["dtype"]).max:
            continue  # the array type cannot even hold it
        registers, chip = Registers(), Chip()
        getattr(registers, name)[(-1,) * len(meta["shape"])] = value
        with pytest.raises(ValueError, match=rf"{name}\[.*\] is {value}"):
            registers.check()
        with pytest.raises(ValueError, match=rf"{name}\[.*\] is {value}"):
            chip.link.write_registers(registers)
        assert chip.link.bytes["before"] == 0 and chip.core is None


def test_not_a_number_and_off_the_clock_are_refused():
    registers = Registers()
    registers.leak_lsb[1, 7] = np.nan
    with pytest.raises(ValueError, match=r"leak_lsb\[1, 7\] is nan"):
        registers.check()
    registers = Registers()
    registers.refractory_ns[0, 3] = 2_002
    with pytest.raises(ValueError, match=r"refractory_ns\[0, 3\].*multiple of 4"):
        registers.check()


@pytest.mark.parametrize("name", ENTRIES)
def test_an_array_that_was_exchanged_behind_its_back_is_refused(name):
    registers = Registers()
    for bad in (np.zeros(3, ENTRIES[name]["dtype"]), np.zeros(ENTRIES[name]["shape"], np.complex128), [1, 2]):
        vars(registers)[name] = bad
        with pytest.raises(ValueError, match=rf"Registers.{name} is .*; it must be {ENTRIES[name]['dtype']}\["):
            registers.check()


@pytest.mark.parametrize("wrong", [None, Registers, {"weights": 1}])
def test_only_registers_are_written(wrong):
    chip = Chip()
    with pytest.raises(TypeError, match=r"write_registers takes Registers, not .*; make them"):
        chip.link.write_registers(wrong)
    assert chip.link.bytes["before"] == 0


# ---------------------------------------------------------------------- copies


@pytest.mark.parametrize(
    "duplicate",
    [
        copy.copy,
        copy.deepcopy,
        dataclasses.replace,
        lambda registers: pickle.loads(pickle.dumps(registers)),
        lambda registers: registers.changed(),
    ],
)
def test_copies_share_nothing(duplicate):
    registers = Registers(leak_lsb=70)
    other = duplicate(registers)
    assert type(other) is Registers and same(other, registers)
    assert not any(np.shares_memory(getattr(other, name), getattr(registers, name)) for name in ENTRIES)
    other.leak_lsb = 60
    assert (registers.leak_lsb == 70.0).all()


def test_what_a_chip_makes_of_registers_may_leave_the_ranges():
    registers = Registers()
    made = registers.changed(tau_mem_ns=np.full((2, 256), 70_000.0))
    assert (made.tau_mem_ns == 70_000.0).all() and (registers.tau_mem_ns == 10_000.0).all()
    with pytest.raises(ValueError, match=r"tau_mem_ns\[0, 0\] is 70000"):
        made.check()


def test_what_registers_point_to_is_there():
    text = Path(registers.__file__).read_text(encoding="utf-8")
    files, modules = re.findall(r"chip/[\w/]+\.py", text), re.findall(r"see (chip(?:\.\w+)+)", text)
    assert files and [name for name in files if not (ROOT / name).is_file()] == []
    assert len(modules) > 2 and all(find_spec(name) for name in modules)
