"""Take a protection out of the product and see its test fail: what stays green protects nothing.

``make protections`` (python -m tests.mutation.protections [word ...]: those whose name holds a word). Each row of
``protections.yaml`` is tried in a copy of the repository. Exits with 1 when a test passes without what it tests.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def without(edits: list[list[str]], copy: Path) -> None:
    """Make ``edits`` (file, text, other text) in ``copy``. Raises ``ValueError`` where a text is not there once."""
    for name, text, other in edits:
        path = copy / name
        source = path.read_text()
        if source.count(text) != 1:
            raise ValueError(f"{name}: {text!r} is there {source.count(text)} times; mend protections.yaml")
        path.write_text(source.replace(text, other))


def copied(place: Path) -> Path:
    """The files of the repository that git knows, in ``place``, with this environment."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.split(b"\0")
    for name in (Path(os.fsdecode(raw)) for raw in names if raw):
        if (ROOT / name).exists():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, place / name, follow_symlinks=False)
    (place / ".venv").symlink_to(ROOT / ".venv")
    return place


def fails(row: dict[str, Any]) -> tuple[bool, str]:
    """Whether the row's test fails without its protection, and pytest's last line."""
    with tempfile.TemporaryDirectory(prefix="protection-") as place:
        copy = copied(Path(place))
        without(row["edits"], copy)
        environment = {**os.environ, "PYTHONPATH": str(copy / "scripts"), "PYTHONDONTWRITEBYTECODE": "1"}
        environment.setdefault("PRESAGE_DATA_MIRROR", str(ROOT.parent / "shared" / "data"))
        command = [sys.executable, "-m", "pytest", "-x", *row["test"].split()]
        done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)
    lines = done.stdout.strip().splitlines() or done.stderr.strip().splitlines() or ["nothing was said"]
    told = next((line for line in reversed(lines) if line.startswith(("FAILED", "ERROR"))), lines[-1])
    return told.startswith("FAILED"), told  # an error of a fixture is no test that failed


def main(words: list[str]) -> int:
    """Try every row, or those with one of ``words`` in their name."""
    rows = yaml.safe_load((HERE / "protections.yaml").read_text())
    kept = []
    for name, row in rows.items():
        if words and not any(word in name for word in words):
            continue
        begun = time.monotonic()
        failed, told = fails(row)
        kept += [] if failed else [name]
        print(f"{'fails, as it must' if failed else 'STAYS GREEN'}  {time.monotonic() - begun:4.0f} s  {name}: {told}")
    return 1 if kept else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
