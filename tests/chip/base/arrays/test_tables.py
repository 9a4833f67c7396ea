"""Tables of arrays: what follows from them for any block, and that the chip's own are whole."""

from typing import Annotated, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import float64, int64, uint8

from chip.array.arrays import Network
from chip.array.sensor_arrays import SensorArrays
from chip.base.arrays.declared import (
    Array,
    Life,
    built,
    changing,
    check,
    counts,
    pool,
    queue,
    queues_of,
    record,
    state,
    table_of,
    work,
)
from chip.base.arrays.growth import doubled, make_room, outgrown
from chip.base.arrays.kept import brought_back, check_kept, kept
from chip.core.layout import Queues, Scratch
from chip.neurons.arrays import Neurons
from chip.neurons.bounded import Bounds

TIME, JOB_HEAD, JOB_TAIL, ORDER_HEAD, ORDER_TAIL, WRITTEN = range(6)
SPARE = 6  # of the clock, which nobody keeps


class Plant(NamedTuple):
    """A block with an array of each life."""

    clock: Annotated[Array, counts(7, (TIME,), "a time, heads, tails, a count")]
    gain: Annotated[Array, built(float64, ("cells",), "1", "of each cell")]
    level: Annotated[Array, state(float64, ("cells",), "LSB", "of each cell")]
    jobs: Annotated[Array, queue(int64, ("jobs",), "", "keys", JOB_HEAD)]
    loads: Annotated[Array, queue(uint8, ("jobs", 2), "", "of each job", JOB_HEAD)]
    orders: Annotated[Array, queue(int64, ("orders",), "", "keys", ORDER_HEAD, answered=True)]
    goods: Annotated[Array, queue(uint8, ("orders", 3), "", "what came", ORDER_HEAD)]
    book: Annotated[Array, record(int64, ("lines",), "", "what was written", WRITTEN)]
    ticket: Annotated[Array, pool(int64, ("shelves",), "", "whose, or 0")]
    shelf: Annotated[Array, pool(uint8, ("shelves", 2), "", "what lies there")]
    sums: Annotated[Array, work(float64, ("cells",), "LSB", "of a step")]


@st.composite
def plants(draw):
    """A plant somewhere in its life, with room around its queues and rubbish where nothing stands."""
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    jobs, orders, lines, shelves = draw(st.tuples(*[st.integers(1, 9)] * 4))
    plant = Plant(
        clock=random.integers(0, 100, 7),
        gain=np.ones(4),
        level=random.random(4),
        jobs=np.sort(random.integers(0, 50, jobs)),
        loads=random.integers(0, 99, (jobs, 2)).astype(np.uint8),
        orders=np.sort(random.integers(0, 50, orders)),
        goods=random.integers(1, 99, (orders, 3)).astype(np.uint8),
        book=random.integers(0, 50, lines),
        ticket=random.permutation(shelves + 3)[:shelves],
        shelf=random.integers(0, 99, (shelves, 2)).astype(np.uint8),
        sums=random.random(4),
    )
    for head, size in ((JOB_HEAD, jobs), (ORDER_HEAD, orders)):
        plant.clock[[head, head + 1]] = np.sort(random.integers(0, size + 1, 2))
    taken = random.random(orders) < 0.5
    plant.orders[: plant.clock[ORDER_HEAD]][taken[: plant.clock[ORDER_HEAD]]] = -1
    plant.clock[WRITTEN] = random.integers(0, lines + 1)
    return plant


def fresh(cells=4) -> Plant:
    """A plant in which nothing has happened, with the shortest of arrays."""
    return Plant(
        np.zeros(7, np.int64), np.ones(cells), np.zeros(cells), np.zeros(1, np.int64), np.zeros((1, 2), np.uint8),
        np.zeros(1, np.int64), np.zeros((1, 3), np.uint8), np.zeros(1, np.int64), np.zeros(1, np.int64),
        np.zeros((1, 2), np.uint8), np.zeros(cells),
    )  # fmt: skip


def orders_of(plant):
    """What somebody waits for, and what came of it, where it did."""
    done, tail = plant.clock[[ORDER_HEAD, ORDER_TAIL]]
    return [
        (int(plant.orders[i]), plant.goods[i].tolist() if i < done else None)
        for i in range(tail)
        if i >= done or plant.orders[i] >= 0
    ]


def same(one, other):
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)


@given(plants())
def test_what_is_kept_comes_back_on_arrays_of_any_length(plant):
    found = kept(plant)
    back = brought_back(fresh(), found)
    assert same(kept(back), found)
    head, tail = plant.clock[[JOB_HEAD, JOB_TAIL]]
    assert back.jobs[: tail - head].tolist() == plant.jobs[head:tail].tolist()
    assert back.loads[: tail - head].tolist() == plant.loads[head:tail].tolist()
    assert orders_of(back) == orders_of(plant)
    assert back.book[: back.clock[WRITTEN]].tolist() == plant.book[: plant.clock[WRITTEN]].tolist()
    assert (back.level == plant.level).all() and back.clock[TIME] == plant.clock[TIME] and back.clock[SPARE] == 0
    lying = {n: s for n, s in zip(plant.ticket.tolist(), plant.shelf.tolist(), strict=True) if n}
    assert {n: s for n, s in zip(back.ticket.tolist(), back.shelf.tolist(), strict=True) if n} == lying


@given(plants())
def test_what_is_kept_is_a_copy(plant):
    found = kept(plant)
    before = {name: array.copy() for name, array in found.items()}
    for array in plant:
        array[...] = 77
    assert same(found, before)


@given(plants(), st.sampled_from([JOB_HEAD, ORDER_HEAD]), st.integers(1, 40))
def test_room_is_made_and_nothing_is_lost(plant, head, count):
    before, jobs = kept(plant), orders_of(plant)
    longer = make_room(plant, head, count)
    names = queues_of(Plant)[head]
    assert longer.clock[head + 1] + count <= getattr(longer, names[0]).shape[0]
    assert {getattr(longer, name).shape[0] for name in names} == {getattr(longer, names[0]).shape[0]}
    assert same(kept(longer), before) and orders_of(longer) == jobs


@given(plants())
def test_what_was_outgrown_is_twice_as_long(plant):
    longer = outgrown(plant)
    assert longer.book.size == 2 * plant.book.size and longer.ticket.size == 2 * plant.ticket.size
    assert longer.jobs is plant.jobs and same(kept(longer), kept(plant))
    assert doubled(np.arange(1, 3)).tolist() == [1, 2, 0, 0]


@given(plants(), st.sampled_from(changing(Plant)))
def test_what_is_missing_or_of_another_block_is_refused(plant, name):
    found = kept(plant)
    check_kept(fresh(), found)
    with pytest.raises(
        ValueError, match="^the snapshot's level has the shape \\(4,\\), this chip's has \\(5,\\); restore"
    ):
        check_kept(fresh(cells=5), found)
    torn = {**found, "loads": np.zeros((found["jobs"].shape[0] + 1, 2), np.uint8)}
    with pytest.raises(ValueError, match="^the snapshot's jobs and loads have different lengths; it is damaged"):
        check_kept(fresh(), torn)
    with pytest.raises(ValueError, match="^the snapshot lacks orders_done; it must come from"):
        check_kept(fresh(), {key: array for key, array in found.items() if key != "orders_done"})
    with pytest.raises(ValueError, match="^the snapshot's clock has 3 elements, not 1; take it anew"):
        check_kept(fresh(), {**found, "clock": np.zeros(3, np.int64)})
    del found[name]
    with pytest.raises(ValueError, match=f"^the snapshot lacks {name}; it must come from"):
        check_kept(fresh(), found)


def test_arrays_must_be_what_their_table_says():
    plant = fresh()
    check(plant)
    with pytest.raises(TypeError, match=r"^Plant.level is float32, 1 dimensions; it must be array\(float64, 1d, C\)$"):
        check(plant._replace(level=np.zeros(4, np.float32)))
    with pytest.raises(TypeError, match=r"^Plant.loads is uint8, 1 dimensions"):
        check(plant._replace(loads=np.zeros(2, np.uint8)))
    with pytest.raises(ValueError, match=r"^Plant.level has the shape \(5,\); by Plant.gain cells is 4$"):
        check(plant._replace(level=np.zeros(5)))
    with pytest.raises(ValueError, match=r"^Plant.loads has the shape \(1, 3\); by its table 2 is 2$"):
        check(plant._replace(loads=np.zeros((1, 3), np.uint8)))


@pytest.mark.parametrize("block", [Neurons, Network, Queues, Scratch, Bounds, SensorArrays])
def test_tables_of_the_chip_are_whole(block):
    """Each array is declared, says what it is; queues have their own tails, and only a block with a clock has any."""
    table = table_of(block)
    assert tuple(table) == block._fields
    assert all(line.what and not line.what.endswith(".") for line in table.values())
    counted = [at for line in table.values() if line.life in (Life.QUEUE, Life.RECORD) for at in line.counts]
    assert not counted or table["clock"].life is Life.COUNTS
    ends = [at for head in queues_of(block) for at in (head, head + 1)]
    ends += {line.counts[0] for line in table.values() if line.life is Life.RECORD}
    ends += table["clock"].counts if counted else ()
    assert len(set(ends)) == len(ends) and all(at < table["clock"].shape[0] for at in ends)
