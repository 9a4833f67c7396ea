"""A calibration as data, what it refuses, and that it believes what the bench reads and nothing else."""

import dataclasses
import hashlib
import warnings

import numpy as np
import pytest
from numba.core import config as numba_config

from chip import Chip, ChipConfig
from chip.base.config import CapMemConfig, ImperfectionConfig
from chip.base.registers import Registers
from chip.calibration import measurements, sensors
from chip.calibration.bench import Bench
from chip.calibration.calibration import (
    QUANTITIES,
    SENSORS,
    Calibration,
    CalibrationError,
    CalibrationWarning,
    identity,
    running_version,
    trimmed_std,
)
from chip.calibration.procedure import Procedure, calibrate
from chip.core.core import AnalogCore
from chip.silicon.capmem import LEAK, chip_curves, design_codes, true_values, values_of
from chip.silicon.mismatch import silicon
from chip.silicon.sensors import sensor_silicon

RAW = ChipConfig.raw(seed=7)


def perfect(config=RAW, **changes):
    """The calibration that somebody who knew the true curves would write."""
    slope, zero = chip_curves(config)
    random, arrays = np.random.default_rng(1), {}
    for name in ("before", "after"):
        arrays[name] = random.normal(size=(len(QUANTITIES), 2, 256))
        arrays[f"sensors_{name}"] = np.broadcast_to(random.normal(size=(2, 2, 2, 1, 256)), (2, 2, 2, 256, 256)).astype(
            "f4"
        )
    fields = {
        "chip": identity(config),
        "version": running_version(),
        "chip_seconds": 0.1,
        "slope": slope,
        "zero": zero,
        "good": np.ones((6, 2, 256), bool),
        "cadc_offset": np.arange(512).reshape(2, 256) % 50 - 25,
        "acausal_offset": np.arange(512).reshape(2, 256) % 40 - 20,
        "amplitude_trim": np.arange(131072).reshape(2, 256, 256) % 4,
        "time_trim": np.arange(131072).reshape(2, 256, 256) // 4 % 4,
        **arrays,
    }
    return Calibration(**(fields | changes))


def test_true_curves_make_a_chip_do_what_is_asked_for():
    quiet = dataclasses.replace(CapMemConfig.raw(), cell=False)
    config = ChipConfig.raw(seed=7, capmem=quiet)
    registers = Registers()
    made = true_values(config, perfect(config).codes(registers))
    for field, tolerance in (("leak_lsb", 0.005), ("threshold_lsb", 0.005), ("tau_mem_ns", 0.01)):
        np.testing.assert_allclose(made[field], getattr(registers, field), rtol=tolerance)
    assert abs(true_values(config, design_codes(registers))["tau_mem_ns"] / registers.tau_mem_ns - 1).max() > 0.3


def test_round_trip(tmp_path):
    saved = perfect()
    saved.save(tmp_path / "cal.npz")
    loaded = Calibration.load(tmp_path / "cal.npz")
    assert (saved.file, saved.sha256) == (None, None) and loaded.file == str(tmp_path / "cal.npz")
    assert loaded.sha256 == hashlib.sha256((tmp_path / "cal.npz").read_bytes()).hexdigest()
    for field in dataclasses.fields(Calibration):
        if field.name in ("file", "sha256"):
            continue
        one, other = getattr(saved, field.name), getattr(loaded, field.name)
        assert (
            one == other
            if not isinstance(one, np.ndarray)
            else (one.tobytes(), one.dtype)
            == (
                other.tobytes(),
                other.dtype,
            )
        )
    assert [path.name for path in tmp_path.iterdir()] == ["cal.npz"]
    saved.save(tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == (tmp_path / "cal.npz").read_bytes()


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "cal.npz"
    path.write_bytes(b"earlier")

    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr("os.fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        perfect().save(path)
    assert path.read_bytes() == b"earlier" and len(list(tmp_path.iterdir())) == 1


def test_files_that_are_no_calibration(tmp_path):
    path = tmp_path / "cal.npz"
    perfect().save(path)
    whole = path.read_bytes()
    np.savez(tmp_path / "other.npz", weights=np.zeros(3))
    for content in (b"", b"nonsense", whole[: len(whole) // 2], (tmp_path / "other.npz").read_bytes()):
        path.write_bytes(content)
        with pytest.raises(CalibrationError, match=r"cal.npz is not a calibration of plasticore, or damaged"):
            Calibration.load(path)
    dataclasses.replace(perfect(), good=np.ones((5, 2, 256), bool)).save(path)
    with pytest.raises(CalibrationError, match=r"good is bool\[5, 2, 256\], not bool\[6, 2, 256\]"):
        Calibration.load(path)


def spoiled(name, value):
    array = getattr(perfect(), name).copy()
    array.flat[5] = value
    return {name: array}


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"chip": identity(RAW) | {"imperfections": [1]}}, "imperfections of the chip are list"),
        ({"chip": identity(RAW) | {"capmem": "raw"}}, "capmem of the chip are str"),
        ({"chip": ["seed", "imperfections", "capmem"]}, "parts of what the chip was are missing"),
        ({"chip_seconds": float("nan")}, "chip_seconds are no number"),
        ({"slope": perfect().slope.astype(str)}, "slope is <U"),
        ({"zero": perfect().zero.astype(complex)}, "zero is complex128"),
        ({"before": perfect().before.astype(str)}, "before is <U"),
        ({"cadc_offset": perfect().cadc_offset.astype(float)}, "cadc_offset is float64"),
        (spoiled("slope", np.nan), "a curve has a slope of 0, or is not finite"),
        (spoiled("slope", 0.0), "a curve has a slope of 0, or is not finite"),
        (spoiled("zero", np.inf), "a curve has a slope of 0, or is not finite"),
    ],
)
def test_files_with_other_things_inside_are_refused(changes, words, tmp_path):
    path = tmp_path / "cal.npz"
    perfect(**changes).save(path)
    with pytest.raises(CalibrationError, match=rf"cal.npz is not a calibration of plasticore, or damaged: .*{words}"):
        Calibration.load(path)


@pytest.mark.parametrize(
    "calibration, config, words",
    [
        (perfect(), ChipConfig.raw(8), "made for the chip of seed 7, this is the chip of seed 8; calibrate this chip"),
        (perfect(), ChipConfig.ideal(7), "the chip ideal takes no calibration"),
        (
            perfect(),
            ChipConfig.raw(7, capmem=dataclasses.replace(CapMemConfig.raw(), leak_std_lsb=3.0)),
            "another chip: capmem.leak_std_lsb was 12.0 there and is 3.0 here",
        ),
        (
            perfect(),
            ChipConfig.raw(7, imperfections=ImperfectionConfig()),
            "another chip: imperfections.cadc_gain was True there and is False here",
        ),
        (perfect(version="0.0.1"), RAW, "made by plasticore 0.0.1, this is .*; calibrate again"),
    ],
)
def test_other_chips_and_versions_are_refused(calibration, config, words):
    chip = Chip(config)
    with pytest.raises(CalibrationError, match=words):
        chip.link.write_calibration(calibration)
    assert chip.calibration is None
    perfect().check_chip(ChipConfig.raw(7, strict=True, profile="mine.toml"))  # the same silicon


def test_a_chip_takes_its_calibration_before_its_registers():
    registers, calibration = Registers(), perfect()
    registers.enabled[0, :3] = True
    chip, raw = Chip(RAW), Chip(RAW)
    chip.link.write_calibration(calibration)
    for each in (chip, raw):
        each.link.write_registers(registers)
    assert abs(chip.core.membranes(4) - 80.0).mean() < 2.0 < 5.0 < abs(raw.core.membranes(4) - 80.0).mean()
    with pytest.raises(RuntimeError, match="write the calibration first"):
        raw.link.write_calibration(calibration)
    with pytest.raises(TypeError, match="takes a Calibration, not 'cal.npz'"):
        Chip(RAW).link.write_calibration("cal.npz")


@pytest.mark.parametrize(
    "field, value, words",
    [
        ("leak_lsb", 170.0, r"leak_lsb\[0, 2\] asks for 170 LSB, .* 3 neurons in all; .* calibrated to 50\.\.160 LSB"),
        ("reset_lsb", 49.0, r"50\.\.160 LSB"),
        ("threshold_lsb", 240.0, r"50\.\.220 LSB"),
    ],
)
def test_outside_the_calibratable_range_is_warned_of_with_the_range(field, value, words):
    registers = Registers()
    registers.enabled[0, 2:5] = True
    getattr(registers, field)[:, 2:] = value
    with pytest.warns(CalibrationWarning, match=words):
        Chip(RAW).link.write_registers(registers)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Chip(ChipConfig.ideal()).link.write_registers(registers)  # has no codes
        registers.enabled[...] = False
        Chip(RAW).link.write_registers(registers)


def test_outside_the_register_is_refused():
    registers = Registers()
    registers.leak_lsb[0, 0] = 256.0
    with pytest.raises(ValueError, match=r"leak_lsb\[0, 0\] is 256.0; the register takes 0..255"):
        Chip(RAW).link.write_registers(registers)


def test_a_chip_without_codes_needs_no_calibration():
    with pytest.raises(ValueError, match="the chip typical needs no calibration"):
        calibrate(ChipConfig.typical())


def leak_only(std_lsb=12.0):
    capmem = CapMemConfig(used=True, leak=True, leak_std_lsb=std_lsb)
    return ChipConfig(seed=2, capmem=capmem)


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr("chip.calibration.measurements.READS", 4)


@pytest.mark.parametrize("lie_lsb", [0, 10])
def test_a_parameter_alone_by_what_the_bench_reads(lie_lsb, short, monkeypatch):
    """A bench that reads 10 LSB too much gives leak potentials that are 10 LSB too low: nothing else is known."""
    read = Bench.read
    monkeypatch.setattr(Bench, "read", lambda self, count: read(self, count) + np.uint8(lie_lsb))
    procedure = Procedure(leak_only(), None)
    procedure._parameter(LEAK)
    calibration = procedure.result()
    before, after = calibration.spread("leak")
    assert before == pytest.approx(9.5, rel=0.2) and after < 0.05 * before
    registers = Registers()
    registers.leak_lsb[...] = np.linspace(60, 150, 256)
    made = true_values(leak_only(), calibration.codes(registers))["leak_lsb"]
    assert abs(made + lie_lsb - registers.leak_lsb).max() < 1.0
    assert trimmed_std(true_values(leak_only(), design_codes(registers))["leak_lsb"] - registers.leak_lsb) > 8.0
    np.testing.assert_array_equal(values_of(registers)[LEAK], registers.leak_lsb)


def test_channels_are_brought_together_by_a_reference(short):
    imperfections = ImperfectionConfig(cadc_offset=True, cadc_offset_std_lsb=15.0)
    procedure = Procedure(ChipConfig(seed=4, imperfections=imperfections, capmem=CapMemConfig(used=True)), None)
    procedure._channels()
    before, after = procedure.result().spread("cadc")
    assert 9.0 < before < 15.0 and after < 0.5
    registers = Registers()
    registers.cadc_reference_lsb[:] = 100.0, 0.0
    core = AnalogCore(procedure.bench.config, registers, procedure._codes())
    assert abs(core.cadc_result(core.post_cadc(4, 0)).astype(int) - 100).max() <= 1
    assert abs(core.cadc_result(core.post_cadc(4, 1)).astype(int) - 80).max() <= 1  # no reference: leak potentials


def test_the_bench_keeps_to_the_pace_of_the_converter():
    bench = Bench(leak_only())
    bench.write(Registers(), design_codes(Registers()), 1.0)
    with pytest.raises(ValueError, match="1700 ns or more apart"):
        bench._read(bench.now_ns + np.array([0, 1600]))
    assert bench.read(3).shape == (3, 2, 256) and bench.conversions == 3
    assert (bench.count_spikes(1.0) == 0).all()


@pytest.mark.parametrize("refractory_ns", [40, 4_000])
def test_what_is_read_after_resets_is_as_long_after_the_release(refractory_ns, monkeypatch):
    """Fast membranes, of 0.6 us, are measured right however long a reset holds them; and no counter counts a reset."""
    monkeypatch.setattr("chip.calibration.measurements.WHOLE_RESET_NS", refractory_ns)
    wanted = Registers()
    wanted.leak_lsb[...], wanted.reset_lsb[...], wanted.tau_mem_ns[...] = 70.0, 160.0, 600.0
    codes, bench = design_codes(wanted), Bench(ChipConfig(seed=2, capmem=CapMemConfig(used=True)))
    true = true_values(bench.config, codes)
    tau_us = measurements.read_tau_mem(bench, codes, 0.6)
    np.testing.assert_allclose(tau_us, true["tau_mem_ns"] / 1_000, rtol=0.01)
    wanted.tau_mem_ns[...] = 60_000.0
    reset_lsb = measurements.read_reset(bench, design_codes(wanted))
    np.testing.assert_allclose(reset_lsb, true["reset_lsb"], atol=0.51)
    resets = bench._core.counters["spikes"]
    assert resets > 0 and resets % 512 == 0
    assert (bench.count_spikes(5.0) == 0).all() and bench._core.counters["spikes"] == resets


def test_spreads_leave_out_the_ends_and_what_is_unknown():
    values = np.concatenate([np.full(50, -1e6), np.linspace(-1, 1, 900), np.full(50, 1e6), np.full(7, np.nan)])
    assert trimmed_std(values) == pytest.approx(np.linspace(-1, 1, 900).std())
    assert np.isnan(trimmed_std(np.array([np.nan])))


@pytest.mark.skipif(bool(numba_config.DISABLE_JIT), reason="takes minutes without compiled code")
def test_acausal_channels_are_brought_together_by_empty_sensors():
    imperfections = ImperfectionConfig(cadc_offset=True, cadc_offset_std_lsb=15.0, correlation_baseline=True)
    procedure = Procedure(ChipConfig(seed=4, imperfections=imperfections, capmem=CapMemConfig(used=True)), None)
    procedure._acausal_channels()
    before, after = procedure.result().spread("cadc_acausal")
    assert 9.0 < before < 17.0 and after < 0.5


@pytest.mark.skipif(bool(numba_config.DISABLE_JIT), reason="takes minutes without compiled code")
def test_trims_are_the_best_of_what_was_measured(monkeypatch):
    """Measured are the true amplitudes and time constants of this silicon; trims bring them nearer to the target."""
    monkeypatch.setattr("chip.calibration.sensors.DRIVERS", (5,))
    imperfections = ImperfectionConfig(correlation_amplitude=True, correlation_tau=True)
    config = ChipConfig(seed=4, imperfections=imperfections, capmem=CapMemConfig(used=True))
    procedure = Procedure(config, None)
    procedure._sensors()
    calibration = procedure.result()
    registers = sensors.stimulus(5)
    for codes, measured in (
        (design_codes(registers), calibration.sensors_before),
        (calibration.codes(registers), calibration.sensors_after),
    ):
        true = sensor_silicon(config, registers, silicon(config, registers, codes))
        rows = np.r_[:10, 12:256]  # but those of driver 5
        assert np.isnan(measured[:, :, :, 10:12]).all()
        np.testing.assert_allclose(measured[0][:, :, rows], true.amplitude_lsb[:, :, rows], rtol=0.06)
        error = measured[1][:, :, rows] / (true.tau_ns[:, :, rows] * 1e-3) - 1
        assert np.abs(error).max() < 0.25 and np.abs(error).std() < 0.03
    for name in SENSORS:
        assert 0.65 < calibration.ratio(name) < 0.85  # both branches of a synapse share its trims
    assert set(calibration.amplitude_trim.ravel()) == {0, 1, 2, 3} == set(calibration.time_trim.ravel())


def test_trims_of_registers_count_from_the_calibrated_ones():
    registers, calibration = Registers(), perfect()
    registers.correlation_amplitude_trim[0] = 2
    true = silicon(RAW, registers, calibration.codes(registers)).registers
    assert (true.correlation_amplitude_trim[0] == np.clip(calibration.amplitude_trim[0] + 1, 0, 3)).all()
    assert (true.correlation_amplitude_trim[1] == calibration.amplitude_trim[1]).all()
    assert (true.correlation_time_trim == calibration.time_trim).all()
