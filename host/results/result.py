"""What a run leaves behind: a :class:`Result`, and its two files ``result.json`` and ``result.npz``.

``result.npz`` holds arrays that depend on nothing but the seed, the program and the chip: the same seed gives the same
bytes. Whatever depends on the machine, wall-clock time above all, is in ``result.json`` only.

``result.json`` says its ``format``. This version writes 2, in which a run ends in named metrics, and reads 1 as well,
in which it ended in an accuracy.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import io
import json
import tempfile
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from chip.base.saving import npz_bytes, replace_together
from host.results import first_format

FORMAT = 2
JSON_NAME, NPZ_NAME, PNG_NAME = "result.json", "result.npz", "result.png"
INTERRUPTED_NAME = "interrupted"  # directory beside a complete result, for one that must not replace it


@dataclass(eq=False, repr=False)
class Result:
    """One finished, or interrupted, run. Equal to itself only; compare what matters.

    Attributes:
        task, rule, where: what was learned, None for no task, by which firmware, and ``"chip"`` where the chip learned
            by itself, ``"host"`` where a host trained it from outside.
        chip: the name of the chip's profile, and whether a chip whose neurons have codes was calibrated.
        seed: of the firmware: initial weights, order of samples, rounding; None where it has none.
        epochs: passes through the training samples that were asked for; None where there are none.
        metrics: what came of it, numbers by name, the first of which is the headline; None where one was not reached,
            as in a run that was interrupted. ``accuracy`` is the fraction of right test samples.
        curve: which array shows how the headline developed; None where none does.
        axes: of arrays, a name for each axis.
        progress: ``done`` of ``total``, which is None where nobody knows, and the ``unit``: what was counted.
        chip_seconds: simulated time from start to the last exit code.
        wall_seconds: what that took here, evaluation included; without compilation on first use, which is in ``speed``,
            unless samples are to be timed and the run ended before.
        time: what learning and evaluation took, seconds: ``chip_s`` on the chip, ``link_s`` for what crossed the host
            link meanwhile, as modelled with its settings, ``host_s`` for the host's own arithmetic, as measured here.
        ppu: ``cycles``, ``busy_fraction``, ``sram_used``, ``sram_size`` and their parts.
        events: ``sent``, ``delivered``, ``lost`` and their parts; ``unplayed`` where a run ended before stimuli did.
        losses: everything that was lost or late, by name.
        fabric: where events queue, ``losses`` by cause and place, ``warnings`` that say what to do, events
            ``late_from_fpga``, and the ``load`` of each output of the crossbar; empty where contention is off.
        host_link: bytes, round trips and starts, the name of the link's preset, and seconds, see
            :meth:`chip.link.HostLink.report`; ``bytes_per_training_sample`` where a host has learned from them.
        samples: how many were played; those for evaluation included.
        simpy_events: how many the simulator took for the run.
        speed: of training samples, see :class:`host.running.stopwatch.Stopwatch`: ``wall_us_per_sample``,
            ``chip_us_per_sample``, ``compile_seconds``, ``samples``, ``chip_parts``; and ``link_us_per_sample`` and
            ``host_us_per_sample``, what a training sample takes on the host link and of the host's arithmetic;
            ``link_us_per_sample_by_preset`` is the former on each preset of :class:`chip.base.config.link.LinkConfig`.
            Neither has the wait for the capacitor memory behind loading, which a chip alone has as well.
        network: what was learned, as :meth:`ppu_programs.network.Network.to_dict` has it; None where a rule has none.
        settings: those of the firmware, by name, as they held on this chip.
        assumptions: one sentence each; as :class:`chip.base.assumption.Assumption` until they come from a file.
        versions: of plasticore and what it stands on.
        config: the chip's settings.
        complete: every program ended by itself, with exit code 0.
        chip_seed: which chip it was, the ``seed`` of ``config``, which may be another than the rule's.
        calibration: which one the chip had: ``file`` and ``sha256`` (None where it came from no file), the name and
            seed of the ``chip`` and the version of ``plasticore`` that it was made for; None without one.
        task_source: ``origin`` of the task's data, as on the command line, and their ``sha256``.
        rule_source: class and files of a user's rule, see :func:`host.firmware.source.source_of`; None for one of
            ours.
        energy: see :func:`chip.energy.energy`: ranges in joules, ``joules_per_sample`` of a training sample among them.
        arrays: name to array; weights, learning curves, recordings.
        origin: what a picture needs beside all that, see :class:`host.results.reading.Origin`; None of a result that
            was saved, or that came from another process.
    """

    origin: ClassVar[Any] = None

    task: str | None
    rule: str
    where: str
    chip: str
    seed: int | None
    epochs: int | None
    metrics: dict[str, float | None]
    chip_seconds: float
    wall_seconds: float
    ppu: dict[str, Any]
    events: dict[str, int]
    losses: dict[str, int]
    host_link: dict[str, Any]
    samples: int
    simpy_events: int
    speed: dict[str, Any]
    assumptions: list[str]
    versions: dict[str, str]
    config: dict[str, Any]
    complete: bool = True
    curve: str | None = None
    axes: dict[str, list[str]] = field(default_factory=dict)
    progress: dict[str, Any] = field(default_factory=dict)
    network: dict[str, Any] | None = None
    settings: dict[str, Any] | None = None
    chip_seed: int | None = None
    calibration: dict[str, Any] | None = None
    task_source: dict[str, Any] | None = None
    rule_source: dict[str, Any] | None = None
    energy: dict[str, Any] = field(default_factory=dict)
    fabric: dict[str, Any] = field(default_factory=dict)
    time: dict[str, float] = field(default_factory=dict)
    arrays: dict[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.chip_seed is None:
            self.chip_seed = self.config.get("seed")

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "origin"}

    def __repr__(self) -> str:
        parts = [self.task, self.rule, f"chip={self.chip}", f"seed={self.seed}", f"epochs={self.epochs}"]
        if not self.complete:
            parts.append("incomplete")
        elif self.headline is not None:
            parts.append(f"{self.headline}={self.value}")
        return f"<Result {' '.join(part for part in parts if part is not None)}>"

    def _repr_html_(self) -> str:
        """For notebooks: what was run, its metrics, and what went wrong."""
        return str(import_module("host.results.report").html(self))

    def plot(self) -> Any:
        """Return the picture of ``result.png``, which notebooks show; ``plot().save(path)`` writes it.

        A result that was saved knows its curve, its arrays and the load of the processors, and no more; one that its
        host has just made has weights by projection, spikes and membranes too.

        Raises:
            ImportError: matplotlib is not installed; pip install 'plasticore[plot]' brings it.
        """
        return import_module("host.pictures.plots").draw(self)  # by name: pictures are drawn of results

    @property
    def headline(self) -> str | None:
        """The name of the first metric; None where there is none."""
        return next(iter(self.metrics), None)

    @property
    def value(self) -> float | None:
        """That of the headline; None where it was not reached, or there is none."""
        return None if self.headline is None else self.metrics[self.headline]

    @property
    def accuracy(self) -> float | None:
        """The metric of that name, None where it was not reached; raises AttributeError where it is no metric."""
        if "accuracy" not in self.metrics:
            known = ", ".join(self.metrics) or "none"
            raise AttributeError(f"accuracy is no metric of {self.rule}; its metrics are: {known}")
        return self.metrics["accuracy"]

    @property
    def learning(self) -> np.ndarray:
        """float64[steps]: how the headline developed while the chip learned; empty where no array shows it."""
        return np.zeros(0) if self.curve is None else np.asarray(self.arrays[self.curve], float)

    @property
    def step(self) -> str:
        """What the curve has a point for: the name of its axis, an epoch where nobody says."""
        (axis,) = self.axes.get(self.curve, ["epoch"])
        return axis

    @property
    def weights(self) -> np.ndarray:
        """uint8[hemisphere, row, column], 0..63: all synapses after the run."""
        return self.arrays["weights"]

    def summary(self) -> dict[str, Any]:
        """Everything but the arrays, as ``result.json`` has it."""
        return {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.name != "arrays"}

    def save(self, directory: str | Path) -> None:
        """Write both files, or none: each is written aside, checked to be on disk, then renamed.

        An earlier result in the directory stays whole until both new files are. ``result.json`` is renamed last and
        names the hash of its ``result.npz``, so a pair that a power cut tore is found by :meth:`load`.

        Raises:
            OSError: the directory cannot be written to; nothing has changed then.
        """
        directory = Path(directory)
        files = self.files()
        directory.mkdir(parents=True, exist_ok=True)
        replace_together({directory / name: content for name, content in files.items()})

    def files(self) -> dict[str, bytes]:
        """Return the content of both files by name, ``result.json`` last.

        Raises:
            TypeError, ValueError: something that no file can hold.
        """
        npz = npz_bytes(self.arrays)
        summary = {"format": FORMAT} | self.summary() | {"arrays_sha256": hashlib.sha256(npz).hexdigest()}
        text = json.dumps(summary, indent=2, allow_nan=False, default=_plain) + "\n"
        return {NPZ_NAME: npz, JSON_NAME: text.encode()}

    @classmethod
    def load(cls, directory: str | Path) -> Result:
        """Read a saved result.

        Raises:
            ValueError: ``result.json`` is not one of ours, or the two files do not belong together.
            OSError: a file cannot be read.
        """
        directory = Path(directory)
        summary = _read_summary(directory / JSON_NAME)
        npz = (directory / NPZ_NAME).read_bytes()
        if summary.pop("arrays_sha256") != hashlib.sha256(npz).hexdigest():
            raise ValueError(f"{directory / NPZ_NAME} is not the file that {JSON_NAME} beside it was written with")
        with np.load(io.BytesIO(npz), allow_pickle=False) as archive:
            arrays = dict(archive)
        if summary.pop("format") == 1:
            summary = first_format.converted(summary, arrays)
        return cls(**summary, arrays=arrays)


def _read_summary(path: Path) -> dict[str, Any]:
    try:
        summary = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is not a result of plasticore, or damaged: {error}") from None
    if not isinstance(summary, dict):
        raise ValueError(f"{path} is not a result of plasticore: it holds a {type(summary).__name__}, not an object")
    summary = {"format": 1} | summary  # which did not say it
    if summary["format"] not in (1, FORMAT):
        found = summary["format"]
        raise ValueError(
            f"{path} is not a result of this version of plasticore: its format is {found}, not 1 or {FORMAT}"
        )
    fields = {f.name for f in dataclasses.fields(Result)} - {"arrays"} | {"arrays_sha256", "format"}
    if summary["format"] == 1:
        fields = fields - first_format.SINCE | first_format.GONE
    missing, foreign = sorted(fields - set(summary)), sorted(set(summary) - fields)
    if missing or foreign:
        what = f"it has no {missing[0]}" if missing else f"{foreign[0]} is unknown"
        raise ValueError(f"{path} is not a result of this version of plasticore: {what}")
    return summary


def place_for(result: Result, directory: Path) -> Path:
    """Return where to save: the directory, or ``interrupted`` in it where a complete result would be replaced."""
    if result.complete or not (directory / JSON_NAME).exists():
        return directory
    with contextlib.suppress(ValueError, OSError):
        if json.loads((directory / JSON_NAME).read_text(encoding="utf-8"))["complete"] is False:
            return directory
    return directory / INTERRUPTED_NAME  # what cannot be read is not ours to replace either


def check_writable(directory: Path, remedy: str = "--out names a directory") -> None:
    """Raise ValueError where results could not be saved in a directory; probes and leaves nothing behind.

    ``remedy`` is said where a file stands in the place of the directory.
    """
    missing: list[Path] = []
    try:
        missing = [path for path in (directory, *directory.parents) if not path.exists()]
        found = next(path for path in (directory, *directory.parents) if path.exists())
        if not found.is_dir():
            raise ValueError(f"{found} is a file; {remedy}")
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory):
            pass
        blocked = [f"{name} is a directory" for name in (NPZ_NAME, JSON_NAME, PNG_NAME) if (directory / name).is_dir()]
        below = directory / INTERRUPTED_NAME
        if below.exists() and not below.is_dir():
            blocked.append(f"{INTERRUPTED_NAME} is a file")
    except OSError as error:
        nearest = next((path for path in directory.parents if path not in missing), directory)
        where = f"{directory}: nothing can be made in {nearest}" if missing else str(directory)
        raise ValueError(f"results cannot be written to {where}: {error.strerror or error}") from None
    finally:
        for path in missing:  # innermost first
            with contextlib.suppress(OSError):
                path.rmdir()
    if blocked:
        raise ValueError(f"results cannot be written to {directory}: {blocked[0]} there")


def _plain(value: object) -> object:
    """Turn what numpy makes into what JSON knows."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    raise TypeError(f"result.json cannot hold a {type(value).__name__}: {value!r}")
