"""RNA reads of the genome world: a coordinate-sorted, indexed BAM of 10x 3' reads as Cell Ranger leaves them.

A molecule is one UMI of one gene in one cell. Its reads are sense to the transcript and start some 90-400 bases before
the 3' end, so many cross the last intron (``N`` in the CIGAR). Tags: ``CR``/``UR`` as sequenced, ``CB``/``UB``
corrected, ``NH``, and ``xf``:

* 25: the read that counts for its molecule; one per molecule;
* 17: confidently mapped, but a further read of a molecule; flag 0x400 where it also starts at the same base;
* 0: not confidently mapped to a gene: MAPQ below 255, secondary, intergenic, antisense.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pysam
from numpy.typing import NDArray

from presage.config.genome_world import GenomeWorld
from presage.worlds.genome.cells import BARCODE, UMI, distinct, kmers
from presage.worlds.genome.layout import Layout, decode

READ = 91  # bases, 10x read 2
COUNTED, REPEAT, NOT_CONFIDENT = 25, 17, 0
_COLUMNS = ("name", "chrom", "pos", "left", "gap", "flag", "mapq", "hits", "cell", "umi", "xf")


def make_reads(
    settings: GenomeWorld, layout: Layout, counts: NDArray[np.int64], rng: np.random.Generator
) -> tuple[pd.DataFrame, list[str]]:
    """All alignments of one sample in coordinate order, and its unlabelled barcodes.

    ``counts``: molecules, int [labelled cell, gene]. ``cell`` is -1 where a read has no CB; numbers beyond the labelled
    cells mean the unlabelled barcodes that are returned. ``left`` bases lie before a gap of ``gap`` bases.
    """
    cell, gene = np.nonzero(counts)
    times = counts[cell, gene]
    molecules = pd.DataFrame({"cell": np.repeat(cell, times), "gene": np.repeat(gene, times)})
    ambient = round(len(molecules) * settings.unlabelled_share / (1 - settings.unlabelled_share))
    n_empty = max(1, len(counts) // 5)
    extra = pd.DataFrame(
        {"cell": len(counts) + rng.integers(0, n_empty, ambient), "gene": rng.choice(molecules["gene"], ambient)}
    )
    molecules = pd.concat([molecules, extra], ignore_index=True)
    molecules["umi"] = distinct(rng, 2 * UMI, len(molecules))
    confident = _with_duplicates(molecules, layout.genes, settings, rng)

    lost = settings.low_mapq_share + settings.noise_share
    others = round(len(confident) * lost / (1 - lost))
    low = round(others * settings.low_mapq_share / lost) if lost else 0
    multi = _at_genes(_redrawn(molecules, low, rng), layout.genes, rng)
    multi["mapq"], multi["hits"], multi["xf"] = rng.choice([0, 1, 3], low, p=[0.1, 0.45, 0.45]), 2, NOT_CONFIDENT
    noise = _anywhere(_redrawn(molecules, others - low, rng), layout, rng)
    reads = pd.concat([confident, multi, noise], ignore_index=True)

    uncounted = reads["xf"] != COUNTED  # the counted read of a molecule has its barcode
    orphan = rng.random(len(reads)) < settings.no_barcode_share / max(uncounted.mean(), settings.no_barcode_share)
    reads.loc[uncounted & orphan, "cell"] = -1
    reads["name"] = np.arange(len(reads))
    reads = pd.concat([reads, _secondary(reads, settings, layout, rng)], ignore_index=True)[list(_COLUMNS)]
    empty = kmers(distinct(rng, 2 * BARCODE, n_empty), BARCODE).astype(str)
    order = np.lexsort((reads["name"], reads["flag"], reads["pos"], reads["chrom"]))
    return reads.iloc[order].reset_index(drop=True), [f"{b}-1" for b in empty]


def _secondary(reads: pd.DataFrame, settings: GenomeWorld, layout: Layout, rng: np.random.Generator) -> pd.DataFrame:
    """Second places of some of the reads that map to several."""
    several = reads[reads["hits"] > 1]
    n = min(len(several), round(settings.secondary_share * len(reads)))
    second = _anywhere(several.sample(n=n, random_state=rng), layout, rng)
    return second.assign(flag=second["flag"] | 0x100, mapq=3, hits=2)


def _redrawn(molecules: pd.DataFrame, n: int, rng: np.random.Generator) -> pd.DataFrame:
    """``n`` molecules of cells and genes as frequent as in ``molecules``, with UMIs of their own."""
    drawn = molecules.iloc[rng.integers(0, len(molecules), n)].reset_index(drop=True)
    drawn["umi"] = rng.integers(0, 4**UMI, n)
    return drawn


def _with_duplicates(
    molecules: pd.DataFrame, genes: pd.DataFrame, settings: GenomeWorld, rng: np.random.Generator
) -> pd.DataFrame:
    """The counted read of each molecule and its duplicates, some at the same base, some elsewhere in the transcript."""
    counted = _at_genes(molecules, genes, rng)
    counted["mapq"], counted["hits"], counted["xf"] = 255, 1, COUNTED
    copies = rng.geometric(1 - settings.duplicate_share, len(molecules)) - 1
    repeats = counted.loc[np.repeat(counted.index, copies)].reset_index(drop=True)
    elsewhere = _at_genes(repeats, genes, rng)
    same = rng.random(len(repeats)) < settings.same_position_share
    for column in ("pos", "left", "gap"):
        repeats[column] = np.where(same, repeats[column], elsewhere[column])
    repeats["flag"] = repeats["flag"] | np.where(same, 0x400, 0)
    repeats["xf"] = REPEAT
    return pd.concat([counted, repeats], ignore_index=True)


def _at_genes(molecules: pd.DataFrame, genes: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Reads near the 3' ends of the molecules' genes: adds chrom (index) pos left gap flag."""
    table = _exon_table(genes)
    g = molecules["gene"].to_numpy()
    forward = table["forward"][g]
    length = table["ends"][g, -1]
    from_3p = np.clip(np.round(rng.normal(250, 70, len(g))).astype(np.int64), READ, length)
    first = np.where(forward, length - from_3p, from_3p - READ)  # in the spliced transcript, ascending with the genome
    exon = (first[:, None] >= table["ends"][g]).sum(axis=1)
    left = np.minimum(table["ends"][g, exon] - first, READ)
    pos = table["starts"][g, exon] + first - table["ends"][g, exon] + table["lengths"][g, exon]
    following = np.minimum(exon + 1, table["starts"].shape[1] - 1)
    gap = np.where(left < READ, table["starts"][g, following] - pos - left, 0)
    flag = np.where(forward, 0, 16)
    return molecules.assign(chrom=table["chrom"][g], pos=pos, left=left, gap=gap, flag=flag)


def _exon_table(genes: pd.DataFrame) -> dict[str, NDArray[Any]]:
    """Exons as arrays [gene, 3]; genes with two exons end in an empty third."""
    starts = np.array([[*s, e[-1]][:3] for s, e in zip(genes["exon_starts"], genes["exon_ends"])])
    stops = np.array([[*e, e[-1]][:3] for e in genes["exon_ends"]])
    lengths = stops - starts
    return {
        "starts": starts,
        "lengths": lengths,
        "ends": lengths.cumsum(axis=1),  # in the spliced transcript
        "forward": (genes["strand"] == "+").to_numpy(),
        "chrom": pd.factorize(genes["chrom"])[0],
    }


def _anywhere(molecules: pd.DataFrame, layout: Layout, rng: np.random.Generator) -> pd.DataFrame:
    """Unspliced reads at uniform positions on either strand that count for no gene."""
    lengths = np.array([len(s) for s in layout.sequence.values()])
    chrom = rng.choice(len(lengths), len(molecules), p=lengths / lengths.sum())
    pos = (rng.random(len(molecules)) * (lengths[chrom] - READ)).astype(np.int64)
    flag = np.where(rng.random(len(molecules)) < 0.5, 0, 16)
    fixed = {"left": READ, "gap": 0, "mapq": 255, "hits": 1, "xf": NOT_CONFIDENT}
    return molecules.assign(chrom=chrom, pos=pos, flag=flag, **fixed)


def write_bam(reads: pd.DataFrame, barcodes: list[str], layout: Layout, sample: str, path: Path) -> None:
    """Write coordinate-sorted ``reads`` and the index. ``barcodes`` are those that ``reads.cell`` points to."""
    header = pysam.AlignmentHeader.from_dict(
        {
            "HD": {"VN": "1.6", "SO": "coordinate"},
            "SQ": [{"SN": chrom, "LN": len(codes)} for chrom, codes in layout.sequence.items()],
            "RG": [{"ID": sample, "SM": sample, "LB": sample}],
            "CO": ["simulated by presage"],
        }
    )
    names = list(layout.sequence)
    text = [decode(codes) for codes in layout.sequence.values()]
    tags = [f"\tCB:Z:{b}\tCR:Z:{b[:BARCODE]}" for b in barcodes] + ["\tCR:Z:" + "N" * BARCODE]
    umis = kmers(reads["umi"].to_numpy(), UMI).astype(str).tolist()
    quality = "F" * READ
    columns = [reads[c].tolist() for c in _COLUMNS if c != "umi"]
    with pysam.AlignmentFile(str(path), "wb", header=header) as bam:
        for umi, row in zip(umis, zip(*columns)):
            name, chrom, pos, left, gap, flag, mapq, hits, cell, xf = row
            right = pos + left + gap
            cigar = f"{left}M{gap}N{READ - left}M" if gap else f"{READ}M"
            bases = text[chrom][pos : pos + left] + text[chrom][right : right + READ - left]
            ub = f"\tUR:Z:{umi}\tUB:Z:{umi}" if cell >= 0 else f"\tUR:Z:{umi}"
            line = (
                f"{sample}:{name}\t{flag}\t{names[chrom]}\t{pos + 1}\t{mapq}\t{cigar}\t*\t0\t0\t{bases}\t{quality}"
                f"\tNH:i:{hits}\tRG:Z:{sample}{tags[cell]}{ub}\txf:i:{xf}"
            )
            bam.write(pysam.AlignedSegment.fromstring(line, header))
    pysam.index(str(path))
