"""``plasticore experiment``: runs an experiment and writes its numbers and its picture."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from chip.base.config import ChipConfig
from host.arguments import UsageError
from host.commands.common import RUNS
from host.experiments import SUMMARIES


def check(name: str, config: ChipConfig) -> None:
    """Raise UsageError for a name that is none, or a chip that no experiment is made for."""
    if name not in SUMMARIES:
        raise UsageError(f"the experiment {name!r} is unknown; valid are {', '.join(SUMMARIES)}")
    if config.capmem.used:
        raise UsageError(f"the chip {config.profile} needs a calibration; experiments take ideal and typical chips")


def default_directory(name: str, config: ChipConfig) -> Path:
    """Return where an experiment's files go that were not told where."""
    return RUNS / f"experiment-{name}-{Path(config.profile).stem}-seed{config.seed}"


def run(name: str, config: ChipConfig, directory: Path, quiet: bool) -> str:
    """Run an experiment, write its files into a directory, and return its report.

    Raises:
        ChipError: the chip could not do it. OSError: the files cannot be written.
    """
    from host import plots

    outcome = import_module(f"host.experiments.{name.replace('-', '_')}").run(config, quiet=quiet)
    picture, hint = None, f"\n  {plots.MISSING}"
    if plots.available():
        from host.experiments import pictures

        picture, hint = pictures.draw(outcome), ""
    names = outcome.save(directory, picture)
    return f"{outcome.report}\n  written to {directory}/ {', '.join(names)}{hint}"
