"""The progress of a comparison on stderr: one line over all runs."""

from __future__ import annotations

import time
from dataclasses import dataclass

from tqdm import tqdm

from host.running.progress import INTERVAL_S, LINES, Progress

SILENT_S = 30.0  # at most, in a file, while nothing ends


@dataclass(frozen=True)
class State:
    """How far a comparison is: runs that are done, in all, at work and failed, and the seconds to go if one can know.

    ``compiling``: the rule whose machine code is made, which its runs wait for; "" where none is.
    """

    done: int
    total: int
    running: int
    failed: int
    compiling: str
    remaining_s: float | None


class RunsProgress(Progress):
    """As :class:`host.running.progress.Progress`; call :meth:`show` again and again."""

    def __init__(self, title: str, quiet: bool = False):
        super().__init__(title, quiet)
        self._begun_s = self._written_s = time.perf_counter()

    def show(self, state: State) -> None:
        """Tell how far it is."""
        done, total = state.done, state.total
        now_s = time.perf_counter()
        if self._terminal:
            if now_s < self._drawn_s + INTERVAL_S and done < total:
                return
        elif LINES * done // max(1, total) == self._tenth and now_s < self._written_s + SILENT_S:
            return
        self._written_s = now_s
        self._tenth = LINES * done // max(1, total)
        parts = [f"{done} of {total} runs done", f"{state.running} running"]
        parts += [f"compiling {state.compiling}"] * bool(state.compiling) + [f"{state.failed} failed"] * (
            state.failed > 0
        )
        parts.append(f"{tqdm.format_interval(now_s - self._begun_s)} so far")
        if state.remaining_s is not None and done < total:
            parts.append(f"about {tqdm.format_interval(state.remaining_s)} to go")
        line = f"{self._title}: {', '.join(parts)}"
        if self._terminal:
            self._draw(line)
        else:
            self._write(f"{line}\n")
