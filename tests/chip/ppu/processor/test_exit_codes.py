"""Exit codes: numbers of 32 bits, told as signed ones; the watchdog's end is none of them."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from chip.base.config import ChipConfig, PpuConfig
from chip.base.errors import MachineFault
from chip.ppu import Memory, u32
from chip.ppu.compiler.language import KernelError
from chip.ppu.processor.endings import ending
from chip.testing import Script, UncompiledScript
from host.results import verdict
from tests.chip.ppu.processor.programs import build, sleep

MEMORY = Memory(code=u32[1])


def returning(code):
    def main(ppu):
        yield ppu.wait(1)
        return code

    return main


def read(ppu):
    yield ppu.wait(1)
    return ppu.word("code")


def forever(ppu):
    while True:
        yield ppu.wait(1_000)


def ended(program, config=None):
    chip = build(top=program, bottom=sleep, config=config)
    codes = chip.link.run()
    assert codes == [ppu.exit_code for ppu in chip.processors] and codes[1] == 0
    return codes[0], chip


CODES = [
    (0, 0),
    (7, 7),
    (-1, -1),
    (0xDEADBEEF, 0xDEADBEEF - 2**32),
    (2**31, -(2**31)),
    (2**31 - 1, 2**31 - 1),
    (2**32 - 1, -1),
    (-(2**31), -(2**31)),
]


@pytest.mark.parametrize("given, told", CODES)
@pytest.mark.parametrize("kind", [Script, UncompiledScript])
def test_an_exit_code_is_a_signed_number_of_32_bits(kind, given, told):
    code, chip = ended(kind(returning(given)))
    assert code == told and type(code) is int
    report = chip.report()["ppu"]["exit_codes"]
    assert report == {"top": told, "bottom": 0} and json.loads(json.dumps(report)) == report
    assert ending(chip.processors[0], chip.config) == f"program script on the top PPU ended with {told}"


@pytest.mark.parametrize("given, told", [(code % 2**32, told) for code, told in CODES])
def test_a_word_of_sram_is_an_exit_code(given, told):
    code, _ = ended(Script(read, memory=MEMORY, image={"code": np.array([given], np.uint32)}))
    assert code == told


@pytest.mark.parametrize("code", [2**32, -(2**31) - 1, 10**30, True, None, 1.5, "watchdog"])
def test_what_has_no_32_bits_is_refused(code):
    with pytest.raises(MachineFault, match="program script on the top PPU ended with"):
        build(top=UncompiledScript(returning(code))).link.run()


@pytest.mark.parametrize("code", [2**32, -(2**31) - 1, 10**30, None, 1.5, "watchdog"])
def test_what_has_no_32_bits_is_refused_when_a_compiled_program_is_loaded(code):
    with pytest.raises(KernelError, match=r"test_exit_codes.py:\d+: task main "):
        build(top=Script(returning(code)))


@pytest.mark.parametrize("kind", [Script, UncompiledScript])
def test_a_program_that_returns_nothing_ends_with_a_fault(kind):
    def main(ppu):
        yield ppu.wait(1)

    with pytest.raises(MachineFault, match="program script on the top PPU ended with None; main must return its exit"):
        build(top=kind(main)).link.run()


def test_the_watchdog_s_end_is_no_exit_code():
    limit = ChipConfig.ideal(ppu=PpuConfig(program_limit_cycles=9_000))
    code, chip = ended(Script(forever), config=limit)
    assert code == "watchdog" and chip.report()["ppu"]["exit_codes"] == {"top": "watchdog", "bottom": 0}
    stopped = "the watchdog stopped the top PPU after 9000 cycles; raise ppu.program_limit_cycles"
    assert (
        ending(chip.processors[0], chip.config)
        == f"program script on the top PPU did not end: {stopped}, or let it end"
    )
    with pytest.raises(RuntimeError, match="was stopped before its programs ended"):
        chip.start()


@pytest.mark.parametrize(
    "codes, how, words",
    [
        ({"top": 0, "bottom": -1}, verdict.FAILED, "the bottom PPU ended with exit code -1; 0 is success"),
        ({"top": 0xDEADBEEF - 2**32, "bottom": 0}, verdict.FAILED, "the top PPU ended with exit code -559038737; 0 is"),
        ({"top": "watchdog", "bottom": -1}, verdict.WATCHDOG, "the watchdog stopped the top PPU after 77 cycles"),
        ({"top": 0, "bottom": None}, verdict.INTERRUPTED, "interrupted after"),
    ],
)
def test_what_the_host_tells_of_exit_codes(codes, how, words):
    result = SimpleNamespace(
        complete=False,
        ppu={"exit_codes": codes},
        config={"ppu": {"program_limit_cycles": 77}},
        rule="rule",
        progress={"done": 0, "total": None, "unit": "samples"},
        epochs=None,
        losses={},
    )
    assert verdict.ending(result) == how
    assert verdict.sentence(result).startswith(words)
