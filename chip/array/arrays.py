"""The arrays of synapses, drivers and routes: what they hold, and how they are indexed."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from numba import float32, float64, int16, int32, int64, uint8

from chip.base.arrays.declared import Array, built, state

# first index of Neurons.cell: what synapses ask of a neuron
EFFICACY = 0
# second index of Scratch.delivery
AT_EDGE, AT_ROW, AT_LABEL, AT_MODE, AT_WEIGHTS = 0, 1, 2, 3, 4


class Network(NamedTuple):
    """Synapses, drivers and routes; a row half is ``(hemisphere * 256 + row) * 2 + half``."""

    weights: Annotated[Array, state(uint8, (1024, 128), "", "of each row half, 0..63, as posted")]
    labels: Annotated[Array, built(uint8, (1024, 128), "", "of each row half, 0..63")]
    heard: Annotated[Array, built(int16, (1024, 65), "", "see chip.array.listeners.Listeners.first")]
    listening: Annotated[Array, built(uint8, (1024, 128), "", "see chip.array.listeners.Listeners.lanes")]
    factor: Annotated[Array, built(float32, ("factor row halves", 128), "1", "on efficacies; no rows where all are 1")]
    row_mode: Annotated[Array, built(uint8, (512,), "", "sign of each row, hemisphere * 256 + row")]
    nodes: Annotated[Array, built(int64, (20, 12, 2), "", "of the crossbar, see chip.fabric.crossbar.node_registers")]
    # label, key on its top and bottom PADI bus or -1, recorded as it fires, sends events at all, crosses to the FPGA
    routes: Annotated[Array, built(int64, (512, 6), "", "of each neuron")]
    first: Annotated[Array, built(int64, ("keys + 1",), "", "see chip.array.row_table.RowTable")]
    rows: Annotated[Array, built(int32, ("rows of keys",), "", "see chip.array.row_table.RowTable")]
    driven: Annotated[Array, built(int64, ("keys",), "", "rows that a key drives")]
    synapses: Annotated[Array, built(int64, ("keys",), "", "synapses of enabled neurons that a key acts on")]
    latency: Annotated[Array, built(int64, (1,), "ns", "from a spike to its synapses")]
    # of driver hemisphere * 128 + driver, see chip.array.short_term_plasticity_tables
    stp: Annotated[Array, built(float64, (4, 256), "", "short-term plasticity of each driver")]
    stp_first: Annotated[Array, built(int64, ("selects + 1",), "", "first of the plastic drivers of a row select")]
    stp_drivers: Annotated[Array, built(int64, ("plastic drivers",), "", "the plastic drivers")]
    charge: Annotated[Array, state(float64, (256,), "1", "of each driver: way to v_charge after the last event")]
    charge_ns: Annotated[Array, state(int64, (256,), "ns", "time of that event")]
