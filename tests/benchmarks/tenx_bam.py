"""The bytes of the reads that ``tenx`` simulates: a BAM with the tags that Cell Ranger writes, and its index."""

from pathlib import Path

import numpy as np
import pysam

from tests.benchmarks.bam_records import D, I, M, N, Records, S, core, header
from tests.benchmarks.tenx import (
    ANTISENSE,
    EXON,
    GENES,
    INTRON,
    LENGTH,
    MULTI,
    SCALE,
    Alignments,
    World,
    letters,
    make_world,
    simulate,
    write_world,
)
from tests.benchmarks.toy_genome import gene_id, gene_name

_CHUNK = 20_000  # records that are built at a time
_GROUP = "sim:0:1:HFWFVDMXX:1"


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
    raw[rows.barcode < 0] = letters(rng.integers(0, 4**16, int((rows.barcode < 0).sum())), 16)
    umi = letters(rows.umi, 12)
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
