"""How tests run the workflow: the real Snakemake in a process of its own, from the repository's root."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MICRO = ROOT / "tests" / "end_to_end" / "micro.yaml"


def command(config: Path | None, results: Path, *args: str) -> list[str]:
    """The command line of a run of ``config`` with its results in ``results``."""
    chosen = ["--configfile", str(config)] if config else []
    return [sys.executable, "-m", "snakemake", *chosen, "--config", f"results={results}", *args]


def snakemake(config: Path | None, results: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """Run it and return exit code and everything said (in ``stdout``)."""
    return subprocess.run(
        command(config, results, *args),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def error_lines(said: str) -> list[str]:
    """The one-line errors that a user reads."""
    return [line for line in said.splitlines() if line.startswith(("error", "WorkflowError"))]
