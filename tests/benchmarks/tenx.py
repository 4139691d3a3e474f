"""Simulated 10x data that cost what real data cost: a BAM as Cell Ranger 3' v3 leaves it, and ATAC fragments.

Nothing here is real. What a reader's time depends on is kept near real files: fields, tags and their order, entropy of
names and qualities, heavy-tailed cells and genes, PCR copies, spliced and clipped reads, reads that are to be refused.
The genome has GRCh38's proportions at a twentieth of its size.
"""

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import pysam

from tests.benchmarks.bam_records import D, I, M, N, Records, S, core, header
from tests.benchmarks.toy_genome import (
    Genes,
    contig_lengths,
    gene_id,
    gene_name,
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
_CHUNK = 20_000  # records that are built at a time
_GROUP = "sim:0:1:HFWFVDMXX:1"
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
    barcodes = np.concatenate([_letters(numbers, 16), np.tile(np.frombuffer(b"-1", np.uint8), (len(numbers), 1))], 1)
    weights = np.geomspace(30, 1, TYPES)
    kinds = np.concatenate([np.arange(TYPES), rng.choice(TYPES, CELLS - TYPES, p=weights / weights.sum())])
    return World(lengths, random_bases(lengths, seed), random_genes(lengths, genes, seed), barcodes, kinds)


def make_bam(folder: Path, reads: int, seed: int = 0, scale: float = SCALE) -> Path:
    """``folder/reads_<n>.bam`` with its index, beside ``genome.fa``, ``genes.gtf`` and ``labels.tsv``.

    Made once: files that are there are kept.
    """
    path = folder / f"reads_{reads}_{seed}.bam"
    if not path.with_suffix(".bam.bai").exists():
        world = make_world(seed, scale, round(GENES * SCALE / scale))
        write_world(folder, world)
        write_bam(path, world, reads, seed)
    return path


def write_world(folder: Path, world: World) -> None:
    """``genome.fa``, ``genes.gtf`` and ``labels.tsv``."""
    folder.mkdir(parents=True, exist_ok=True)
    write_fasta(folder / "genome.fa", world.bases)
    write_gtf(folder / "genes.gtf", world.genes, list(world.lengths))
    rows = zip(world.barcodes[:CELLS], world.types)
    text = "".join(f"{barcode.tobytes().decode()}\t{kind}\n" for barcode, kind in rows)
    (folder / "labels.tsv").write_text("barcode\tcell_type\n" + text)


def write_bam(path: Path, world: World, reads: int, seed: int) -> None:
    """A coordinate-sorted BAM with ``.bai``: ``reads`` reads and the secondary alignments of some."""
    rng = np.random.default_rng([seed, 2, reads])
    alignments = simulate(world, reads, rng)
    text = _GeneText(len(world.genes))
    genome = np.concatenate(list(world.bases.values()))
    with pysam.BGZFile(str(path), "wb") as out:
        out.write(header(world.lengths, _GROUP))
        for at in range(0, len(alignments), _CHUNK):
            chunk = alignments.take(np.arange(at, min(at + _CHUNK, len(alignments))))
            out.write(_encode(chunk, world, genome, text, rng))
    pysam.index(str(path))


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


# ---- their bytes -----------------------------------------------------------------------------------------------


class _GeneText:
    """Names of genes as rows of bytes."""

    def __init__(self, number: int) -> None:
        self.ids = _rows([gene_id(i) for i in range(number)])
        self.names = _rows([gene_name(i) for i in range(number)])
        self.transcripts = _rows([f"ENST{i:011d},+" for i in range(number)])
        self.others = _rows([f";ENST{i + 500_000:011d},+" if i % 2 else "" for i in range(number)])


def _encode(rows: Alignments, world: World, genome: np.ndarray, text: _GeneText, rng: np.random.Generator) -> bytes:
    n = len(rows)
    placed = rows.contig >= 0
    base = np.arange(LENGTH)
    offsets = np.concatenate([[0], np.cumsum(list(world.lengths.values()))])[:-1]
    after = (base >= rows.cut[:, None]) & (rows.cut > 0)[:, None]
    start = np.where(placed, offsets[rows.contig] + rows.position - rows.lead, 0)
    at = start[:, None] + base + after * rows.gap[:, None]
    codes = genome[np.clip(at, 0, len(genome) - 1)]
    free = (base < rows.lead[:, None]) | (base >= LENGTH - rows.tail[:, None]) | ~placed[:, None]
    wrong = rng.integers(0, 256, codes.shape, dtype=np.uint8) == 0
    codes = np.where(free | wrong, rng.integers(0, 4, codes.shape, dtype=np.uint8), codes)
    records = Records(n)
    core(
        records,
        rows.contig,
        rows.position,
        rows.position + LENGTH - rows.lead - rows.tail + rows.gap,
        rows.mapq,
        np.where(placed, 16 * rows.minus + 256 * rows.secondary, 4),
        _names(n, rng),
        _cigar(rows),
        codes,
        _qualities(n, LENGTH, rng),
    )
    _tags(records, rows, world, text, rng, mismatches=(wrong & ~free).sum(axis=1))
    return records.tobytes()


def _tags(
    records: Records,
    rows: Alignments,
    world: World,
    text: _GeneText,
    rng: np.random.Generator,
    mismatches: np.ndarray,
) -> None:
    n = len(rows)
    placed, multi = rows.contig >= 0, rows.origin == MULTI
    known = rows.gene >= 0
    gene = np.maximum(rows.gene, 0)
    sense = known & (rows.origin != ANTISENSE) & ~rows.secondary
    exonic = sense & ((rows.origin == EXON) | multi)
    records.tag_byte("NH", np.where(placed, 1 + multi, 0))
    records.tag_byte("HI", np.where(placed, 1 + rows.secondary, 0))
    records.tag_byte("AS", np.where(placed, LENGTH - 2 - rows.lead - rows.tail - mismatches, 0))
    records.tag_byte("nM", mismatches)
    records.tag_byte("uT", np.full(n, ord("1")), ~placed, "A")
    records.tag_text("RG", np.frombuffer(_GROUP.encode(), np.uint8))
    where = _digits(rows.along, 5)
    matches = np.tile(np.frombuffer(f",{LENGTH}M".encode(), np.uint8), (n, 1))
    second = np.where((gene % 2 == 1)[:, None], np.concatenate([where, matches], axis=1), 0)
    parts = [text.transcripts[gene], where, matches, text.others[gene], second]
    records.tag_text("TX", np.concatenate(parts, axis=1), exonic)
    records.tag_text("GX", text.ids[gene], sense)
    records.tag_text("GN", text.names[gene], sense)
    antisense = np.concatenate([text.transcripts[gene][:, :-1], np.full((n, 1), ord("-")), where, matches], axis=1)
    records.tag_text("AN", antisense.astype(np.uint8), rows.origin == ANTISENSE)
    region = np.select([exonic | (rows.origin == ANTISENSE), rows.origin == INTRON], [ord("E"), ord("N")], ord("I"))
    records.tag_byte("RE", region, placed, "A")
    records.tag_int("xf", rows.xf)
    # Raw barcodes differ from corrected ones in a few reads, and are anything where none was recognised.
    barcode = world.barcodes[np.maximum(rows.barcode, 0)]
    raw = _misread(barcode[:, :16], 0.04, rng)
    raw[rows.barcode < 0] = _letters(rng.integers(0, 4**16, int((rows.barcode < 0).sum())), 16)
    umi = _letters(rows.umi, 12)
    records.tag_text("CR", raw)
    records.tag_text("CY", _qualities(n, 16, rng) + 33)
    records.tag_text("CB", barcode, rows.barcode >= 0)
    records.tag_text("UR", _misread(umi, 0.02, rng))
    records.tag_text("UY", _qualities(n, 12, rng) + 33)
    records.tag_text("UB", umi, ~rows.no_umi & (rows.barcode >= 0))


def _cigar(rows: Alignments) -> np.ndarray:
    """CIGAR numbers uint32 [alignments, 4], 0 where there is none: lead S, M, gap, M (or tail S)."""
    split, gap = rows.cut > 0, rows.gap
    inserted = gap < 0
    one = np.where(split, rows.cut, LENGTH - rows.lead - rows.tail)
    two = np.where(split, LENGTH - rows.cut - inserted, 0)
    kind = np.select([inserted, gap == 1], [I, D], N)
    last = np.where(split, two << 4 | M, np.where(rows.tail > 0, rows.tail << 4 | S, 0))
    out = np.stack(
        [
            np.where(rows.lead > 0, rows.lead << 4 | S, 0),
            one << 4 | M,
            np.where(split, np.abs(gap) << 4 | kind, 0),
            last,
        ],
        axis=1,
    )
    out[rows.contig < 0] = 0
    return out.astype(np.uint32)


def _names(number: int, rng: np.random.Generator) -> np.ndarray:
    """Names as an Illumina instrument gives them."""
    colon = np.full((number, 1), ord(":"), np.uint8)
    tile = _digits(
        1000 * rng.integers(1, 3, number) + 100 * rng.integers(1, 7, number) + rng.integers(1, 79, number), 4
    )
    x, y = (_digits(rng.integers(10_000, 33_000, number), 5) for _ in range(2))
    lane = _digits(rng.integers(1, 3, number), 1)
    head = np.tile(np.frombuffer(b"A00228:279:HFWFVDMXX:", np.uint8), (number, 1))
    return np.concatenate([head, lane, colon, tile, colon, x, colon, y], axis=1)


def _qualities(number: int, length: int, rng: np.random.Generator) -> np.ndarray:
    """The four values of a NovaSeq; reads differ in how many low ones they have."""
    bad = np.minimum(rng.gamma(0.7, 22, (number, 1)), 200)
    dice = rng.integers(0, 256, (number, length), dtype=np.uint8)
    return np.select([dice < bad * 0.35, dice < bad], [11, 25], 37).astype(np.uint8)


def _misread(letters: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """A wrong base in a share of the rows."""
    out = letters.copy()
    rows = np.flatnonzero(rng.random(len(out)) < share)
    out[rows, rng.integers(0, out.shape[1], len(rows))] = np.frombuffer(b"ACGT", np.uint8)[
        rng.integers(0, 4, len(rows))
    ]
    return out


def _letters(numbers: np.ndarray, length: int) -> np.ndarray:
    """Numbers in base 4 as rows of bases."""
    shifts = 2 * np.arange(length - 1, -1, -1)
    return np.frombuffer(b"ACGT", np.uint8)[(numbers[:, None] >> shifts) & 3]


def _digits(numbers: np.ndarray, width: int) -> np.ndarray:
    """Decimal digits as rows of bytes; leading zeros are zero bytes."""
    powers = 10 ** np.arange(width - 1, -1, -1)
    digits = (numbers[:, None] // powers % 10 + ord("0")).astype(np.uint8)
    digits[(numbers[:, None] < powers) & (powers > 1)] = 0
    return digits


def _rows(texts: list[str]) -> np.ndarray:
    """Texts as rows of bytes, padded with zero bytes."""
    array = np.array([text.encode() for text in texts])
    return array.view(np.uint8).reshape(len(texts), -1)


def _distinct(rng: np.random.Generator) -> np.ndarray:
    """Distinct numbers of barcodes, in random order."""
    numbers = np.unique(rng.integers(0, 4**16, 2 * (CELLS + REMOVED + AMBIENT)))
    return rng.permutation(numbers)[: CELLS + REMOVED + AMBIENT]
