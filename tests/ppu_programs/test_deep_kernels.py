"""The kernels between two hidden layers, against the slow twin, the other optimiser, and numpy."""

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ppu_programs.eventprop.deep.events import FIRST, NOBODY
from ppu_programs.eventprop.deep.weights import LANES, packed, unpacked
from ppu_programs.two_layer import update
from ppu_programs.two_layer.layout import ROW, positions
from tests.naive import deep_adjoint as naive
from tests.ppu_programs.deep_bench import LATENCY_TICKS, SETTINGS, Bench, layer
from tests.ppu_programs.eventprop_bench import Side
from tests.ppu_programs.test_divided_kernels import layer as layer_memory

SIZE, LAST = 60, 3_600  # neurons of either layer; ticks of the last spikes
REFRACTORY = SETTINGS.of_layer(1).refractory_ticks


@st.composite
def samples(draw):
    """Weights, spikes of both layers as (ticks, neuron), and pulls: bursts and equal times among them."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    grid = draw(st.sampled_from([1, 1, 40]))  # a coarse one has many events in one tick
    weights = np.clip(np.round(random.normal(4, draw(st.sampled_from([4, 16, 30])), (SIZE, SIZE))), -63, 63)

    def spikes(most, gap):
        found = []
        for neuron in range(SIZE):
            ticks = np.sort(random.integers(0, LAST // grid, random.integers(0, most + 1))) * grid
            last = -LAST
            for each in ticks:
                if each >= last + gap:
                    found.append((int(each), neuron))
                    last = each
        return found

    first, second = spikes(draw(st.integers(0, 3)), 1), spikes(draw(st.integers(0, 3)), REFRACTORY)
    pulls = random.choice([-1, 0, 1], SIZE) * random.integers(100, 400, SIZE)  # smaller ones have few bits
    return weights.astype(int), first[:120], second[:120], pulls, random.permutation(SIZE)


def bench_of(sample) -> Bench:
    weights, first, second, pulls, row_of = sample
    bench = Bench(weights, row_of)
    bench.record([5, 300, 2_000], first, second)
    bench.regions["pulls"][:] = [2, *pulls]
    return bench


@settings(deadline=None, max_examples=20)
@given(sample=samples())
def test_events_are_named_in_their_order(sample):
    _, first, second, _, row_of = sample
    bench = bench_of(sample)
    bench.side.call("name_events")
    who, ticks = bench.events()
    expected = [(t, FIRST + int(row_of[j])) for t, j in first] + list(second) + [(t, NOBODY) for t in (5, 300, 2_000)]
    assert (np.diff(ticks) >= 0).all() and sorted(zip(ticks, who, strict=True)) == sorted(expected)


@settings(deadline=None, max_examples=20)
@given(sample=samples())
def test_currents_are_sums_over_arrivals(sample):
    weights, first, _, _, _ = sample
    bench = bench_of(sample)
    bench.side.call("name_events")
    bench.side.call("currents")
    arrivals = np.array([t for t, _ in first]) + LATENCY_TICKS
    of_events = weights[[j for _, j in first]] if first else np.zeros((0, SIZE))
    for (who, ticks), found in zip(np.transpose(bench.events()), bench.low_halves(), strict=True):
        if who < FIRST:
            exact, moved = (
                naive.current(layer(), each[:, who], arrivals, ticks, False) for each in (of_events, abs(of_events))
            )
            assert abs(found / 64 - exact) < 0.3 + 0.015 * moved or moved > 500


@settings(deadline=None, max_examples=30)
@given(sample=samples())
def test_gradients_and_pushes_are_those_of_sums_over_pairs(sample):
    weights, first, second, pulls, row_of = sample
    bench = bench_of(sample)
    for name in ("name_events", "currents"):
        bench.side.call(name)
    who, ticks = bench.events()
    of_first, at_spikes = (who >= FIRST) & (who < NOBODY), bench.low_halves() / 64
    arrivals, sources = ticks[of_first] + LATENCY_TICKS, np.argsort(row_of)[who[of_first] - FIRST]
    gradient, pushes = np.zeros((SIZE, SIZE)), np.zeros(len(arrivals))
    for j in range(SIZE):
        spikes, own = ticks[who == j], weights[sources, j]
        direct = np.array([bench.direct(pulls[j], t) for t in spikes])
        by_event, on_event, largest = naive.walk(layer(), own, arrivals, spikes, direct, at_spikes[who == j])
        assume(32 * largest < 30_000)  # else lambdas saturate
        np.add.at(gradient[:, j], sources, by_event)
        pushes += on_event
    bench.side.call("backward")
    gradient, pushes = gradient * 8 / 2 ** (2 + SETTINGS.between_shift), pushes * 8 * 4 / 128
    assert near(bench.gradient(), gradient) and near(bench.low_halves()[of_first], pushes)


def near(found, exact):
    """Whether numbers are those of the twin but for a few percent of their length, and for what is rounded."""
    return np.linalg.norm(found - exact) <= 1.5 * np.sqrt(exact.size) + 0.05 * np.linalg.norm(exact)


@settings(deadline=None, max_examples=20)
@given(sample=samples())
def test_pushes_are_gathered_in_the_order_of_the_record(sample):
    bench = bench_of(sample)
    bench.side.call("name_events")
    who, _ = bench.events()
    words = bench.regions["record"][2 : 2 + len(who)][(who >= FIRST) & (who < NOBODY)].copy()
    bench.side.call("gather_pushes")
    count = bench.regions["record"][0]
    assert count == len(words) and (bench.regions["record"][2 : 2 + count] == words).all()


def test_a_row_steps_as_the_rows_of_other_layers_do():
    """The same optimiser, lane by lane; weights in registers and in SRAM are the shadows' steps."""
    random = np.random.default_rng(5)
    bench = Bench(np.zeros((SIZE, SIZE), int), np.arange(SIZE))
    whole = Side(update.memory(1) | layer_memory(1), {"update": update.update_kernel(1, 0)}, 1)
    regions, row = bench.regions, 7
    for each in (regions, whole.regions):
        each["random"][0] = 4711
    start = random.integers(-30_000, 30_000, SIZE).astype(np.int16)
    whole.regions["shadow"][:SIZE] = start
    regions["shadow"][positions()[:SIZE]] = start
    regions["rate"][0] = 20_000
    scale = 2.0 ** random.uniform(0, 15, SIZE)
    for _ in range(30):
        gradient = np.clip(np.round(scale * random.normal(0.3, 0.5, SIZE)), -32768, 32767) * (random.random(SIZE) < 0.7)
        regions["gradient"][LANES * row : LANES * row + SIZE] = gradient
        whole.regions["gradient"][:SIZE] = gradient
        bench.side.call("step", 0, row)
        whole.call("update", 20_000)
        shadow = regions["shadow"][positions()[:SIZE]]
        assert (shadow == whole.regions["shadow"][:SIZE]).all()
        state = regions["record"][positions()[:SIZE]]
        assert (state >> 16 == whole.regions["mean"][:SIZE]).all()
        assert (state & 0xFFFF == whole.regions["largest"][:SIZE]).all()
        steps = (shadow.astype(int) + 256) >> 9
        assert (unpacked(regions["weights"], SIZE, SIZE)[row][state != 0] == steps[state != 0]).all()
        assert (bench.side.unit.state.bytes[0, :SIZE] == steps).all() and not bench.side.unit.state.bytes[
            0, SIZE:
        ].any()
        assert not regions["gradient"].any()
    assert len(regions["shadow"]) == ROW


@given(st.integers(1, 60), st.integers(1, 64), st.integers(0, 2**32 - 1))
def test_weights_are_unpacked_as_they_were_packed(sources, targets, seed):
    weights = np.random.default_rng(seed).integers(-63, 64, (sources, targets))
    assert (unpacked(packed(weights), sources, targets) == weights).all()
