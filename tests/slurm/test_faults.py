"""What goes wrong on clusters: too little memory, a killed job, a killed head, a cancelled run, an edited clone."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from presage.provenance import file_hash
from tests.slurm import heads
from tests.slurm.heads import Head, wait_for

HUNGRY_MB = 1300  # above the 1000 MB that sequence_history first asks for, below the double


class Study:
    """The run of ``fit.yaml``: its trunk made once without a cluster, then again by each test."""

    def __init__(self, repository: Path, env: dict[str, str], results: Path) -> None:
        self.repository, self.env, self.results = repository, env, results
        self.config = repository / "tests" / "slurm" / "fit.yaml"
        self.run = results / "fit"
        self.trunk = self.run / "sequence" / "trunk"
        self.target = f"{self.trunk}/trunk.safetensors"
        self.here("--cores", "2", "--", self.target)
        self.calm = self.hashes()

    def here(self, *args: str) -> str:
        """What a Snakemake of this machine says that must succeed."""
        command = [
            sys.executable,
            "-m",
            "snakemake",
            "--configfile",
            str(self.config),
            "--config",
            f"results={self.results}",
        ]
        env = {name: value for name, value in self.env.items() if not name.startswith("PRESAGE_TEST")}
        done = subprocess.run(
            [*command, *args], cwd=self.repository, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout + done.stderr

    def hashes(self) -> dict[str, str]:
        """Hash of each file of the trunk by its name."""
        return {path.name: file_hash(path) for path in sorted(self.trunk.glob("*")) if path.suffix != ".svg"}

    def start(self, *args: str, **env: str) -> Head:
        """A head of this run."""
        return heads.start(self.repository, {**self.env, **env}, self.results, [self.config], *args)

    def saves(self) -> bool:
        """Whether a fit has left what it can go on from."""
        return any(self.run.glob(".resume/*/fit.safetensors"))


@pytest.fixture(scope="module")
def study(repository: Path, user: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Study:
    return Study(repository, user, tmp_path_factory.mktemp("faults") / "results")


@pytest.fixture
def fitting(study: Study) -> Iterator[Head]:
    """A head whose job fits the trunk, and has saved at least once."""
    shutil.rmtree(study.trunk)
    head = study.start("--", study.target)
    try:
        wait_for(study.saves, 120, "the fit never saved")
        yield head
    finally:
        heads.end(head)


def script_of(job: str) -> int:
    """Process of a job's script."""
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                command, variables = (process / "cmdline").read_bytes(), (process / "environ").read_bytes()
            except OSError:
                continue
            if (
                command.rstrip(b"\0").endswith(b".sequence_trunk.py")
                and f"\0SLURM_JOB_ID={job}\0".encode() in variables
            ):
                return int(process.name)
    raise AssertionError(f"job {job} runs no script")


def went_on(study: Study) -> bool:
    return "going on from epoch" in (study.run / "logs" / "sequence_trunk.log").read_text()


def test_a_job_without_enough_memory_gets_more(study: Study) -> None:
    head = study.start("--", f"{study.trunk}/history.svg", PRESAGE_TEST_HUNGRY=f"sequence_history:{HUNGRY_MB}")
    try:
        assert head.finish() == 0, head.text()[-3000:]
    finally:
        heads.end(head)
    first, second = head.jobs("sequence_history")
    assert (first.memory, second.memory) == (1000, 2000)
    assert first.state in ("FAILED", "OUT_OF_MEMORY") and second.state == "COMPLETED"
    assert (study.trunk / "history.svg").is_file()


@pytest.mark.parametrize("how", ["scancel", "kill"])
def test_a_killed_job_is_tried_again_and_goes_on(study: Study, fitting: Head, how: str) -> None:
    job = fitting.running("sequence_trunk")
    assert job is not None
    if how == "scancel":
        subprocess.run(["scancel", job.number], env=study.env, check=True)
    else:
        os.kill(script_of(job.number), signal.SIGKILL)
    assert fitting.finish() == 0, fitting.text()[-3000:]
    killed, again = fitting.jobs("sequence_trunk")
    assert killed.state in ("CANCELLED", "FAILED") and again.state == "COMPLETED"
    assert went_on(study) and study.hashes() == study.calm


def test_a_killed_head_leaves_its_jobs_and_a_new_one_ends_at_the_same_bytes(study: Study, fitting: Head) -> None:
    fitting.kill(signal.SIGKILL)
    fitting.process.wait()
    assert fitting.running("sequence_trunk"), "the job outlives its head"
    # As docs/cluster.md says: wait until the old jobs have ended, unlock, start again.
    wait_for(lambda: not fitting.active(), 200, "its job never ended")
    study.here("--unlock")
    head = study.start("--", study.target)
    assert head.finish() == 0, head.text()[-3000:]
    assert study.hashes() == study.calm


def test_a_cancelled_run_leaves_no_job_and_goes_on_later(study: Study, fitting: Head) -> None:
    fitting.kill(signal.SIGINT)
    assert fitting.finish(60) != 0
    wait_for(lambda: not fitting.active(), 20, f"jobs are left in the queue: {fitting.jobs()}")
    assert [path.name for path in study.trunk.glob("*") if not path.name.startswith(".part-")] == []
    head = study.start("--", study.target)
    assert head.finish() == 0, head.text()[-3000:]
    assert went_on(study) and study.hashes() == study.calm


def test_a_clone_that_is_edited_under_way_makes_no_inputs_again(study: Study) -> None:
    shutil.rmtree(study.trunk)
    made = study.run / "sequence" / "reference" / "genome.fa"
    before = made.stat().st_mtime_ns
    node = ["scontrol", "update", "NodeName=g1"]
    subprocess.run([*node, "State=DRAIN", "Reason=test"], env=study.env, check=True)
    head = study.start("--", study.target)
    try:
        wait_for(lambda: [job.state for job in head.jobs("sequence_trunk")] == ["PENDING"], 60, "the job never waited")
        with (study.repository / "scripts/presage/sequence/reference/step.py").open("a") as module:
            module.write("\nEDITED = True\n")
        subprocess.run([*node, "State=RESUME"], env=study.env, check=True)
        assert head.finish() == 0, head.text()[-3000:]
    finally:
        heads.end(head)
    assert made.stat().st_mtime_ns == before
    assert study.hashes() == study.calm
