"""Benchmarks are run by hand; what they put timers around must be there all the same."""

from chip.core.entries import Entries
from tests.benchmarks.bench_speed import COMPILED, ENTRIES


def test_functions_with_timers_exist():
    assert [name for functions in COMPILED.values() for owner, name in functions if not hasattr(owner, name)] == []
    assert set(ENTRIES.values()) <= set(Entries._fields)
