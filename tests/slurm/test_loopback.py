"""The cluster that the other tests run on: what its nodes give, how memory is watched, and that nothing outlives it."""

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from tests.slurm import loopback
from tests.slurm.heads import wait_for

SBATCH = ("sbatch", "--parsable", "--output", "/dev/null")


def said(env: dict[str, str], *command: str) -> str:
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False).stdout.strip()


def state(env: dict[str, str], job: str) -> str:
    return said(env, "squeue", "--noheader", "--states", "all", "--jobs", job, "--format", "%T")


def test_a_job_sees_the_cards_it_asked_for(cluster: dict[str, str]) -> None:
    show = ("bash", "-c", "echo $SLURM_JOB_PARTITION/$CUDA_VISIBLE_DEVICES")
    assert said(cluster, "srun", *show) == "cpu/"
    assert said(cluster, "srun", "--partition", "gpu", "--gpus", "1", *show) in ("gpu/0", "gpu/1")
    assert said(cluster, "srun", "--partition", "gpu", "--gres", "gpu:card:2", *show) == "gpu/0,1"


def test_a_job_above_its_memory_is_ended(cluster: dict[str, str]) -> None:
    greedy = "python3 -c 'import time; held = b\"x\" * 400_000_000; time.sleep(20)'"
    asked = {memory: said(cluster, *SBATCH, "--mem", memory, "--wrap", greedy) for memory in ("200", "600")}
    wait_for(
        lambda: state(cluster, asked["200"]) not in ("PENDING", "RUNNING", "COMPLETING"), 15, "memory is not watched"
    )
    assert state(cluster, asked["200"]) in ("FAILED", "OUT_OF_MEMORY", "CANCELLED")
    assert state(cluster, asked["600"]) == "RUNNING"
    said(cluster, "scancel", *asked.values())


def test_nothing_outlives_the_cluster() -> None:
    folder = Path(tempfile.mkdtemp(prefix="presage-slurm-"))
    env = {**os.environ, **loopback.up(folder)}
    job = said(env, *SBATCH, "--wrap", "(setsid sleep 600 &); sleep 600")
    wait_for(lambda: state(env, job) == "RUNNING", 20, "the job never ran")
    time.sleep(1)
    before = list(loopback.processes(folder))
    assert len(before) >= 6 + 4  # six daemons; the step, its shell, its sleep, and the sleep that escaped it
    loopback.down(folder)
    assert list(loopback.processes(folder)) == []
    shutil.rmtree(folder)
