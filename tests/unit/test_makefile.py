"""`make setup`: what it is about to do is said before the silence, and only where it does it."""

import shutil
import subprocess
import sys
from pathlib import Path

from presage.provenance import SCRIPTS


def planned(folder: Path) -> str:
    command = ["make", "--dry-run", "--no-print-directory", "setup", f"PYTHON={sys.executable}"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


def test_setup_says_what_it_installs_only_when_it_installs(tmp_path: Path) -> None:
    for name in ("requirements.lock", "Makefile"):
        shutil.copy(SCRIPTS.parent / name, tmp_path)
    first = planned(tmp_path)
    assert first.index("installing into .venv: 6 to 7 GB") < first.index("pip install")
    (tmp_path / ".venv").mkdir()
    (tmp_path / first.split("touch ")[1].split()[0]).touch()
    assert "installing" not in planned(tmp_path)
