"""The final report of a run, as aligned lines of text."""

from __future__ import annotations

from pathlib import Path

from host.results import JSON_NAME, NPZ_NAME, Result

LABEL_WIDTH = 12  # of the longest label


def report(result: Result, directory: Path | None = None) -> str:
    """Return what somebody at the bench wants to know after a run; losses are shouted.

    ``directory`` is where the result was saved, if it was.
    """
    rows = _rows(result)
    if directory is not None:
        rows.append(("results", f"{directory / JSON_NAME}, {NPZ_NAME}"))
    return "\n".join([_title(result), *(f"  {label:<{LABEL_WIDTH}}  {text}" for label, text in rows)])


def _title(result: Result) -> str:
    where = f"chip {result.chip}, seed {result.seed}"
    title = f"{result.task} learned by {result.rule} on {where}, {_epochs(result.epochs)}"
    return title if result.complete else f"INTERRUPTED, incomplete: {title}"


def _rows(result: Result) -> list[tuple[str, str]]:
    ppu, speed = result.ppu, result.speed
    rows = [
        ("accuracy", _accuracy(result)),
        ("chip time", f"{result.chip_seconds:.4g} s, {speed['chip_us_per_sample']:.1f} us per sample"),
        ("wall time", _wall_time(result)),
        ("PPU load", f"{ppu['busy_fraction']:.1%} of {ppu['cycles']} cycles on the busier one"),
        ("PPU SRAM", f"{ppu['sram_used']} of {ppu['sram_size']} bytes on the fuller one"),
        ("events", _events(result.events)),
        ("host link", _host_link(result.host_link)),
    ]
    lost = {name: count for name, count in result.losses.items() if count}
    if lost:
        rows.append(("LOST OR LATE", ", ".join(f"{count} {name}" for name, count in lost.items())))
    rows.append(("versions", ", ".join(f"{name} {version}" for name, version in result.versions.items())))
    labels = ["assumptions"] + [""] * len(result.assumptions)
    return rows + list(zip(labels, result.assumptions or ["none"], strict=False))


def _accuracy(result: Result) -> str:
    parts = ["not reached" if result.accuracy is None else f"{result.accuracy:.4f} on the test samples"]
    if result.train_accuracy:
        parts.append(f"{result.train_accuracy[-1]:.4f} on the training samples in epoch {len(result.train_accuracy)}")
    return ", ".join(parts)


def _wall_time(result: Result) -> str:
    text = f"{result.wall_seconds:.4g} s, {result.speed['wall_us_per_sample']:.1f} us per sample"
    if result.chip_seconds:
        text += f", {result.wall_seconds / result.chip_seconds:.1f} times chip time"
    return text


def _events(counts: dict[str, int]) -> str:
    shown = ["sent", "delivered", "lost"] + ["unrouted"] * bool(counts.get("unrouted"))
    return ", ".join(f"{counts[name]} {name}" for name in shown)


def _host_link(counts: dict[str, int]) -> str:
    before, during, after = (counts[f"bytes_{phase}"] for phase in ("before", "during", "after"))
    return f"{before} bytes before, {during} during, {after} after learning"


def _epochs(count: int) -> str:
    return f"{count} epoch" if count == 1 else f"{count} epochs"
