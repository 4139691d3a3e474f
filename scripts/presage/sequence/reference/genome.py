"""The genome: an indexed FASTA, and its bases as codes."""

import gzip
import io
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pysam
from pysam.utils import SamtoolsError

from presage.errors import UserError
from presage.sequence.reference.contigs import ContigMap, map_contigs, match_contigs

__all__ = ["ContigMap", "Genome", "contig_lengths", "encode", "map_contigs", "match_contigs", "prepare_fasta"]

_N = 4
_CHUNK = 1 << 24  # bp that are looked at in one go: a whole chromosome takes gigabytes
_CODES = np.full(256, _N, dtype=np.uint8)
for _code, _letters in enumerate(("Aa", "Cc", "Gg", "Tt")):
    _CODES[[ord(letter) for letter in _letters]] = _code


class Genome:
    """Random access to an indexed plain FASTA. Coordinates are 0-based half-open and may leave the contig (read as N).

    Attributes
    ----------
    path : Path
    lengths : dict of contig -> bp, in file order
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        try:
            self._fasta = pysam.FastaFile(str(path))
        except (OSError, ValueError) as error:
            raise UserError(path, f"cannot be opened as FASTA ({error})", "give a FASTA file with its .fai") from None
        self.lengths = dict(zip(self._fasta.references, self._fasta.lengths))
        self._unknown: dict[str, tuple[np.ndarray, np.ndarray]] = {}

    def codes(self, chrom: str, start: int, end: int) -> np.ndarray:
        """Bases of ``[start, end)`` as uint8 [end - start]: A C G T = 0..3, all else and all outside the contig = 4."""
        out = np.full(end - start, _N, dtype=np.uint8)
        left, right = max(start, 0), min(end, self.lengths[chrom])
        if left < right:
            out[left - start : right - start] = encode(self._letters(chrom, left, right))
        return out

    def masked(self, chrom: str, start: int, end: int) -> np.ndarray:
        """As :meth:`codes`, but soft-masked (lowercase) bases, the repeats of most genomes, are 4 as well."""
        out = np.full(end - start, _N, dtype=np.uint8)
        left, right = max(start, 0), min(end, self.lengths[chrom])
        if left < right:
            raw = np.frombuffer(self._letters(chrom, left, right).encode("ascii", "replace"), dtype=np.uint8)
            out[left - start : right - start] = np.where(raw >= ord("a"), _N, _CODES[raw])
        return out

    def unknown(self, chrom: str) -> tuple[np.ndarray, np.ndarray]:
        """Where a contig's bases are not A, C, G or T: (starts, ends), int64, sorted and disjoint. Looked up once."""
        if chrom not in self._unknown:
            length, flips, before = self.lengths[chrom], [np.zeros(0, np.int64)], False
            for start in range(0, length, _CHUNK):
                unknown = self.codes(chrom, start, min(start + _CHUNK, length)) == _N
                flips.append(start + np.flatnonzero(np.diff(unknown, prepend=before)))
                before = bool(unknown[-1])
            edges = np.concatenate([*flips, np.full(int(before), length)])
            self._unknown[chrom] = edges[::2], edges[1::2]
        return self._unknown[chrom]

    def close(self) -> None:
        """Close the file."""
        self._fasta.close()

    def _letters(self, chrom: str, left: int, right: int) -> str:
        """As many letters as asked for, or :class:`UserError`: the index leaves out blanks and control characters."""
        try:
            letters = self._fasta.fetch(chrom, left, right)
        except (ValueError, OSError):
            letters = ""
        if len(letters) != right - left:
            raise UserError(
                self.path, f"{chrom} holds bytes that are no letters ({left:,}-{right:,})", "give the genome as FASTA"
            )
        return letters


def encode(sequence: str | bytes) -> np.ndarray:
    """Letters as uint8 codes: A C G T (either case) = 0..3, anything else = 4."""
    raw = sequence.encode("ascii", "replace") if isinstance(sequence, str) else sequence
    return _CODES[np.frombuffer(raw, dtype=np.uint8)]


def prepare_fasta(source: str | Path, target: str | Path) -> Genome:
    """Copy ``source`` (plain, gzip or bgzip) to ``target`` as plain text, index it, and open it.

    Raises :class:`UserError` for a file that is no FASTA, is truncated, or cannot be indexed (lines of unequal length).
    """
    with _open(source) as text, Path(target).open("wb") as out:
        shutil.copyfileobj(text, out, 1 << 20)
    quiet = pysam.set_verbosity(0)
    try:
        pysam.faidx(str(target))
    except SamtoolsError as error:
        reason = str(error).strip().splitlines()[-1:] or ["no reason given"]
        raise UserError(source, f"cannot be indexed ({reason[0]})", "give each contig one line width") from None
    finally:
        pysam.set_verbosity(quiet)
    return Genome(target)


def contig_lengths(source: str | Path) -> dict[str, int]:
    """Contigs of a FASTA (plain, gzip or bgzip, no index needed) and their bp, in file order."""
    lengths: dict[str, int] = {}
    name = ""
    with _open(source) as text:
        for line in text:
            if line.startswith(b">"):
                name = line[1:].decode("utf-8", "replace").partition(" ")[0].split("\t")[0].strip()
                if not name or name in lengths:
                    raise UserError(source, f"has two contigs named {name!r}, or one without name", "name each once")
                lengths[name] = 0
            else:
                lengths[name] += len(line.rstrip())
    return lengths


@contextmanager
def _open(source: str | Path) -> "Iterator[io.BufferedReader[Any]]":
    """A FASTA's bytes, unzipped, with its problems told as :class:`UserError`."""
    try:
        with Path(source).open("rb") as raw:
            zipped = raw.peek(2)[:2] == b"\x1f\x8b"
            with io.BufferedReader(gzip.open(raw), 1 << 20) if zipped else raw as text:
                if text.peek(1)[:1] != b">":
                    raise UserError(source, "is not FASTA (its first character is not '>')", "give the genome as FASTA")
                yield text
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UserError(source, f"is truncated or corrupt ({error})", "download it again") from None
    except OSError as error:
        raise UserError(source, f"cannot be read ({error.strerror or error})", "correct the path") from None
