"""The trace of a run: whole, whoever looks, and on the time base of what the FPGA plays."""

import numpy as np
import pytest

from chip import Chip, ChipConfig
from chip.base import constants as c
from chip.fpga import PlaybackProgram
from chip.fpga.trace import TraceBuffer
from chip.testing import UncompiledScript, load_firmware
from tests.chip.fpga.test_playback import INPUTS, TODAY, driven, needs_compiler


@needs_compiler
@pytest.mark.parametrize("keeps", [True, False])
def test_the_trace_is_whole_where_nobody_looks_before_the_end(keeps):
    """The core comes to the end of the run at once, and cuts its record on the way there."""
    times = np.repeat(np.arange(0, 250_000_000, 800_000), 16)
    chip = Chip(ChipConfig.ideal(strict=False, fpga=TODAY))
    chip.keep_spikes = keeps
    chip.link.record_trace(True)

    def main(ppu):
        yield ppu.wait(65_000_000)
        return 0

    load_firmware(chip, main, registers=driven(), playback=PlaybackProgram(times, np.arange(times.size) % INPUTS))
    chip.start()
    chip.run()
    assert (chip.core.recorded_from_ns == 0) == keeps
    assert chip.trace.ticks.size == chip.core.counters["spikes"] > 1_000
    assert chip.trace.ticks[0] < 10_000 and (np.diff(chip.trace.ticks) >= 0).all()


def chip_that_stands_at(phase_ns):
    """A chip with a run behind it that has ended so many ns behind an edge of the FPGA's clock."""
    for cycles in (1_000, 1_001):

        def main(ppu, cycles=cycles):
            yield ppu.wait(cycles)
            return 0

        chip = Chip(ChipConfig.ideal(fpga=TODAY))
        load_firmware(chip, UncompiledScript(main), registers=driven(returned=True))
        chip.start()
        chip.run()
        if chip.now_ns % c.FPGA_CLOCK_NS == phase_ns:
            return chip
    raise AssertionError("both end at the same phase")


@pytest.mark.parametrize("phase_ns", [0, 4])
def test_the_trace_and_the_program_have_the_same_time_zero(phase_ns):
    """Also in a run that begins between two edges of the FPGA's clock."""
    chip, times = chip_that_stands_at(phase_ns), np.array([0, 8, 800])
    chip.link.record_trace(True)
    chip.link.write_playback(PlaybackProgram(times, np.full(3, INPUTS)))  # which no synapse takes
    chip.start()
    chip.run()
    assert chip.trace.zero_ns == chip.executor.zero_ns
    ticks, labels = chip.link.read_trace()
    assert ticks.tolist() == (times // 8).tolist() and set(labels.tolist()) == {INPUTS}


class Recorded:
    """A core that has recorded events at some times."""

    def __init__(self, times_ns):
        self.times_ns, self.readers = np.array(times_ns), []

    def spikes(self, start_ns, end_ns):
        kept = self.times_ns[(self.times_ns >= start_ns) & (self.times_ns < end_ns)]
        return kept, np.zeros(kept.size, np.uint16)

    def advance(self, time_ns):
        pass

    keep_record = release_record = advance


@pytest.mark.parametrize("begun_ns, ticks", [(12, [0, 0, 0, 1]), (16, [0, 0, 1])])
def test_what_comes_before_the_first_edge_of_a_run_has_its_tick(begun_ns, ticks):
    trace, core = TraceBuffer(True, lambda: None), Recorded([8, 12, 16, 20, 24])
    trace.on = True
    trace.begin(core, begun_ns)
    trace.end(core, 80)
    assert trace.zero_ns == 16 and trace.ticks.tolist() == ticks
