"""What a user's firmware was made from: its class, and the files of its code and data."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from chip.base.imports import PACKAGES
from host.firmware.code import code_of


def is_a_users(firmware: object) -> bool:
    """Return whether a firmware is a user's, and no rule of ours."""
    module = sys.modules.get(type(firmware).__module__)
    return module is not None and module.__name__.partition(".")[0] not in PACKAGES


def file_of(firmware: object) -> Path | None:
    """Return the file that a user's firmware comes from; None where it comes from none, or is ours."""
    file = getattr(sys.modules.get(type(firmware).__module__), "__file__", None)
    return Path(file).resolve() if is_a_users(firmware) and file is not None and Path(file).is_file() else None


def source_of(firmware: object) -> dict[str, Any] | None:
    """Return what a user's firmware was made from, for ``result.json``; None for a rule of ours.

    ``class``: its name; ``files``: SHA-256 of its file, which is the first, of the modules that it imports and of the
    data that it has read so far, by absolute path, see :mod:`host.firmware.code`; empty where it comes from no file.
    """
    if not is_a_users(firmware):
        return None
    files = code_of(type(firmware)).files if file_of(firmware) else {}
    return {"class": type(firmware).__qualname__, "files": {str(file): digest for file, digest in files.items()}}
