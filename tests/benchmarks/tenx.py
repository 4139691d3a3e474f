"""Simulated 10x data that cost what real data cost: reads as Cell Ranger 3' v3 leaves them, and ATAC fragments.

Nothing here is real. What a reader's time depends on is kept near real files: fields, tags and their order, entropy of
names and qualities, heavy-tailed cells and genes, PCR copies, spliced and clipped reads, reads that are to be refused.
The genome has GRCh38's proportions at a twentieth of its size.
"""

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from tests.benchmarks.toy_genome import (
    Genes,
    contig_lengths,
    random_bases,
    random_genes,
    write_fasta,
    write_gtf,
)

SCALE, GENES, CELLS, TYPES = 20.0, 3000, 3000, 20
REMOVED, AMBIENT = 800, 60_000  # barcodes of cells that lack a label, and of empty droplets
LENGTH = 91
UNMAPPED, MULTIMAPPED = 0.08, 0.04
COPIES = 3.0  # mean reads of a molecule
EXON, INTRON, ANTISENSE, INTERGENIC, MULTI, NOWHERE = range(6)  # where a molecule comes from
_SHARES = (0.62, 0.22, 0.03, 0.09, MULTIMAPPED)


@dataclass(frozen=True)
class World:
    """What the reads of one seed have in common."""

    lengths: dict[str, int]
    bases: dict[str, np.ndarray]
    genes: Genes
    barcodes: np.ndarray  # uint8 [barcodes, 18], labelled cells first
    cell_type: np.ndarray  # int [labelled cells]

    @property
    def types(self) -> list[str]:
        """Cell type of each labelled cell."""
        return [f"type_{number:02d}" for number in self.cell_type]


@dataclass(frozen=True)
class Alignments:
    """Alignments in file order, each array [alignments]; unplaced reads (contig -1) last.

    ``lead``, ``tail``: clipped bases; ``cut``: read bases before an intron, deletion (``gap`` bp) or inserted base
    (``gap`` -1), 0 without.
    """

    contig: np.ndarray
    position: np.ndarray
    minus: np.ndarray
    mapq: np.ndarray
    secondary: np.ndarray
    lead: np.ndarray
    tail: np.ndarray
    cut: np.ndarray
    gap: np.ndarray
    origin: np.ndarray
    gene: np.ndarray
    along: np.ndarray  # position in the transcript
    barcode: np.ndarray  # -1: none was recognised
    umi: np.ndarray
    no_umi: np.ndarray
    xf: np.ndarray

    def __len__(self) -> int:
        return len(self.contig)

    def take(self, rows: np.ndarray) -> "Alignments":
        return Alignments(*(getattr(self, field.name)[rows] for field in fields(self)))


def make_world(seed: int = 0, scale: float = SCALE, genes: int = GENES) -> World:
    """Genome, genes, barcodes and cell types."""
    rng = np.random.default_rng([seed, 1])
    lengths = contig_lengths(scale)
    numbers = _distinct(rng)
    barcodes = np.concatenate([letters(numbers, 16), np.tile(np.frombuffer(b"-1", np.uint8), (len(numbers), 1))], 1)
    weights = np.geomspace(30, 1, TYPES)
    kinds = np.concatenate([np.arange(TYPES), rng.choice(TYPES, CELLS - TYPES, p=weights / weights.sum())])
    return World(lengths, random_bases(lengths, seed), random_genes(lengths, genes, seed), barcodes, kinds)


def write_world(folder: Path, world: World) -> None:
    """``genome.fa``, ``genes.gtf`` and ``labels.tsv``."""
    folder.mkdir(parents=True, exist_ok=True)
    write_fasta(folder / "genome.fa", world.bases)
    write_gtf(folder / "genes.gtf", world.genes, list(world.lengths))
    rows = zip(world.barcodes[:CELLS], world.types)
    text = "".join(f"{barcode.tobytes().decode()}\t{kind}\n" for barcode, kind in rows)
    (folder / "labels.tsv").write_text("barcode\tcell_type\n" + text)


# ---- which reads there are -------------------------------------------------------------------------------------


def simulate(world: World, reads: int, rng: np.random.Generator) -> Alignments:
    """Molecules of cells and genes, copied, fragmented and aligned; sorted."""
    unplaced = int(reads * UNMAPPED)
    copies = rng.geometric(1 / COPIES, int(1.1 * reads / COPIES) + 100)
    molecule = np.repeat(np.arange(len(copies)), copies)[: reads - unplaced]
    barcode, gene = _molecules(world, len(copies), rng)
    origin = rng.choice(len(_SHARES), len(copies), p=np.array(_SHARES) / sum(_SHARES))
    origin[(origin == INTRON) & (np.diff(world.genes.first_exon)[gene] == 1)] = EXON
    umi = rng.integers(0, 4**12, len(copies))
    place = _place(world, origin, gene, molecule, rng)
    n = len(molecule)
    where = origin[molecule]
    multi = where == MULTI
    seen = np.where(rng.random(n) < 0.03, -1, barcode[molecule])
    no_umi = (rng.random(n) < 0.005) | (seen < 0)
    rows = Alignments(
        **place,
        mapq=np.where(multi, rng.choice([3, 1, 0], n, p=[0.6, 0.25, 0.15]), 255),
        secondary=np.zeros(n, bool),
        origin=where,
        gene=np.where(where == INTERGENIC, -1, gene[molecule]),
        barcode=seen,
        umi=umi[molecule],
        no_umi=no_umi,
        xf=_xf(molecule, where <= INTRON, ~no_umi, rng),
    )
    again = rows.take(np.flatnonzero(multi))  # the other place of each read that has two
    other = _place(world, np.full(len(copies), INTERGENIC), gene, molecule[multi], rng)
    again = Alignments(
        **{f.name: getattr(again, f.name) for f in fields(again)} | other | {"secondary": np.ones(len(again), bool)}
    )
    nowhere = _unplaced(barcode[rng.integers(0, len(copies), unplaced)], rng)
    parts = [rows, again, nowhere]
    whole = Alignments(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(rows)))
    key = np.where(whole.contig < 0, 1 << 40, whole.contig.astype(np.int64) << 32 | whole.position)
    return whole.take(np.argsort(key, kind="stable"))


def draw_barcodes(number: int, rng: np.random.Generator) -> np.ndarray:
    """Barcode of each molecule: most in labelled cells, the rest in cells that were removed and in empty droplets."""
    parts = ((CELLS, 0.7, 0.82), (REMOVED, 0.7, 0.07), (AMBIENT, 1.2, 0.11))  # barcodes, spread, share
    sizes = [rng.lognormal(0, spread, many) for many, spread, _ in parts]
    size = np.concatenate([share * part / part.sum() for part, (*_, share) in zip(sizes, parts)])
    return np.searchsorted(np.cumsum(size)[:-1], rng.random(number))


def _molecules(world: World, number: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """(barcode, gene) of each molecule: both heavy-tailed, each cell type with genes of its own."""
    barcode = draw_barcodes(number, rng)
    level = rng.lognormal(0, 1.8, len(world.genes))
    mito = world.genes.contig == len(world.lengths) - 1
    level[mito] = 0.04 / 0.96 * level[~mito].sum() / mito.sum()
    kind = np.append(world.cell_type, np.full(REMOVED + AMBIENT, TYPES))[barcode]
    gene = np.empty(number, np.int64)
    for which in range(TYPES + 1):
        here = np.flatnonzero(kind == which)
        own = level * (rng.lognormal(0, 0.7, len(level)) if which < TYPES else 1)
        gene[here] = np.searchsorted(np.cumsum(own / own.sum())[:-1], rng.random(len(here)))
    return barcode, gene


def _place(
    world: World, origin: np.ndarray, gene: np.ndarray, molecule: np.ndarray, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Where each read lies. Copies of a molecule begin at places of their own: they are fragmented after the PCR."""
    genes, n = world.genes, len(molecule)
    g, where = gene[molecule], origin[molecule]
    apart = rng.gamma(2, 150, n).astype(np.int64)
    cut, gap, lead, tail = (np.zeros(n, np.int64) for _ in range(4))
    # Along the spliced transcript, from its 3' end; some molecules were primed further inside.
    first, last = genes.first_exon[g], genes.first_exon[g + 1]
    length = genes.spliced[last] - genes.spliced[first]
    inside = np.where(rng.random(len(gene)) < 0.25, rng.random(len(gene)), 0)[molecule]
    away = np.clip((inside * length / 2).astype(np.int64) + apart, 0, length - LENGTH)
    along = genes.spliced[first] + np.where(genes.minus[g], away, length - LENGTH - away)
    exon = np.searchsorted(genes.spliced, along, side="right") - 1
    position = genes.exon_start[exon] + along - genes.spliced[exon]
    left = genes.exon_end[exon] - position
    spliced = left < LENGTH
    cut[spliced] = left[spliced]
    gap[spliced] = genes.exon_start[exon[spliced] + 1] - genes.exon_end[exon[spliced]]
    contig, minus = genes.contig[g].astype(np.int64), genes.minus[g] != (where == ANTISENSE)
    # In an intron, at an A-rich place of the molecule's own.
    rows = np.flatnonzero(where == INTRON)
    pick = rng.random((2, len(gene)))[:, molecule[rows]]
    intron = first[rows] + (pick[0] * (last - first - 1)[rows]).astype(np.int64)
    begin, end = genes.exon_end[intron], genes.exon_start[np.minimum(intron + 1, len(genes.exon_start) - 1)]
    at = begin + (pick[1] * (end - begin)).astype(np.int64) + np.where(minus[rows], 1, -1) * apart[rows]
    position[rows] = np.clip(at, genes.exon_start[first[rows]], genes.exon_end[last[rows] - 1] - LENGTH)
    # Anywhere.
    rows = np.flatnonzero(where == INTERGENIC)
    sizes = np.array(list(world.lengths.values()))
    pick = rng.random((3, len(gene)))[:, molecule[rows]]
    contig[rows] = np.searchsorted(np.cumsum(sizes / sizes.sum())[:-1], pick[0])
    position[rows] = (pick[1] * (sizes[contig[rows]] - 1000)).astype(np.int64) + apart[rows] % 400
    minus[rows] = pick[2] < 0.5
    cut[(where == INTRON) | (where == INTERGENIC)] = 0
    # What the aligner does at odd ends: clips, inserted and deleted bases. Spliced reads are left alone.
    whole = cut == 0
    odd = rng.random(n)
    clip = np.minimum(rng.geometric(0.1, n), 40)
    lead[whole & (odd < 0.04)] = clip[whole & (odd < 0.04)]
    tail[whole & (odd >= 0.04) & (odd < 0.08)] = clip[whole & (odd >= 0.04) & (odd < 0.08)]
    indel = whole & (odd >= 0.08) & (odd < 0.09)
    cut[indel] = rng.integers(15, LENGTH - 15, int(indel.sum()))
    gap[~spliced | (cut == 0)] = 0
    gap[indel] = np.where(rng.random(int(indel.sum())) < 0.5, 1, -1)
    position = np.minimum(position + lead, sizes[contig] - LENGTH - 2 - np.maximum(gap, 0))
    return {
        "contig": contig,
        "position": position,
        "minus": minus,
        "lead": lead,
        "tail": tail,
        "cut": cut,
        "gap": gap,
        "along": along - genes.spliced[first],
    }


def _xf(molecule: np.ndarray, in_gene: np.ndarray, tagged: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Cell Ranger's xf: 17 confidently in a gene, 25 for one read of each such molecule, 19 of low support, else 0."""
    xf = np.where(in_gene, 17, 0)
    rows = np.flatnonzero(in_gene & tagged)
    which, first = np.unique(molecule[rows], return_index=True)
    xf[rows[first]] = 25
    weak = np.zeros(molecule.max(initial=0) + 1, bool)
    weak[which[rng.random(len(which)) < 0.02]] = True
    xf[rows[weak[molecule[rows]]]] = 19
    return xf


def _unplaced(barcode: np.ndarray, rng: np.random.Generator) -> Alignments:
    n = len(barcode)
    columns = {f.name: np.zeros(n, np.int64) for f in fields(Alignments)}
    no = np.zeros(n, bool)
    return Alignments(
        **columns
        | {
            "contig": np.full(n, -1),
            "position": np.full(n, -1),
            "origin": np.full(n, NOWHERE),
            "gene": np.full(n, -1),
            "barcode": np.where(rng.random(n) < 0.1, -1, barcode),
            "umi": rng.integers(0, 4**12, n),
            "minus": no,
            "secondary": no,
            "no_umi": no,
        }
    )


def letters(numbers: np.ndarray, length: int) -> np.ndarray:
    """Numbers in base 4 as rows of bases."""
    shifts = 2 * np.arange(length - 1, -1, -1)
    return np.frombuffer(b"ACGT", np.uint8)[(numbers[:, None] >> shifts) & 3]


def _distinct(rng: np.random.Generator) -> np.ndarray:
    """Distinct numbers of barcodes, in random order."""
    numbers = np.unique(rng.integers(0, 4**16, 2 * (CELLS + REMOVED + AMBIENT)))
    return rng.permutation(numbers)[: CELLS + REMOVED + AMBIENT]
