"""A genome in human proportions, scaled down, with genes: what the simulated reads of the benchmarks lie on."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

# GRCh38's chromosomes in Mbp; chrM keeps its real length.
_MBP = (248, 242, 198, 190, 181, 170, 159, 145, 138, 133, 135, 133, 114, 107, 101, 90, 83, 80, 58, 64, 46, 50, 156, 57)
_NAMES = [*(f"chr{i}" for i in range(1, 23)), "chrX", "chrY"]
_MITO = 16_569
MIN_EXON = 120  # longer than a read, so that a read crosses at most one junction


@dataclass(frozen=True)
class Genes:
    """Genes and their exons, in genome order.

    Attributes
    ----------
    contig, minus : int32, bool [genes]
    first_exon : int64 [genes + 1], exons of gene i are ``first_exon[i]:first_exon[i + 1]``, left to right
    exon_start, exon_end : int64 [exons], 0-based half-open
    spliced : int64 [exons + 1], bp of all exons before each, over all genes
    """

    contig: np.ndarray
    minus: np.ndarray
    first_exon: np.ndarray
    exon_start: np.ndarray
    exon_end: np.ndarray
    spliced: np.ndarray

    def __len__(self) -> int:
        return len(self.contig)


def contig_lengths(scale: float) -> dict[str, int]:
    """25 contigs, GRCh38's lengths divided by ``scale``."""
    return {name: int(mbp * 1e6 / scale) for name, mbp in zip(_NAMES, _MBP)} | {"chrM": _MITO}


def random_bases(lengths: dict[str, int], seed: int) -> dict[str, np.ndarray]:
    """Contig -> uint8 codes 0-3 (A, C, G, T)."""
    rng = np.random.default_rng(seed)
    return {name: rng.integers(0, 4, length, dtype=np.uint8) for name, length in lengths.items()}


def random_genes(lengths: dict[str, int], number: int, seed: int) -> Genes:
    """About ``number`` genes that do not overlap: 1-14 exons, introns of many lengths, a long last exon (3' UTR)."""
    rng = np.random.default_rng(seed)
    total = sum(lengths.values())
    contig, minus, sizes, starts, ends = [], [], [], [], []
    for index, length in enumerate(lengths.values()):
        slots = max(1, round(number * length / total))
        edges = np.linspace(0, length, slots + 1).astype(np.int64)
        for left, right in pairwise(edges):
            room = right - left
            exons = 1 + rng.binomial(13, 0.4)
            bp = MIN_EXON + rng.exponential(60, exons)
            bp[-1] = np.clip(rng.lognormal(5.9, 0.8), 200, 5000)
            introns = np.clip(rng.lognormal(7.3, 1.2, exons), 80, None)
            introns[-1] = 0
            excess = (bp.sum() + introns.sum()) / (0.8 * room)
            if excess > 1:  # shrink the introns to fit, or give the gene one exon
                introns *= max(0.0, (0.8 * room - bp.sum()) / max(1.0, introns.sum()))
                if introns[:-1].min(initial=80) < 80:
                    bp, introns = np.array([min(bp[-1], 0.8 * room)]), np.zeros(1)
            bp, introns = bp.astype(np.int64), introns.astype(np.int64)
            strand = rng.random() < 0.5
            if strand:
                bp, introns = bp[::-1], np.append(introns[:-1][::-1], 0)
            begin = left + int(rng.random() * 0.15 * room) + np.concatenate([[0], np.cumsum(bp + introns)[:-1]])
            contig.append(index)
            minus.append(strand)
            sizes.append(len(bp))
            starts.append(begin)
            ends.append(begin + bp)
    start, end = np.concatenate(starts), np.concatenate(ends)
    return Genes(
        np.array(contig, np.int32),
        np.array(minus),
        np.concatenate([[0], np.cumsum(sizes)]),
        start,
        end,
        np.concatenate([[0], np.cumsum(end - start)]),
    )


def gene_id(number: int) -> str:
    return f"ENSG{number:011d}"


def gene_name(number: int) -> str:
    """Symbols of several lengths, as real ones have."""
    return f"{'TMEM' if number % 3 else 'SLC'}{number}" if number % 2 else f"G{number}"


def write_fasta(path: Path, bases: dict[str, np.ndarray]) -> None:
    """60 bases a line."""
    with path.open("wb") as out:
        for name, codes in bases.items():
            letters = np.frombuffer(b"ACGT", np.uint8)[codes]
            whole = len(letters) // 60 * 60
            lines = np.full((whole // 60, 61), ord("\n"), np.uint8)
            lines[:, :60] = letters[:whole].reshape(-1, 60)
            rest = letters[whole:].tobytes()
            out.write(f">{name}\n".encode() + lines.tobytes() + (rest + b"\n" if rest else b""))


def write_gtf(path: Path, genes: Genes, contigs: list[str]) -> None:
    """Exon lines only: nothing else is read of a GTF."""
    with path.open("w") as out:
        for number in range(len(genes)):
            strand = "-" if genes.minus[number] else "+"
            about = f'gene_id "{gene_id(number)}"; gene_name "{gene_name(number)}";'
            for exon in range(genes.first_exon[number], genes.first_exon[number + 1]):
                span = f"{genes.exon_start[exon] + 1}\t{genes.exon_end[exon]}"
                out.write(f"{contigs[genes.contig[number]]}\tsim\texon\t{span}\t.\t{strand}\t.\t{about}\n")
