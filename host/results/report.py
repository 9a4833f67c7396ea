"""The final report of a run, as aligned lines of text."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from chip import energy
from chip.base.assumption import ASSUMED, Weight, weightiest
from host.results import metrics, verdict
from host.results.result import JSON_NAME, NPZ_NAME, PNG_NAME, Result

LABEL_WIDTH = 12  # of the longest label
SHOWN = 5  # assumptions of many
SMALLEST_US = 0.05  # a part of a sample's time below it is not worth a word


def report(result: Result, directory: Path | None = None, every_assumption: bool = False) -> str:
    """Return what somebody at the bench wants to know after a run; losses are shouted.

    ``directory`` is where the result was saved, if it was. Of many assumptions only the weightiest are shown, those
    that speak of gateware that no chip has, of costs that are better than the chip's, or worse.
    """
    rows = _rows(result) + _assumptions(result, directory, every_assumption)
    if directory is not None:
        names = [JSON_NAME, NPZ_NAME] + [PNG_NAME] * (directory / PNG_NAME).exists()
        rows.append(("results", f"{directory}/ {', '.join(names)}"))
    return "\n".join([_title(result), *(f"  {label:<{LABEL_WIDTH}}  {text}" for label, text in rows)])


def html(result: Result) -> str:
    """Return what a notebook shows of a run: its title, metrics, times, and what was lost, as a table."""
    rows = _metrics(result) + [("chip time", _chip_time(result)), ("exit codes", _exit_codes(result.ppu["exit_codes"]))]
    if not result.complete:
        rows.append(("got to", verdict.progress(result)))
    if lost := verdict.losses(result):
        rows.append(("LOST OR LATE", lost))
    rows.append(("arrays", ", ".join(f"{name} {list(array.shape)}" for name, array in result.arrays.items())))
    cells = (f"<tr><th>{escape(label)}</th><td>{escape(text)}</td></tr>" for label, text in rows)
    return f"<table><caption>{escape(_title(result))}</caption>{''.join(cells)}</table>"


def _title(result: Result) -> str:
    title = verdict.title(result)
    if result.epochs is not None:
        title += f", {verdict.epochs(result.epochs)}"
    headline = verdict.HEADLINES.get(verdict.ending(result))
    return f"{headline}, incomplete: {title}" if headline else title


def _rows(result: Result) -> list[tuple[str, str]]:
    ppu = result.ppu
    rows = _metrics(result)
    if not result.complete:
        rows.append(("got to", verdict.progress(result)))
    rows += [
        ("chip time", _chip_time(result)),
        *_apart(result),
        ("wall time", _wall_time(result)),
        *_speed(result),
        *([("energy", energy.sentence(result.energy))] if result.energy else []),
        ("PPU load", _load(ppu)),
        ("PPU SRAM", f"{ppu['sram_used']} of {ppu['sram_size']} bytes on the fuller one"),
        ("events", _events(result.events)),
        ("host link", _host_link(result.host_link)),
        ("exit codes", _exit_codes(ppu["exit_codes"])),
    ]
    if result.task_source is not None and result.task_source["origin"] != result.task:
        rows.append(("task", f"{result.task_source['origin']}, sha256 {result.task_source['sha256'][:12]}"))
    if result.rule_source is not None:
        rows.append(("rule", _rule(result.rule_source)))
    if result.calibration is not None:
        rows.append(("calibration", _calibration(result.calibration)))
    if lost := verdict.losses(result):
        rows.append(("LOST OR LATE", lost))
    rows += [("WARNING", sentence) for sentence in result.fabric.get("warnings", ())]
    rows += [("WARNING", str(sentence)) for sentence in result.arrays.get("warnings", ())]
    rows.append(("versions", ", ".join(f"{name} {version}" for name, version in result.versions.items())))
    return rows


def _assumptions(result: Result, directory: Path | None, every: bool) -> list[tuple[str, str]]:
    shown, count = result.assumptions, len(result.assumptions)
    if not every and count > SHOWN:
        limit = (
            Weight.CLOCK if result.where == "host" else Weight.GATEWARE
        )  # else what is assumed of the link is nothing
        shown = weightiest(result.assumptions, limit)[:SHOWN]
    lines = [text.removesuffix(f" ({ASSUMED})") for text in shown]  # the heading says it
    if len(shown) < count:
        where = "result.assumptions" if directory is None else f"{JSON_NAME}; --assumptions shows them"
        lines.insert(0, f"{count} things, all in {where}" + ", and above all:" * bool(shown))
    labels = ["assumed"] + [""] * len(lines)
    return list(zip(labels, lines or ["nothing"], strict=False))


def _metrics(result: Result) -> list[tuple[str, str]]:
    """The headline with its name, the others behind it, and where the curve has come to."""
    if result.headline is None:
        return []
    (headline, value), *others = result.metrics.items()
    parts = ["not reached" if value is None else metrics.layout(headline).format(value)]
    parts += [metrics.shown(name, other) for name, other in others if other is not None]
    if len(curve := result.learning):
        parts.append(f"{metrics.shown(result.curve, curve[-1])} in {result.step} {len(curve)}")
    return [(metrics.in_words(headline), ", ".join(parts))]


def _chip_time(result: Result) -> str:
    text = f"{result.chip_seconds:.4g} s"
    if not result.samples:
        return text
    return f"{text} for {result.samples} {result.progress.get('unit', 'samples')}, those of evaluation included"


def _rule(source: dict[str, Any]) -> str:
    if not source["files"]:
        return f"{source['class']}, of no file"
    (file, digest), *others = source["files"].items()
    more = f", with {verdict.counted(len(others), 'more file')}" if others else ""
    return f"{source['class']} of {file}, sha256 {digest[:12]}{more}"


def _calibration(used: dict[str, Any]) -> str:
    of = f"of chip {used['chip']}, seed {used['chip_seed']}"
    return f"of no file, {of}" if used["file"] is None else f"{used['file']}, sha256 {used['sha256'][:12]}, {of}"


def _load(ppu: dict[str, Any]) -> str:
    busy = {name: sum(parts.values()) for name, parts in ppu["busy_cycles"].items()}
    busier = f" on the {max(busy, key=busy.__getitem__)} one" + ", the busier" * (len(busy) > 1) if busy else ""
    return f"{ppu['busy_fraction']:.1%} of {_cycles(ppu['cycles'])}{busier}"


def _cycles(count: int) -> str:
    for unit, size in (("G", 10**9), ("M", 10**6), ("k", 10**3)):
        if count >= size:
            return f"{count / size:.2f} {unit} cycles"
    return f"{count} cycles"


def _exit_codes(codes: dict[str, int | str | None]) -> str:
    return ", ".join(f"{name} {'none yet' if code is None else code}" for name, code in codes.items())


def _wall_time(result: Result) -> str:
    text = f"{result.wall_seconds:.4g} s"
    if result.speed["compile_seconds"] is not None or result.task is None:
        text += " without compiling"
    if result.chip_seconds:
        text += f", {result.wall_seconds / result.chip_seconds:.1f} times chip time"
    return text


def _apart(result: Result) -> list[tuple[str, str]]:
    """What a host that learns adds to chip time."""
    if result.where != "host":
        return []
    link = result.host_link
    times = _on_links({link["preset"]: result.time["link_s"], **link["seconds_by_preset"]}, "{:.4g} s")
    return [
        ("link time", f"{times} for {link['runs']} runs and {link['round_trips']} round trips"),
        ("host time", f"{result.time['host_s']:.4g} s of arithmetic on this machine"),
    ]


def _on_links(times: dict[str, float], layout: str) -> str:
    """Return times on the link by the names of its settings, those that the chip had first."""
    return " or ".join(f"{layout.format(time)} ({name})" for name, time in times.items())


def _speed(result: Result) -> list[tuple[str, str]]:
    """What a training sample takes, and where on the chip."""
    speed = result.speed
    wall_us, chip_us = speed["wall_us_per_sample"], speed["chip_us_per_sample"]
    if not speed["samples"]:
        return [("per sample", "not measured, too few training samples")] if result.task is not None else []
    ratio = f"{wall_us / chip_us:.2f} times chip time"
    waits, by_preset = "", speed.get("link_us_per_sample_by_preset", {})
    if any(by_preset.values()):
        times = {result.host_link["preset"]: speed["link_us_per_sample"], **by_preset}
        waits += f"{_on_links(times, '{:.1f} us')} on the link, "
    if host_us := speed.get("host_us_per_sample"):
        waits += f"{host_us:.1f} us on the host, "
    rows = [
        ("per sample", f"{chip_us:.1f} us on the chip, {waits}{wall_us:.1f} us here, {ratio}, when it learns"),
        ("compiling", f"{speed['compile_seconds']:.1f} s for loading and first calls, in none of the times above"),
    ]
    for name, parts in speed["chip_parts"].items():
        shown = (f"{part} {us:.1f}" for part, us in parts.items() if abs(us) >= SMALLEST_US)
        rows.append((f"{name} PPU", f"{', '.join(shown)} us"))
    return rows


def _events(counts: dict[str, int]) -> str:
    shown = ["sent", "delivered", "lost"] + [name for name in ("unrouted", "unplayed") if counts.get(name)]
    return ", ".join(f"{counts[name]} {name}" for name in shown)


def _host_link(counts: dict[str, Any]) -> str:
    before, during, after = (counts[f"bytes_{phase}"] for phase in ("before", "during", "after"))
    text = f"{before} bytes before, {during} during, {after} after learning"
    if (each := counts.get("bytes_per_training_sample")) is not None:
        text += f", {each:.0f} for each training sample"
    if (loading := counts.get("seconds_before_by_preset")) is not None:
        times = {counts["preset"]: counts["seconds_before"], **loading}
        text += f"; loading takes {_on_links(times, '{:.3g} s')}"
    return text
