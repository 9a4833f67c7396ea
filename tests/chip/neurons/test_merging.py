"""Vertical merge: two circuits as one neuron with the rows of both hemispheres."""

import numpy as np
import pytest

from chip.base import constants as c
from chip.base.config import ChipConfig, ImperfectionConfig
from chip.base.registers import ROW_EXCITATORY, ROW_INHIBITORY, Registers
from chip.core.core import AnalogCore
from chip.silicon.capmem import design_codes
from chip.silicon.mismatch import silicon
from tests.chip.core.networks import random_events, random_network, with_merged_neurons
from tests.naive.neuron import response

COLUMN = 5
BOTH = [c.TOP, c.BOTTOM]
EVENT_NS, END_NS = 1_600, 20_000


def label_of(row):
    """The label from the FPGA that drives a row of both hemispheres, and no other row of its driver."""
    driver = row // 2
    return (driver % 4) << 14 | (driver // 4) << 6 | row % 2


def merged(spiking=True, **values):
    """One merged neuron; each row of either hemisphere has a label of its own, and drives where its mode is set."""
    registers = Registers()
    registers.connect_vertical[COLUMN] = True
    registers.enabled[:, COLUMN] = True
    registers.spiking[:] = [[spiking], [False]]
    registers.labels[:, 1::2] = 1
    for source in range(4):
        for output in (source, 4 + source):
            registers.crossbar_mask[c.CROSSBAR_FPGA_IN + source, output] = 0
            registers.crossbar_target[c.CROSSBAR_FPGA_IN + source, output] = 0
    for name, value in values.items():
        getattr(registers, name)[...] = value
    return registers


def new_core(registers, events=(), config=None):
    core = AnalogCore(config or ChipConfig.ideal(), registers)
    for time_ns, label in events:
        core.post_events([time_ns], [label])
    return core


@pytest.mark.parametrize("side", BOTH)
@pytest.mark.parametrize("mode, sign", [(ROW_EXCITATORY, 1.0), (ROW_INHIBITORY, -1.0)])
def test_a_postsynaptic_potential_is_that_of_one_membrane_of_twice_the_capacitance(side, mode, sign):
    tau_mem, tau_syn = np.array([4_000.0, 12_000.0]), 3_000.0
    registers = merged(spiking=False)
    registers.tau_mem_ns[:, COLUMN], registers.leak_lsb[:, COLUMN] = tau_mem, (70.0, 110.0)
    registers.tau_syn_exc_ns[:] = registers.tau_syn_inh_ns[:] = tau_syn
    registers.efficacy_lsb[:, COLUMN] = 2.0, 3.0
    registers.row_mode[side, 8], registers.weights[side, 8, COLUMN] = mode, 40
    core = new_core(registers, [(EVENT_NS, label_of(8))])
    tau = 2 / (1 / 4_000 + 1 / 12_000)
    assert core.membranes(0)[:, COLUMN] == pytest.approx([80.0, 80.0], abs=1e-12)  # leaks weigh 3 to 1
    jump = 40 * (2.0 * 0.75 if side == c.TOP else 3.0 * 0.25)
    for age_ns in (0, 4, 100, 1_604, 12_000):
        law = 80 + sign * jump * response(float(age_ns), np.float64(tau), np.float64(tau_syn))
        assert core.membranes(EVENT_NS + age_ns)[:, COLUMN] == pytest.approx([law, law], abs=1e-10)


def test_two_membranes_that_are_joined_by_a_large_conductance_come_to_the_same():
    linalg = pytest.importorskip("scipy.linalg")
    registers = merged(spiking=False)
    registers.tau_mem_ns[:, COLUMN], registers.leak_lsb[:, COLUMN] = (5_000.0, 9_000.0), (100.0, 60.0)
    registers.tau_syn_exc_ns[:], registers.efficacy_lsb[:, COLUMN] = 4_000.0, (1.0, 1.7)
    registers.row_mode[:, 0], registers.weights[:, 0, COLUMN] = ROW_EXCITATORY, (30, 50)
    core = new_core(registers, [(EVENT_NS, label_of(0))])
    # V1, V2, I1, I2 and 1, each circuit with its own conductance 1 / tau_mem to leak and current
    (g1, g2), join = 1 / registers.tau_mem_ns[:, COLUMN], 1e4
    rates = np.zeros((5, 5))
    rates[0] = [-g1 - join, join, g1, 0, g1 * 100.0]
    rates[1] = [join, -g2 - join, 0, g2, g2 * 60.0]
    rates[2, 2] = rates[3, 3] = -1 / 4_000
    rest = (g1 * 100.0 + g2 * 60.0) / (g1 + g2)
    for age_ns in (100, 3_204, 20_000):
        both = linalg.expm(rates * age_ns) @ [rest, rest, 30.0, 1.7 * 50, 1.0]
        assert core.membranes(EVENT_NS + age_ns)[:, COLUMN] == pytest.approx(both[:2], abs=1e-6)


@pytest.mark.parametrize("side", BOTH)
def test_equal_circuits_with_all_inputs_on_one_side_are_one_with_half_the_efficacy(side):
    rng = np.random.default_rng(4)
    times = 4 * np.sort(rng.integers(0, 4_000, 60))
    events = list(zip(times.tolist(), map(label_of, range(60)), strict=True))
    registers = merged(tau_mem_ns=6_000.0, efficacy_lsb=2.0, threshold_lsb=110.0)
    registers.row_mode[side], registers.row_mode[side, ::5] = ROW_EXCITATORY, ROW_INHIBITORY
    registers.weights[side, :, COLUMN] = rng.integers(0, 64, 256)
    joined = new_core(registers, events)
    registers.connect_vertical[COLUMN] = False
    registers.enabled[1 - side] = False
    registers.spiking[side] = True
    registers.efficacy_lsb[:] = 1.0
    alone = new_core(registers, events)
    times, _ = joined.all_spikes(0, END_NS)
    assert times.size > 2
    np.testing.assert_array_equal(times, alone.all_spikes(0, END_NS)[0])
    one = alone.membranes(END_NS)[side, COLUMN]
    np.testing.assert_array_equal(joined.membranes(END_NS)[:, COLUMN], [one, one])


def test_a_neuron_takes_512_rows():
    """Every row of both sides once, with a weight of its own, as 256 signed inputs; some are written on the way."""
    rng = np.random.default_rng(1)
    registers = merged(spiking=False, efficacy_lsb=0.02)
    registers.row_mode[:, 0::2], registers.row_mode[:, 1::2] = ROW_EXCITATORY, ROW_INHIBITORY
    registers.weights[..., COLUMN] = rng.integers(1, 64, (2, 256))
    times = EVENT_NS + 4 * rng.permutation(256)
    core = new_core(registers, zip(times.tolist(), map(label_of, range(256)), strict=True))
    weights = registers.weights[..., COLUMN].astype(float)
    for row in (7, 200):
        half_row = np.full((1, 128), 3, np.uint8)
        core.post_weight_rows([times[row]], c.BOTTOM, [row], COLUMN % 2, half_row)
        weights[c.BOTTOM, row] = 3
    assert core.membranes(EVENT_NS)[0, COLUMN] == 80.0
    signed = weights[:, 0::2] * response(END_NS - times[0::2], 1e4, 1e4)
    signed -= weights[:, 1::2] * response(END_NS - times[1::2], 1e4, 1e4)
    assert core.membranes(END_NS)[0, COLUMN] == pytest.approx(80 + 0.01 * signed.sum(), abs=1e-9)
    assert core.counters["synaptic_events"] == 2 * 256
    assert not core.snapshot()["now"][:, 8:].any()  # the bottom circuit has no state of its own


@pytest.mark.parametrize("side", BOTH)
@pytest.mark.parametrize("later_ns", [4, 48])
def test_a_strong_event_from_either_side_fires_the_neuron_within_its_own_step(side, later_ns):
    registers = merged(efficacy_lsb=400.0)
    registers.row_mode[side, 0], registers.weights[side, 0, COLUMN] = ROW_EXCITATORY, 63
    core = new_core(registers, [(EVENT_NS + later_ns, label_of(0))])
    ages = 4.0 * np.arange(13)
    law = ages[np.argmax(200 * 63 * response(ages, 1e4, 1e4) >= 45)]
    assert 0 < law < 52 - 4
    assert core.all_spikes(0, 2_000)[0].tolist() == [EVENT_NS + later_ns + law]


def firing(**values):
    """A merged neuron that fires by itself."""
    return merged(leak_lsb=150.0, threshold_lsb=120.0, reset_lsb=60.0, **values)


def test_the_top_circuit_fires_and_both_are_reset_and_held():
    registers = firing(refractory_ns=2_000)
    registers.threshold_lsb[c.BOTTOM], registers.refractory_ns[c.BOTTOM] = 20.0, 40
    registers.crossbar_mask[0, 8] = registers.crossbar_target[0, 8] = 0
    registers.backend_address[:, COLUMN] = 17, 99
    core = new_core(registers)
    times, neurons = core.all_spikes(0, END_NS)
    assert times[0] == 0 and set(np.diff(times)) == {2_000 + 4 * np.ceil(10_000 * np.log(90 / 30) / 4)}
    assert set(neurons) == {COLUMN}
    assert set(core.spikes(0, END_NS)[1] & 0xFF) == {17}
    assert core.spike_counts([COLUMN, 256 + COLUMN], [END_NS] * 2).tolist() == [times.size, 0]
    core = new_core(registers)
    np.testing.assert_array_equal(core.membranes(1_000)[:, COLUMN], [60.0, 60.0])


@pytest.mark.parametrize("side", BOTH)
@pytest.mark.parametrize("time_ns", [1_600, 1_644])
def test_a_reset_from_either_side_fires_the_neuron(side, time_ns):
    """Its top circuit counts, and holds the one membrane."""
    registers = merged(reset_lsb=60.0, refractory_ns=80)
    registers.refractory_ns[c.BOTTOM] = 4_000
    core = new_core(registers)
    core.post_neuron_reset(time_ns, side, COLUMN % 2)
    np.testing.assert_array_equal(core.membranes(time_ns + 80)[:, COLUMN], [60.0, 60.0])
    law = 80 - 20 * np.exp(-100 / 10_000)
    assert core.membranes(time_ns + 180)[:, COLUMN] == pytest.approx([law, law], abs=1e-12)
    assert [each.tolist() for each in core.all_spikes(0, END_NS)] == [[time_ns], [COLUMN]]


def test_resets_from_both_sides_at_once_are_one_spike_and_later_ones_another():
    core = new_core(merged(reset_lsb=60.0, refractory_ns=400))
    for side, time_ns in ((c.BOTTOM, 1_600), (c.TOP, 1_600), (c.TOP, 1_604), (c.BOTTOM, 1_640)):
        core.post_neuron_reset(time_ns, side, COLUMN % 2)
    np.testing.assert_array_equal(core.membranes(2_040)[:, COLUMN], [60.0, 60.0])
    assert core.membranes(2_044)[0, COLUMN] > 60.0
    assert core.all_spikes(0, END_NS)[0].tolist() == [1_600, 1_604, 1_640]
    assert core.spike_counts([COLUMN, 256 + COLUMN], [END_NS] * 2).tolist() == [3, 0]


@pytest.mark.parametrize("side", BOTH)
def test_the_cadc_sees_the_joined_membrane_on_either_side_with_the_offset_of_its_channel(side):
    config = ChipConfig(seed=3, imperfections=ImperfectionConfig(cadc_offset=True, cadc_offset_std_lsb=5.0))
    registers = merged(spiking=False)
    registers.row_mode[c.BOTTOM, 0], registers.weights[c.BOTTOM, 0, COLUMN] = ROW_EXCITATORY, 63
    core = new_core(registers, [(EVENT_NS, label_of(0))], config)
    offset = silicon(config, registers).cadc_offset_lsb[:, COLUMN]
    assert abs(offset[0] - offset[1]) > 1
    for time_ns in (EVENT_NS + 8_000, EVENT_NS + 9_644):  # in a quiet block, then in a grid step
        core.post_events([time_ns - 4], [label_of(0)])
        code = core.cadc_result(core.post_cadc(time_ns, side))[COLUMN % 2, COLUMN // 2]
        potential = core.membranes(time_ns)[side, COLUMN]
        assert potential > 85
        assert code == np.rint(potential + offset[side])


def test_sensors_of_both_sides_see_the_neuron_spike():
    registers = firing(correlation_enabled=True)
    registers.row_mode[:, 0] = ROW_EXCITATORY
    core = new_core(registers, [(EVENT_NS + 40, label_of(0))])
    times, _ = core.all_spikes(0, END_NS)
    before, after = times[times < EVENT_NS + 40].max(), times[times > EVENT_NS + 40].min()
    stop_ns = int(after) + 4
    core = new_core(registers, [(EVENT_NS + 40, label_of(0))])
    read = [core.correlation_result(core.post_correlation(stop_ns, side, 0)) for side in BOTH]
    assert (read[0] == read[1])[:, COLUMN % 2, COLUMN // 2].all()
    core.advance(stop_ns + 200)
    core.snapshot()  # lets the sensors see all there was
    causal = core.sensors.arrays.causal.reshape(2, 2, 128, 256)[:, COLUMN % 2, COLUMN // 2, 0]
    acausal = core.sensors.arrays.acausal.reshape(2, 256, 2, 128)[:, 0, COLUMN % 2, COLUMN // 2]
    assert causal == pytest.approx(np.exp(-(after - EVENT_NS - 40) / 5_000), rel=1e-5)
    assert acausal == pytest.approx(np.exp(-(EVENT_NS + 40 - before) / 5_000), rel=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_other_neurons_do_not_notice(seed):
    """Where spikes reach nobody, the rest of the chip goes on as if nobody were connected."""
    registers = with_merged_neurons(random_network(seed), seed)
    registers.crossbar_mask[:8], registers.crossbar_target[:8] = 0, c.NEURON_LABEL_MASK
    joined = registers.connect_vertical.copy()
    times, labels = random_events(seed, 20, END_NS // 2)
    found = []
    for connected in (joined, np.zeros_like(joined)):
        registers.connect_vertical[:] = connected
        core = new_core(registers, zip(times.tolist(), labels.tolist(), strict=True))
        spike_ns, neurons = core.all_spikes(0, END_NS)
        others = ~joined[neurons % 256]
        found.append((spike_ns[others], neurons[others], core.membranes(END_NS)[:, ~joined]))
    assert found[0][0].size > 3
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)


def test_circuits_whose_connection_changes_start_at_rest_and_others_go_on():
    registers = firing()
    registers.enabled[c.TOP, 9] = True
    core = new_core(registers)
    core.advance(8_000)
    before = core.membranes(8_000)[0]
    registers.leak_lsb[c.BOTTOM] = 130.0
    core.configure(registers)
    assert core.membranes(8_000)[:, COLUMN] == pytest.approx(before[COLUMN], abs=1e-12)
    assert not core.snapshot()["now"][:, 8:].any()  # the bottom circuit has no state of its own
    registers.connect_vertical[:] = False
    core.configure(registers)
    np.testing.assert_array_equal(core.membranes(8_000)[:, COLUMN], [150.0, 130.0])
    assert core.membranes(8_000)[0, 9] == before[9]


@pytest.mark.parametrize(
    "name, values, message",
    [
        ("enabled", [True, False], r"enabled\[:, 5\] is \[True, False\]; a merged neuron needs both circuits"),
        ("enabled", [False, False], r"enabled\[:, 5\] is \[False, False\]"),
        ("spiking", [True, True], r"spiking\[1, 5\] is on; a merged neuron fires by the comparator of its top circuit"),
        ("tau_syn_exc_ns", [5_000.0, 6_000.0], r"tau_syn_exc_ns\[:, 5\] is \[5000.0, 6000.0\]; the currents of both"),
        ("tau_syn_inh_ns", [5_000.0, 6_000.0], r"tau_syn_inh_ns\[:, 5\] is"),
        ("reset_lsb", [60.0, 30.0], r"reset_lsb\[:, 5\] is \[60.0, 30.0\]; a reset from either side pulls the one"),
    ],
)
def test_a_clash_is_refused_in_one_sentence(name, values, message):
    registers = merged()
    getattr(registers, name)[:, COLUMN] = values
    with pytest.raises(ValueError, match=r"connect_vertical\[5\] is set, but " + message):
        AnalogCore(ChipConfig.ideal(), registers)
    registers.connect_vertical[:] = False
    AnalogCore(ChipConfig.ideal(), registers)


@pytest.mark.parametrize("profile", ["typical", "raw"])
def test_a_merged_neuron_follows_from_what_both_circuits_are(profile):
    """Each circuit keeps its own draws, and on a chip with a capacitor memory its own codes."""
    config = getattr(ChipConfig, profile)(seed=4)
    registers = merged()
    codes = design_codes(registers) if profile == "raw" else None
    if codes:
        codes.codes[3, c.BOTTOM, COLUMN] += 40  # tau_mem
    joined = silicon(config, registers, codes)
    registers.connect_vertical[:] = False
    apart = silicon(config, registers, codes)
    own, one = apart.registers, joined.registers
    leaks = 1 / own.tau_mem_ns[:, COLUMN]
    assert abs(leaks[0] / leaks[1] - 1) > 0.001
    assert one.tau_mem_ns[:, COLUMN] == pytest.approx(2 / leaks.sum(), rel=1e-12)
    assert one.leak_lsb[:, COLUMN] == pytest.approx((leaks * own.leak_lsb[:, COLUMN]).sum() / leaks.sum(), rel=1e-12)
    assert one.efficacy_lsb[:, COLUMN] == pytest.approx(own.efficacy_lsb[:, COLUMN] * leaks / leaks.sum(), rel=1e-12)
    for name in ("tau_syn_exc_ns", "tau_syn_inh_ns"):
        assert getattr(one, name)[:, COLUMN] == pytest.approx(getattr(own, name)[:, COLUMN].mean(), rel=1e-12)
    for name in ("reset_lsb", "threshold_lsb"):
        assert (getattr(one, name)[:, COLUMN] == getattr(own, name)[c.TOP, COLUMN]).all()
    noise = apart.membrane_noise_lsb[:, COLUMN]
    power = (noise**2 * leaks).sum() / (2 * leaks.sum())
    assert joined.membrane_noise_lsb[:, COLUMN] == pytest.approx([np.sqrt(power), 0.0], rel=1e-12)
    others = np.arange(256) != COLUMN
    np.testing.assert_array_equal(one.tau_mem_ns[:, others], own.tau_mem_ns[:, others])


def test_all_imperfections_at_zero_are_an_ideal_chip():
    names = ImperfectionConfig.names()
    magnitudes = {name: 0.0 for name in vars(ImperfectionConfig()) if name not in names}
    zero = ChipConfig(seed=1, imperfections=ImperfectionConfig(**dict.fromkeys(names, True), **magnitudes))
    registers = with_merged_neurons(random_network(2), 2)
    times, labels = random_events(2, 20, END_NS // 2)
    cores = [new_core(registers, zip(times, labels, strict=True), config) for config in (ChipConfig.ideal(), zero)]
    for core in cores:
        core.advance(END_NS)
    assert cores[0].counters["spikes"] > 10
    one, other = (core.snapshot() for core in cores)
    assert {name: array.tobytes() for name, array in one.items()} == {n: array.tobytes() for n, array in other.items()}
