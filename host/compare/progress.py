"""The progress of a comparison on stderr: one line over all runs."""

from __future__ import annotations

import time

from tqdm import tqdm

from host.progress import INTERVAL_S, LINES, Progress


class RunsProgress(Progress):
    """As :class:`host.progress.Progress`; call :meth:`show` again and again."""

    def __init__(self, title: str, quiet: bool = False):
        super().__init__(title, quiet)
        self._begun_s = time.perf_counter()

    def show(self, done: int, total: int, running: int, failed: int, remaining_s: float | None) -> None:
        """Tell how many runs are done, fail and run; ``remaining_s`` is None while nobody can know."""
        now_s = time.perf_counter()
        if self._terminal:
            if now_s < self._drawn_s + INTERVAL_S and done < total:
                return
        elif LINES * done // max(1, total) == self._tenth:
            return
        self._tenth = LINES * done // max(1, total)
        parts = [f"{done} of {total} runs done", f"{running} running", *([f"{failed} failed"] if failed else [])]
        parts.append(f"{tqdm.format_interval(now_s - self._begun_s)} so far")
        if remaining_s is not None and done < total:
            parts.append(f"about {tqdm.format_interval(remaining_s)} to go")
        line = f"{self._title}: {', '.join(parts)}"
        if self._terminal:
            self._draw(line)
        else:
            self._write(f"{line}\n")
