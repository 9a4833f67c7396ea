"""Firmware for the plasticity processors: the contract, learning rules, a folder each, and what they share.

What a firmware is, is written down in :mod:`ppu_programs.contract`: ``from ppu_programs import Array, Built, Firmware,
Outcome, Status``. One of a user's own needs no entry here: ``plasticore train TASK --rule path/to/mine.py:MyRule``
takes it from its file.

Rules are found by name without importing them, since a rule pulls in the compiler: :func:`names` and
:func:`summaries` are free, :func:`load` and attribute access (``from ppu_programs import EventProp``) import one.
Examples are firmwares that learn no task: ``plasticore run`` takes them by name, ``plasticore train`` does not.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ppu_programs.contract import Array as Array
    from ppu_programs.contract import Built as Built
    from ppu_programs.contract import Firmware as Firmware
    from ppu_programs.contract import Outcome as Outcome
    from ppu_programs.contract import Status as Status
    from ppu_programs.descent import Descent as Descent
    from ppu_programs.equilibrium_propagation.firmware import EquilibriumPropagation as EquilibriumPropagation
    from ppu_programs.equilibrium_softmax.firmware import EquilibriumSoftmax as EquilibriumSoftmax
    from ppu_programs.eventprop.firmware import EventProp as EventProp
    from ppu_programs.examples.bandit import Bandit as Bandit
    from ppu_programs.examples.bcm import BCM as BCM
    from ppu_programs.examples.lms import LMS as LMS
    from ppu_programs.fast_and_deep.firmware import FastAndDeep as FastAndDeep
    from ppu_programs.homeostasis import Homeostasis as Homeostasis
    from ppu_programs.inhibitory_plasticity.firmware import InhibitoryPlasticity as InhibitoryPlasticity
    from ppu_programs.latent_predictive.firmware import LatentPredictive as LatentPredictive
    from ppu_programs.pong.firmware import Pong as Pong
    from ppu_programs.pong.game.firmware import PongGame as PongGame
    from ppu_programs.rewrite import Rewrite as Rewrite
    from ppu_programs.sign_homeostasis import SignHomeostasis as SignHomeostasis
    from ppu_programs.spiking_lpl.firmware import SpikingLPL as SpikingLPL
    from ppu_programs.stdp import STDP as STDP
    from ppu_programs.superspike.firmware import SuperSpike as SuperSpike

# name on the command line -> (module:class, one line for `plasticore rules`)
_RULES = {
    "equilibrium-propagation": (
        "ppu_programs.equilibrium_propagation.firmware:EquilibriumPropagation",
        "a recurrent network that settles, is nudged, and learns from the difference of its rates",
    ),
    "equilibrium-softmax": (
        "ppu_programs.equilibrium_softmax.firmware:EquilibriumSoftmax",
        "spiking hidden neurons, nudged by a softmax readout that the processors compute",
    ),
    "eventprop": (
        "ppu_programs.eventprop.firmware:EventProp",
        "exact gradients of spike times, by the adjoint in reverse time",
    ),
    "fast-and-deep": (
        "ppu_programs.fast_and_deep.firmware:FastAndDeep",
        "exact gradients of first-spike times, by the slope of the membrane",
    ),
    "latent-predictive": (
        "ppu_programs.latent_predictive.firmware:LatentPredictive",
        "features without labels: alike for two views of a thing, different for different things",
    ),
    "superspike": (
        "ppu_programs.superspike.firmware:SuperSpike",
        "surrogate gradients from sampled membranes, by factors that are local to a synapse",
    ),
}
_EXAMPLES = {
    "bandit": ("ppu_programs.examples.bandit:Bandit", "a choice among arms, learned from reward alone"),
    "bcm": ("ppu_programs.examples.bcm:BCM", "cells that become selective for an image each, with lateral inhibition"),
    "descent": ("ppu_programs.descent:Descent", "a gradient step for all synapses, streamed from external memory"),
    "homeostasis": (
        "ppu_programs.homeostasis:Homeostasis",
        "weights that give every neuron a target rate, on both PPUs, which tell each other their mean",
    ),
    "inhibitory-plasticity": (
        "ppu_programs.inhibitory_plasticity.firmware:InhibitoryPlasticity",
        "inhibition that finds a target rate for every neuron, tuned as its excitation is",
    ),
    "lms": ("ppu_programs.examples.lms:LMS", "membranes that follow a linear system, by their errors, 128 at once"),
    "pong": ("ppu_programs.pong.firmware:Pong", "a paddle that learns by reward where the ball is, by R-STDP"),
    "pong-game": ("ppu_programs.pong.game.firmware:PongGame", "the same with the game itself on the processor"),
    "rewrite": ("ppu_programs.rewrite:Rewrite", "a step for every weight of the array, clipped to 6 bits"),
    "sign-homeostasis": (
        "ppu_programs.sign_homeostasis:SignHomeostasis",
        "one weight a neuron that rises or falls by one until it has its rate, as the vendor's demo",
    ),
    "spiking-lpl": (
        "ppu_programs.spiking_lpl.firmware:SpikingLPL",
        "latent predictive learning with spikes: neurons that find what changes slowly",
    ),
    "stdp": ("ppu_programs.stdp:STDP", "pair STDP of the whole array by the correlation sensors"),
}
_ALL = _RULES | _EXAMPLES
_CONTRACT = ("Array", "Built", "Firmware", "Outcome", "Status")


def names() -> tuple[str, ...]:
    """Return the names of all rules."""
    return tuple(_RULES)


def example_names() -> tuple[str, ...]:
    """Return the names of all examples."""
    return tuple(_EXAMPLES)


def summaries() -> dict[str, str]:
    """Return one line about each rule, by name."""
    return {name: summary for name, (_, summary) in _RULES.items()}


def example_summaries() -> dict[str, str]:
    """Return one line about each example, by name."""
    return {name: summary for name, (_, summary) in _EXAMPLES.items()}


def load(name: str) -> type:
    """Import the firmware class of a rule or an example; raises ValueError with the valid names for an unknown one."""
    if name not in _ALL:
        raise ValueError(f"the rule {name!r} is unknown; valid are {', '.join(_ALL)}")
    module, _, attribute = _ALL[name][0].partition(":")
    firmware: type = getattr(import_module(module), attribute)
    return firmware


def __getattr__(attribute: str) -> type:
    if attribute in _CONTRACT:
        of_contract: type = getattr(import_module("ppu_programs.contract"), attribute)
        return of_contract
    for name, (target, _) in _ALL.items():
        if target.endswith(f":{attribute}"):
            return load(name)
    raise AttributeError(f"module {__name__!r} has no attribute {attribute!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_CONTRACT, *(target.partition(":")[2] for target, _ in _ALL.values())])
