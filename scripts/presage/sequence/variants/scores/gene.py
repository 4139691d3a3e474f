"""sed, log_sed, body_log_fc: what a variant does to the expression of one gene.

``sed`` and ``log_sed`` sum the bins that touch the gene's exons ("SNP expression difference", Linder et al. 2025).
``body_log_fc`` takes the mean over all bins of the gene's body, introns too, which is where nuclear RNA lies; its small
constant is that of AlphaGenome's gene score (Avsec et al. 2026, there over exons).
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Tensor

_LITTLE = 1e-3  # coverage of a bin


class GeneBins(NamedTuple):
    """Which bins of a window measure which gene: bool ``[genes, bins]`` each."""

    exons: Tensor
    body: Tensor

    @staticmethod
    def of(genes: pd.DataFrame, first: int, bins: int, size: int) -> "GeneBins":
        """For rows of the `genes` table on the window's contig. ``first``: 0-based first base of bin 0, ``size`` bp a
        bin. A bin counts whole when any base of it is of the gene."""
        edges = first + size * np.arange(bins)

        def touched(start: int, end: int) -> np.ndarray:
            return (edges < end) & (edges + size > start)

        exons, body = np.zeros((len(genes), bins), bool), np.zeros((len(genes), bins), bool)
        columns = (genes[name].tolist() for name in ("start", "end", "exon_starts", "exon_ends"))
        for row, (start, end, starts, ends) in enumerate(zip(*columns)):
            body[row] = touched(start, end)
            for exon in zip(starts, ends):
                exons[row] |= touched(*exon)
        return GeneBins(torch.from_numpy(exons), torch.from_numpy(body))


class GeneEffects(NamedTuple):
    """float64 ``[n, genes, tracks]`` each."""

    sed: Tensor
    log_sed: Tensor
    body_log_fc: Tensor


def gene_effects(ref: Tensor, alt: Tensor, bins: GeneBins, pseudocount: float) -> GeneEffects:
    """Effects on each gene, from coverage float64 ``[n, bins, tracks]``.

    ``sed = E(ALT) - E(REF)`` and ``log_sed = log2((E(ALT) + c) / (E(REF) + c))`` with E the sum over exon bins;
    ``body_log_fc = log2((B(ALT) + 0.001) / (B(REF) + 0.001))`` with B the mean over bins of the body.
    """
    exons, body = bins.exons.to(ref), bins.body.to(ref)
    e_ref, e_alt = _over(exons, ref), _over(exons, alt)
    length = body.sum(1).clamp(min=1)[None, :, None]
    b_ref, b_alt = _over(body, ref) / length, _over(body, alt) / length
    return GeneEffects(
        e_alt - e_ref,
        torch.log2((e_alt + pseudocount) / (e_ref + pseudocount)),
        torch.log2((b_alt + _LITTLE) / (b_ref + _LITTLE)),
    )


def _over(weights: Tensor, coverage: Tensor) -> Tensor:
    return torch.einsum("gb,nbt->ngt", weights, coverage)
