"""Sheets: what is wrong is named by file, row and column."""

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


def test_crlf_and_bom_are_read(folder: Path) -> None:
    path = folder / "sheet.tsv"
    path.write_bytes(b"\xef\xbb\xbfcage\tstart\tpath\r\nc1\t2026-05-01T13:00:00\tx.mp4\r\n")
    assert sheets.read_segments(path)[0].cage == "c1"


SAMPLES, SEGMENTS, CAGES = sheets.read_samples, sheets.read_segments, sheets.read_cages


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
        (SAMPLES, "sample,kind,path\ns1,bam,a.bam\n", "separate the columns with tabs"),
        (SAMPLES, "sample\tkind\tpath\tcolour\ns1\tbam\ta.bam\tred\n", "unknown column 'colour'"),
        (SAMPLES, "sample\tkind\tpath\n\tbam\ta.bam\n", "row 2, column sample: is empty"),
        (SEGMENTS, "cage\tstart\tpath\n", "has no rows"),
        (SEGMENTS, "", "has no column"),
        (SEGMENTS, "cage\tstart\tpath\nc\tyesterday\tx.mp4\n", "row 2, column start: 'yesterday' is not an ISO 8601"),
        (SEGMENTS, "cage\tstart\tpath\nc\t2026-05-01\tx.txt\n", "neither video nor pose"),
        (SEGMENTS, "cage\tstart\tpath\nc\t2026-05-01\tgone.mp4\n", "gone.mp4 does not exist"),
        (
            SEGMENTS,
            "cage\tstart\tpath\nc\t2026-05-01\tx.mp4\nd\t2026-05-01\tx.mp4\n",
            "row 3, column path: 'x.mp4' is already in row 2",
        ),
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
    for reader in (SAMPLES, SEGMENTS, CAGES):
        try:
            assert reader(path)
        except UserError as error:
            assert "\n" not in str(error).replace("\\n", "")
