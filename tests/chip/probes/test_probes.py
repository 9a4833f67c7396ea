"""Probes see what a slow watcher sees who stops at every sample, and change no byte of a run."""

from random import Random
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chip import Chip, ChipConfig, Registers
from chip.base import constants as c
from chip.base.config.limits import LimitConfig
from chip.core.core import RECORD_NS, AnalogCore
from chip.fabric.arrays import COUNTERS
from chip.probes import probe as probe_module
from chip.testing import (
    Script,
    UncompiledScript,
    chip_bytes,
    configs,
    load_firmware,
)
from chip.testing.networks import random_network
from tests.chip.loads import loads

EXAMPLES = settings(max_examples=10)
LIMITS = LimitConfig(
    *(True, 60.0),  # inhibition
    *(True, 200.0),  # excitation
    *(True, 128.0),  # above
    *(True, 45.0),  # below
)
SAMPLED = ("membrane", "excitatory_current", "inhibitory_current", "spike_counts", "weights", "counters")


chips = st.sampled_from([LimitConfig(), LIMITS]).flatmap(lambda limits: configs(strict=False, limits=limits))
neurons = st.lists(st.integers(0, c.NEURONS - 1), min_size=1, max_size=5)
synapses = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 255), st.integers(0, 255)), min_size=1, max_size=5)
chosen = {"weights": synapses, "counters": st.lists(st.sampled_from(COUNTERS), min_size=1)}
periods = st.integers(25, 1_000).map(lambda edges: c.EVENT_CLOCK_NS * edges)


@st.composite
def probes(draw):
    """Arguments of probes of every kind, each of some places or of all."""
    some = [(what, draw(st.none() | chosen.get(what, neurons)), draw(periods)) for what in SAMPLED if what != "weights"]
    some.append(("weights", *draw(st.tuples(synapses, periods) | st.just((None, 20_000)))))
    return [*some, ("spikes", draw(st.none() | neurons), None), ("doorbells", None, None)]


def seen_by_hand(core, what, of, time_ns):
    """What a sample is, by way of what the core shows of everything."""
    if what == "membrane":
        return core.membranes(time_ns).reshape(-1)[of]
    if what == "weights":
        return core.weights(time_ns)[tuple(of.T)]
    if what == "counters":
        return [core.counters[name] for name in of]
    if what == "spike_counts":
        return np.bincount(core.all_spikes(0, time_ns)[1], minlength=c.NEURONS)[of]
    return core.state(time_ns)[1 if what == "excitatory_current" else 2, of]


def started(config, load):
    chip = load_firmware(Chip(config), **load)
    chip.start()
    return chip


@EXAMPLES
@given(chips, loads(), probes())
def test_probes_change_no_byte(config, load, wanted):
    plain, chip = started(config, load), started(config, load)
    placed = [chip.probe(*arguments) for arguments in wanted]
    plain.run()
    chip.run()
    assert [probe.running for probe in placed] == [True] * len(wanted)
    assert chip_bytes(chip) == chip_bytes(plain)
    assert plain.probes.running == [] and plain.core.observer is None


@EXAMPLES
@given(chips, loads(), probes(), st.integers(0, 99))
def test_probes_see_what_a_slow_watcher_sees_who_stops_the_chip_for_each_sample(config, load, wanted, seed):
    chip, slow, rings, random = started(config, load), started(config, load), [], Random(seed)
    slow.keep_spikes = True
    placed = [chip.probe(*arguments) for arguments in wanted]
    chip.run()
    seen = {probe: probe.read() for probe in placed}
    expected = {}
    for probe in placed[:-2]:
        times_ns = range(0, chip.now_ns + 1, probe.every_ns)
        assert seen[probe].times_ns.tolist() == list(times_ns)
        expected |= {(times_ns[i], probe): i for i in random.sample(range(len(times_ns)), min(8, len(times_ns)))}
    slow.feed.doorbells.append(lambda *ring: rings.append(ring))
    for time_ns, probe in sorted(expected, key=lambda entry: entry[0]):
        slow.run(until_ns=time_ns)
        slow.core.advance(time_ns)
        found = seen_by_hand(slow.core, probe.what, probe.of, time_ns)
        np.testing.assert_array_equal(seen[probe].values[expected[time_ns, probe]], found)
    slow.run()
    spikes, doorbells = (seen[probe] for probe in placed[-2:])
    times_ns, source = slow.core.all_spikes(0, slow.now_ns)
    asked = np.isin(source, placed[-2].of)
    np.testing.assert_array_equal(spikes, (times_ns[asked], source[asked]))
    assert [(time_ns, *ring) for time_ns, ring in zip(doorbells.times_ns, doorbells.values, strict=True)] == rings


# ---------------------------------------------------------------------- one neuron whose law is known


EVENT_NS, TAU_MEM_NS, TAU_SYN_NS = 1_600, 10_000, 5_000


def one_neuron(**more):
    """Top column 0, a leaky integrator at 80 LSB that an event drives by 60 LSB; and what programs ring."""
    made = Registers(spiking=False, tau_mem_ns=TAU_MEM_NS, tau_syn_exc_ns=TAU_SYN_NS, **more)
    made.enabled[0, 0] = True
    made.efficacy_lsb[0, 0], made.row_mode[0, 0], made.weights[0, 0, 0] = 2.0, 1, 30
    made.crossbar_target[8, 0] = 0
    return made


def firing(period_ns=4_000):
    """Registers in which column 3 at the bottom fires by itself: its leak potential lies above its threshold."""
    made = Registers(leak_lsb=200.0, refractory_ns=2_000, tau_mem_ns=period_ns)
    made.enabled[1, 3] = True
    return made


def waiting(*cycles):
    def main(ppu):
        for each in cycles:
            yield ppu.wait(each)
        return 0

    return main


def wait_twice(ppu):
    yield ppu.wait(1_000)
    yield ppu.wait(4_000)
    return 0


def chip_with(registers, *cycles, **config):
    """A chip that has begun to wait for some cycles of 4 ns, one after the other."""
    chip = load_firmware(Chip(ChipConfig.ideal(**config)), UncompiledScript(waiting(*cycles)), registers=registers)
    chip.start()
    return chip


def test_membranes_and_currents_follow_their_law():
    chip = chip_with(one_neuron(), 10_000)
    chip.core.post_events([EVENT_NS], [0])
    membrane, current = (chip.probe(what, 0, every_ns=700) for what in ("membrane", "excitatory_current"))
    other = chip.probe("inhibitory_current", [0, 511], every_ns=700)
    chip.run()
    times_ns, values = membrane.read()
    age_ns = np.maximum(times_ns - EVENT_NS, 0)
    passed = times_ns > EVENT_NS  # an event at the time of a sample comes behind it
    fallen = 60 * np.exp(-age_ns / TAU_SYN_NS)
    law = 60 * TAU_SYN_NS / (TAU_SYN_NS - TAU_MEM_NS) * (np.exp(-age_ns / TAU_SYN_NS) - np.exp(-age_ns / TAU_MEM_NS))
    np.testing.assert_allclose(values[:, 0], 80 + np.where(passed, law, 0.0), rtol=0, atol=1e-9)
    np.testing.assert_allclose(current.read().values[:, 0], np.where(passed, fallen, 0.0), rtol=0, atol=1e-9)
    assert values.max() > 90 and not other.read().values.any() and other.read().values.shape == (len(times_ns), 2)
    assert (membrane.unit, membrane.every_ns, membrane.of.tolist(), membrane.what) == (
        "LSB of the CADC", 700, [0], "membrane",
    )  # fmt: skip


def test_a_mask_of_neurons_is_as_good_as_their_numbers():
    chip = chip_with(random_network(1), 5_000)
    mask = chip.registers.enabled
    by_mask, by_number = (chip.probe("membrane", of, every_ns=400) for of in (mask, np.flatnonzero(mask)))
    every = chip.probe("membrane", every_ns=400)
    chip.run()
    assert by_mask.of.tolist() == by_number.of.tolist()
    np.testing.assert_array_equal(by_mask.read().values, by_number.read().values)
    np.testing.assert_array_equal(by_mask.read().values, every.read().values[:, by_mask.of])


# ---------------------------------------------------------------------- started and stopped while it runs


def test_a_probe_sees_what_happens_between_start_and_stop():
    chip, times_ns = chip_with(firing(), 25_000), None
    membrane = chip.probe("membrane", [259], every_ns=1_000)
    spikes, whole = chip.probe("spikes"), chip.probe("spikes", [259])
    for pause_ns, act in [
        (10_500, "stop"), (20_400, "start"), (20_400, "start"), (31_000, "stop"), (31_000, "stop"), (31_000, "start"),
        (40_004, "stop"),
    ]:  # fmt: skip
        chip.run(until_ns=pause_ns)
        for probe in (membrane, spikes):
            getattr(probe, act)()
    chip.run()
    assert not membrane.running and chip.probes.running == [whole]
    seen = [*range(0, 10_500, 1_000), *range(21_000, 31_001, 1_000), *range(32_000, 40_004, 1_000)]
    assert membrane.read().times_ns.tolist() == seen
    times_ns, neurons = whole.read()
    assert times_ns.size > 10 and set(neurons.tolist()) == {259}
    within = (times_ns < 10_500) | ((times_ns >= 20_400) & (times_ns < 40_004))
    np.testing.assert_array_equal(spikes.read().times_ns, times_ns[within])
    np.testing.assert_array_equal(chip.core.all_spikes()[0], times_ns)


def test_a_probe_may_be_there_before_the_registers_and_goes_on_with_others():
    chip = Chip(ChipConfig.ideal())
    membrane, spikes = chip.probe("membrane", 259, every_ns=1_000), chip.probe("spikes")
    assert membrane.read().times_ns.size == spikes.read().times_ns.size == 0
    load_firmware(chip, UncompiledScript(waiting(1_000)), registers=firing())
    for run in range(3):
        chip.link.write_registers(firing() if run != 1 else Registers(leak_lsb=60.0))
        chip.link.run()
    ends = [t for t in membrane.read().times_ns.tolist()]
    assert ends == list(range(0, chip.now_ns + 1, 1_000))
    first, second, third = np.split(membrane.read().values[:, 0], np.searchsorted(ends, [4_001, 8_001]))
    assert (second == 60.0).all() and (first != 60.0).any() and (third != 60.0).any()
    times_ns = spikes.read().times_ns
    assert (np.diff(times_ns) > 0).all() and times_ns.min() < 4_000 and times_ns.max() > 9_000
    assert not ((times_ns > 4_400) & (times_ns < 8_000)).any()


def test_what_is_there_can_be_forgotten():
    chip = chip_with(firing(), 1_000, 4_000)
    membrane = chip.probe("membrane", 259, every_ns=1_000)
    chip.run(until_ns=4_400)
    membrane.clear()
    assert membrane.running and membrane.read().times_ns.size == 0
    chip.run()
    assert membrane.read().times_ns[0] == 5_000


def test_a_restored_chip_begins_its_probes_anew():
    chip = load_firmware(Chip(ChipConfig.ideal()), Script(wait_twice), registers=firing())
    chip.start()
    chip.run(until_ns=2_000)
    taken = chip.snapshot()
    probes = [chip.probe("membrane", 259, every_ns=100), chip.probe("spikes"), chip.probe("spike_counts", 259, 100)]
    chip.run()
    once = [probe.read() for probe in probes]
    assert once[1].times_ns.size > 3
    chip.restore(taken)
    assert [probe.read().times_ns.size for probe in probes] == [1, 0, 1]
    chip.run()
    for before, probe in zip(once, probes, strict=True):
        np.testing.assert_array_equal(probe.read().times_ns, before.times_ns)
        np.testing.assert_array_equal(probe.read().values, before.values)


# ---------------------------------------------------------------------- what there is room for


def test_a_full_probe_stops_and_says_so():
    chip = chip_with(firing(), 5_000)
    membrane = chip.probe("membrane", 259, every_ns=1_000, most=3)
    spikes = chip.probe("spikes", most=2)
    all_of_them = chip.probe("spikes")
    chip.run(until_ns=2_000)
    assert membrane.read().times_ns.tolist() == [0, 1_000, 2_000] and membrane.running
    chip.run()
    assert spikes.lost == all_of_them.read().times_ns.size - 2 and not membrane.running
    with pytest.raises(RuntimeError, match=r"of membrane was full at 3000 ns: it keeps the first 3 rows, .* read\(par"):
        membrane.read()
    third_ns = all_of_them.read().times_ns[2]
    with pytest.raises(RuntimeError, match=rf"of spikes was full at {third_ns} ns: it keeps the first 2 rows"):
        spikes.read()
    assert membrane.read(partial=True).times_ns.tolist() == [0, 1_000, 2_000]
    np.testing.assert_array_equal(spikes.read(partial=True).times_ns, all_of_them.read().times_ns[:2])


@given(st.integers(1, 12), st.lists(st.integers(0, 5_000).map(lambda k: 4 * k), max_size=4))
@settings(max_examples=15)
def test_or_drops_the_oldest(most, pauses):
    chip = chip_with(firing(), 5_000)
    last = [chip.probe("membrane", 259, 1_000, most, "last"), chip.probe("spikes", None, None, most, "last")]
    whole = [chip.probe("membrane", 259, 1_000), chip.probe("spikes")]
    for pause_ns in sorted(pauses):
        chip.run(until_ns=pause_ns)
        for some, every in zip(last, whole, strict=True):
            np.testing.assert_array_equal(some.read().times_ns, every.read().times_ns[-most:])
    chip.run()
    for some, every in zip(last, whole, strict=True):
        for left, right in zip(some.read(), every.read(), strict=True):
            np.testing.assert_array_equal(left, right[-most:])
        assert some.lost == max(0, len(every.read().times_ns) - most) and every.lost == 0


@pytest.mark.parametrize("cut", ["by time", "by whoever forgets"])
def test_spikes_are_taken_before_the_core_forgets_them(cut):
    every_ns = 50_000 if cut == "by time" else RECORD_NS
    with mock.patch("chip.core.core.RECORD_NS", every_ns):
        chip, whole = (chip_with(firing(), *[5_000] * 20) for _ in range(2))
        chip.core._cut_ns, whole.keep_spikes = every_ns, True
        spikes, some = chip.probe("spikes"), chip.probe("spikes", most=10, keep="last")
        for pause_ns in range(0, 400_000, 30_000):
            chip.run(until_ns=pause_ns)
            chip.core.advance(pause_ns)
            if cut == "by whoever forgets":
                chip.core.forget_before(pause_ns - 4)
        chip.run()
        whole.run()
        chip.core.advance(chip.now_ns)
        assert chip.core.recorded_from_ns > 200_000
        expected = whole.core.all_spikes(0, whole.now_ns)
    assert expected[0].size > 100
    np.testing.assert_array_equal(spikes.read(), expected)
    np.testing.assert_array_equal(some.read(), [each[-10:] for each in expected])


def test_the_room_for_rows_is_stated_and_bounded():
    probes = Chip().probes
    assert probe_module.Probe(probes, "membrane", 0, 4, None, "first").most == 1_000_000
    assert probe_module.Probe(probes, "weights", None, 4, None, "first").most == (64 << 20) // (131_072 + 8)
    with pytest.raises(ValueError, match=r"with 100000 rows of 131080 bytes takes 13108000000 bytes; .* 4294967296"):
        Chip().probe("weights", every_ns=4, most=100_000)


# ---------------------------------------------------------------------- what cannot be probed


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("membranes", 0, 4), "'membranes' cannot be probed; the closest is membrane"),
        ((3, 0, 4), "3 cannot be probed; there are membrane, excitatory_current"),
        (("membrane", 0), "a probe of membrane takes samples; say how often, for example every_ns=1_000"),
        (("membrane", 0, 6), "every_ns of a probe of membrane is 6; it must be a multiple of 4 ns"),
        (("membrane", 0, 0), "every_ns of a probe of membrane is 0; it must be a whole number in 4.."),
        (("membrane", 0, 4.0), "every_ns of a probe of membrane is 4.0; it must be a whole number"),
        (("membrane", 0, True), "every_ns of a probe of membrane is True; it must be a whole number"),
        (("membrane", 512, 4), r"neurons of a probe lie in 512..512; 0..511 are valid"),
        (("membrane", -1, 4), r"neurons of a probe lie in -1..-1; 0..511 are valid"),
        (("membrane", [0.0], 4), r"neurons of a probe are float64\[1\]; give a one-dimensional array of integers"),
        (("membrane", True, 4), r"neurons of a probe are bool\[1\]; give"),
        (("membrane", [[0]], 4), r"neurons of a probe are int64\[1, 1\]; give"),
        (("membrane", [[0], [1, 2]], 4), r"neurons of a probe are no array; give"),
        (("membrane", [], 4), "a probe of no neurons would see nothing; name one"),
        (("membrane", np.zeros(256, bool), 4), r"the mask of a probe is bool\[256\]; it must be bool\[2, 256\]"),
        (("membrane", np.zeros((2, 256), bool), 4), "a probe of no neurons would see nothing"),
        (("spikes", None, 4), "every_ns of a probe of spikes is 4; it takes all of them, so leave it out"),
        (
            ("weights", [0, 1, 2], 4),
            r"synapses of a probe are int64\[3\]; give int\[n, 3\], hemisphere, row and column",
        ),
        (("weights", [[0, 1]], 4), r"synapses of a probe are int64\[1, 2\]; give int\[n, 3\]"),
        (("weights", [[0, 256, 0]], 4), "rows of synapses of a probe lie in 256..256; 0..255 are valid"),
        (("weights", [[2, 0, 0]], 4), "hemispheres of synapses of a probe lie in 2..2; 0..1 are valid"),
        (("counters", "spike", 4), "there is no counter 'spike'; the closest"),
        (("counters", [3], 4), r"counters of a probe are \[3\]; name some of from_fpga"),
        (("doorbells", 2), "hemispheres of a probe lie in 2..2; 0..1 are valid"),
        (("membrane", 0, 4, 0), "`most` of a probe of membrane is 0; it must be a whole number in 1.."),
        (("membrane", 0, 4, 2.5), "`most` of a probe of membrane is 2.5; it must be a whole number"),
        (("membrane", 0, 4, 5, "newest"), "keep of a probe is 'newest'; it is one of 'first', 'last'"),
    ],
)
def test_what_cannot_be_probed_is_refused_in_a_sentence(arguments, said):
    chip = Chip()
    with pytest.raises(ValueError, match=f"^{said}"):
        chip.probe(*arguments)
    assert chip.probes.running == []


@pytest.mark.parametrize("kind", [np.uint8, np.int8, np.uint16, np.int32, np.uint64, np.int64])
def test_integers_of_any_width_name_neurons_and_times(kind):
    probe = Chip().probe("membrane", np.array([3, 100], kind)[::-1], every_ns=kind(100), most=kind(7))
    assert (probe.of.tolist(), probe.every_ns, probe.most) == ([100, 3], 100, 7)
    assert type(probe.every_ns) is type(probe.most) is int and probe.of.dtype == np.int64


def test_a_core_without_a_probe_asks_nobody():
    chip = chip_with(firing(), 1_000)
    assert chip.core.observer is None
    probe = chip.probe("membrane", 259, every_ns=400)
    assert chip.core.observer is chip.probes
    probe.stop()
    assert chip.core.observer is None and isinstance(chip.core, AnalogCore)
