"""Events that queue: against SimPy processes event by event, and the laws of the core where events get lost."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba.core import config as numba_config

from chip.base.config import ChipConfig, ImperfectionConfig, RouterConfig
from chip.base.registers import Registers
from chip.base.timeline import DRIVEN_COUNT
from chip.core.core import AnalogCore
from tests.chip.core.networks import random_network, with_plastic_drivers
from tests.naive.fabric import NaiveFabric
from tests.naive.generators import generated

END_NS = 6_000
moments = st.lists(st.integers(1, END_NS // 4 - 1).map(lambda k: 4 * k), min_size=1, max_size=12)
seeds = st.integers(0, 11)
PLAIN = bool(numba_config.DISABLE_JIT)
few = settings(max_examples=1 if PLAIN else 25)
compiled = pytest.mark.skipif(PLAIN, reason="takes minutes where nothing is compiled")


def queues(seed):
    """Few places to wait, slow links, long pulses: every way of losing events is among the first seeds."""
    rng = np.random.default_rng([seed, 7])
    router = RouterConfig(
        contention=True, node_events=int(rng.choice([1, 2, 4])), link_lanes=int(rng.choice([1, 1, 2, 8]))
    )
    return router, int(rng.choice([4, 8, 40]))


def config(seed, **changes):
    router, pulse_ns = queues(seed)
    router = dataclasses.replace(router, **changes)
    drivers = dataclasses.replace(ChipConfig().drivers, pulse_ns=pulse_ns)
    names = ImperfectionConfig.names() if seed % 3 == 2 else []
    return ChipConfig(
        seed=seed, router=router, drivers=drivers, imperfections=ImperfectionConfig(**dict.fromkeys(names, True))
    )


def registers(seed, neurons=40):
    made = random_network(seed, neurons, drive=0.6)
    made.refractory_ns[:] = 40  # so that a neuron fires again while its last event waits
    if seed % 2:
        with_plastic_drivers(made, seed)
    made.correlation_enabled = True  # so that the core keeps the rows that are driven
    return made


def bursts(seed):
    """(time, label) of events from the FPGA, many at one time; (time, hemisphere, busses, row select, label)."""
    rng = np.random.default_rng([seed, 8])
    times = rng.choice(rng.integers(0, END_NS // 8, 24), 160) * 8
    labels = rng.integers(0, 1 << 16, 160)
    injected = [
        (4 * int(rng.integers(0, END_NS // 4)), *map(int, (rng.integers(2), *rng.integers(0, (16, 32, 64)))))
        for _ in range(40)
    ]
    injected += injected[:6]  # twice at one time
    return list(zip(times.tolist(), labels.tolist(), strict=True)), injected


def resets(seed):
    """Many neurons that fire at once."""
    rng = np.random.default_rng([seed, 9])
    return [(4 * int(rng.integers(0, END_NS // 4)), int(rng.integers(2)), int(rng.integers(2))) for _ in range(8)]


def background(seed):
    """Writes to generators, some of which are fast, for AnalogCore.post_generator."""
    rng = np.random.default_rng([seed, 11])
    names = ("generator", "enabled", "poisson", "period", "rate", "seed", "mask", "label")
    bounds = ((0, 8), (0, 4), (0, 2), (1, 60), (0, 256), (1, 1 << 32), (0, 256), (0, 1 << 14))
    writes = []
    for _ in range(10):
        time_ns = 4 * int(rng.integers(0, END_NS // 4))
        writes.append(
            {"time_ns": time_ns} | {name: int(rng.integers(*bound)) for name, bound in zip(names, bounds, strict=True)}
        )
    return writes


def new_core(seed, **changes):
    return AnalogCore(config(seed, **changes), registers(seed))


def post(core, seed, before_ns=END_NS, from_ns=0):
    events, injected = bursts(seed)
    events = [event for event in events if from_ns <= event[0] < before_ns]
    core.post_events([time_ns for time_ns, _ in events], [label for _, label in events])
    for operation in injected:
        if from_ns <= operation[0] < before_ns:
            core.post_padi_event(*operation)
    for write in background(seed):
        if from_ns <= write["time_ns"] < before_ns:
            core.post_generator(**write)
    for operation in resets(seed):
        if from_ns <= operation[0] < before_ns:
            core.post_neuron_reset(*operation)


def losses_by_place(counts):
    """What a core has lost, named as the twin names it."""
    found = {
        ("node", *map(int, place)): int(counts.node_drops[tuple(place)]) for place in np.argwhere(counts.node_drops)
    }
    found |= {("neuron output", i): int(lost) for i, lost in enumerate(counts.neuron_output_losses) if lost}
    for place in np.argwhere(counts.driver_losses):
        found["driver", *map(int, place)] = int(counts.driver_losses[tuple(place)])
    found |= {"link": counts.link_full} if counts.link_full else {}
    return found | ({"late": counts.late_from_fpga} if counts.late_from_fpga else {})


@pytest.mark.parametrize("seed", range(1 if PLAIN else 12))
def test_every_event_time_and_loss_is_that_of_the_processes(seed):
    core = new_core(seed)
    post(core, seed)
    core.advance(END_NS)
    driven = core._queues.driven[: core._clock[DRIVEN_COUNT]].copy()
    counts = core.fabric_counts
    spike_ns, neurons = core.all_spikes(0, END_NS)
    recorded_ns, labels = core.spikes(0, END_NS)

    router, pulse_ns = queues(seed)
    twin = NaiveFabric(registers(seed), router, pulse_ns)
    spikes = list(zip(spike_ns.tolist(), neurons.tolist(), strict=True))
    twin.run(END_NS, *bursts(seed), spikes, generated(background(seed), END_NS))

    rows = [(int(word) >> 15, (int(word) >> 6) & 0x1FF, int(word) & 63) for word in driven]
    assert sorted(rows) == sorted(twin.driven)
    assert sorted(zip(recorded_ns.tolist(), labels.tolist(), strict=True)) == sorted(twin.recorded)
    assert losses_by_place(counts) == {what: count for what, count in twin.lost.items() if count}
    assert len(rows) > 100 and len(neurons) > 20 and len(labels) > 20


@compiled
def test_each_way_of_losing_an_event_is_among_the_networks():
    found = set()
    for seed in range(12):
        core = new_core(seed)
        post(core, seed)
        core.advance(END_NS)
        found |= {place if isinstance(place, str) else place[0] for place in losses_by_place(core.fabric_counts)}
    assert found == {"node", "neuron output", "driver", "link", "late"}


def finished(core):
    core.advance(END_NS)
    core.spikes(0, END_NS)
    return {name: array.tobytes() for name, array in core.snapshot().items()}


def plain(seed):
    core = new_core(seed)
    post(core, seed)
    return finished(core)


@compiled
@few
@given(seeds, moments)
def test_looking_and_chunking_change_nothing(seed, looks):
    core = new_core(seed)
    post(core, seed)
    seen = {}
    for time_ns in sorted(looks):
        core.membranes(time_ns)
        seen[time_ns] = [array.tobytes() for array in core.spikes(0, time_ns)]
    assert finished(core) == plain(seed)
    for time_ns, spikes in seen.items():
        assert [array.tobytes() for array in core.spikes(0, time_ns)] == spikes


@compiled
@few
@given(seeds, st.integers(1, END_NS // 4 - 1).map(lambda k: 4 * k))
def test_what_is_posted_late_and_what_a_snapshot_holds_change_nothing(seed, time_ns):
    core = new_core(seed)
    post(core, seed, before_ns=time_ns)
    core.advance(time_ns)
    saved = core.snapshot()
    core = new_core(seed)
    core.restore(saved)
    post(core, seed, from_ns=time_ns)
    assert finished(core) == plain(seed)


@few
@given(seeds, moments, st.sampled_from([{}, {"loss_to_chip": 0.3, "loss_in_crossbar": 0.2, "loss_to_fpga": 0.5}]))
def test_every_block_keeps_account_at_every_instant(seed, stops, losses):
    core = new_core(seed, **losses)
    post(core, seed)
    for time_ns in [*sorted(stops), END_NS]:
        core.advance(time_ns)
        counters, counts = core.counters, core.fabric_counts
        assert counters["sent"] == counters["delivered"] + counters["lost"] + counters["in_flight"]
        assert counters["delivered"] == counts.output_events[:8].sum()
        assert counters["from_fpga"] + counters["from_processors"] + counters["waiting"] == 160 + 46
        assert counts.returned == counters["recorded"] + counts.lost_returns + counts.returning
        assert counters["in_flight"] >= 0 and counts.returning >= 0
    assert counters["from_background"] == len(generated(background(seed), END_NS))
    assert bool(losses) == (counts.lost_to_chip > 0) == (counts.lost_in_crossbar > 0)


@few
@given(st.integers(0, 11))
def test_where_nothing_waits_all_is_as_without_contention(seed):
    """Byte for byte: events that are apart from each other come when they would come."""
    found = []
    for contention in (False, True):
        made = random_network(seed, neurons=2, drive=0.8)
        core = AnalogCore(ChipConfig(seed=seed, router=RouterConfig(contention=contention, node_events=1)), made)
        rng = np.random.default_rng([seed, 10])
        times = 200 * np.arange(25) + 4 * rng.integers(0, 20)
        core.post_events(times, rng.integers(0, 1 << 16, 25))
        core.advance(END_NS)
        found.append([core.membranes(END_NS).tobytes(), *(array.tobytes() for array in core.spikes(0, END_NS)),
                      *(array.tobytes() for array in core.all_spikes(0, END_NS))])  # fmt: skip
    assert found[0] == found[1]


def test_a_spike_and_an_event_that_come_back_at_one_time_are_recorded_in_the_order_of_a_free_fabric():
    found = []
    for contention in (False, True):
        made = Registers()
        made.enabled[0, 40] = True
        made.crossbar_mask[:] = made.crossbar_target[:] = 0
        core = AnalogCore(ChipConfig(router=RouterConfig(contention=contention)), made)
        core.post_events([400], [7])  # channel 0; the neuron's is channel 1
        core.post_neuron_reset(400, 0, 0)
        found.append([array.tolist() for array in core.spikes(0, 1_000)])
    assert found[0] == found[1] and found[0][0] == [400, 400] and found[0][1][1] == 7


def test_what_nobody_wants_is_not_lost():
    """Neurons whose events no node passes, and drivers whose rows are off."""
    made = Registers()
    made.enabled[0, :32] = True
    made.refractory_ns[:] = 40
    made.crossbar_mask[8, 0] = made.crossbar_target[8, 0] = 0
    drivers = dataclasses.replace(ChipConfig().drivers, pulse_ns=40)
    core = AnalogCore(ChipConfig(router=RouterConfig(contention=True), drivers=drivers), made)
    for time_ns in range(0, 2_000, 40):
        core.post_neuron_reset(time_ns, 0, 0)
        core.post_neuron_reset(time_ns, 0, 1)
    core.post_events(np.arange(0, 2_000, 8), np.zeros(250, int))
    core.advance(2_000)
    assert core.counters["unrouted"] > 1_000 and core.counters["delivered"] == 250
    assert losses_by_place(core.fabric_counts) == {}


@pytest.mark.parametrize("name", ["loss_to_chip", "loss_in_crossbar", "loss_to_fpga"])
def test_losses_by_chance_need_contention(name):
    with pytest.raises(ValueError, match=f"router.{name} is 0.5, but without router.contention no event is lost"):
        RouterConfig(**{name: 0.5})


@compiled
@pytest.mark.parametrize("source", ["fpga", "neurons"])
def test_an_output_takes_one_event_a_clock_and_loses_all_others(source):
    """Twice what a bus can carry: what it carries is its capacity within 1 %, and every loss is counted."""
    made = random_network(1, neurons=0)
    made.crossbar_mask[:] = made.crossbar_target[:] = 0
    end_ns = 40_000
    if source == "fpga":
        made.crossbar_target[:] = 0x3FFF
        made.crossbar_target[8:12, 0] = 0  # three labels every 8 ns to one bus
        times = np.repeat(np.arange(0, end_ns, 8), 3)
        labels = np.tile([0, 1 << 14, 2 << 14], end_ns // 8)
        offered = times.size
    else:
        made.crossbar_target[:] = 0x3FFF
        made.crossbar_target[[0, 4], 0] = 0  # two neuron outputs, each an event a clock
        made.enabled[:, :32] = made.enabled[:, 128:160] = True
        made.event_output[:] = True
        times, labels = [], []
        offered = None
    core = AnalogCore(ChipConfig(router=RouterConfig(contention=True)), made)
    core.post_events(times, labels)
    if source == "neurons":
        for time_ns in range(0, end_ns, 128):
            for half in range(2):
                core.post_neuron_reset(time_ns, half, 0)
                core.post_neuron_reset(time_ns, half, 1)
    core.advance(end_ns)
    counters, counts = core.counters, core.fabric_counts
    offered = offered or counters["sent"]
    assert counters["delivered"] == pytest.approx(end_ns / 4, rel=0.01)
    assert offered > 1.4 * counters["delivered"]
    assert offered == counters["delivered"] + counters["lost"] + counters["in_flight"]
    assert counters["lost"] == counts.node_drops.sum() + counts.neuron_output_losses.sum()
