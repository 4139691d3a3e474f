"""Baskerville data without tensorflow: the real set, and sets that were cut or mixed up."""

import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from presage.errors import UserError
from presage.sequence.tfrecords import _example, import_baskerville, read_targets_txt, read_tfrecords


@pytest.fixture
def folder(real_data):
    return real_data / "mini_borzoi"


def _varint(value: int) -> bytes:
    out = b""
    while value >= 0x80:
        out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
    return out + bytes([value])


def _field(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _encoded(features: dict[str, bytes]) -> bytes:
    entries = [
        _field(1, _field(1, name.encode()) + _field(2, _field(1, _field(1, data)))) for name, data in features.items()
    ]
    return _field(1, b"".join(entries))


@given(st.dictionaries(st.text(min_size=1, max_size=9), st.binary(max_size=300), min_size=1, max_size=4))
def test_examples_are_decoded_as_they_were_encoded(features):
    assert _example(_encoded(features)) == features


def test_records_are_framed(tmp_path):
    examples = [{"a": b"x" * 200, "b": b"yy"}, {"a": b"z"}]
    framed = b"".join(struct.pack("<Q", len(e)) + b"crc." + e + b"crc." for e in map(_encoded, examples))
    (tmp_path / "x.tfr").write_bytes(zlib.compress(framed))
    assert list(read_tfrecords(tmp_path / "x.tfr")) == examples
    (tmp_path / "cut.tfr").write_bytes(zlib.compress(framed[:-9]))
    with pytest.raises(UserError, match="passes the end"):
        list(read_tfrecords(tmp_path / "cut.tfr"))


def test_real_set_is_read(folder, tmp_path):
    data = import_baskerville(folder, tmp_path / "all.zarr", ["DNASE:*"])
    assert [len(data.fold(f)) for f in ("train", "valid", "test")] == [45, 10, 10]
    assert len(data.tracks) == 10
    assert data.bin_size == 32
    first = data.windows.iloc[0]
    assert (first["chrom"], first["out_start"], first["out_end"]) == ("chrX", 132332645, 132398181)
    assert first["end"] - first["start"] == 131_072
    assert data.sequence([0]).shape == (1, 131_072)
    assert data.values([0]).shape == (1, 2048, 10)
    assert all(data.values([row]).max() > 0 for row in range(65))


def test_real_strand_pairs_survive_a_selection(folder, tmp_path):
    table = read_targets_txt(folder / "targets.txt")
    assert len(table) == 74
    for slug, partner in zip(table["slug"], table["strand_pair"]):
        other = table["slug"][partner]
        expected = slug[:-1] + {"+": "-", "-": "+"}[slug[-1]] if slug[-1] in "+-" else slug
        assert other == expected
    data = import_baskerville(folder, tmp_path / "rna3.zarr", ["RNA3:*"])
    assert data.strand_pair.tolist() == [1, 0, 3, 2, 5, 4, 7, 6, 9, 8]


def test_a_truncated_record_file_is_told(folder, tmp_path):
    whole = (folder / "tfrecords" / "valid-0.tfr").read_bytes()
    (tmp_path / "valid-0.tfr").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match=r"valid-0.tfr: ends before its zlib stream does"):
        list(read_tfrecords(tmp_path / "valid-0.tfr"))


def test_missing_records_are_told(folder, tmp_path):
    (tmp_path / "tfrecords").mkdir()
    for path in folder.glob("*.*"):
        (tmp_path / path.name).symlink_to(path)
    for path in (folder / "tfrecords").glob("*.tfr"):
        if path.name != "train-3.tfr":
            (tmp_path / "tfrecords" / path.name).symlink_to(path)
    with pytest.raises(UserError, match="41 train records for 45 windows"):
        import_baskerville(tmp_path, tmp_path / "x.zarr")


def test_a_one_way_strand_pair_is_told(tmp_path):
    rows = ["\tidentifier\tdescription\tstrand_pair", "0\ta+\tx\t1", "1\ta-\tx\t1"]
    (tmp_path / "targets.txt").write_text("\n".join(rows))
    with pytest.raises(UserError, match="does not point back"):
        read_targets_txt(tmp_path / "targets.txt")


def test_half_precision_is_kept(folder):
    raw = next(read_tfrecords(folder / "tfrecords" / "test-0.tfr"))
    assert np.frombuffer(raw["target"], np.float16).size == 2048 * 74
    assert set(np.frombuffer(raw["sequence"], np.uint8)) <= {0, 1, 2, 3, 4}
