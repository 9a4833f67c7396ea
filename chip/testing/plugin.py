"""The pytest plugin: the fixture ``chip_factory``, strict by default.

    def test_mine(chip_factory):
        host = Host(chip_factory(seed=3))
        ...

Ask for it: ``pytest -p chip.testing.plugin``, or ``pytest_plugins = ["chip.testing.plugin"]`` in the ``conftest.py``
beside your tests. An installation forces it upon nobody, since another project may have a package ``chip`` of its own.

A test whose chips have lost, missed or saturated anything fails when it ends, unless it allows that by name:
``chip_factory(allow=["saturated conversions"])``. Property tests, which run many chips in one test, take
:func:`chip.testing.run_firmware` instead.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from chip.base.config import ChipConfig
    from chip.testing.runs import WatchedChip


@pytest.fixture
def chip_factory() -> Iterator[Callable[..., WatchedChip]]:
    """Make chips: ``chip_factory(config=None, allow=(), **settings)``, an ideal chip with these settings by default.

    At the end of the test each of them is checked, see :meth:`chip.testing.WatchedChip.check`; not one whose run ended
    with a LossError, which the test has seen.
    """
    from chip.base.config import ChipConfig
    from chip.testing.runs import WatchedChip

    chips: list[WatchedChip] = []

    def make(config: ChipConfig | None = None, allow: Collection[str] = (), **settings) -> WatchedChip:
        if config is not None and settings:
            raise ValueError(f"give a config or settings, not both: {', '.join(settings)}")
        chips.append(WatchedChip(config or ChipConfig.ideal(**settings), allow))
        return chips[-1]

    yield make
    for chip in chips:
        if not chip.told:
            chip.check()
