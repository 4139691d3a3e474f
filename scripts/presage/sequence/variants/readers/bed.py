"""BED: regions of which every substitution is scored."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

from presage.errors import UserError
from presage.sequence.reference.contigs import map_contigs
from presage.sequence.reference.genome import Genome
from presage.sequence.variants.alleles import Site, decode
from presage.sequence.variants.order import in_order
from presage.sequence.variants.readers.text import numbered

_CHUNK = 1 << 16  # bp that are looked at in one go
_UNKNOWN = "N"


def read_bed(path: str | Path, genome: Genome) -> Iterator[Site]:
    """Stream the three substitutions of every base of the regions, contig by contig in the order of positions.

    A base in several regions is given once, for the first of them along the contig. A stretch that has no bases to
    change (N, past the contig's end, a contig that the genome lacks) is given as one allele N to N at its start, so
    that it is dropped and counted once.

    Raises :class:`UserError` naming the line when the file is missing, damaged or not BED.
    """
    contigs: dict[str, str | None] = {}
    for name, start, end, record in regions(path):
        if name not in contigs:
            contigs[name] = map_contigs([name], genome.lengths).names.get(name)
        chrom, last = contigs[name], start
        if chrom is not None:
            last = max(start, min(end, genome.lengths[chrom]))
            yield from _substitutions(name, start, _bases(genome, chrom, start, last), record)
        if last < end:
            yield Site(name, last, _UNKNOWN, _UNKNOWN, record)


def regions(path: str | Path) -> Iterator[tuple[str, int, int, int]]:
    """(contig, start, end, record) of disjoint, not empty regions, sorted by the contig's name and start."""
    for _, group in groupby(in_order(_lines(path)), key=lambda region: region[0]):
        reach = 0
        for name, start, end, record in group:
            if end > max(start, reach):
                yield name, max(start, reach), end, record
            reach = max(reach, end)


def _lines(path: str | Path) -> Iterator[tuple[str, int, int, int]]:
    record = 0
    for number, line in numbered(path):
        fields = line.split(None, 3)[:3]
        if not fields or fields[0].startswith("#") or fields[0] in ("track", "browser"):
            continue
        record += 1
        if len(fields) < 3 or not all(text.isascii() and text.isdigit() and len(text) < 19 for text in fields[1:]):
            raise UserError(f"{path} line {number}", "is not BED (chrom, start, end)", "repair the file")
        start, end = int(fields[1]), int(fields[2])
        if end < start:
            raise UserError(f"{path} line {number}", f"ends at {end}, before its start", "repair the file")
        yield fields[0], start, end, record


def _bases(genome: Genome, chrom: str, start: int, end: int) -> Iterator[str]:
    for low in range(start, end, _CHUNK):
        yield from decode(genome.codes(chrom, low, min(low + _CHUNK, end)))


def _substitutions(name: str, first: int, bases: Iterable[str], record: int) -> Iterator[Site]:
    """Every change of ``bases``, which begin at ``first``; one N to N for a run of unknown bases."""
    known = True
    for pos, base in enumerate(bases, first):
        if base != _UNKNOWN:
            yield from (Site(name, pos, base, alt, record) for alt in "ACGT" if alt != base)
        elif known:
            yield Site(name, pos, _UNKNOWN, _UNKNOWN, record)
        known = base != _UNKNOWN
