"""presage.labels_file: one message says all that is wrong with a header."""

import gzip
from pathlib import Path

import pytest

from presage.errors import UserError
from presage.labels_file import check_columns, header

KEY = "sequence.pseudobulk.label_column"


def said(columns: list[str], label_column: str = "cell_type") -> str:
    with pytest.raises(UserError) as caught:
        check_columns("l.csv", columns, label_column)
    return str(caught.value)


def test_commas_and_both_names_are_told_at_once() -> None:
    assert said(["cell,Cell annotation"]) == (
        "l.csv: has no column 'barcode' and no column 'cell_type' (there: 'cell,Cell annotation'); separate the "
        "columns with tabs, not commas, name the column of barcodes barcode, name the column of cell types cell_type, "
        f"or set {KEY} to its name"
    )


def test_what_only_lacks_tabs_is_told_only_that() -> None:
    assert said(["barcode;cell_type"]).endswith("; separate the columns with tabs, not semicolons")
    assert said(["barcode,Cell annotation"], "Cell annotation").endswith("; separate the columns with tabs, not commas")


def test_the_barcodes_are_never_offered_as_cell_types() -> None:
    assert said(["barcode", "Cell annotation", "donor", "sample"]).endswith(
        f"{KEY} to its name (one of Cell annotation)"
    )
    assert said(["barcode,Cell annotation"]).endswith(f"{KEY} to its name (one of Cell annotation)")
    assert said(["barcode"]).endswith(f"{KEY} to its name")
    assert "one of" not in said(["cell", "annotation"])
    assert said(["cell", "cell_type"]).endswith("; name the column of barcodes barcode")


def test_labels_are_in_the_named_column_or_in_cell_type() -> None:
    check_columns("l.tsv", ["barcode", "cell_type"], "annotation")
    check_columns("l.tsv", ["annotation", "barcode"], "annotation")


def test_a_header_is_read_from_text_as_people_save_it(tmp_path: Path) -> None:
    text = '\ufeffbarcode\t"Cell annotation"\r\nA\tT\r\n'
    (tmp_path / "l.tsv").write_bytes(text.encode())
    (tmp_path / "l.tsv.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
    assert header(tmp_path / "l.tsv") == header(tmp_path / "l.tsv.gz") == ["barcode", "Cell annotation"]


@pytest.mark.parametrize("raw", [b"", b"\x89HDF\r\n\x1a\n", b"\xff\xfeb\0"], ids=["empty", "h5ad", "utf16"])
def test_what_is_no_text_is_left_to_its_job(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "l.h5ad").write_bytes(raw)
    (tmp_path / "l.tsv.gz").write_bytes(raw)
    for path in (tmp_path / "l.h5ad", tmp_path / "l.tsv.gz", tmp_path / "none.tsv", tmp_path):
        assert header(path) == []
