"""What users hand to a chip: integers and floats of any type come to the same, anything else is refused in a sentence.

Each entry is an argument of a public function. It is given one good value in every type that holds it, which has to
have the same effect as Python's own; and everything that it cannot be, where an error has to come from the project's
own code, and not from numpy or numba, with a sentence.
"""

import functools
import inspect

import numpy as np
import pytest

from chip import Chip, ChipConfig, Program, Registers
from chip.base.config import CadcConfig, FpgaConfig, ImperfectionConfig, LimitConfig, PpuConfig, RouterConfig
from chip.core.core import AnalogCore
from chip.core.operations import Posting
from chip.fpga import PlaybackProgram, SampleSet
from chip.link import HostLink
from chip.ppu import Doorbell, Memory, Timer, u8
from chip.testing import UncompiledScript, load_firmware, run_firmware
from chip.testing.networks import random_network
from tests.entry import (
    NO_NUMBER,
    assert_any_array,
    assert_any_float,
    assert_any_integer,
    cases,
    is_refused,
    wrong_arrays,
)


def wait(ppu):
    yield ppu.wait(100)
    return 0


def registers():
    made = random_network(1)
    made.correlation_enabled = made.padi_from_processor = True
    return made


@functools.cache
def fresh_core():
    """A core, and the snapshot from which it begins each time, which takes less than to build one."""
    made = AnalogCore(ChipConfig.ideal(), registers())
    return made, made.snapshot()


def seen(core):
    """What a core comes to, as bytes."""
    core.advance(20_000)
    return {name: array.tobytes() for name, array in core.snapshot().items()}


def linked(started=True):
    made = load_firmware(Chip(ChipConfig.ideal()), UncompiledScript(wait), registers=registers())
    if started:
        made.start()
        made.run()
    return made


def of_core(act):
    """An effect on a core, and what the call returns."""

    def effect(value):
        made, begun = fresh_core()
        made.restore(begun)
        found = act(made, value)
        return found, seen(made)

    return effect


def of_link(act):
    def effect(value):
        made = linked()
        found = act(made.link, value)
        return found, made.weights(), [ppu.sram.tobytes() for ppu in made.processors], made.external.block_ram.tobytes()

    return effect


def of_object(make):
    def effect(value):
        made = make(value)
        return {name: found for name, found in vars(made).items() if isinstance(found, int | float | np.ndarray | str)}

    return effect


def conversion(core, time_ns, hemisphere):
    return core.cadc_result(core.post_cadc(time_ns, hemisphere))


def correlation(core, time_ns, hemisphere, row):
    return core.correlation_result(core.post_correlation(time_ns, hemisphere, row))


def paused(until_ns):
    made = load_firmware(Chip(ChipConfig.ideal()), UncompiledScript(wait), registers=registers())
    made.start()
    made.run(until_ns=until_ns)
    return made.now_ns


def probed(**arguments):
    probe = linked(False).probe(**{"what": "membrane", "of": 3, "every_ns": 100, **arguments})
    return probe.of, probe.every_ns, probe.most


WEIGHTS = np.full((1, 128), 7, np.uint8)
MASKS = np.full((2, 128), 3, np.uint8)
LANES = np.ones(128, np.uint8)
SCALARS = {  # name -> effect of a whole number, and one that is good
    "advance": (of_core(lambda core, value: core.advance(value)), 100),
    "membranes": (of_core(lambda core, value: core.membranes(value)), 100),
    "state": (of_core(lambda core, value: core.state(value)), 100),
    "spike_totals": (of_core(lambda core, value: core.spike_totals(value)), 100),
    "weights": (of_core(lambda core, value: core.weights(value)), 100),
    "spikes, from": (of_core(lambda core, value: core.spikes(value, 20_000)), 100),
    "spikes, to": (of_core(lambda core, value: core.spikes(0, value)), 100),
    "all_spikes, from": (of_core(lambda core, value: core.all_spikes(value, 20_000)), 100),
    "all_spikes, to": (of_core(lambda core, value: core.all_spikes(0, value)), 100),
    "forget_before": (of_core(lambda core, value: core.forget_before(value)), 100),
    "keep_record": (of_core(lambda core, value: core.keep_record(value)), 100),
    "post_events, zero": (of_core(lambda core, value: core.post_events([8], [3], value)), 104),
    "post_padi_event, time": (of_core(lambda core, value: core.post_padi_event(value, 0, 3, 1, 2)), 104),
    "post_padi_event, hemisphere": (of_core(lambda core, value: core.post_padi_event(104, value, 3, 1, 2)), 1),
    "post_padi_event, busses": (of_core(lambda core, value: core.post_padi_event(104, 0, value, 1, 2)), 5),
    "post_padi_event, row_select": (of_core(lambda core, value: core.post_padi_event(104, 0, 3, value, 2)), 5),
    "post_padi_event, label": (of_core(lambda core, value: core.post_padi_event(104, 0, 3, 1, value)), 5),
    **{
        f"post_generator, {name}": (
            of_core(
                lambda core, value, name=name: core.post_generator(**{"time_ns": 104, "generator": 1, name: value})
            ),
            104,
        )
        for name in ("time_ns", "period", "rate", "seed", "mask", "label")
    },
    "post_generator, generator": (of_core(lambda core, value: core.post_generator(104, value)), 5),
    "post_weight_rows, hemisphere": (
        of_core(lambda core, value: core.post_weight_rows([104], value, [3], 0, WEIGHTS)),
        1,
    ),
    "post_weight_rows, half": (of_core(lambda core, value: core.post_weight_rows([104], 0, [3], value, WEIGHTS)), 1),
    "post_row, time": (of_core(lambda core, value: core.post_row(value, 80, 0, 3, MASKS)), 104),
    "post_row, step": (of_core(lambda core, value: core.post_row(104, value, 0, 3, MASKS)), 80),
    "post_row, hemisphere": (of_core(lambda core, value: core.post_row(104, 80, value, 3, MASKS)), 1),
    "post_row, row": (of_core(lambda core, value: core.post_row(104, 80, 0, value, MASKS)), 3),
    "post_neuron_reset, time": (of_core(lambda core, value: core.post_neuron_reset(value, 0, 1)), 104),
    "post_neuron_reset, hemisphere": (of_core(lambda core, value: core.post_neuron_reset(104, value, 1)), 1),
    "post_neuron_reset, half": (of_core(lambda core, value: core.post_neuron_reset(104, 0, value)), 1),
    "post_cadc, time": (of_core(lambda core, value: conversion(core, value, 1)), 104),
    "post_cadc, hemisphere": (of_core(lambda core, value: conversion(core, 104, value)), 1),
    "post_correlation, time": (of_core(lambda core, value: correlation(core, value, 0, 3)), 104),
    "post_correlation, hemisphere": (of_core(lambda core, value: correlation(core, 104, value, 3)), 1),
    "post_correlation, row": (of_core(lambda core, value: correlation(core, 104, 0, value)), 100),
    "post_correlation_reset, row": (
        of_core(lambda core, value: core.post_correlation_reset(104, 0, value, MASKS)),
        100,
    ),
    "post_whole_correlation_reset, row": (
        of_core(lambda core, value: core.post_whole_correlation_reset(104, 80, 0, value)),
        100,
    ),
    "write_weights, hemisphere": (of_link(lambda link, value: link.write_weights(value, [3], [2], [[1, 2, 3, 4]])), 1),
    "write_sram, hemisphere": (of_link(lambda link, value: link.write_sram(value, "row", [1, 2])), 0),
    "read_sram, hemisphere": (of_link(lambda link, value: link.read_sram(value, "row")), 0),
    "read_sram, count": (of_link(lambda link, value: link.read_sram(0, "row", value)), 100),
    "read_external, count": (of_link(lambda link, value: link.read_external(0x8000_0000, value)), 100),
    "book_stimuli": (of_link(lambda link, value: link.book_stimuli(value)), 100),
    "load_program": (of_link(lambda link, value: link.load_program(value, UncompiledScript(wait))), 1),
    "run, until": (paused, 100),
    "probe, neuron": (lambda value: probed(of=value), 100),
    "probe, period": (lambda value: probed(every_ns=value), 100),
    "probe, most": (lambda value: probed(most=value), 100),
    "samples, duration": (
        of_object(lambda value: SampleSet(np.array([0, 1]), np.array([8]), np.array([3]), np.array([0]), value)),
        80,
    ),
    "config, seed": (of_object(lambda value: ChipConfig(seed=value)), 100),
    "config, latency": (of_object(lambda value: RouterConfig(on_chip_latency_ns=value)), 104),
    "config, conversion": (of_object(lambda value: CadcConfig(read_cycles=value)), 100),
    "config, record": (of_object(lambda value: FpgaConfig(player_latency_ns=value)), 104),
    "config, write": (of_object(lambda value: PpuConfig(omnibus_write_cycles=value)), 100),
    "timer, period": (of_object(lambda value: Timer(start=0, period=value, count=1)), 100),
    "timer, start": (of_object(lambda value: Timer(start=value, period=3, count=1)), 100),
    "doorbell, line": (of_object(lambda value: Doorbell(line=value)), 3),
    "memory": (lambda value: str(Memory(row=u8[value])["row"]), 100),
    "run_firmware, exit code": (lambda value: run_firmware(UncompiledScript(end_with_5), exit_code=value).now_ns, 5),
}
REALS = {  # name -> effect of a number, and one that is good
    "registers, leak": (of_object(lambda value: Registers(leak_lsb=value)), 64),
    "registers, time constant": (of_object(lambda value: Registers(cadc_reference_lsb=value)), 100),
    "imperfection": (of_object(lambda value: ImperfectionConfig(cadc_noise_std_lsb=value)), 2),
    "limit": (of_object(lambda value: LimitConfig(lower_bound_lsb=value)), 40),
}
ARRAYS = {  # name -> effect of a row of whole numbers, and one that is good
    "post_events, times": (of_core(lambda core, value: core.post_events(value, [1, 2, 3])), [8, 80, 120]),
    "post_events, labels": (of_core(lambda core, value: core.post_events([8, 80, 120], value)), [1, 2, 127]),
    "post_weight_rows, times": (
        of_core(lambda core, value: core.post_weight_rows(value, 0, [1, 2, 3], 0, np.repeat(WEIGHTS, 3, 0))),
        [8, 80, 120],
    ),
    "post_weight_rows, rows": (
        of_core(lambda core, value: core.post_weight_rows([8, 80, 120], 0, value, 0, np.repeat(WEIGHTS, 3, 0))),
        [1, 2, 127],
    ),
    "spike_counts, neurons": (of_core(lambda core, value: core.spike_counts(value, [8, 80, 120])), [1, 2, 127]),
    "spike_counts, times": (of_core(lambda core, value: core.spike_counts([1, 2, 3], value)), [8, 80, 120]),
    "write_weights, rows": (
        of_link(lambda link, value: link.write_weights(0, value, [1, 2], [[1, 2, 3, 4]] * 2)),
        [3, 100],
    ),
    "write_weights, words": (
        of_link(lambda link, value: link.write_weights(0, [1, 2], value, [[1, 2, 3, 4]] * 2)),
        [3, 63],
    ),
    "write_sram": (of_link(lambda link, value: link.write_sram(0, "row", value)), [3, 100]),
    "samples, times": (
        of_object(lambda value: SampleSet(np.array([0, 2]), value, np.array([3, 3]), np.array([0]), 160)),
        [8, 120],
    ),
    "samples, offsets": (
        of_object(lambda value: SampleSet(value, np.array([8, 8]), np.array([3, 3]), np.array([0]), 160)),
        [0, 2],
    ),
    "samples, labels": (
        of_object(lambda value: SampleSet(np.array([0, 2]), np.array([8, 8]), value, np.array([0]), 160)),
        [0, 127],
    ),
    "samples, tags": (
        of_object(lambda value: SampleSet(np.array([0, 2, 2]), np.array([8, 8]), np.array([3, 3]), value, 160)),
        [0, 127],
    ),
    "playback, times": (of_object(lambda value: PlaybackProgram(value, [1, 2])), [8, 120]),
    "playback, labels": (of_object(lambda value: PlaybackProgram([8, 16], value)), [1, 127]),
    "probe, neurons": (lambda value: probed(of=value), [3, 127]),
}
GRIDS = {  # name -> effect of a table of whole numbers, and one that is good
    "post_weight_rows": (of_core(lambda core, value: core.post_weight_rows([8], 0, [1], 0, value)), [[7, 63] * 64]),
    "post_correlation_reset": (
        of_core(lambda core, value: core.post_correlation_reset(8, 0, 1, value)),
        [[1, 3] * 64] * 2,
    ),
    "write_weights": (of_link(lambda link, value: link.write_weights(0, [3], [2], value)), [[1, 2, 3, 63]]),
    "registers, weights": (of_object(lambda value: Registers(weights=value)), [[63]]),
    "probe, synapses": (lambda value: probed(what="weights", of=value), [[0, 3, 127]]),
}


def end_with_5(ppu):
    yield ppu.wait(1)
    return 5


@pytest.mark.parametrize(("effect", "good"), cases(SCALARS, REALS))
def test_a_number_of_any_integer_type_is_what_it_is_in_python(effect, good):
    assert_any_integer(effect, good)


@pytest.mark.parametrize(("effect", "good"), cases(REALS))
def test_so_is_a_number_of_any_float_type(effect, good):
    assert_any_float(effect, good)


@pytest.mark.parametrize(("effect", "good"), cases(SCALARS))
def test_what_is_no_whole_number_is_refused(effect, good):
    for value in [10**30, -(10**30)]:
        is_refused(effect, value, may_pass=True)  # "up to any time", "from long ago on"
    for value in [*NO_NUMBER, 3.5, float(good), np.float32(good), np.array([[good]])]:
        if value is not None and not isinstance(value, str):  # which mean "all", or name something, here and there
            is_refused(effect, value)


@pytest.mark.parametrize(("effect", "good"), cases(REALS))
def test_what_is_no_number_is_refused(effect, good):
    for value in [*NO_NUMBER, np.array([[[good]]] * 3), -(10**30), np.array([object()] * 256)]:
        is_refused(effect, value)


@pytest.mark.parametrize(("effect", "good"), cases(ARRAYS, GRIDS))
def test_arrays_of_any_integer_type_and_form_are_the_same(effect, good):
    assert_any_array(effect, good)


@pytest.mark.parametrize(("effect", "good"), cases(ARRAYS, GRIDS))
def test_arrays_of_anything_else_are_refused(effect, good):
    array = np.array(good)
    for value in wrong_arrays(array):
        is_refused(effect, value)
    is_refused(effect, array > 100)  # bools that are no mask


def test_every_public_function_of_core_and_link_is_in_the_tables():
    """So that a new one is not forgotten."""
    told = "".join(inspect.getsource(inspect.getmodule(test_every_public_function_of_core_and_link_is_in_the_tables)))
    for owner in (AnalogCore, Posting, HostLink):
        for name, function in vars(owner).items():
            if name.startswith("_") or not inspect.isfunction(function) or name in ELSEWHERE:
                continue
            if len(inspect.signature(function).parameters) > 1:
                assert f".{name}(" in told, f"{owner.__name__}.{name}"


ELSEWHERE = {
    # whose arguments are objects that check themselves, or names; or bytes and nothing else
    *("configure", "restore", "write_calibration", "write_registers", "write_samples", "write_stimuli"),
    *("write_playback", "write_external", "record_trace", "traffic", "seconds", "read_recording"),
    # what other parts of the chip call, with arrays of their own types
    *("post_part", "insert_events", "tell_events", "try_weight_rows", "copy_conversion", "pack_spikes", "known_spikes"),
    *("release_record", "weights_of"),
}


@pytest.mark.parametrize("value", [2, -1, True, 1.0, None, "top"])
def test_there_are_two_hemispheres(value):
    for act in (
        lambda link: link.load_program(value, UncompiledScript(wait)),
        lambda link: link.read_sram(value, "row"),
    ):
        with pytest.raises(ValueError, match="there is no hemisphere .*; 0 is the top one, 1 the bottom one"):
            act(linked().link)


@pytest.mark.parametrize("value", [1, "on", None, np.ones(2, bool)])
def test_a_trace_buffer_is_on_or_off(value):
    with pytest.raises(ValueError, match="the trace buffer is switched to .*; give True or False"):
        linked(False).link.record_trace(value)


@pytest.mark.parametrize("value", [[1, 2], np.zeros(4), np.zeros(4, np.int8), np.zeros((2, 2), np.uint8), None, b"ab"])
def test_external_memory_takes_bytes_as_they_are(value):
    with pytest.raises(ValueError, match=r"external memory takes uint8\[n\], not"):
        linked(False).link.write_external(0x8000_0000, value)


def test_objects_are_what_they_are():
    """Objects in the place of numbers, and the other way round."""
    for make in (lambda: Chip(3), lambda: Chip(None, 3), lambda: linked().link.load_program(0, Program)):
        is_refused(lambda _, make=make: make(), None)
