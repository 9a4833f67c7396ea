"""Who is rung, records under two hands, and what a kernel is given."""

import pytest

from chip.base.config import ChipConfig
from chip.base.errors import LossError, MachineFault
from chip.ppu import kernel
from tests.chip.ppu.processor.programs import UncompiledScript, run, two_inputs


@kernel
def take(v, m, count):
    m.word[0] = count


@pytest.mark.parametrize("ring", [lambda p: p.ring(1, 1), lambda p: p.play(0, ring=(1,))])
def test_a_processor_without_a_program_cannot_be_rung(ring):
    with pytest.raises(MachineFault, match="rings the bottom PPU, which has no program"):
        run(top=lambda p: (yield ring(p)))


@pytest.mark.parametrize("strict", [True, False])
def test_a_record_that_is_written_while_it_is_read_is_a_race(strict):
    """The count is taken when the transfer begins, the spikes when it ends."""
    duration_ns = 20_000
    registers, events = two_inputs(duration_ns=duration_ns)

    def playing(ppu):
        yield ppu.play(0)
        return 0

    def reading(ppu):
        yield ppu.wait(duration_ns // 4 + 280)  # the record is written 1.4 to 1.6 us behind the sample
        yield ppu.load_record(0, into="record")
        return 0

    def late(ppu):
        yield ppu.wait(duration_ns // 4 + 1_000)
        yield ppu.load_record(0, into="record")
        return 0

    named = dict(registers=registers, samples=events, config=ChipConfig.ideal(strict=strict))
    if strict:
        with pytest.raises(LossError, match="spike record 0 was written while"):
            run(playing, reading, **named)
    else:
        assert run(playing, reading, **named).losses()["races between PPUs"] == 1
    assert run(playing, late, **named).losses()["races between PPUs"] == 0


def test_a_kernel_takes_integers():
    with pytest.raises(TypeError, match="kernel take takes integers"):
        run(top=UncompiledScript(lambda p: (yield p.run(take, 2.5)), (take,)))
