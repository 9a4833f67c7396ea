"""Pair STDP: the window as a program sees it through the CADC, weights as numpy predicts them, time on the chip."""

import numpy as np
import pytest

from chip import Chip, ChipConfig
from chip.base import constants as c
from chip.base.config import ImperfectionConfig
from chip.base.registers import ROW_EXCITATORY, Registers
from chip.ppu import V0, V1, V2, V3, V7, V18, V20, V29
from chip.testing import UncompiledScript, chip_bytes, record, replay
from ppu_programs.stdp import PairSTDP
from tests.naive.stdp import updated

AMPLITUDE_LSB, TAU_NS = 2.0, 8_000
PRE_ROW, POST_ROW = 0, 2  # drivers 0 and 1, on PADI busses 0 and 1; row 2 makes every neuron fire
PRE_LABEL, POST_LABEL = 1, 2
DELAYS_US = (-20, -12, -6, -2, 2, 6, 12, 20)
PAIRS = 24
KEPT = (V29, V7, V20, V18)  # registers that the program does not use, in any order
# what differs from sensor to sensor and from channel to channel; without noise two conversions read the same
QUIET = ImperfectionConfig(correlation_amplitude=True, correlation_tau=True, correlation_baseline=True, cadc_gain=True)


def registers():
    """All neurons of both hemispheres spike at one event of row 2; row 0 is sensed, and drives little or nothing."""
    made = Registers()
    made.correlation_enabled[...] = made.enabled[...] = made.padi_from_processor[...] = True
    made.correlation_tau_ns[...], made.correlation_amplitude_lsb[...] = TAU_NS, AMPLITUDE_LSB
    made.leak_lsb[...], made.reset_lsb[...], made.threshold_lsb[...] = 80.0, 60.0, 85.0
    made.tau_mem_ns[...], made.tau_syn_exc_ns[...], made.refractory_ns[...] = 2_000, 500, 8_000
    made.row_mode[:, :4] = ROW_EXCITATORY
    made.labels[...] = 63  # nobody's
    made.labels[:, PRE_ROW], made.labels[:, POST_ROW] = PRE_LABEL, POST_LABEL
    made.weights[:, POST_ROW] = 63
    return made


def chip_with(programs, config=None, changed=None):
    chip = Chip(config or ChipConfig.ideal())
    chip.link.write_registers(changed or registers())
    for hemisphere, program in enumerate(programs):
        if program is not None:
            chip.link.load_program(hemisphere, program)
        if isinstance(program, Watched):
            chip.processors[hemisphere].observers.append(program.look)
    return chip


def run(programs, config=None, changed=None):
    chip = chip_with(programs, config, changed)
    chip.start()
    chip.run()
    return chip


def events(ppu, delay_us, pairs=PAIRS, apart_us=150):
    """Inject pairs of an event of row 0 and one that makes the neurons fire, ``delay_us`` later or earlier."""
    both = [(0, PRE_LABEL), (1, POST_LABEL)]
    first, second = both if delay_us > 0 else both[::-1]
    for _ in range(pairs):
        begun = ppu.time_base
        yield ppu.inject_event([first[0]], 0, first[1])
        yield ppu.wait_until(begun + abs(delay_us) * 250)
        yield ppu.inject_event([second[0]], 0, second[1])
        yield ppu.wait_until(begun + apart_us * 250)


# ---------------------------------------------------------------------- the window


def window(config):
    """Measure each delay: readings at rest less those after the pairs, float[delays, 2 branches, 256].

    Returns them with the chip of the run and (first, last) times of each delay, ns.
    """
    readings, spans = [], []

    def read(ppu):
        yield ppu.read_correlation(PRE_ROW, into=(V0, V1, V2, V3))
        by_lane = ppu.vector.state.bytes[:4].view(np.uint8).reshape(2, 2, 128).astype(float)
        readings.append(by_lane.transpose(0, 2, 1).reshape(2, 256))

    def main(ppu):
        yield ppu.connect("correlation")
        yield from read(ppu)
        for delay_us in DELAYS_US:
            yield ppu.reset_correlation(PRE_ROW)
            begun = ppu.environment.now
            yield from events(ppu, delay_us)
            spans.append((begun, ppu.environment.now))
            yield from read(ppu)
        return 0

    chip = run([UncompiledScript(main)], config)
    return readings[0] - np.array(readings[1:]), chip, spans


def test_the_window_is_an_exponential_on_an_ideal_chip():
    measured, chip, spans = window(ChipConfig.ideal())
    times, neurons = chip.core.all_spikes()
    for delay_us, values, (begun, ended) in zip(DELAYS_US, measured, spans, strict=True):
        spikes = times[(neurons == 7) & (times >= begun) & (times < ended)]
        assert spikes.size == PAIRS
        assert 0 < spikes[0] - begun - max(delay_us, 0) * 1_000 < 800  # soon after what causes it
        expected = PAIRS * AMPLITUDE_LSB * np.exp(-abs(delay_us) * 1_000 / TAU_NS)
        branch, other = values if delay_us > 0 else values[::-1]
        assert abs(branch / expected - 1).max() < 0.03 + 0.5 / expected
        assert (other == 0).all()  # the next pair is 130 us away


def test_the_window_has_its_shape_on_a_typical_chip():
    measured, chip, _ = window(ChipConfig.typical(seed=2))
    neurons = chip.core.all_spikes()[1]
    assert (np.bincount(neurons, minlength=256)[:256] == PAIRS * len(DELAYS_US)).mean() > 0.97
    difference = measured[:, 0] - measured[:, 1]  # [delay, column]
    signs = np.sign(DELAYS_US)[:, None]
    near = [DELAYS_US.index(delay) for delay in (-12, -6, -2, 2, 6, 12)]
    assert (np.sign(difference)[near] == signs[near]).mean() > 0.95
    # far ones leave hardly more than the noise of a reading, 1.4 LSB
    assert ((np.sign(difference) == signs).all(axis=0)).mean() >= 0.7
    before, after = np.abs(difference[:4]), np.abs(difference[4:])
    falls = (np.diff(before, axis=0) > 0).all(axis=0) & (np.diff(after, axis=0) < 0).all(axis=0)
    assert falls.mean() >= 0.8


# ---------------------------------------------------------------------- weights


class Watched(PairSTDP):
    """Plays pairs before each update, and keeps the sensors' readings in between."""

    def __init__(self, delay_us, **settings):
        super().__init__(period=2_000_000, updates=2, rows=(0, 1, 2, 3), **settings)
        self.delay_us, self.seen, self.has_read = delay_us, [], False

    def on_timer(self, ppu):
        yield from events(ppu, self.delay_us, pairs=30)
        for row in self.rows:
            yield ppu.read_correlation(row, into=KEPT)
        yield from super().on_timer(ppu)

    def look(self, processor, operation):
        """Observe a processor: keep what a read has brought when the operation behind it begins."""
        if self.has_read:
            kept = [register.number for register in KEPT]
            self.seen.append(processor.vector.state.bytes[kept].view(np.uint8).reshape(2, 2, 128))
        self.has_read = operation.name == "read_correlation" and operation.arguments[1] == KEPT


@pytest.mark.parametrize(
    "imperfections, reset, shift, unmoved", [(None, True, 1, 1.0), (QUIET, False, 0, 0.5), (QUIET, True, 2, 0.9)]
)
def test_weights_move_as_numpy_says(imperfections, reset, shift, unmoved):
    config = ChipConfig.ideal(seed=5, imperfections=imperfections or ImperfectionConfig())
    changed = registers()
    rng = np.random.default_rng(1)
    changed.weights[:, [1, 3]] = rng.integers(0, 64, (2, 2, 256))
    changed.weights[:, PRE_ROW] = rng.integers(0, 3, (2, 256))
    programs = [Watched(delay_us, shift=shift, reset=reset) for delay_us in (5, -5)]
    chip = run(programs, config, changed)
    for hemisphere, program in enumerate(programs):
        rest = chip.processors[hemisphere].regions["rest"].reshape(2, 128)
        for row in program.rows:
            weights = changed.weights[hemisphere, row].reshape(128, 2).T
            for seen in program.seen[row :: len(program.rows)]:
                weights = updated(weights, seen, rest, shift)
            got = chip.weights()[hemisphere, row].reshape(128, 2).T
            np.testing.assert_array_equal(got, weights)
    moved = chip.weights()[:, PRE_ROW].astype(int) - changed.weights[:, PRE_ROW]
    assert (moved[0] > 0).mean() > 0.9  # causal pairs
    assert (chip.weights()[1, PRE_ROW] == 0).mean() > 0.9  # acausal ones: clipped
    if shift == 0:
        assert chip.weights()[0, PRE_ROW].max() == 63
    untouched = chip.weights()[:, 3].astype(int) - changed.weights[:, 3]
    assert (untouched == 0).mean() >= unmoved


@pytest.mark.parametrize("reset, cycles", [(False, 211_712), (True, 318_976)])
def test_an_update_of_the_array_takes_its_time(reset, cycles):
    """From the beginning of its first operation to that of what follows the last one."""
    chip = chip_with([PairSTDP(period=400_000, updates=2, reset=reset) for _ in range(2)])
    found, begun_ns = ([], []), [None, None]

    def look(processor, operation):
        side, learns = processor.hemisphere, operation.name == "chain"
        if learns and begun_ns[side] is None:
            begun_ns[side] = processor.start_ns
        if not learns and begun_ns[side] is not None:
            found[side].append((processor.start_ns - begun_ns[side]) // c.PPU_CLOCK_NS)
            begun_ns[side] = None

    for processor in chip.processors:
        processor.observers.append(look)
    chip.start()
    chip.run()
    assert found == ([cycles] * 2, [cycles] * 2)
    assert chip.report()["ppu"]["tasks"]["top"]["on_timer"] == {"runs": 2, "missed": 0, "dropped": 0}


def test_sensors_are_reset_or_not():
    kept, cleared = (Watched(5, reset=reset) for reset in (False, True))
    run([kept])
    run([cleared])
    first, second = (np.array(program.seen[0]).astype(int)[0] for program in (kept, cleared))
    np.testing.assert_array_equal(first, second)
    again, anew = (np.array(program.seen[4]).astype(int)[0] for program in (kept, cleared))
    assert (again < first - 10).all()  # twice the pairs
    assert (abs(anew - second) <= 1).all()


def test_a_replay_learns_the_same():
    programs = [PairSTDP(period=300_000, updates=2, rows=range(0, 8)) for _ in range(2)]
    chip = chip_with(programs, ChipConfig.typical(seed=3))
    plain = run(programs, ChipConfig.typical(seed=3))
    with record(chip) as logs:
        chip.start()
        chip.run()
    assert chip_bytes(chip) == chip_bytes(plain)
    for hemisphere, program in enumerate(programs):
        outcome = replay(logs[hemisphere], program)
        assert outcome == logs[hemisphere].outcome
        assert outcome.vector["bytes"] == chip.processors[hemisphere].vector.state.bytes.tobytes()
    effect = next(effect for effect in logs[c.TOP].effects if effect.operation.name == "read_correlation")
    effect.registers[0][1][:] ^= 32
    assert replay(logs[c.TOP], programs[0]) != logs[c.TOP].outcome


@pytest.mark.parametrize("settings, words", [(dict(shift=8), "shift of pair STDP is 8"), (dict(rows=()), "no rows")])
def test_settings_that_it_cannot_work_with_are_refused(settings, words):
    with pytest.raises(ValueError, match=words):
        PairSTDP(period=1_000, updates=1, **settings)
