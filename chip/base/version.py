"""The version of plasticore that runs: that of the source tree around this package, else that of the installation."""

from __future__ import annotations

import functools
import tomllib
from importlib import metadata
from pathlib import Path

NAME = "plasticore"
PROJECT_FILE = Path(__file__).resolve().parents[2] / "pyproject.toml"


@functools.cache
def version() -> str:
    """Return for example ``"0.1.0"``; ``"unknown"`` for packages that were copied away from both."""
    try:
        project = tomllib.loads(PROJECT_FILE.read_text(encoding="utf-8"))["project"]
        if project["name"] == NAME:
            return str(project["version"])
    except (OSError, ValueError, KeyError):
        pass  # installed, or beside somebody else's project
    try:
        return metadata.version(NAME)
    except metadata.PackageNotFoundError:
        return "unknown"
