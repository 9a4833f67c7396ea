"""Versions of what a result depends on."""

from __future__ import annotations

import platform
from importlib import metadata

from chip.base import version as plasticore

DISTRIBUTIONS = ("plasticore", "numpy", "numba", "simpy")


def version(distribution: str) -> str:
    """Return the version that runs, or ``"not installed"``; of plasticore that of its sources where they are."""
    if distribution == plasticore.NAME:
        return plasticore.version()
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "not installed"


def versions() -> dict[str, str]:
    """Return the versions of Python, of this project and of what it computes with, by name."""
    return {"python": platform.python_version()} | {name: version(name) for name in DISTRIBUTIONS}
