"""Texts that several answers are made of."""

from __future__ import annotations

from collections.abc import Mapping


def counted(count: int, what: str) -> str:
    """Return ``"1 spike"`` or ``"2 spikes"``."""
    return f"{count} {what}" + "s" * (count != 1)


def table(rows: Mapping[str, str], width: int = 0) -> str:
    """Return lines of a name and a text, names at least so wide; with a width, indented below a heading."""
    indent, width = "  " * bool(width), max(width, *map(len, rows))
    return "\n".join(f"{indent}{name:<{width}}  {summary}" for name, summary in rows.items())
