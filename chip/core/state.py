"""What the analog core is made of at a moment, as a dict of arrays, and back; and what goes on under other registers.

What is in it follows from the tables of the blocks, see :mod:`chip.base.arrays.declared`.
"""

from __future__ import annotations

import numpy as np

from chip.array.arrays import Network
from chip.base import constants as c
from chip.base.arrays.kept import brought_back, check_kept, kept
from chip.base.slots import PLACE_NEURON
from chip.base.timeline import FLIGHT_HEAD, FLIGHT_TAIL, WRITE_HEAD, WRITE_TAIL
from chip.core.layout import Queues
from chip.fabric.arrays import FIRST, IN_FLIGHT, LAST, LOST, ROUTE_BOTTOM, ROUTE_TOP, SENT, Fabric
from chip.fabric.crossbar import PADI_OUTPUTS
from chip.neurons.arrays import INH, LEAK, Neurons, U
from chip.neurons.circuits import own_membranes
from chip.neurons.holding import hold_refractory
from chip.neurons.resetting import show_committed, take_up_clamps


def carry_over(now_ns: int, before: Neurons, after: Neurons, stays: np.ndarray) -> None:
    """Give neurons that stay enabled, bool[2, 256], the potentials, currents and refractory periods that they had.

    Where a reset takes time, a clamp that has more than its new length to go ends when that is over.
    """
    old_slot = np.full(c.NEURONS, -1)
    used = before.place[:, PLACE_NEURON] >= 0
    old_slot[before.place[used, PLACE_NEURON]] = np.flatnonzero(used)
    neuron = after.place[:, PLACE_NEURON]
    stays = stays.reshape(-1)[neuron] & own_membranes(after)
    kept = np.flatnonzero((neuron >= 0) & (old_slot[neuron] >= 0) & stays)
    source = old_slot[neuron[kept]]
    after.now[: INH + 1, kept] = before.now[: INH + 1, source]
    seen = before.now.copy()
    show_committed(now_ns, before, seen)
    after.now[U, kept] = seen[U, source] + (before.cell[LEAK, source] - after.cell[LEAK, kept])
    after.release[kept] = before.release[source]
    take_up_clamps(now_ns, after)


def route_again(network: Network, fabric: Fabric, queues: Queues) -> None:
    """Count the spikes under way anew, after their routes have changed: what no longer arrives is lost.

    What waits for a bus already comes there.
    """
    clock, tally = queues.clock, queues.tally
    source = queues.flights[clock[FLIGHT_HEAD] : clock[FLIGHT_TAIL]] & 0x1FF
    copies = int((network.routes[source][:, ROUTE_TOP : ROUTE_BOTTOM + 1] >= 0).sum())
    copies += int((fabric.lines[LAST] - fabric.lines[FIRST])[:PADI_OUTPUTS].sum())
    more = copies - int(tally[IN_FLIGHT])
    tally[SENT] += max(more, 0)
    tally[LOST] += max(-more, 0)
    tally[IN_FLIGHT] = copies


def write_again(before: Network, after: Network, queues: Queues) -> None:
    """Let the writes that are posted act on other weights, rather than on those before, which are lost."""
    head, tail = queues.clock[WRITE_HEAD], queues.clock[WRITE_TAIL]
    row_halves = queues.writes[head:tail] & 0x3FF
    values = np.empty((tail - head, c.LANES), np.uint8)
    for i in reversed(range(tail - head)):  # the last one has left what it writes
        values[i] = before.weights[row_halves[i]]
        before.weights[row_halves[i]] = queues.replaced[head + i]
    for i in range(tail - head):
        queues.replaced[head + i] = after.weights[row_halves[i]]
        after.weights[row_halves[i]] = values[i]


def carry_over_drivers(before: Network, after: Network) -> None:
    """Let the drivers' short-term plasticity go on from where it was."""
    after.charge[...], after.charge_ns[...] = before.charge, before.charge_ns


def snapshot_state(neurons: Neurons, network: Network, fabric: Fabric, queues: Queues) -> dict[str, np.ndarray]:
    """Return copies of everything that the future and the record depend on, but for the registers."""
    return kept(neurons) | kept(network) | kept(fabric) | kept(queues)


def restore_state(
    saved: dict[str, np.ndarray], neurons: Neurons, network: Network, fabric: Fabric, queues: Queues
) -> Queues:
    """Bring back a snapshot of a core with the same registers; returns the queues, with longer arrays if need be.

    Raises:
        ValueError: the snapshot lacks an array, or is of a chip with other neurons enabled; then nothing has changed.
    """
    for block in (neurons, network, fabric, queues):
        check_kept(block, saved)
    brought_back(neurons, saved)
    brought_back(network, saved)
    brought_back(fabric, saved)
    queues = brought_back(queues, saved)
    hold_refractory(neurons, queues.clock)
    return queues
