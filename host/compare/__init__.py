"""Comparisons: many runs, of rules, places, chips and seeds, side by side in one table and one picture.

    from host.compare import Plan, compare

    plan = Plan("yin-yang", rules=["eventprop"], chips=["ideal", "typical"], seeds=range(1, 6))
    comparison = compare(plan, "runs/mine")
    print(comparison.summary())

Nothing is imported before it is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from host.compare.comparing import compare as compare
    from host.compare.places import run_one as run_one
    from host.compare.plan import Plan as Plan
    from host.compare.plan import Run as Run
    from host.compare.sweep import Sweep as Sweep
    from host.compare.table import Comparison as Comparison

_EXPORTS = {
    "Comparison": "host.compare.table",
    "Plan": "host.compare.plan",
    "Run": "host.compare.plan",
    "Sweep": "host.compare.sweep",
    "compare": "host.compare.comparing",
    "run_one": "host.compare.places",
}


def __getattr__(name: str) -> object:
    if name in _EXPORTS:
        return getattr(import_module(_EXPORTS[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_EXPORTS])
