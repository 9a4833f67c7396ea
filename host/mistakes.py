"""What an exception in a user's firmware says, in words: what was mistaken, in which program, at which chip time."""

from __future__ import annotations

import inspect
import re

NOTE = re.compile(r"in program (?P<program>.+) on the (?P<ppu>\w+) PPU, at (?P<time>\d+ ns)")  # of the processor
OPERATION = re.compile(r"\w+\.(?P<name>\w+)\(\) ")
BOUNDS = re.compile(r"index (?P<index>-?\d+) is out of bounds for axis (?P<axis>\d+) with size (?P<size>\d+)")


def sentence(error: BaseException) -> str:
    """Return what went wrong, and where on the chip, if it happened there; without a full stop."""
    return _what(error) + place(error)


def place(error: BaseException) -> str:
    """Return ``", in program P on the top PPU, at 1000 ns"``, without what the error says itself; or ``""``."""
    found = next(filter(None, map(NOTE.fullmatch, getattr(error, "__notes__", ()))), None)
    if found is None:
        return ""
    return f", at {found['time']}" if f"program {found['program']} " in str(error) else f", {found[0]}"


def _what(error: BaseException) -> str:
    from chip.errors import ChipError
    from chip.ppu.processor.processor import Processor
    from chip.spelling import closest

    text = str(error)
    if isinstance(error, ChipError):
        return text
    if isinstance(error, AttributeError) and isinstance(error.obj, Processor):
        remedy = closest(error.name, _operations(Processor)) or "chip/ppu/processor has those that there are"
        return f"a PPU has no operation {error.name!r}; {remedy}"
    if isinstance(error, TypeError) and (match := OPERATION.match(text)) and match["name"] in _operations(Processor):
        signature = inspect.signature(getattr(Processor, match["name"]))
        names = ", ".join(name for name in signature.parameters if name != "self")
        return f"{match['name']}() {text[match.end() :]}; it takes ({names})"
    if isinstance(error, IndexError) and (match := BOUNDS.fullmatch(text)):
        size = int(match["size"])
        valid = f"valid are 0..{size - 1}" if size else "it is empty"
        return f"index {match['index']} is beyond an array of {size} elements; {valid}"
    return f"{type(error).__name__}: {text}"


def _operations(processor: type) -> list[str]:
    return [name for name in dir(processor) if not name.startswith("_")]
