"""Two PPUs, an analog core, one host link: the chip as a whole."""

import numpy as np
import pytest

from chip.base import constants as c
from chip.base.assumption import Assumption, Direction, Weight, weightiest
from chip.base.config import ChipConfig
from chip.base.errors import LinkError, MachineFault
from chip.chip import Chip
from chip.ppu import kernel
from chip.ppu.processor.processor import WATCHDOG
from chip.ppu.processor.timing import PLAIN_CONTROL_CYCLES
from tests.chip.ppu.processor.programs import UncompiledScript, build, run, sleep, two_inputs


@kernel
def spin(v, m):
    while m.word[0] == 0:
        m.word[0] = 0


# ---------------------------------------------------------------------- two processors at work


def sampler(ppu):
    yield ppu.sample_membranes(40, into="membranes")
    return 0


def player(ppu):
    yield ppu.wait(2_000)
    yield ppu.play(0)
    yield ppu.wait(1_000)
    yield ppu.play(0)
    return 0


def psp_lsb(t_ns, tau_ns):
    """Response to a unit current step that decays, tau_mem = tau_syn = tau: t / tau exp(-t / tau)."""
    x = np.maximum(t_ns, 0) / tau_ns
    return x * np.exp(-x)


def expected_membranes():
    registers, samples = two_inputs()
    tau_ns = float(registers.tau_mem_ns[0, 0])
    starts, now_ns = [], 0
    now_ns += (PLAIN_CONTROL_CYCLES + 2_000) * 4
    for gap in (1_000, 0):
        zero_ns = -(-(now_ns + (PLAIN_CONTROL_CYCLES + 40) * 4 + 1000) // 8) * 8
        starts.append(zero_ns)
        now_ns = zero_ns + samples.duration_ns + 400 + 200 + (PLAIN_CONTROL_CYCLES + gap) * 4
    times_ns = PLAIN_CONTROL_CYCLES * 4 + np.arange(40) * 1_700
    membrane = np.full(40, 80.0)
    for zero_ns in starts:
        for event_ns, weight in ((1_000, 20), (3_000, -15)):
            membrane += weight * psp_lsb(times_ns - zero_ns - event_ns, tau_ns)
    return np.round(membrane)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("swap", [False, True])
def test_one_ppu_samples_while_the_other_drives(order, swap):
    """Sampling every 1.7 us sees exactly the closed form, whichever process was created first."""
    # the driven neuron lies on top, so the top PPU samples; a second chip has its network at the bottom
    registers, samples = two_inputs()
    programs = [sampler, player]
    if swap:
        for array in (registers.enabled, registers.spiking, registers.row_mode, registers.labels, registers.weights):
            array[...] = array[::-1].copy()
        for bus in range(4):
            target = registers.crossbar_target
            target[8 + bus, 4 + bus], target[8 + bus, bus] = 0, 0x3FFF
        programs.reverse()
    chip = build(*programs, registers=registers, samples=samples)
    chip.started = True
    for index in order:
        chip.processors[index].start()
    chip.run()
    sampled = chip.processors[programs.index(sampler)].regions["membranes"].reshape(-1, 128)[:40, 0]
    assert np.abs(sampled - expected_membranes()).max() == 0
    assert sampled.max() > 83  # something was there to see


def test_watching_changes_nothing(monkeypatch):
    monkeypatch.setattr("chip.machine.PROGRESS_EVERY_S", 0)
    monkeypatch.setattr("chip.machine.STEPS_BETWEEN_CLOCK_LOOKS", 1)
    looks = []

    def weights_and_spikes(watch):
        registers, samples = two_inputs(weights=((63, 63),))
        registers.efficacy_lsb[0] = 2.0

        def main(ppu):
            for _ in range(5):
                yield ppu.play(0)
                yield ppu.load_record(0, into="record")
            return 0

        chip = build(top=main, bottom=sampler if watch else sleep, registers=registers, samples=samples)
        chip.start()
        chip.run((lambda seen: looks.append(seen.core.membranes(seen.now_ns))) if watch else None)
        return chip.processors[0].sram.tobytes()

    assert weights_and_spikes(False) == weights_and_spikes(True)
    assert len(looks) >= 5


# ---------------------------------------------------------------------- fully local


def test_the_link_is_open_before_and_after_and_counts():
    chip = build(top=sleep)
    before = chip.link.bytes["before"]
    assert before > 0
    chip.start()
    with pytest.raises(LinkError, match="tried to read weights.*while the chip learns"):
        chip.link.read_weights()
    chip.run()
    chip.link.read_weights()
    assert chip.link.bytes == {"before": before, "during": 0, "after": 4 * 2 * 256 * 256}
    assert chip.link.refused == 1


@pytest.mark.parametrize(
    "cheat",
    [
        lambda chip: chip.link.read_weights(),
        lambda chip: chip.link.read_external(0x8000_0000, 4),
        lambda chip: chip.link.read_sram(0, "row"),
        lambda chip: chip.link.write_external(0x8000_0000, np.zeros(4, np.uint8)),
        lambda chip: chip.link.read_counters(),
        lambda chip: chip.link.write_samples(two_inputs()[1]),
        lambda chip: chip.link.write_registers(two_inputs()[0]),
        lambda chip: chip.link.load_program(0, UncompiledScript(sleep)),
    ],
)
def test_a_mutant_firmware_that_needs_the_host_fails_by_it(cheat):
    def mutant(ppu):
        yield ppu.wait(10)
        cheat(ppu.chip)
        return 0

    with pytest.raises(LinkError, match="the link is closed between start and exit code"):
        run(top=mutant)


def test_after_a_fault_the_link_is_open_for_a_look():
    def main(ppu):
        yield ppu.load_weights(0, 0, into="row")
        yield ppu.load_weights(999, 0, into="row")
        return 0

    chip = build(top=main)
    chip.start()
    with pytest.raises(MachineFault):
        chip.run()
    assert chip.link.read_sram(c.TOP, "row").size == 256


# ---------------------------------------------------------------------- ends, good and bad


def test_exit_codes_and_life_cycle():
    def main(ppu):
        yield ppu.wait(1)
        return 7

    chip = Chip()
    with pytest.raises(RuntimeError, match="no registers"):
        chip.start()
    chip.link.write_registers(two_inputs()[0])
    with pytest.raises(RuntimeError, match="no PPU has a program"):
        chip.start()
    with pytest.raises(RuntimeError, match="has not been started"):
        chip.run()
    chip.link.load_program(c.BOTTOM, UncompiledScript(main))
    chip.start()
    assert chip.learning and not chip.finished
    with pytest.raises(RuntimeError, match="programs have not ended"):
        chip.start()
    chip.run()
    assert chip.finished and chip.report()["ppu"]["exit_codes"] == {"bottom": 7}


@pytest.mark.parametrize("code", [None, "done", 1.5, True])
def test_a_program_without_an_exit_code_faults(code):
    def main(ppu):
        yield ppu.wait(1)
        return code

    with pytest.raises(MachineFault, match="must return its exit code"):
        run(top=main)


def test_a_program_must_yield_operations():
    def main(ppu):
        yield 12
        return 0

    with pytest.raises(MachineFault, match="yields 12; it can only yield the operation"):
        run(top=main)
    with pytest.raises(MachineFault, match="must be a generator"):
        run(top=lambda ppu: 0)


def test_two_programs_that_wait_for_each_other_are_told_so():
    def main(ppu):
        yield ppu.wait_doorbell(2)
        return 0

    with pytest.raises(MachineFault, match="on the top PPU waits for doorbell line 2.* and .*nobody will ring"):
        run(top=main, bottom=main)


def test_the_watchdog_ends_a_kernel_that_does_not():
    def main(ppu):
        yield ppu.run(spin)
        return 0

    config = ChipConfig.from_dict({"ppu": {"kernel_limit_cycles": 10_000}})
    with pytest.raises(MachineFault, match="spin"):
        run(top=UncompiledScript(main, [spin]), config=config)


def test_the_watchdog_ends_a_program_that_does_not():
    def main(ppu):
        while True:
            yield ppu.wait(1_000)

    chip = run(top=main, bottom=sleep, config=ChipConfig.from_dict({"ppu": {"program_limit_cycles": 100_000}}))
    assert chip.report()["ppu"]["exit_codes"] == {"top": WATCHDOG, "bottom": 0}


def test_report_numbers_follow_from_the_program():
    def main(ppu):
        yield ppu.wait(1_000 - PLAIN_CONTROL_CYCLES)
        yield ppu.load_weights(0, 0, into="row")
        return 0

    report = run(top=main).report()
    cycles = 1_000 + PLAIN_CONTROL_CYCLES + 67
    assert report["ppu"]["cycles"] == cycles and report["chip_seconds"] == pytest.approx(cycles * 4e-9)
    assert report["ppu"]["busy_cycles"]["top"] == {"control": 2 * PLAIN_CONTROL_CYCLES, "wait": 0, "weights": 67}
    assert report["ppu"]["busy_fraction"] == (2 * PLAIN_CONTROL_CYCLES + 67) / cycles
    assert report["ppu"]["sram_used"] <= report["ppu"]["sram_size"] == 16384
    assert report["host_link"]["bytes_during"] == 0


def test_circuits_that_registers_switch_on_bring_their_assumptions():
    def assumed(**on):
        registers, _ = two_inputs()
        for name in on:
            getattr(registers, name)[0, ...] = True
        return "\n".join(run(top=sleep, registers=registers).report()["assumptions"])

    sensors, plasticity = "a correlation sensor without correlation reads 200 LSB", "linear in the voltage"
    neither, correlated, plastic = assumed(), assumed(correlation_enabled=True), assumed(stp_enabled=True)
    assert sensors not in neither and plasticity not in neither
    assert plasticity not in correlated and sensors not in plastic and plasticity in plastic
    for words in (sensors, "saturates 170 LSB below", "spreads 0.3 times", "by 0.15 of it", "nearest", "leakage"):
        assert words in correlated


@pytest.mark.parametrize("config", [ChipConfig.ideal(), ChipConfig.typical(seed=1), ChipConfig.raw(seed=1)])
def test_assumptions_are_values_each_once_whose_direction_goes_with_their_weight(config):
    registers, _ = two_inputs()
    registers.correlation_enabled[0], registers.stp_enabled[0, ...] = True, True
    found = run(top=sleep, registers=registers, config=config).report()["assumptions"]
    assert all(type(assumption) is Assumption for assumption in found) and len(set(found)) == len(found)
    directions = {Weight.COST_BELOW: Direction.FASTER, Weight.COST_ABOVE: Direction.SLOWER}
    for assumption in found:
        assert assumption.direction == directions.get(assumption.weight, assumption.direction), assumption
    of_the_link = {assumption for assumption in found if assumption.weight == Weight.LINK}
    assert of_the_link <= set(config.link.assumptions()) and len(of_the_link) == 2
    assert weightiest(found, Weight.GATEWARE)[0].source == "assumed gateware"
