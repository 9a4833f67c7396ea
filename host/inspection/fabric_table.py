"""What `plasticore inspect` says of the event fabric: who sends to each output of the crossbar, and how busy it was."""

from __future__ import annotations

import numpy as np

from chip.base import constants as c
from chip.chip import Chip
from chip.fabric.counts import OUTPUT_NAMES
from chip.fabric.crossbar import neuron_routes, node_registers


def fabric_rows(chip: Chip) -> list[tuple[str, ...]]:
    """Return the rows of a table of the 12 outputs, without those to which none of these sends; titles first.

    Neurons are those that are enabled and whose spikes an output takes, labels those of the stimuli. Where events
    queue and the chip has run, there is how much of the time an output was busy.
    """
    neurons, labels = _neurons(chip), _labels(chip)
    load = chip.report()["fabric"].get("load", {}) if chip.started else {}
    rows = [
        (name, str(neurons[output]), str(labels[output]), *([f"{load[name]:.3%}"] if load else []))
        for output, name in enumerate(OUTPUT_NAMES)
        if neurons[output] or labels[output] or load.get(name)
    ]
    return [("output of the crossbar", "neurons", "labels", *(["busy"] if load else [])), *rows]


def _neurons(chip: Chip) -> np.ndarray:
    """int64[12]: how many enabled neurons send to each output."""
    routes, enabled = neuron_routes(chip.registers), chip.registers.enabled
    found = np.zeros(c.CROSSBAR_OUTPUTS, np.int64)
    for keys in (routes.top_key, routes.bottom_key):
        taken = enabled & (keys >= 0)
        found += np.bincount(keys[taken] >> 11, minlength=c.CROSSBAR_OUTPUTS)
    channel = routes.label[enabled & routes.recorded] >> c.SPL1_SHIFT
    return found + np.bincount(c.CROSSBAR_FPGA_OUT + channel, minlength=c.CROSSBAR_OUTPUTS)


def _labels(chip: Chip) -> np.ndarray:
    """int64[12]: how many different labels of the stimuli each output takes."""
    stimuli = [part for part in (chip.player.samples, chip.executor.program) if part is not None]
    labels = np.unique(np.concatenate([np.zeros(0, np.int64), *(part.labels.astype(np.int64) for part in stimuli)]))
    nodes = node_registers(chip.registers)[c.CROSSBAR_FPGA_IN + (labels >> c.SPL1_SHIFT)]  # [label, output, 2]
    passed = (labels[:, None] & c.NEURON_LABEL_MASK & nodes[..., 0]) == nodes[..., 1]
    return passed.sum(axis=0)
