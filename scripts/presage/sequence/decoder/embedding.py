"""Where a cell lies among the others: principal components of genes that no held-out window predicts.

Counts are scaled to the depth of a usual cell and log1p-transformed. The projection is fitted once, on training cells;
cells that come later are projected by it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import pandas as pd
import torch
from scipy import sparse
from torch import Tensor

from presage.errors import UserError
from presage.sequence.reference.leakage import FOLDS, FoldMap

_FEWEST = 0.5  # share of its genes that a projection must find in new cells


def visible_genes(genes: pd.DataFrame, windows: pd.DataFrame) -> np.ndarray:
    """Genes (rows of the genes table) whose body meets no output of a valid or test window: bool [genes]."""
    touched = FoldMap(windows).touches(*(genes[name].to_numpy() for name in ("chrom", "start", "end")))
    return ~(touched[:, FOLDS.index("valid")] | touched[:, FOLDS.index("test")])


def held_out(barcodes: Sequence[str], share: float, seed: int) -> np.ndarray:
    """Which cells are held out: bool [cells]. It hangs on barcode and seed alone, not on other cells."""
    drawn = [blake2b(f"{seed} {barcode}".encode(), digest_size=8).digest() for barcode in barcodes]
    return np.array([int.from_bytes(digest) < share * 2**64 for digest in drawn], dtype=bool)


@dataclass(frozen=True)
class Projection:
    """Principal components of log-normalised counts.

    Attributes
    ----------
    genes : identifiers
    depth : molecules (over ``genes``) that a cell is scaled to
    mean : float64 [genes], of the training cells
    components : float64 [components, genes], orthonormal
    """

    genes: list[str]
    depth: float
    mean: np.ndarray
    components: np.ndarray

    @staticmethod
    def fit(counts: sparse.csr_matrix, genes: Sequence[str], components: int) -> "Projection":
        """Fit on counts [cells, genes]; the same counts give the same bytes.

        Raises :class:`UserError` when there are not more cells and genes than components.
        """
        from sklearn.decomposition import PCA

        if min(counts.shape) <= components:
            raise UserError(
                "cells.components",
                f"{components} of {counts.shape[0]} cells and {counts.shape[1]} genes",
                "set fewer, or give more cells",
            )
        total = np.asarray(counts.sum(axis=1), dtype=np.float64).ravel()
        depth = float(np.median(total[total > 0])) if total.any() else 1.0
        found = PCA(components, svd_solver="arpack", random_state=0).fit(_log_normalised(counts, depth))
        return Projection(list(genes), depth, np.asarray(found.mean_, np.float64).ravel(), found.components_)

    def __call__(self, counts: sparse.csr_matrix, genes: Sequence[str]) -> np.ndarray:
        """Embedding of any cells, float32 [cells, components]; genes that they lack count as 0.

        Raises :class:`UserError` when fewer than half of the projection's genes are there.
        """
        place = {gene: i for i, gene in enumerate(genes)}
        there = [(place[gene], i) for i, gene in enumerate(self.genes) if gene in place]
        if len(there) < _FEWEST * len(self.genes):
            raise UserError(
                "counts of new cells",
                f"{len(there)} of the embedding's {len(self.genes)} genes are there",
                "name genes as the run's genes table does",
            )
        rows, columns = np.array(there, dtype=np.int64).reshape(-1, 2).T
        chooser = sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), (counts.shape[1], len(self.genes)))
        values = _log_normalised(sparse.csr_matrix(counts @ chooser), self.depth)
        return np.asarray(values @ self.components.T - self.mean @ self.components.T, np.float32)

    def tensors(self) -> dict[str, Tensor]:
        """The numbers, for a safetensors file; the genes' names go into the card beside it."""
        arrays = {"depth": np.array([self.depth]), "mean": self.mean, "components": self.components}
        return {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in arrays.items()}

    @staticmethod
    def of(tensors: Mapping[str, Tensor], genes: Sequence[str]) -> "Projection":
        """What :meth:`tensors` gave."""
        depth, mean, components = (tensors[name].numpy() for name in ("depth", "mean", "components"))
        return Projection(list(genes), float(depth[0]), mean, components)


def _log_normalised(counts: sparse.csr_matrix, depth: float) -> sparse.csr_matrix:
    total = np.asarray(counts.sum(axis=1), dtype=np.float64).ravel()
    scaled = sparse.csr_matrix(sparse.diags(depth / np.maximum(total, 1)) @ counts.astype(np.float64))
    return scaled.log1p()
