"""What the event fabric has counted, by cause and place, and what one can do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np

from chip.base import constants as c
from chip.fabric.arrays import (
    DRIVER_LOST,
    DRIVER_TAKEN,
    DROPPED,
    FIRST,
    FROM_FPGA,
    FROM_NEURONS,
    FULL_TO_FPGA,
    INPUTS,
    LAST,
    LATE,
    LATEST_NS,
    LOST_IN_CROSSBAR,
    LOST_TO_CHIP,
    LOST_TO_FPGA,
    OUTPUT_LOST,
    OUTPUTS,
    PASSED,
    PROCESSOR_INPUT,
    RETURN_DROPPED,
    RETURN_LOST_IN_CROSSBAR,
    RETURN_WAITING,
    RETURNED,
    Fabric,
)

WARNED_FRACTION = 1e-3
WARNED_LATENESS_NS = 1_000
SIDES = ("on top", "at the bottom")
OUTPUT_NAMES = tuple(f"PADI bus {i % 4} {SIDES[i // 4]}" for i in range(8)) + tuple(
    f"FPGA channel {i}" for i in range(4)
)


class Cause(Enum):
    """Why an event gets lost, as a sentence says it."""

    NEURON_OUTPUT = "since the neuron's last one still waited for its neuron output"
    NODE = "since too many waited for one output of the crossbar"
    DRIVER = "since the synapse driver was busy"
    LINK = "since the link to the FPGA was full"
    CHANCE = "by chance, as configured"


REMEDIES = {
    Cause.NEURON_OUTPUT: "place neurons that fire together in different blocks of 32 columns",
    Cause.NODE: "spread sources over more PADI busses, or keep events to the FPGA back at the crossbar",
    Cause.DRIVER: "give sources that fire together drivers of their own, or events of one source more distance",
    Cause.LINK: "record fewer neurons, or use more lanes, router.link_lanes",
    Cause.CHANCE: "see router.loss_to_chip, loss_in_crossbar and loss_to_fpga",
}


def _input(source: int) -> str:
    if source < c.NEURON_OUTPUTS:
        return f"neuron output {source}"
    if source < c.CROSSBAR_BACKGROUND_IN:
        return f"FPGA channel {source - c.CROSSBAR_FPGA_IN}"
    if source < PROCESSOR_INPUT:
        return f"background generator {source - c.CROSSBAR_BACKGROUND_IN}"
    return "processor"


@dataclass(frozen=True, eq=False)
class FabricCounts:
    """What the event fabric has counted since the core was built, all of committed time.

    What a stage takes it passes on, loses, or holds yet; all is zero where contention is off.

    Attributes:
        node_drops: int64[21, 12], copies that found no room at a node, by input and output of the crossbar; input 20
            are processors on PADI busses.
        output_events: int64[12], events that have left each output, busses first.
        neuron_output_losses: int64[8], spikes of neurons whose last event still waited for its neuron output.
        driver_events, driver_losses: int64[2, 128], events that each driver took, and that came while it was busy.
        from_fpga, from_neurons: events that came from there.
        late_from_fpga: events that the link brought later than the FPGA had sent them; latest_ns: by how much at most.
        lost_to_chip, lost_in_crossbar, lost_to_fpga: lost by chance, see the configuration; those in the crossbar on
            the way to busses.
        link_full: events that found no room on the link to the FPGA.
        returned: copies on their way to the FPGA; return_drops: of them lost at neuron outputs and in the crossbar, by
            chance those in returns_lost_in_crossbar; returning: of them under way.
    """

    node_drops: np.ndarray
    output_events: np.ndarray
    neuron_output_losses: np.ndarray
    driver_events: np.ndarray
    driver_losses: np.ndarray
    from_fpga: int
    from_neurons: int
    late_from_fpga: int
    latest_ns: int
    lost_to_chip: int
    lost_in_crossbar: int
    lost_to_fpga: int
    link_full: int
    returned: int
    return_drops: int
    returns_lost_in_crossbar: int
    returning: int

    @property
    def lost_returns(self) -> int:
        """Copies on their way to the FPGA that never came there."""
        return self.return_drops + self.lost_to_fpga + self.link_full

    @property
    def input_drops(self) -> np.ndarray:
        """int64[20]: copies dropped at the nodes of each input of the crossbar."""
        return self.node_drops[: c.CROSSBAR_INPUTS].sum(axis=1)

    def load(self, time_ns: int) -> dict[str, float]:
        """Which fraction of the clocks of a time each output of the crossbar was busy, by its name."""
        clocks = max(time_ns // c.EVENT_CLOCK_NS, 1)
        return {name: round(int(n) / clocks, 6) for name, n in zip(OUTPUT_NAMES, self.output_events, strict=True)}

    def losses(self) -> dict[Cause, dict[str, int]]:
        """Events, or copies of them, that got lost, by cause and by place; causes and places with none are left out."""
        nodes = {
            f"{_input(source)} to {OUTPUT_NAMES[output]}": int(self.node_drops[source, output])
            for source, output in np.argwhere(self.node_drops).tolist()
        }
        drivers = {
            f"driver {driver} {SIDES[hemisphere]}": int(self.driver_losses[hemisphere, driver])
            for hemisphere, driver in np.argwhere(self.driver_losses).tolist()
        }
        outputs = {f"neuron output {i}": int(lost) for i, lost in enumerate(self.neuron_output_losses) if lost}
        chance = {"link to the chip": self.lost_to_chip, "crossbar": self.lost_in_crossbar}
        chance["crossbar, to the FPGA"] = self.returns_lost_in_crossbar
        chance["link to the FPGA"] = self.lost_to_fpga
        found = {
            Cause.NEURON_OUTPUT: outputs,
            Cause.NODE: nodes,
            Cause.DRIVER: drivers,
            Cause.LINK: {"link to the FPGA": self.link_full} if self.link_full else {},
            Cause.CHANCE: {place: lost for place, lost in chance.items() if lost},
        }
        return {cause: places for cause, places in found.items() if places}

    def shares(self) -> dict[Cause, float]:
        """Which part of what could get lost by each cause did, if any; at the worst output or driver, for those."""
        by_output = self.node_drops.sum(axis=0)
        crossed = int(self.output_events.sum() + by_output.sum())
        by_chance = self.lost_to_chip + self.lost_in_crossbar + self.returns_lost_in_crossbar + self.lost_to_fpga
        lost_and_taken = {
            Cause.NEURON_OUTPUT: (self.neuron_output_losses.sum(), self.from_neurons),
            Cause.NODE: (by_output, self.output_events + by_output),
            Cause.DRIVER: (self.driver_losses, self.driver_events + self.driver_losses),
            Cause.LINK: (self.link_full, self.output_events[c.CROSSBAR_FPGA_OUT :].sum()),
            Cause.CHANCE: (by_chance, self.from_fpga + crossed + self.lost_in_crossbar + self.returns_lost_in_crossbar),
        }
        shares = {cause: _worst_share(lost, taken) for cause, (lost, taken) in lost_and_taken.items()}
        return {cause: share for cause, share in shares.items() if share > 0.0}

    def warnings(self) -> list[str]:
        """A sentence for each cause that took more than one event in a thousand: how many, where, what to do.

        And one if events from the FPGA came so late that a time constant notices.
        """
        sentences, losses = [], self.losses()
        for cause, share in self.shares().items():
            if share > WARNED_FRACTION:
                places = losses[cause]
                worst = max(places, key=places.__getitem__)
                most = f", {places[worst]} of them at {worst}" if len(places) > 1 else f", at {worst}"
                where = " of the worst place" if cause in (Cause.NODE, Cause.DRIVER) else ""
                lost = f"{sum(places.values())} events got lost {cause.value}{most}, {share:.2%}{where}"
                sentences.append(f"{lost}; {REMEDIES[cause]}")
        if self.latest_ns >= WARNED_LATENESS_NS:
            sentences.append(
                f"{self.late_from_fpga} events from the FPGA came late, by {self.latest_ns} ns at most; send fewer at "
                "one time, or use more lanes, router.link_lanes"
            )
        return sentences


def _worst_share(lost: np.ndarray | int, taken: np.ndarray | int) -> float:
    """Return the greatest part that was lost of what was taken, place by place; 0.0 where nothing was."""
    lost, taken = np.atleast_1d(lost), np.atleast_1d(taken)
    return float((lost / np.maximum(taken, 1)).max())


def counts_of(fabric: Fabric, tally: np.ndarray) -> FabricCounts:
    """Read a fabric's counters, and of the core's, see :data:`chip.fabric.arrays.COUNTERS`, what came to it."""
    counts, lines = fabric.counts, fabric.lines
    single = {
        "late_from_fpga": LATE,
        "latest_ns": LATEST_NS,
        "lost_to_chip": LOST_TO_CHIP,
        "lost_in_crossbar": LOST_IN_CROSSBAR,
        "lost_to_fpga": LOST_TO_FPGA,
        "link_full": FULL_TO_FPGA,
        "returned": RETURNED,
        "return_drops": RETURN_DROPPED,
        "returns_lost_in_crossbar": RETURN_LOST_IN_CROSSBAR,
    }
    waiting = (lines[LAST] - lines[FIRST])[c.CROSSBAR_FPGA_OUT :].sum() + counts[RETURN_WAITING]
    return FabricCounts(
        node_drops=counts[DROPPED:PASSED].reshape(INPUTS, OUTPUTS).copy(),
        output_events=counts[PASSED:OUTPUT_LOST].copy(),
        neuron_output_losses=counts[OUTPUT_LOST:DRIVER_TAKEN].copy(),
        driver_events=counts[DRIVER_TAKEN:DRIVER_LOST].reshape(c.HEMISPHERES, c.DRIVERS).copy(),
        driver_losses=counts[DRIVER_LOST : DRIVER_LOST + c.HEMISPHERES * c.DRIVERS]
        .reshape(c.HEMISPHERES, c.DRIVERS)
        .copy(),
        returning=int(waiting),
        from_fpga=int(tally[FROM_FPGA]),
        from_neurons=int(tally[FROM_NEURONS]),
        **{name: int(counts[index]) for name, index in single.items()},
    )
