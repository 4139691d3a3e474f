"""A killed run leaves no half-written output, and a rerun gives the bytes of an undisturbed one."""

import os
import shutil
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


FITTED = """
run: micro
sequence:
  world: {chromosome_kb: [120, 40, 40], cells: 30, molecules_per_cell: 30, fragments_per_cell: 30, shared_barcodes: 2,
          causal_variants: 12, control_variants: 24, null_variants: 24}
  trunk: {training: {epochs: 3, save_minutes: 0}}
"""


def test_a_killed_fit_goes_on_and_ends_at_the_same_bytes(tmp_path: Path) -> None:
    config, results = tmp_path / "fit.yaml", tmp_path / "results"
    config.write_text(FITTED)
    folder = results / "micro" / "sequence" / "trunk"
    files = [folder / name for name in ("trunk.safetensors", "card.json", "history.parquet")]
    arguments = ("--cores", "1", "--", str(files[0]))
    done = snakemake(config, results, *arguments)
    assert done.returncode == 0, done.stdout[-3000:]
    calm = [file_hash(path) for path in files]
    shutil.rmtree(folder)

    head = subprocess.Popen(
        command(config, results, *arguments),
        cwd=ROOT,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert wait_for(results, "micro/.resume/*/fit.safetensors", 120), "the fit never saved"
    os.killpg(head.pid, signal.SIGKILL)
    head.wait()
    assert not any(path.exists() for path in files)

    snakemake(config, results, "--unlock")
    done = snakemake(config, results, *arguments)
    assert done.returncode == 0, done.stdout[-3000:]
    assert "going on from epoch" in (results / "micro" / "logs" / "sequence_trunk.log").read_text()
    assert [file_hash(path) for path in files] == calm
    assert not (results / "micro" / ".resume").exists()
