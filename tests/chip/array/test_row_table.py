"""Rows and synapses that a key reaches, against loops over drivers; and what one label or one mask changes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chip.array.row_table import KEYS, row_table
from chip.base import constants as c
from chip.base.registers import Registers
from chip.fabric.padi import padi_key
from tests.naive.router import driven_rows


def random_registers(seed):
    rng = np.random.default_rng(seed)
    registers = Registers()
    registers.enabled[:] = rng.random((2, 256)) < 0.05
    registers.row_mode[:] = rng.integers(0, 4, (2, 256))
    registers.compare_mask[:] = rng.choice([0, 1, 7, 31], (2, 128))
    registers.labels[:] = rng.integers(0, 64, (2, 256, 256))
    return registers


def rows_of(table, key):
    return [(row // 256, row % 256) for row in table.rows[table.first[key] : table.first[key + 1]].tolist()]


@pytest.mark.parametrize("seed", range(2))
def test_table_against_loops(seed):
    registers = random_registers(seed)
    table = row_table(registers)
    rng = np.random.default_rng(seed)
    assert table.first.size == KEYS + 1
    for bus in range(8):
        for label in rng.integers(0, 1 << 11, 40).tolist():
            key = padi_key(bus, label)
            driven = driven_rows(registers, ("top", "bottom")[bus // 4], bus % 4, label)
            hits = [
                int((registers.labels[h, row, registers.enabled[h]] == label & c.LABEL_MAX).sum()) for h, row in driven
            ]
            assert table.driven[key] == len(driven)
            assert table.synapses[key] == sum(hits)
            assert rows_of(table, key) == [where for where, hit in zip(driven, hits, strict=True) if hit]


@given(st.integers(0, 255), st.integers(0, 31), st.integers(0, 31))
@settings(max_examples=20)
def test_a_mask_lets_a_driver_take_exactly_the_row_selects_that_agree_where_it_compares(driver, mask, select):
    """An event is addressed to a driver iff all bits that its mask sets agree with its index on the bus."""
    registers = Registers()
    hemisphere, number = divmod(driver, 128)
    registers.enabled[hemisphere, 3] = True
    registers.row_mode[hemisphere, 2 * number : 2 * number + 2] = 1
    registers.labels[hemisphere, 2 * number : 2 * number + 2, 3] = 17
    registers.compare_mask[hemisphere, number] = mask
    table = row_table(registers)
    agree = all((select >> bit) & 1 == (number // 4 >> bit) & 1 for bit in range(5) if (mask >> bit) & 1)
    for bus in range(8):
        found = rows_of(table, padi_key(bus, (select << 6) | 17))
        mine = bus == 4 * hemisphere + number % 4
        assert found == ([(hemisphere, 2 * number), (hemisphere, 2 * number + 1)] if mine and agree else [])


def changed_keys(before, after):
    return {key for key in range(KEYS) if rows_of(before, key) != rows_of(after, key)}


def test_one_synapse_label_changes_only_its_row_and_two_labels():
    registers = random_registers(5)
    registers.compare_mask[:] = 31
    registers.row_mode[:] = 1
    registers.enabled[:] = False
    registers.enabled[1, 17] = True
    before = row_table(registers)
    row, old = 74, int(registers.labels[1, 74, 17])
    new = (old + 1) % 64
    registers.labels[1, row, 17] = new
    after = row_table(registers)
    driver = row // 2
    base = (4 + driver % 4) * 2048 + (driver // 4) * 64  # bottom busses are 4..7
    assert changed_keys(before, after) == {base + old, base + new}
    assert (1, row) in rows_of(before, base + old) and (1, row) not in rows_of(after, base + old)


def test_one_compare_mask_changes_only_its_driver():
    registers = random_registers(6)
    registers.compare_mask[:] = 31
    registers.row_mode[:] = 1
    before = row_table(registers)
    registers.compare_mask[0, 45] = 0  # now it takes every row select
    after = row_table(registers)
    assert changed_keys(before, after)
    for key in changed_keys(before, after):
        gained = set(rows_of(after, key)) - set(rows_of(before, key))
        assert set(rows_of(before, key)) < set(rows_of(after, key))
        assert gained <= {(0, 90), (0, 91)}
        assert key // 2048 == 45 % 4
