"""How a run ended, in one word, in a headline and in a sentence."""

from __future__ import annotations

from chip.ppu.processor.endings import stopped_by_watchdog
from chip.ppu.processor.processor import WATCHDOG as STOPPED
from host.results.result import Result
from host.words import counted

FINISHED, INTERRUPTED, WATCHDOG, FAILED = "finished", "interrupted", "watchdog", "failed"
HEADLINES = {INTERRUPTED: "INTERRUPTED", WATCHDOG: "STOPPED BY THE WATCHDOG", FAILED: "ENDED WITH AN ERROR"}


def ending(result: Result) -> str:
    """Return FINISHED, INTERRUPTED (from outside), WATCHDOG, or FAILED: an exit code that is not 0."""
    if result.complete:
        return FINISHED
    codes = [code for code in result.ppu["exit_codes"].values() if code is not None]
    if STOPPED in codes:
        return WATCHDOG
    return FAILED if any(codes) else INTERRUPTED


def losses(result: Result) -> str:
    """Return what was lost or late, such as ``"3 doorbells, 1 events"``, or ``""``."""
    return ", ".join(f"{count} {name}" for name, count in result.losses.items() if count)


def sentence(result: Result) -> str:
    """Return what went wrong and what to do, or ``""`` where nothing did."""
    how, codes = ending(result), result.ppu["exit_codes"]
    if how == INTERRUPTED:
        return f"interrupted after {progress(result)}"
    if how == WATCHDOG:
        stopped = [name for name, code in codes.items() if code == STOPPED]
        limit_cycles = result.config["ppu"]["program_limit_cycles"]
        remedy = "let it end sooner" if result.epochs is None else "train fewer epochs"
        return f"{stopped_by_watchdog(stopped, limit_cycles)} or {remedy}"
    if how == FAILED:
        wrong = " and ".join(f"the {name} PPU ended with exit code {code}" for name, code in codes.items() if code)
        return f"{wrong}; 0 is success, what others mean the firmware {result.rule} knows"
    lost = losses(result)
    return f"lost or late: {lost}; this chip is not strict, so learning went on without them" if lost else ""


def progress(result: Result) -> str:
    """Return how far the run got: ``"100 of 200 samples, 1 of 2 epochs"``."""
    parts = []
    if result.progress:
        done, total, unit = (result.progress[name] for name in ("done", "total", "unit"))
        parts.append(f"{done} {unit}" if total is None else f"{done} of {total} {unit}")
    if result.epochs is not None and result.step == "epoch":
        parts.append(f"{len(result.learning)} of {epochs(result.epochs)}")
    return ", ".join(parts)


def nothing_learned(result: Result) -> bool:
    """Whether a curve was to show learning and has no point."""
    return result.curve is not None and not len(result.learning)


def title(result: Result) -> str:
    """Return what was run: ``"yin-yang learned by eventprop on chip ideal, seed 1"``."""
    by = result.rule + " from the host" * (result.where == "host")
    what = by if result.task is None else f"{result.task} learned by {by}"
    return f"{what} on chip {result.chip}, {seeds(result)}"


def epochs(count: int) -> str:
    return counted(count, "epoch")


def seeds(result: Result) -> str:
    """Return ``"seed 1"``, or both seeds where program and chip have different ones."""
    chip_seed = result.config.get("seed", result.seed)
    if result.seed is None:
        return f"seed {chip_seed}"
    return f"seed {result.seed}" if chip_seed == result.seed else f"program seed {result.seed}, chip seed {chip_seed}"
