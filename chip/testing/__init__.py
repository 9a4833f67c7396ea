"""The kit for testing firmware, and the chip under it.

A test of one's own firmware is a few lines; what is lost, late or saturated fails it, and so does another exit code:

    from chip import ChipConfig
    from chip.testing import run_firmware
    from mine import MyRule

    def test_my_rule_changes_weights():
        chip, built = run_firmware(MyRule()), MyRule().build(None, ChipConfig.ideal())
        assert (chip.weights() != built.registers.weights).any()

``MyRule`` is a firmware, whatever has a ``build(task, config)``; a :class:`chip.Program`, or a bare ``main`` as a
function of the PPU, may stand for it. A rule that learns a task is given one: ``run_firmware(rule, task=task)``. The
fixture ``chip_factory`` makes chips for tests that drive them themselves: it is the pytest plugin
:mod:`chip.testing.plugin`, to be asked for by ``pytest -p chip.testing.plugin``, or in a ``conftest.py`` by
``pytest_plugins = ["chip.testing.plugin"]``.

For property tests there are hypothesis strategies: ``configs``, ``imperfections``, ``registers``, ``weights``,
``labels``, ``event_labels``, ``spike_trains``, ``sample_sets``, ``playback_programs``, ``programs``, ``program_pairs``;
and ``ChipMachine``, a stateful machine that holds a chip and its host against a plain model of both. Programs are
compiled when they first run, which takes longer than hypothesis allows for an example by itself; and a chip is no small
thing to run, so a failure is told in a minute where one failure is shrunk and not every one:

    from hypothesis import given, settings
    from hypothesis import strategies as st
    from chip.testing import ChipMachine, registers, sample_sets

    settings.register_profile("chips", max_examples=25, deadline=None, report_multiple_bugs=False)
    settings.load_profile("chips")

    @given(registers(), sample_sets(max_samples=1))
    def test_my_rule_never_adds_to_a_weight(chip_registers, samples):
        chip = run_firmware(MyRule(), registers=chip_registers, samples=samples)
        assert (chip.weights() <= chip_registers.weights).all()

    class TestMyChip(ChipMachine.TestCase):
        settings = settings(max_examples=20)

A drawn program is a list of operations as values, :class:`chip.ppu.processor.operation.Operation`, ``steps`` draws one
of them, and ``UncompiledScript`` runs a function that yields them, made through its PPU or ready-made:

    from chip.testing import RandomProgram, steps

    @given(st.lists(steps(), max_size=5))
    def test_operations_end(operations):
        run_firmware(RandomProgram(operations, image={}))

``kernel_cases`` and ``task_cases`` draw whole kernels and tasks, for tests of what handles code: a failing one shrinks
to a few lines and prints as Python text, of which ``kernel_from_text`` makes a kernel again:

    from chip.testing import kernel_cases
    from mine import my_report

    @given(kernel_cases())
    def test_my_report_knows_every_kernel(case):
        assert my_report(case.kernel, case.regions(), case.calls)

A test that wants to know what its firmware does on the way listens to the chip's feed, :mod:`chip.base.feed`, or
watches it by probes, :meth:`chip.chip.Chip.probe`; that changes no byte of a run. What is posted to the analog core,
for example, comes with its times:

    from chip.base import constants as c
    from chip.base.feed import Post
    from chip.testing import load_firmware

    def test_my_rule_resets_neurons_of_the_bottom_only(chip_factory):
        chip, resets = load_firmware(chip_factory(), MyRule()), []

        def note(posted):
            if posted.what is Post.NEURON_RESET:
                resets.append(posted.arguments["hemisphere"])

        chip.feed.posts.append(note)
        chip.start()
        chip.run()
        assert set(resets) == {c.BOTTOM}

``record`` and ``replay`` show that a program learns from what it reads and from nothing else, see
:mod:`chip.testing.no_oracle`.
"""

from __future__ import annotations

from importlib import import_module

_HOMES = {
    "chip.testing.runs": [
        "BUFFERS",
        "Script",
        "UncompiledScript",
        "WatchedChip",
        "chip_bytes",
        "load_firmware",
        "run_firmware",
    ],
    "chip.testing.no_oracle": ["Log", "Outcome", "ReplayError", "record", "replay"],
    "chip.testing.strategies": [
        *("configs", "event_labels", "imperfections", "labels", "registers", "sample_sets", "spike_trains", "weights"),
        "playback_programs",
    ],
    "chip.testing.random_programs": ["RandomProgram", "program_pairs", "programs", "steps"],
    "chip.testing.machine": ["ChipMachine"],
    "chip.testing.code.loading": ["kernel_from_text"],
    "chip.testing.code.programs": ["Case"],
    "chip.testing.code.strategies": ["kernel_cases", "task_cases"],
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}
__all__ = sorted(_HOME)


def __getattr__(name: str):
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module(_HOME[name]), name)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "hypothesis":
            raise
        raise ModuleNotFoundError(
            f"chip.testing.{name} needs hypothesis; install plasticore with the extra `test`: "
            "pip install 'plasticore[test]'",
            name="hypothesis",
        ) from error
