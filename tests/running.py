"""How tests run the workflow: the real Snakemake in a process of its own, from the repository's root."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MICRO = ROOT / "tests" / "end_to_end" / "micro.yaml"


SECRET = "s3cr3t-of-the-tests"
ONLINE = Path(tempfile.gettempdir()) / f"presage-tests-online-{os.getpid()}"
"""Tries to reach the network, a line each (see tests/offline)."""


def environment(**more: str) -> dict[str, str]:
    """Of every run: secrets that nothing may write down, and no way to the network."""
    own = {
        "HF_TOKEN": SECRET,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "DB_PASSWORD": SECRET,
        "PRESAGE_TEST_ONLINE": str(ONLINE),
    }
    path = os.pathsep.join(filter(None, [str(ROOT / "tests" / "offline"), os.environ.get("PYTHONPATH")]))
    return {**os.environ, **own, "PYTHONPATH": path, **more}


def command(config: Path | None, results: Path, *args: str) -> list[str]:
    """The command line of a run of ``config`` with its results in ``results``."""
    chosen = ["--configfile", str(config)] if config else []
    return [sys.executable, "-m", "snakemake", *chosen, "--config", f"results={results}", *args]


def snakemake(config: Path | None, results: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """Run it and return exit code and everything said (in ``stdout``)."""
    return subprocess.run(
        command(config, results, *args),
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def error_lines(said: str) -> list[str]:
    """The one-line errors that a user reads."""
    return [line for line in said.splitlines() if line.startswith(("error", "WorkflowError"))]
