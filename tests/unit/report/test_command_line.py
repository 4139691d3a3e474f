"""Commands that print something of a run: what they say of a run, of a folder without one, and of nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("name", ["adapter_table", "arrive", "resources"])
def test_a_line_and_no_traceback(name: str, tmp_path: Path) -> None:
    def said(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", f"presage.report.{name}", *arguments]
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "scripts")}
        return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)

    nothing, empty = said(), said(str(tmp_path))
    assert nothing.returncode == empty.returncode == 1
    assert nothing.stderr == f"use: python -m presage.report.{name} results/<run>\n"
    assert empty.stderr.startswith(f"{tmp_path}: ") and empty.stderr.count("\n") == 1
