"""IDX files, the format of MNIST: a magic number, sizes as big-endian 32-bit numbers, then bytes; often compressed.

A magic number is two zeros, 8 for unsigned bytes, and the count of dimensions (LeCun, Cortes, Burges, "The MNIST
database", file format).
"""

from __future__ import annotations

import gzip
import zlib
from math import prod
from pathlib import Path

import numpy as np

BYTES = 8
GZIP = b"\x1f\x8b"


def read(path: Path, dimensions: int) -> np.ndarray:
    """Return the uint8 array of a file, compressed by gzip or not, of so many dimensions.

    Raises:
        ValueError: it cannot be read, is no such file, or is damaged; one sentence.
    """
    try:
        content = path.read_bytes()
        if content.startswith(GZIP):
            content = gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise ValueError(f"the IDX file {path} cannot be read: {reason}") from None
    begin = 4 + 4 * dimensions
    if len(content) < begin or content[:4] != bytes((0, 0, BYTES, dimensions)):
        raise ValueError(
            f"{path} is no IDX file of bytes in {dimensions} dimensions: it begins with {content[:4].hex(' ')}, not "
            f"with {bytes((0, 0, BYTES, dimensions)).hex(' ')}"
        )
    sizes = tuple(int(size) for size in np.frombuffer(content[4:begin], ">u4"))
    if prod(sizes) != len(content) - begin:
        raise ValueError(
            f"the IDX file {path} is damaged: it says {' x '.join(map(str, sizes))} bytes and holds "
            f"{len(content) - begin}"
        )
    return np.frombuffer(content, np.uint8, offset=begin).reshape(sizes)
