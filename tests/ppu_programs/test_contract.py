"""The contract: what is built is pure, one firmware serves any chips, and what cannot be meant is a sentence."""

import copy
import dataclasses
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chip import Chip, ChipConfig, Program, Registers
from chip.base.config import FpgaConfig
from chip.base.config.digital import RouterConfig
from chip.base.errors import DeclarationError
from chip.fpga import PlaybackProgram, SampleSet
from chip.ppu import Memory, i32, kernel
from chip.testing import chip_bytes, load_firmware
from host import Host, tasks
from ppu_programs import BCM, STDP, EventProp, FastAndDeep, Homeostasis, Rewrite, SuperSpike
from ppu_programs.contract import Array, Built, Firmware, Outcome, Status, asking

RULES, EXAMPLES = (EventProp, FastAndDeep, SuperSpike), (BCM, Homeostasis, STDP, Rewrite)
YIN_YANG = tasks.yin_yang()
SMALL, OTHER, LEARNED = (YIN_YANG.head(*counts) for counts in ((50, 2, 3), (75, 4, 2), (50, 20, 30)))


def slow(latency_ns: int) -> ChipConfig:
    """A chip whose router and player are slow."""
    fpga = FpgaConfig(player_latency_ns=8 * (latency_ns // 8))
    return ChipConfig(seed=1, router=RouterConfig(on_chip_latency_ns=latency_ns), fpga=fpga)


# ---------------------------------------------------------------------- purity


TOLD = ("kernels", "memory", "observe", "backward")  # what a program has that is kernels and regions


def contents(value):
    """Plain values of anything that is built, to compare: arrays as bytes, objects by their attributes, in order."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, Memory):
        return repr(dict(value))
    if isinstance(value, range | type | None | str | int | float):
        return repr(value)
    if isinstance(value, dict):
        return [(name, contents(each)) for name, each in value.items()]
    if isinstance(value, tuple | list):
        return [contents(each) for each in value]
    if isinstance(value, Program):
        kernels = [(k.name, k.code_bytes) for k in value.kernels]
        image = {name: np.asarray(values) for name, values in value.image().items()}
        others = {n: v for n, v in vars(value).items() if not callable(v) and n not in TOLD}
        return type(value).__name__, contents(value.memory), kernels, contents(image), contents(others)
    if dataclasses.is_dataclass(value):
        return [(field.name, contents(getattr(value, field.name))) for field in dataclasses.fields(value)]
    if isinstance(value, Registers | SampleSet) or hasattr(value, "__dict__"):
        return type(value).__name__, contents({n: v for n, v in vars(value).items() if not callable(v)})
    return repr(value)


FIRMWARES = [
    *(lambda seed, made=made: made(hidden=8 + seed % 3, epochs=2, seed=seed) for made in RULES),
    *(lambda seed: Homeostasis(updates=3, seed=seed), lambda seed: STDP(updates=1 + seed), lambda seed: Rewrite()),
    lambda seed: BCM(presentations=3, seed=seed),
]


@pytest.mark.parametrize("made", FIRMWARES)
@given(
    seed=st.integers(0, 3),
    calls=st.lists(st.tuples(st.booleans(), st.sampled_from([100, 400, 1000])), min_size=1, max_size=3),
)
@settings(max_examples=4)
def test_the_same_is_built_for_the_same_in_any_order_and_nothing_changes(made, seed, calls):
    firmware = made(seed)
    before, known = contents(firmware), {}
    for small, latency_ns in (*calls, *calls[::-1]):
        task = (SMALL if small else OTHER) if firmware.learns_task else None
        given_task, config = contents(task), slow(latency_ns)
        built = contents(firmware.build(task, config))
        assert known.setdefault((small, latency_ns), built) == built
        assert contents(made(seed).build(task, config)) == built  # of another object, which has built nothing before
        assert contents(firmware) == before and contents(task) == given_task


def test_a_purity_that_is_none_is_noticed():
    class Impure(Homeostasis):
        def build(self, task, config):
            self.built = super().build(task, config)
            return self.built

    firmware = Impure()
    before = contents(firmware)
    firmware.build(None, slow(100))
    assert contents(firmware) != before
    one, other = (EventProp(seed=1).build(SMALL, slow(latency_ns)) for latency_ns in (100, 400))
    assert contents(one) != contents(other) and contents(one.registers) == contents(other.registers)


@pytest.mark.parametrize("made", [EventProp, SuperSpike, pytest.param(FastAndDeep, marks=pytest.mark.slow)])
def test_one_firmware_is_right_on_two_chips_of_different_latency(made):
    """Loaded one after the other, and run the other way round, each ends as with a firmware of its own."""
    shared, hosts = made(epochs=1, seed=1), []
    for latency_ns in (100, 400):
        hosts.append(Host(Chip(slow(latency_ns))))
        hosts[-1].load(shared, LEARNED)
    results = [host.run() for host in reversed(hosts)][::-1]
    for host, result, latency_ns in zip(hosts, results, (100, 400), strict=True):
        assert result.settings["latency_ns"] == latency_ns
        alone = Host(Chip(slow(latency_ns)))
        alone.load(made(epochs=1, seed=1), LEARNED)
        assert alone.run().metrics == result.metrics
        assert chip_bytes(alone.chip) == chip_bytes(host.chip)
    assert shared.settings == made(epochs=1, seed=1).settings


# ---------------------------------------------------------------------- settings


@dataclass(frozen=True)
class Chosen:
    """Of a rule of one's own."""

    seed: int = 1
    rate: float = 0.5


@kernel
def nothing(v, m):
    """Writes a word."""
    m.word[0] = 1


class Idle(Program):
    """Ends at once."""

    memory = Memory(word=i32[1])
    kernels = (nothing,)

    def main(self, ppu):
        yield ppu.run(nothing)
        return 0


class Mine(Firmware):
    """A firmware of nothing but its settings."""

    name = "mine"
    settings_class = Chosen

    def build(self, task, config):
        return Built(Registers(), (Idle(), None), plan=self.settings.rate)


def test_settings_are_one_dataclass_of_which_fields_are_replaced():
    assert Mine().settings == Chosen() and Mine(rate=2.0).settings == Chosen(rate=2.0)
    assert Mine(Chosen(seed=4), rate=2.0).settings == Chosen(4, 2.0)
    with pytest.raises(ValueError, match="firmware mine has no setting hidden; its settings are seed, rate"):
        Mine(hidden=3)
    with pytest.raises(ValueError, match=r"mine: settings is 3; it needs its own, a tests"):
        Mine(3)
    with pytest.raises(ValueError, match="has no setting seed; it has no settings"):
        Firmware(seed=1)


def test_what_is_not_written_has_a_default():
    host = Host(Chip(ChipConfig.ideal(seed=5)))
    host.load(Mine(seed=3))
    result = host.run()
    assert (result.metrics, result.headline, result.curve, result.seed) == ({}, None, None, 3)
    assert set(result.arrays) == {"weights"} and result.settings == {"seed": 3, "rate": 0.5}
    assert result.progress == {"done": 0, "total": None, "unit": "ms of chip time"} and result.assumptions


# ---------------------------------------------------------------------- what cannot be meant


class Prepared(Mine):
    """A firmware whose external memory is not empty."""

    def build(self, task, config):
        values = np.arange(200, dtype=np.uint8)
        return Built(Registers(), (Idle(), None), external={0x8000_0000: values, 0x9000_0100: values})


def test_external_memory_begins_with_what_was_built():
    host = Host(Chip(ChipConfig.ideal()))
    host.load(Prepared())
    tested = load_firmware(Chip(ChipConfig.ideal()), Prepared())
    for chip in (host.chip, tested):
        for address in (0x8000_0000, 0x9000_0100):
            assert chip.link.read_external(address, 202).tolist() == [*range(200), 0, 0]


SAMPLES = SampleSet(np.array([0, 1]), np.array([0]), np.array([0], np.uint16), np.array([0], np.uint16), 8_000)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: Built(None, (Idle(), None)), "registers of a Built is None; give Registers"),
        (
            lambda: Built(Registers(), None),
            r"programs of a Built is None; give two, for the top and the bottom PPU, as",
        ),
        (lambda: Built(Registers(), (Idle(),)), r"programs of a Built is \(.*\); give two"),
        (lambda: Built(Registers(), {"top": 1, "bottom": 2}), r"programs of a Built is \{.*; give two"),
        (lambda: Built(Registers(), (Idle, None)), r"the top PPU is the class Idle; make one, Idle\(\)"),
        (lambda: Built(Registers(), (None, nothing)), "bottom PPU is a Kernel called nothing; give a Program or None"),
        (
            lambda: Built(Registers(), (None, None)),
            "the programs of a Built leave both PPUs asleep; give a program for",
        ),
        (
            lambda: Built(Registers(), (Idle(), None), plays_per_sample=0),
            "plays_per_sample of a Built is 0; give a whole number from 1 on",
        ),
        (lambda: Built(Registers(), (Idle(), None), timed=range(3)), "but its stimuli are no samples; leave it out"),
        (
            lambda: Built(Registers(), (Idle(), None), SAMPLES, range(-1, 3)),
            r"timed of a Built is range\(-1, 3\); give",
        ),
        (lambda: Built(Registers(), (Idle(), None), remedy=3), 'remedy of a Built is 3; give a sentence, or ""'),
        (lambda: Built(Registers(), (Idle(), None), external=[1]), r"external of a Built is \[1\]; give a dict"),
        (lambda: Built(Registers(), (Idle(), None), external={"a": 1}), "address in external of a Built is 'a'; give"),
        (
            lambda: Built(Registers(), (Idle(), None), external={0x9000_0000: np.zeros(2)}),
            r"external\[0x90000000\] of a Built is array\(.*; give uint8\[n\], view it as bytes",
        ),
        (lambda: Status(True), "done of a Status is True; give a number of 0 or more$"),
        (
            lambda: Array([1, 2], "a", "b"),
            r"an Array of shape \[2\] has the axes \('a', 'b'\); give a name for each of",
        ),
        (lambda: Array([[1]], "a", 3), r"has the axes \('a', 3\); .* Array\(values, \"epoch\", \"neuron\"\)"),
        (lambda: Outcome({"a": True}), "metric a of an Outcome is True; give a finite number, or None"),
        (lambda: Outcome({}, {3: Array([1], "a")}), "an array of an Outcome is called 3; give it a name, a text"),
        (lambda: Outcome(curve="a"), "curve of an Outcome is 'a'; its arrays are: none"),
        (
            lambda: Outcome({}, {"a": Array([[1]], "b", "c")}, "a"),
            r"the curve a of an Outcome is array\(\[\[1\]\]\); a cu",
        ),
        (
            lambda: type("X", (Mine,), {"settings_class": 3})(),
            "settings_class of firmware mine is 3; give a frozen data",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused_where_it_is_made(made, said):
    with pytest.raises(DeclarationError, match=said) as caught:
        made()
    assert "\n" not in str(caught.value) and " 0x" not in str(caught.value)


def changed(**attributes):
    return type("Changed", (Mine,), attributes)()


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        (dict(build=3), r"build of firmware mine is 3; write a method, `def build\(self, task, config\)`"),
        (dict(build=lambda self: None), "build of firmware mine takes other arguments than it is given; write"),
        (dict(build=Firmware.build), r"firmware mine has no build\(self, task, config\)"),
        (dict(status=lambda self, chip: None), "status of firmware mine takes other arguments"),
        (dict(outcome=lambda self, link: None), "outcome of firmware mine takes other arguments"),
        (dict(assumptions=lambda self, chip: []), "assumptions of firmware mine takes other arguments"),
        (
            dict(assumption=lambda self: []),
            "has an attribute assumption, at which the chip does not look; call it assump",
        ),
        (
            dict(outcomes=lambda self: []),
            "has an attribute outcomes, at which the chip does not look; call it outcome,",
        ),
        (dict(name=7), "name of firmware Changed is 7; give it a name, a text"),
    ],
)
def test_methods_are_looked_at_before_any_work(attributes, said):
    with pytest.raises(DeclarationError, match=said) as caught:
        asking.check_firmware(changed(**attributes))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("wrong", ["one sentence", None, [3], {"a": 1}])
def test_assumptions_are_sentences(wrong):
    with pytest.raises(
        DeclarationError, match=r"assumptions\(\) of firmware mine returned .*; return a list of senten"
    ):
        asking.assumptions_of(changed(assumptions=lambda self: wrong))
    assert asking.assumptions_of(changed(assumptions=lambda self: ("a", "b"))) == ["a", "b"]


def test_what_methods_return_is_looked_at():
    built = Mine().build(None, ChipConfig())
    returns = dict.fromkeys(("build", "status", "outcome"), lambda self, one, other: SimpleNamespace())
    wrong = changed(**returns)
    for asked, said in (
        (
            lambda: asking.built_by(wrong, None, None),
            r"build\(\) of firmware mine returned namespace\(\); return Built",
        ),
        (
            lambda: asking.status_of(wrong, None, built),
            r"status\(\) of firmware mine returned namespace\(\); return Stat",
        ),
        (
            lambda: asking.outcome_of(wrong, None, built),
            r"outcome\(\) of firmware mine .*; return Outcome\(\.\.\.\), see",
        ),
    ):
        with pytest.raises(DeclarationError, match=said):
            asked()
    own = changed(outcome=lambda self, link, built: Outcome({}, {"weights": Array([1], "a")}))
    with pytest.raises(DeclarationError, match="has an array called 'weights', which the host reads itself"):
        asking.outcome_of(own, None, built)


def test_a_task_that_is_none_is_refused():
    with pytest.raises(ValueError, match="eventprop: the task is 3, which has no inputs; hand over a task"):
        EventProp().build(3, ChipConfig())


@pytest.mark.parametrize("made", [*RULES, *EXAMPLES])
def test_our_own_firmware_keeps_the_contract(made):
    firmware = made()
    asking.check_firmware(firmware)
    assert asking.assumptions_of(firmware) is not None
    assert isinstance(asking.built_by(firmware, SMALL if firmware.learns_task else None, ChipConfig()), Built)
    assert copy.deepcopy(firmware.settings) is not firmware.settings


def test_a_firmware_without_a_name_has_that_of_its_class():
    class Nameless(Firmware):
        pass

    class Variation(Mine):
        pass

    assert Nameless().name == "Nameless" and Variation().name == Mine.name == "mine"


def test_firmware_that_plays_no_samples_tells_its_time():
    chip = SimpleNamespace(now_ns=7_900_000, player=SimpleNamespace(played=0))
    built = Mine().build(None, ChipConfig.ideal())
    assert Mine().status(chip, built) == Status(7, None, "ms of chip time")


def test_only_samples_are_timed():
    program = PlaybackProgram(np.array([8]), np.array([0]))
    assert Built(Registers(), (Idle(), None), program).stimuli is program
    with pytest.raises(DeclarationError, match=r"timed of a Built is range\(0, 1\), but its stimuli are no samples"):
        Built(Registers(), (Idle(), None), program, timed=range(1))
