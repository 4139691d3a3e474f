"""Pooling does not hang on how reads are shared among jobs, and repeats byte for byte."""

import dataclasses

import numpy as np

from tests.unit.sequence.pseudobulk.pooling import LABELS, bam_sample, files_of, umi
from tests.unit.sequence.small_reads import (
    CELLS,
    CONTIGS,
    Read,
)


def test_the_result_does_not_depend_on_how_many_jobs_read(tmp_path, study, monkeypatch):
    """Stretches of 60 bp, so that reads, spliced blocks and pairs reach over their ends."""
    monkeypatch.setattr("presage.sequence.reference.stretches.LONGEST", 60)
    monkeypatch.setattr("presage.sequence.reference.stretches.cut.__defaults__", (None, 60))
    rng = np.random.default_rng(0)
    rna = [
        Read(
            ("chr1", "chr2")[n % 2],
            int(rng.integers(0, 250)),
            ("10M", "4M20N6M")[n % 3 == 0],
            (0, 16)[int(rng.integers(2))],
            tags=(("CB", CELLS[n % 3]), ("UB", umi(n % 60))),
        )
        for n in range(200)
    ]
    atac = []
    for n in range(60):
        start, size = int(rng.integers(0, 200)), int(rng.integers(20, 90))
        tags = (("CB", CELLS[n % 3]),)
        atac += [
            Read("chr1", start, flag=1 | 2 | 32 | 64, name=f"p{n}", tags=tags),
            Read("chr1", start + size - 10, flag=1 | 2 | 16 | 128, name=f"p{n}", tags=tags),
        ]
    samples = [bam_sample(tmp_path, rna, LABELS), bam_sample(tmp_path, atac, LABELS, "a1")]
    samples[1] = dataclasses.replace(samples[1], kind="bam_atac")
    # Without labels, cells are numbered as a job meets them: their halves must not follow.
    samples.append(dataclasses.replace(samples[0], sample="whole", labels="whole"))
    for out, processes in (("one", 1), ("three", 3), ("seven", 7)):
        qc = study(samples, out=out, processes=processes, downsample=[0.5], genes=False)
    assert files_of(tmp_path / "one") == files_of(tmp_path / "three") == files_of(tmp_path / "seven")
    assert qc["tracks"]["whole_rna_plus"]["half_r"]["train"] is not None


def test_smaller_shares_of_the_reads_are_nested_and_about_their_size(tmp_path, study):
    reads = [Read("chr1", n % 300, tags=(("CB", CELLS[n % 3]), ("UB", umi(n)))) for n in range(900)]
    sample = bam_sample(tmp_path, reads, dict.fromkeys(CELLS, "T cell"))
    qc = study([sample], genes=False, downsample=[0.2, 0.6], scale="none")
    curve = qc["tracks"]["T_cell_rna_plus"]["downsample"]
    assert [point["share"] for point in curve] == [0.2, 0.6]
    rs = [point["half_r"]["train"] for point in curve] + [qc["tracks"]["T_cell_rna_plus"]["half_r"]["train"]]
    assert all(-1 <= r <= 1 for r in rs)
    from presage.config.pseudobulk import Reading
    from presage.sequence.pseudobulk.parts import read_part

    part = read_part(sample, Reading(downsample=(0.2, 0.6)), CONTIGS, None, tmp_path / "part", seed=3)
    level = {}
    for lane, n in part.facts["tracked"].items():
        number = int(part.lanes.parts(np.array(int(lane)))[3])
        level[number] = level.get(number, 0) + n
    assert sum(level.values()) == 900
    assert abs(level[0] - 180) < 60
    assert abs(level[0] + level[1] - 540) < 75


def test_same_input_gives_the_same_bytes(tmp_path, study):
    sample = bam_sample(
        tmp_path, [Read("chr1", p, tags=(("CB", c), ("UB", "ACGT"))) for p in (5, 50) for c in CELLS], LABELS
    )
    for out in ("a", "b"):
        study([sample], out=out)
    files = sorted(p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*") if p.is_file())
    assert len(files) > 10
    assert all((tmp_path / "a" / f).read_bytes() == (tmp_path / "b" / f).read_bytes() for f in files)
    assert not list((tmp_path / "a").glob(".spool*"))
