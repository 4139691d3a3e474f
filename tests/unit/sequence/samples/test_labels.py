"""presage.sequence.samples.labels: labels from TSV and h5ad, barcodes matched."""

import anndata
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from presage.errors import UserError
from presage.sequence.samples.labels import (
    OF_OTHERS,
    check_cell_types,
    check_matched,
    h5ad_barcodes,
    match_barcodes,
    matching,
    read_labels,
)


def test_tsv_with_own_donors_and_other_samples_rows(tmp_path):
    path = tmp_path / "l.tsv"
    path.write_text("barcode\ttype\tdonor\tsample\nA-1\tT\td1\ts1\nB-1\t\td2\ts1\nA-1\tB\td3\ts2\n")
    labels = read_labels(path, "type", "s1")
    assert labels.to_dict("list") == {"barcode": ["A-1", "B-1"], "cell_type": ["T", None], "donor": ["d1", "d2"]}


def test_h5ad_obs_by_barcode_column_or_name(tmp_path):
    obs = pd.DataFrame({"cell_type": pd.Categorical(["T", None])}, index=["A-1", "B-1"])
    data = anndata.AnnData(np.zeros((2, 1)), obs=obs)
    data.write_h5ad(tmp_path / "a.h5ad")
    assert read_labels(tmp_path / "a.h5ad", "cell_type", "s").to_numpy().tolist() == [["A-1", "T"], ["B-1", None]]
    data.obs["barcode"] = ["X-1", "Y-1"]
    data.write_h5ad(tmp_path / "b.h5ad")
    assert read_labels(tmp_path / "b.h5ad", "cell_type", "s")["barcode"].tolist() == ["X-1", "Y-1"]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("cell\tcell_type\nA\tT\n", "no column 'barcode'"),
        ("barcode\ttype\nA\tT\n", r"no column 'cell_type' .*set sequence\.\S+ to its name \(one of type\)"),
        ("barcode,type\nA,T\n", "with tabs, not commas, name the column of cell types cell_type, or set"),
        ("barcode\tcell_type\nA\tT\nA\tB\n", "barcode A occurs twice"),
        ("barcode\tcell_type\nA\tT\n\tB\n", "row 3: has no barcode"),
        ("barcode\tcell_type\tsample\nA\tT\ts9\n", "has no row with sample s1"),
        ("", "cannot be read as a table"),
    ],
)
def test_bad_labels_are_told_in_one_line(tmp_path, text, what):
    (tmp_path / "l.tsv").write_text(text)
    with pytest.raises(UserError, match=what) as error:
        read_labels(tmp_path / "l.tsv", "cell_type", "s1")
    assert "\n" not in str(error.value)


def test_no_h5ad(tmp_path):
    (tmp_path / "l.h5ad").write_text("no")
    with pytest.raises(UserError, match="cannot be read as h5ad"):
        read_labels(tmp_path / "l.h5ad", "cell_type", "s")


def test_a_cell_type_that_the_config_does_not_list():
    labels = pd.DataFrame({"cell_type": ["T", None, "Bee"]})
    check_cell_types("l.tsv", labels, [])
    check_cell_types("l.tsv", labels, ["T", "Bee"])
    with pytest.raises(UserError, match="unknown cell type 'Bee'"):
        check_cell_types("l.tsv", labels, ["T", "B"])


def test_suffixes_are_matched_where_nothing_else_fits():
    assert match_barcodes(["A", "B"], ["A-1", "C-1"]) == {"A": "A-1", "B": "B-1"}
    assert match_barcodes(["A-1", "B-1"], ["A"]) == {"A-1": "A", "B-1": "B"}
    assert match_barcodes(["A-1", "B-1"], ["A-1"]) == {"A-1": "A-1", "B-1": "B-1"}
    assert match_barcodes(["A-1", "A-2", "B-2"], ["A", "B"]) == {"B-2": "B"}  # A could be either
    assert match_barcodes(["A"], ["A-1", "A-2"]) == {"A": "A"}  # two lanes: no one suffix
    assert match_barcodes(["A"], []) == {"A": "A"}


@pytest.mark.parametrize(
    ("rule", "spelling"),
    [("{sample}_{barcode}", "{}_{}"), ("{sample}#{barcode}", "{}#{}"), ("{barcode}-{sample}", "{1}-{0}")],
)
def test_an_integrated_objects_labels_are_matched_per_sample(tmp_path, rule, spelling):
    rows = [("s1", "AAAC-1", "T"), ("s2", "AAAC-1", "B"), ("s2", "CCCG-1", "T")]
    text = "".join(f"{spelling.format(sample, barcode)}\t{kind}\n" for sample, barcode, kind in rows)
    (tmp_path / "l.tsv").write_text("barcode\tcell_type\n" + text)
    first, second = (read_labels(tmp_path / "l.tsv", "cell_type", sample, rule) for sample in ("s1", "s2"))
    assert first.to_dict("list") == {"barcode": ["AAAC-1"], "cell_type": ["T"]}
    assert second.to_dict("list") == {"barcode": ["AAAC-1", "CCCG-1"], "cell_type": ["B", "T"]}
    assert (first.attrs[OF_OTHERS], second.attrs[OF_OTHERS]) == (2, 1)
    # The suffix is settled afterwards, as ever.
    assert match_barcodes(second["barcode"].tolist(), ["AAAC", "GGGT"]) == {"AAAC-1": "AAAC", "CCCG-1": "CCCG"}


def test_a_rule_that_fits_no_label_names_both_spellings(tmp_path):
    (tmp_path / "l.tsv").write_text("barcode\tcell_type\ns1#AAAC-1\tT\n")
    with pytest.raises(UserError, match=r"it spells s1#AAAC-1, not s1_BARCODE; correct the sheet's barcodes column"):
        read_labels(tmp_path / "l.tsv", "cell_type", "s1", "{sample}_{barcode}")


def test_the_clustering_names_its_column_itself(tmp_path):
    (tmp_path / "l.tsv").write_text("sample\tbarcode\tcell_type\ns1\tA\tcluster 0\n")
    assert read_labels(tmp_path / "l.tsv", "bulk_labels", "s1")["cell_type"].tolist() == ["cluster 0"]


def test_barcodes_of_an_h5ads_own_cells(tmp_path):
    obs = pd.DataFrame({"sample": ["s1", "s2", "s1"]}, index=["s1_A", "s2_A", "s1_B"])
    anndata.AnnData(np.zeros((3, 1)), obs=obs).write_h5ad(tmp_path / "a.h5ad")
    assert h5ad_barcodes(tmp_path / "a.h5ad", "s1", "{sample}_{barcode}").tolist() == ["A", "s2_A", "B"]
    assert h5ad_barcodes(tmp_path / "a.h5ad", "s1").tolist() == ["s1_A", "s2_A", "s1_B"]
    obs["barcode"] = ["A", "A", "A"]
    anndata.AnnData(np.zeros((3, 1)), obs=obs).write_h5ad(tmp_path / "b.h5ad")
    with pytest.raises(UserError, match="barcode A occurs twice"):
        h5ad_barcodes(tmp_path / "b.h5ad", "s1")


@given(st.sets(st.sampled_from("abcdefgh"), min_size=1), st.sets(st.sampled_from("abcdefghij")), st.floats(0, 1))
def test_labels_and_reads_add_up_and_too_few_matches_are_refused(labels, seen, least):
    numbers = matching(labels, seen)
    assert numbers["labels_seen"] + numbers["labels_absent"] == numbers["labels"] == len(labels)
    assert numbers["barcodes_labelled"] + numbers["barcodes_not_labelled"] == numbers["barcodes_seen"] == len(seen)
    assert numbers["labels_seen"] == numbers["barcodes_labelled"] == sum(barcode in seen for barcode in labels)
    if numbers["labels_seen"] / len(labels) >= least:
        check_matched("l.tsv", labels, seen, least)
    else:
        with pytest.raises(UserError, match=r"^l.tsv: \d+ of \d+ labelled barcodes occur"):
            check_matched("l.tsv", labels, seen, least)


def test_an_example_of_either_spelling_is_named():
    with pytest.raises(UserError, match=r"0 of 1 .*\(labels spell s1_A, reads A-1\); .*barcodes column"):
        check_matched("l.tsv", ["s1_A"], ["A-1"], 0.1)
    with pytest.raises(UserError, match="the reads have no barcode"):
        check_matched("l.tsv", ["s1_A"], [], 0.1)
