"""What every firmware is a subclass of: its settings, and the methods that a host calls."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from chip.base.config import ChipConfig
from chip.base.declaration import shown
from chip.base.errors import DeclarationError
from chip.fpga.samples import SampleSet
from ppu_programs.contract.built import Built
from ppu_programs.contract.outcome import Outcome, Status

if TYPE_CHECKING:
    from chip.chip import Chip
    from chip.link import HostLink


NS_PER_MS = 1_000_000


@dataclass(frozen=True)
class NoSettings:
    """Of a firmware that has none."""


class Firmware:
    """Programs for both PPUs, what they need of the chip, and what they leave behind.

    A subclass gives ``name``, ``build``, and whatever else it has. A user chooses among the fields of one frozen
    dataclass, ``settings_class``: ``MyRule(epochs=3)`` replaces defaults, ``MyRule(settings)`` brings them all. The
    command line chooses any with ``--set name=value``, read as its default is, and sweeps any.

    Args:
        settings: of ``settings_class``; its defaults where left out.
        changes: fields of the settings that are to be others.

    Attributes:
        name: for titles and reports; that of the class where it gives none.
        settings_class: the dataclass; :class:`chip.base.settings.Checked` is a base that checks ranges.
        learns_task: whether ``build`` needs a task.
        settings: as they were chosen; nobody changes them.

    Raises:
        ValueError: a setting that it has not, or a value that the dataclass refuses.
        DeclarationError: ``settings_class`` is no dataclass, or a setting has no default.
    """

    name: str = "firmware"
    settings_class: ClassVar[type] = NoSettings
    learns_task: ClassVar[bool] = False

    def __init_subclass__(cls, **others: Any):
        super().__init_subclass__(**others)
        if cls.name == Firmware.name:
            cls.name = cls.__name__

    def __init__(self, settings: Any = None, **changes: Any):
        if not isinstance(self.settings_class, type) or not dataclasses.is_dataclass(self.settings_class):
            raise DeclarationError(
                f"settings_class of firmware {self.name} is {shown(self.settings_class)}; give a frozen dataclass"
            )
        if settings is None:
            settings = self._defaults()
        if not self.accepts(settings):
            raise ValueError(
                f"{self.name}: settings is {shown(settings)}; it needs its own, a "
                f"{self.settings_class.__module__}.{self.settings_class.__name__}"
            )
        known = [one.name for one in dataclasses.fields(settings) if one.init]
        if unknown := [name for name in changes if name not in known]:
            listed = f"its settings are {', '.join(known)}" if known else "it has no settings"
            raise ValueError(f"firmware {self.name} has no setting {unknown[0]}; {listed}")
        self.settings = dataclasses.replace(settings, **changes) if changes else settings

    def _defaults(self) -> Any:
        nothing = dataclasses.MISSING
        for one in dataclasses.fields(self.settings_class):
            if one.init and one.default is nothing and one.default_factory is nothing:
                raise DeclarationError(f"setting {one.name} of firmware {self.name} has no default; give it one")
        return self.settings_class()

    @classmethod
    def accepts(cls, settings: object) -> bool:
        """Whether these are settings of this firmware."""
        return isinstance(settings, cls.settings_class)

    def for_task(self, task: Any) -> Firmware:
        """Return the firmware for a task, whoever runs it asks once, first: by default this one.

        A rule may return another one of its kind, with those settings fitted that the task decides and that nobody
        chose, numbers of inputs and classes for example. Changes nothing.
        """
        return self

    def build(self, task: Any, config: ChipConfig) -> Built:
        """Return what a chip with the settings ``config`` has to be loaded with. Changes nothing.

        Args:
            task: anything with the attributes that this firmware reads, as :class:`host.tasks.Task` has them:
                ``inputs`` float64[n, inputs] in 0..1, ``targets`` one for each, and ``ranges``, which samples are for
                ``"train"``, ``"validation"`` and ``"test"``. None for a firmware that learns none.
            config: the chip's; latencies and sizes are known, what differs from neuron to neuron is not.

        Raises:
            ValueError: it cannot learn this task, or not on this chip.
            ChipLimitError: the network or what is played does not fit.
        """
        raise DeclarationError(f"firmware {self.name} has no build(self, task, config)")

    def status(self, chip: Chip, built: Built) -> Status:
        """Look at a running chip, which changes nothing.

        By default, how many samples were played; where none are, for how many milliseconds the chip has run.
        """
        if isinstance(built.stimuli, SampleSet):
            return Status(chip.player.played)
        return Status(chip.now_ns // NS_PER_MS, unit="ms of chip time")

    def outcome(self, link: HostLink, built: Built) -> Outcome:
        """Read what the programs have left behind, over the link; also of a run that ended early.

        The host itself reads all weights, times, loads and losses. By default nothing else.
        """
        return Outcome()

    def assumptions(self) -> list[str]:
        """One sentence for everything that this firmware takes for granted and no source confirms.

        Those that short reports should show are a :class:`chip.base.assumption.Assumption` with a weight.
        """
        return []
