"""The correlation sensors: pairs, saturation, resets, reading through the CADC, and the laws of the core."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chip.array.correlation import decay
from chip.base import constants as c
from chip.base.config import ChipConfig, ImperfectionConfig
from chip.base.inner import outer
from chip.base.registers import ROW_EXCITATORY, Registers
from chip.core.core import AnalogCore
from tests.naive.correlation import correlations

ROWS = (0, 3, 4)  # of the top hemisphere, driven by FPGA labels of their drivers
COLUMNS = (0, 1, 6)


def label_of(row):
    """The label from the FPGA that drives a row, and no other row of its driver."""
    driver = row // 2
    return (driver % 4) << 14 | (driver // 4) << 6 | row % 2


def registers(threshold_lsb=81.0, tau_ns=5_000.0, amplitude_lsb=1.0):
    """Three rows into three spiking neurons of the top hemisphere; each event that is strong enough makes them fire."""
    made = Registers()
    made.correlation_enabled[c.TOP] = True
    made.correlation_tau_ns[...] = tau_ns
    made.correlation_amplitude_lsb[...] = amplitude_lsb
    made.enabled[c.TOP, COLUMNS] = True
    made.threshold_lsb[...] = threshold_lsb
    made.refractory_ns[...] = 40
    made.row_mode[c.TOP, :8] = ROW_EXCITATORY
    for source in range(4):
        made.crossbar_mask[c.CROSSBAR_FPGA_IN + source, source] = 0
        made.crossbar_target[c.CROSSBAR_FPGA_IN + source, source] = 0
    made.labels[...] = 63  # nobody's
    for row in ROWS:
        made.labels[c.TOP, row] = row % 2
    made.weights[c.TOP, ROWS[0]] = 0  # is sensed, drives nothing
    made.weights[c.TOP, ROWS[1]] = np.arange(256) % 64
    made.weights[c.TOP, ROWS[2]] = 63
    return made


def spikes_of(core, column):
    times, neurons = core.all_spikes()
    return times[neurons == column].tolist()


def code(value):
    return max(0, min(255, round(c.CORRELATION_BASELINE_LSB - value)))


@outer
def compiled_decay(halvings):
    return decay(halvings)


def test_the_exponential_is_one():
    x = np.linspace(0, 99, 2_001).astype(np.float32)
    got = np.array([compiled_decay(value) for value in x], float)
    np.testing.assert_allclose(got, 2.0 ** -x.astype(float), rtol=4e-7)
    assert compiled_decay(np.float32(1e18)) < 1e-29


event_trains = st.lists(st.tuples(st.integers(1, 4_000), st.sampled_from(ROWS)), min_size=1, max_size=25)
reset_trains = st.lists(
    st.tuples(st.integers(1, 5_000), st.sampled_from(ROWS), st.integers(1, 3)), max_size=3, unique_by=lambda r: r[:2]
)


@settings(max_examples=25, deadline=None)
@given(
    events=event_trains,
    resets=reset_trains,
    looks=st.lists(st.integers(1, 5_200), min_size=1, max_size=6, unique=True),
    chunk_ns=st.sampled_from((400, 1_604, 30_000)),
    tau_ns=st.sampled_from((2_000.0, 5_000.0, 30_000.0)),
)
def test_rows_read_what_all_pairs_add_up_to(events, resets, looks, chunk_ns, tau_ns):
    core = AnalogCore(ChipConfig.ideal(), registers(tau_ns=tau_ns, amplitude_lsb=2.0))
    for edge, row in events:
        core.post_events([4 * edge], [label_of(row)])
    for edge, row, bits in resets:
        core.post_correlation_reset(4 * edge, c.TOP, row, np.full((2, 128), bits))
    tickets = [(4 * edge, row, core.post_correlation(4 * edge, c.TOP, row)) for edge in sorted(looks) for row in ROWS]
    for time_ns in range(0, 21_000, chunk_ns):
        core.advance(time_ns)
    answers = [(time_ns, row, core.correlation_result(ticket)) for time_ns, row, ticket in tickets]
    for time_ns, row, answer in answers:
        reached = [4 * edge for edge, driven in events if driven == row]
        cleared = [(4 * edge, bits) for edge, at, bits in resets if at == row]
        for column in COLUMNS:
            expected = correlations(
                *(reached, spikes_of(core, column), time_ns, tau_ns, 2.0, c.CORRELATION_SATURATION_LSB, cleared)
            )
            got = answer[:, column % 2, column // 2].astype(int)
            assert np.abs(got - [code(value) for value in expected]).max() <= (0 if _far_from_ties(expected) else 1)


def _far_from_ties(values):
    return all(abs(value % 1 - 0.5) > 1e-3 for value in values)


def test_a_branch_saturates_and_is_reset_alone():
    core = AnalogCore(ChipConfig.ideal(), registers(amplitude_lsb=2.0))
    for k in range(400):
        core.post_events([200 * k, 200 * k + 100], [label_of(ROWS[2]), label_of(ROWS[2])])
    core.advance(600_000)
    full = core.correlation_result(core.post_correlation(600_000, c.TOP, ROWS[2]))
    assert full[0, 0, 0] == full[1, 0, 0] == c.CORRELATION_BASELINE_LSB - c.CORRELATION_SATURATION_LSB
    mask = np.zeros((2, 128), np.uint8)
    mask[0, 0] = 1  # causal branch of column 0
    core.post_correlation_reset(600_004, c.TOP, ROWS[2], mask)
    after = core.correlation_result(core.post_correlation(602_000, c.TOP, ROWS[2]))
    assert after[0, 0, 0] == c.CORRELATION_BASELINE_LSB
    assert after[1, 0, 0] == full[1, 0, 0] and after[0, 0, 3] == full[0, 0, 3]


def drive(core):
    rng = np.random.default_rng(5)
    times = np.sort(rng.integers(1, 8_000, 120)) * 4
    core.post_events(times, [label_of(ROWS[k]) for k in rng.integers(0, 3, 120)])


def final(core):
    core.advance(40_000)
    return np.stack([core.correlation_result(core.post_correlation(40_000, c.TOP, row)) for row in ROWS])


@pytest.mark.parametrize("profile", ["ideal", "typical"])
def test_looking_and_chunking_change_no_byte(profile):
    config = getattr(ChipConfig, profile)(seed=3)
    plain, watched = AnalogCore(config, registers()), AnalogCore(config, registers())
    drive(plain)
    drive(watched)
    for time_ns in range(52, 36_000, 1_148):
        watched.correlation_result(watched.post_correlation(time_ns, c.TOP, ROWS[time_ns % 3]))
        watched.membranes(time_ns)
    np.testing.assert_array_equal(final(plain), final(watched))
    for name in ("causal", "acausal", "last_pre", "last_post"):
        np.testing.assert_array_equal(getattr(plain.sensors.arrays, name), getattr(watched.sensors.arrays, name))


def test_a_snapshot_goes_on_as_if_nothing_had_happened():
    core = AnalogCore(ChipConfig.ideal(), registers())
    drive(core)
    ticket = core.post_correlation(30_000, c.TOP, ROWS[1])
    core.post_correlation_reset(20_000, c.TOP, ROWS[0], np.full((2, 128), 3))
    core.advance(16_000)
    saved = core.snapshot()
    first = core.correlation_result(ticket), final(core)
    again = AnalogCore(ChipConfig.ideal(), registers())
    again.restore(saved)
    np.testing.assert_array_equal(again.correlation_result(ticket), first[0])
    np.testing.assert_array_equal(final(again), first[1])


def test_sensors_do_not_touch_the_network():
    with_sensors, without = registers(), registers()
    without.correlation_enabled[...] = False
    cores = [AnalogCore(ChipConfig.typical(seed=2), made) for made in (with_sensors, without)]
    for core in cores:
        drive(core)
        core.advance(40_000)
    np.testing.assert_array_equal(cores[0].all_spikes(), cores[1].all_spikes())
    np.testing.assert_array_equal(cores[0].membranes(40_000), cores[1].membranes(40_000))


def test_imperfections_have_the_spread_that_they_say():
    def read(**switches):
        config = ChipConfig.ideal(seed=11, imperfections=ImperfectionConfig(**switches))
        core = AnalogCore(config, registers())
        return core.sensors.arrays

    plain, varied = read(), read(correlation_amplitude=True, correlation_tau=True)
    top = slice(0, 256)  # the bottom hemisphere's sensors are off
    spread = (varied.amplitude / np.where(plain.amplitude > 0, plain.amplitude, 1))[top]
    assert spread.std() == pytest.approx(0.15, rel=0.02) and spread.mean() == pytest.approx(1, abs=0.01)
    assert (plain.rate / varied.rate).std() == pytest.approx(0.15, rel=0.02)
    assert not np.array_equal(varied.amplitude[top].ravel(), varied.acausal_amplitude[:512].ravel())
    baseline = read(correlation_baseline=True)
    assert baseline.baseline.std() == pytest.approx(5.0, rel=0.1)
    assert baseline.row_baseline.std() == pytest.approx(1.5, rel=0.1)


def test_readings_are_noisy_on_their_own():
    """Of each conversion anew, in the sensor's LSB, beside the converter's noise, which it does not move."""

    def read(count=60, **switches):
        config = ChipConfig.ideal(seed=11, imperfections=ImperfectionConfig(**switches))
        core = AnalogCore(config, registers())
        tickets = [core.post_correlation(400 + 1_000 * i, c.TOP, ROWS[0]) for i in range(count)]
        return np.array([core.correlation_result(ticket) for ticket in tickets], float)

    plain = read()
    assert np.ptp(plain) == 0
    noise = read(correlation_noise=True) - plain
    assert noise.std() == pytest.approx(np.sqrt(1.0 + 1 / 12), rel=0.02) and abs(noise.mean()) < 0.03
    by_channel = noise.reshape(len(noise), -1)
    apart = np.corrcoef(by_channel.T)[~np.eye(by_channel.shape[1], dtype=bool)]
    assert apart.std() == pytest.approx(1 / np.sqrt(len(noise)), rel=0.1) and abs(apart.mean()) < 0.01
    of_converter = read(cadc_noise=True) - plain
    together = read(cadc_noise=True, correlation_noise=True) - plain
    assert abs(together - of_converter - noise).max() <= 1  # each is rounded
    still = read(correlation_noise=True, correlation_noise_std_lsb=0.0)
    np.testing.assert_array_equal(still, plain)


def test_trims_move_amplitudes_and_time_constants():
    made = registers()
    made.correlation_amplitude_trim[c.TOP, 3, 6], made.correlation_time_trim[c.TOP, 4, 6] = 3, 0
    sensors = AnalogCore(ChipConfig.ideal(), made).sensors.arrays
    assert sensors.amplitude[3, 3] == pytest.approx(1.3) and sensors.amplitude[3, 4] == 1.0
    assert sensors.rate[3, 4] / sensors.rate[3, 3] == pytest.approx(1 / 0.85)


def test_wrong_questions_are_refused_in_a_sentence():
    off = AnalogCore(ChipConfig.ideal(), Registers())
    with pytest.raises(RuntimeError, match="sensors are off"):
        off.post_correlation(0, c.TOP, 0)
    core = AnalogCore(ChipConfig.ideal(), registers())
    ticket = core.post_correlation(400, c.TOP, 0)
    core.correlation_result(ticket)
    for sentence, wrong in (
        ("it was read before", lambda: core.correlation_result(ticket)),
        ("rows are 0..255", lambda: core.post_correlation(800, c.TOP, 256)),
        ("has the shape", lambda: core.post_correlation_reset(800, c.TOP, 0, np.ones(256, int))),
        ("has been advanced to", lambda: core.post_correlation(0, c.TOP, 0)),
    ):
        with pytest.raises((RuntimeError, ValueError), match=sentence):
            wrong()
