"""The arrays of a core handed to compiled code as one, see :mod:`chip.base.arrays.packing`."""

from __future__ import annotations

import numpy as np

from chip.array.arrays import Network
from chip.base.arrays.packing import Parts, table_of, unpacker
from chip.core.layout import Queues, Scratch
from chip.neurons.arrays import Neurons
from chip.neurons.bounded import Bounds

KINDS = (Neurons, Network, Queues, Scratch, Bounds)


def pack(neurons: Neurons, network: Network, queues: Queues, scratch: Scratch, bounds: Bounds) -> np.ndarray | Parts:
    """Return int64[n], for each array its address and its lengths; see :func:`table_of`."""
    return table_of(neurons, network, queues, scratch, bounds)


neurons_of, network_of, queues_of, scratch_of, bounds_of = (unpacker(kind, KINDS) for kind in KINDS)
