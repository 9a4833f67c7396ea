"""Fast & Deep with a hidden layer that both processors share: kernels against those of one, gradient on the chip."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chip import Chip, ChipConfig
from chip.ppu import Memory, i16, i32, u8
from host import Host, tasks
from ppu_programs import FastAndDeep
from ppu_programs.fast_and_deep import halves, hidden, readout, spikes, tables
from ppu_programs.fast_and_deep.settings import Settings
from ppu_programs.placement import INPUT_MARK, DividedPlacement
from ppu_programs.two_layer import own_events, weights
from ppu_programs.two_layer.layout import RECORD_WORDS, ROW
from ppu_programs.two_layer.plan import COUNTERS
from ppu_programs.two_layer.roles import PREDICTIONS, WEIGHTS_LINE
from ppu_programs.two_layer.settings import TICK_NS
from tests.naive import fast_and_deep as naive
from tests.ppu_programs.eventprop_bench import Side
from tests.ppu_programs.fast_and_deep_bench import Bench, float_network
from tests.ppu_programs.test_fast_and_deep_gradient import CASES, cosine
from tests.ppu_programs.watching import keep, without_updates

HIDDEN, SAMPLES = 200, 200


# ---------------------------------------------------------------------- the kernels


@pytest.mark.parametrize("size", [129, 200, 256])
def test_of_a_record_own_neurons_and_all_readouts_get_their_first_spikes(size):
    settings, random = Settings(hidden=size), np.random.default_rng(size)
    placement = DividedPlacement(settings.network)
    assert (placement.readout_labels & 15).tolist() == [0, 1, 2]
    for part in placement.parts:
        kernel = spikes.own_first_spikes_kernel(settings, placement, part)
        memory = spikes.own_memory(settings) | own_events.memory(part) | Memory(record=i32[RECORD_WORDS])
        side = Side(memory, {"own_first_spikes": kernel}, 1)
        side.regions["input_labels"][:] = own_events.image(part)["input_labels"]
        fired = [random.permutation(its.labels)[:60] for its in placement.parts]
        labels = np.concatenate([placement.input_labels, *fired, placement.readout_labels[[0, 2]]]).astype(np.int64)
        words = np.sort(random.integers(0, 3750, len(labels))) << 16 | random.permutation(labels)
        record = side.regions["record"]
        record[:2], record[2 : 2 + len(words)] = (len(words), 1), words
        side.call("own_first_spikes")
        ticks = {word & 0xFFFF: word >> 16 for word in words.tolist()}
        own = [ticks.get(label, spikes.SILENT) for label in part.labels.tolist()]
        assert side.regions["spike_ticks"].tolist() == own + [spikes.SILENT] * (ROW - len(own))
        assert side.regions["readout_ticks"].tolist() == [
            ticks.get(label, settings.duration_ticks) for label in placement.readout_labels.tolist()
        ]
        assert side.regions["input_ticks"].tolist() == [ticks[label] for label in placement.input_labels.tolist()]


BOTH_DO = readout.sum_currents_kernel, hidden.backward_kernel, readout.readout_backward_kernel


class Divided:
    """The processors of a divided layer with the spikes and weights of a bench, whose layer is in one place."""

    def __init__(self, bench: Bench, sizes: tuple[int, int]):
        self.bench, self.sizes, s = bench, sizes, bench.settings
        rows = s.inputs + s.readouts
        shared = Memory(
            shadow=i16[rows * ROW], gradient=i32[rows * ROW], errors=i16[1 + s.readouts], record=i32[RECORD_WORDS]
        )
        for_both = Memory(currents=i32[s.readouts], tables=i16[tables.OWN_TABLES * s.table_entries], active=u8[ROW])
        self.sides = []
        shadows = [weights.from_rows(side.regions["shadow"], s.hidden) for side in (bench.hidden, bench.readout)]
        for its in self.numbers():
            kernels = [make(s, len(its)) for make in BOTH_DO] + [readout.impulses_kernel(s, divided=True)]
            memory = shared | for_both | spikes.own_memory(s) | Memory(top_currents=i32[s.readouts])
            side = Side(memory, {kernel.name: kernel for kernel in kernels}, 1)
            side.regions["tables"][:] = tables.own_tables(s)
            side.regions["shadow"][:] = weights.to_rows(np.concatenate(shadows)[:, its])
            self.sides.append(side)

    def numbers(self) -> list[np.ndarray]:
        return np.split(np.arange(sum(self.sizes)), [self.sizes[0]])

    def learn(self) -> None:
        """What the bench learns from its sample, from the errors that its ``loss`` has left."""
        top, bottom = self.sides
        for side, its in zip(self.sides, self.numbers(), strict=True):
            known = self.bench.hidden.regions
            side.regions["spike_ticks"][: len(its)] = known["spike_ticks"][its]
            for name in ("readout_ticks", "input_ticks"):
                side.regions[name][:] = known[name][: len(side.regions[name])]
            side.call("sum_currents")
        bottom.regions["top_currents"][:] = top.regions["currents"]
        bottom.regions["errors"][:] = self.bench.readout.regions["errors"][: len(bottom.regions["errors"])]
        bottom.call("impulses")
        top.regions["errors"][:] = bottom.regions["errors"]
        for side in self.sides:
            side.call("backward")
            side.call("readout_backward")

    def gradients(self) -> tuple[np.ndarray, np.ndarray]:
        """int[inputs, hidden] and int[readouts, hidden], of both."""
        pairs = zip(self.sides, self.sizes, strict=True)
        both = np.concatenate([weights.from_rows(side.regions["gradient"], size) for side, size in pairs], axis=1)
        return both[: self.bench.settings.inputs], both[self.bench.settings.inputs :]


@pytest.mark.parametrize("case", ["default", "slow current"])
def test_both_processors_learn_what_two_with_a_layer_each_do(case):
    """Impulses and readout gradients are the same to the bit, hidden ones but for a table that is computed."""
    settings = Settings(**CASES[case])
    bench, random, compared = Bench(settings), np.random.default_rng(3), 0
    divided = Divided(bench, (60, 60))
    for number in range(12):
        spikes_ns = np.where(random.random(120) < 0.8, random.uniform(2_000, 12_000, 120), np.nan)
        readouts = random.uniform(8_000, 8_200, 3) if number % 4 else np.array([9_000.0, np.nan, 8_990.0])
        bench.record(random.uniform(0, 9_000, 5), spikes_ns, readouts, number % 3)
        bench.readout.call("loss")
        if not bench.readout.regions["errors"].any():
            continue
        divided.learn()
        bench.backward()
        assert (divided.sides[1].regions["errors"] == bench.readout.regions["errors"][:4]).all()
        ours = divided.gradients()
        theirs = [weights.from_rows(side.regions["gradient"], 120).copy() for side in (bench.hidden, bench.readout)]
        assert (ours[1] == theirs[1]).all() and theirs[1].any()
        assert np.abs(ours[0] - theirs[0]).max() <= 2e-3 * np.abs(theirs[0]).max() > 0
        fired = ~np.isnan(spikes_ns)
        for side, its in zip(divided.sides, divided.numbers(), strict=True):
            assert (side.regions["active"][: len(its)] == fired[its]).all()
            side.regions["active"][:] = 0
        for side in (*divided.sides, bench.hidden, bench.readout):
            side.regions["gradient"][:] = 0
        compared += 1
    assert compared > 6


@given(softness_ns=st.integers(20, 10_000))
def test_a_short_table_of_factors_ends_where_the_long_one_does(softness_ns):
    settings = Settings(softness_ns=softness_ns)
    few = tables.FEW_BOLTZMANN_ENTRIES
    step, table = tables.boltzmann_step_ticks(settings, few) * TICK_NS, tables.boltzmann_table(settings, few)
    assert len(table) == few and table[0] == 1 << 21 and table[-1] <= 1 << 5
    if step > TICK_NS:
        middle, exact = (table[:8] + table[1:9]) / 2, 2.0**21 * np.exp(-(np.arange(8) + 0.5) * step / softness_ns)
        assert (middle / exact).max() <= 1.016 and (middle / exact).min() >= 1.0 - 1e-5


def test_a_short_table_of_factors_gives_the_errors_of_the_long_one():
    settings, sides = Settings(), []
    for entries in (tables.BOLTZMANN_ENTRIES, tables.FEW_BOLTZMANN_ENTRIES):
        regions = spikes.own_memory(settings) | Memory(
            record=i32[RECORD_WORDS], errors=i16[4], counters=i32[COUNTERS], predictions=u8[PREDICTIONS],
            boltzmann=i32[entries], factors=i32[3],
        )  # fmt: skip
        side = Side(regions, {"loss": readout.loss_kernel(settings, entries)}, 1)
        side.regions["boltzmann"][:] = tables.boltzmann_table(settings, entries)
        sides.append(side)
    random = np.random.default_rng(4)
    for number in range(300):
        ticks = random.integers(1_000, 1_060, 3)
        for side in sides:
            side.regions["record"][1], side.regions["readout_ticks"][:] = number % 3, ticks
            side.call("loss")
        long, short = (side.regions["errors"].astype(float) for side in sides)
        assert short[1:] / 2 ** short[0] == pytest.approx(long[1:] / 2 ** long[0], rel=9e-3, abs=4)
    assert (sides[0].regions["predictions"] == sides[1].regions["predictions"]).all()


# ---------------------------------------------------------------------- the gradient on the chip


class Watched(FastAndDeep):
    """Batches of one sample after which nothing is updated, but gradients and records are kept."""

    def __init__(self):
        super().__init__(settings=Settings(hidden=HIDDEN, batch=1), epochs=1, seed=1)
        self.top, self.bottom, self.records = [], [], []

    def programs(self, training):
        made, s = without_updates(halves.FollowingHalf, halves.ConductingHalf, WEIGHTS_LINE), training.settings
        parts = ((part, halves.learning(s, training.placement, part)) for part in training.placement.parts)
        return tuple(program(s, training.plan, *its) for program, its in zip(made, parts, strict=True))

    def watch(self, chip):
        top, bottom = chip.processors
        keep(top, "clear", gradient=self.top)
        keep(bottom, "clear", gradient=self.bottom, record=self.records)


@pytest.fixture(scope="module")
def watched():
    firmware, host = Watched(), Host(Chip(ChipConfig.ideal()))
    host.load(firmware, tasks.yin_yang().head(SAMPLES, 1, 1))
    firmware.watch(host.chip)
    result = host.run()
    assert not any(result.losses.values())
    return firmware


def test_both_processors_together_have_the_gradient_of_the_float_reference(watched):
    """On the spikes and weights of the chip itself: mean cosine over the samples >= 0.99, for each processor."""
    s, parts = watched.settings, watched.placement.parts
    inner, outer = (weights.steps(shadow) for shadow in weights.initial_shadows(s.network, s.seed))
    network = float_network(s, inner, outer.T)
    cosines = {"top": [], "bottom": [], "both": []}
    for top, bottom, record in zip(watched.top, watched.bottom, watched.records, strict=True):
        arrivals, *times = times_ns(record, watched.placement)
        expected = np.concatenate(naive.gradients(network, arrivals, *times, int(record[1])))
        ours = [
            weights.from_rows(gradient, len(part.neurons)).astype(float)
            for gradient, part in zip((top, bottom), parts, strict=True)
        ]
        for rows in (slice(0, 5), slice(5, 8)):
            named = zip(("top", "bottom"), ours, (expected[rows, part.neurons] for part in parts), strict=True)
            whole = ("both", np.concatenate(ours, axis=1), expected[rows])
            for name, mine, theirs in (*named, whole):
                if mine[rows].any() and theirs.any():
                    cosines[name].append(cosine(mine[rows], theirs))
    for name, values in cosines.items():
        assert len(values) > SAMPLES
        assert np.mean(values) >= 0.99, (name, np.mean(values), np.min(values))


def times_ns(record, placement):
    """Input times, hidden and readout spike times in ns, nan where silent, as recorded; every neuron spikes once."""
    words = record[2 : 2 + record[0]]
    ticks = {int(word) & 0xFFFF: int(word) >> 16 for word in words}
    assert len(ticks) == len(words) and sum(label & INPUT_MARK != 0 for label in ticks) == 5
    labels = placement.input_labels, np.concatenate([p.labels for p in placement.parts]), placement.readout_labels
    return [np.array([TICK_NS * ticks.get(int(label), np.nan) for label in its]) for its in labels]
