"""Sweeps change what they name and nothing else; plans list every combination once; nonsense is one sentence."""

import dataclasses

import pytest

from chip.base.config import ChipConfig, ImperfectionConfig
from chip.base.config.limits import LimitConfig
from host import tasks
from host.compare import Plan, Sweep
from host.compare.places import _swept_setting, check
from host.compare.sweep import MISMATCH_FIELDS
from ppu_programs import SuperSpike

MISMATCHED = ("tau_mem", "tau_syn", "leak", "reset", "threshold", "driver_efficacy", "synapse_efficacy", "cadc_offset")


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("router.on_chip_latency_ns=100, 200", (100, 200)),
        ("imperfections.tau_mem_relative_std=0,0.1,5e-1", (0.0, 0.1, 0.5)),
        ("strict=true,false", (True, False)),
        ("mismatch=0,0.5", (0.0, 0.5)),
        ("imperfections.leak=false,true", (False, True)),
    ],
)
def test_values_have_the_type_of_their_field(text, values):
    found = Sweep.parse(text).values
    assert found == values and [type(value) for value in found] == [type(value) for value in values]


def test_a_plain_field_is_the_only_change():
    config = ChipConfig.typical(seed=5)
    swept = Sweep("router.on_chip_latency_ns", (400,)).apply(config, 400)
    assert swept == dataclasses.replace(config, router=dataclasses.replace(config.router, on_chip_latency_ns=400))


def test_a_magnitude_brings_its_switch():
    sweep = Sweep.parse("imperfections.tau_mem_relative_std=0,0.2")
    for config in (ChipConfig.ideal(), ChipConfig.typical()):
        others = config.imperfections
        off, on = (sweep.apply(config, value).imperfections for value in sweep.values)
        assert on == dataclasses.replace(others, tau_mem=True, tau_mem_relative_std=0.2)
        assert off == dataclasses.replace(others, tau_mem=False, tau_mem_relative_std=0.0)


def test_a_limit_brings_its_switch():
    sweep = Sweep.parse("limits.lower_bound_lsb=20,40")
    found = [sweep.apply(ChipConfig.ideal(), value).limits for value in sweep.values]
    assert found == [LimitConfig(lower_bound=True, lower_bound_lsb=value) for value in (20.0, 40.0)]
    with pytest.raises(ValueError, match="lower_bound_lsb is 0.0"):
        Sweep.parse("limits.lower_bound_lsb=0,40")


def test_mismatch_of_a_tenth_is_that_of_a_typical_chip():
    sweep, typical = Sweep.parse("mismatch=0,0.1,0.2,0.5"), ChipConfig.typical(seed=3)
    assert sweep.apply(typical, 0.1) == typical
    ideal = sweep.apply(ChipConfig.ideal(), 0.1).imperfections
    assert {name for name in ideal.names() if getattr(ideal, name)} == set(MISMATCHED)
    for name in MISMATCHED:
        assert ideal.std(name) == pytest.approx(typical.imperfections.std(name))


def test_mismatch_goes_to_a_half_and_leaves_noise_alone():
    sweep, typical = Sweep.parse("mismatch=0,0.5"), ChipConfig.typical()
    none, half = (sweep.apply(typical, value).imperfections for value in (0.0, 0.5))
    for name in ImperfectionConfig.names():
        usual = typical.imperfections.std(name)
        assert none.std(name) == (0.0 if name in MISMATCHED else usual)
        assert half.std(name) == pytest.approx(5 * usual if name in MISMATCHED else usual)
    assert len(MISMATCH_FIELDS) == len(MISMATCHED)


def test_noise_is_that_of_the_membranes():
    swept = Sweep.parse("noise=0,0.1").apply(ChipConfig.ideal(), 0.1)
    assert swept.imperfections == ImperfectionConfig(membrane_noise=True, membrane_noise_std_of_distance=0.1)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("mismatch", "is not of the form FIELD=a,b,c"),
        ("mismatch=", "is not of the form FIELD=a,b,c"),
        ("=1,2", "is not of the form FIELD=a,b,c"),
        (
            "colour=1",
            "there is no field colour of the chip to sweep; valid are strict, .* mismatch and noise, rule.* sections",
        ),
        (
            "router.speed=1",
            "there is no field router.speed of the chip to sweep; valid are on_chip_latency_ns, contention, .*",
        ),
        ("strict.now=1", "there is no field strict.now of the chip to sweep; strict has no parts"),
        ("router=1", "router is a section of the chip's settings; name one of its fields: on_chip_latency_ns"),
        ("seed=1,2", "the chip's seed is nothing to sweep: --seeds says"),
        ("profile=a,b", "the chip's profile is nothing to sweep"),
        ("mismatch=0,much", "has the value 'much'; it must be a number"),
        ("mismatch=0,,1", "has the value ''; it must be a number"),
        ("mismatch=0,nan", "must lie in"),
        ("mismatch=0,0.6", "tau_mem_relative_std is 0.6; it must lie in 0.0..0.5"),
        ("mismatch=-0.1", "it must lie in"),
        ("router.on_chip_latency_ns=100.5", "must be a whole number"),
        ("router.on_chip_latency_ns=102", "must be a multiple of 4"),
        ("strict=yes", "must be true or false"),
        ("noise=0.1,0.10", "has a value twice: 0.1, 0.1"),
    ],
)
def test_nonsense_is_one_sentence(text, sentence):
    with pytest.raises(ValueError, match=sentence) as caught:
        Sweep.parse(text)
    assert "\n" not in str(caught.value)


def test_plan_has_every_combination_once_with_seeds_outermost():
    plan = Plan("yin-yang", chips=["ideal", "typical"], seeds=[3, 4], sweep=Sweep.parse("noise=0,0.05"), epochs=2)
    assert [run.name for run in plan.runs] == [
        f"eventprop-chip-{chip}-noise={value}-seed{seed}"
        for seed in (3, 4)
        for value in (0.0, 0.05)
        for chip in ("ideal", "typical")
    ]
    run = plan.runs[-1]
    assert (run.seed, run.config.seed, run.epochs, run.hidden, run.sweep_value) == (4, 4, 2, None, 0.05)
    assert run.config.imperfections.membrane_noise_std_of_distance == 0.05


def test_a_chip_of_your_own_keeps_its_seed_and_a_function_is_asked():
    chips = {"mine": ChipConfig(seed=77), "made": lambda seed: ChipConfig.typical(seed=10 * seed)}
    assert [run.config.seed for run in Plan("yin-yang", chips=chips, seeds=[1, 2]).runs] == [77, 10, 77, 20]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"task": "mnist"}, "the task 'mnist' is unknown; valid are yin-yang"),
        ({"rules": ["hebb"]}, "the rule 'hebb' is unknown; valid are equilibrium-propagation"),
        ({"rules": []}, "there are no rules to compare"),
        ({"rules": ["eventprop", "eventprop"]}, "of the rules, 'eventprop' is named twice"),
        ({"where": ["cloud"]}, "the place 'cloud' is unknown; valid are chip"),
        ({"chips": ["perfect"]}, "the chip 'perfect' is unknown; valid are ideal, typical, raw"),
        ({"chips": ["ideal", "ideal"]}, "of the chips, 'ideal' is named twice"),
        ({"chips": {"a b": ChipConfig(), "a_b": ChipConfig()}}, "of the directories of runs, .* is named twice"),
        ({"seeds": []}, "there are no seeds to compare"),
        ({"seeds": [-1]}, "a seed is -1; it must be at least 0"),
        ({"epochs": 0}, "epochs is 0; it must be at least 1"),
        ({"hidden": -4}, "hidden is -4; it must be at least 1"),
        ({"hidden": (20, 0)}, "hidden is 0; it must be at least 1"),
    ],
)
def test_a_plan_refuses_nonsense(changes, sentence):
    with pytest.raises(ValueError, match=sentence):
        Plan(**({"task": "yin-yang"} | changes))


def test_a_setting_of_the_rule_changes_the_rule_and_no_chip():
    plan = Plan("yin-yang", ["superspike"], chips=["ideal"], seeds=[1], sweep=Sweep.parse("rule.activity=0,0.25,1e-2"))
    assert plan.sweep.values == (0, 0.25, 0.01) and all(run.config == ChipConfig.ideal(1) for run in plan.runs)
    made = [SuperSpike(**_swept_setting(SuperSpike, run)).settings for run in plan.runs]
    assert [settings.activity for settings in made] == [0.0, 0.25, 0.01]
    assert dataclasses.replace(made[1], activity=0.0) == SuperSpike.settings_class()
    for text, words in (
        ("rule.activitty=0.1", "the rule superspike has no setting activitty to sweep; it has .*inputs, hidden, "),
        ("rule.batch=2.5", "superspike.batch"),
        ("rule.seed=3", "the rule superspike has no setting seed to sweep; it has .*"),
        ("rule.activity=7", "superspike.activity is 7.0; it must lie in 0.0..0.999"),
    ):
        (run,) = Plan("yin-yang", ["superspike"], chips=["ideal"], seeds=[1], sweep=Sweep.parse(text)).runs
        with pytest.raises(ValueError, match=words):
            check(run, tasks.yin_yang())
    with pytest.raises(ValueError, match="names no setting of the rule"):
        Sweep.parse("rule.=1")
