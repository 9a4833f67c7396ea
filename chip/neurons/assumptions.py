"""What the neurons' model takes for granted and no public source confirms."""

from __future__ import annotations

from chip.base.assumption import Assumption, Direction
from chip.base.grid import EDGE_NS

NEURONS = (
    Assumption(f"threshold comparators are sampled on the {EDGE_NS} ns event clock"),
    Assumption("a neuron reset begins at the end of its bus access", direction=Direction.FASTER),
    Assumption(
        "a neuron reset fires neurons whose comparator is off or which are in their refractory period, too, and spikes "
        "are counted where a neuron's event output is off"
    ),
)
