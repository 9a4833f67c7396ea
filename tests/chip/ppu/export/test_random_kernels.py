"""Random kernels leave the same bytes in a 32-bit PowerPC of big-endian order, as exported C, as in the simulation."""

import pytest

from chip.ppu.export.calls import Sequel, calls_of, left_by
from chip.ppu.export.program import ExportedProgram
from chip.ppu.vector.operations import OPERATIONS
from chip.testing.code.programs import seeded_kernel
from chip.testing.code.vector_kernels import seeded_vector_kernel
from tests.chip.ppu.export.qemu import build, needs_powerpc, run

LIMIT_CYCLES = 3_000_000
KINDS = {
    "scalar": seeded_kernel,
    "unsigned": lambda seed: seeded_kernel(seed, unsigned=True),
    "vector": seeded_vector_kernel,
}
FEW = {"scalar": 15, "unsigned": 15, "vector": 30}
MANY = {"scalar": 75, "unsigned": 75, "vector": 150}


def exported(cases):
    """Return the programs of cases, with their calls one after the other."""
    programs = [
        ExportedProgram(f"case {number}", case.memory, [case.kernel], prefix=f"case{number}_")
        for number, case in enumerate(cases)
    ]
    sequels = [Sequel(n, tuple((0, call) for call in case.calls), case.regions()) for n, case in enumerate(cases)]
    return programs, sequels


def differing(cases, directory, *flags):
    """Return the cases that leave other bytes in C."""
    programs, sequels = exported(cases)
    left = run(build(directory, programs, *flags), calls_of(programs, sequels))
    found, position = [], 0
    for case, sequel in zip(cases, sequels, strict=True):
        expected = left_by(programs, sequel, LIMIT_CYCLES)
        if left[position : position + len(expected)] != expected:
            found.append(case)
        position += len(expected)
    assert position == len(left)
    return found


@needs_powerpc
@pytest.mark.parametrize("counts", [FEW, pytest.param(MANY, marks=pytest.mark.slow)], ids=["few", "300"])
def test_they_leave_the_same_bytes(tmp_path, counts):
    cases = [KINDS[kind](seed) for kind, count in counts.items() for seed in range(count)]
    wrong = differing(cases, tmp_path)
    assert not wrong, f"{len(wrong)} of {len(cases)} differ, the first:\n{wrong[0]}"


@needs_powerpc
@pytest.mark.parametrize(
    "right, wrong",
    [
        ("saturate8(x - y)", "x - y"),
        pytest.param("(random_state[i] >> 1)", "(random_state[i] >> 2)", marks=pytest.mark.slow),
        pytest.param("lane = 16", "lane = 8", marks=pytest.mark.slow),
    ],
)
def test_a_broken_vector_unit_is_found(tmp_path, monkeypatch, right, wrong):
    def broken(directory, programs):
        files = _sources(directory, programs)
        text = files[1].read_text()
        assert right in text
        files[1].write_text(text.replace(right, wrong))
        return files

    from tests.chip.ppu.export import qemu

    _sources = qemu.sources
    monkeypatch.setattr(qemu, "sources", broken)
    assert differing([seeded_vector_kernel(seed) for seed in range(20)], tmp_path)


def test_random_kernels_have_every_operation():
    text = "".join(seeded_vector_kernel(seed).text for seed in range(FEW["vector"]))
    assert [name for name in OPERATIONS if f" {name}(v" not in text] == []


def test_an_operation_is_the_instruction_that_it_says():
    """Every operation's text names the instructions that it is exported as."""
    from chip.ppu.export.mnemonics import calls
    from chip.ppu.vector.operations import FUNCTIONS

    for name, operation in OPERATIONS.items():
        kinds = tuple(kind for kind in operation.operands if kind != "index")
        said = FUNCTIONS[name].__doc__
        for call in calls(name, kinds, [1 if kind != "region" else "m.w" for kind in kinds], lambda: 31):
            assert call.partition("(")[0].replace("_", "") in said, f"{name} is exported as {call}"
