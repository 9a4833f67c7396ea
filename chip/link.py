"""The host link: everything that crosses it is counted and takes its time, and nothing may cross while programs run.

A host that trains the chip from outside starts its programs again and again: what crosses between two runs counts as
"during", since learning needs it.

What is behind the Omnibus crosses as instructions of 8 bytes, two for each word of 32 bit, see :func:`omnibus_bytes`.

All of it is counted, and time follows from the counts: so what the link takes can be told for any settings of it,
after the run, and changes nothing on the chip (:class:`chip.base.traffic.Traffic`).
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from chip.base import constants as c
from chip.base.assumption import ASSUMED, Assumption, Direction, Weight
from chip.base.config.link import PRESETS, LinkConfig, Start
from chip.base.declaration import shown, whole_number
from chip.base.errors import LinkError
from chip.base.live import Live
from chip.base.registers import Registers
from chip.base.traffic import Traffic
from chip.base.whole import numbers, whole
from chip.calibration.calibration import Calibration, CalibrationWarning, outside_range
from chip.fabric.counts import FabricCounts
from chip.fpga.playback import INSTRUCTION_BYTES, PlaybackProgram
from chip.fpga.samples import SampleSet
from chip.fpga.trace import EVENT_BYTES
from chip.ppu.contract import check_program, image_of
from chip.ppu.processor.linking import link_program
from chip.ppu.program import Program
from chip.silicon.capmem import same_cells

BEFORE, DURING, AFTER = "before", "during", "after"
CODES_BYTES = 2 * 6 + 3  # of a neuron: six codes, three ranges
OMNIBUS_WORD_BYTES = 4
MOST_STIMULI = 1 << 40  # of one run, more than any memory holds
STIMULUS_BYTES = 2 * INSTRUCTION_BYTES  # an event, and the wait for its time


def omnibus_bytes(nbytes: int) -> int:
    """What crosses the link for bytes of registers or memory, in started words of 32 bit.

    A write is an address and a datum, a read a request and an answer: either way two instructions of 8 bytes. That the
    two are instructions of their own is in hxcomm; that none of them is packed with others is assumed.
    """
    return 2 * INSTRUCTION_BYTES * -(-nbytes // OMNIBUS_WORD_BYTES)


def assumptions() -> list[Assumption]:
    """What a host that takes part in learning takes for granted of its link and of the trace buffer."""
    return [
        Assumption(
            f"a word of 32 bit takes two instructions of {INSTRUCTION_BYTES} bytes on the link, written or read, and "
            f"{c.FPGA_CLOCK_NS} ns of chip time where weights are written"
        ),
        Assumption(
            f"an event of a sample takes {STIMULUS_BYTES} bytes on the link in every run, as in a playback program; "
            "the player replays it from the FPGA's memory",
            "assumed gateware",
            Direction.BETTER,
            Weight.GATEWARE,
        ),
        Assumption(
            "the trace buffer loses no event before it is full; on the chip some spikes are lost",
            direction=Direction.BETTER,
        ),
        Assumption(
            "the reset and restart of the processors between two runs take no chip time; the overhead of a start has "
            "them",
            weight=Weight.LINK,
        ),
        Assumption(
            "a start after anything was written, stimuli or memory alone as well, takes what one after a change of "
            "registers takes",
            f"{ASSUMED}; the vendor's test changes a register",
        ),
        *(LinkConfig.of(name).sentence() for name in PRESETS),
    ]


class HostLink(Live):
    """The host's only way to the chip; what a simulator shows of a running chip, its progress, goes past it.

    Between start and the last exit code every method raises :class:`LinkError`: fully local means that learning does
    without the host. ``bytes`` counts what crossed before the first run, during all runs and after the last one,
    ``round_trips`` the waits for an answer: one for each read, and for the end of each run. ``starts`` counts the
    starts of the programs, in each phase by kind: by what was written since the one before, ``pending`` so far.
    ``refused`` are the attempts while programs ran.
    """

    def __init__(self, chip):
        self.chip = chip
        self.bytes = {BEFORE: 0, DURING: 0, AFTER: 0}
        self.starts = {phase: dict.fromkeys(Start, 0) for phase in self.bytes}
        self.round_trips = {BEFORE: 0, DURING: 0, AFTER: 0}
        self.pending = Start.UNCHANGED
        self.refused = 0

    # ------------------------------------------------------------------ time

    def begin_run(self) -> None:
        """Book that programs start, for which the chip calls this, and the wait for their end.

        What has crossed since the last run was needed for this one.
        """
        self.starts[DURING if self.runs else BEFORE][self.pending] += 1
        self.pending = Start.UNCHANGED
        for counts in (self.bytes, self.round_trips):
            counts[DURING] += counts[AFTER]
            counts[AFTER] = 0
        self.round_trips[AFTER] += 1

    @property
    def runs(self) -> int:
        """How often the programs were started."""
        return sum(sum(kinds.values()) for kinds in self.starts.values())

    def traffic(self, phase: str = DURING) -> Traffic:
        """What crossed in a phase."""
        return Traffic(self.bytes[phase], self.round_trips[phase], dict(self.starts[phase]))

    @property
    def crossed(self) -> Traffic:
        """All that has crossed so far, whatever it was for."""
        return sum((self.traffic(phase) for phase in self.bytes), Traffic())

    def seconds(self, phase: str = DURING) -> float:
        """What crossed in a phase takes on this link: bytes over bandwidth, round trips, overhead of starts.

        Of a chip that learns by itself in one run that is 0 during the run.
        """
        return self.traffic(phase).seconds(self.chip.config.link)

    def report(self) -> dict[str, Any]:
        """Return bytes by phase, and what crossed for the sake of the runs.

        ``runs`` and ``preset``, the name of the link's settings; then, without the first start and what it needed:
        ``round_trips``, ``starts`` by kind, and ``seconds``, also by preset: ``seconds_by_preset``. Loading and the
        first start take ``seconds_before`` and ``seconds_before_by_preset``.
        """
        before, traffic = self.traffic(BEFORE), self.traffic()
        return {
            **{f"bytes_{phase}": count for phase, count in self.bytes.items()},
            "runs": self.runs,
            "round_trips": traffic.round_trips,
            "starts": {kind.value: traffic.starts[kind] for kind in Start},
            "preset": self.chip.config.link.preset,
            "seconds": self.seconds(),
            "seconds_by_preset": traffic.seconds_by_preset(),
            "seconds_before": self.seconds(BEFORE),
            "seconds_before_by_preset": before.seconds_by_preset(),
        }

    def run(self) -> list[int | str]:
        """Start every loaded program, wait until all have ended, and return their exit codes, top first.

        An exit code is a signed number of 32 bits, or ``"watchdog"``.

        Raises what :meth:`chip.chip.Chip.start` and :meth:`chip.chip.Chip.run` raise.
        """
        self.chip.start()
        self.chip.run()
        return [p.exit_code for p in self.chip.processors if p.program is not None]

    # ------------------------------------------------------------------ writing

    def write_calibration(self, calibration: Calibration) -> None:
        """Take the codes of neurons and CADC from a calibration; before the registers that it is to be used for.

        Raises:
            CalibrationError: it was made for another chip, or by another version.
            RuntimeError: registers were written already. LinkError: the chip learns.
        """
        if not isinstance(calibration, Calibration):
            raise TypeError(f"write_calibration takes a Calibration, not {shown(calibration)}; load one from its file")
        self._transfer("write a calibration", 0)  # its codes cross with the registers
        calibration.check_chip(self.chip.config)
        if self.chip.core is not None:
            raise RuntimeError("the chip has its registers already; write the calibration first, then the registers")
        self.chip.calibration = calibration

    def write_registers(self, registers: Registers) -> None:
        """Write every register of the chip, and where its neurons take codes these, too.

        Warns with a CalibrationWarning for every parameter that chips with codes are not calibrated to.

        Raises:
            ValueError: a value does not fit its register; then nothing crosses. TypeError: they are no registers.
        """
        if not isinstance(registers, Registers):
            raise TypeError(f"write_registers takes Registers, not {shown(registers)}; make them, chip.Registers()")
        registers.check()
        capmem = self.chip.config.capmem.used
        codes_bytes = c.NEURONS * (CODES_BYTES + 2) if capmem else 0  # and two offsets of CADC channels
        self._transfer("write registers", omnibus_bytes(registers.nbytes + codes_bytes))
        for sentence in outside_range(registers) if capmem else ():
            warnings.warn(sentence, CalibrationWarning, stacklevel=2)
        held = self.chip.registers
        if held is None or not same_cells(held, registers):
            self.pending = Start.CAPMEM
        self.chip.configure(registers)

    def write_samples(self, samples: SampleSet) -> None:
        """Write stimuli into the FPGA's DRAM.

        Raises:
            ChipLimitError: they do not fit. ValueError, TypeError: they are no samples; then nothing crosses.
        """
        if not isinstance(samples, SampleSet):
            raise TypeError(
                f"write_samples takes a SampleSet, not {shown(samples)}; make one, chip.fpga.SampleSet(...)"
            )
        samples.check()
        self.chip.player.check(samples)
        self._transfer("write samples", omnibus_bytes(samples.nbytes))
        self.chip.player.load(samples)

    def write_stimuli(self, stimuli: SampleSet | PlaybackProgram) -> None:
        """Write samples or a playback program, whichever it is."""
        if isinstance(stimuli, PlaybackProgram):
            self.write_playback(stimuli)
        else:
            self.write_samples(stimuli)

    def write_playback(self, program: PlaybackProgram) -> None:
        """Write events that the FPGA plays by itself in the next run, at their times since its start, and only in it.

        As on today's chip: no processor asks for them, none can stop them, and ``fpga.sample_player`` may be off. They
        end with the last program. Each run needs a program of its own, as each pays for it on the link, 8 bytes an
        instruction; one that is written before another has run takes its place.

        Raises:
            TypeError: it is no playback program, which itself refuses what does not fit. LinkError: the chip learns.
        """
        if not isinstance(program, PlaybackProgram):
            raise TypeError(
                f"write_playback takes a PlaybackProgram, not {shown(program)}; make one, "
                "chip.fpga.PlaybackProgram(...)"
            )
        self._transfer("write a playback program", program.nbytes)
        self.chip.executor.load(program)

    def load_program(self, hemisphere: int, program: Program) -> None:
        """Link a program and write its image into a PPU's memory.

        Raises:
            ChipLimitError: it does not fit, or a recording is longer than its memory.
            ValueError: it declares what cannot be, see :mod:`chip.ppu.contract`. TypeError: it is no program.
            ValueError: an image that its regions cannot hold; then the PPU has no program any more.
        """
        hemisphere = self._side(hemisphere)
        if not isinstance(program, Program):
            raise TypeError(f"load_program takes a program, not {shown(program)}; make one of its class first")
        check_program(program)
        processor = self.chip.processors[hemisphere]
        image = image_of(program)
        link_map = link_program(program, hemisphere)
        self._transfer(f"load program {program.name}", omnibus_bytes(link_map.image_bytes))
        processor.recorder.reserve(program, self.chip.external, processor.name)
        try:
            processor.load(program, link_map, image)
        except BaseException:
            processor.unload()
            processor.recorder.reserve(Program(), self.chip.external, processor.name)
            raise

    def write_sram(self, hemisphere: int, region: str, values: np.ndarray) -> None:
        """Write the first elements of a region of a PPU's SRAM; raises ValueError where they do not fit."""
        target = self.chip.processors[self._side(hemisphere)].find(region)
        what, limits = f"values for region {region}", np.iinfo(target.dtype)
        values = numbers(what, values, ndim=1, kinds="iu", shape=f"a row of up to {target.size} integers")
        if values.size > target.size:
            raise ValueError(
                f"region {region} takes up to {target.size} integers, not {values.dtype}{list(values.shape)}"
            )
        if values.size and not limits.min <= values.min() <= values.max() <= limits.max:
            raise ValueError(
                f"region {region} takes {limits.min}..{limits.max}, not {values.min()}..{values.max()} of the host"
            )
        self._transfer(f"write region {region}", omnibus_bytes(values.size * target.itemsize))
        target[: values.size] = values

    def write_external(self, address: int, values: np.ndarray) -> None:
        """Write uint8[n] into external memory, where no samples and no recordings lie.

        Raises:
            ValueError: they are no bytes. MachineFault: there is no such memory, or it is somebody else's.
        """
        address = whole("an address of external memory", address)
        if not isinstance(values, np.ndarray) or values.ndim != 1 or values.dtype != np.uint8:
            found = f"{values.dtype}{list(values.shape)}" if isinstance(values, np.ndarray) else shown(values)
            raise ValueError(f"external memory takes uint8[n], not {found}; view it as bytes")
        target = self.chip.external.view(address, values.size)  # refuses what is not there
        self._transfer("write external memory", omnibus_bytes(values.size))
        target[:] = values

    def write_weights(self, hemisphere: int, rows: np.ndarray, words: np.ndarray, values: np.ndarray) -> None:
        """Write single words of synapses between two runs: int[n] rows, int[n] words, uint8[n, 4] weights 0..63.

        Word w of a row holds columns 4 w to 4 w + 3. Each takes 16 bytes on the link and one FPGA clock, 8 ns, on the
        chip (assumed).

        Raises:
            ValueError: an index or a weight out of range. RuntimeError: the chip was never started, or programs of
                another chip on its machine have not ended.
        """
        hemisphere = self._side(hemisphere)
        single = dict(ndim=1, kinds="iu", shape="a one-dimensional array of integers")
        rows, words = numbers("rows to write", rows, **single), numbers("words to write", words, **single)
        values = numbers("weights to write", values, ndim=2, kinds="iu", shape="integers [n, 4]")
        if rows.ndim != 1 or rows.shape != words.shape or values.shape != (*rows.shape, c.SYNAPSES_PER_WORD):
            raise ValueError(
                f"{list(rows.shape)} rows, {list(words.shape)} words and {list(values.shape)} weights do not match; "
                f"give n, n and n times {c.SYNAPSES_PER_WORD}"
            )
        limits = (("row", rows, c.ROWS - 1), ("word", words, c.COLUMNS // c.SYNAPSES_PER_WORD - 1))
        for what, array, high in (*limits, ("weight", values, c.WEIGHT_MAX)):
            if array.size and not 0 <= int(array.min()) <= int(array.max()) <= high:
                raise ValueError(f"write_weights got {array.dtype} for a {what} with values outside of 0..{high}")
        rows, words, values = (array.astype(np.int64) for array in (rows, words, values))
        if not self.chip.started:
            raise RuntimeError("before the first start weights cross with the registers; set registers.weights")
        if not self.chip.learning:
            self.chip.machine.check_others_have_ended(self.chip, "write weights")
        self._transfer("write weights", omnibus_bytes(OMNIBUS_WORD_BYTES * len(rows)))
        self.chip.write_synapses(hemisphere, rows, words, values)

    def record_trace(self, on: bool = True) -> None:
        """Switch the trace buffer on or off, from the next run on."""
        if not isinstance(on, bool | np.bool_):
            raise ValueError(f"the trace buffer is switched to {shown(on)}; give True or False")
        self._transfer("switch the trace buffer", omnibus_bytes(OMNIBUS_WORD_BYTES))
        self.chip.trace.on = bool(on)

    def book_stimuli(self, events: int) -> None:
        """Pay for the events of the samples that the next run plays, 16 bytes each: an event and a wait.

        On today's chip they cross with the playback program of every run. Here nothing moves: the player replays what
        :meth:`write_samples` has left in the FPGA's memory, which is assumed gateware.
        """
        events = whole_number("", "the number of events", events, 0, MOST_STIMULI)
        self._transfer("send stimuli", STIMULUS_BYTES * events)

    # ------------------------------------------------------------------ reading

    def read_trace(self) -> tuple[np.ndarray, np.ndarray]:
        """The recorded events of the last run, see :class:`chip.fpga.trace.TraceBuffer`.

        Returns int64[n] time stamps, rising, and uint16[n] labels; 8 bytes each. Stamps count the FPGA's clock of 8 ns
        from its first edge in the run, 0 ns of a playback program: ``chip.trace.zero_ns`` in the chip's time.
        """
        trace = self.chip.trace
        self._transfer("read the trace buffer", EVENT_BYTES * len(trace.ticks), answer=True)
        return trace.ticks.copy(), trace.labels.copy()

    def read_sram(self, hemisphere: int, region: str, count: int | None = None) -> np.ndarray:
        """A copy of one region of a PPU's SRAM, or of its first ``count`` elements.

        After a fault or an interrupt it may be half-written, as external memory may: that is counted as a loss.
        """
        processor = self.chip.processors[self._side(hemisphere)]
        found = processor.find(region)
        if count is not None:
            count = whole_number("", f"the count of elements of region {region}", count, 0, found.size)
        low = processor.link_map.offset(region)
        if processor.incoming.collision(low, low + found.nbytes, self.chip.now_ns, writes=False):
            self.chip.torn_reads += 1
        values = found[:count].copy()
        self._transfer(f"read region {region}", omnibus_bytes(values.nbytes), answer=True)
        return values

    def read_recording(self, hemisphere: int, name: str) -> np.ndarray:
        """The records that a PPU's program has made, oldest first, at most as many as declared.

        Returns a structured array with the fields ``time_cycles``, uint64, PPU cycles since the chip was started, and
        ``values``: a region's elements, one element, the weights of one or more rows, uint8[256] each, or of one or
        more synapses; see :class:`chip.ppu.recording.Recording`.
        """
        records = self.chip.processors[self._side(hemisphere)].recorder.track(name).read()
        self._transfer(f"read recording {name}", omnibus_bytes(records.nbytes), answer=True)
        return records

    def read_external(self, address: int, nbytes: int) -> np.ndarray:
        """uint8[nbytes] of external memory, whoever has reserved it: recordings as they lie there, too."""
        address, nbytes = whole("an address of external memory", address), whole("a count of bytes", nbytes)
        found = self.chip.external.view(address, nbytes, reserved=True)  # refuses what is not there
        self._transfer("read external memory", omnibus_bytes(nbytes), answer=True)
        if nbytes and self.chip.external.bring(address, nbytes, self.chip.now_ns):
            self.chip.torn_reads += 1
        return found.copy()

    def read_weights(self) -> np.ndarray:
        """uint8[hemisphere, row, column], 0..63: the weights of all synapses."""
        self._transfer("read weights", omnibus_bytes(c.HEMISPHERES * c.ROWS * c.COLUMNS), answer=True)
        return self.chip.weights()

    def read_counters(self) -> dict[str, int]:
        """The event counters of the chip."""
        counters = self.chip.counters()
        self._transfer("read counters", omnibus_bytes(OMNIBUS_WORD_BYTES * len(counters)), answer=True)
        return counters

    def read_fabric_counters(self) -> FabricCounts:
        """What the event fabric has passed on and lost by place, since registers were written; zeros where all is free.

        It has more than the chip's 20 drop counters of 16 bits and 12 event counters of 24 bits, which are what the
        transfer is counted for: losses by node, driver and link are the simulator's, and nothing wraps.

        Raises:
            RuntimeError: the chip has no registers yet.
        """
        if self.chip.core is None:
            raise RuntimeError("the chip has no registers yet, so it has no counts of events; write_registers first")
        words = c.CROSSBAR_INPUTS + c.CROSSBAR_OUTPUTS
        self._transfer("read fabric counters", omnibus_bytes(OMNIBUS_WORD_BYTES * words), answer=True)
        self.chip.core.advance(self.chip.now_ns)
        return self.chip.core.fabric_counts

    def _side(self, hemisphere: int) -> int:
        """Return a hemisphere, of which there are two, as Python's integer."""
        if isinstance(hemisphere, bool) or not isinstance(hemisphere, int | np.integer) or hemisphere not in (0, 1):
            raise ValueError(
                f"there is no hemisphere {shown(hemisphere)}; {c.TOP} is the top one, {c.BOTTOM} the bottom one"
            )
        return int(hemisphere)

    def _transfer(self, what: str, nbytes: int, answer: bool = False) -> None:
        if self.chip.learning:
            self.refused += 1
            raise LinkError(
                f"the host tried to {what} ({nbytes} bytes) at {self.chip.environment.now} ns while the chip learns; "
                "the link is closed between start and exit code: load before, read after"
            )
        phase = AFTER if self.chip.started else BEFORE
        if nbytes and not answer and self.pending == Start.UNCHANGED:
            self.pending = Start.CHANGED
        self.bytes[phase] += nbytes
        self.round_trips[phase] += answer
