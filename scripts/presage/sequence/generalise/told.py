"""Coverage of tracks as one source tells it, and what makes sources comparable that were scaled apart."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

from presage.sequence.evaluation.measured import Source
from presage.sequence.targets.scaling import Scale

_BATCH = 4


@dataclass(frozen=True, eq=False)
class Told:
    """A measurement, or a fitted model.

    Attributes
    ----------
    paint : gives coverage ``[n, bins, tracks]`` of windows, in the units of its targets
    info : columns ``track cell_type assay strand``, one row per track
    scale : of those targets; None where it is not recorded
    level : float64 ``[tracks]``, mean unscaled coverage over the windows on which levels are taken
    """

    paint: Source
    info: pd.DataFrame
    scale: Scale | None
    level: np.ndarray

    @staticmethod
    def of(paint: Source, info: pd.DataFrame, scale: Scale | None, rows: np.ndarray) -> "Told":
        """``rows``: windows on which levels are taken, e.g. valid ones."""
        bent = None if scale is None or scale.linear else scale
        total, n = np.zeros(len(info)), 0
        for first in range(0, len(rows), _BATCH):
            values = paint(rows[first : first + _BATCH]).astype(np.float64)
            total += (values if bent is None else bent.inverse(values)).sum((0, 1))
            n += values.shape[0] * values.shape[1]
        return Told(paint, info.reset_index(drop=True), bent, np.maximum(total / max(n, 1), 1e-12))

    def plain(self, values: np.ndarray) -> np.ndarray:
        """Coverage without squash, relative to each track's level: a track of any depth is 1 on average."""
        values = values.astype(np.float64)
        return (values if self.scale is None else self.scale.inverse(values)) / self.level

    def column(self, cell_type: str, assay: str, strand: str) -> int | None:
        """The track of a cell type; None where there is none."""
        info = self.info
        same = (info["cell_type"] == cell_type) & (info["assay"] == assay) & (info["strand"] == strand)
        return int(np.flatnonzero(same)[0]) if same.any() else None

    def alike(self, assay: str, strand: str, types: Collection[str]) -> list[int]:
        """Tracks of an assay and strand in some cell types."""
        info = self.info
        return np.flatnonzero(
            (info["assay"] == assay) & (info["strand"] == strand) & info["cell_type"].isin(list(types))
        ).tolist()
