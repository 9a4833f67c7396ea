"""More nested calls of Python than usual, for a while: compilers call themselves for every level of what they read."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

DEEPEST_CALLS = 20_000

_lock = threading.Lock()
_users = 0  # in any thread
_usual_limit = 0  # what Python allowed before the first of them began


@contextmanager
def deep_calls() -> Iterator[None]:
    """Allow :data:`DEEPEST_CALLS` nested calls, in all threads, until nobody needs them any more."""
    global _users, _usual_limit
    with _lock:
        if _users == 0:
            _usual_limit = sys.getrecursionlimit()
            sys.setrecursionlimit(max(_usual_limit, DEEPEST_CALLS))
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                sys.setrecursionlimit(_usual_limit)
