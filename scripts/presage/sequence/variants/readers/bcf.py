"""BCF: the shared part of each record up to its alleles. The part that holds genotypes is skipped unread.

Layout as in the VCF specification, version 4.3, section 6 (BCF2). pysam would do but for one thing: its
``drop_samples`` has no effect on BCF (0.24), so sample names and genotypes would be in memory.
"""

import re
import struct
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import BinaryIO

from presage.errors import UserError
from presage.sequence.variants.alleles import Site
from presage.sequence.variants.readers.text import named, opened, spelled

_CONTIG = re.compile(r"##contig=<(?:[^>]*?,)?ID=([^,>]+)")
_IDX = re.compile(r"[<,]IDX=(\d+)")
_INTEGER = {1: "<b", 2: "<h", 3: "<i"}  # types of BCF2 -> struct
_CHAR = 7
_PIECE = 1 << 16  # bytes


def read_bcf(path: str | Path) -> Iterator[Site]:
    """Stream the ALT alleles of a BCF (bgzip or plain).

    Raises :class:`UserError` naming the record when the file is missing, truncated or not a BCF.
    """
    with opened(path) as file:
        if file.read(3) != b"BCF" or len(rest := file.read(6)) < 6:
            raise UserError(path, "is not a BCF (its first bytes are not BCF2's)", "give a BCF")
        contigs = _contigs(_take(file, int.from_bytes(rest[2:], "little")))
        for record in count(1):
            sizes = file.read(8)
            if not sizes:
                return
            try:
                shared, own = struct.unpack("<II", sizes)
                block = _take(file, shared)
                _skip(file, own)
                chrom, pos = struct.unpack_from("<ii", block)
                known_as, (ref, *alts) = _alleles(block)
                name = contigs[chrom]
            except (struct.error, EOFError, IndexError, KeyError, ValueError):
                raise UserError(f"{path} record {record}", "is damaged or cut off", "copy the file again") from None
            for alt in alts or ["."]:
                yield Site(name, pos, ref.upper(), spelled(alt), record, named(known_as))


def _take(file: BinaryIO, size: int) -> bytes:
    return b"".join(_pieces(file, size))


def _skip(file: BinaryIO, size: int) -> None:
    for _ in _pieces(file, size):
        pass


def _pieces(file: BinaryIO, size: int) -> Iterator[bytes]:
    """In pieces, as a damaged file may announce gigabytes, for which the memory would be asked first."""
    for left in range(size, 0, -_PIECE):
        data = file.read(min(left, _PIECE))
        if len(data) < min(left, _PIECE):
            raise EOFError("a record passes the end")
        yield data


def _contigs(header: bytes) -> dict[int, str]:
    """Number -> contig: in the order of the header's lines, unless these carry their own numbers."""
    found: dict[int, str] = {}
    for line in header.decode("utf-8", "replace").splitlines():
        if name := _CONTIG.match(line):
            own = _IDX.search(line)
            found[int(own[1]) if own else len(found)] = name[1]
    return found


def _alleles(block: bytes) -> tuple[str, list[str]]:
    """ID, and REF with the ALT alleles, of a record's shared part."""
    number = struct.unpack_from("<H", block, 18)[0]
    known_as, at = _text(block, 24)
    alleles = []
    for _ in range(number):
        text, at = _text(block, at)
        alleles.append(text)
    return known_as, alleles


def _text(block: bytes, at: int) -> tuple[str, int]:
    """A typed string and the offset behind it. The high half of its first byte is the length; 15: a number follows."""
    length, kind, at = block[at] >> 4, block[at] & 15, at + 1
    if length == 15:
        code = _INTEGER[block[at] & 15]
        length, at = struct.unpack_from(code, block, at + 1)[0], at + 1 + struct.calcsize(code)
    if (kind != _CHAR and length) or at + length > len(block):
        raise ValueError("no text")
    return block[at : at + length].rstrip(b"\0").decode("utf-8", "replace"), at + length
