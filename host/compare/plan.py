"""What is compared: every combination of rules, places, chips, seeds and swept values, each of them one run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from chip.base.config import ChipConfig
from host import rules as rule_names
from host import tasks
from host.compare.sweep import Sweep

PROFILES = ("ideal", "typical", "raw")
PLACES = ("chip", "host")  # where learning happens: see host.compare.places
UNSAFE = str.maketrans({mark: "_" for mark in '/\\:*?"<>| '})


@dataclass(frozen=True)
class Run:
    """One run: plain data, which any process can be handed.

    Attributes:
        task, rule, where: what is learned, how (by name or ``FILE.py:CLASS``), and by whom.
        chip, config: the chip's name in tables, and its settings, swept field included.
        seed: of the program; of the chip, too, where its settings came from a profile.
        epochs, hidden: None takes the rule's own; hidden are the sizes of all hidden layers where they are several.
        sweep_field, sweep_value: both None where nothing is swept.
    """

    task: str
    rule: str
    where: str
    chip: str
    config: ChipConfig
    seed: int
    epochs: int | None = None
    hidden: int | tuple[int, ...] | None = None
    sweep_field: str | None = None
    sweep_value: Any = None

    @property
    def name(self) -> str:
        """Of its directory."""
        parts = [rule_names.short_name(self.rule), self.where, self.chip]
        if self.sweep_field is not None:
            parts.append(f"{self.sweep_field}={self.sweep_value}")
        return "-".join([*parts, f"seed{self.seed}"]).translate(UNSAFE)

    def settings(self) -> dict[str, Any]:
        """All that tells one run from another, as plain values."""
        found = {name: getattr(self, name) for name in ("task", "where", "chip", "seed", "epochs")}
        found |= {
            "hidden": _plain(self.hidden),
            "rule": rule_names.short_name(self.rule),
            "sweep_field": self.sweep_field,
        }
        return found | {"sweep_value": self.sweep_value, "config": self.config.to_dict()}


@dataclass(frozen=True, eq=False)
class Plan:
    """All combinations of what is listed, seeds outermost: what is finished at any time is balanced.

    Args:
        task: by name, or a file, as on the command line.
        rules: by name or as ``FILE.py:CLASS``.
        where: of :data:`PLACES`.
        chips: names of profiles; or names of your own with a :class:`ChipConfig` each, which keeps its seed, or with a
            function of the run's seed that makes one.
        seeds: of programs, and of the chips of profiles.
        epochs, hidden: for every run; None takes each rule's own.
        sweep: of a setting of the chips or the rules.

    Raises:
        ValueError: something unknown, empty or given twice; one sentence.
    """

    task: str
    rules: Iterable[str] = ("eventprop",)
    where: Iterable[str] = ("chip",)
    chips: Iterable[str] | Mapping[str, ChipConfig | Callable[[int], ChipConfig]] = ("ideal", "typical")
    seeds: Iterable[int] = (1, 2, 3)
    epochs: int | None = None
    hidden: int | tuple[int, ...] | None = None
    sweep: Sweep | None = None

    def __post_init__(self) -> None:
        for name in ("rules", "where", "seeds"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        chips = self.chips if isinstance(self.chips, Mapping) else {}
        listed = list(self.chips)
        _listed("chips", listed)
        object.__setattr__(self, "chips", {name: chips.get(name) or _profile(name) for name in listed})
        tasks.check(self.task)
        _listed("rules", [rule_names.short_name(rule) for rule in self.rules])
        for rule in self.rules:
            rule_names.check(rule)
        _listed("places", self.where)
        if unknown := [place for place in self.where if place not in PLACES]:
            raise ValueError(f"the place {unknown[0]!r} is unknown; valid are {', '.join(PLACES)}")
        _listed("seeds", self.seeds)
        for name, values in (("epochs", (self.epochs,)), ("hidden", _sizes(self.hidden))):
            for value in values:
                if value is not None and value < 1:
                    raise ValueError(f"{name} is {value}; it must be at least 1")
        _listed("directories of runs", [run.name for run in self.runs])  # settings of chips are refused here, too

    @cached_property
    def runs(self) -> list[Run]:
        """All runs, in the order in which they are begun."""
        found = []
        for seed in self.seeds:
            for value in self.sweep.values if self.sweep else (None,):
                for rule in self.rules:
                    for where in self.where:
                        found += [self._run(rule, where, chip, seed, value) for chip in self.chips]
        return found

    def _run(self, rule: str, where: str, chip: str, seed: int, value: Any) -> Run:
        made = self.chips[chip]
        config = made if isinstance(made, ChipConfig) else made(seed=seed)
        field = None
        if self.sweep is not None:
            field, config = self.sweep.field, self.sweep.apply(config, value)
        return Run(self.task, rule, where, chip, config, seed, self.epochs, self.hidden, field, value)

    def settings(self) -> dict[str, Any]:
        """As plain values, for files."""
        return {
            "task": self.task,
            "rules": [rule_names.short_name(rule) for rule in self.rules],
            "where": list(self.where),
            "chips": list(self.chips),
            "seeds": list(self.seeds),
            "epochs": self.epochs,
            "hidden": _plain(self.hidden),
            "sweep_field": self.sweep.field if self.sweep else None,
            "sweep_values": list(self.sweep.values) if self.sweep else None,
        }


def _sizes(hidden: int | tuple[int, ...] | None) -> tuple[int | None, ...]:
    return hidden if isinstance(hidden, tuple) else (hidden,)


def _plain(hidden: int | tuple[int, ...] | None) -> int | list[int] | None:
    return list(hidden) if isinstance(hidden, tuple) else hidden


def _profile(name: str) -> Callable[[int], ChipConfig]:
    if name not in PROFILES:
        raise ValueError(f"the chip {name!r} is unknown; valid are {', '.join(PROFILES)}")
    made: Callable[[int], ChipConfig] = getattr(ChipConfig, name)
    return made


def _listed(what: str, names: Iterable[Any]) -> None:
    names = list(names)
    if not names:
        raise ValueError(f"there are no {what} to compare; name at least one")
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"of the {what}, {twice[0]!r} is named twice")
