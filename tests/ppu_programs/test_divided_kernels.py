"""The kernels that a divided layer has beside the others': held against those, or against numpy."""

import numpy as np
import pytest

from chip.ppu import Memory, i16, i32, u8
from ppu_programs.eventprop.settings import Settings
from ppu_programs.placement import DividedPlacement, two_layers
from ppu_programs.superspike.settings import Settings as SuperSpikeSettings
from ppu_programs.two_layer import integrators, own_events, tables, update, weights, windowed_update
from ppu_programs.two_layer.layout import RECORD_WORDS, ROW
from ppu_programs.two_layer.plan import COUNTERS, ERROR
from ppu_programs.two_layer.roles import PREDICTIONS
from tests.ppu_programs.eventprop_bench import Side

ROWS, SHIFT = 2, 4


def layer(rows):
    return Memory(shadow=i16[rows * ROW], gradient=i32[rows * ROW])


def test_a_row_through_the_window_is_updated_as_all_rows_are():
    whole = Side(update.memory(ROWS) | layer(ROWS), {"update": update.update_kernel(ROWS, SHIFT)}, 1)
    memory = windowed_update.memory() | layer(ROWS) | Memory(record=i32[RECORD_WORDS])
    window = Side(memory, {"update_row": windowed_update.update_row}, 1)
    random, state = np.random.default_rng(3), np.zeros((ROWS, ROW), np.int32)
    start = random.integers(-30_000, 30_000, ROWS * ROW).astype(np.int16)
    for side in (whole, window):
        side.regions["random"][0] = 4711
        side.regions["shadow"][:] = start
    scale = 2.0 ** random.uniform(0, 22, ROWS * ROW)  # some are limited
    for _ in range(40):
        gradient = np.round(scale * random.normal(0.3, 1.0, scale.size)) * (random.random(scale.size) < 0.7)
        for side in (whole, window):
            side.regions["gradient"][:] = gradient
        whole.call("update", 20_000)
        for row in range(ROWS):
            window.regions["record"][:ROW] = state[row]
            window.call("update_row", row, SHIFT, 20_000)
            state[row] = window.regions["record"][:ROW]
        assert (window.regions["shadow"] == whole.regions["shadow"]).all()
        assert (state.ravel() >> 16 == whole.regions["mean"]).all()
        assert (state.ravel() & 0xFFFF == whole.regions["largest"]).all()
        assert not window.regions["gradient"].any()


def test_both_rates_fall_as_one_does():
    sides = [Side(update.memory(1), {"lower_rate": update.lower_rate}, 1) for _ in range(2)]
    both = Side(windowed_update.memory(), {"lower_rates": windowed_update.lower_rates}, 1)
    falling = [update.falling_rate(first, 50) for first in (30_000, 777)]
    both.regions["rates"][:] = np.concatenate(falling)
    for side, rate in zip(sides, falling, strict=True):
        side.regions["rate"][:] = rate
    for _ in range(50):
        both.call("lower_rates")
        for side in sides:
            side.call("lower_rate")
        assert (both.regions["rates"] == np.concatenate([side.regions["rate"] for side in sides])).all()


def test_state_of_both_processors_has_its_own_place_beside_copies_and_records():
    top, bottom = (windowed_update.state_address(hemisphere) for hemisphere in range(2))
    assert bottom - top == windowed_update.STATE_BYTES and top % windowed_update.ROW_BYTES == 0


@pytest.mark.parametrize("hidden", [129, 200, 256])
def test_of_a_record_the_own_spikes_are_left_and_the_inputs_noted(hidden):
    placement, random = DividedPlacement(two_layers(5, hidden, 3)), np.random.default_rng(hidden)
    for part in placement.parts:
        memory = own_events.memory(part) | Memory(record=i32[RECORD_WORDS], input_ticks=i16[5])
        side = Side(memory, {"own_events": own_events.own_events_kernel(part)}, 1)
        side.regions["input_labels"][:] = own_events.image(part)["input_labels"]
        labels = np.concatenate([placement.input_labels, *(its.labels for its in placement.parts)])[:254]
        labels = random.permutation(labels).astype(np.int64)
        words = np.sort(random.integers(0, 3750, len(labels))) << 16 | labels
        record = side.regions["record"]
        record[:2], record[2 : 2 + len(words)] = (len(words), 2), words
        side.call("own_events")
        own = words[np.isin(labels, part.labels)]
        assert record[0] == len(own) and record[1] == 2
        assert (record[2 : 2 + len(own)] == own).all()
        ticks = {label: word >> 16 for label, word in zip(labels.tolist(), words.tolist(), strict=True)}
        assert side.regions["input_ticks"].tolist() == [ticks[label] for label in placement.input_labels.tolist()]


def test_a_row_of_shadows_is_converted_as_all_rows_are():
    all_rows = weights.synapse_memory(ROWS) | layer(ROWS)
    whole = Side(all_rows, {"rows_of_synapses": weights.rows_of_synapses_kernel(ROWS)}, 1)
    one = Side(layer(ROWS) | Memory(synapses=u8[2 * ROW]), {"row_of_synapses": weights.row_of_synapses}, 1)
    shadow = np.random.default_rng(1).integers(-32256, 32257, ROWS * ROW)
    whole.regions["shadow"][:] = one.regions["shadow"][:] = shadow
    whole.call("rows_of_synapses")
    for row in range(ROWS):
        one.call("row_of_synapses", row)
        assert (one.regions["synapses"] == whole.regions["synapses"].reshape(ROWS, -1)[row]).all()


def test_readout_rows_may_stand_behind_others():
    sides = []
    for above in (0, 5):
        kernel = weights.transposed_synapses_kernel(3, above)
        side = Side(layer(above + 3) | Memory(synapses=u8[2 * ROW]), {"transposed_synapses": kernel}, 1)
        side.regions["shadow"][above * ROW :] = np.random.default_rng(1).integers(-32256, 32257, 3 * ROW)
        sides.append(side)
    for neuron in range(ROW):
        for side in sides:
            side.call("transposed_synapses", neuron, 1)
        assert (sides[0].regions["synapses"] == sides[1].regions["synapses"]).all()


def test_a_short_boltzmann_table_gives_the_errors_of_the_long_one():
    settings = Settings()
    entries = tables.boltzmann_entries(settings)
    table = tables.boltzmann_table(settings)
    assert entries < 128 and table[entries - 1] <= 1 < table[entries - 2]
    assert tables.boltzmann_entries(Settings(sharpness=0.001)) == len(table)
    sides = []
    for count in (len(table), entries):
        regions = Memory(
            record=i32[RECORD_WORDS], errors=i16[4], counters=i32[COUNTERS], predictions=u8[PREDICTIONS]
        ) | integrators.loss_memory(count)
        side = Side(regions, {"loss": integrators.loss_kernel(settings, count)}, 1)
        side.regions["boltzmann"][:] = table[:count]
        sides.append(side)
    random = np.random.default_rng(4)
    for number in range(300):
        membranes = random.integers(0, 256, 3) if number % 2 else random.integers(100, 156, 3)
        for side in sides:
            side.regions["record"][1], side.regions["membranes"][:3] = number % 3, membranes
            side.call("loss")
        long, short = (side.regions["errors"].astype(float) for side in sides)
        assert short[1:] / 2 ** short[0] == pytest.approx(long[1:] / 2 ** long[0], abs=4)
    long, short = (side.regions["counters"].astype(int) for side in sides)
    assert (short[:ERROR] == long[:ERROR]).all() and abs(short[ERROR] - long[ERROR]) <= 300
    assert (sides[0].regions["predictions"] == sides[1].regions["predictions"]).all()


def test_superspike_does_not_divide_its_layer():
    with pytest.raises(ValueError, match="hidden is 129; it must lie in 1..128"):
        SuperSpikeSettings(hidden=129)
