"""Names that nobody knows: which ones somebody may have meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

CLOSE = 3  # names that are suggested


def closest(name: str, valid: Iterable[str]) -> str:
    """Return ``"the closest are a, b"``, or ``""`` where nothing is close."""
    close = difflib.get_close_matches(name, list(valid), n=CLOSE)
    verb = "is" if len(close) == 1 else "are"
    return f"the closest {verb} {', '.join(close)}" if close else ""
