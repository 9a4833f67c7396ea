"""Populations that are not neurons: they send events, and nobody projects onto them."""

from __future__ import annotations

from dataclasses import dataclass

from ppu_programs.network.neurons import LI, LIF, Layer


@dataclass(frozen=True)
class Inputs(Layer):
    """Sources whose events come from the FPGA.

    Attributes:
        size: how many.
    """

    size: int


@dataclass(frozen=True)
class Injected(Layer):
    """Sources whose events a processor puts on PADI busses of its hemisphere: teaching, noise, nudging.

    Such a bus takes events of its processor alone, so a placement gives these sources busses of their own. Whatever
    rewrites the weights of their synapses finds them as those of any projection.

    Attributes:
        size: how many.
    """

    size: int


Population = LIF | LI | Inputs | Injected
