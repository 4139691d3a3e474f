"""TFRecord files: what was framed and encoded is read back, in pieces, whatever the compression; damage is told."""

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presage.errors import UserError
from presage.sequence.targets import records
from presage.sequence.targets.records import example, read_tfrecords
from tests.unit.sequence.small_records import encoded, framed, message

EXAMPLES = [{"a": b"x" * 200, "b": b"yy"}, {"a": b"z"}, {"a": b""}]
FEATURES = st.dictionaries(st.text(min_size=1, max_size=9), st.binary(max_size=300), min_size=1, max_size=4)


@given(FEATURES)
def test_examples_are_decoded_as_they_were_encoded(features):
    assert example(encoded(features)) == features


def test_features_of_numbers_are_passed_over():
    floats = message(1, message(1, b"umap") + message(2, message(2, b"\x0d\0\0\0\0")))
    integers = message(1, message(1, b"n") + message(2, message(3, b"\x08\x96\x01")))
    assert example(encoded({"a": b"1"}, floats + integers)) == {"a": b"1"}


@pytest.mark.parametrize("piece", [1, 7, 1 << 18])
@pytest.mark.parametrize("pack", [zlib.compress, gzip.compress, bytes])
def test_records_are_read_in_pieces_of_any_size(tmp_path, monkeypatch, pack, piece):
    monkeypatch.setattr(records, "_PIECE", piece)
    (tmp_path / "x.tfr").write_bytes(pack(framed([encoded(e) for e in EXAMPLES])))
    assert list(read_tfrecords(tmp_path / "x.tfr")) == EXAMPLES


@pytest.mark.parametrize("content", [b"", zlib.compress(b"")])
def test_a_file_without_records_is_empty(tmp_path, content):
    (tmp_path / "x.tfr").write_bytes(content)
    assert list(read_tfrecords(tmp_path / "x.tfr")) == []


def test_every_cut_of_the_stream_is_told(tmp_path):
    whole = framed([encoded({"a": b"abc"})])
    path = tmp_path / "cut.tfr"
    for size in range(1, len(whole)):
        path.write_bytes(zlib.compress(whole[:size]))
        with pytest.raises(UserError, match=r"cut\.tfr: record at byte 0 passes the end"):
            list(read_tfrecords(path))
    packed = zlib.compress(whole)
    for size in range(2, len(packed)):
        path.write_bytes(packed[:size])
        with pytest.raises(UserError, match=r"cut\.tfr: ends before its zlib stream does"):
            list(read_tfrecords(path))


def test_other_files_are_told(tmp_path):
    path = tmp_path / "x.tfr"
    path.write_text("this is text, and more of it than a frame")
    with pytest.raises(UserError, match=r"x\.tfr: is no TFRecord file"):
        list(read_tfrecords(path))
    path.write_bytes(zlib.compress(framed([b"\x0f\x01"])))
    with pytest.raises(UserError, match=r"no tf\.train\.Example"):
        list(read_tfrecords(path))
    packed = bytearray(zlib.compress(framed([encoded({"a": bytes(range(256))})])))
    packed[40] ^= 255
    path.write_bytes(packed)
    with pytest.raises(UserError, match=r"x\.tfr: "):
        list(read_tfrecords(path))
    with pytest.raises(UserError, match="cannot be read"):
        list(read_tfrecords(tmp_path / "nothing.tfr"))
