"""Where variants lie: the fold of the windows that the trunk was trained with, and the nearest transcription start."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from presage.sequence.reference.leakage import FoldMap, folds_of
from presage.sequence.variants.alleles import Variant


class Places:
    """Where variants lie: fold of the trunk's output windows, and nearest transcription start."""

    def __init__(self, windows: pd.DataFrame, genes: pd.DataFrame | None = None) -> None:
        self._folds = FoldMap(windows)
        self._starts = {}
        if genes is not None:
            for chrom, group in genes.sort_values(["tss", "gene_id"]).groupby("chrom"):
                sign = np.where(group["strand"] == "-", -1, 1)
                self._starts[chrom] = group["tss"].to_numpy(np.int64), sign, group["gene_id"].to_numpy(object)

    def __call__(self, variants: Sequence[Variant]) -> pd.DataFrame:
        """Columns ``fold gene tss_distance``, one row per variant; distance in bp, positive downstream of the start."""
        chrom = np.array([v.chrom for v in variants], object)
        pos = np.array([v.pos for v in variants], np.int64)
        end = np.array([v.pos + len(v.ref) for v in variants], np.int64)
        fold = folds_of(self._folds.touches(chrom, pos, end))
        nearest = [self._nearest(*where) for where in zip(chrom, pos)]
        gene, distance = zip(*nearest) if nearest else ((), ())
        return pd.DataFrame({"fold": fold, "gene": gene, "tss_distance": pd.array(distance, "Int64")})

    def _nearest(self, chrom: str, pos: int) -> tuple[str | None, int | None]:
        if chrom not in self._starts:
            return None, None
        tss, sign, names = self._starts[chrom]
        right = int(np.searchsorted(tss, pos))
        near = min((i for i in (right - 1, right) if 0 <= i < len(tss)), key=lambda i: abs(int(tss[i]) - pos))
        return names[near], int((pos - tss[near]) * sign[near])
