"""The simulated genome: random sequence, genes with 2-3 exons, promoter and enhancer elements made of motif sites.

Each gene owns a stretch of sequence: its body, a promoter element at the TSS and two to four enhancers around it.
Core promoter, splice and polyadenylation signals are planted on the gene's strand, so that the sequence alone tells
where RNA lies. Coordinates are 0-based half-open.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from presage.worlds.genome.grammar import DECOYS, FACTORS, REPRESSOR, Motif

BASES = np.frombuffer(b"ACGT", np.uint8)
BACKGROUND = (0.29, 0.21, 0.21, 0.29)
ELEMENT_HALF = 72  # bp, sites of an element lie this close to its centre
_ACTIVATORS = [f for f in FACTORS if f != REPRESSOR]
# How often an element is mainly of one factor: the ubiquitous one most, the rare type's least.
_MAIN = np.array([{"UBI": 3.0, "RAF": 1.0}.get(f, 2.0) for f in _ACTIVATORS])
_CELL = 12  # bp, one site at most in each cell of an element
_CORE_PROMOTER, _POLYA, _DONOR, _ACCEPTOR = "TATAAAAGGCGCTCAGTCT", "AATAAAGTGTTGTG", "GTAAGTAT", "TTTCTTTCAG"


class Gene(NamedTuple):
    """A gene; exons ascend with the genome."""

    gene_id: str
    name: str
    chrom: str
    strand: str
    start: int
    end: int
    tss: int
    exon_starts: list[int]
    exon_ends: list[int]


class Element(NamedTuple):
    """A promoter or enhancer, planted for a gene."""

    chrom: str
    centre: int
    kind: str
    gene: str


class Site(NamedTuple):
    """A planted motif site; ``element`` is the number of its element."""

    motif: str
    decoy: bool
    chrom: str
    start: int
    end: int
    strand: str
    element: int


Row = TypeVar("Row", Gene, Element, Site)


@dataclass(frozen=True)
class Layout:
    """A genome with its genes, elements and planted sites: tables with the fields of the row types as columns."""

    sequence: dict[str, NDArray[np.uint8]]
    genes: pd.DataFrame
    elements: pd.DataFrame
    sites: pd.DataFrame
    motifs: list[Motif]


def rows(table: pd.DataFrame, kind: type[Row]) -> Iterator[Row]:
    """The rows of a table of a :class:`Layout`, typed."""
    columns = [table[name].tolist() for name in kind._fields]
    return (kind(*cells) for cells in zip(*columns))


def encode(text: str) -> NDArray[np.uint8]:
    """A C G T -> 0 1 2 3."""
    return np.searchsorted(BASES, np.frombuffer(text.encode(), np.uint8)).astype(np.uint8)


def decode(codes: NDArray[np.uint8]) -> str:
    """0 1 2 3 -> A C G T."""
    return BASES[codes].tobytes().decode()


def make_layout(
    chromosomes: dict[str, int], gene_spacing: int, motifs: list[Motif], rng: np.random.Generator
) -> Layout:
    """Draw a genome with ``gene_spacing`` bp between genes on average."""
    builder = _Builder(motifs, rng)
    for chrom, length in chromosomes.items():
        builder.chromosome(chrom, length, gene_spacing)
    return Layout(
        builder.sequence,
        pd.DataFrame(builder.genes),
        pd.DataFrame(builder.elements),
        pd.DataFrame(builder.sites),
        motifs,
    )


class _Builder:
    """Collects rows while chromosomes are drawn one after the other."""

    def __init__(self, motifs: list[Motif], rng: np.random.Generator) -> None:
        self.motifs = {m.name: m for m in motifs}
        self.rng = rng
        self.sequence: dict[str, NDArray[np.uint8]] = {}
        self.genes: list[Gene] = []
        self.elements: list[Element] = []
        self.sites: list[Site] = []

    def chromosome(self, chrom: str, length: int, spacing: int) -> None:
        self.sequence[chrom] = self.rng.choice(4, length, p=BACKGROUND).astype(np.uint8)
        start = 400
        while True:
            end = start + int(spacing * self.rng.uniform(0.85, 1.15))
            if end + 400 > length:
                break
            self._locus(chrom, start, end)
            start = end

    def _locus(self, chrom: str, start: int, end: int) -> None:
        """One gene with its elements inside [start, end)."""
        rng = self.rng
        strand = "+" if rng.random() < 0.5 else "-"
        exons = _exons(rng, strand)
        body = exons[-1][1]
        offset = start + int(rng.integers(450, end - start - body - 450))
        exons = [(a + offset, b + offset) for a, b in exons]
        gene = self._gene(chrom, strand, exons)
        tss, upstream = gene.tss, -1 if strand == "+" else 1
        centres = [tss + upstream * (ELEMENT_HALF + 6)]
        for _ in range(int(rng.integers(2, 5))):
            centre = self._free_centre(start + 100, end - 100, centres, exons)
            if centre is not None:
                centres.append(centre)
        main = str(rng.choice(_ACTIVATORS, p=_MAIN / _MAIN.sum()))
        for i, centre in enumerate(centres):
            own = main if rng.random() < 0.5 else str(rng.choice(_ACTIVATORS, p=_MAIN / _MAIN.sum()))
            self._element(chrom, centre, "enhancer" if i else "promoter", gene.gene_id, own)

    def _gene(self, chrom: str, strand: str, exons: list[tuple[int, int]]) -> Gene:
        start, end = exons[0][0], exons[-1][1]
        number = len(self.genes) + 1
        gene = Gene(
            gene_id=f"SIMG{number:011d}",
            name=f"SIM{number}",
            chrom=chrom,
            strand=strand,
            start=start,
            end=end,
            tss=start if strand == "+" else end - 1,
            exon_starts=[a for a, _ in exons],
            exon_ends=[b for _, b in exons],
        )
        self.genes.append(gene)
        self._signal(chrom, strand, gene.tss, _CORE_PROMOTER)
        self._signal(chrom, strand, end - 30 if strand == "+" else start + 29, _POLYA)
        for (_, left), (right, _) in pairwise(exons):
            donor, acceptor = (left, right) if strand == "+" else (right - 1, left - 1)
            sense = 1 if strand == "+" else -1
            self._signal(chrom, strand, donor, _DONOR)
            self._signal(chrom, strand, acceptor - sense * len(_ACCEPTOR), _ACCEPTOR)
        return gene

    def _signal(self, chrom: str, strand: str, first: int, text: str) -> None:
        """Write ``text`` on ``strand`` so that its first base lies at ``first``."""
        codes = encode(text)
        if strand == "+":
            self.sequence[chrom][first : first + len(codes)] = codes
        else:
            self.sequence[chrom][first - len(codes) + 1 : first + 1] = 3 - codes[::-1]

    def _free_centre(self, low: int, high: int, taken: list[int], exons: list[tuple[int, int]]) -> int | None:
        for _ in range(40):
            centre = int(self.rng.integers(low, high))
            apart = all(abs(centre - other) > 2 * ELEMENT_HALF + 80 for other in taken)
            clear = all(centre + ELEMENT_HALF + 20 <= a or centre - ELEMENT_HALF - 20 >= b for a, b in exons)
            if apart and clear:
                return centre
        return None

    def _element(self, chrom: str, centre: int, kind: str, gene_id: str, main: str) -> None:
        """Three to six sites, mostly of ``main``, at times a repressor, and decoys; one in eight has decoys only."""
        rng = self.rng
        number = len(self.elements)
        self.elements.append(Element(chrom, centre, kind, gene_id))
        second, third = (str(f) for f in rng.choice(_ACTIVATORS, 2))
        active = 0 if rng.random() < 0.125 else int(rng.integers(3, 7))
        names = [str(n) for n in rng.choice([main, second, third], active, p=[0.7, 0.2, 0.1])]
        names += [REPRESSOR] * int(active > 0 and rng.random() < 0.35)
        names += [str(n) for n in rng.choice(DECOYS, 1 + int(rng.integers(0, 2)) + 2 * (active == 0))]
        cells = rng.choice(2 * ELEMENT_HALF // _CELL, len(names), replace=False)
        for name, cell in zip(names, cells):
            motif = self.motifs[name]
            start = centre - ELEMENT_HALF + _CELL * int(cell) + int(rng.integers(0, _CELL - motif.width + 1))
            strand = "+" if rng.random() < 0.5 else "-"
            self._signal(chrom, strand, start if strand == "+" else start + motif.width - 1, decode(motif.sample(rng)))
            self.sites.append(Site(name, motif.decoy, chrom, start, start + motif.width, strand, number))


def _exons(rng: np.random.Generator, strand: str) -> list[tuple[int, int]]:
    """Two or three exons from 0 on, ascending; the 3' one is the longest, every inner one outlasts a read."""
    lengths = [int(rng.integers(150, 251)), int(rng.integers(205, 361))]
    if rng.random() < 0.6:
        lengths.insert(1, int(rng.integers(110, 181)))
    if strand == "-":
        lengths.reverse()
    exons, at = [], 0
    for length in lengths:
        exons.append((at, at + length))
        at += length + int(rng.integers(150, 301))
    return exons


def fasta_lines(sequence: dict[str, NDArray[np.uint8]]) -> list[str]:
    """A FASTA with 60 bases a line."""
    lines = []
    for chrom, codes in sequence.items():
        text = decode(codes)
        lines += [f">{chrom}", *(text[i : i + 60] for i in range(0, len(text), 60))]
    return lines


def gtf_lines(genes: pd.DataFrame) -> list[str]:
    """GENCODE-like lines (1-based, closed): gene, transcript and exons of each gene, with versioned identifiers."""
    lines = ["##description: simulated genome of presage", "##format: gtf"]
    for gene in rows(genes, Gene):
        own = f'gene_id "{gene.gene_id}.1"; '
        name = f'gene_type "protein_coding"; gene_name "{gene.name}";'
        transcript = f'transcript_id "{gene.gene_id.replace("SIMG", "SIMT")}.1"; '
        exons = list(zip(gene.exon_starts, gene.exon_ends))
        features = [("gene", (gene.start, gene.end), own + name)]
        features.append(("transcript", (gene.start, gene.end), own + transcript + name))
        for number, exon in enumerate(exons if gene.strand == "+" else exons[::-1], start=1):
            features.append(("exon", exon, f"{own}{transcript}{name} exon_number {number};"))
        for feature, (start, end), attributes in features:
            lines.append(f"{gene.chrom}\tpresage\t{feature}\t{start + 1}\t{end}\t.\t{gene.strand}\t.\t{attributes}")
    return lines
