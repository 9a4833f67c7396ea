"""Results are written whole or not at all, and the same arrays are the same bytes."""

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from chip.base.assumption import Assumption, Weight
from chip.base.saving import npz_bytes, replace_together
from chip.energy import energy
from chip.ppu.processor.processor import WATCHDOG
from host.results.report import report
from host.results.result import JSON_NAME, NPZ_NAME, Result, check_writable, place_for
from host.results.verdict import sentence
from host.results.versions import versions

FIELDS = {
    *("format", "task", "rule", "where", "chip", "seed", "epochs", "metrics", "curve", "axes", "progress"),
    *("chip_seconds", "wall_seconds"),
    *("ppu", "events", "host_link", "assumptions", "versions", "config", "speed", "complete"),
}


def make_result(**changes) -> Result:
    settings = {
        "task": "yin-yang",
        "rule": "eventprop",
        "where": "chip",
        "chip": "ideal",
        "seed": 1,
        "epochs": 2,
        "metrics": {"accuracy": 0.5},
        "curve": "train_accuracy",
        "axes": {"train_accuracy": ["epoch"]},
        "progress": {"done": np.int64(100), "total": 200, "unit": "samples"},
        "chip_seconds": 2.0,
        "wall_seconds": 5.0,
        "ppu": {
            "cycles": np.int64(500_000_000),
            "busy_fraction": 0.25,
            "sram_used": 9_000,
            "sram_size": 16_384,
            "exit_codes": {"top": 0, "bottom": 0},
            "busy_cycles": {"top": {"kernel": 5}, "bottom": {"kernel": 5, "play": 1}},
        },
        "events": {"sent": 10, "delivered": 9, "lost": 1},
        "losses": {"recorded spikes": 0},
        "host_link": {"bytes_before": 1_000, "bytes_during": 0, "bytes_after": 2_000},
        "samples": 100,
        "simpy_events": 1_000,
        "speed": {
            "samples": 80,
            "wall_us_per_sample": 50_000.0,
            "chip_us_per_sample": 20_000.0,
            "compile_seconds": 1.5,
            "chip_parts": {"bottom": {"play": 12_000.25, "wait": 7_999.75}},
        },
        "assumptions": ["a player (assumed)", "a writer"],
        "versions": versions(),
        "config": {"seed": 1, "ppu": {"program_limit_cycles": 1_000_000}},
        "arrays": {"weights": np.arange(6, dtype=np.uint8).reshape(2, 3), "train_accuracy": np.array([0.25, 0.5])},
    }
    return Result(**(settings | changes))


def test_saved_result_comes_back(tmp_path):
    result = make_result()
    result.save(tmp_path / "new" / "run")
    back = Result.load(tmp_path / "new" / "run")
    assert back.summary() == result.summary()
    assert np.array_equal(back.weights, result.weights) and back.weights.dtype == np.uint8
    assert sorted(path.name for path in (tmp_path / "new" / "run").iterdir()) == [JSON_NAME, NPZ_NAME]


def test_json_has_the_promised_fields_as_plain_numbers(tmp_path):
    make_result().save(tmp_path)
    written = json.loads((tmp_path / JSON_NAME).read_text())
    assert FIELDS <= set(written)
    assert written["where"] == "chip"
    assert written["ppu"]["cycles"] == 500_000_000
    assert written["format"] == 2 and written["metrics"] == {"accuracy": 0.5}
    assert written["progress"] == {"done": 100, "total": 200, "unit": "samples"}
    assert set(written["versions"]) == {"plasticore", "python", "numpy", "numba", "simpy"}


def test_wall_time_is_not_in_the_arrays_file(tmp_path):
    make_result(wall_seconds=5.0).save(tmp_path / "a")
    make_result(wall_seconds=6.0).save(tmp_path / "b")
    assert (tmp_path / "a" / NPZ_NAME).read_bytes() == (tmp_path / "b" / NPZ_NAME).read_bytes()
    assert (tmp_path / "a" / JSON_NAME).read_bytes() != (tmp_path / "b" / JSON_NAME).read_bytes()


def test_same_arrays_are_the_same_bytes_whatever_their_order_layout_and_process():
    values = {"b": np.arange(12.0).reshape(3, 4), "a": np.array(7)}
    transposed = {"a": np.array(7), "b": np.asfortranarray(np.arange(12.0).reshape(3, 4))}
    assert npz_bytes(values) == npz_bytes(transposed)
    code = (
        "import hashlib, numpy as np; from chip.base.saving import npz_bytes;"
        "print(hashlib.sha256(npz_bytes({'b': np.arange(12.).reshape(3, 4), 'a': np.array(7)})).hexdigest())"
    )
    root = Path(__file__).resolve().parents[3]
    runs = {
        subprocess.run(
            [sys.executable, "-c", code], cwd=root, capture_output=True, check=True, env=os.environ | {"TZ": zone}
        ).stdout
        for zone in ("UTC", "Asia/Tokyo")
    }
    assert len(runs) == 1


def test_a_changed_value_changes_the_bytes():
    assert npz_bytes({"a": np.array([1.0])}) != npz_bytes({"a": np.array([1.0 + 2**-52])})


@given(arrays(np.int16, array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4), elements=st.integers(-9, 9)))
def test_numpy_reads_what_we_write(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("npz") / NPZ_NAME
    path.write_bytes(npz_bytes({"values": values}))
    with np.load(path, allow_pickle=False) as archive:
        assert archive["values"].dtype == values.dtype and np.array_equal(archive["values"], values)
    assert zipfile.ZipFile(path).testzip() is None


def test_objects_are_refused_before_a_file_appears(tmp_path):
    with pytest.raises(ValueError, match="allow_pickle"):
        make_result(arrays={"weights": np.array([object()])}).save(tmp_path / "run")
    with pytest.raises(TypeError, match="cannot hold a object"):
        make_result(config={"chip": object()}).save(tmp_path / "run")
    with pytest.raises(ValueError, match="not JSON compliant"):
        make_result(metrics={"accuracy": float("nan")}).save(tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("failing_call", [1, 2])
@pytest.mark.parametrize("operation", ["replace", "fsync"])
def test_an_error_at_any_step_leaves_the_earlier_result(tmp_path, monkeypatch, operation, failing_call):
    make_result(seed=1).save(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    fail_once(monkeypatch, operation, failing_call)
    with pytest.raises(OSError, match="disk on fire"):
        make_result(seed=2, arrays={"weights": np.zeros(9)}).save(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("failing_call", [1, 2])
@pytest.mark.parametrize("operation", ["replace", "fsync"])
def test_an_error_at_any_step_of_a_first_result_leaves_nothing(tmp_path, monkeypatch, operation, failing_call):
    fail_once(monkeypatch, operation, failing_call)
    with pytest.raises(OSError, match="disk on fire"):
        make_result().save(tmp_path)
    assert list(tmp_path.iterdir()) == []


def fail_once(monkeypatch, operation: str, call: int) -> None:
    """Make the n-th call of ``os.<operation>`` fail."""
    original, calls = getattr(os, operation), []

    def wrapped(*arguments):
        calls.append(arguments)
        if len(calls) == call:
            raise OSError("disk on fire")
        return original(*arguments)

    monkeypatch.setattr(os, operation, wrapped)


def test_both_files_are_on_disk_before_one_is_renamed(tmp_path, monkeypatch):
    seen, original = [], os.replace

    def look(source, target):
        seen.append((Path(target).name, sorted(path.name for path in tmp_path.iterdir())))
        original(source, target)

    monkeypatch.setattr(os, "replace", look)
    make_result().save(tmp_path)
    assert seen[0] == (NPZ_NAME, [f"{JSON_NAME}.{os.getpid()}.partial", f"{NPZ_NAME}.{os.getpid()}.partial"])
    assert seen[1] == (JSON_NAME, [f"{JSON_NAME}.{os.getpid()}.partial", NPZ_NAME])


def test_files_of_two_runs_are_not_taken_for_one(tmp_path):
    make_result().save(tmp_path)
    (tmp_path / NPZ_NAME).write_bytes(npz_bytes({"weights": np.zeros(3)}))
    with pytest.raises(ValueError, match=r"is not the file that result\.json beside it was written with"):
        Result.load(tmp_path)


def test_replace_together_of_one_file(tmp_path):
    replace_together({tmp_path / "a": b"1"})
    assert (tmp_path / "a").read_bytes() == b"1"


def test_probe_leaves_nothing(tmp_path):
    check_writable(tmp_path / "a" / "b")
    check_writable(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_probe_refuses_what_cannot_be_a_directory(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "run" / JSON_NAME).mkdir(parents=True)
    for bad in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(ValueError, match=r"/file is a file; --out names a directory$"):
            check_writable(bad)
    with pytest.raises(ValueError, match=r"results cannot be written to .*: .*too long"):
        check_writable(tmp_path / ("x" * 300))
    with pytest.raises(ValueError, match=r"result\.json is a directory there"):
        check_writable(tmp_path / "run")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", JSON_NAME, "run"]


def test_probe_names_the_parent_that_refuses(tmp_path, monkeypatch):
    def refuse(path, *arguments, **options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(ValueError) as refusal:
        check_writable(tmp_path / "a" / "b")
    expected = f"results cannot be written to {tmp_path}/a/b: nothing can be made in {tmp_path}: Permission denied"
    assert str(refusal.value) == expected


def test_probe_sees_that_an_interrupted_result_could_not_be_kept(tmp_path):
    (tmp_path / "interrupted").write_text("")
    with pytest.raises(ValueError, match="interrupted is a file there"):
        check_writable(tmp_path)


def test_report_shows_what_the_bench_wants():
    text = report(make_result())
    assert text.splitlines()[0] == "yin-yang learned by eventprop on chip ideal, seed 1, 2 epochs"
    for part in (
        "accuracy      0.5000, train accuracy 0.5000 in epoch 2",
        "chip time     2 s for 100 samples, those of evaluation included",
        "wall time     5 s without compiling, 2.5 times chip time",
        "per sample    20000.0 us on the chip, 50000.0 us here, 2.50 times chip time",
        "compiling     1.5 s for loading and first calls",
        "bottom PPU    play 12000.2, wait 7999.8 us",
        "PPU load      25.0% of 500.00 M cycles on the bottom one, the busier\n",
        "PPU SRAM      9000 of 16384 bytes",
        "events        10 sent, 9 delivered, 1 lost",
        "host link     1000 bytes before, 0 during, 2000 after",
        "exit codes    top 0, bottom 0\n",
        "assumed       a player\n",
        "              a writer",
    ):
        assert part in text
    assert "LOST OR LATE" not in text and "got to" not in text


def test_report_has_one_line_of_energy():
    text = report(make_result(energy=energy(2.0, 20_000.0)))
    assert (
        text.count(
            "energy        4 to 14 mJ of the chip a training sample, powered for 20000.0 us, 0.2 to 0.7 W assumed; 112"
        )
        == 1
    )


def test_of_many_assumptions_the_weightiest_are_shown_and_counted(tmp_path):
    light = [f"setting{i} = {i} (assumed)" for i in range(30)]
    weighty = [
        Assumption("branches are quick", "assumed; faster than the chip", weight=Weight.COST_BELOW),
        Assumption("a player", "assumed gateware", weight=Weight.GATEWARE),
    ]
    result = make_result(assumptions=[*light, *weighty])
    lines = report(result, tmp_path).splitlines()
    first = lines.index("  assumed       32 things, all in result.json; --assumptions shows them, and above all:")
    assert [line.strip() for line in lines[first + 1 : -1]] == weighty[::-1]
    assert lines[-1].startswith("  results ")
    assert "  assumed       32 things, all in result.assumptions, and above all:\n" in report(result)
    every = report(result, tmp_path, every_assumption=True)
    assert "things" not in every and all(text.removesuffix(" (assumed)") in every for text in result.assumptions)
    plain = report(make_result(assumptions=light))
    assert plain.endswith("  assumed       30 things, all in result.assumptions")
    assert result.summary()["assumptions"] == [*light, *weighty]


def test_what_is_assumed_of_the_link_weighs_where_a_host_learns_only():
    light = [f"setting{i} = {i} (assumed)" for i in range(30)]
    weighty = [Assumption(weight.name, weight=weight) for weight in Weight]
    assert [line.split()[-1] for line in report(make_result(assumptions=light + weighty)).splitlines()[-4:]] == [
        *("GATEWARE", "COST_BELOW", "COST_ABOVE", "REACH"),
    ]
    of_a_host = make_result(
        where="host",
        assumptions=light + weighty,
        time={"chip_s": 1.0, "link_s": 1.0, "host_s": 1.0},
        host_link=make_result().host_link | {"runs": 1, "round_trips": 1, "preset": "today", "seconds_by_preset": {}},
    )
    assert [line.split()[-1] for line in report(of_a_host).splitlines()[-5:]] == [
        *("CLOCK", "LINK", "GATEWARE", "COST_BELOW", "COST_ABOVE"),
    ]


@pytest.mark.parametrize(
    ("preset", "link_s", "link_us", "said"),
    [
        ("today", 2.5, 216.25, ("2.5 s (today) or 0.5 s (optimistic)", "216.2 us (today) or 56.2 us (optimistic)")),
        ("optimistic", 0.5, 56.25, ("0.5 s (optimistic) or 2.5 s (today)", "56.2 us (optimistic) or 216.2 us (today)")),
        (
            *("own settings", 9.0, 900.0),
            (
                "9 s (own settings) or 2.5 s (today) or 0.5 s (optimistic)",
                "900.0 us (own settings) or 216.2 us (today) or 56.2 us (optimistic)",
            ),
        ),
    ],
)
def test_what_the_link_takes_is_said_of_both_presets(preset, link_s, link_us, said):
    by_preset = {"today": 216.25, "optimistic": 56.25}
    own = {"link_us_per_sample": link_us, "link_us_per_sample_by_preset": by_preset, "host_us_per_sample": 30.0}
    link = {"runs": 4, "round_trips": 12, "preset": preset, "seconds_by_preset": {"today": 2.5, "optimistic": 0.5}}
    before = {"today": 0.1125, "optimistic": 0.0135}
    loading = {"preset": preset, "seconds_before": before.get(preset, 3.0), "seconds_before_by_preset": before}
    text = report(
        make_result(
            where="host",
            time={"chip_s": 1.0, "link_s": link_s, "host_s": 1.0},
            host_link=make_result().host_link | link | loading,
            speed=make_result().speed | own,
        )
    )
    assert f"  link time     {said[0]} for 4 runs and 12 round trips\n" in text
    assert f" us on the chip, {said[1]} on the link, 30.0 us on the host, " in text
    alone = report(make_result(host_link=make_result().host_link | loading))
    assert "link time" not in alone
    for shown in (text, alone):
        (line,) = (line for line in shown.splitlines() if line.startswith("  host link "))
        _, times = line.split("2000 after learning; loading takes ")
        assert set(times.split(" or ")) >= {"0.113 s (today)", "0.0135 s (optimistic)"} and f"({preset}) or " in times


def test_report_of_a_run_without_timed_samples():
    names = ("wall_us_per_sample", "chip_us_per_sample", "compile_seconds")
    speed = {"samples": 0, **dict.fromkeys(names), "chip_parts": {}}
    assert "per sample    not measured, too few training samples\n" in report(make_result(speed=speed))


def test_report_is_loud_about_losses_and_interrupts():
    ppu = make_result().ppu | {"exit_codes": {"top": None, "bottom": 0}}
    lost = {"doorbells": 3, "recorded spikes": 0}
    text = report(make_result(complete=False, metrics={"accuracy": None}, losses=lost, ppu=ppu))
    unrouted = {"sent": 10, "delivered": 9, "lost": 1, "unrouted": 4}
    assert "events        10 sent, 9 delivered, 1 lost, 4 unrouted\n" in report(make_result(events=unrouted))
    unplayed = {"sent": 10, "delivered": 10, "lost": 0, "unplayed": 7}
    assert "events        10 sent, 10 delivered, 0 lost, 7 unplayed\n" in report(make_result(events=unplayed))
    assert text.startswith("INTERRUPTED, incomplete: yin-yang")
    assert "accuracy      not reached" in text
    assert "LOST OR LATE  3 doorbells\n" in text
    assert "got to        100 of 200 samples, 2 of 2 epochs\n" in text
    assert "exit codes    top none yet, bottom 0\n" in text


@pytest.mark.parametrize(
    ("codes", "start", "said"),
    [
        ({"top": WATCHDOG, "bottom": 0}, "STOPPED BY THE WATCHDOG, incomplete: yin", "the top PPU after 1000000 "),
        ({"top": WATCHDOG, "bottom": WATCHDOG}, "STOPPED BY THE WATCHDOG, incomplete: yin", "the top PPU and the bot"),
        ({"top": -1, "bottom": 0}, "ENDED WITH AN ERROR, incomplete: yin", "the top PPU ended with exit code -1; "),
        ({"top": 0, "bottom": 3}, "ENDED WITH AN ERROR, incomplete: yin", "the bottom PPU ended with exit code 3; "),
        ({"top": None, "bottom": None}, "INTERRUPTED, incomplete: yin", "interrupted after 100 of 200 samples, 2 of 2"),
    ],
)
def test_headline_and_sentence_say_how_a_run_ended(codes, start, said):
    result = make_result(complete=False, ppu=make_result().ppu | {"exit_codes": codes})
    assert report(result).startswith(start)
    assert said in sentence(result)


def test_sentence_of_a_good_run_is_empty_and_losses_have_one():
    assert sentence(make_result()) == ""
    assert sentence(make_result(losses={"doorbells": 3, "events": 0})).startswith("lost or late: 3 doorbells; ")


@pytest.mark.parametrize(
    ("count", "shown"),
    [(999, "999 cycles"), (1_000, "1.00 k cycles"), (20_500_000, "20.50 M cycles"), (4_420_000_000, "4.42 G cycles")],
)
def test_cycles_are_readable(count, shown):
    assert f"25.0% of {shown} on" in report(make_result(ppu=make_result().ppu | {"cycles": count}))


def test_title_names_both_seeds_where_they_differ():
    title = report(make_result(config={"seed": 9})).splitlines()[0]
    assert title == "yin-yang learned by eventprop on chip ideal, program seed 1, chip seed 9, 2 epochs"


def test_results_compare_and_print_without_their_arrays():
    assert (make_result() == make_result()) is False
    assert repr(make_result()) == "<Result yin-yang eventprop chip=ideal seed=1 epochs=2 accuracy=0.5>"
    assert repr(make_result(complete=False)).endswith(" incomplete>")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is not a result of plasticore, or damaged: "),
        ("\xff", "is not a result of plasticore, or damaged: "),
        ("[1]", "is not a result of plasticore: it holds a list"),
        ('{"name": "left-pad"}', "is not a result of this version of plasticore: it has no "),
    ],
)
def test_what_is_not_a_result_is_refused_with_the_name_of_the_file(tmp_path, text, said):
    make_result().save(tmp_path)
    (tmp_path / JSON_NAME).write_bytes(text.encode("latin-1"))
    with pytest.raises(ValueError, match="^" + re.escape(f"{tmp_path / JSON_NAME} {said}")):
        Result.load(tmp_path)


def test_unknown_field_is_refused(tmp_path):
    make_result().save(tmp_path)
    summary = json.loads((tmp_path / JSON_NAME).read_text()) | {"colour": "red"}
    (tmp_path / JSON_NAME).write_text(json.dumps(summary))
    with pytest.raises(ValueError, match=r"result\.json is not a result of this version .*: colour is unknown"):
        Result.load(tmp_path)


def test_incomplete_result_does_not_replace_a_complete_one(tmp_path):
    incomplete = make_result(complete=False)
    assert place_for(incomplete, tmp_path) == tmp_path
    incomplete.save(tmp_path)
    assert place_for(incomplete, tmp_path) == tmp_path
    make_result().save(tmp_path)
    assert place_for(make_result(), tmp_path) == tmp_path
    assert place_for(incomplete, tmp_path) == tmp_path / "interrupted"
    (tmp_path / JSON_NAME).write_text("somebody's notes")
    assert place_for(incomplete, tmp_path) == tmp_path / "interrupted"


OF_FIRST_FORMAT = {"accuracy": 0.5, "train_accuracy": [0.25, 0.5], "samples_total": 200}


def test_a_result_of_the_first_format_is_read(tmp_path):
    result = make_result()
    result.arrays |= {"validation_accuracy": np.array(0.4), "test_spikes": np.array(np.nan)}
    result.save(tmp_path)
    written = json.loads((tmp_path / JSON_NAME).read_text())
    for name in ("format", "metrics", "curve", "axes", "progress"):
        del written[name]
    (tmp_path / JSON_NAME).write_text(json.dumps(written | OF_FIRST_FORMAT))
    back = Result.load(tmp_path)
    assert back.metrics == {"accuracy": 0.5, "validation_accuracy": 0.4, "test_spikes": None}
    assert back.accuracy == back.value == 0.5 and back.learning.tolist() == [0.25, 0.5]
    assert back.progress == {"done": 100, "total": 200, "unit": "samples"}
    assert set(back.arrays) == {"weights", "train_accuracy"}
    assert report(back).splitlines()[1].startswith("  accuracy      0.5000, validation accuracy 0.4000, train ")
    back.save(tmp_path / "again")
    assert Result.load(tmp_path / "again").summary() == back.summary()
    (tmp_path / JSON_NAME).write_text(json.dumps(written | OF_FIRST_FORMAT | {"format": 3}))
    with pytest.raises(ValueError, match="of this version of plasticore: its format is 3, not 1 or 2"):
        Result.load(tmp_path)


def test_a_result_may_end_in_any_metric_or_none():
    arrays = {"rates": np.array([9.0, 11.5])}
    metrics = {"rate_error": 0.512345, "mean_rate": 11.5, "reward": None}
    settings = {"task": None, "rule": "homeostasis", "seed": None, "epochs": None, "samples": 0, "curve": "rates"}
    progress = {"done": 2, "total": None, "unit": "updates"}
    result = make_result(**settings, metrics=metrics, arrays=arrays, axes={"rates": ["update"]}, progress=progress)
    lines = report(result).splitlines()
    assert lines[0] == "homeostasis on chip ideal, seed 1"
    assert lines[1] == "  rate error    0.5123, mean rate 11.5, rates 11.5 in update 2"
    assert lines[2] == "  chip time     2 s"
    with pytest.raises(AttributeError, match="accuracy is no metric of homeostasis; its metrics are: rate_error"):
        _ = result.accuracy
    result.complete, result.ppu["exit_codes"] = False, {"top": None}
    assert "  got to        2 updates\n" in report(result)
    silent = make_result(metrics={}, curve=None)
    assert silent.headline is None and silent.value is None and silent.learning.size == 0
    assert report(silent).splitlines()[1].startswith("  chip time ")
