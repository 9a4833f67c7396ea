"""The arrays of synapses, drivers and routes: what they hold, and how they are indexed."""

from __future__ import annotations

from typing import NamedTuple

from numba import float32, float64, int32, int64, uint8

# first index of Neurons.cell: what synapses ask of a neuron
EFFICACY = 0
# second index of Scratch.delivery
AT_EDGE, AT_ROW, AT_LABEL, AT_MODE, AT_WEIGHTS = 0, 1, 2, 3, 4


class Network(NamedTuple):
    """Synapses and routes.

    weights, labels: uint8[1024, 128], row ``(hemisphere * 256 + row) * 2 + half``. row_mode: uint8[512].
    factor: float32[1024, 128], on the efficacy of each synapse; no rows where all are 1.
    nodes: int64[20, 12, 2], see :func:`chip.fabric.crossbar.node_registers`.
    routes: int64[512, 5], of a neuron: label, key on its top and bottom PADI bus or -1, recorded by the FPGA, sends
        events at all.
    first, rows, driven, synapses: see :class:`chip.array.row_table.RowTable`.
    latency: int64[1], on-chip latency in ns.
    stp: float64[4, 256], short-term plasticity of driver ``hemisphere * 128 + driver``, and stp_first, stp_drivers: see
        :mod:`chip.array.short_term_plasticity_tables`. charge: float64[256], fraction of the way to v_charge after the
        last event, which was at charge_ns: int64[256].
    """

    weights: uint8[:, ::1]
    labels: uint8[:, ::1]
    factor: float32[:, ::1]
    row_mode: uint8[::1]
    nodes: int64[:, :, ::1]
    routes: int64[:, ::1]
    first: int64[::1]
    rows: int32[::1]
    driven: int64[::1]
    synapses: int64[::1]
    latency: int64[::1]
    stp: float64[:, ::1]
    stp_first: int64[::1]
    stp_drivers: int64[::1]
    charge: float64[::1]
    charge_ns: int64[::1]
