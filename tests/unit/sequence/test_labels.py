"""presage.sequence.labels: labels from TSV and h5ad, barcodes matched."""

import anndata
import numpy as np
import pandas as pd
import pytest

from presage.errors import UserError
from presage.sequence.labels import Barcodes, check_cell_types, match_barcodes, read_labels


def test_a_closed_set_refuses_and_remembers():
    closed, open_ = Barcodes(["a", "b"]), Barcodes()
    assert [closed.number(x) for x in "abcc"] == [0, 1, -1, -1]
    assert closed.refused == {"c"}
    assert [open_.number(x) for x in "xyx"] == [0, 1, 0]


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
        ("barcode\ttype\nA\tT\n", "no column 'cell_type'; set label_column to one of barcode, type"),
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
