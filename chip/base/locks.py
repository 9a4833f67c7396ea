"""One process at a time in a directory, by advisory locks of the operating system, which end with the process.

Where a file system has no locks, as some of a network have not, nobody waits for anybody.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path

CLAIM_NAME = ".plasticore.lock"  # there while a run is under way


class ClaimedError(Exception):
    """Somebody else has claimed a directory; the text says who."""


@contextlib.contextmanager
def alone_in(directories: Iterable[Path]) -> Iterator[None]:
    """Wait until nobody else is in one of these directories, then keep others out; what is renamed within is durable.

    Raises:
        OSError: there is no such directory.
    """
    with contextlib.ExitStack() as context:
        opened = []
        for directory in sorted(set(directories)):  # in one order, so that no two wait for each other
            opened.append(os.open(directory, os.O_RDONLY))
            context.callback(os.close, opened[-1])
            with contextlib.suppress(OSError):
                fcntl.flock(opened[-1], fcntl.LOCK_EX)
        yield
        for each in opened:
            with contextlib.suppress(OSError):
                os.fsync(each)


@contextlib.contextmanager
def claimed(directory: Path) -> Iterator[None]:
    """Have a directory for oneself, from the first to the last file of a run; make it if it is not there.

    Raises:
        ClaimedError: another process, or another run of this one, has claimed it and is still there.
        OSError: it cannot be made or written to.
    """
    made = _make(directory)
    path = directory / CLAIM_NAME
    try:
        file = _locked(path)
        try:
            os.ftruncate(file, 0)
            os.pwrite(file, f"process {os.getpid()} on {socket.gethostname()}".encode(), 0)
            yield
        finally:
            path.unlink(missing_ok=True)
            os.close(file)
    finally:
        for parent in made:
            with contextlib.suppress(OSError):  # there are results in it
                parent.rmdir()


def _make(directory: Path) -> list[Path]:
    """Make a directory; return which were not there before, innermost first."""
    missing = [path for path in (directory, *directory.parents) if not path.exists()]
    directory.mkdir(parents=True, exist_ok=True)
    return missing


def _locked(path: Path) -> int:
    """Return the descriptor of a file that is locked and lies there under its name."""
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            who = os.pread(file, 200, 0).decode(errors="replace")
            os.close(file)
            raise ClaimedError(who or "another process") from None
        except OSError:
            return file  # no locks here
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file), os.stat(path)):
                return file
        os.close(file)  # whoever had it has removed it in between
