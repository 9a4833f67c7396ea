"""A user's rule that declares what cannot be meant: one sentence at the command line, exit code 2 before any work."""

import re

import pytest

from host.cli import main

IMPORTS = ("V0, Memory,", "V0, Memory, Recording, Timer,")
BODY, METHODS, PROGRAMS = "    kernels =", "    def build(self, task, config):", "programs = None, Adder(count)"
REFUSED = {  # what is changed in the example, into what, and how the answer begins
    "kernels without a comma": (
        "(add, unused)",
        "(add)",
        "kernels of program adder is a Kernel called add; it must be a tuple, (add,)",
    ),
    "memory that is a region": (
        "Memory(total=i32[32], lanes=i8[128])",
        "i32[32]",
        "memory of program adder is Region(dtype=dtype('int32'), length=32); make it of regions, Memory(",
    ),
    "a region without a name": (
        "Memory(total=i32[32], lanes=i8[128])",
        "Memory(i32[32])",
        "the rule file cannot be imported: {file}:37: ValueError: region i32[32] has no name; declare it as Mem",
    ),
    "tasks without a comma": (
        BODY,
        f"    tasks = (Timer(0, 1, 1))\n{BODY}",
        "tasks of program adder is Timer(start=0, period=1, count=1, task='on_timer'); it must be a tuple, (Timer(",
    ),
    "tasks misspelt": (
        BODY,
        f"    task = (Timer(0, 1, 1),)\n{BODY}",
        "program adder has an attribute task, at which the chip does not look; call it tasks, or something else",
    ),
    "recordings without a comma": (
        BODY,
        f"    recordings = (Recording('x', rows=3, count=1))\n{BODY}",
        "recordings of program adder is Recording(name='x'",
    ),
    "recordings misspelt": (
        BODY,
        f"    recording = Recording('x', rows=3, count=1)\n{BODY}",
        "program adder has an attribute recording, at which the chip does not look; call it recordings, or something",
    ),
    "a program's name": ('name = "adder"', "name = 3", "name of program Adder is 3; give it a name, a text"),
    "a rule's name": ('name = "my rule"', "name = 3", "name of firmware Mine is 3; give it a name, a text"),
    "an image that is no dict": (
        BODY,
        f"    image = lambda self: np.zeros(3)\n{BODY}",
        "image() of program adder returned array([0., 0., 0.]); return a dict of arrays by region, or {{}}",
    ),
    "an image of no region": (
        BODY,
        f"    image = lambda self: dict(totals=3)\n{BODY}",
        "image() of program adder fills region 'totals'; the program's regions are: total, lanes",
    ),
    "an image that does not fit": (
        BODY,
        f"    image = lambda self: dict(lanes=300)\n{BODY}",
        "image of region lanes of program adder holds 300..300; the region's int8 takes -128..127",
    ),
    "main without a PPU": (
        "main(self, ppu)",
        "main(self)",
        "{file}:43: main of program adder takes other arguments than it is given; write `def main(self, ppu)`",
    ),
    "no programs": (
        PROGRAMS,
        "programs = None",
        "programs of a Built is None; give two, for the top and the bottom PPU, as in (MyPro",
    ),
    "one program": (PROGRAMS, "programs = Adder(3)", "programs of a Built is a Adder called adder; give two, for the"),
    "three programs": (PROGRAMS, "programs = None, None, Adder(3)", "programs of a Built is (None, None, <mine."),
    "a program's class": (
        PROGRAMS,
        "programs = None, Adder",
        "the program of a Built for the bottom PPU is the class Adder; make one, Adder()",
    ),
    "two programs that are none": (PROGRAMS, "programs = None, None", "the programs of a Built leave both PPUs asleep"),
    "no registers": ("registers = Registers()", "registers = None", "registers of a Built is None; give Registers"),
    "a register misspelt": (
        "registers = Registers()",
        "registers = Registers(); registers.tau_membrane_ns = 3",
        "{file}:69: AttributeError: there is no register tau_membrane_ns; the closest are tau_mem_ns, ",
    ),
    "a register out of range": (
        "registers = Registers()",
        "registers = Registers(tau_mem_ns=3)",
        "Registers.tau_mem_ns[0, 0] is 3; the register takes 500..60000 in each of its [2, 256] elements",
    ),
    "an element out of range": (
        "registers = Registers()",
        "registers = Registers(); registers.weights[0, 3, 4] = 64",
        "Registers.weights[0, 3, 4] is 64; the register takes 0..63 in each of its [2, 256, 256] elements",
    ),
    "assumptions that are one": (
        METHODS,
        f"    def assumptions(self):\n        return 'all'\n\n{METHODS}",
        "assumptions() of firmware my rule returned 'all'; return a list of sentences",
    ),
    "assumptions misspelt": (
        METHODS,
        f"    def assumption(self):\n        return []\n\n{METHODS}",
        "firmware my rule has an attribute assumption, at which the chip does not look; call it assumptions, or someth",
    ),
    "nothing built": (
        "return Built(",
        "Built(",
        "build() of firmware my rule returned None; return Built(...), see",
    ),
    "no build": (
        METHODS,
        "    def make(self, task, config):",
        "firmware my rule has no build(self, task, config); ppu_",
    ),
    "build of less": ("task, config):", "task):", "{file}:65: build of firmware my rule takes other arguments"),
    "build that is no method": (
        METHODS,
        f"    build = 3\n\n{METHODS.replace('build', 'make')}",
        "build of firmware my rule is 3;",
    ),
    "status of nothing": (
        "status(self, chip, built)",
        "status(self)",
        "{file}:73: status of firmware my rule takes other",
    ),
    "outcome of nothing": (
        "outcome(self, link, built)",
        "outcome(self)",
        "{file}:76: outcome of firmware my rule takes",
    ),
    "outcome that is none": (
        "    def outcome(",
        "    outcome = 3\n\n    def other(",
        "outcome of firmware my rule is 3; write",
    ),
    "settings that are none": (
        "settings_class = Settings",
        "settings_class = 3",
        "settings_class of firmware my rule is 3; give a frozen dataclass",
    ),
}
REFUSED_TO_LEARN = {  # by what has to do with samples
    "no samples": (
        "programs, samples,",
        "programs, 3,",
        "stimuli of a Built is 3; give a SampleSet or PlaybackProgram, or None",
    ),
    "timed samples": (
        'timed=range(1, task.ranges["train"].stop)',
        "timed=5",
        "timed of a Built is 5; give a range of samples, by order of playing",
    ),
    "timed backwards": (
        'timed=range(1, task.ranges["train"].stop)',
        "timed=range(3, 1, -1)",
        "timed of a Built is range(3, 1, -1); give a range of samples, by order of playing",
    ),
}


UNLEARNED = (
    ("learns_task = True", "learns_task = False"),
    ('count = task.ranges["test"].stop', "count = 1"),
    ("task.targets.astype(np.uint16)", "np.zeros(1, np.uint16)"),
    ('task.ranges["train"].stop', "1"),
)


def said_of(err, path, expected):
    """Whether an answer begins so, or so behind the line of the rule where it was noticed."""
    expected = expected.format(file=path)
    return re.match(rf"plasticore: ({re.escape(str(path))}:\d+: (DeclarationError: )?)?{re.escape(expected)}", err)


@pytest.mark.parametrize("command", ["train yin-yang --out {tmp}/out --rule", "inspect"])
@pytest.mark.parametrize("case", [*REFUSED, *REFUSED_TO_LEARN])
def test_what_cannot_be_meant_is_one_sentence(case, command, mine, tmp_path, capsys):
    old, new, expected = (REFUSED | REFUSED_TO_LEARN)[case]
    path = mine(IMPORTS, (old, new))
    assert main([*command.format(tmp=tmp_path).split(), f"{path}:Mine"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and " 0x" not in err
    assert said_of(err, path, expected)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("case", REFUSED)
def test_so_it_is_of_firmware_that_learns_nothing(case, mine, capsys):
    old, new, expected = REFUSED[case]
    path = mine(IMPORTS, (old, new), *UNLEARNED)
    assert main(["inspect", f"{path}:Mine"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and said_of(err, path, expected)


OUTCOME = 'return Outcome({"accuracy": 0.5}, arrays, curve="train_accuracy")'


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "return Status(chip.player.played, built.plan)",
            "return 5",
            "status() of firmware my rule returned 5; return St",
        ),
        ("Status(chip.player.played, built.plan)", "Status(-1)", "done of a Status is -1; give a number of 0 or more"),
        (
            "Status(chip.player.played, built.plan)",
            "Status(1, 1.5)",
            "total of a Status is 1.5; give a number of 0 or mor",
        ),
        (
            "Status(chip.player.played, built.plan)",
            "Status(1, unit=3)",
            "unit of a Status is 3; give what is counted, a te",
        ),
        (
            "Status(chip.player.played, built.plan)",
            "Status(1, metrics=[1])",
            "metrics of a Status is [1]; give a dict of",
        ),
        (OUTCOME, "pass", "outcome() of firmware my rule returned None; return Outcome(...), see"),
        (
            '"accuracy": 0.5',
            '"accuracy": "high"',
            "metric accuracy of an Outcome is 'high'; give a finite number, or None",
        ),
        (
            '"accuracy": 0.5',
            '"accuracy": float("nan")',
            "metric accuracy of an Outcome is nan; give a finite number, or",
        ),
        ('"accuracy": 0.5', "3: 0.5", "a metric of an Outcome is called 3; give it a name, a text"),
        (
            "Array([0.5]",
            "Array(0.5",
            "an Array of shape [] has the axes ('epoch',); give a name for each of its 0 axes, as",
        ),
        ("[0.5]", "[float('inf')]", "the curve train_accuracy of an Outcome is array([inf]); a curve is one finite"),
        (
            '"train_accuracy": Array',
            '"curve": Array',
            "curve of an Outcome is 'train_accuracy'; its arrays are: curve, tot",
        ),
        ("Array(total,", "Array(object(),", "the values of an Array are a object; give an array of numbers"),
        ("Array(total,", "Array([[1], [1, 2]],", "the values of an Array are [[1], [1, 2]]; give an array of numbers"),
        (
            'Array(total, "word")',
            "total",
            "array total of an Outcome is array([30, 30, 30, 30], dtype=int32); name its axes,",
        ),
        (
            'Array(total, "word")',
            "Array(total)",
            "an Array of shape [4] has the axes (); give a name for each of its 1 axe",
        ),
        (
            '"total": ',
            '"weights": ',
            "outcome() of firmware my rule has an array called 'weights', which the host reads",
        ),
        ("arrays, curve", "[], curve", "arrays of an Outcome is []; give a dict of Arrays by name"),
    ],
)
def test_what_it_returns_once_it_has_learned_is_one_sentence_too(old, new, expected, mine, toy_task, tmp_path, capsys):
    path = mine((old, new))
    assert main(["train", "yin-yang", "--rule", f"{path}:Mine", "--out", str(tmp_path / "o"), "--quiet"]) == 1
    err = capsys.readouterr().err
    assert expected in err and err.startswith("plasticore: ") and err.count("\n") == 1
    assert not (tmp_path / "o").exists()
