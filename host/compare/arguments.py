"""The arguments of ``plasticore compare``."""

from __future__ import annotations

import argparse
from collections.abc import Callable

DEFAULT_SEEDS = 3
LINK = "replaces the chip's settings of the host link: today, optimistic (default: the chip's own, which are today's)"

EXAMPLES = """\
examples:
  plasticore compare yin-yang --rules eventprop --seeds 5                     ideal against typical chips
  plasticore compare yin-yang --rules eventprop,mine.py:MyRule --epochs 5     your rule against one of ours
  plasticore compare yin-yang --chips typical --sweep mismatch=0,0.1,0.2,0.5  what mismatch a rule endures
  plasticore compare yin-yang --chips ideal --sweep noise=0,0.0135,0.1
  plasticore compare yin-yang --sweep imperfections.tau_mem_relative_std=0,0.1,0.2,0.5
  plasticore compare yin-yang --sweep router.on_chip_latency_ns=100,200,400
  plasticore compare yin-yang --rules superspike --chips ideal --sweep rule.activity=0,0.03,0.1,0.3,0.9

sweeps:
  FIELD is any setting that `plasticore chip --show typical` prints, as section.name, or rule.NAME, a setting of the
  rules. The magnitude of an imperfection
  brings its switch: on above 0, off at 0. Two shorthands stand for more:
  mismatch   standard deviation of the time constants; all mismatch of neurons and synapses, and the offsets of the
             CADC, go with it in the ratios of a typical chip, which has 0.1; sensors, short-term plasticity and noise
             stay as they are
  noise      standard deviation of the membranes' noise, of the distance from leak to threshold; typical chips: 0.0135

what is left in DIR:
  comparison.csv, .json   one row a run        comparison.png   first metric, learning, robustness, time, energy, link
  runs/                   a directory for each run; a finished run is not repeated, so that the same command goes on
                          where it was stopped, and more seeds or rules can be added
"""


def add_arguments(commands: argparse._SubParsersAction, epochs: Callable, hidden: Callable) -> None:
    """Add the command to the parser; ``epochs`` and ``hidden`` read those options."""
    command = commands.add_parser(
        "compare",
        help="compare rules, places, chips and seeds: a table and a picture",
        description="Do every combination of rules, places, chips, seeds and swept values, several at a time; then "
        "print means and spreads over seeds.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    command.set_defaults(command="compare")
    command.add_argument("task", metavar="TASK", nargs="?", help="what to learn, as for train")
    command.add_argument(
        "--rules", default="eventprop", metavar="A,B", help="by name or as FILE.py:CLASS (default: %(default)s)"
    )
    command.add_argument("--where", default="chip", metavar="A,B", help="where learning happens (default: %(default)s)")
    command.add_argument(
        "--chips",
        default="ideal,typical",
        metavar="A,B",
        help="ideal, typical, raw, or TOML files of settings, which bring their own seed (default: %(default)s)",
    )
    command.add_argument("--link", metavar="PRESET", help=f"{LINK}; tables state both")
    command.add_argument(
        "--seeds",
        default=str(DEFAULT_SEEDS),
        metavar="N",
        help="seeds 1 to N, of program and chip (default: %(default)s)",
    )
    command.add_argument("--epochs", type=epochs, metavar="N", help="of every run (default: each rule's own)")
    command.add_argument(
        "--hidden",
        type=hidden,
        metavar="N[,N]",
        help="hidden neurons, of each layer where there are several (default: each rule's own)",
    )
    command.add_argument("--sweep", metavar="FIELD=a,b,c", help="a setting at several values, see below")
    command.add_argument("--jobs", metavar="J", help="runs at a time (default: one for each core)")
    command.add_argument("--out", metavar="DIR", help="(default: runs/compare-TASK)")
    command.add_argument("--quiet", action="store_true", help="no progress, no table; errors still show")
