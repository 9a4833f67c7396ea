"""What tests of rules share: short runs compile no tasks."""

import pytest

from tests.late_compiling import late_compiling


@pytest.fixture(scope="module", autouse=True)
def tasks_are_compiled_late():
    with late_compiling() as compile_all:
        yield compile_all
