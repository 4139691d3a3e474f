"""presage.sequence.pseudobulk.aggregate (with sources, pool): from a sample sheet to tracks, counts, targets, qc."""

import json
from collections import Counter

import anndata
import numpy as np
import pandas as pd
import pyBigWig
import pytest
from hypothesis import given

from presage import tables
from presage.errors import UserError
from presage.sequence.pseudobulk.bulk import bulk_targets
from presage.sequence.pseudobulk.pool import strand_partners
from presage.sequence.reference.genome import Genome
from presage.sequence.targets.target_set import TargetSet
from presage.sheets import Sample, read_bulk
from tests.unit.sequence.pseudobulk.pooling import FEW, LABELS, bam_sample, bigwig_depth, check_against, umi
from tests.unit.sequence.small_reads import (
    CONTIGS,
    Read,
    random_reads,
    slow_reading,
    write_labels,
)


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
    [thin] = [warning for warning in qc["warnings"] if warning.startswith("fewer than 1,000 reads or fragments")]
    assert thin.endswith(": T cell rna (+) (2), T cell rna (-) (2)")  # of what is kept only
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
        "detected": None,  # five reads tell no kit
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


def test_qc_is_written_as_returned_and_says_that_it_is_simulated(tmp_path, study):
    qc = study([bam_sample(tmp_path, [Read()], LABELS)])
    written = json.loads((tmp_path / "out/qc.json").read_text())
    assert written == {**qc, "simulated": True, "code_hash": "x"}
    assert TargetSet.open(tmp_path / "out/targets.zarr").simulated


def test_strand_partners():
    assert strand_partners(["a", "a", "b", "c"], ["+", "-", ".", "+"]) == [1, 0, 2, 3]


def test_bulk_targets_are_the_binned_bigwigs(tmp_path, study):
    other = Read("chr2", 290, flag=16, tags=(("CB", "AAAC-1"), ("UB", "CCCC")))  # in no window
    study([bam_sample(tmp_path, [Read("chr1", 40, "16M"), other], LABELS)])
    rows = [("+", "T_cell_rna_plus"), ("-", "T_cell_rna_minus")]
    lines = [f"rna\tgut\t{strand}\tbw/{name}.bw\n" for strand, name in rows]
    (tmp_path / "out/tracks.tsv").write_text("assay\ttissue\tstrand\tpath\n" + "".join(lines))
    windows = tables.read(tmp_path / "reference/windows.parquet", "windows")
    genome = Genome(tmp_path / "reference/genome.fa")
    listed = read_bulk(tmp_path / "out/tracks.tsv")
    found = bulk_targets(listed, windows, 8, genome, tmp_path / "b.zarr", scale="none")
    values = found.values(range(len(windows)))
    assert values.sum() == 16
    assert values[1, :, 0].tolist() == [0, 8, 8, 0]
    assert found.names == ["gut rna (+)", "gut rna (-)"] and found.tracks == ["gut_rna_plus", "gut_rna_minus"]
    assert found.strand_pair.tolist() == [1, 0]


def test_a_strand_that_is_empty_in_every_track_stops(tmp_path, study):
    reads = [Read("chr1", 10 + n % 200, tags=(("CB", "AAAC-1"), ("UB", umi(n)))) for n in range(1000)]
    with pytest.raises(UserError, match=r"1,000 reads on the \+ strand and 0 on the -: one strand is empty"):
        study([bam_sample(tmp_path, reads, LABELS)], genes=False)
    study([bam_sample(tmp_path, reads[1:], LABELS)], genes=False)


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


def test_two_names_with_one_slug_stay_apart(tmp_path, study):
    study([bam_sample(tmp_path, [Read()], {"AAAC-1": "T cell", "CCCG-1": "t/cell"})])
    slugs = tables.read(tmp_path / "out/tracks.parquet", "tracks")["slug"].str.lower()
    assert slugs.is_unique


def test_contigs_of_the_small_genome_are_what_the_tests_think(tmp_path, study):
    study([bam_sample(tmp_path, [Read()], LABELS)])
    with pyBigWig.open(str(tmp_path / "out/bw/T_cell_rna_plus.bw")) as file:
        assert file.chroms() == CONTIGS
