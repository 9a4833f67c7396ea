"""Code blocks of documents: found with what a comment in front of each says of it, and held against what is shown."""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
_BLOCK = re.compile(r"(?:^<!-- (\w+)(?:: ([\w.]+))? -->\n)?^```(\w+)\n(.*?)^```$", re.M | re.S)


class Block(NamedTuple):
    """A block: what its comment says is to be done, with which name, its language and its text."""

    what: str | None
    name: str | None
    language: str
    text: str


def document(*path: str) -> str:
    """Return the text of a document of this project."""
    return ROOT.joinpath(*path).read_text(encoding="utf-8")


def blocks(text: str) -> list[Block]:
    """Return all code blocks of a document, in order."""
    return [Block(*match.groups()) for match in _BLOCK.finditer(text)]


def matches(printed: str, shown: str) -> bool:
    """Compare what was printed with what is shown; ``...`` stands for any lines, or within one for any text."""
    lines = shown.splitlines(keepends=True)
    pattern = "".join(".*" if line == "...\n" else re.escape(line).replace(r"\.\.\.", "[^\n]*") for line in lines)
    return re.fullmatch(pattern, printed, re.S) is not None
