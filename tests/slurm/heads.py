"""Heads of runs on the loopback cluster, each in a copy of the repository, and what the queue says of their jobs."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

STAND_INS = "tests/slurm/stand_in"
SITE = "tests/slurm/site"
RUN_ID = re.compile(r"SLURM run ID: (\S+)")


class Job(NamedTuple):
    """A job as the queue knows it; finished ones, too. ``memory`` in MB."""

    number: str
    partition: str
    state: str
    memory: int
    rule: str


def queue(env: dict[str, str], run: str, rule: str = "") -> list[Job]:
    """Jobs of a run in the order of their submission; of one ``rule``, if it is named."""
    command = ["squeue", "--noheader", "--states", "all", "--sort", "i", "--name", run, "--format", "%i|%P|%T|%m|%k"]
    said = subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout
    rows = [line.split("|") for line in said.splitlines()]
    jobs = [
        Job(number, partition, state, int(memory.removesuffix("M")), re.sub("_wildcards_.*", "", name)[len("rule_") :])
        for number, partition, state, memory, name in rows
    ]
    return [job for job in jobs if not rule or job.rule == rule]


def wait_for(ready: Callable[[], object], seconds: float, what: str) -> None:
    """Wait until ``ready``. Raises ``TimeoutError`` that names ``what``."""
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.2)


@dataclass
class Head:
    """A running Snakemake that submits its jobs to Slurm; what it says is in ``said``."""

    process: subprocess.Popen[bytes]
    said: Path
    env: dict[str, str]

    @property
    def run(self) -> str:
        """The name of its jobs."""
        wait_for(lambda: RUN_ID.search(self.text()), 60, f"the head never named its run: {self.text()[-2000:]}")
        return RUN_ID.findall(self.text())[-1]

    def text(self) -> str:
        """All that it has said."""
        return self.said.read_text(errors="replace")

    def jobs(self, rule: str = "") -> list[Job]:
        """Its jobs; of one rule, if that is named."""
        return queue(self.env, self.run, rule)

    def running(self, rule: str) -> Job | None:
        """Its job of ``rule`` that is running."""
        return next((job for job in self.jobs(rule) if job.state == "RUNNING"), None)

    def active(self) -> list[Job]:
        """Jobs that still wait or run."""
        return [job for job in self.jobs() if job.state in ("PENDING", "RUNNING", "COMPLETING", "CONFIGURING")]

    def finish(self, seconds: float = 1800) -> int:
        """Wait for its end; its exit code. Raises ``TimeoutExpired`` for one that hangs."""
        return self.process.wait(timeout=seconds)

    def kill(self, signum: int) -> None:
        """Send it a signal, and to nothing else, as a closed terminal or an impatient user would."""
        os.kill(self.process.pid, signum)


def start(
    repository: Path,
    env: dict[str, str],
    results: Path,
    configs: Sequence[Path],
    *args: str,
    profile: str = "profiles/slurm-venv",
    site: str = SITE,
    settings: Sequence[str] = (),
) -> Head:
    """A head with one of the shipped profiles and a site override of the loopback cluster."""
    said = results.parent / f"head-{time.monotonic_ns()}.txt"
    command = [sys.executable, "-m", "snakemake", "--profile", profile, "--workflow-profile", site]
    command += ["--configfile", *map(str, configs), "--config", f"results={results}", *settings, *args]
    with said.open("wb") as output:
        process = subprocess.Popen(command, cwd=repository, env=env, stdout=output, stderr=output)
    return Head(process, said, env)


def end(head: Head) -> None:
    """Stop a head that a failing test left, and its jobs."""
    if head.process.poll() is None:
        head.kill(signal.SIGKILL)
        head.process.wait()
    if named := RUN_ID.findall(head.text()):
        subprocess.run(["scancel", "--name", named[-1]], env=head.env, check=False)
