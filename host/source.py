"""What a user's firmware was made from: its class, and the files that its code stands in."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Any

PACKAGES = ("chip", "ppu_programs", "host")


def source_of(firmware: object) -> dict[str, Any] | None:
    """Return what a user's firmware was made from, for ``result.json``; None for a rule of ours.

    ``class``: its name; ``files``: SHA-256 of its file, which is the first, and of those that it imports from beside
    itself, by absolute path; empty where it comes from no file.
    """
    module = sys.modules.get(type(firmware).__module__)
    if module is None or module.__name__.partition(".")[0] in PACKAGES:
        return None
    from chip.base.imports import ROOT, import_closure

    files: dict[str, str] = {}
    name = getattr(module, "__file__", None)
    if name is not None and Path(name).is_file():
        own = Path(name).resolve()
        others = [path for path in import_closure(own) if path != own]
        theirs = [p for p in others if not any(p.is_relative_to(ROOT / package) for package in PACKAGES)]
        files = {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in (own, *theirs)}
    return {"class": type(firmware).__qualname__, "files": files}
