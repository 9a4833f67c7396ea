"""From registers to the arrays of the analog core."""

from __future__ import annotations

import numpy as np

from chip.array.arrays import Network
from chip.array.listeners import listeners
from chip.array.row_table import row_table
from chip.array.taking import taking_drivers
from chip.base import constants as c
from chip.base.arrays.aligned import aligned
from chip.base.config import RouterConfig
from chip.base.config.limits import LimitConfig
from chip.base.draws import DRAW_STD
from chip.base.grid import (
    BLOCK_STEPS,
    EDGE_NS,
    FAR_NS,
    GRID_EDGES,
    GRID_NS,
    LONG_AGO_NS,
    ROW_HALVES,
    SCAN_EDGES,
    SPIKES_PER_STEP,
)
from chip.base.lanes import to_lanes
from chip.base.slots import (
    PLACE_CLAMP,
    PLACE_ENABLED,
    PLACE_NEURON,
    half_slots,
)
from chip.base.timeline import BACKGROUND_NEXT, CLOCK_FIELDS, FABRIC_NEXT, NEXT_RELEASE
from chip.core.layout import Queues, Scratch
from chip.fabric.arrays import COUNTERS
from chip.fabric.crossbar import neuron_routes, node_registers
from chip.fabric.generators import VALUES
from chip.neurons.arrays import MARGIN_LSB, Neurons
from chip.neurons.bounded import Bounds, build_bounds, membrane_bounds, no_bounds
from chip.neurons.circuits import merged_slots, place_circuits
from chip.neurons.noise import Noise, build_noise
from chip.neurons.propagators import propagator
from chip.neurons.resetting import reset_table
from chip.silicon.mismatch import Silicon


def build_neurons(silicon: Silicon, limits: LimitConfig) -> tuple[Neurons, Noise, Bounds]:
    """Return parameters and tables, and a state in which every membrane rests at its leak potential; and limits."""
    registers = silicon.registers
    halves, size = half_slots(registers.enabled)
    place = np.zeros((size, 7), np.int64)
    place[:, PLACE_NEURON] = -1
    for half in range(ROW_HALVES):
        first, count = halves[half]
        lane = np.arange(count)
        hemisphere, side = divmod(half, c.HALVES)
        column = 2 * lane + side
        place[first : first + count, : PLACE_CLAMP + 1] = np.stack(
            [
                hemisphere * c.COLUMNS + column,
                np.full(count, half),
                lane,
                (registers.refractory_ns - registers.holdoff_ns)[hemisphere, column],
            ],
            axis=1,
        )
    merged = merged_slots(registers.connect_vertical, halves)
    place_circuits(place, merged)
    neuron = place[:, PLACE_NEURON]
    used = neuron >= 0

    def of_slot(values: np.ndarray, padding: float) -> np.ndarray:
        return np.where(used, values.reshape(-1)[neuron], padding)

    enabled = of_slot(registers.enabled, False).astype(bool)
    place[:, PLACE_ENABLED] = enabled
    spiking = of_slot(registers.spiking, False).astype(bool) & enabled
    leak = of_slot(registers.leak_lsb, 0.0)
    threshold = np.where(spiking, of_slot(registers.threshold_lsb, 0.0) - leak, np.inf)
    noise = np.where(enabled, of_slot(silicon.membrane_noise_lsb, 0.0), 0.0)
    tau_mem_ns = of_slot(registers.tau_mem_ns, 1e4)
    low, high = membrane_bounds(limits, leak, enabled)
    efficacy = np.where(enabled, of_slot(registers.efficacy_lsb, 0.0), 0.0)
    reset = np.clip(np.where(enabled, of_slot(registers.reset_lsb, 0.0) - leak, 0.0), low, high)
    # a membrane may be at its bound, but not beyond
    test_level = np.minimum(threshold - MARGIN_LSB, np.nextafter(high, np.inf))
    cell = np.stack([efficacy, reset, threshold, leak, test_level])
    taus = [of_slot(getattr(registers, name), 1e4) for name in ("tau_mem_ns", "tau_syn_exc_ns", "tau_syn_inh_ns")]
    fine = propagator(np.arange(GRID_EDGES + 1) * EDGE_NS, *taus)
    neurons = Neurons(
        halves=halves,
        place=place,
        merged=merged,
        holdoff=of_slot(registers.holdoff_ns, 0).astype(np.int64),
        cell=aligned(cell),
        fine=aligned(fine),
        coarse=aligned(propagator(np.arange(BLOCK_STEPS + 1) * GRID_NS, *taus)),
        scan=aligned(fine[np.minimum(np.arange(SCAN_EDGES), GRID_EDGES)].transpose(2, 1, 0)),
        live=aligned(np.zeros((7, size))),
        resetting=aligned(reset_table(limits.std("reset_time"), place[:, PLACE_CLAMP])),
        channel=build_channels(silicon),
        channel_key=_channels(silicon.cadc_key) if silicon.cadc_noise_lsb else np.zeros((0, c.COLUMNS), np.uint64),
        now=aligned(np.zeros((3, size))),
        release=np.full(size, LONG_AGO_NS, np.int64),
        held=np.zeros(size, np.int64),
    )
    bounds = build_bounds(limits, low, high, neurons) if limits.bounded else no_bounds()
    return neurons, build_noise(noise, tau_mem_ns, of_slot(silicon.membrane_key, np.uint64(0))), bounds


def build_channels(silicon: Silicon) -> np.ndarray:
    """Return ``Neurons.channel``."""
    noise = np.full((c.HEMISPHERES, c.COLUMNS), silicon.cadc_noise_lsb / DRAW_STD)
    reference = silicon.registers.cadc_reference_lsb[:, None]
    rest = np.where(reference > 0.0, reference, silicon.registers.leak_lsb)
    rows = (silicon.cadc_gain, silicon.cadc_offset_lsb, noise, rest)
    return np.stack([_channels(row) for row in rows])


def _channels(by_column: np.ndarray) -> np.ndarray:
    """Reorder [2, 256] by column to EVEN, then ODD lanes."""
    return to_lanes(by_column).reshape(c.HEMISPHERES, c.COLUMNS)


def build_network(silicon: Silicon, router: RouterConfig) -> Network:
    """Return synapses in lane order, routes and tables."""
    registers, factor = silicon.registers, silicon.synapse_factor
    routes, table = neuron_routes(registers), row_table(registers)
    heard = listeners(registers)
    drivers = c.HEMISPHERES * c.DRIVERS
    plastic = taking_drivers(registers, registers.stp_enabled)
    recorded = routes.recorded.astype(np.int64)
    none = np.zeros_like(recorded)
    at_spike, returned = (none, recorded) if router.contention else (recorded, none)
    return Network(
        weights=to_lanes(registers.weights).reshape(-1, c.LANES).copy(),
        labels=to_lanes(registers.labels).reshape(-1, c.LANES).copy(),
        heard=heard.first,
        listening=heard.lanes,
        factor=np.zeros((0, c.LANES), np.float32) if factor is None else to_lanes(factor).reshape(-1, c.LANES),
        row_mode=registers.row_mode.reshape(-1).copy(),
        nodes=node_registers(registers),
        routes=np.stack(
            [np.asarray(route, np.int64).reshape(-1) for route in (*routes._replace(recorded=at_spike), returned)],
            axis=1,
        ),
        first=table.first,
        rows=table.rows,
        driven=table.driven,
        synapses=table.synapses,
        latency=np.array([router.on_chip_latency_ns], np.int64),
        stp=silicon.stp.reshape(-1, drivers).copy(),
        stp_first=plastic.first,
        stp_drivers=plastic.drivers,
        charge=np.zeros(drivers),
        charge_ns=np.zeros(drivers, np.int64),
    )


def empty_queues() -> Queues:
    """Return queues at time 0 with nothing posted."""
    clock = np.zeros(CLOCK_FIELDS, np.int64)
    clock[[NEXT_RELEASE, FABRIC_NEXT, BACKGROUND_NEXT]] = FAR_NS
    return Queues(
        clock=clock,
        tally=np.zeros(len(COUNTERS), np.int64),
        fired=np.zeros(c.NEURONS, np.int64),
        events=np.zeros(4096, np.int64),
        injections=np.zeros(64, np.int64),
        generator_keys=np.zeros(16, np.int64),
        generator_values=np.zeros((16, VALUES), np.int64),
        flights=np.zeros(3 * SPIKES_PER_STEP, np.int64),
        writes=np.zeros(1024, np.int64),
        replaced=np.zeros((1024, c.LANES), np.uint8),
        resets=np.zeros(256, np.int64),
        reset_masks=np.zeros((256, c.LANES), np.uint8),
        conversions=np.zeros(256, np.int64),
        conversion_codes=np.zeros((256, c.COLUMNS), np.uint8),
        log_time=np.zeros(6 * SPIKES_PER_STEP, np.int64),
        log_info=np.zeros(6 * SPIKES_PER_STEP, np.int64),
        driven=np.zeros(0, np.int64),
    )


def build_scratch(slots: int, deliveries: int, batch: int) -> Scratch:
    """Return working arrays for so many slots, deliveries in a step, and spikes in a step."""
    candidate = np.zeros(slots, np.uint8)
    return Scratch(
        next=aligned(np.zeros((3, slots))),
        out=aligned(np.zeros((3, slots))),
        out_release=np.zeros(slots, np.int64),
        total=aligned(np.zeros(slots)),
        jumps=aligned(np.zeros(slots)),
        candidate=candidate,
        candidate_words=candidate.view(np.uint64),
        delivery=np.zeros((deliveries, 6), np.int64),
        strength=np.ones(deliveries),
        charge=np.zeros(c.HEMISPHERES * c.DRIVERS),
        charge_ns=np.zeros(c.HEMISPHERES * c.DRIVERS, np.int64),
        pulse=np.ones(c.HEMISPHERES * c.DRIVERS),
        batch=np.zeros(batch, np.int64),
    )
