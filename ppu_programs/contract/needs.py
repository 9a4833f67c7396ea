"""What a firmware needs of a task, of a chip and of its neurons: what is missing is refused in one sentence."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from chip.base.config import FpgaConfig
from chip.base.declaration import shown

LABELLED = ("inputs", "targets", "ranges")  # what rules read of a task with samples and classes


def check_has(name: str, task: Any, needed: Iterable[str]) -> None:
    """Raise ValueError where a task lacks one of these attributes, which firmware ``name`` reads."""
    if missing := [attribute for attribute in needed if not hasattr(task, attribute)]:
        raise ValueError(f"{name}: the task is {shown(task)}, which has no {missing[0]}; hand over a task")


def check_gateware(name: str, fpga: FpgaConfig, needed: Iterable[str]) -> None:
    """Raise ValueError where the chip's FPGA has a switch off that firmware ``name`` needs."""
    for switch in needed:
        if not getattr(fpga, switch):
            raise ValueError(f"{name} needs fpga.{switch}, which this chip has off; switch it on")


def check_rest(section: str, leak_lsb: int, threshold_lsb: int) -> None:
    """Raise ValueError where neurons of a leak potential would fire all the time; thresholds are potentials, too."""
    if threshold_lsb <= leak_lsb:
        raise ValueError(
            f"{section}.threshold_lsb is {threshold_lsb}, not above leak_lsb of {leak_lsb}; neurons would never rest"
        )
