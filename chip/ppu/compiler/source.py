"""The source text of kernels, kept as it was imported: an edit of the file afterwards changes no kernel of this run.

A file is read when the first of its kernels is decorated, which is while it is imported unless only factories decorate
there, or when a program with tasks in it is loaded. The text is believed where Python makes the very code of the
function from it; else the file has changed since.
"""

from __future__ import annotations
import __future__

import ast
import functools
import linecache
import operator
import os
import sys
import types
from collections.abc import Iterator


class SourceChangedError(Exception):
    """A file is no longer what the function was imported from."""


class SourceFile:
    """One file's text with its syntax tree and the code that Python makes of it.

    Args:
        lines: of the text; name: of the file.
        flags: of the compiler, for imports from ``__future__`` that are not in the text: a notebook's cells have those
            of the cells before.
    """

    def __init__(self, lines: list[str], name: str, flags: int = 0):
        self.lines = lines
        text = "".join(lines)
        self.tree = ast.parse(text)
        self.codes = set(_codes(compile(text, name, "exec", flags, dont_inherit=True)))

    def lines_of(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> tuple[list[str], int]:
        """Return the lines of a function, decorators included, and the number of the first one."""
        first = _first_line(node)
        return self.lines[first - 1 : node.end_lineno], first

    def find(self, code: types.CodeType) -> ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | None:
        """Return the function that a code object belongs to, or None where this text does not make that code."""
        if code not in self.codes:
            return None
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                if (_first_line(node), getattr(node, "name", "<lambda>")) == (code.co_firstlineno, code.co_name):
                    return node
        return None


def _not_mandatory() -> Iterator[__future__._Feature]:
    """Yield the features that a file has only if it imports them from ``__future__``."""
    for name in __future__.all_feature_names:
        feature = getattr(__future__, name)
        if (feature.getMandatoryRelease() or (99,)) > sys.version_info:
            yield feature


_FUTURE = functools.reduce(operator.or_, (feature.compiler_flag for feature in _not_mandatory()), 0)

Found = tuple[SourceFile, "ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda"]

_files: dict[str, SourceFile] = {}


def source_of(function: types.FunctionType) -> Found:
    """Return the file of a function and the function's node in its tree.

    Raises:
        OSError: the source is not in a file.
        SourceChangedError: the file has changed since the function was imported.
    """
    code = function.__code__
    name = code.co_filename
    known = _files.get(name)
    node = known.find(code) if known else None
    if node is None:  # not read yet, or imported again after a change
        linecache.checkcache(name)
        lines = linecache.getlines(name, function.__globals__)
        if not lines and known is None and not os.path.exists(name):
            raise OSError(f"no source for {name}")
        try:
            fresh = SourceFile(lines, name, code.co_flags & _FUTURE)
        except SyntaxError:
            raise SourceChangedError(name) from None  # it was not one when it was imported
        node = fresh.find(code)
        if node is None:
            raise SourceChangedError(name)
        _files[name] = known = fresh
    assert known is not None
    return known, node


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    """Yield a code object and all code objects within it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)


def _first_line(node: ast.AST) -> int:
    """Return the line that Python gives as a function's first: its first decorator's, if it has any."""
    decorators = [decorator.lineno for decorator in getattr(node, "decorator_list", ())]
    return min([*decorators, node.lineno])  # type: ignore[attr-defined]
