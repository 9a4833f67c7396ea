"""What the analog core is made of at a moment, as a dict of arrays, and back.

Queues are kept from head to tail only, so two cores with the same past have equal snapshots, whatever the lengths of
their arrays and however often somebody converted.
"""

from __future__ import annotations

import numpy as np

from chip.array.arrays import Network
from chip.base import constants as c
from chip.base.slots import PLACE_NEURON
from chip.base.timeline import (
    COMMITTED,
    CONVERSION_HEAD,
    EVENT_HEAD,
    FLIGHT_HEAD,
    FLIGHT_TAIL,
    LOG_COUNT,
    NOW,
    RESET_HEAD,
    WRITE_HEAD,
)
from chip.core.layout import Queues
from chip.fabric.arrays import IN_FLIGHT, LOST, ROUTE_BOTTOM, ROUTE_TOP, SENT
from chip.neurons.arrays import LEAK, Neurons, U
from chip.neurons.circuits import own_membranes
from chip.neurons.holding import hold_refractory

# queue, its head in the clock (the tail follows it), what goes with each key
POSTED = {
    "events": (EVENT_HEAD, None),
    "flights": (FLIGHT_HEAD, None),
    "writes": (WRITE_HEAD, "replaced"),
    "resets": (RESET_HEAD, "reset_masks"),
    "conversions": (CONVERSION_HEAD, "conversion_codes"),
}
DRIVER_STATE = ("charge", "charge_ns")  # of Network
# field by which a lost shape is noticed, and the arrays that are taken whole
STATE = ("now", "release")


def carry_over(before: Neurons, after: Neurons, stays: np.ndarray) -> None:
    """Give neurons that stay enabled, bool[2, 256], the potentials, currents and refractory periods that they had."""
    old_slot = np.full(c.NEURONS, -1)
    used = before.place[:, PLACE_NEURON] >= 0
    old_slot[before.place[used, PLACE_NEURON]] = np.flatnonzero(used)
    neuron = after.place[:, PLACE_NEURON]
    stays = stays.reshape(-1)[neuron] & own_membranes(after)
    kept = np.flatnonzero((neuron >= 0) & (old_slot[neuron] >= 0) & stays)
    source = old_slot[neuron[kept]]
    after.now[:, kept] = before.now[:, source]
    after.now[U, kept] += before.cell[LEAK, source] - after.cell[LEAK, kept]
    after.release[kept] = before.release[source]


def route_again(network: Network, queues: Queues) -> None:
    """Count the spikes under way anew, after their routes have changed: what no longer arrives is lost."""
    clock, tally = queues.clock, queues.tally
    source = queues.flights[clock[FLIGHT_HEAD] : clock[FLIGHT_TAIL]] & 0x1FF
    copies = int((network.routes[source][:, ROUTE_TOP : ROUTE_BOTTOM + 1] >= 0).sum())
    more = copies - int(tally[IN_FLIGHT])
    tally[SENT] += max(more, 0)
    tally[LOST] += max(-more, 0)
    tally[IN_FLIGHT] = copies


def write_again(before: Network, after: Network, queues: Queues) -> None:
    """Let the writes that are posted act on other weights, rather than on those before, which are lost."""
    head, tail = queues.clock[WRITE_HEAD], queues.clock[WRITE_HEAD + 1]
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
    for name in DRIVER_STATE:
        getattr(after, name)[...] = getattr(before, name)


def snapshot_state(neurons: Neurons, network: Network, queues: Queues) -> dict[str, np.ndarray]:
    """Return copies of everything that the future and the record depend on, but for the registers."""
    clock = queues.clock
    saved = {name: getattr(neurons, name).copy() for name in STATE}
    saved["times"] = clock[[COMMITTED, NOW]].copy()
    saved["tally"], saved["fired"] = queues.tally.copy(), queues.fired.copy()
    saved["weights"] = network.weights.copy()
    saved.update((name, getattr(network, name).copy()) for name in DRIVER_STATE)
    for name, (head, payload) in POSTED.items():
        span = slice(clock[head], clock[head + 1])
        saved[name] = getattr(queues, name)[span].copy()
        if payload == "conversion_codes":
            done = np.flatnonzero(queues.conversions[: clock[head]] >= 0)
            saved["done_conversions"], saved["done_codes"] = queues.conversions[done], queues.conversion_codes[done]
        elif payload:
            saved[payload] = getattr(queues, payload)[span].copy()
    for name in ("log_time", "log_info"):
        saved[name] = getattr(queues, name)[: clock[LOG_COUNT]].copy()
    return saved


def restore_state(saved: dict[str, np.ndarray], neurons: Neurons, network: Network, queues: Queues) -> Queues:
    """Bring back a snapshot of a core with the same registers; returns the queues, with longer arrays if need be.

    Raises:
        ValueError: the snapshot lacks an array, or is of a chip with other neurons enabled.
    """
    needed = {"now", "release", "times", "tally", "fired", "weights", "done_conversions", "log_info", *DRIVER_STATE}
    missing = needed - saved.keys()
    if missing:
        raise ValueError(f"the snapshot lacks {', '.join(sorted(missing))}; it must come from AnalogCore.snapshot")
    if saved["now"].shape != neurons.now.shape:
        raise ValueError(
            f"the snapshot holds {saved['now'].shape[1]} neuron slots, this chip's registers enable "
            f"{neurons.now.shape[1]}; restore it on a chip with the same registers"
        )
    for name in STATE:
        getattr(neurons, name)[...] = saved[name]
    network.weights[...] = saved["weights"]
    for name in DRIVER_STATE:
        getattr(network, name)[...] = saved[name]
    clock = queues.clock
    clock[COMMITTED], clock[NOW] = saved["times"]
    queues.tally[...], queues.fired[...] = saved["tally"], saved["fired"]
    changed = {}
    for name, (head, payload) in POSTED.items():
        keys, values = saved[name], saved.get(payload)
        if payload == "conversion_codes":
            done = saved["done_conversions"]
            keys = np.concatenate([done, keys])
            values = np.concatenate([saved["done_codes"], np.zeros((keys.size - done.size, 256), np.uint8)])
            clock[head] = done.size
        else:
            clock[head] = 0
        clock[head + 1] = keys.size
        changed[name] = _filled(getattr(queues, name), keys)
        if payload:
            changed[payload] = _filled(getattr(queues, payload), values)
    for name in ("log_time", "log_info"):
        changed[name] = _filled(getattr(queues, name), saved[name])
    clock[LOG_COUNT] = saved["log_time"].size
    hold_refractory(neurons, clock)
    return queues._replace(**changed)


def _filled(array: np.ndarray, content: np.ndarray) -> np.ndarray:
    """Return the array with the content at its front, a longer one where it does not fit."""
    if content.shape[0] > array.shape[0]:
        array = np.zeros((2 * content.shape[0], *array.shape[1:]), array.dtype)
    array[: content.shape[0]] = content
    return array
