"""Who listens to a core is told of everything that is posted to it, and of conversions when they are read."""

import numpy as np
import pytest

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.base.feed import Feed, Post
from chip.base.registers import Registers
from chip.core.core import AnalogCore

RNG = np.random.default_rng(3)
ROW = RNG.integers(0, 64, (2, 128), np.uint8)
SEVERAL = RNG.integers(0, 64, (3, 128), np.uint8)
MASK = RNG.integers(0, 256, 128, np.uint8)
LANES = (MASK.view(np.int8) > 0).astype(np.uint8)
SENSORS = RNG.integers(0, 4, (2, 128), np.uint8)


def core_and_feed():
    feed, registers = Feed(), Registers()
    registers.correlation_enabled[:] = True
    registers.padi_from_processor[c.TOP, :] = True
    registers.enabled[:] = True
    return AnalogCore(ChipConfig.typical(seed=1), registers, feed=feed), feed


CASES = {
    "post_events": (
        ([40, 8], [3, 7], 1_000),
        (Post.EVENTS, [1_040, 1_008], dict(labels=[3, 7])),
    ),
    "post_part": (
        (np.array([0, 8, 16]), np.array([1, 2, 3]), 1, 3, 80),
        (Post.EVENTS, [88, 96], dict(labels=[2, 3])),
    ),
    "post_padi_event": (
        (400, 0, 5, 17, 63),
        (Post.PADI_EVENT, [400], dict(hemisphere=0, busses=5, row_select=17, label=63)),
    ),
    "post_generator": (
        (400, 3, True, True, 50, 7, 9, 1, 77),
        (Post.GENERATOR, [400], dict(generator=3, values=[1, 1, 50, 7, 9, 1, 77])),
    ),
    "post_weight_rows": (
        ([12, 24, 36], 1, [7, 8, 7], 1, SEVERAL),
        (Post.WEIGHTS, [12, 24, 36], dict(hemisphere=1, rows=[7, 8, 7], halves=[1, 1, 1], values=SEVERAL)),
    ),
    "try_weight_rows": (
        (100, np.array([12, 24, 36]), 0, np.array([7, 8, 7]), 0, SEVERAL),
        (Post.WEIGHTS, [112, 124, 136], dict(hemisphere=0, rows=[7, 8, 7], halves=[0, 0, 0], values=SEVERAL)),
    ),
    "post_row": (
        (400, 80, 1, 255, ROW),
        (Post.WEIGHTS, [400, 480], dict(hemisphere=1, rows=[255, 255], halves=[0, 1], values=ROW)),
    ),
    "post_neuron_reset": (
        (400, 1, 1, MASK),
        (Post.NEURON_RESET, [400], dict(hemisphere=1, half=1, mask=LANES)),
    ),
    "post_cadc": (
        (400, 1),
        (Post.CONVERSION, [400], dict(hemisphere=1)),
    ),
    "post_correlation": (
        (400, 1, 9),
        (Post.CORRELATION_CONVERSION, [400], dict(hemisphere=1, row=9)),
    ),
    "post_correlation_reset": (
        (400, 0, 9, SENSORS),
        (Post.CORRELATION_RESET, [400], dict(hemisphere=0, row=9, masks=[SENSORS])),
    ),
    "post_whole_correlation_reset": (
        (400, 832, 0, 9),
        (
            Post.CORRELATION_RESET,
            [400, 1_232],
            dict(hemisphere=0, row=9, masks=[[[3] * 128, [0] * 128], [[0] * 128, [3] * 128]]),
        ),
    ),
}


@pytest.mark.parametrize("method", CASES)
def test_what_is_posted_is_told_once_in_copies(method):
    arguments, (what, times_ns, expected) = CASES[method]
    core, feed = core_and_feed()
    told = []
    feed.posts.append(told.append)
    getattr(core, method)(*arguments)
    (posted,) = told
    assert posted.what is what and posted.times_ns.dtype == np.int64 and posted.times_ns.tolist() == times_ns
    assert list(posted.arguments) == list(expected)
    for name, value in expected.items():
        np.testing.assert_array_equal(posted.arguments[name], value)
    for array in filter(lambda value: isinstance(value, np.ndarray), (posted.times_ns, *posted.arguments.values())):
        assert not any(np.shares_memory(array, given) for given in arguments if isinstance(given, np.ndarray))
        array[...] = 0  # is theirs
    core.advance(4_000)


def test_every_way_to_post_has_a_case():
    assert set(CASES) == {name for name in dir(AnalogCore) if name.startswith(("post_", "try_"))}
    assert {case[1][0] for case in CASES.values()} == set(Post)


@pytest.mark.parametrize(
    "refused",
    [
        lambda core: core.post_events([4], [70_000]),
        lambda core: core.post_cadc(6, 0),
        lambda core: core.post_neuron_reset(4, 2, 0),
        lambda core: core.post_weight_rows([4], 0, [256], 0, SEVERAL[:1]),
        lambda core: core.post_weight_rows([4, 4], 0, [1, 1], 0, SEVERAL[:2]),
        lambda core: core.try_weight_rows(0, np.array([4]), 0, np.array([3]), 0, np.full((1, 128), 64, np.uint8)),
        lambda core: core.post_row(4, 4, 0, 3, np.full((2, 128), 64, np.uint8)),
        lambda core: core.post_correlation(4, 0, 256),
        lambda core: core.post_padi_event(4, 0, 16, 0, 0),
    ],
)
def test_what_is_refused_is_not_told(refused):
    core, feed = core_and_feed()
    told = []
    feed.posts.append(told.append)
    try:
        refused(core)
    except (ValueError, RuntimeError):
        pass
    assert told == []


def test_conversions_are_told_whole_when_they_are_read():
    """The same codes as on a core to which nobody listens, however many of them are asked for."""
    times_ns = [400, 2_104, 2_104, 4_000]
    sides = [c.TOP, c.BOTTOM, c.TOP, c.BOTTOM]
    quiet, _ = core_and_feed()
    expected = [quiet.cadc_result(quiet.post_cadc(*at)) for at in zip(times_ns, sides, strict=True)]
    core, feed = core_and_feed()
    told = []
    feed.conversions.append(told.append)
    tickets = [core.post_cadc(*at) for at in zip(times_ns, sides, strict=True)]
    assert told == []
    part, whole = np.zeros(c.LANES, np.uint8), np.zeros(c.COLUMNS, np.uint8)
    core.copy_conversion(tickets[0], part)
    core.copy_conversion(tickets[1], whole)
    found = [part, whole.reshape(2, -1), *(core.cadc_result(ticket) for ticket in tickets[2:])]
    assert [(each.time_ns, each.hemisphere) for each in told] == list(zip(times_ns, sides, strict=True))
    for conversion, codes, got in zip(told, expected, found, strict=True):
        np.testing.assert_array_equal(conversion.codes, codes)
        np.testing.assert_array_equal(got, codes[0] if got.ndim == 1 else codes)
        assert not np.shares_memory(conversion.codes, got)
    with pytest.raises(RuntimeError, match="there is no conversion"):
        core.cadc_result(tickets[0])
    assert len(told) == 4
