"""How tests run the workflow: the real Snakemake in a process of its own, from the repository's root."""

import os
import re
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


def snakemake(config: Path | None, results: Path, *args: str, root: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run it, from the repository (or a copy) in ``root``; returns exit code and everything said (in ``stdout``)."""
    return subprocess.run(
        command(config, results, *args),
        cwd=root,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def error_lines(said: str) -> list[str]:
    """The one-line errors that a user reads."""
    return [line for line in said.splitlines() if line.startswith(("error", "WorkflowError"))]


def finish(config: Path, results: Path, *args: str, root: Path = ROOT) -> None:
    """Every output in its place and in Snakemake's memory, without running a job: empty files, then ``--touch``.

    Snakemake's memory lies beside ``results``, for ``--directory``.
    """
    place = ("--directory", str(results.parent), "--cores", "1", *args)
    for line in snakemake(config, results, *place, "--summary", root=root).stdout.splitlines():
        path = Path(line.split("\t")[0])
        if path.is_relative_to(results):
            folder = path.suffix in ("", ".zarr", ".bw")  # directory outputs
            (path if folder else path.parent).mkdir(parents=True, exist_ok=True)
            (path / "file" if folder else path).touch()
    done = snakemake(config, results, *place, "--touch", "--forceall", root=root)
    assert done.returncode == 0, done.stdout[-3000:]


def planned(dry: subprocess.CompletedProcess[str]) -> dict[str, int]:
    """Jobs by rule of a dry run; none where there is nothing to be done. Fails with Snakemake's own words."""
    assert dry.returncode == 0, dry.stdout[-3000:]
    if "Nothing to be done" in dry.stdout:
        return {}
    table = dry.stdout.split("Job stats:")[1].split("\n\n")[0]
    jobs = {rule: int(count) for rule, count in re.findall(r"^(\w+) +(\d+)$", table, re.M)}
    jobs.pop("total")
    return jobs
