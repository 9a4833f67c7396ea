"""Laws of the core: how often somebody advances or looks, and in which order operations are posted, changes no byte."""

import functools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chip.base import constants as c
from chip.base.config import ChipConfig, ImperfectionConfig
from chip.base.config.limits import LimitConfig
from chip.base.grid import BLOCK_NS
from chip.core.core import AnalogCore
from tests.chip.core.networks import random_events, random_network, with_merged_neurons, with_plastic_drivers

END_NS = 40_000
NETWORKS = 6
MERGED = (6, 9)  # networks in which some neurons are merged
# the networks on an ideal chip, then on one with everything that a chip can have, then those with merged neurons in the
# same way; then all again with limits that neurons reach. Some are never quiet for a whole block, or hardly spike
UNLIMITED = 2 * (NETWORKS + len(MERGED))
seeds = st.integers(0, 2 * UNLIMITED - 1).filter(lambda seed: seed not in (10, 23, 26, 30))
ideal_seeds = seeds.filter(lambda seed: not made_of(seed)[1])
LIMITS = LimitConfig(
    *(True, 60.0),  # inhibition
    *(True, 200.0),  # excitation
    *(True, 128.0),  # above
    *(True, 45.0),  # below
)
moments = st.lists(st.integers(0, END_NS // 4 - 1).map(lambda k: 4 * k), min_size=1, max_size=30)


def stimulus(seed, shift_ns=0):
    """Everything that can be posted, as (time, method, arguments)."""
    rng = np.random.default_rng([seed, 3])
    times, labels = random_events(seed, 12, END_NS // 2)
    todo = [(t + shift_ns, "post_events", ([t + shift_ns], [label])) for t, label in zip(times, labels, strict=True)]
    for _ in range(3):
        t = 4 * int(rng.integers(0, END_NS // 4)) + shift_ns
        mask = rng.integers(0, 256, 128, np.uint8)
        todo.append((t, "post_neuron_reset", (t, int(rng.integers(2)), int(rng.integers(2)), mask)))
    for row in rng.choice(256, 30, replace=False):
        t = 4 * int(rng.integers(0, END_NS // 4)) + shift_ns
        values = rng.integers(0, 64, (1, 128)).astype(np.uint8)
        todo.append((t, "post_weight_rows", ([t], int(rng.integers(2)), [row], int(rng.integers(2)), values)))
    for _ in range(4):
        t = 4 * int(rng.integers(0, END_NS // 4)) + shift_ns
        todo.append((t, "post_cadc", (t, int(rng.integers(2)))))
    return todo


def made_of(seed):
    """Whether the chip has limits, whether it is imperfect, and its network."""
    limited, seed = divmod(seed, UNLIMITED)
    if seed < 2 * NETWORKS:
        return limited, *divmod(seed, NETWORKS)
    imperfect, which = divmod(seed - 2 * NETWORKS, len(MERGED))
    return limited, imperfect, MERGED[which]


@functools.cache
def registers(network):
    drive = 0.3 if network % 2 == 0 else 0.45
    if network in MERGED:
        made = with_merged_neurons(random_network(network, drive=0.6 * drive), network)
    else:
        made = random_network(network, drive=drive)
    return with_plastic_drivers(made, network) if network % 2 else made


def new_core(seed):
    limited, imperfect, network = made_of(seed)
    imperfections = ImperfectionConfig(**dict.fromkeys(ImperfectionConfig.names() if imperfect else [], True))
    config = ChipConfig(seed=seed, imperfections=imperfections, limits=LIMITS if limited else LimitConfig())
    return AnalogCore(config, registers(network))


def post(core, todo):
    """Post operations; returns the tickets of conversions."""
    return [ticket for _, name, arguments in todo if (ticket := getattr(core, name)(*arguments)) is not None]


def finished(core, tickets, end_ns=END_NS):
    """Run to the end; everything there is, as bytes."""
    values = {ticket: core.cadc_result(ticket).tobytes() for ticket in sorted(tickets)}
    core.advance(end_ns)
    return {name: array.tobytes() for name, array in core.snapshot().items()}, values


@functools.cache
def plain(seed):
    """What comes out when everything is posted at once and run in one go; jumped blocks and spikes are among it."""
    core = new_core(seed)
    result = finished(core, post(core, stimulus(seed)))
    assert core.counters["spikes"] > 10
    assert core.counters["quiet_blocks"] > 0
    return result


@given(seeds, moments)
def test_chunking_changes_nothing(seed, stops):
    core = new_core(seed)
    tickets = post(core, stimulus(seed))
    for time_ns in sorted(stops):
        core.advance(time_ns)
    assert finished(core, tickets) == plain(seed)


@given(seeds, moments)
def test_watching_changes_nothing(seed, looks):
    core = new_core(seed)
    tickets = post(core, stimulus(seed))
    watching = [core.post_cadc(time_ns, time_ns // 4 % 2) for time_ns in looks[::2]]
    for time_ns in sorted(looks):
        core.membranes(time_ns)
        core.spikes(0, time_ns)
        core.weights()
    for ticket in watching:
        core.cadc_result(ticket)
    assert finished(core, tickets) == plain(seed)


@given(seeds, moments)
def test_what_is_seen_does_not_depend_on_who_looked_before(seed, looks):
    core = new_core(seed)
    post(core, stimulus(seed))
    seen = {time_ns: core.membranes(time_ns).tobytes() for time_ns in sorted(looks)}
    time_ns = looks[0]
    core = new_core(seed)
    post(core, [entry for entry in stimulus(seed) if entry[0] < time_ns])  # the future is not known yet
    assert core.membranes(time_ns).tobytes() == seen[time_ns]


@given(seeds, st.randoms(use_true_random=False), st.integers(0, 400))
def test_order_and_lateness_of_posting_change_nothing(seed, random, lead_ns):
    """Each operation is posted at the last moment or long before, same-time ones in any order."""
    todo = stimulus(seed)
    random.shuffle(todo)
    todo.sort(key=lambda entry: entry[0] // 4 // (1 + lead_ns) * 4 * (1 + lead_ns))  # coarser than time, then random
    core = new_core(seed)
    tickets = []
    for i, entry in enumerate(todo):
        core.advance(min(later[0] for later in todo[i:]))
        tickets += post(core, [entry])
    assert finished(core, tickets) == plain(seed)


@given(ideal_seeds, st.integers(1, 1000))
def test_a_shift_by_whole_blocks_shifts_everything(seed, blocks):
    shift_ns = blocks * BLOCK_NS
    here = new_core(seed)
    there = new_core(seed)
    for core, shift in ((here, 0), (there, shift_ns)):
        # potentials start at rest, and nobody of these networks fires without input
        post(core, stimulus(seed, shift))
    times, neurons = here.all_spikes(0, END_NS)
    later, same = there.all_spikes(0, END_NS + shift_ns)
    np.testing.assert_array_equal(later - shift_ns, times)
    np.testing.assert_array_equal(same, neurons)
    assert here.membranes(END_NS).tobytes() == there.membranes(END_NS + shift_ns).tobytes()


@given(ideal_seeds, st.integers(1, 5000))
def test_a_shift_by_any_edge_shifts_spikes(seed, edges):
    """Where the grid and its blocks lie is rounding only; noise, which has the grid, is off here."""
    shift_ns = edges * c.EVENT_CLOCK_NS
    here, there = new_core(seed), new_core(seed)
    post(here, stimulus(seed))
    post(there, stimulus(seed, shift_ns))
    times, neurons = here.all_spikes(0, END_NS)
    later, same = there.all_spikes(0, END_NS + shift_ns)
    np.testing.assert_array_equal(later - shift_ns, times)
    np.testing.assert_array_equal(same, neurons)
    np.testing.assert_allclose(there.membranes(END_NS + shift_ns), here.membranes(END_NS), rtol=0, atol=1e-9)


@given(seeds, st.integers(1, END_NS // 4).map(lambda k: 4 * k), st.booleans())
def test_a_snapshot_is_all_there_is(seed, time_ns, same_core):
    core = new_core(seed)
    tickets = post(core, stimulus(seed))
    core.advance(time_ns)
    saved = core.snapshot()
    if same_core:
        core.advance(END_NS)  # goes on, and is brought back
    else:
        core = new_core(seed)
    core.restore(saved)
    assert core.now_ns == time_ns
    assert finished(core, tickets) == plain(seed)


@given(seeds, moments)
def test_conservation(seed, stops):
    core = new_core(seed)
    post(core, stimulus(seed))
    for time_ns in sorted(stops):
        core.advance(time_ns)
        counters = core.counters
        assert counters["sent"] == counters["delivered"] + counters["lost"] + counters["in_flight"]
        assert counters["from_fpga"] + counters["waiting"] == 12
        assert counters["from_neurons"] <= counters["spikes"]
        assert counters["in_flight"] >= 0 and counters["lost"] == 0


@pytest.mark.parametrize("seed", [0, 1, 2, 3, 12, 13, 17, 28])
def test_conversions_are_membranes_rounded(seed):
    core = new_core(seed)
    post(core, stimulus(seed))
    for time_ns in range(0, END_NS, 1700):
        ticket = core.post_cadc(time_ns, c.BOTTOM)
        potential = core.membranes(time_ns)[c.BOTTOM]
        expected = np.clip(np.rint(potential), 0, 255).astype(np.uint8)
        np.testing.assert_array_equal(core.cadc_result(ticket), [expected[0::2], expected[1::2]])
