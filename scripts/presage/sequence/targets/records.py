"""TFRecord files without tensorflow: framing, compression, and as much protobuf as ``tf.train.Example`` needs."""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from presage.errors import UserError

_PIECE = 1 << 18  # compressed bytes that are inflated at a time
_LONGEST = 1 << 31  # protobuf's own limit of a message; a longer one means that this is no TFRecord file


def read_tfrecords(path: str | Path) -> Iterator[dict[str, bytes]]:
    """The examples of a TFRecord file, one in memory at a time: feature name -> raw bytes; other features are left out.

    A record is a little-endian u64 length, a u32 checksum of it, the data, a u32 checksum of that. The file is a zlib
    stream (baskerville's way), gzip or plain, which its first bytes tell; zlib and gzip carry a checksum over all of
    it, so the records' own are not computed again.

    Raises :class:`UserError` when the file is missing, truncated or of another kind.
    """
    path, buffer, at = Path(path), bytearray(), 0
    try:
        with path.open("rb") as file:
            pieces = _pieces(file, path)
            while True:
                while len(buffer) < 12 and (piece := next(pieces, b"")):
                    buffer += piece
                if not buffer:
                    return
                length = struct.unpack_from("<Q", buffer)[0] if len(buffer) >= 12 else 0
                if length > _LONGEST:
                    raise UserError(path, f"is no TFRecord file (a record of {length:.1e} bytes)", "correct the path")
                while len(buffer) < 16 + length and (piece := next(pieces, b"")):
                    buffer += piece
                if len(buffer) < 16 + length:
                    raise UserError(path, f"record at byte {at} passes the end of the file", "copy it again")
                data = bytes(memoryview(buffer)[12 : 12 + length])
                del buffer[: 16 + length]
                at += 16 + length
                yield example(data)
    except zlib.error as error:
        raise UserError(path, f"is damaged, or no TFRecord file ({error})", "copy it again") from None
    except (ValueError, LookupError) as error:
        raise UserError(path, f"holds a record that is no tf.train.Example ({error})", "copy it again") from None
    except OSError as error:
        raise UserError(path, f"cannot be read ({error.strerror or error})", "correct the path") from None


def _pieces(file: BinaryIO, path: Path) -> Iterator[bytes]:
    """The inflated content piece by piece."""
    head = file.read(2)
    file.seek(0)
    # zlib: method 8 and a header that 31 divides; gzip: its magic. 32 + 15 lets zlib tell them apart itself.
    zipped = head == b"\x1f\x8b" or (len(head) == 2 and head[0] & 15 == 8 and int.from_bytes(head) % 31 == 0)
    inflate = zlib.decompressobj(32 + zlib.MAX_WBITS) if zipped else None
    while piece := file.read(_PIECE):
        if inflate is None:
            yield piece
        elif data := inflate.decompress(piece):
            yield data
    if inflate is not None and not inflate.eof:
        raise UserError(path, "ends before its zlib stream does", "copy it again")


def example(data: bytes) -> dict[str, bytes]:
    """Example{1: Features{1: {1: name, 2: Feature{1: BytesList{1: bytes}}}}} -> name -> bytes.

    Features of numbers (Feature 2 and 3) are not in the answer.
    """
    found: dict[str, bytes] = {}
    for _, features in _fields(memoryview(data)):
        for _, entry in _fields(features):
            pair = dict(_fields(entry))
            for kind, value in _fields(pair.get(2, memoryview(b""))):
                if kind == 1:
                    found[bytes(pair[1]).decode()] = b"".join(bytes(part) for _, part in _fields(value))
    return found


def _fields(data: memoryview) -> Iterator[tuple[int, memoryview]]:
    """The length-delimited fields of a message, in order: number and content. Others are passed over."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        kind = tag & 7
        if kind == 0:
            _, at = _varint(data, at)
            continue
        if kind == 2:
            length, at = _varint(data, at)
        elif kind in (1, 5):
            length = 8 if kind == 1 else 4
        else:
            raise ValueError(f"wire type {kind}")
        if at + length > len(data):
            raise ValueError("a field passes the end")
        if kind == 2:
            yield tag >> 3, data[at : at + length]
        at += length


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at
