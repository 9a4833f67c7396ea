"""The arrays of a core handed to compiled code as one, see :mod:`chip.base.arrays.packing`."""

from __future__ import annotations

import numpy as np

from chip.array.arrays import Network
from chip.base.arrays.packing import Parts, table_of, unpacker
from chip.base.grid import BLOCK_STEPS
from chip.core.layout import Queues, Scratch
from chip.neurons.arrays import COMING, EXC, INH, Neurons, U
from chip.neurons.bounded import Bounds

STATE_ROWS = (U, EXC, INH, COMING)
KINDS = (Neurons, Network, Queues, Scratch, Bounds)


def pack(neurons: Neurons, network: Network, queues: Queues, scratch: Scratch, bounds: Bounds) -> np.ndarray | Parts:
    """Return int64[n], for each array its address and its lengths; see :func:`table_of`.

    Raises:
        TypeError, ValueError: arrays that do not fit each other; compiled code would not notice.
    """
    noisy, (rows, slots) = neurons.key.size > 0, neurons.now.shape
    if noisy and (neurons.key.size, rows, neurons.noise.shape[0]) != (slots, len(STATE_ROWS), BLOCK_STEPS):
        raise ValueError(
            f"{neurons.key.size} keys of noise, {rows} rows of state and {neurons.noise.shape[0]} steps of noise; with "
            f"noise there are {slots}, {len(STATE_ROWS)} and {BLOCK_STEPS}"
        )
    return table_of(neurons, network, queues, scratch, bounds)


neurons_of, network_of, queues_of, scratch_of, bounds_of = (unpacker(kind, KINDS) for kind in KINDS)
