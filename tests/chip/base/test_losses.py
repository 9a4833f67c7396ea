"""Losses have names, which are texts in reports and files."""

import json

from chip import Chip, ChipConfig
from chip.base.losses import Loss
from chip.testing.runs import WatchedChip


def test_a_loss_is_its_name():
    assert Loss("events") is Loss.EVENTS and {Loss.EVENTS: 3} == {"events": 3}
    assert f"{Loss.LATE_TASKS}" == "late tasks" and json.dumps({Loss.RACES: 1}) == '{"races between PPUs": 1}'


def test_chips_name_their_losses_by_it_and_report_plain_texts():
    chip = Chip(ChipConfig.ideal())
    chip.trace.lost = chip.executor.late = chip.torn_reads = 1  # named where there are any
    queued = {Loss.DRIVER_EVENTS, Loss.RETURNED_EVENTS, Loss.LINK_EVENTS}  # tests/chip/test_lossy_chip.py
    every = set(Loss) - {Loss.SATURATED_CONVERSIONS} - queued
    assert set(chip.losses()) == every and all(type(loss) is Loss for loss in chip.losses())
    assert list(chip.losses()) == [loss for loss in Loss if loss in every]
    assert chip.report()["losses"] == chip.losses() and all(type(name) is str for name in chip.report()["losses"])
    assert Loss.SATURATED_CONVERSIONS in WatchedChip().losses()


def test_every_loss_can_be_allowed_by_value_or_name():
    for loss in Loss:
        assert loss not in WatchedChip(allow=[loss]).losses() and loss not in WatchedChip(allow=[loss.value]).losses()
