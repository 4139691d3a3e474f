"""The genome: an indexed FASTA, bases as codes, and contig names matched between files that spell them differently."""

import gzip
import io
import shutil
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pysam

from presage.errors import UserError

_N = 4
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

    def codes(self, chrom: str, start: int, end: int) -> np.ndarray:
        """Bases of ``[start, end)`` as uint8 [end - start]: A C G T = 0..3, all else and all outside the contig = 4."""
        out = np.full(end - start, _N, dtype=np.uint8)
        left, right = max(start, 0), min(end, self.lengths[chrom])
        if left < right:
            out[left - start : right - start] = encode(self._fasta.fetch(chrom, left, right))
        return out

    def close(self) -> None:
        """Close the file."""
        self._fasta.close()


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
    except pysam.SamtoolsError as error:
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
                name = line[1:].split(None, 1)[0].decode()
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


@dataclass(frozen=True)
class ContigMap:
    """Contig names of a file -> names of the reference, and what is not in it.

    Attributes
    ----------
    names : dict of file name -> reference name, in file order
    renamed : the part of ``names`` where the two differ (chr1 and 1, MT and chrM)
    missing : names of the file that the reference lacks, or that could be either of two contigs
    """

    names: dict[str, str]
    renamed: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)


def map_contigs(names: Iterable[str], reference: Iterable[str]) -> ContigMap:
    """Match contigs by name, else by name without ``chr`` and with M = MT, where that is unambiguous on both sides."""
    names, reference = list(names), list(reference)
    exact = set(names) & set(reference)
    ours = _by_alias(name for name in names if name not in exact)
    theirs = _by_alias(name for name in reference if name not in exact)
    renamed = {
        found[0]: theirs[alias][0]
        for alias, found in ours.items()
        if len(found) == 1 and len(theirs.get(alias, [])) == 1
    }
    mapped = {name: renamed.get(name, name) for name in names if name in exact or name in renamed}
    return ContigMap(mapped, renamed, [name for name in names if name not in mapped])


def match_contigs(where: str | Path, lengths: Mapping[str, int | None], reference: Mapping[str, int]) -> ContigMap:
    """As :func:`map_contigs`, for a file whose contig lengths are known (or None).

    Raises :class:`UserError` when nothing matches, or when a contig that matches by name has another length: then the
    file belongs to another genome.
    """
    found = map_contigs(lengths, reference)
    if not found.names:
        shown = f"{', '.join(list(lengths)[:3])} ... against {', '.join(list(reference)[:3])} ..."
        raise UserError(where, f"no contig name matches the genome's ({shown})", "give the genome it was made with")
    for name, target in found.names.items():
        length = lengths[name]
        if length is not None and length != reference[target]:
            raise UserError(
                where,
                f"contig {name} is {length:,} bp here and {reference[target]:,} bp in the genome",
                "give the genome it was made with (hg19 is not hg38)",
            )
    return found


def _by_alias(names: Iterable[str]) -> dict[str, list[str]]:
    out: dict[str, list[str]] = {}
    for name in names:
        out.setdefault(_alias(name), []).append(name)
    return out


def _alias(name: str) -> str:
    """``chr1`` -> ``1``, ``chrM`` -> ``MT``: the part of a contig name that UCSC and Ensembl share."""
    bare = name[3:] if name[:3].lower() == "chr" and len(name) > 3 else name
    return "MT" if bare in ("M", "MT") else bare
