"""Genes: GTF files of GENCODE, Ensembl, NCBI (RefSeq) and UCSC to one table with one locus a gene."""

import gzip
import io
import re
import zlib
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple, TextIO, cast

import numpy as np
import pandas as pd

from presage import tables
from presage.errors import UserError
from presage.sequence.reference import folds
from presage.sequence.reference.assemblies import chromosome
from presage.sequence.reference.contigs import ContigMap, map_contigs, match_contigs
from presage.sequence.reference.intervals import merge

_FARTHEST = 1 << 62  # bp; what no genome has and no column of numbers holds
MAX_INTRON = 2_000_000  # bp; the longest known introns of man and mouse are about 1.2 Mb

# A value may carry no quotes, or several (GTFs that went through a spreadsheet or R).
_GENE_ID = re.compile(r'\bgene_id\s+"*([^";]+)')
_NAME = re.compile(r'(?:^|;)\s*gene_name\s+"*([^";]+)')
_SYMBOL = re.compile(r'(?:^|;)\s*gene\s+"*([^";]+)')  # NCBI's
_VERSION = re.compile(r"^(ENS[A-Z]*GR?\d+)\.\d+(?:_\d+)?")  # with the suffix of GENCODE's lifted annotations
_PAR_Y = re.compile(r"_PAR_Y$|^ENSGR\d")  # GENCODE's copy on Y of a pseudoautosomal gene, newer and older spelling
_DUPLICATE = re.compile(r"_dup\d+$")  # UCSC's further alignments of one transcript, where it stands for the gene
_ALTERNATE = re.compile(r"_(alt|fix|hap\d+)$")  # other haplotypes and patches, by UCSC's names

_Place = tuple[str, str]  # contig and strand


class _Locus(NamedTuple):
    """Where a gene lies: merged exons, int64 [exons]; ``chrom`` as the genome spells it."""

    chrom: str
    strand: str
    starts: np.ndarray
    ends: np.ndarray


def read_genes(path: str | Path, lengths: Mapping[str, int]) -> tuple[pd.DataFrame, dict[str, int]]:
    """Genes of a GTF as the genes table (``fold`` = outside), sorted by position, and what was left out by reason.

    A gene's exons are the union of its ``exon`` lines, its body their span, its TSS the outermost base in transcription
    direction. GTF's 1-based closed intervals become 0-based half-open. Identifiers are unique: versions are cut, and of
    a gene on several contigs, on both strands, or with parts more than 2 Mb apart (UCSC aligns a transcript wherever it
    fits) the locus with most exon bases is kept, on an alternate haplotype only where there is no other.

    Left out: genes on contigs that the genome lacks (``genes_not_in_genome``) or past a contig's end
    (``genes_beyond_contig``), copies on Y of genes that X has too (``genes_par_y``: pseudoautosomal, the same sequence
    twice), and further loci of a gene that is kept (``gene_copies``, counted by locus).

    Raises :class:`UserError` for an exon line without ``gene_id`` (a GFF3 file has none), without strand or with a bad
    interval, and when no contig matches the genome.
    """
    names, found, dropped = _exons(path)
    contigs = _contigs(path, [place[0] for places in found.values() for place in places], lengths)
    left_out = Counter(genes_not_in_genome=0, genes_beyond_contig=0, genes_par_y=dropped, gene_copies=0)
    order = {name: i for i, name in enumerate(lengths)}
    rows = []
    for gene, places in found.items():
        locus, why = _one_locus(places, contigs.names, lengths, order)
        left_out.update(why)
        if locus:
            chrom, strand, starts, ends = locus
            tss = int(starts[0]) if strand == "+" else int(ends[-1]) - 1
            body = int(starts[0]), int(ends[-1])
            rows.append((gene, names[gene], chrom, *body, strand, tss, starts, ends, folds.OUTSIDE))
    rows.sort(key=lambda row: (order[row[2]], row[3], row[4], row[0]))
    return pd.DataFrame(rows, columns=list(tables.SCHEMAS["genes"].names)), dict(left_out)


def _exons(path: str | Path) -> tuple[dict[str, str], dict[str, dict[_Place, "array[int]"]], int]:
    """Symbols and exons by gene, and the number of genes that are named as a copy on Y.

    Exons of a (contig, strand) lie in one flat array, start and end in turn: a GTF of GENCODE has 1.6 million of them.
    """
    names: dict[str, str] = {}
    found: dict[str, dict[_Place, array[int]]] = {}
    known: dict[str, str] = {}  # identifier as written -> as kept
    par_y, empty = set(), True
    for number, chrom, start, end, strand, attributes in _exon_lines(path):
        match = _GENE_ID.search(attributes)
        if not match:
            todo = "GFF3 must be converted to GTF" if "=" in attributes else "add it"
            raise UserError(f"{path} line {number}", "an exon has no gene_id", todo)
        if strand not in ("+", "-") or not 0 <= start < end < _FARTHEST:
            raise UserError(f"{path} line {number}", "an exon has no strand or a bad interval", "correct the line")
        empty = False
        written = match[1]
        gene = known.get(written)
        if gene is None:
            gene = known[written] = _DUPLICATE.sub("", _VERSION.sub(r"\1", written))
            if _PAR_Y.search(gene):
                par_y.add(gene)
            elif gene not in names:
                symbol = _NAME.search(attributes) or _SYMBOL.search(attributes)
                names[gene] = symbol[1] if symbol else gene
        if gene not in par_y:
            found.setdefault(gene, {}).setdefault((chrom, strand), array("q")).extend((start, end))
    if empty:
        raise UserError(path, "has no exon lines", "give a GTF with exons")
    return names, found, len(par_y)


def _contigs(path: str | Path, names: list[str], lengths: Mapping[str, int]) -> ContigMap:
    names = list(dict.fromkeys(names))
    if names and not map_contigs(names, lengths).names:
        raise UserError(path, f"no contig matches the genome's ({names[0]} ...)", "give the genome's own GTF")
    return match_contigs(path, dict.fromkeys(names), lengths) if names else ContigMap({})


def _one_locus(
    places: Mapping[_Place, "array[int]"],
    contigs: Mapping[str, str],
    lengths: Mapping[str, int],
    order: Mapping[str, int],
) -> tuple[_Locus | None, dict[str, int]]:
    """The locus of a gene that is kept, if any, and why others are not."""
    there = {place: exons for place, exons in places.items() if place[0] in contigs}
    if not there:
        return None, {"genes_not_in_genome": 1}
    par = {"X", "Y"} <= {chromosome(place[0]) for place in there}
    if par:
        there = {place: exons for place, exons in there.items() if chromosome(place[0]) != "Y"}
    loci = [locus for place, exons in there.items() for locus in _loci(contigs[place[0]], place[1], exons)]
    inside = [locus for locus in loci if locus.ends[-1] <= lengths[locus.chrom]]
    if not inside:
        return None, {"genes_par_y": int(par), "genes_beyond_contig": 1}
    # Equal copies: the first along the genome, so that the order of lines does not matter.
    best = min(
        inside,
        key=lambda x: (
            bool(_ALTERNATE.search(x.chrom)),
            -int((x.ends - x.starts).sum()),
            order[x.chrom],
            int(x.starts[0]),
            x.strand,
        ),
    )
    copies = len(loci) - 1 + len({place[0] for place in places if place[0] not in contigs})
    return best, {"genes_par_y": int(par), "gene_copies": copies}


def _loci(chrom: str, strand: str, exons: "array[int]") -> list[_Locus]:
    """The loci that exons on one strand of a contig make: parted where no exon lies for more than ``MAX_INTRON``."""
    starts, ends = merge(np.frombuffer(exons, dtype=np.int64).reshape(-1, 2))
    if len(starts) == 1 or starts[-1] - ends[0] <= MAX_INTRON:
        return [_Locus(chrom, strand, starts, ends)]
    cuts = np.flatnonzero(starts[1:] - ends[:-1] > MAX_INTRON) + 1
    return [_Locus(chrom, strand, *part) for part in zip(np.split(starts, cuts), np.split(ends, cuts))]


def _exon_lines(path: str | Path) -> Iterator[tuple[int, str, int, int, str, str]]:
    """(line number, chrom, start, end, strand, attributes) of each exon; 0-based half-open."""
    with _open_text(path) as lines:
        for number, line in enumerate(lines, start=1):
            if "\texon\t" not in line and (line.count("\t") >= 8 or line.startswith("#") or not line.strip()):
                continue  # genes, transcripts and coding parts are half of the lines
            if line.startswith("#"):
                continue
            fields = line.rstrip("\n").split("\t")
            if len(fields) < 9:
                raise UserError(f"{path} line {number}", f"has {len(fields)} columns of 9", "give a GTF file")
            if fields[2] == "exon":
                try:
                    start, end = int(fields[3]) - 1, int(fields[4])
                except ValueError:
                    raise UserError(
                        f"{path} line {number}", "start and end are no numbers", "give a GTF file"
                    ) from None
                yield number, fields[0], start, end, fields[6], fields[8]


@contextmanager
def _open_text(path: str | Path) -> Iterator[TextIO]:
    """A text file, plain or gzipped, any line ends, with its problems told as :class:`UserError`."""
    try:
        with Path(path).open("rb") as raw:
            zipped = raw.peek(2)[:2] == b"\x1f\x8b"
            with gzip.open(raw) if zipped else raw as stream:
                yield io.TextIOWrapper(cast(BinaryIO, stream), encoding="utf-8")
    except (EOFError, zlib.error, gzip.BadGzipFile, UnicodeDecodeError) as error:
        raise UserError(path, f"is truncated or no text ({error})", "download it again") from None
    except OSError as error:
        raise UserError(path, f"cannot be read ({error.strerror or error})", "correct the path") from None
