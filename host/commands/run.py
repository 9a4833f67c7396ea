"""``plasticore run``: a firmware that learns no task runs to its end; its metrics, arrays and pictures are kept."""

from __future__ import annotations

import argparse

from host.commands import session
from host.commands.arguments import Commands, UsageError, add_command, add_run_options
from host.commands.common import check
from host.firmware import rules

EXAMPLES = """\
examples:
  plasticore run homeostasis                          on an ideal chip; report, picture: runs/.../result.*
  plasticore run homeostasis --chip typical --seed 3  on a chip with the usual imperfections
  plasticore run homeostasis --set target=20 --set updates=50
  plasticore run bcm --set inhibition=0 --seed 2      without lateral inhibition
  plasticore run stdp                                 pair STDP of the whole array
  plasticore run mine.py:MyRule                       a firmware of your own, from a file
  plasticore run mine.py:MyRule --set rate=0.5 --out here

A firmware names its own metrics and arrays. `plasticore rules` lists the examples, and
`plasticore compare --rules homeostasis --sweep rule.target=5,12,20` sets several runs side by side. From Python:
Result.load("runs/homeostasis-ideal-seed1").metrics, .arrays, .plot().
"""


def add_arguments(commands: Commands) -> None:
    command = add_command(
        commands,
        "run",
        summary="run a firmware that learns no task: STDP, homeostasis, your own",
        description="Load a firmware and its stimuli, if it has any, let the chip run until its programs have ended, "
        "and save metrics and arrays. After an interrupt from the keyboard, those reached so far are saved.",
        examples=EXAMPLES,
    )
    command.set_defaults(task=None, where="chip")
    command.add_argument(
        "rule",
        metavar="FIRMWARE",
        nargs="?",
        help="an example by name, or FILE.py:CLASS; `plasticore rules` lists the names",
    )
    add_run_options(command, "runs/FIRMWARE-CHIP-seedN", learns=False)


def run(options: argparse.Namespace) -> int:
    if options.rule is None:
        raise UsageError(f"a firmware is missing; {rules.valid(learning=False)}")
    return session.run(options, check(options, learning=False))
