"""What may predict a held-out track, without having been fitted to it.

* ``decoder``: the decoder for cells, fitted without the held-out cells, at their mean embedding
* ``same_type``: the head of the same cell type, where other donors, tissues or conditions have it
* ``nearest_head``: the head whose prediction is most like the held-out track
* ``in_sample``: the head that was fitted with it: what the others are read against
* measurements: ``same_type_measured`` (the same type in what was kept: from donor to donor nothing can do better
  without genotypes), ``nearest_measured``, ``mean_of_kept``

Most alike is decided on valid windows. So the held-out tracks are looked at there, and nowhere else.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd

from presage.sequence.evaluation.baselines import cross_pearson
from presage.sequence.evaluation.estimates import nanmean
from presage.sequence.generalise.told import Told

DECODER, SAME, NEAREST, IN_SAMPLE = "decoder", "same_type", "nearest_head", "in_sample"
SAME_MEASURED, NEAREST_MEASURED, MEAN_MEASURED = "same_type_measured", "nearest_measured", "mean_of_kept"
ORDER = (DECODER, SAME, NEAREST)
"""The first of these that a hold-out has is the one that counts."""


class Predictor(NamedTuple):
    """Tracks of ``told`` that stand for the held-out ones, in their order.

    ``columns``: for each held-out track the tracks whose mean (of plain coverage, where there are several) is taken;
    ``sources``: their names; ``fitted``: whether a model tells, so that it can be wrong in its own way.
    """

    name: str
    seed: int | None
    told: Told
    columns: list[list[int]]
    sources: list[str]
    fitted: bool

    @property
    def single(self) -> bool:
        """Whether one track stands for each held-out one."""
        return all(len(some) == 1 for some in self.columns)


def of_same_type(name: str, seed: int | None, told: Told, held: pd.DataFrame, fitted: bool) -> Predictor | None:
    """The same cell types in another source; None where one is missing."""
    found = [told.column(*key) for key in zip(held["cell_type"], held["assay"], held["strand"])]
    if any(column is None for column in found):
        return None
    columns = [[int(column)] for column in found if column is not None]
    return Predictor(name, seed, told, columns, _names(told, columns), fitted)


def of_nearest(
    name: str, seed: int | None, told: Told, measured: Told, kept: Iterable[str], rows: np.ndarray, fitted: bool
) -> Predictor | None:
    """For each held-out cell type and assay the kept type most alike on the windows ``rows``, over its strands.

    ``measured`` tells the held-out tracks. None where an assay has no kept type with all strands.
    """
    r = cross_pearson(told.paint, measured.paint, rows)
    held = measured.info
    columns: list[list[int]] = [[] for _ in range(len(held))]
    for (assay, cell_type), mine in held.groupby(["assay", "cell_type"], sort=False):
        best = -np.inf
        for other in kept:
            theirs = [told.column(other, str(assay), strand) for strand in mine["strand"]]
            known = [column for column in theirs if column is not None]
            if other == cell_type or len(known) < len(theirs):
                continue
            alike = float(np.nan_to_num(nanmean(r[known, mine.index.to_numpy()]), nan=-2.0))
            if alike > best:
                best = alike
                for track, column in zip(mine.index.tolist(), known):
                    columns[track] = [column]
    if not all(columns):
        return None
    return Predictor(name, seed, told, columns, _names(told, columns), fitted)


def of_mean(told: Told, held: pd.DataFrame, kept: list[str]) -> Predictor | None:
    """The mean over the kept cell types of the measured tracks of the same assay and strand."""
    columns = [told.alike(assay, strand, kept) for assay, strand in zip(held["assay"], held["strand"])]
    if not all(columns):
        return None
    names = [f"mean of {len(some)} types" for some in columns]
    return Predictor(MEAN_MEASURED, None, told, columns, names, False)


def _names(told: Told, columns: list[list[int]]) -> list[str]:
    return [str(told.info["track"].iloc[some[0]]) for some in columns]
