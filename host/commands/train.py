"""``plasticore train``: the chip learns a task."""

from __future__ import annotations

import argparse

from host.commands import session
from host.commands.arguments import DEFAULT_RULE, Commands, add_command, add_run_options
from host.commands.common import check

EXAMPLES = """\
examples:
  plasticore train yin-yang                           learn on an ideal chip, report, picture: runs/.../result.*
  plasticore train yin-yang --epochs 5 --seed 3       a quick trial
  plasticore train yin-yang --set batch=50            any setting of the rule; an unknown name lists them all
  plasticore train mine.npz                           arrays of your own; `plasticore tasks` says what they hold
  plasticore train mine.py:my_task                    a task of your own, from a file
  plasticore train yin-yang --chip mine.toml          on a chip with other settings
  plasticore train yin-yang --chip typical            on a chip with the usual imperfections
  plasticore train yin-yang --chip raw --seed 7 --calibration cal.npz
  plasticore train yin-yang --where host              the same from outside: a host trains the chip over its link
  plasticore train yin-yang --where host --link optimistic  with short waits on the link
  plasticore train yin-yang --checkpoint-every 10000  for --resume runs/.../run.checkpoint after an interruption
  plasticore train yin-yang --rule mine.py:MyRule     a rule of your own, from a file
  plasticore train digits-8x8:DIRECTORY --rule equilibrium-softmax  MNIST's digits, 64 inputs
  plasticore train digits:DIRECTORY --rule mine.py:MyRule  MNIST's digits, 256 inputs, which no rule here takes
"""


def add_arguments(commands: Commands) -> None:
    command = add_command(
        commands,
        "train",
        summary="let the chip learn a task",
        description="Load firmware and samples, let the chip learn by itself, read the results and save them.",
        examples=EXAMPLES,
    )
    command.add_argument(
        "task",
        metavar="TASK",
        nargs="?",
        help="what to learn: a name, digits:DIRECTORY, FILE.npz or FILE.py:TASK; `plasticore tasks` explains them",
    )
    command.add_argument(
        "--rule",
        default=DEFAULT_RULE,
        metavar="NAME",
        help="learning rule, by name or as FILE.py:CLASS (default: %(default)s)",
    )
    command.add_argument(
        "--where",
        choices=("chip", "host"),
        default="chip",
        help="who computes the weights: the chip by itself, or a host in float from what it records "
        "(default: %(default)s)",
    )
    add_run_options(command, "runs/TASK-RULE-CHIP-seedN-Nepochs")


def run(options: argparse.Namespace) -> int:
    return session.run(options, check(options, learning=True))
