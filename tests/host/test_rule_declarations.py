"""A user's rule that declares what cannot be meant: one sentence at the command line, exit code 2 before any work."""

import pytest

from host.cli import main

IMPORTS = ("V0, Memory,", "V0, Memory, Recording, Timer,")
BODY, METHODS, PROGRAMS = "    kernels =", "    def registers(self):", 'return None, Adder(self.ranges["test"].stop)'
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
        "the rule file cannot be imported: {file}:34: ValueError: region i32[32] has no name; declare it as Mem",
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
        "{file}:40: main of program adder takes other arguments than it is given; write `def main(self, ppu)`",
    ),
    "no programs": (
        PROGRAMS,
        "pass",
        "programs() of firmware my rule returned None; return two, for the top and the bottom PPU, as in (MyPro",
    ),
    "one program": (
        PROGRAMS,
        "return Adder(3)",
        "programs() of firmware my rule returned a Adder called adder; return",
    ),
    "three programs": (
        PROGRAMS,
        "return None, None, Adder(3)",
        "programs() of firmware my rule returned (None, None, ",
    ),
    "a program's class": (
        PROGRAMS,
        "return None, Adder",
        "programs() of firmware my rule returned the class Adder for the bottom PPU; make one, Adder()",
    ),
    "two programs that are none": (
        PROGRAMS,
        "return None, None",
        "programs() of firmware my rule leaves both PPUs asleep",
    ),
    "programs that are no method": (
        "    def programs(self):",
        "    programs = None, Adder(3)\n\n    def other(self):",
        "programs of firmware my rule is (None, <mine.Adder object>); write a method, `def programs(self)`",
    ),
    "no registers": ("return Registers()", "pass", "registers() of firmware my rule returned None; return Registers"),
    "registers that are no method": (
        METHODS,
        "    registers = Registers()\n\n    def other(self):",
        "registers of firmware my rule is Registers(enabled=array(",
    ),
    "a register misspelt": (
        "return Registers()",
        "registers = Registers(); registers.tau_membrane_ns = 3",
        "{file}:61: AttributeError: there is no register tau_membrane_ns; the closest are tau_mem_ns, ",
    ),
    "a register out of range": (
        "return Registers()",
        "return Registers(tau_mem_ns=3)",
        "Registers.tau_mem_ns[0, 0] is 3; the register takes 500..60000 in each of its [2, 256] elements",
    ),
    "an element out of range": (
        "return Registers()",
        "registers = Registers(); registers.weights[0, 3, 4] = 64; return registers",
        "Registers.weights[0, 3, 4] is 64; the register takes 0..63 in each of its [2, 256, 256] elements",
    ),
    "assumptions that are one": (
        METHODS,
        f"    def assumptions(self):\n        return 'all'\n\n{METHODS}",
        "assumptions() of firmware my rule returned 'all'; return a list of sentences",
    ),
}
REFUSED_TO_LEARN = {  # by what only a rule has
    "no samples": (
        "return SampleSet(",
        "SampleSet(",
        "samples() of firmware my rule returned None; return a chip.fpga.Sam",
    ),
    "samples of less": ("ranges, config):", "ranges):", "{file}:55: samples of firmware my rule takes other arguments"),
    "timed samples": (
        'return range(1, self.ranges["train"].stop)',
        "return 5",
        "timed_samples() of firmware my rule returned 5; return a range of sample numbers, by order of playing",
    ),
    "status of nothing": (
        "status(self, chip)",
        "status(self)",
        "{file}:69: status of firmware my rule takes other arg",
    ),
    "decode of nothing": (
        "decode(self, link)",
        "decode(self)",
        "{file}:72: decode of firmware my rule takes other arg",
    ),
    "decode that is none": (
        "    def decode(",
        "    decode = 3\n\n    def other(",
        "decode of firmware my rule is 3; write",
    ),
}


UNLEARNED = (
    ("self.seed, self.epochs = seed, epochs", "self.ranges = dict(test=range(1))"),
    *((f"def {name}(", f"def _{name}(") for name in ("samples", "timed_samples", "status", "decode")),
)


@pytest.mark.parametrize("command", ["train yin-yang --out {tmp}/out --rule", "inspect"])
@pytest.mark.parametrize("case", [*REFUSED, *REFUSED_TO_LEARN])
def test_what_cannot_be_meant_is_one_sentence(case, command, mine, tmp_path, capsys):
    old, new, expected = (REFUSED | REFUSED_TO_LEARN)[case]
    path = mine(IMPORTS, (old, new))
    assert main([*command.format(tmp=tmp_path).split(), f"{path}:Mine"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and " 0x" not in err
    assert err.startswith("plasticore: " + expected.format(file=path))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("case", REFUSED)
def test_so_it_is_of_firmware_that_learns_nothing(case, mine, capsys):
    old, new, expected = REFUSED[case]
    path = mine(IMPORTS, (old, new), *UNLEARNED)
    assert main(["inspect", f"{path}:Mine"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and err.startswith("plasticore: " + expected.format(file=path))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            'return self.ranges["test"].stop, None',
            "return 5",
            "status() of firmware my rule returned 5; return the number",
        ),
        (
            'return {"accuracy": 0.5,',
            '_ = {"accuracy": 0.5,',
            "decode() of firmware my rule returned None; return a dict",
        ),
        ('"accuracy": 0.5,', "", "decode() of firmware my rule returned no accuracy; None and [] are for none"),
        ('"train_accuracy": [0.5],', "", "decode() of firmware my rule returned no train_accuracy; None and [] are"),
        ('"accuracy": 0.5,', '"accuracy": "high",', "returned 'high' as accuracy; an accuracy is a number or None"),
        ('"accuracy": 0.5,', '"accuracy": float("nan"),', "returned nan as accuracy; an accuracy is a number or None"),
        ("[0.5]", "0.5", "returned 0.5 as train_accuracy; return a number for each epoch that was reached"),
        ('"total": ', '"total": object(), "x": ', "returned a object as total; return an array of numbers"),
        ('"total": ', '"total": [[1], [1, 2]], "x": ', "returned [[1], [1, 2]] as total; return an array of numbers"),
        ('"total": ', '"weights": ', "returned something called 'weights'; give it another name"),
    ],
)
def test_what_it_returns_once_it_has_learned_is_one_sentence_too(old, new, expected, mine, toy_task, tmp_path, capsys):
    path = mine((old, new))
    assert main(["train", "yin-yang", "--rule", f"{path}:Mine", "--out", str(tmp_path / "o"), "--quiet"]) == 1
    err = capsys.readouterr().err
    assert expected in err and err.startswith("plasticore: ") and err.count("\n") == 1
    assert not (tmp_path / "o").exists()
