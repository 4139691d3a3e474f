"""Folds and overlaps against counting base by base, and on Borzoi's real windows."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from presage import tables
from presage.errors import UserError
from presage.sequence.mutagenesis.mpra import read_assay
from presage.sequence.reference.leakage import FOLDS, FoldMap, audit, folds_of, spans
from presage.sequence.reference.windows import trunk_windows
from tests.unit.sequence.variants.cases import GENES, WINDOWS

intervals = st.lists(
    st.tuples(st.sampled_from(["c", "d"]), st.integers(-5, 60), st.integers(1, 20), st.sampled_from(FOLDS)), max_size=12
)


@settings(max_examples=200)
@given(
    intervals,
    st.lists(st.tuples(st.sampled_from(["c", "d", "e"]), st.integers(-5, 80), st.integers(0, 15)), max_size=8),
)
@example([("c", 0, 20, "train"), ("c", 5, 2, "train")], [("c", 15, 1)])  # one window inside another
def test_touches_is_what_bases_say(windows, items):
    frame = pd.DataFrame(windows, columns=["chrom", "out_start", "size", "fold"])
    frame["out_end"] = frame["out_start"] + frame["size"]
    names, start, size = (np.array(column) for column in zip(*items)) if items else (np.array([]),) * 3
    hits = FoldMap(frame.astype({"out_start": int, "out_end": int})).touches(names, start, start + size)
    for (chrom, low, length), row in zip(items, hits):
        bases = set(range(low, low + max(1, length)))
        for fold, hit in zip(FOLDS, row):
            seen = {b for c, a, n, f in windows if (c, f) == (chrom, fold) for b in range(a, a + n)}
            assert hit == bool(bases & seen)


def test_most_exposed_fold_wins():
    hits = np.array([[1, 1, 1], [0, 1, 1], [0, 0, 1], [0, 0, 0]], bool)
    assert folds_of(hits).tolist() == ["train", "valid", "test", "outside"]


def test_audit_tells_outputs_from_inputs(tmp_path):
    variants = pd.DataFrame(
        {
            "variant": ["a", "a", "b", "c"],
            "chrom": ["chr1", "chr1", "chr1", "chr2"],
            "pos": [200, 200, 5, 290],
            "ref": ["A"] * 4,
        }
    )
    table = audit(WINDOWS, GENES, variants)
    tables.write(tmp_path / "l.parquet", "leakage", table)
    found = {(r.kind, r.item): (r.fold, r.input_overlap) for r in table.itertuples()}
    assert found[("window", "0")] == ("train", "test")  # window 1 (test) reads from 160 on
    assert found[("window", "1")] == ("test", "train")  # window 0 (train) reads up to 224
    assert found[("window", "2")] == ("valid", None)
    assert found[("gene", "g1")] == ("train", "test")  # its body lies in both outputs: train, the more exposed
    assert found[("gene", "g2")] == ("test", None)
    assert found[("variant", "a")] == ("test", "train")
    assert found[("variant", "b")] == ("train", None)
    assert found[("variant", "c")] == ("outside", None) and len(table) == 8


def test_real_borzoi_folds_and_mpra_leakage(real_data):
    """FACTS: 25 of the 29 Kircher experiments lie in training folds; here are 20 of them."""
    bed = pd.read_csv(
        real_data / "folds" / "borzoi_sequences_human.bed.gz", sep="\t", names=["chrom", "out_start", "out_end", "fold"]
    )
    names = {"fold3": "test", "fold4": "valid"}
    windows = bed.assign(fold=[names.get(f, "train") for f in bed["fold"]])
    mpra = pd.read_csv(real_data / "mpra" / "kircher_grch38.tsv.gz", sep="\t", dtype={"Chrom": str})
    spans = mpra.groupby("Element").agg(chrom=("Chrom", "first"), start=("Pos", "min"), end=("Pos", "max"))
    chrom = ("chr" + spans["chrom"]).to_numpy(object)
    fold = folds_of(FoldMap(windows).touches(chrom, spans["start"].to_numpy() - 1, spans["end"].to_numpy()))
    assert len(fold) == 20 and (fold == "train").sum() >= 15 and set(fold) <= {*FOLDS, "outside"}
    # No base that a test window predicts is predicted in training.
    test = windows[windows["fold"] == "test"]
    assert not FoldMap(windows).touches(test["chrom"], test["out_start"], test["out_end"])[:, 0].any()


def test_regions_elements_and_unknown_folds():
    ism = pd.DataFrame({"item": "r", "chrom": "chr1", "pos": [190, 191, 210]})
    assay = pd.DataFrame({"element": ["X", "X", "Y"], "chrom": ["1", "1", "9"], "pos": [10, 30, 5]})
    regions, elements = spans(ism, "item"), spans(assay, "element")
    assert regions.values.tolist() == [["r", "chr1", 190, 211]]
    table = audit(WINDOWS, regions=regions, elements=elements).set_index(["kind", "item"])
    assert table.loc[("region", "r"), "fold"] == "train"
    assert table.loc[("mpra", "X"), "fold"] == "train"  # 1 is chr1
    assert table.loc[("mpra", "Y"), "fold"] == "outside"
    elsewhere = WINDOWS.assign(fold="test")
    other = audit(WINDOWS, elements=elements, trunk=elsewhere).set_index(["kind", "item"])
    assert other.loc[("mpra", "X"), "fold"] == "test"  # the trunk's own folds count, not the study's
    nobody = audit(WINDOWS, elements=elements, known=False)
    assert set(nobody["fold"]) == {"unknown"} and nobody["input_overlap"].isna().all()


def test_real_reporter_elements_lie_where_borzoi_was_trained(real_data):
    """Of the 20 experiments given here; Borzoi's released replicates have test fold3 and valid fold4."""
    windows = trunk_windows(real_data / "folds/borzoi_sequences_human.bed.gz", [], 163_840, ["fold3"], ["fold4"])
    assay, _ = read_assay(real_data / "mpra/kircher_grch38.tsv.gz", "GRCh38", [])
    table = audit(windows, elements=spans(assay, "element"))
    mpra = table[table["kind"] == "mpra"]
    assert len(windows[windows["fold"] == "test"]) == 6888 and len(mpra) == 20
    assert mpra["fold"].value_counts().to_dict() == IN_FOLDS
    # Test windows whose input reaches what a training window predicts: their own fold is test, train is beside it.
    own = table[(table["kind"] == "window") & (table["fold"] == "test")]
    reads = windows.set_index(windows["window"].astype(str)).loc[own["item"]]
    reached = FoldMap(windows).touches(reads["chrom"], reads["start"], reads["end"])[:, 0]
    assert int(reached.sum()) == 115


IN_FOLDS = {"train": 17, "valid": 2, "test": 1}


def test_trunk_windows_that_say_nothing_are_refused(tmp_path):
    bed = tmp_path / "w.bed"
    for text, words in (
        ("c\t0\t9\n", "is not BED with a fold"),
        ("c\t0\t9\tfold3\n", "no window is train"),
        ("c\tx\t9\tfold1\n", "is not BED with a fold"),
    ):
        bed.write_text(text)
        with pytest.raises(UserError, match=words):
            trunk_windows(bed, ["c"], 5, ["fold3"], ["fold4"])
    with pytest.raises(UserError, match="cannot be read as BED"):
        trunk_windows(tmp_path / "none.bed", ["c"], 5, ["fold3"], ["fold4"])


def test_an_empty_file_says_that_the_trunk_saw_nothing_of_this_genome(tmp_path):
    (tmp_path / "nothing.bed").touch()
    trunk = trunk_windows(tmp_path / "nothing.bed", ["chr1"], 5, ["fold3"], ["fold4"])
    table = audit(WINDOWS, GENES, trunk=trunk)
    assert set(table["fold"]) == {"outside"} and table["input_overlap"].isna().all()
