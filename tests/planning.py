"""Many plans of one workflow, quickly: Snakemake is imported once, and every plan is a fork of that process.

Standard library only, as a fork reads the library of the repository that it plans, which may be a copy.
"""

import multiprocessing
import os
import subprocess
import tempfile
from pathlib import Path

from tests.running import ROOT, command

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["snakemake.cli", "nbformat"])


def plan(config: Path, results: Path, *args: str, root: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """A dry run as :func:`tests.running.snakemake` would do it, with everything said in ``stdout``."""
    return fork([*command(config, results, *args)[3:], "-n"], root)


def fork(arguments: list[str], root: Path, path: str = "") -> subprocess.CompletedProcess[str]:
    """Snakemake with ``arguments`` in the folder ``root``; ``path`` is a folder to look for programs in first."""
    with tempfile.NamedTemporaryFile("r") as said:
        process = FORKS.Process(target=_plan, args=(arguments, root, path, said.name, dict(os.environ)))
        process.start()
        process.join()
        return subprocess.CompletedProcess(arguments, process.exitcode or 0, said.read())


def _plan(arguments: list[str], root: Path, path: str, said: str, environment: dict[str, str]) -> None:
    from snakemake.cli import main

    os.environ.clear()  # of the test that forks first, not of this one
    os.environ.update(environment)
    if path:
        os.environ["PATH"] = f"{path}{os.pathsep}{os.environ['PATH']}"
    os.chdir(root)
    into = os.open(said, os.O_WRONLY)
    os.dup2(into, 1)
    os.dup2(into, 2)
    main(arguments)
