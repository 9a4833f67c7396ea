"""Files that are whole or not there, archives of arrays that depend on their values only, and trees in such archives.

A tree has numbers, text and arrays. These stand as they are in a zip archive of numpy's (``.npz``), all else as JSON in
its entry ``facts``, with a checksum over both. It is read without pickle, so a file from somebody else can be damaged
or wrong, but runs no code.
"""

from __future__ import annotations

import contextlib
import glob
import hashlib
import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from chip.base.locks import alone_in

FACTS, CHECKSUM = "facts", "checksum"
PARTIAL = ".partial"  # suffix of a file that is still being written
FIXED_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip archive can say


def pack(tree: Any) -> bytes:
    """Return a tree of dicts, lists, numbers, text, None, bytes and arrays as the bytes of a file.

    Raises:
        TypeError: it holds something else.
    """
    arrays: dict[str, np.ndarray] = {}
    facts = json.dumps(_without_arrays(tree, "", arrays), sort_keys=True, allow_nan=False)
    arrays[FACTS] = np.frombuffer(facts.encode(), np.uint8)
    arrays[CHECKSUM] = np.frombuffer(_checksum(arrays), np.uint8)
    return npz_bytes(arrays)


def unpack(content: bytes, what: str) -> Any:
    """Return the tree that :func:`pack` was given.

    Raises:
        ValueError: ``what``, the file for a sentence, is damaged, or something else.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, KeyError) as error:
        raise ValueError(f"{what} is damaged, or no file of plasticore's: {error}") from None
    if not {FACTS, CHECKSUM} <= arrays.keys():
        raise ValueError(f"{what} is no snapshot: it has no facts and no checksum")
    checksum = arrays.pop(CHECKSUM)
    if checksum.tobytes() != _checksum(arrays):
        raise ValueError(f"{what} is damaged: its checksum does not match its content")
    return _with_arrays(json.loads(arrays[FACTS].tobytes()), arrays)


def npz_bytes(arrays: dict[str, np.ndarray]) -> bytes:
    """Return an ``.npz`` archive that depends on names and values only: sorted, uncompressed, undated."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(arrays):
            member = zipfile.ZipInfo(f"{name}.npy", FIXED_DATE)
            member.create_system = 3  # Unix, on every machine
            member.external_attr = 0o644 << 16
            content = io.BytesIO()
            values = np.asarray(arrays[name], order="C")
            np.lib.format.write_array(content, values, version=(1, 0), allow_pickle=False)
            archive.writestr(member, content.getvalue())
    return buffer.getvalue()


def replace_together(contents: dict[Path, bytes]) -> None:
    """Give several files new contents: all of them, or after an error none. The last one is renamed last.

    Who does the same in the same directory at the same time waits, so that the files of two are never mixed.
    """
    with alone_in(path.parent for path in contents):
        _replace(contents)


def _replace(contents: dict[Path, bytes]) -> None:
    partial = {path: path.with_name(f"{path.name}.{os.getpid()}{PARTIAL}") for path in contents}
    earlier = {path: path.read_bytes() if path.exists() else None for path in contents}
    touched = []
    try:
        for path, content in contents.items():
            _remove_partial(path)
            _write_durably(partial[path], content)
        for path in contents:
            touched.append(path)
            os.replace(partial[path], path)
    except BaseException:
        for path in touched:
            _restore(path, earlier[path])
        for path in partial.values():
            with contextlib.suppress(OSError):
                path.unlink()
        raise


def _remove_partial(path: Path) -> None:
    """Remove what a process that was killed while it wrote has left."""
    for left in path.parent.glob(f"{glob.escape(path.name)}.*{PARTIAL}"):
        with contextlib.suppress(OSError):
            left.unlink()


def _restore(path: Path, content: bytes | None) -> None:
    if content is None:
        path.unlink(missing_ok=True)
    else:
        _write_durably(path, content)


def _write_durably(path: Path, content: bytes) -> None:
    with open(path, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _checksum(arrays: dict[str, np.ndarray]) -> bytes:
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(array.data if array.size else b"")
    return digest.digest()


def _without_arrays(tree: Any, path: str, arrays: dict[str, np.ndarray]) -> Any:
    """Return a tree with the names of arrays in their places; put these into ``arrays``."""
    if isinstance(tree, dict):
        return {key: _without_arrays(value, f"{path}/{key}" if path else key, arrays) for key, value in tree.items()}
    if isinstance(tree, (list, tuple)):
        return [_without_arrays(value, f"{path}/{number}", arrays) for number, value in enumerate(tree)]
    if isinstance(tree, (bytes, memoryview)):
        arrays[path] = np.frombuffer(tree, np.uint8)
        return {"$bytes": path}
    if isinstance(tree, np.ndarray):
        arrays[path] = tree
        return {"$array": path}
    if isinstance(tree, np.integer):
        return int(tree)
    if tree is None or isinstance(tree, (bool, int, float, str)):
        return tree
    raise TypeError(f"{path or 'a tree'} is {tree!r}, which cannot be saved")


def _with_arrays(tree: Any, arrays: dict[str, np.ndarray]) -> Any:
    if isinstance(tree, list):
        return [_with_arrays(value, arrays) for value in tree]
    if not isinstance(tree, dict):
        return tree
    if "$array" in tree:
        return arrays[tree["$array"]]
    if "$bytes" in tree:
        return arrays[tree["$bytes"]].tobytes()
    return {key: _with_arrays(value, arrays) for key, value in tree.items()}
