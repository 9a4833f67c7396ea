"""What is compared: every combination of rules, places, chips, seeds and swept values, each of them one run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import ppu_programs
from chip.base.config import ChipConfig
from host import tasks
from host.compare.sweep import Sweep
from host.firmware import rules as rule_names
from host.firmware.user_files import UNSAFE
from host.numbers import plain, whole

PROFILES = ("ideal", "typical", "raw")
OWN = {"seed": "seeds", "epochs": "epochs", "hidden": "hidden"}  # settings with an argument of their own
PLACES = ("chip", "host")  # where learning happens: see host.compare.places


@dataclass(frozen=True)
class Run:
    """One run: plain data, which any process can be handed.

    Attributes:
        task, rule, where: what is learned, None for no task, how (by name or ``FILE.py:CLASS``), and by whom.
        chip, config: the chip's name in tables, and its settings, swept field included.
        seed: of the program; of the chip, too, where its settings came from a profile.
        epochs, hidden: None takes the rule's own; hidden are the sizes of all hidden layers where they are several.
        changes: further settings of the rule, by name; texts are read as the types that they have.
        sweep_field, sweep_value: both None where nothing is swept.
    """

    task: str | None
    rule: str
    where: str
    chip: str
    config: ChipConfig
    seed: int
    epochs: int | None = None
    hidden: int | tuple[int, ...] | None = None
    sweep_field: str | None = None
    sweep_value: Any = None
    changes: Mapping[str, Any] = field(default_factory=dict)

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
        found |= {"hidden": _plain(self.hidden), "rule": rule_names.short_name(self.rule)}
        found |= {"sweep_field": self.sweep_field, "sweep_value": self.sweep_value, "changes": dict(self.changes)}
        return found | {"config": self.config.to_dict()}


@dataclass(frozen=True, eq=False)
class Plan:
    """All combinations of what is listed, seeds outermost: what is finished at any time is balanced.

    Args:
        task: by name, or a file, as on the command line; None for rules that learn no task.
        rules: by name or as ``FILE.py:CLASS``.
        where: of :data:`PLACES`.
        chips: names of profiles; or names of your own with a :class:`ChipConfig` each, which keeps its seed, or with a
            function of the run's seed that makes one.
        seeds: of programs, and of the chips of profiles.
        epochs, hidden: for every run; None takes each rule's own.
        sweep: of a setting of the chips or the rules.
        changes: further settings for every run, by name, which all rules must have.

    Numbers of numpy become Python's own.

    Raises:
        ValueError: something unknown, empty or given twice; one sentence.
    """

    task: str | None
    rules: Iterable[str] = ("eventprop",)
    where: Iterable[str] = ("chip",)
    chips: Iterable[str] | Mapping[str, ChipConfig | Callable[[int], ChipConfig]] = ("ideal", "typical")
    seeds: Iterable[int] = (1, 2, 3)
    epochs: int | None = None
    hidden: int | tuple[int, ...] | None = None
    sweep: Sweep | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("rules", "where"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        object.__setattr__(self, "seeds", tuple(whole("a seed", seed, 0) for seed in self.seeds))
        for name in ("epochs", "hidden"):
            object.__setattr__(self, name, _sizes(name, getattr(self, name)))
        object.__setattr__(self, "changes", {name: plain(value) for name, value in self.changes.items()})
        chips = self.chips if isinstance(self.chips, Mapping) else {}
        listed = list(self.chips)
        _listed("chips", listed)
        object.__setattr__(self, "chips", {name: chips.get(name) or _profile(name) for name in listed})
        _listed("rules", [rule_names.short_name(rule) for rule in self.rules])
        if self.task is not None:
            tasks.check(self.task)
        elif learning := next((rule for rule in self.rules if rule in ppu_programs.names()), None):
            raise ValueError(f"a task is missing, which {learning} learns; {tasks.valid()}")
        for rule in self.rules:
            rule_names.check(rule, learning=self.task is not None)
        _listed("places", self.where)
        if unknown := [place for place in self.where if place not in PLACES]:
            raise ValueError(f"the place {unknown[0]!r} is unknown; valid are {', '.join(PLACES)}")
        _listed("seeds", self.seeds)
        self._check_changes()
        _listed("directories of runs", [run.name for run in self.runs])  # settings of chips are refused here, too

    def _check_changes(self) -> None:
        swept = self.sweep.setting if self.sweep else None
        for name in self.changes:
            if name in OWN:
                raise ValueError(f"the setting {name} has an argument of its own; give {OWN[name]}")
            if name == swept:
                raise ValueError(f"the setting {name} is swept and set; do one of them")

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
        return Run(self.task, rule, where, chip, config, seed, self.epochs, self.hidden, field, value, self.changes)

    @property
    def what(self) -> str:
        """What is compared, for titles and directories: the task, or the rules where none is learned."""
        if self.task is not None:
            return tasks.short_name(self.task)
        return ", ".join(rule_names.short_name(rule) for rule in self.rules)

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
            "changes": dict(self.changes),
            "sweep_field": self.sweep.field if self.sweep else None,
            "sweep_values": list(self.sweep.values) if self.sweep else None,
        }


def _sizes(name: str, value: Any) -> int | tuple[int, ...] | None:
    """Return a number, or several, as plain ones; raises ValueError for one below 1."""
    if value is None or not isinstance(value, tuple | list):
        return None if value is None else whole(name, value, 1)
    return tuple(whole(name, size, 1) for size in value)


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
