"""A killed run leaves no half-written output, and a rerun gives the bytes of an undisturbed one."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from presage.provenance import file_hash
from tests.running import MICRO, ROOT, command, snakemake

TARGETS = ["worlds/genome/genome.fa", "worlds/genome/reads/donor1.bam", "worlds/genome/variants.vcf.gz"]


def wait_for(folder: Path, pattern: str, seconds: float) -> bool:
    """Whether a file of ``pattern`` appears below ``folder`` in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if any(folder.glob(pattern)):
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("late", [0.0, 0.4])
def test_a_killed_job_leaves_nothing_half_written(tmp_path: Path, late: float) -> None:
    calm, killed = tmp_path / "calm", tmp_path / "killed"
    wanted = [f"{calm}/micro/{path}" for path in TARGETS]
    done = snakemake(MICRO, calm, "--cores", "1", "--", *wanted)
    assert done.returncode == 0, done.stdout[-3000:]

    wanted = [f"{killed}/micro/{path}" for path in TARGETS]
    head = subprocess.Popen(
        command(MICRO, killed, "--cores", "1", "--", *wanted),
        cwd=ROOT,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert wait_for(killed, "micro/worlds/genome/.part-*/*", 120), "the job never began to write"
    time.sleep(late)
    os.killpg(head.pid, signal.SIGKILL)
    head.wait()
    assert [path for path in TARGETS if (killed / "micro" / path).exists()] == []

    snakemake(MICRO, killed, "--unlock")
    done = snakemake(MICRO, killed, "--cores", "1", "--", *wanted)
    assert done.returncode == 0, done.stdout[-3000:]
    for path in TARGETS:
        assert file_hash(killed / "micro" / path) == file_hash(calm / "micro" / path), path
    assert not any(killed.glob("micro/worlds/genome/.part-*"))
