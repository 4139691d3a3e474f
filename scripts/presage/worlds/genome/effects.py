"""True effects of variants: the oracle on ALT against the oracle on REF.

Effects are log2 ratios of what the oracle expects: accessibility summed over 512 bp around the variant (assay
``atac``), and expression of the gene that changes most (assay ``rna``).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from presage.worlds.genome.expression import CLOSED, kernel, response
from presage.worlds.genome.grammar import GRID, REACH
from presage.worlds.genome.layout import decode, encode
from presage.worlds.genome.truth import Truth

LOCAL = 512  # bp, window in which ALT is compared with REF
_WINDOW = LOCAL + 2 * REACH
_GENES = 2  # nearest TSSs that a variant may act on
_BATCH = 1000


class Allele(NamedTuple):
    """A variant; ``pos`` is 0-based."""

    chrom: str
    pos: int
    ref: str
    alt: str


@dataclass(frozen=True)
class Effects:
    """True effects of variants [log2]; ``gene`` is the row of the gene that ``rna`` speaks of."""

    atac: NDArray[np.float64]  # [variant, type]
    rna: NDArray[np.float64]  # [variant, type]
    gene: NDArray[np.int64]  # [variant]

    @property
    def largest(self) -> NDArray[np.float64]:
        """Largest absolute effect over types and assays, [variant]."""
        return np.maximum(np.abs(self.atac), np.abs(self.rna)).max(axis=1)


def alleles(variants: pd.DataFrame) -> Iterator[Allele]:
    """The rows of a table with columns chrom pos ref alt."""
    return map(Allele, *(variants[name].tolist() for name in Allele._fields))


def true_effects(variants: pd.DataFrame, truth: Truth) -> Effects:
    """Effects of ``variants`` (columns chrom, pos 0-based, ref, alt).

    Windows are anchored at their left end: behind an indel the ALT sequence is shifted, as it is in a chromosome.
    Raises ``ValueError`` where REF is not what the genome has.
    """
    parts = [_batch(variants.iloc[i : i + _BATCH], truth) for i in range(0, len(variants), _BATCH)]
    atac, rna, gene = (np.concatenate([getattr(p, name) for p in parts]) for name in ("atac", "rna", "gene"))
    return Effects(atac, rna, gene)


def _batch(variants: pd.DataFrame, truth: Truth) -> Effects:
    starts = variants["pos"].to_numpy() // GRID * GRID - LOCAL // 2
    sequence = truth.layout.sequence
    pairs = [_windows(sequence[v.chrom], start - REACH, v) for v, start in zip(alleles(variants), starts.tolist())]
    inner = slice(REACH // GRID, (REACH + LOCAL) // GRID)  # the outer bases lack neighbours
    reference, alternative = (truth.rule(np.stack(windows))[:, :, inner] for windows in zip(*pairs))
    means = truth.rule.states.type_means()
    open_ref, open_alt = (np.einsum("ts,nsx->nt", means, a) + CLOSED * LOCAL / GRID for a in (reference, alternative))

    gene = _nearest_genes(variants, truth.layout.genes)
    positions = starts[:, None] + GRID * np.arange(LOCAL // GRID) + GRID / 2
    tss = truth.layout.genes["tss"].to_numpy()[gene]
    weight = kernel(positions[:, None, :] - tss[:, :, None])
    change = alternative.astype(np.float64) - reference
    before = truth.expectation.drive.T[gene]  # [variant, gene, state]
    after = np.maximum(before + np.einsum("nsx,ngx->ngs", change, weight, optimize=True), 0)
    level_ref, level_alt = (np.einsum("ts,ngs->ngt", means, response(d)) for d in (before, after))
    rna = np.log2(level_alt / level_ref)
    most = np.abs(rna).max(axis=2).argmax(axis=1)
    row = np.arange(len(variants))
    return Effects(np.log2(open_alt / open_ref), rna[row, most], gene[row, most])


def _windows(sequence: NDArray[np.uint8], start: int, v: Allele) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The _WINDOW bp from ``start`` with REF and with ALT."""
    end = v.pos + len(v.ref)
    if decode(sequence[v.pos : end]) != v.ref:
        raise ValueError(f"REF {v.ref} is not at {v.chrom}:{v.pos}")
    changed = np.concatenate([sequence[start : v.pos], encode(v.alt), sequence[end : start + _WINDOW + len(v.ref)]])
    return sequence[start : start + _WINDOW], changed[:_WINDOW]


def _nearest_genes(variants: pd.DataFrame, genes: pd.DataFrame) -> NDArray[np.int64]:
    """Rows of the nearest TSSs on the variant's chromosome, [variant, _GENES], nearest first."""
    nearest = np.empty((len(variants), _GENES), np.int64)
    chrom, pos = variants["chrom"].to_numpy(), variants["pos"].to_numpy()
    for name in np.unique(chrom):
        own = np.flatnonzero(genes["chrom"].to_numpy() == name)
        here = np.flatnonzero(chrom == name)
        distance = np.abs(pos[here, None] - genes["tss"].to_numpy()[own])
        nearest[here] = own[np.argsort(distance, axis=1, kind="stable")[:, :_GENES]]
    return nearest
