"""presage.sequence.reference.step: what is written, what is left out of it, and what qc.json says."""

import json

import numpy as np
import pytest
from pydantic import ValidationError

from presage import tables
from presage.config.reference import Reference
from presage.errors import UserError
from presage.sequence.reference.genome import prepare_fasta
from presage.sequence.reference.step import make_windows, prepare_reference
from tests.unit.sequence.reference.test_genes import gtf
from tests.unit.sequence.small_reads import CONTIGS, write_fasta


def test_prepared_reference_gives_genes_the_fold_of_their_windows(tmp_path):
    fasta = write_fasta(tmp_path / "a.fa")
    annotation = gtf(tmp_path / "g.gtf", [(c, 1, 50, "+", f"g{c}", "x") for c in CONTIGS])
    settings = Reference(fasta=str(fasta), gtf=str(annotation), test_chroms=["chr2"], valid_chroms=["chrM"])
    qc = prepare_reference(settings, 64, 16, tmp_path / "ref", {"code_hash": "x"})
    genes = tables.read(tmp_path / "ref/genes.parquet", "genes")
    assert dict(zip(genes["chrom"], genes["fold"])) == {"chr1": "train", "chr2": "test", "chrM": "valid"}
    assert (tmp_path / "ref/genome.fa.fai").exists()
    assert tables.read_meta(tmp_path / "ref/windows.parquet")["not_used"]["bp_at_contig_ends"] == 32
    assert json.loads((tmp_path / "ref/qc.json").read_text()) == qc
    assert qc["genome"] == {
        "assembly": None,
        "preset": None,
        "contigs": 3,
        "contigs_for_windows": 3,
        "bp": 800,
        "n_bp": 0,
    }
    assert qc["genes"]["kept"] == 3 and qc["genes"]["by_fold"]["test"] == 1
    assert qc["windows"]["by_fold"] == {"train": 12, "valid": 3, "test": 9, "outside": 0}
    assert qc["windows"]["padded_bp"] == int(tables.read(tmp_path / "ref/windows.parquet", "windows")["padded"].sum())
    assert qc["blacklist"]["bp"] == 0 and len(tables.read(tmp_path / "ref/blacklist.parquet", "blacklist")) == 0


def test_blacklist_and_contigs_reach_the_windows(tmp_path):
    fasta = write_fasta(tmp_path / "a.fa", {**CONTIGS, "chr3": 200})
    (tmp_path / "b.bed").write_text("chr1\t0\t64\nchr1\t90\t100\nchrM\t0\t9\n")
    settings = Reference(fasta=str(fasta), blacklist=str(tmp_path / "b.bed"), contigs=["chr[0-9]"])
    qc = prepare_reference(settings, 64, 16, tmp_path / "ref")
    windows = tables.read(tmp_path / "ref/windows.parquet", "windows")
    assert set(windows["chrom"]) == {"chr1", "chr2", "chr3"} and windows["out_start"].min() == 0
    assert windows.loc[windows["chrom"] == "chr1", "out_start"].min() == 64
    assert qc["windows"]["left_out"]["windows_blacklisted"] == 2
    assert qc["blacklist"] == {"regions": 3, "bp": 83, "left_out": {"regions_not_in_genome": 0}}


def test_a_preset_stops_a_wrong_fasta(tmp_path):
    settings = Reference(fasta=str(write_fasta(tmp_path / "a.fa")), preset="mm10")
    with pytest.raises(UserError, match="chr1 is 400 bp here and 195,471,971 bp in mm10"):
        prepare_reference(settings, 64, 16, tmp_path / "ref")


def with_copies(tmp_path):
    """Four random contigs; the last one, test, begins with the second window of the first."""
    rng = np.random.default_rng(0)
    bases = {name: "".join(rng.choice(list("ACGT"), 6000)) for name in "abcd"}
    bases["d"] = bases["a"][2000:4000] + bases["d"][2000:]
    (tmp_path / "h.fa").write_text("".join(f">{name}\n{text}\n" for name, text in bases.items()))
    return prepare_fasta(tmp_path / "h.fa", tmp_path / "genome.fa")


def test_training_windows_like_a_held_out_one_are_left_out(tmp_path):
    genome = with_copies(tmp_path)
    windows, count = make_windows(Reference(), genome, 2000, 0)
    assert windows["out_start"].tolist() == [0, 4000, 0, 2000, 4000] + [0, 2000, 4000] * 2
    assert windows["window"].tolist() == list(range(11)) and count["windows_homologous"] == 1
    assert len(make_windows(Reference(max_homology=None), genome, 2000, 0)[0]) == 12


def test_published_windows_are_only_counted(tmp_path):
    rows = [(c, s, s + 2000, f) for c, f in zip("abcd", ["t", "t", "valid", "test"]) for s in (0, 2000, 4000)]
    (tmp_path / "w.bed").write_text("".join("\t".join(map(str, row)) + "\n" for row in rows))
    settings = Reference(windows=str(tmp_path / "w.bed"))
    windows, count = make_windows(settings, with_copies(tmp_path), 2000, 0)
    assert len(windows) == 12 and count == {"windows_not_in_genome": 0, "windows_homologous": 1}
    with pytest.raises(ValidationError, match="leakage audit"):
        Reference(windows="x.bed", overlaps="drop_train")


@pytest.mark.parametrize(
    ("overlaps", "left"),
    [
        ("keep", {"train": 4, "valid": 2, "test": 2}),
        ("drop_held_out", {"train": 4, "valid": 2, "test": 1}),
        ("drop_train", {"train": 3, "valid": 2, "test": 2}),
    ],
)
def test_windows_that_read_another_fold(tmp_path, monkeypatch, overlaps, left):
    """One contig, cut by hand into train, test and valid with a gap that inputs do not pass."""
    genome = prepare_fasta(write_fasta(tmp_path / "a.fa", {"a": 1000}), tmp_path / "genome.fa")
    fold = ["train"] * 4 + ["test"] * 2 + ["", ""] + ["valid"] * 2
    monkeypatch.setattr("presage.sequence.reference.folds.by_block", lambda windows, size: np.array(fold, dtype=object))
    settings = Reference(split="block", overlaps=overlaps, max_homology=None, stride=100)
    windows, count = make_windows(settings, genome, 140, 20)
    assert windows["fold"].value_counts().to_dict() == left
    assert count["windows_between_blocks"] == 2 and count.get("windows_overlapping", 0) == (overlaps != "keep")


def test_a_fold_that_is_left_empty_is_told(tmp_path):
    rng = np.random.default_rng(0)
    bases = "".join(rng.choice(list("ACGT"), 4000))
    (tmp_path / "h.fa").write_text("".join(f">{name}\n{bases}\n" for name in "abc"))
    genome = prepare_fasta(tmp_path / "h.fa", tmp_path / "genome.fa")
    with pytest.raises(UserError, match=r"no train window is left of 2 .*max_homology: 0.2"):
        make_windows(Reference(), genome, 2000, 0)


def test_a_crop_that_leaves_nothing(tmp_path):
    genome = prepare_fasta(write_fasta(tmp_path / "a.fa"), tmp_path / "genome.fa")
    with pytest.raises(UserError, match="leave nothing of 64 bp"):
        make_windows(Reference(), genome, 64, 32)
