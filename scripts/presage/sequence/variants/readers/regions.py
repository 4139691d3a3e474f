"""BED: every single-base change of every base of the regions."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from presage.errors import UserError
from presage.sequence.contigs import map_contigs
from presage.sequence.genome import Genome
from presage.sequence.variants.alleles import Site, decode
from presage.sequence.variants.readers.vcf import open_text

_STRETCH = 10_000  # bp that are looked at in one go


class Region(NamedTuple):
    """Bases ``[start, end)`` of a contig, and the line that says so, from 1."""

    chrom: str
    start: int
    end: int
    line: int


def read_regions(path: str | Path, genome: Genome) -> Iterator[Site]:
    """Stream the three SNVs of each base, in the order of the regions.

    Regions that overlap give an allele more than once (a `duplicate`). A base that is N, the part of a region past its
    contig's end, and a contig that the genome lacks give one allele each that will be left out, and so is counted.

    Raises :class:`UserError` naming the line that is no region.
    """
    for region in regions(path):
        yield from _changes(region, genome)


def regions(path: str | Path) -> Iterator[Region]:
    """The regions of a BED file, streamed. Raises :class:`UserError` naming the line that is none."""
    number = 0
    try:
        with open_text(path) as lines:
            for number, line in enumerate(lines, 1):
                if not line.strip() or line.startswith(("#", "track", "browser")):
                    continue
                fields = line.rstrip("\r\n").split("\t")
                whole = len(fields) >= 3 and fields[1].isdigit() and fields[2].isdigit()
                if not whole or int(fields[1]) >= int(fields[2]):
                    raise UserError(f"{path} line {number}", "is not BED (chrom, start, end)", "repair the line")
                yield Region(fields[0], int(fields[1]), int(fields[2]), number)
    except FileNotFoundError:
        raise UserError(path, "does not exist", "correct the path of the variant set") from None
    except (EOFError, gzip.BadGzipFile, zlib.error, UnicodeDecodeError) as error:
        raise UserError(path, f"cannot be read after line {number} ({error})", "the file may be truncated") from None


def _changes(region: Region, genome: Genome) -> Iterator[Site]:
    given, start, end, record = region
    chrom = map_contigs([given], genome.lengths).names.get(given)
    if chrom is None:
        yield Site(given, start, "N", "N", record)
        return
    length = genome.lengths[chrom]
    if end > length:
        yield Site(given, max(start, length), "N", "N", record)
    for first in range(start, min(end, length), _STRETCH):
        bases = decode(genome.codes(chrom, first, min(end, length, first + _STRETCH)))
        for pos, ref in enumerate(bases, first):
            alts = "ACGT" if ref != "N" else "N"
            yield from (Site(given, pos, ref, alt, record) for alt in alts if alt != ref or ref == "N")
