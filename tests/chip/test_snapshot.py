"""Snapshots of a chip: to go on from one is to go on; what cannot be saved or does not fit is refused."""

import copy
import pickle
import random
import time

import numpy as np
import pytest
from numba.core import config as numba_config

from chip import Chip, ChipConfig, Registers
from chip.base import constants as c
from chip.base.config import PpuConfig
from chip.base.errors import ChipError
from chip.base.saving import pack, unpack
from chip.fpga import DRAM_BASE
from chip.ppu.compiler.language import KernelError
from chip.snapshot import Snapshot
from chip.testing import Script, UncompiledScript, chip_bytes, load_firmware
from tests.chip.ppu.compiler.sources import module
from tests.chip.ppu.processor.pairs import pair

MIB = 1 << 20


def left(chip, told=""):
    """Return everything that a run has left."""
    return {"told": told, "report": chip.report(), "link": chip.link.bytes, **chip_bytes(chip)}


def gone_on(chip):
    """Run to the end, whatever it is; return what is left."""
    try:
        chip.run()
    except ChipError as error:
        return left(chip, f"{type(error).__name__}: {error}")
    return left(chip)


def after_steps(chip, steps):
    """Start, and take so many steps; return whether the programs run still."""
    chip.start()
    try:
        for _ in range(steps):
            if not chip.learning or not chip.environment.queue or chip.now_ns > chip.limit_ns:
                return False
            chip.environment.take_steps(1)
    except ChipError:
        return False
    return chip.learning


def by_file(taken, directory):
    path = directory / "chip.snapshot"
    taken.save(path)
    return Snapshot.load(path)


def check_going_on(make, steps, directory):
    """Take a snapshot after so many steps; go on from it on another chip, and back on the same one."""
    chip = make()
    if not after_steps(chip, steps):
        return False
    taken = by_file(chip.snapshot(), directory)
    untouched = make()
    after_steps(untouched, steps)
    wanted = gone_on(untouched)
    assert gone_on(chip) == wanted  # to take one changes nothing
    other = make()
    other.restore(taken)
    assert gone_on(other) == wanted
    return True


# ---------------------------------------------------------------------- to go on


@pytest.mark.parametrize("first", range(0, 40, 20))
def test_random_pairs_go_on_from_any_step(tmp_path, first):
    compared = 0
    for seed in range(first, first + 20):
        text, drawn = pair(seed)
        made = module(tmp_path, text)
        config = ChipConfig.ideal(strict=False, ppu=PpuConfig(program_limit_cycles=drawn.randint(1_000, 60_000)))

        def make(made=made, config=config):
            return load_firmware(Chip(config), made.Top(), made.Bottom(), registers=Registers())

        try:
            compared += sum(check_going_on(make, steps, tmp_path) for steps in (1, drawn.randint(1, 6), 12))
        except KernelError:
            continue
    assert compared >= 15


def firmware(name):
    """Return what makes a chip with a firmware that uses much of it, and a chip's samples where it plays any."""
    from ppu_programs import EventProp, FastAndDeep, SuperSpike
    from ppu_programs.homeostasis import Homeostasis
    from ppu_programs.stdp import PairSTDP
    from tests.benchmarks import core_network

    rules = {"eventprop": EventProp, "fast-and-deep": FastAndDeep, "superspike": SuperSpike}
    if name in rules:
        from host import Host, tasks

        def make(config):
            host = Host(Chip(config))
            task = tasks.yin_yang().head(train=50, validation=5, test=5)
            host.load(rules[name](epochs=1, seed=1), task, compiling=False)  # but at first calls: a short run
            return host.chip

        return make
    if name == "homeostasis":
        return lambda config: load_firmware(Chip(config), Homeostasis(updates=3))

    def make_stdp(config):
        values = core_network.registers(512, 0.11)
        values.correlation_enabled[...] = True
        chip = Chip(config)
        chip.link.write_registers(values)
        for hemisphere in range(c.HEMISPHERES):
            chip.link.load_program(hemisphere, PairSTDP(period=30_000, updates=2, rows=range(0, 16), reset=True))
        times, inputs = core_network.events(300_000)
        chip.core.post_events(times, core_network.input_labels(inputs))
        return chip

    return make_stdp


@pytest.mark.skipif(bool(numba_config.DISABLE_JIT), reason="takes minutes where nothing is compiled")
@pytest.mark.parametrize(
    ("name", "profile"),
    [
        *((name, "typical") for name in ("eventprop", "fast-and-deep", "superspike")),
        *((name, profile) for name in ("homeostasis", "stdp") for profile in ("ideal", "typical")),
    ],
)
def test_firmware_goes_on_from_any_step(tmp_path, name, profile):
    make, drawn = firmware(name), random.Random(name + profile)
    config = getattr(ChipConfig, profile)(seed=2)
    whole = make(config)
    whole.start()
    whole.run()
    steps = whole.simpy_events
    assert steps > 10
    for _ in range(4):
        assert check_going_on(lambda: make(config), drawn.randrange(1, steps - 1), tmp_path)


def test_a_chip_goes_back_to_it_and_is_started_again(tmp_path):
    def main(ppu):
        yield ppu.wait(1_000)
        return 3

    def make():
        return load_firmware(Chip(ChipConfig.ideal()), Script(main), registers=Registers())

    chip, other = make(), make()
    assert chip.snapshot().now_ns == 0
    assert chip.link.run() == [3]
    taken = by_file(chip.snapshot(), tmp_path)
    assert chip.link.run() == [3]
    twice = left(chip)
    for one in (chip, other):
        one.restore(taken)
        assert one.now_ns == taken.now_ns
        assert one.link.run() == [3]
        assert left(one) == twice


def test_it_is_small_and_quick(tmp_path):
    chip = firmware("stdp")(ChipConfig.typical(seed=1))
    after_steps(chip, 20)
    external = chip.external.view(DRAM_BASE, 3 * MIB)
    external[0] = external[-1] = 1  # two pieces of DRAM
    begun = time.perf_counter()
    by_file(chip.snapshot(), tmp_path)
    assert time.perf_counter() - begun < 5.0  # 0.3 s on a calm machine; the aim is 1 s
    assert (tmp_path / "chip.snapshot").stat().st_size < (20 + 2) * MIB


# ---------------------------------------------------------------------- what is refused


def waiting(ppu):
    yield ppu.wait(1_000)
    return 0


def longer(ppu):
    yield ppu.wait(1_001)
    return 0


def loaded(main=waiting, config=None):
    return load_firmware(Chip(config or ChipConfig.ideal()), Script(main), registers=Registers())


def test_another_chip_or_program_is_refused_and_stays_as_it_was():
    taken = loaded().snapshot()
    cases = {
        "another seed": loaded(config=ChipConfig.ideal(seed=4)),
        "another ppu.program_limit_cycles": loaded(config=ChipConfig.ideal(ppu=PpuConfig(program_limit_cycles=9_999))),
        "with other code": loaded(longer),
        "has no program": Chip(ChipConfig.ideal()),
    }
    for words, chip in cases.items():
        before = chip.snapshot().to_bytes()
        with pytest.raises(ValueError, match=words):
            chip.restore(taken)
        assert chip.snapshot().to_bytes() == before


def test_what_cannot_be_saved_is_refused():
    plain = load_firmware(Chip(ChipConfig.ideal()), UncompiledScript(waiting), registers=Registers())
    with pytest.raises(RuntimeError, match="plain Python"):
        plain.snapshot()
    chip, told = loaded(), []

    def inside(ppu, operation):
        with pytest.raises(RuntimeError, match="in the middle of a step") as refused:
            chip.snapshot()
        told.append(str(refused.value))

    chip.processors[c.TOP].observers.append(inside)
    chip.start()
    chip.environment.timeout(10)
    with pytest.raises(RuntimeError, match="somebody else"):
        chip.snapshot()
    chip.run()
    assert told


def test_a_damaged_file_is_refused(tmp_path):
    path = tmp_path / "chip.snapshot"
    loaded().snapshot().save(path)
    whole = path.read_bytes()
    for place in (10, len(whole) // 2, len(whole) - 30):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        try:
            tree = Snapshot.load(path).tree
        except ValueError as error:
            assert str(path) in str(error)
        else:  # a bit of the archive's own that says nothing
            assert pack(tree) == pack(loaded().snapshot().tree)
    for content in (whole[:100], b"", b"something else"):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="damaged, or no file"):
            Snapshot.load(path)
    tree = loaded().snapshot().tree | {"format": 99}
    path.write_bytes(pack(tree))
    with pytest.raises(ValueError, match="has the format 99"):
        Snapshot.load(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["chip.snapshot"]


def test_trees_come_back_as_they_were():
    tree = {
        "a": [1, -(1 << 62), True, None, 2.5, "text"],
        "b": {"c": np.arange(6).reshape(2, 3)[:, ::2], "d": b"\x00x"},
    }
    back = unpack(pack(tree), "it")
    assert back["a"] == tree["a"] and back["b"]["d"] == tree["b"]["d"]
    assert (back["b"]["c"] == tree["b"]["c"]).all() and back["b"]["c"].dtype == tree["b"]["c"].dtype
    with pytest.raises(TypeError, match="x is"):
        pack({"x": object()})


@pytest.mark.parametrize("make_copy", [copy.copy, copy.deepcopy, pickle.dumps])
def test_live_parts_are_not_copied(make_copy):
    chip = loaded()
    chip.link.write_registers(Registers(correlation_enabled=True))
    parts = (chip, chip.core, chip.core.sensors, chip.processors[0], chip.environment, chip.link)
    for part in parts:
        with pytest.raises(TypeError, match=rf"{type(part).__name__} cannot be copied or pickled"):
            make_copy(part)
