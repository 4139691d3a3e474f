"""presage.sequence.regions: genes from GTF, windows cut fresh or published."""

import gzip

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from presage import tables
from presage.config.reference import Reference
from presage.errors import UserError
from presage.sequence import regions
from presage.sequence.genome import prepare_fasta
from tests.unit.sequence.small_reads import CONTIGS, write_fasta

LINE = '{chrom}\tx\texon\t{start}\t{end}\t.\t{strand}\t.\tgene_id "{gene}"; gene_name "{name}";\n'


def gtf(path, rows):
    keys = ("chrom", "start", "end", "strand", "gene", "name")
    path.write_text("#!x\n" + "".join(LINE.format(**dict(zip(keys, row))) for row in rows))
    return path


def test_genes_are_half_open_with_merged_exons_and_tss(tmp_path):
    rows = [
        ("1", 11, 20, "+", "ENSG01.7", "A"),
        ("1", 15, 30, "+", "ENSG01.7", "A"),
        ("1", 41, 50, "+", "ENSG01.7", "A"),
        ("1", 61, 70, "-", "ENSG02.1", "B"),
        ("HLA", 1, 5, "+", "ENSG03.1", "C"),
        ("1", 390, 410, "+", "ENSG04.1", "D"),
    ]
    genes, left_out = regions.read_genes(gtf(tmp_path / "g.gtf", rows), CONTIGS)
    assert genes["gene_id"].tolist() == ["ENSG01", "ENSG02"]
    assert genes["chrom"].tolist() == ["chr1", "chr1"]
    assert [list(x) for x in genes["exon_starts"]] == [[10, 40], [60]]
    assert [list(x) for x in genes["exon_ends"]] == [[30, 50], [70]]
    assert genes[["start", "end"]].to_numpy().tolist() == [[10, 50], [60, 70]]
    assert genes["tss"].tolist() == [10, 69]
    assert left_out == {"genes_not_in_genome": 1, "genes_beyond_contig": 1}


def test_gzipped_gtf_reads_the_same(tmp_path):
    plain = gtf(tmp_path / "g.gtf", [("chr1", 11, 20, "+", "a", "A")])
    (tmp_path / "g.gtf.gz").write_bytes(gzip.compress(plain.read_bytes()))
    assert regions.read_genes(plain, CONTIGS)[0].equals(regions.read_genes(tmp_path / "g.gtf.gz", CONTIGS)[0])


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('chr1\tx\texon\t1\t9\t.\t+\t.\tgene_name "A";\n', "line 1: an exon has no gene_id; add it"),
        ("chr1\tx\texon\t1\t9\t.\t+\t.\tID=x;gene=y\n", "GFF3 must be converted"),
        ('chr1\tx\texon\t1\t9\t.\t.\t.\tgene_id "A";\n', "no strand"),
        ('chr1\tx\texon\ta\tb\t.\t+\t.\tgene_id "A";\n', "are no numbers"),
        ("chr1\t1\t9\n", "has 3 columns of 9"),
        ('chr1\tx\tgene\t1\t9\t.\t+\t.\tgene_id "A";\n', "has no exon lines"),
        ('I\tx\texon\t1\t9\t.\t+\t.\tgene_id "A";\n', "no contig matches"),
    ],
)
def test_bad_gtf_is_told_in_one_line(tmp_path, text, what):
    (tmp_path / "g.gtf").write_text(text)
    with pytest.raises(UserError, match=what) as error:
        regions.read_genes(tmp_path / "g.gtf", CONTIGS)
    assert "\n" not in str(error.value)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 15)), min_size=1, max_size=20))
def test_merge_is_the_union(pairs):
    intervals = np.array([(s, s + n) for s, n in pairs])
    covered = np.zeros(80, dtype=bool)
    for start, end in intervals:
        covered[start:end] = True
    starts, ends = regions.merge(intervals)
    again = np.zeros(80, dtype=bool)
    for start, end in zip(starts, ends):
        assert not again[start:end].any()
        again[start:end] = True
    assert (again == covered).all()
    assert (starts[1:] > ends[:-1]).all()


def test_fresh_windows_tile_each_contig_and_count_what_they_leave(tmp_path):
    genome = prepare_fasta(write_fasta(tmp_path / "a.fa"), tmp_path / "genome.fa")
    windows, left_out = regions.make_windows(Reference(), genome, context=64, crop=16)
    for chrom, length in CONTIGS.items():
        here = windows[windows["chrom"] == chrom]
        assert here["out_start"].tolist() == list(range(0, length - 31, 32))
        assert (here["out_end"] <= length).all()
    inside = np.minimum(windows["end"], windows["chrom"].map(CONTIGS)) - np.maximum(windows["start"], 0)
    assert (windows["padded"] == 64 - inside).all()
    assert windows["padded"].iloc[0] == 16
    assert left_out == {"windows_with_n": 0, "bp_at_contig_ends": 400 % 32 + 300 % 32 + 100 % 32}
    assert dict(zip(windows["chrom"], windows["fold"])) == {"chr1": "train", "chr2": "valid", "chrM": "test"}


def test_windows_of_unknown_bases_are_left_out(tmp_path):
    (tmp_path / "n.fa").write_text(">a\n" + "N" * 100 + "A" * 300 + "\n")
    genome = prepare_fasta(tmp_path / "n.fa", tmp_path / "genome.fa")
    windows, left_out = regions.cut_windows(genome, 20, 0, 20, max_n=0.5)
    assert windows["out_start"].min() == 100
    assert left_out["windows_with_n"] == 5
    with pytest.raises(UserError, match="holds no window"):
        regions.cut_windows(genome, 500, 0, 500, max_n=0.5)


def test_prepared_reference_gives_genes_the_fold_of_their_windows(tmp_path):
    fasta = write_fasta(tmp_path / "a.fa")
    annotation = gtf(tmp_path / "g.gtf", [(c, 1, 50, "+", f"g{c}", "x") for c in CONTIGS])
    settings = Reference(fasta=str(fasta), gtf=str(annotation), test_chroms=["chr2"], valid_chroms=["chrM"])
    regions.prepare_reference(settings, 64, 16, tmp_path / "ref", {"code_hash": "x"})
    genes = tables.read(tmp_path / "ref/genes.parquet", "genes")
    assert dict(zip(genes["chrom"], genes["fold"])) == {"chr1": "train", "chr2": "test", "chrM": "valid"}
    assert (tmp_path / "ref/genome.fa.fai").exists()
    assert tables.read_meta(tmp_path / "ref/windows.parquet")["not_used"]["bp_at_contig_ends"] == 32


@pytest.mark.parametrize(
    ("bed", "context", "crop", "folds"),
    [
        ("mini_borzoi/sequences.bed", 131_072, 32_768, {"train": 45, "valid": 10, "test": 10}),
        ("folds/borzoi_sequences_human.bed.gz", 524_288, 163_840, {"train": 41_699, "valid": 6_910, "test": 6_888}),
    ],
)
def test_real_published_windows_are_outputs(real_data, bed, context, crop, folds):
    """Bins times bin size is the BED's span in both files (2,048 x 32 and 6,144 x 32): outputs, not inputs."""
    settings = Reference(windows=str(real_data / bed))
    windows = regions.published_windows(settings, {"chr1": 248_956_422}, context, crop)
    assert windows["fold"].value_counts().to_dict() == folds
    raw = pd.read_csv(real_data / bed, sep="\t", header=None)
    assert (windows["out_start"] == raw[1]).all()
    assert (windows["out_end"] - windows["out_start"] == context - 2 * crop).all()
    assert (windows["start"] == raw[1] - crop).all()
    # The folds mean outputs: no test output overlaps a training output.
    test, train = windows[windows["fold"] == "test"], windows[windows["fold"] == "train"]
    for chrom, here in test.groupby("chrom"):
        other = train[train["chrom"] == chrom]
        ends = np.sort(other["out_end"].to_numpy())
        starts = np.sort(other["out_start"].to_numpy())
        begun = np.searchsorted(starts, here["out_end"].to_numpy(), side="left")
        over = np.searchsorted(ends, here["out_start"].to_numpy(), side="right")
        assert (begun == over).all()


def test_published_windows_as_inputs(tmp_path):
    (tmp_path / "w.bed").write_text("1\t100\t164\ttrain\n1\t164\t228\tvalid\n9\t0\t64\ttest\n")
    settings = Reference(windows=str(tmp_path / "w.bed"), windows_are="input")
    windows = regions.published_windows(settings, CONTIGS, 64, 16)
    assert windows["chrom"].tolist() == ["chr1", "chr1", "9"]
    assert windows["start"].tolist() == [100, 164, 0]
    assert windows["out_start"].tolist() == [116, 180, 16]
    assert windows["padded"].tolist() == [0, 0, 64]


@pytest.mark.parametrize(
    ("bed", "what"),
    [
        ("chr1\t0\t64\ttrain\n", "set windows_are: input"),
        ("chr1\t0\t50\ttrain\n", "row 1: spans 50 bp, the model's output 32 bp"),
        ("chr1\t0\t32\n", "is not BED with a fold"),
        ("chr1\ta\tb\ttrain\n", "is not BED with a fold"),
        ("chr1\t0\t32\ttrain\nchr1\t32\t64\tvalid\n", "no window is test"),
        ("", "cannot be read as BED"),
    ],
)
def test_bad_published_windows(tmp_path, bed, what):
    (tmp_path / "w.bed").write_text(bed)
    with pytest.raises(UserError, match=what) as error:
        regions.published_windows(Reference(windows=str(tmp_path / "w.bed")), CONTIGS, 64, 16)
    assert "\n" not in str(error.value)
