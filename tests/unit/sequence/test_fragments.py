"""presage.sequence.fragments: a fragments file, contig by contig."""

import gzip

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from presage.errors import UserError
from presage.sequence.fragments import FragmentFile, Fragments, first_barcodes
from presage.sequence.barcodes import Barcodes
from tests.unit.sequence.small_reads import CELLS, CONTIGS

FEW = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
ROWS = st.lists(
    st.tuples(st.sampled_from(list(CONTIGS)), st.integers(0, 60), st.integers(1, 39), st.sampled_from(CELLS)),
    min_size=1,
    max_size=30,
)


def write(path, rows, head="# id=x\n"):
    text = head + "".join(f"{c}\t{s}\t{s + n}\t{cell}\t1\n" for c, s, n, cell in rows)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


@FEW
@given(ROWS, st.booleans())
def test_every_fragment_is_read_or_counted(tmp_path, rows, zipped):
    rows = sorted([*rows, ("chr1", 0, 5, CELLS[0])], key=lambda r: (r[0], r[1]))  # one contig at least is the genome's
    path = write(tmp_path / ("f.tsv.gz" if zipped else "f.tsv"), rows)
    spool = tmp_path / f"spool{len(list(tmp_path.iterdir()))}"
    file = FragmentFile(path, Barcodes(CELLS[:2]), spool, {"1": 400, "chr2": 300})
    assert file.total == len(rows)
    left = sum(file.skipped.values())
    for ours, theirs in (("1", "chr1"), ("chr2", "chr2")):
        fragments, dropped = file.read(ours)
        expected = [(CELLS.index(cell), s, s + n) for c, s, n, cell in rows if c == theirs and cell in CELLS[:2]]
        assert list(zip(fragments.cell.tolist(), fragments.start.tolist(), fragments.end.tolist())) == expected
        left += len(fragments) + sum(dropped.values())
    assert left == len(rows)


def test_where_the_reader_cuts_the_file_does_not_matter(tmp_path, monkeypatch):
    monkeypatch.setattr("presage.sequence.fragments._BLOCK", 300)
    rng = np.random.default_rng(0)
    start = np.sort(rng.integers(0, 5000, 200))
    cell = rng.integers(0, 3, 200)
    rows = [("chr1", s, 50, CELLS[c]) for s, c in zip(start, cell)]
    file = FragmentFile(write(tmp_path / "f.tsv", rows), Barcodes(CELLS), tmp_path / "spool", None)
    fragments, _ = file.read("chr1")
    assert (fragments.start == start).all()
    assert (fragments.cell == cell).all()
    # Lines of 24 bytes, one a piece: each piece is sorted, together they are not.
    monkeypatch.setattr("presage.sequence.fragments._BLOCK", 24)
    with pytest.raises(UserError, match="is not sorted"):
        swapped = [("chr1", start, 50, CELLS[0]) for start in (2000, 1000)]
        FragmentFile(write(tmp_path / "g.tsv", swapped, head=""), Barcodes(), tmp_path / "other", None)


def test_real_signac_file(real_data, tmp_path):
    path = real_data / "singlecell/signac_fragments.tsv.gz"
    lines = [line.split("\t") for line in gzip.decompress(path.read_bytes()).decode().splitlines()]
    barcodes = Barcodes()
    file = FragmentFile(path, barcodes, tmp_path, {"1": 248_956_422})
    fragments, _ = file.read("1")
    assert file.contigs.renamed == {"chr1": "1"}
    assert fragments.start.tolist() == [int(line[1]) for line in lines]
    assert [list(barcodes.index)[c] for c in fragments.cell] == [line[3] for line in lines]
    assert first_barcodes(path) == sorted({line[3] for line in lines})
    at, cell = fragments.cuts()
    assert len(at) == len(cell) == 200
    assert sorted(at.tolist()) == sorted([int(x[1]) for x in lines] + [int(x[2]) - 1 for x in lines])


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 5), st.integers(6, 9)), max_size=30))
def test_unique_keeps_each_once(rows):
    columns = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    found = Fragments(*columns).unique()
    assert sorted(zip(found.cell.tolist(), found.start.tolist(), found.end.tolist())) == sorted(set(rows))


@pytest.mark.parametrize(
    ("rows", "what"),
    [
        ([("chr1", 50, 9, "a"), ("chr1", 20, 9, "a")], r"is not sorted \(chr1\)"),
        ([("chr1", 5, 9, "a"), ("chr2", 2, 9, "a"), ("chr1", 20, 9, "a")], r"is not sorted \(chr1\)"),
        ([("chr1", 5, 0, "a")], "without length"),
        ([("I", 5, 9, "a")], "no contig name matches"),
        ([("chr1", 395, 9, "a")], "past the contig's 400 bp"),
        ([], "holds no fragments"),
    ],
)
def test_bad_fragments_are_told_in_one_line(tmp_path, rows, what):
    path = write(tmp_path / "f.tsv.gz", rows)
    with pytest.raises(UserError, match=what) as error:
        FragmentFile(path, Barcodes(), tmp_path / "spool", CONTIGS)
    assert "\n" not in str(error.value)


def test_truncated_and_foreign_files(tmp_path):
    rng = np.random.default_rng(0)
    text = "".join(f"chr1\t{i}\t{i + rng.integers(9, 99)}\t{CELLS[i % 3]}\t1\n" for i in range(250)).encode()
    path = tmp_path / "f.tsv.gz"
    path.write_bytes(gzip.compress(text)[:-300])
    with pytest.raises(UserError, match="is truncated or corrupt"):
        FragmentFile(path, Barcodes(), tmp_path / "a", CONTIGS)
    path.write_bytes(b"chr1\tten\t20\tAAAC-1\n")
    with pytest.raises(UserError, match="is no fragments file"):
        FragmentFile(path, Barcodes(), tmp_path / "b", CONTIGS)
    path.write_bytes(b"one column\n")
    with pytest.raises(UserError, match="is no fragments file"):
        FragmentFile(path, Barcodes(), tmp_path / "c", CONTIGS)
    with pytest.raises(UserError, match="cannot be read"):
        FragmentFile(tmp_path / "none.tsv", Barcodes(), tmp_path / "d", CONTIGS)
