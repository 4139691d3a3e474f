"""Tables of labelled variants: whose effect it is, which track is meant, and what is left out and why."""

import pandas as pd
import pytest

from presage.errors import UserError
from presage.sequence.variants.labelled import NO_TRACK, NOT_SCORED, SWAPPED, TWICE, join, read_labelled

HEADER = "chrom\tpos\tref\talt\tlabel\teffect\teffect_allele\tcell_type\tassay\n"
SCORES = pd.DataFrame(
    [
        ("chr1", 9, "A", "C", "t_rna+", "t", "rna", 0.5, 120, "test"),
        ("chr1", 9, "A", "C", "t_atac", "t", "atac", -2.0, 120, "test"),
        ("chr1", 19, "G", "T", "t_rna+", "t", "rna", -0.1, None, "train"),
        ("chr1", 19, "G", "T", "t_atac", "t", "atac", 0.3, None, "train"),
    ],
    columns=["chrom", "pos", "ref", "alt", "track", "cell_type", "assay", "log_fc", "tss_distance", "fold"],
).astype({"tss_distance": "Int64"})


def table(folder, *rows):
    path = folder / "labels.tsv"
    path.write_text(HEADER + "".join("\t".join(map(str, row)) + "\n" for row in rows))
    return path


def test_the_other_allele_turns_the_sign(tmp_path):
    one = ("chr1", 10, "A", "C", 1)
    effects = [
        read_labelled(table(tmp_path, (*one, effect, allele, "", "")))["effect"][0]
        for effect, allele in ((0.7, ""), (0.7, "alt"), (0.7, "C"), (0.7, "ref"), (0.7, "A"), ("", "A"))
    ]
    assert effects[:5] == [0.7, 0.7, 0.7, -0.7, -0.7] and pd.isna(effects[5])


def test_join_reads_the_tracks_that_are_asked_for(tmp_path):
    path = table(
        tmp_path,
        ("1", 10, "A", "C", 1, 0.7, "", "", ""),  # the strongest of all; 1 is chr1
        ("1", 10, "A", "C", 1, 0.7, "", "t", "rna"),
        ("1", 20, "G", "T", 0, "", "", "", ""),
    )
    found, left_out = join(read_labelled(path), SCORES)
    assert left_out == {}
    assert found.rows["predicted"].tolist() == [-2.0, 0.5, 0.3] and found.rows["score"].tolist() == [2.0, 0.5, 0.3]
    assert found.rows["fold"].tolist() == ["test", "test", "train"]
    assert found.rows["distance"].tolist()[:2] == [120, 120] and pd.isna(found.rows["distance"][2])


def test_what_is_left_out_is_counted(tmp_path):
    path = table(
        tmp_path,
        ("chr1", 10, "A", "C", 1, 0.7, "", "", ""),
        ("chr1", 10, "A", "C", 1, 0.7, "", "", ""),  # again
        ("chr1", 10, "C", "A", 1, 0.7, "", "", ""),  # its alleles are turned round
        ("chr1", 11, "A", "C", 0, "", "", "", ""),
        ("chr1", 20, "G", "T", 0, "", "", "nobody", "rna"),
    )
    found, left_out = join(read_labelled(path), SCORES)
    assert len(found.rows) == 1 and left_out == {TWICE: 1, SWAPPED: 1, NOT_SCORED: 1, NO_TRACK: 1}


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (("chr1", 10, "A", "C", 2, "", "", "", ""), r"line 2: label is '2'"),
        (("chr1", 10, "A", "C", "", "", "", "", ""), "label is ''"),
        (("chr1", 10, "A", "C", 1, "big", "", "", ""), "effect 'big' is no number"),
        (("chr1", 10, "A", "C", 1, 0.5, "G", "", ""), "effect_allele 'G' is neither REF A nor ALT C"),
        (("chr1", "x", "A", "C", 1, 0.5, "", "", ""), "pos is no integer"),
    ],
)
def test_bad_rows_are_named(tmp_path, row, words):
    with pytest.raises(UserError, match=words):
        read_labelled(table(tmp_path, row))


def test_an_empty_table_and_one_without_labels(tmp_path):
    with pytest.raises(UserError, match="has no variant"):
        read_labelled(table(tmp_path))
    (tmp_path / "x.tsv").write_text("chrom\tpos\tref\talt\n")
    with pytest.raises(UserError, match="has no column label"):
        read_labelled(tmp_path / "x.tsv")
