"""Registers refuse what their bits cannot hold."""

from dataclasses import fields

import numpy as np
import pytest

from chip.registers import Registers


def test_the_defaults_are_a_valid_chip_that_does_nothing():
    registers = Registers()
    registers.check()
    assert not registers.enabled.any() and not registers.row_mode.any()
    assert ((registers.crossbar_mask == 0) & (registers.crossbar_target == 0x3FFF)).all()


@pytest.mark.parametrize("entry", fields(Registers), ids=lambda f: f.name)
def test_each_array_refuses_wrong_shape_type_and_range(entry):
    meta = entry.metadata
    for bad in (np.zeros(3, meta["dtype"]), np.zeros(meta["shape"], np.complex128), [1, 2]):
        registers = Registers()
        setattr(registers, entry.name, bad)
        with pytest.raises(ValueError, match=entry.name):
            registers.check()
    if meta["dtype"].kind == "b":
        return
    outside = [meta["high"] + 1] + ([meta["low"] - 1] if meta["low"] > 0 else [])
    for value in outside:
        if meta["dtype"].kind == "u" and value > np.iinfo(meta["dtype"]).max:
            continue  # the array type cannot even hold it
        registers = Registers()
        getattr(registers, entry.name)[(-1,) * len(meta["shape"])] = value
        with pytest.raises(ValueError, match=rf"{entry.name}\[.*\] is {value}"):
            registers.check()


def test_not_a_number_and_off_the_clock_are_refused():
    registers = Registers()
    registers.leak_lsb[1, 7] = np.nan
    with pytest.raises(ValueError, match=r"leak_lsb\[1, 7\] is nan"):
        registers.check()
    registers = Registers()
    registers.refractory_ns[0, 3] = 2_002
    with pytest.raises(ValueError, match=r"refractory_ns\[0, 3\].*multiple of 4"):
        registers.check()
