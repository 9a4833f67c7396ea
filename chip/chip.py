"""One chip on the clock of a machine: its parts wired together, its state and its report.

Clock and run loop are the machine's, :mod:`chip.machine`.

Events at the same SimPy time run in the order in which they were scheduled. What acts on the analog core carries its
own time stamp and is sorted there, so results do not depend on that order; see :mod:`chip.core.core`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from chip import snapshot
from chip.array import assumptions as array_assumptions
from chip.base import constants as c
from chip.base.assumption import Assumption
from chip.base.config import ChipConfig
from chip.base.errors import LossError
from chip.base.feed import Feed
from chip.base.live import Live
from chip.base.losses import Loss
from chip.base.registers import Registers
from chip.calibration.calibration import Calibration
from chip.core.core import AnalogCore
from chip.fabric.assumptions import CONTENTION, FREE
from chip.fpga import playback
from chip.fpga.executor import PlaybackExecutor
from chip.fpga.memory import ExternalMemory
from chip.fpga.player import GATEWARE, SamplePlayer
from chip.fpga.trace import TraceBuffer
from chip.fpga.writer import SpikeWriter
from chip.link import HostLink
from chip.machine import Machine
from chip.neurons.assumptions import NEURONS
from chip.ppu import assumptions as ppu_assumptions
from chip.ppu.processor.processor import FAULTED, WATCHDOG, Processor
from chip.probes.probe import Probe
from chip.probes.probes import Probes
from chip.silicon import sensors as sensor_silicon
from chip.snapshot import Snapshot


class Chip(Live):
    """One chip instance.

    Life cycle: configured and loaded through :attr:`link`; :meth:`start` lets the programs go and closes the link;
    :meth:`run` returns when every program has ended; then the link is open again, and the chip can be started again:
    programs begin their ``main`` anew, on the memory and the analog state that they left, and time goes on. So several
    short runs do what one long run does. Timers are dates on the time base: those that are over stay so.

    Attributes:
        config: which chip this is.
        link: the host's only way in.
        core: the analog core, None before the registers were written.
        calibration: which codes its neurons get for what registers ask for; None takes those of the design.
        processors: the top and the bottom PPU.
        external: the memory behind the FPGA; trace: the FPGA's record of events for the host.
        executor: of playback programs; player: of samples.
        machine: whose time it shares; its own where it was built without one.
        number: which chip of its machine it is, from 0.
        environment: the SimPy environment of its machine, see :mod:`chip.base.clock`.
        feed: tells what happens, see :mod:`chip.base.feed`; probes: those that are running, see :meth:`probe`.
    """

    def __init__(self, config: ChipConfig | None = None, machine: Machine | None = None):
        if not isinstance(config, ChipConfig | None):
            raise TypeError(f"Chip takes a ChipConfig, not {config!r}; write Chip(ChipConfig.ideal())")
        if not isinstance(machine, Machine | None):
            raise TypeError(f"Chip stands on a Machine, not on {machine!r}; write Chip(config, Machine())")
        self.config = config or ChipConfig.ideal()
        self.machine = Machine() if machine is None else machine
        self.environment = self.machine.environment
        self.feed = Feed()
        self.probes = Probes(self.feed, lambda: self.now_ns)
        self.external = ExternalMemory()
        self.player = SamplePlayer(self.config.fpga, self.external, self.feed)
        self.executor = PlaybackExecutor(lambda: self.ended_ns)
        self.writer = SpikeWriter(self.config.fpga, self.external, self.config.strict)
        self.trace = TraceBuffer(self.config.strict, lambda: self.ended_ns)
        self.processors = (Processor(self, c.TOP), Processor(self, c.BOTTOM))
        self.link = HostLink(self)
        self.core: AnalogCore | None = None
        self.registers: Registers | None = None  # as they were written last
        self.plastic_drivers = False  # whether any has its short-term plasticity on
        self.calibration: Calibration | None = None
        self.counter_base = np.zeros(c.NEURONS, np.int64)  # spikes of each neuron when its counter was last cleared
        self.started = self.stopped = False
        self.weight_overflows = 0
        self.torn_reads = 0  # of the host, of what was half-written when the chip was stopped
        self._keep_spikes = False
        self.number = self.machine.add(self)

    # ------------------------------------------------------------------ set up

    def configure(self, registers: Registers) -> None:
        """Take over all registers; called by the link."""
        codes = None if self.calibration is None else self.calibration.codes(registers)
        self.probes.catch_up()
        self.core = AnalogCore(self.config, registers, codes, self.feed, begins_ns=self.now_ns)
        self.core.keeps_record = self.keep_spikes
        self.plastic_drivers = bool(registers.stp_enabled.any())
        self.probes.follow(self.core)
        self.counter_base[...] = 0
        self.registers = copy.deepcopy(registers)

    def start(self) -> None:
        """Start every loaded program, for the first time or once all have ended.

        Raises:
            RuntimeError: registers or programs are missing, programs still run, the last run did not end by itself,
                this one could reach the end of the chip's time, or another chip of its machine was stopped.
        """
        loaded = [p for p in self.processors if p.program is not None]
        if self.stopped or any(p.exit_code in (WATCHDOG, FAULTED) for p in loaded):
            raise RuntimeError("this chip was stopped before its programs ended; build a new Chip to run again")
        self.machine.check_none_was_stopped()
        if self.learning:
            raise RuntimeError("this chip was started already, and its programs have not ended; call run() first")
        if self.core is None:
            raise RuntimeError("the chip has no registers yet; write them over chip.link first")
        if not loaded:
            raise RuntimeError("no PPU has a program; load one over chip.link first")
        limit_ns = self.now_ns + self.config.ppu.program_limit_cycles * c.PPU_CLOCK_NS
        if limit_ns >= c.END_NS:
            raise RuntimeError(
                f"with its watchdog at {limit_ns} ns this run could reach the end of the chip's time, {c.END_NS} ns or "
                "19.5 h; lower ppu.program_limit_cycles, or build a new Chip"
            )
        self.link.begin_run()
        self.started = True
        self.limit_ns = limit_ns
        self.trace.begin(self.core, self.now_ns)
        for processor in loaded:
            processor.start()
        self.executor.begin(self.core, self.now_ns)

    # ------------------------------------------------------------------ state

    @property
    def keep_spikes(self) -> bool:
        """Whether the core keeps its record of all spikes, which grows with them, for an observer; False at first.

        Else it has those of the last 0.1 s at least, or of the last samples that were played.
        """
        return self._keep_spikes

    @keep_spikes.setter
    def keep_spikes(self, keep: bool) -> None:
        self._keep_spikes = bool(keep)
        if self.core is not None:
            self.core.keeps_record = self._keep_spikes

    @property
    def finished(self) -> bool:
        """Whether its programs were started and all of them have ended."""
        return self.started and not self._running()

    @property
    def unfinished(self) -> bool:
        """Whether its programs were started and one of them has not ended, be it because the chip was stopped."""
        return self.started and bool(self._running())

    @property
    def learning(self) -> bool:
        """Between start and the last exit code, or a fault: the host link is closed."""
        return self.unfinished and not self.stopped

    @property
    def simpy_events(self) -> int:
        """How many events the simulation has taken, of all chips of its machine."""
        return self.environment.steps

    @property
    def now_ns(self) -> int:
        """The time of its machine, which goes on while programs of any chip run."""
        return self.environment.now

    @property
    def ended_ns(self) -> int | None:
        """When the last of its programs ended, by itself or by the watchdog; None while one runs or after a fault.

        Of the programs that are loaded: to load another one forgets when the last one ended.
        """
        loaded = [p for p in self.processors if p.program is not None]
        codes = {p.exit_code for p in loaded}
        if not self.started or None in codes or FAULTED in codes:
            return None
        if WATCHDOG in codes:
            return self.limit_ns + c.PPU_CLOCK_NS
        return max(p.flow.time_ns for p in loaded)

    @property
    def limit_ns(self) -> int:
        """The watchdog's time: what its processors have not ended by then is ended."""
        return self.processors[c.TOP].limit_ns

    @limit_ns.setter
    def limit_ns(self, time_ns: int) -> None:
        for processor in self.processors:
            processor.limit_ns = time_ns

    @property
    def of_which(self) -> str:
        """What a sentence about a part of this chip adds where its machine has several, " of chip 1", else ""."""
        return f" of chip {self.number}" if len(self.machine.chips) > 1 else ""

    def weights(self) -> np.ndarray:
        """uint8[hemisphere, row, column]: all weights as they stand in the synapses, also while rows are written."""
        if self.core is None:
            return np.zeros((c.HEMISPHERES, c.ROWS, c.COLUMNS), np.uint8)
        after_ns = self.now_ns + 1  # what is written at this instant is
        return self.core.weights(max(after_ns, self.core.now_ns))  # somebody may have advanced the core further

    def _running(self) -> list[Processor]:
        return [p for p in self.processors if p.program is not None and p.exit_code is None]

    def write_synapses(self, hemisphere: int, rows: np.ndarray, words: np.ndarray, values: np.ndarray) -> None:
        """Write words of four synapses one after the other, one each FPGA clock; chip time goes on. By the link.

        A half of a row acts with its last word. Rows int[n], words int[n], weights uint8[n, 4].
        """
        before = self.core.posted_weights[hemisphere]
        after = before.copy()
        columns = c.SYNAPSES_PER_WORD * words[:, None] + np.arange(c.SYNAPSES_PER_WORD)
        last = np.zeros(c.ROWS, np.int64)  # the number, from 1, of the last word of each row
        np.maximum.at(last, rows, np.arange(1, len(rows) + 1))
        touched = np.flatnonzero(last)
        touched = touched[np.argsort(last[touched])]
        after[rows[:, None], columns % c.HALVES, columns // c.HALVES] = values
        for half in range(c.HALVES):
            changed = touched[(after[touched, half] != before[touched, half]).any(axis=1)]
            times_ns = self.now_ns + last[changed] * c.FPGA_CLOCK_NS
            if changed.size:
                self.core.post_weight_rows(times_ns, hemisphere, changed, half, after[changed, half])
        if len(rows):
            self.environment.go_to(self.now_ns + len(rows) * c.FPGA_CLOCK_NS)

    # ------------------------------------------------------------------ snapshots

    def snapshot(self) -> Snapshot:
        """Return all of this chip at this moment, programs included, to be saved or restored.

        Raises:
            RuntimeError: in the middle of a step, with events of others in the environment, or with a program of plain
                Python.
        """
        return snapshot.take(self)

    def restore(self, taken: Snapshot) -> None:
        """Go back, or on, to where a snapshot was taken, on a chip that is configured and loaded alike.

        Raises:
            ValueError: it is of another configuration, calibration, or of other programs; then nothing has changed.
            RuntimeError: as :meth:`snapshot`, or other chips stand on its machine, whose time this would change.
        """
        snapshot.restore(self, taken)

    # ------------------------------------------------------------------ probes

    def probe(
        self, what: str, of: Any = None, every_ns: int | None = None, most: int | None = None, keep: str = "first"
    ) -> Probe:
        """Watch something on this chip from now on, before its start or while it runs; no byte of the run changes.

            membrane = chip.probe("membrane", [0, 300], every_ns=1_000)  # column 0 on top, column 44 at the bottom
            spikes = chip.probe("spikes")
            chip.start()
            chip.run(until_ns=500_000)
            times_ns, potentials = membrane.read()

        A probe can be stopped, started again, cleared and read at any time, see :class:`chip.probes.probe.Probe`.

        ======================  ==========================  ========================  ================================
        ``what``                ``of``                      values of ``read()``      unit; as of when
        ======================  ==========================  ========================  ================================
        ``membrane``            neurons                     float64[m, n]             LSB of the CADC; sampled
        ``excitatory_current``  neurons                     float64[m, n]             LSB of the CADC; sampled
        ``inhibitory_current``  neurons                     float64[m, n]             LSB of the CADC; sampled
        ``spike_counts``        neurons                     int64[m, n]               spikes since registers were
                                                                                      written; sampled
        ``weights``             synapses                    uint8[m, n], 0..63        sampled
        ``counters``            names of event counters     int64[m, n]               events; sampled, as of the last
                                                                                      committed time, see AnalogCore
        ``spikes``              neurons                     int64[m], the neurons     all of them, at their times
        ``doorbells``           hemispheres                 uint8[m, 2]               hemisphere and line of each ring
        ======================  ==========================  ========================  ================================

        A sample shows what is just before its time, as an oscilloscope would: potentials without the CADC's noise and
        range. A current is where it would take the membrane from its leak potential, if it lasted. Both circuits of a
        merged neuron show the neuron's; spikes are those of its top circuit.

        Args:
            of: neurons as ``hemisphere * 256 + column``, any integers, one or a row of them, or a mask bool[2, 256];
                synapses as int[n, 3], hemisphere, row and column of each, or a mask bool[2, 256, 256]; names of
                counters; hemispheres. None: all there are.
            every_ns: the period of samples, a multiple of 4: they are at its multiples. None for spikes and doorbells.
            most: how many rows are kept: a million or 64 MiB, whichever is less, where it is None; 4 GiB at most.
            keep: "first": when it is full a sampling probe stops, and :meth:`chip.probes.probe.Probe.read` says so;
                "last": the oldest rows are dropped.

        Writing registers again gives the chip a new core: a probe goes on with that one. Where the chip is restored to
        a snapshot, all running probes forget what they have and begin anew; a snapshot has none of it.

        Raises:
            ValueError: one of these arguments; what it is, and what it may be.
        """
        probe = Probe(self.probes, what, of, every_ns, most, keep)
        probe.start()
        return probe

    # ------------------------------------------------------------------ run

    def run(self, progress: Callable[[Chip], None] | None = None, until_ns: int | None = None) -> None:
        """Run until every program has ended, also those that were started on other chips of its machine.

        ``progress`` is called about ten times a second with this chip; it may look at everything and changes nothing.
        Where ``until_ns`` comes first, a multiple of 4, the run pauses then: another one goes on from there, and comes
        to the same bytes. Meanwhile programs have not ended, so the link stays closed.

        Raises:
            ValueError: ``until_ns`` is past, or off the clock.
            RuntimeError: the chip has not been started.
            MachineFault: a program did what the hardware cannot, or all programs wait for a doorbell forever.
            LossError: on a strict chip, when something is lost or late.
            KeyboardInterrupt: passed on.

        After any of the last three the chip stands where it was stopped, and the link is open for reading what
        there is. See :meth:`chip.machine.Machine.run`.
        """
        if not self.started:
            raise RuntimeError("the chip has not been started; call start() first")
        self.machine.run(None if progress is None else lambda _: progress(self), until_ns)

    # ------------------------------------------------------------------ what its machine calls, chip.machine.Member

    def end_by_watchdog(self) -> None:
        """End all programs that have not ended."""
        for processor in self._running():
            processor.exit_code = WATCHDOG

    def waits(self) -> list[tuple[int, str]]:
        """Say of each program that has not ended since when, in ns, it waits, and for what: it sleeps."""
        found = []
        for processor in self._running():
            lines = " or ".join(str(line) for line, waits in enumerate(processor.waiting) if waits)
            where = f" at {processor.flow.where}" if processor.flow.where else ""
            who = f"{processor.who}{self.of_which}"
            found.append((processor.start_ns, f"{who} waits for doorbell line {lines}{where}"))
        return found

    def end_run(self) -> None:
        """Have the trace buffer keep the events of the run, up to its end, where the executor halts; once a run.

        Raises:
            LossError: on a strict chip, where they are more than it has room for.
        """
        end_ns = self.now_ns if self.ended_ns is None else self.ended_ns
        self.executor.end(end_ns)
        self.trace.end(self.core, end_ns)

    def check_losses(self) -> None:
        """Raise LossError on a strict chip where anything was lost or late."""
        lost = {loss: count for loss, count in self.losses().items() if count} if self.config.strict else {}
        if lost:
            raise LossError(
                "on a strict chip nothing may be lost, but there were "
                + ", ".join(f"{count} {loss}" for loss, count in lost.items())
            )

    # ------------------------------------------------------------------ reports

    def counters(self) -> dict[str, int]:
        """The analog core's event counters, brought up to now; ``waiting`` counts those of a playback program, too."""
        self.core.advance(self.environment.now)
        counters = self.core.counters
        counters["waiting"] += self.executor.left
        return counters

    def losses(self) -> dict[Loss, int]:
        """Everything that was lost or late, by name, brought up to now."""
        if self.core is not None and self.config.router.contention:
            self.core.advance(self.environment.now)
        return {
            Loss.RECORDED_SPIKES: self.writer.lost,
            **({Loss.TRACE_EVENTS: self.trace.lost} if self.trace.lost else {}),
            **({Loss.LATE_STIMULI: self.executor.late} if self.executor.late else {}),
            **({Loss.TORN_READS: self.torn_reads} if self.torn_reads else {}),
            Loss.EVENTS: self.core.counters["lost"] if self.core else 0,
            **self._lost_where_events_queue(),
            Loss.DOORBELLS: sum(p.lost_doorbells for p in self.processors),
            Loss.WEIGHT_OVERFLOWS: self.weight_overflows,
            Loss.RACES: sum(p.races for p in self.processors),
            Loss.LATE_TASKS: sum(sum(p.scheduler.missed) for p in self.processors),
            Loss.DROPPED_TASKS: sum(sum(p.scheduler.dropped) for p in self.processors),
            Loss.RECORDS: sum(p.recorder.lost for p in self.processors),
        }

    def _lost_where_events_queue(self) -> dict[Loss, int]:
        """What the event fabric has lost beside copies on their way to busses, where there is any."""
        if self.core is None or not self.config.router.contention:
            return {}
        counts = self.core.fabric_counts
        found = {
            Loss.DRIVER_EVENTS: int(counts.driver_losses.sum()),
            Loss.RETURNED_EVENTS: counts.lost_returns,
            Loss.LINK_EVENTS: counts.lost_to_chip,
        }
        return {loss: count for loss, count in found.items() if count}

    def _fabric(self) -> dict[str, Any]:
        """What got lost by cause and place, what to do about it, and how busy each output was, where events queue."""
        if self.core is None or not self.config.router.contention:
            return {}
        counts = self.core.fabric_counts
        return {
            "losses": {cause.value: places for cause, places in counts.losses().items()},
            "warnings": counts.warnings(),
            "late_from_fpga": counts.late_from_fpga,
            "load": counts.load(self.core.now_ns - self.core.begins_ns),
        }

    def report(self) -> dict:
        """What a lab would write down: times, loads, counts, losses, assumptions. Plain Python values."""
        total_cycles = self.now_ns // c.PPU_CLOCK_NS
        loaded = [p for p in self.processors if p.program is not None]
        busiest = max((p.busy_cycles for p in loaded), default=0)
        return {
            "chip_seconds": self.now_ns * 1e-9,
            "ppu": {
                "cycles": total_cycles,
                "busy_fraction": busiest / total_cycles if total_cycles else 0.0,
                "sram_used": max((p.link_map.used for p in loaded), default=0),
                "sram_size": c.SRAM_BYTES,
                "exit_codes": {p.name: p.exit_code for p in loaded},
                "busy_cycles": {p.name: dict(sorted(p.cycles.items())) for p in loaded},
                "tasks": {p.name: p.scheduler.report() for p in loaded},
                "records": {p.name: p.recorder.report() for p in loaded},
            },
            "events": self._events(),
            "losses": {loss.value: count for loss, count in self.losses().items()},
            "fabric": self._fabric(),
            "host_link": self.link.report(),
            "simpy_events": self.simpy_events,
            "samples_played": self.player.played,
            "playback": self.executor.report(),
            "assumptions": self.config.assumptions() + self._assumptions(),
        }

    def _events(self) -> dict[str, int]:
        """The counters, and events of playback programs whose run had ended before their time, if there are any."""
        unplayed = {"unplayed": self.executor.unplayed} if self.executor.unplayed else {}
        return self.counters() | unplayed if self.core is not None else unplayed

    def _assumptions(self) -> list[Assumption]:
        """Those of every chip, and those of the circuits that the registers have switched on."""
        found = [*NEURONS, *(CONTENTION if self.config.router.contention else FREE)]
        if self.config.fpga.sample_player or self.config.fpga.spike_writer:
            found.append(GATEWARE)
        if self.executor.program is not None:
            found += playback.ASSUMPTIONS
        if self.core is not None and self.core.sensors is not None:
            found += [*array_assumptions.SENSORS, *sensor_silicon.ASSUMPTIONS]
        if self.plastic_drivers:
            found += array_assumptions.PLASTICITY
        return found + ppu_assumptions.assumptions() + ppu_assumptions.of_plain_programs(self.processors)
