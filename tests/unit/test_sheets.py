"""Sheets: what is wrong is named by file, row and column."""

import codecs
import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presage import sheets
from presage.errors import UserError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.bam", "b.bam", "x.mp4"):
        (tmp_path / name).touch()
    (tmp_path / "films.mp4").mkdir()
    return tmp_path


def sheet(folder: Path, text: str) -> Path:
    path = folder / "sheet.tsv"
    path.write_text(text)
    return path


def test_paths_start_at_the_sheet(folder: Path) -> None:
    rows = sheets.read_samples(sheet(folder, "sample\tkind\tpath\ns1\tbam\ta.bam\ns2\tbam\tb.bam\n"))
    assert [r.path for r in rows] == [str(folder / "a.bam"), str(folder / "b.bam")]


def test_registry_names_pass_through(folder: Path) -> None:
    rows = sheets.read_samples(sheet(folder, "sample\tkind\tpath\tgenome\ns1\tbam\tregistry:x/y.bam\theader\n"))
    assert (rows[0].path, rows[0].genome) == ("registry:x/y.bam", "header")


def test_one_sample_may_have_two_kinds(folder: Path) -> None:
    rows = sheets.read_samples(sheet(folder, "sample\tkind\tpath\ns1\tbam\ta.bam\ns1\tfragments\tb.bam\n"))
    assert len(rows) == 2


TABLE = 'cage\tstrain\tgroup\r\nc1\tB6\t"day ""one"""\r\n\t\t\r\nc2\tBälb\t\r\n'


@pytest.mark.parametrize(
    "raw",
    [
        TABLE.encode(),
        TABLE.replace("\r\n", "\n").encode(),
        TABLE.replace("\r\n", "\r").encode(),
        codecs.BOM_UTF8 + TABLE.encode(),
        codecs.BOM_UTF16_LE + TABLE.encode("utf-16-le"),  # what a spreadsheet program calls Unicode text
        codecs.BOM_UTF16_BE + TABLE.encode("utf-16-be"),
        gzip.compress(TABLE.encode(), mtime=0),
        TABLE.replace("\r\n", "\t\t\r\n").encode(),  # surplus empty columns
    ],
    ids=["crlf", "lf", "cr", "utf8-bom", "utf16-le", "utf16-be", "gzip", "empty-columns"],
)
def test_text_as_people_save_it(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "sheet.tsv"
    path.write_bytes(raw)
    assert sheets.read_cages(path) == [sheets.Cage("c1", "B6", group='day "one"'), sheets.Cage("c2", "Bälb")]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"PK\x03\x04rest", "is a spreadsheet program's own file; save it as tab-separated text"),
        (gzip.compress(TABLE.encode(), mtime=0)[:-9], "cannot be read"),
        (TABLE.encode("latin-1"), "cannot be read as text"),
        ("cage\tstrain\n".encode("utf-16-le"), "NUL"),
    ],
)
def test_what_is_no_text_is_told(tmp_path: Path, raw: bytes, said: str) -> None:
    path = tmp_path / "sheet.tsv"
    path.write_bytes(raw)
    with pytest.raises(UserError, match=said):
        sheets.read_cages(path)


def test_rows_are_counted_as_a_spreadsheet_does(folder: Path) -> None:
    with pytest.raises(UserError, match="row 4, column role"):
        sheets.read_cages(sheet(folder, "cage\trole\nc1\tevaluate\n\nc2\tboth\n"))


def test_a_bigwig_is_a_row_for_each_cell_type_and_strand(folder: Path) -> None:
    rows = [f"s1\tbigwig\t{f}.bam\trna\tT cell\t{strand}\n" for f, strand in (("a", "+"), ("b", "-"))]
    found = sheets.read_samples(sheet(folder, "sample\tkind\tpath\tassay\tcell_type\tstrand\n" + "".join(rows)))
    assert [(r.assay, r.cell_type, r.strand) for r in found] == [("rna", "T cell", "+"), ("rna", "T cell", "-")]


def test_words_in_the_place_of_labels_are_no_paths(folder: Path) -> None:
    (folder / "l.tsv").touch()
    text = "sample\tkind\tpath\tlabels\ns1\tbam\ta.bam\tcluster\ns2\tbam\tb.bam\twhole\ns3\tbam\ta.bam\tl.tsv\n"
    assert [r.labels for r in sheets.read_samples(sheet(folder, text))] == ["cluster", "whole", str(folder / "l.tsv")]


def test_an_h5ad_may_be_a_zarr_store(folder: Path) -> None:
    (folder / "x.zarr").mkdir()
    assert sheets.read_samples(sheet(folder, "sample\tkind\tpath\ns1\th5ad\tx.zarr\n"))[0].kind == "h5ad"


SAMPLES, SEGMENTS, CAGES = sheets.read_samples, sheets.read_segments, sheets.read_cages
BULK = sheets.read_bulk


@pytest.mark.parametrize(
    ("reader", "text", "said"),
    [
        (SAMPLES, "sample\tkind\tpath\ns1\tbam\tmissing.bam\n", "row 2, column path: missing.bam does not exist"),
        (
            SAMPLES,
            "sample\tkind\tpath\ns1\tbam\ta.bam\ns1\tbam\tb.bam\n",
            "row 3, column sample: 's1 (bam)' is already",
        ),
        (SAMPLES, "sample\tkind\tpath\ns1\tcram\ta.bam\n", "row 2, column kind: 'cram' is not one of"),
        (SAMPLES, "sample\tkind\ns1\tbam\n", "has no column 'path'"),
        (SAMPLES, "sample,kind,path\ns1,bam,a.bam\n", "separate the columns with tabs, not commas"),
        (SAMPLES, "sample;kind;path\ns1;bam;a.bam\n", "separate the columns with tabs, not semicolons"),
        (SAMPLES, "sample\tkind\tpath\tkind\ns1\tbam\ta.bam\tbam\n", "column 'kind' is there twice"),
        (SAMPLES, "sample\tkind\tpath\ns1\tbam\ta.bam\tx\n", "row 2: has more cells than the header"),
        (SAMPLES, 'sample\tkind\tpath\ns1\tbam\t"a.bam\n', "cannot be read as a table"),
        (SAMPLES, "sample\tkind\tpath\ns1\th5ad\ta.bam\n", "neither .h5ad nor .zarr"),
        (SAMPLES, "sample\tkind\tpath\tchemistry\ns1\tbam\ta.bam\t3p\n", "column chemistry: '3p' is not one of"),
        (SAMPLES, "sample\tkind\tpath\tlabels\ns1\tbam\ta.bam\tl.tsv\n", "column labels: l.tsv does not exist"),
        (
            SAMPLES,
            "sample\tkind\tpath\tlabels\tcell_type\ns1\tbam\ta.bam\tcluster\tT cell\n",
            "row 2, column cell_type: stands beside labels",
        ),
        (SAMPLES, "sample\tkind\tpath\tbarcodes\ns1\tbam\ta.bam\t{sample}\n", "must contain {barcode} once"),
        (SAMPLES, "sample\tkind\tpath\tassay\ns1\tbigwig\ta.bam\trna\n", "row 2, column cell_type: is empty"),
        (
            SAMPLES,
            "sample\tkind\tpath\tassay\tcell_type\tstrand\ns1\tbigwig\ta.bam\trna\tT\tplus\n",
            "row 2, column strand: 'plus' is not one of +, -, .",
        ),
        (
            SAMPLES,
            "sample\tkind\tpath\tlabels\ns1\tbigwig\ta.bam\twhole\n",
            "a bigWig has no cells to label",
        ),
        (SAMPLES, "sample\tkind\tpath\tcolour\ns1\tbam\ta.bam\tred\n", "unknown column 'colour'"),
        (SAMPLES, "sample\tkind\tpath\n\tbam\ta.bam\n", "row 2, column sample: is empty"),
        (SEGMENTS, "cage\tstart\tpath\n", "has no rows"),
        (SEGMENTS, "", "has no column"),
        (SEGMENTS, "cage\tstart\tpath\nc\tyesterday\tx.mp4\n", "row 2, column start: 'yesterday' is not an ISO 8601"),
        (SEGMENTS, "cage\tstart\tpath\nc\t2026-05-01\tx.txt\n", "neither video nor pose"),
        (SEGMENTS, "cage\tstart\tpath\nc\t2026-05-01\tgone.mp4\n", "gone.mp4 does not exist"),
        (SEGMENTS, "cage\tstart\tpath\nc\t2026-05-01\t../nowhere/gone.mp4\n", "row 2, column path: ../nowhere"),
        (SEGMENTS, "cage\tstart\tpath\nc\t2026-05-01\tx.mp4\nd\t2026-05-01\t./x.mp4\n", "row 3, column path: "),
        (SEGMENTS, "cage\tstart\tpath\nc\t2026-05-01\tfilms.mp4\n", "films.mp4 is a folder"),
        (
            SEGMENTS,
            "cage\tstart\tpath\nc\t2026-05-01\tx.mp4\nd\t2026-05-01\tx.mp4\n",
            "x.mp4' is already in row 2",
        ),
        (BULK, "assay\ttissue\tpath\nrna\tgut\tgone.bw\n", "row 2, column path: gone.bw does not exist"),
        (BULK, "assay\ttissue\tstrand\tpath\nrna\tgut\tx\ta.bam\n", "row 2, column strand: 'x' is not"),
        (BULK, "assay\ttissue\tstrand\tpath\nrna\tgut\t.\ta.bam\nrna\tgut\t\ta.bam\n", "is already in row 2"),
        (BULK, "tissue\tpath\ngut\ta.bam\n", "has no column 'assay'"),
        (CAGES, "cage\trole\nc1\tboth\n", "row 2, column role: 'both' is not calibrate or evaluate"),
    ],
)
def test_bad_rows_are_named(folder: Path, reader: object, text: str, said: str) -> None:
    with pytest.raises(UserError) as caught:
        reader(sheet(folder, text))  # type: ignore[operator]
    assert said in str(caught.value)
    assert "sheet.tsv" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_sheet_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.tsv: does not exist"):
        sheets.read_cages(tmp_path / "none.tsv")


@given(st.binary(max_size=200))
def test_any_bytes_end_in_rows_or_a_user_error(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("sheet") / "sheet.tsv"
    path.write_bytes(data)
    for reader in (SAMPLES, BULK, SEGMENTS, CAGES):
        try:
            assert reader(path)
        except UserError as error:
            assert "\n" not in str(error).replace("\\n", "")
