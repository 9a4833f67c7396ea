"""What an exception in a user's firmware says, in words: what was mistaken, in which program, at which chip time."""

from __future__ import annotations

import re

NOTE = re.compile(  # of the processor
    r"in program (?P<program>.+?) on the (?P<ppu>\w+) PPU(?:, at (?P<where>.+:\d+): task \w+)?, at (?P<time>\d+ ns)"
)
BOUNDS = re.compile(r"index (?P<index>-?\d+) is out of bounds for axis (?P<axis>\d+) with size (?P<size>\d+)")


def sentence(error: BaseException) -> str:
    """Return what went wrong, and where on the chip, if it happened there; without a full stop."""
    return _what(error) + place(error)


def place(error: BaseException) -> str:
    """Return ``", in program P on the top PPU, at 1000 ns"``, without what the error says itself; or ``""``."""
    found = _note(error)
    if found is None:
        return ""
    time = f", at {found['time']}"
    if f"program {found['program']} " in str(error):
        return time
    return f", in program {found['program']} on the {found['ppu']} PPU{time}"


def line(error: BaseException) -> str:
    """Return ``"file:line"`` of the operation at which a program's task failed, or ``""``."""
    found = _note(error)
    return "" if found is None else found["where"] or ""


def _note(error: BaseException) -> re.Match | None:
    return next(filter(None, map(NOTE.fullmatch, getattr(error, "__notes__", ()))), None)


def _what(error: BaseException) -> str:
    from chip.base.errors import ChipError

    text = str(error)
    if isinstance(error, ChipError):
        return text
    if isinstance(error, IndexError) and (match := BOUNDS.fullmatch(text)):
        size = int(match["size"])
        valid = f"valid are 0..{size - 1}" if size else "it is empty"
        return f"index {match['index']} is beyond an array of {size} elements; {valid}"
    return f"{type(error).__name__}: {text}"
