"""presage.sequence.samples.fragments: a fragments file, contig by contig."""

import gzip

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from presage.errors import UserError
from presage.sequence.samples.barcodes import Barcodes
from presage.sequence.samples.fragments import FragmentFile, Fragments, first_barcodes
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


def read_all(file):
    """Fragments by contig, and the barcode numbers of all others."""
    found, others = {}, []
    for chrom, fragments, rest in file.read():
        found.setdefault(chrom, []).extend(
            zip(fragments.cell.tolist(), fragments.start.tolist(), fragments.end.tolist())
        )
        others += rest.tolist()
    return found, others


def read_and_match(path):
    file = FragmentFile(path, Barcodes())
    read_all(file)
    file.match(CONTIGS)


@FEW
@given(ROWS, st.booleans())
def test_every_fragment_is_read_or_counted(tmp_path, rows, zipped):
    rows = sorted([*rows, ("chr1", 0, 5, CELLS[0])], key=lambda r: (r[0], r[1]))
    path = write(tmp_path / ("f.tsv.gz" if zipped else "f.tsv"), rows)
    file = FragmentFile(path, Barcodes(CELLS[:2]))
    found, others = read_all(file)
    assert file.total == len(rows) == sum(map(len, found.values())) + len(others)
    for chrom in CONTIGS:
        here = [row for row in rows if row[0] == chrom]
        mine = [(CELLS.index(cell), s, s + n) for _, s, n, cell in here if cell in CELLS[:2]]
        assert found.get(chrom, []) == mine
        assert file.by_contig[chrom] == len(here)
    contigs = file.match({"1": 400, "chr2": 300})
    assert contigs.names["chr1"] == "1"
    assert set(contigs.missing) == {row[0] for row in rows} - {"chr1", "chr2"}


def test_a_file_with_four_columns_is_read(tmp_path):
    path = tmp_path / "f.tsv"
    path.write_text(f"chr1\t5\t9\t{CELLS[0]}\nchr1\t6\t9\t{CELLS[1]}\n")
    assert read_all(FragmentFile(path, Barcodes(CELLS)))[0] == {"chr1": [(0, 5, 9), (1, 6, 9)]}


def test_where_the_reader_cuts_the_file_does_not_matter(tmp_path, monkeypatch):
    monkeypatch.setattr("presage.sequence.samples.fragments._BLOCK", 300)
    rng = np.random.default_rng(0)
    start = np.sort(rng.integers(0, 5000, 200))
    cell = rng.integers(0, 3, 200)
    rows = [("chr1", s, 50, CELLS[c]) for s, c in zip(start, cell)]
    found, _ = read_all(FragmentFile(write(tmp_path / "f.tsv", rows), Barcodes(CELLS)))
    assert found == {"chr1": [(int(c), int(s), int(s) + 50) for c, s in zip(cell, start)]}
    # Lines of 24 bytes, one a piece: each piece is sorted, together they are not.
    monkeypatch.setattr("presage.sequence.samples.fragments._BLOCK", 24)
    with pytest.raises(UserError, match="is not sorted"):
        swapped = [("chr1", start, 50, CELLS[0]) for start in (2000, 1000)]
        read_all(FragmentFile(write(tmp_path / "g.tsv", swapped, head=""), Barcodes()))


def test_real_signac_file(real_data):
    path = real_data / "singlecell/signac_fragments.tsv.gz"
    lines = [line.split("\t") for line in gzip.decompress(path.read_bytes()).decode().splitlines()]
    barcodes = Barcodes()
    file = FragmentFile(path, barcodes)
    ((chrom, fragments, _),) = file.read()
    assert chrom == "chr1"
    assert file.match({"1": 248_956_422}).renamed == {"chr1": "1"}
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
        read_and_match(path)
    assert "\n" not in str(error.value)


def test_truncated_and_foreign_files(tmp_path):
    rng = np.random.default_rng(0)
    text = "".join(f"chr1\t{i}\t{i + rng.integers(9, 99)}\t{CELLS[i % 3]}\t1\n" for i in range(250)).encode()
    path = tmp_path / "f.tsv.gz"
    path.write_bytes(gzip.compress(text)[:-300])
    with pytest.raises(UserError, match="is truncated or corrupt"):
        read_and_match(path)
    path.write_bytes(b"chr1\tten\t20\tAAAC-1\n")
    with pytest.raises(UserError, match="is no fragments file"):
        read_and_match(path)
    path.write_bytes(b"one column\n")
    with pytest.raises(UserError, match="is no fragments file"):
        read_and_match(path)
    with pytest.raises(UserError, match="cannot be read"):
        read_and_match(tmp_path / "none.tsv")
