"""BAM records of fixed-length reads from numpy arrays, many at a time: a million reads take seconds, not minutes.

Each field is a block of byte columns, equally wide in all records; where a record lacks a field, or has a shorter one,
its bytes are masked. Records are the unmasked bytes of a row, in order.
"""

import struct

import numpy as np

M, I, D, N, S = 0, 1, 2, 3, 4  # CIGAR operations  # noqa: E741 (the format's own letters)
_NIBBLE = np.array([1, 2, 4, 8], np.uint8)  # A, C, G, T


class Records:
    """Byte columns of ``number`` records; the length field in front is filled in at the end."""

    def __init__(self, number: int) -> None:
        self.number = number
        self._columns: list[np.ndarray] = []
        self._masks: list[np.ndarray] = []

    def add(self, columns: np.ndarray, mask: np.ndarray | None = None) -> None:
        """``columns``: uint8 [records, width] or [width]; ``mask``: bool [records] or [records, width]."""
        columns = np.broadcast_to(columns, (self.number, columns.shape[-1]))
        if mask is None:
            mask = np.ones(self.number, dtype=bool)
        self._columns.append(columns)
        self._masks.append(np.broadcast_to(mask[:, None] if mask.ndim == 1 else mask, columns.shape))

    def number_field(self, values: np.ndarray, dtype: str, mask: np.ndarray | None = None) -> None:
        """One number in each record, e.g. ``<i4``."""
        width = np.dtype(dtype).itemsize
        self.add(np.ascontiguousarray(values, dtype=dtype).view(np.uint8).reshape(self.number, width), mask)

    def tag_int(self, name: str, values: np.ndarray, mask: np.ndarray | None = None) -> None:
        """A tag that is a 32-bit number."""
        self.add(_bytes(name + "i"), mask)
        self.number_field(values, "<i4", mask)

    def tag_byte(self, name: str, values: np.ndarray, mask: np.ndarray | None = None, kind: str = "C") -> None:
        """A tag that is a number in one byte (kind C) or a character (kind A)."""
        self.add(_bytes(name + kind), mask)
        self.add(values.astype(np.uint8)[:, None], mask)

    def tag_text(self, name: str, text: np.ndarray, mask: np.ndarray | None = None) -> None:
        """A tag that is a string: uint8 [records, width] or [width], its zero bytes are left out."""
        self.add(_bytes(name + "Z"), mask)
        there = np.broadcast_to(text, (self.number, text.shape[-1])) != 0
        self.add(text, there if mask is None else there & mask[:, None])
        self.add(_bytes("\0"), mask)

    def tobytes(self) -> bytes:
        """The records one after the other, each behind its length."""
        mask = np.concatenate(self._masks, axis=1)
        length = mask.sum(axis=1).astype("<i4").view(np.uint8).reshape(self.number, 4)
        rows = np.concatenate([length, *self._columns], axis=1)
        return rows[np.concatenate([np.ones((self.number, 4), dtype=bool), mask], axis=1)].tobytes()


def header(contigs: dict[str, int], read_group: str) -> bytes:
    """The head of a coordinate-sorted BAM."""
    text = "@HD\tVN:1.4\tSO:coordinate\n" + "".join(f"@SQ\tSN:{n}\tLN:{size}\n" for n, size in contigs.items())
    text += f"@RG\tID:{read_group}\tSM:simulated\n@CO\tsimulated by presage's benchmarks\n"
    out = b"BAM\1" + struct.pack("<i", len(text)) + text.encode() + struct.pack("<i", len(contigs))
    for name, size in contigs.items():
        out += struct.pack("<i", len(name) + 1) + name.encode() + b"\0" + struct.pack("<i", size)
    return out


def core(
    records: Records,
    contig: np.ndarray,
    position: np.ndarray,
    end: np.ndarray,
    mapq: np.ndarray,
    flag: np.ndarray,
    names: np.ndarray,
    operations: np.ndarray,
    codes: np.ndarray,
    qualities: np.ndarray,
) -> None:
    """All fields before the tags. ``operations``: CIGAR numbers uint32 [records, most], 0 where there is none.

    ``names``: uint8 [records, width] without the closing zero; ``codes``: bases 0-3 [records, length]; ``qualities``
    as numbers, equally shaped.
    """
    length = codes.shape[1]
    records.number_field(contig, "<i4")
    records.number_field(position, "<i4")
    records.number_field(np.full(records.number, names.shape[1] + 1), "u1")
    records.number_field(mapq, "u1")
    records.number_field(_bin(position, end), "<u2")
    records.number_field((operations > 0).sum(axis=1), "<u2")
    records.number_field(flag, "<u2")
    records.number_field(np.full(records.number, length), "<i4")
    records.add(np.frombuffer(struct.pack("<iii", -1, -1, 0), np.uint8))  # no mate
    records.add(names)
    records.add(_bytes("\0"))
    for column in operations.T:
        records.number_field(column, "<u4", column > 0)
    nibbles = _NIBBLE[codes]
    if length % 2:
        nibbles = np.pad(nibbles, ((0, 0), (0, 1)))
    records.add(nibbles[:, ::2] << 4 | nibbles[:, 1::2])
    records.add(qualities)


def _bin(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """The smallest bin of the BAI scheme that holds each interval; unplaced reads (-1) are in 4680."""
    out = np.zeros(len(start), np.int64)
    open_ = start >= 0
    for shift, first in ((14, 4681), (17, 585), (20, 73), (23, 9), (26, 1)):
        fits = open_ & (start >> shift == (end - 1) >> shift)
        out[fits] = first + (start[fits] >> shift)
        open_ &= ~fits
    return np.where(start < 0, 4680, out)


def _bytes(text: str) -> np.ndarray:
    return np.frombuffer(text.encode(), np.uint8)
