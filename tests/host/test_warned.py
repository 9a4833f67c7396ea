"""What is wrong with the code cache is one sentence on the command line, and no reason to end."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from numba.core import config as numba_config

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.skipif(bool(numba_config.DISABLE_JIT), reason="nothing is compiled")
def test_a_cache_that_cannot_be_written_to_is_told_of_in_one_sentence(tmp_path):
    (tmp_path / "file").touch()
    done = subprocess.run(
        [sys.executable, "-c", "import sys; from host.cli import main; sys.exit(main())", "inspect", "rewrite"],
        env={**os.environ, "PLASTICORE_CACHE": str(tmp_path / "file"), "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0 and "rewrite" in done.stdout
    (sentence,) = done.stderr.splitlines()
    assert sentence.startswith(
        f"plasticore: compiled code is not kept: nothing can be written to {tmp_path / 'file'}: "
    )
