"""The state of a processor and its program, as numbers, text and arrays, and back.

It is taken between two steps of the environment: then a program waits for its alarm or for a doorbell, and what its
operation does at its end is a value, see :mod:`chip.ppu.processor.completions`.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from chip.base.clock import Alarm
from chip.ppu.processor.completions import as_data, from_data
from chip.ppu.processor.doorbells import DoorbellOrTime, EarlyWait

if TYPE_CHECKING:
    from chip.ppu.processor.processor import Processor

# attributes of a processor that are saved as they are
NUMBERS = (
    *("exit_code", "lost_doorbells", "races", "start_ns", "span_cycles", "causal_channel", "_asleep"),
    *("_used_until_ns",),
)


def identity_of(ppu: Processor) -> dict[str, str] | None:
    """Return which program is loaded: its name and a hash of its code; None without one."""
    if ppu.program is None:
        return None
    return {"name": ppu.program.name, "code": ppu.flow.identity()}


def snapshot_of(ppu: Processor) -> dict[str, Any]:
    """Return what a processor's future depends on.

    Raises:
        RuntimeError: its program is plain Python.
    """
    found: dict[str, Any] = {name: getattr(ppu, name) for name in NUMBERS}
    found |= {"sram": ppu.sram.copy(), "vector": ppu.vector.snapshot(), "incoming": ppu.incoming.snapshot()}
    found |= {"spent": dict(ppu._spent), "used": list(ppu._used), "pending": list(ppu.pending)}
    found["waiting"] = [_wait_as_data(wait) for wait in ppu.waiting]
    found["end_ns"] = ppu.end.time_ns()
    found["then"] = as_data(ppu.then)
    then, slot = ppu.loading
    found["loading"] = {"slot": slot, "now": then is not None and then is ppu.then}
    if ppu.flow is None:
        return found
    found |= {"flow": ppu.flow.snapshot(), "scheduler": ppu.scheduler.snapshot(), "program": identity_of(ppu)}
    found["tracks"] = {name: [track.written, track.lost] for name, track in ppu.recorder.tracks.items()}
    cache = ppu.instruction_cache
    found["instruction cache"] = None if cache is None else cache.snapshot(ppu.program.kernels)
    return found


def restore_on(ppu: Processor, saved: dict[str, Any]) -> None:
    """Take back what :func:`snapshot_of` returned, on a processor with the same program."""
    for name in NUMBERS:
        setattr(ppu, name, saved[name])
    ppu.sram[:] = saved["sram"]
    ppu.vector.restore(saved["vector"])
    ppu.incoming.restore(saved["incoming"])
    ppu._spent, ppu._used = defaultdict(int, saved["spent"]), tuple(saved["used"])
    ppu.pending[:] = saved["pending"]
    ppu.listeners.clear()
    ppu.waiting[:] = [_wait_from_data(ppu, line, wait) for line, wait in enumerate(saved["waiting"])]
    ppu.end.move(saved["end_ns"])
    ppu.then = from_data(saved["then"], ppu)
    ppu.loading = (ppu.then if saved["loading"]["now"] else None, saved["loading"]["slot"])
    if ppu.flow is None:
        return
    ppu.flow.restore(saved["flow"])
    ppu.scheduler.restore(saved["scheduler"])
    for name, (written, lost) in saved["tracks"].items():
        ppu.recorder.tracks[name].written, ppu.recorder.tracks[name].lost = written, lost
    if ppu.instruction_cache is not None:
        ppu.instruction_cache.restore(saved["instruction cache"], ppu.program.kernels)


def _wait_as_data(wait: Alarm | EarlyWait | DoorbellOrTime | None) -> Any:
    """Return how a program waits on a doorbell line."""
    if isinstance(wait, Alarm):
        return {"wait": "now"}
    if isinstance(wait, EarlyWait):
        return {"wait": "from", "ready_ns": wait.ready_ns}
    if isinstance(wait, DoorbellOrTime):
        return {"wait": "lines", "lines": list(wait.lines), "timed": wait.timed}
    return None


def _wait_from_data(ppu: Processor, line: int, saved: Any) -> Alarm | EarlyWait | DoorbellOrTime | None:
    if saved is None:
        return None
    if saved["wait"] == "now":
        return ppu.end
    if saved["wait"] == "from":
        ppu.early_waits[line].ready_ns = saved["ready_ns"]
        return ppu.early_waits[line]
    first = saved["lines"][0]
    if line != first:  # the first line's stands for all
        return ppu.waiting[first]
    return DoorbellOrTime(ppu, saved["lines"], saved["timed"])
