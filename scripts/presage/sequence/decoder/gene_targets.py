"""Genes as targets: the output bins that a gene's exons lie in, and predicted counts as sums over them.

What leads from coverage per bin to molecules per gene, so that counts alone (an h5ad, a single cell) can train a head.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from presage.sequence.training.views import Views

_LEAST = 0.8  # share of a gene's exonic bases that windows must predict; a gene cut by more has a wrong count


@dataclass(frozen=True)
class GeneBins:
    """Output bins that touch exons of some genes, each place of the genome once.

    Attributes
    ----------
    rows : int64 [genes], rows of the genes table
    minus : bool [genes], on the minus strand
    gene, window, bin : int64 [bins], number of the gene (ascending), row of its window in the set, bin in that window
    incomplete : genes with an exon in some window that were left out, as windows predict less than 80 % of it
    """

    rows: np.ndarray
    minus: np.ndarray
    gene: np.ndarray
    window: np.ndarray
    bin: np.ndarray
    incomplete: int

    def __len__(self) -> int:
        return len(self.rows)

    @staticmethod
    def of(genes: pd.DataFrame, windows: pd.DataFrame, bin_size: int, fold: str) -> "GeneBins":
        """Genes of one fold on the windows of that fold. A bin counts whole when any base of it is exonic."""
        chosen = np.flatnonzero((windows["fold"] == fold).to_numpy())
        order = chosen[np.argsort(windows["out_start"].to_numpy()[chosen], kind="stable")]
        places = {
            chrom: (part.index.to_numpy(), part["out_start"].to_numpy(np.int64), part["out_end"].to_numpy(np.int64))
            for chrom, part in windows.reset_index(drop=True).iloc[order].groupby("chrom", sort=False)
        }
        rows: list[int] = []
        found: list[tuple[int, int, int]] = []
        incomplete = 0
        for row in np.flatnonzero((genes["fold"] == fold).to_numpy()).tolist():
            gene = genes.iloc[row]
            bins, share = _bins_of(gene, *places[gene["chrom"]], bin_size) if gene["chrom"] in places else ([], 0.0)
            if share >= _LEAST:
                found += [(len(rows), window, number) for window, number in bins]
                rows.append(row)
            elif bins:
                incomplete += 1
        gene_, window, number = np.array(found, np.int64).reshape(-1, 3).T
        minus = (genes["strand"].to_numpy()[rows] == "-") if rows else np.zeros(0, bool)
        return GeneBins(np.array(rows, np.int64), minus, gene_, window, number, incomplete)

    def take(self, chosen: np.ndarray) -> "GeneBins":
        """Some of the genes, in that order (each at most once)."""
        number = np.full(len(self), -1)
        number[chosen] = np.arange(len(chosen))
        kept = np.flatnonzero(number[self.gene] >= 0)
        kept = kept[np.argsort(number[self.gene[kept]], kind="stable")]
        return GeneBins(
            self.rows[chosen], self.minus[chosen], number[self.gene[kept]], self.window[kept], self.bin[kept], 0
        )

    def embeddings(self, views: Views, flip: bool = False) -> Tensor:
        """Embedding of every bin, float32 [bins, width]; with ``flip`` as the reverse complement of its window sees it.

        The model of ``views`` must have a frozen trunk and adapters.
        """
        windows, at = np.unique(self.window, return_inverse=True)
        (found,) = views.inputs(windows, np.full(len(windows), int(flip)), np.zeros(len(windows), int))
        number = found.shape[1] - 1 - self.bin if flip else self.bin
        return found[torch.from_numpy(at).to(found.device), torch.from_numpy(number).to(found.device)]

    def sums(self, values: Tensor) -> Tensor:
        """``values`` [bins, ...] summed by gene: [genes, ...]."""
        out = values.new_zeros((len(self), *values.shape[1:]))
        return out.index_add_(0, torch.from_numpy(self.gene).to(values.device), values)


def _bins_of(
    gene: pd.Series, window: np.ndarray, out_start: np.ndarray, out_end: np.ndarray, bin_size: int
) -> tuple[list[tuple[int, int]], float]:
    """(window, bin) of a gene's exonic bins, and the share of its exonic bases that they hold.

    Windows are sorted by ``out_start``; where two overlap, the first one has the bin.
    """
    bins: dict[int, tuple[int, int]] = {}  # first base of the bin -> where it is
    exons = [(int(start), int(end)) for start, end in zip(gene["exon_starts"], gene["exon_ends"])]
    near = np.flatnonzero((out_start < gene["end"]) & (out_end > gene["start"]))
    seen, done = 0, int(gene["start"])  # bases before `done` are settled
    for w in near:
        first = int(out_start[w])
        for start, end in exons:
            low, high = max(start, first, done), min(end, int(out_end[w]))
            if low < high:
                seen += high - low
                for number in range((low - first) // bin_size, (high - 1 - first) // bin_size + 1):
                    bins.setdefault(first + number * bin_size, (int(window[w]), number))
        done = max(done, int(out_end[w]))
    return list(bins.values()), seen / sum(end - start for start, end in exons)


def poisson(predicted: Tensor, observed: Tensor) -> Tensor:
    """Poisson loss of counts, elementwise; terms that do not depend on the prediction are left out."""
    return predicted - observed * torch.log(predicted + 1e-8)
