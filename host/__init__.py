"""The host: loads programs, lets the chip learn by itself, reads the results.

``from host import Host, Progress, Result, tasks``; nothing is imported before it is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from host.host import Host as Host
    from host.results.result import Result as Result
    from host.running.progress import Progress as Progress

_EXPORTS = {"Host": "host.host", "Progress": "host.running.progress", "Result": "host.results.result"}


def __getattr__(name: str) -> object:
    if name in _EXPORTS:
        return getattr(import_module(_EXPORTS[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_EXPORTS])
