"""The arrays of a core handed to compiled code as one, see :mod:`chip.base.arrays.packing`."""

from __future__ import annotations

import numpy as np

from chip.array.arrays import Network
from chip.base.arrays.packing import Parts, table_of, unpacker
from chip.core.layout import Queues, Scratch
from chip.fabric.arrays import Fabric
from chip.neurons.arrays import Neurons
from chip.neurons.bounded import Bounds
from chip.neurons.noise import Noise

KINDS = (Neurons, Noise, Network, Fabric, Queues, Scratch, Bounds)


def pack(
    neurons: Neurons,
    noise: Noise,
    network: Network,
    fabric: Fabric,
    queues: Queues,
    scratch: Scratch,
    bounds: Bounds,
) -> np.ndarray | Parts:
    """Return int64[n], for each array its address and its lengths; see :func:`table_of`.

    Raises:
        TypeError, ValueError: arrays that do not fit each other; compiled code would not notice.
    """
    slots = neurons.release.size
    if noise.key.size not in (0, slots):
        raise ValueError(f"{noise.key.size} keys of noise for {slots} slots; there is one for each of them, or none")
    return table_of(neurons, noise, network, fabric, queues, scratch, bounds)


neurons_of, noise_of, network_of, fabric_of, queues_of, scratch_of, bounds_of = (
    unpacker(kind, KINDS) for kind in KINDS
)
