"""The page on fidelity keeps its word: its examples run, and what it names exists."""

import re
import runpy
from pathlib import Path

import pytest

from chip.base.config import FpgaConfig

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "chip" / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", PAGE, re.M | re.S)


def printed(number: int, capsys) -> list[str]:
    exec(compile(EXAMPLES[number], "chip/README.md", "exec"), {})
    return capsys.readouterr().out.splitlines()


def test_the_assumptions_are_listed(capsys):
    lines = printed(0, capsys)
    assert any(line.startswith("router.on_chip_latency_ns = 100 (assumed)") for line in lines)
    assert any("membrane_noise" in line for line in lines)


def test_the_formula_is_met(capsys):
    seen, law = re.fullmatch(r"(\S+) LSB, the formula says (\S+)", printed(2, capsys)[0]).groups()
    assert float(seen) == pytest.approx(float(law), abs=2e-9)
    assert 90 < float(seen) < 110


def test_the_probes_have_seen_the_run(capsys, tmp_path):
    path = tmp_path / "watched.py"  # its program is compiled from a file
    path.write_text(EXAMPLES[1], encoding="utf-8")
    runpy.run_path(str(path))
    line = capsys.readouterr().out.strip()
    found = re.fullmatch(r"51 samples, the highest (\d+) LSB; (\d+) spikes in 0.1 ms", line)
    assert 100 < int(found[1]) < 150 and 3 < int(found[2]) < 40


def test_there_are_no_other_examples():
    assert len(EXAMPLES) == 3


def test_named_files_and_settings_exist():
    names = set(re.findall(r"`((?:chip|ppu_programs|host|tests)/[\w/.]*)`", PAGE))
    assert len(names) > 10
    assert [name for name in sorted(names) if not (ROOT / name).exists()] == []
    targets = [target for target in re.findall(r"\]\(([^)#]+)", PAGE) if "://" not in target]
    assert [target for target in targets if not (ROOT / "chip" / target).exists()] == []
    for name in re.findall(r"`fpga\.(\w+) = ", PAGE):
        assert hasattr(FpgaConfig(), name)


def test_every_table_is_whole():
    """No row has more or fewer cells than its heading."""
    for table in re.findall(r"(?:^\|.*\n)+", PAGE, re.M):
        rows = table.splitlines()
        assert {row.count("|") for row in rows} == {rows[0].count("|")}
