"""``--set name=value``: text becomes what a setting's default is, and what cannot be is one sentence."""

import enum
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.firmware import rules, settings
from ppu_programs import Firmware


class Kind(enum.Enum):
    FAST = "f"
    SLOW = "s"


@dataclass(frozen=True)
class Chosen:
    """One setting of every type."""

    count: int = 3
    rate: float = 0.5
    learns: bool = True
    name: str = "plain"
    kind: Kind = Kind.FAST
    shape: tuple[int, ...] = (1, 2)
    listed: list[int] = field(default_factory=lambda: [1])
    table: dict[str, int] = field(default_factory=dict)
    file: Path = Path("here")
    weights: np.ndarray | None = None
    step: int | np.ndarray = 1
    label: str | None = None
    hidden: int | tuple[int, ...] = 60
    network: Any = field(default_factory=object)
    seed: int = 7
    fixed: int = field(default=4, init=False)


class Mine(Firmware):
    settings_class = Chosen


READ = [
    ("count", "12", 12),
    ("count", " 1e6 ", 1_000_000),
    ("rate", "3", 3.0),
    ("rate", "1e-3", 0.001),
    ("learns", "false", False),
    ("learns", "True", True),
    ("name", "a b", "a b"),
    ("kind", "slow", Kind.SLOW),
    ("kind", "f", Kind.FAST),
    ("shape", "3,4", (3, 4)),
    ("shape", "[5]", (5,)),
    ("shape", "6", (6,)),
    ("listed", "(1, 2)", [1, 2]),
    ("table", "{'a': 1}", {"a": 1}),
    ("file", "a/b", Path("a/b")),
    ("label", "x=y", "x=y"),
    ("step", "-3", -3),
    ("hidden", "60,30", (60, 30)),
    ("hidden", "20", 20),
]


@pytest.mark.parametrize(("name", "text", "value"), READ)
def test_text_is_read_as_the_type_of_the_setting(name, text, value):
    (found,) = settings.typed(Mine, settings.split([f"{name}={text}"])).values()
    assert found == value and type(found) is type(value)
    assert getattr(rules.make(Mine, {name: text.strip()}).settings, name) == value


def test_arrays_are_read_too():
    found = settings.typed(Mine, {"weights": "[[1, 2], [3, 4]]", "step": "[1, -1]"})
    assert found["weights"].tolist() == [[1, 2], [3, 4]] and found["step"].tolist() == [1, -1]


REFUSED = {
    "no value": (["count"], "--set is 'count'; write NAME=VALUE, as in --set updates=50"),
    "no name": (["=3"], "--set is '=3'; write NAME=VALUE"),
    "no such name": (["a-b=3"], "--set is 'a-b=3'; write NAME=VALUE"),
    "twice": (["count=3", "count=4"], "--set names count twice, 3 and 4; give it one value"),
    "unknown": (["coumt=3"], "firmware Mine has no setting coumt; the closest is count; its settings are count, rate,"),
    "nothing like it": (["xyzzy=3"], "firmware Mine has no setting xyzzy; its settings are count, rate, learns, name,"),
    "no choice": (["fixed=3"], "firmware Mine has no setting fixed; "),
    "words": (["count=many"], "setting count of firmware Mine is 'many'; it takes a whole number, by default 3"),
    "a fraction": (["count=2.5"], "it takes a whole number, by default 3"),
    "infinite": (["count=inf"], "it takes a whole number, by default 3"),
    "no number": (["rate=fast"], "it takes a number, by default 0.5"),
    "no truth": (["learns=maybe"], "it takes true or false, by default true"),
    "no member": (["kind=medium"], "it takes one of FAST, SLOW, by default FAST"),
    "no tuple": (
        ["shape=("],
        "setting shape of firmware Mine is '('; it takes what Python writes as one, such as [1, 2]",
    ),
    "code": (["shape=__import__('os')"], "it takes what Python writes as one"),
    "no dict": (["table=[1]"], "setting table of firmware Mine is '[1]'; it takes what Python writes as one"),
    "an object": (["network=x"], "it takes a object, which no text stands for; choose it in Python"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_a_setting_is_one_sentence(case):
    texts, expected = REFUSED[case]
    with pytest.raises(ValueError) as caught:
        settings.typed(Mine, settings.split(texts))
    assert expected in str(caught.value) and "\n" not in str(caught.value)


def test_a_firmware_without_settings_says_so():
    with pytest.raises(ValueError, match="firmware Firmware has no setting a; it has no settings"):
        settings.typed(Firmware, {"a": "1"})


@given(st.integers(), st.floats(allow_nan=False), st.booleans(), st.text().map(str.strip))
def test_what_python_writes_comes_back(count, rate, learns, name):
    texts = [f"count={count}", f"rate={rate!r}", f"learns={learns}", f"name={name}"]
    expected = {"count": count, "rate": rate, "learns": learns, "name": name}
    assert settings.typed(Mine, settings.split(texts)) == expected


@given(st.sampled_from([np.int8, np.int64, np.uint16]), st.integers(0, 100))
def test_numbers_of_numpy_and_of_sweeps_become_the_type_of_the_setting(kind, number):
    found = settings.typed(Mine, {"count": kind(number), "rate": kind(number), "name": number})
    assert found == {"count": number, "rate": float(number), "name": str(number)}
    assert [type(value) for value in found.values()] == [int, float, str]


def test_the_seed_is_the_command_lines_unless_it_is_set():
    assert rules.make(Mine, {}, seed=4).settings.seed == 4
    assert rules.make(Mine, settings.split(["seed=9"]), seed=4).settings.seed == 9
