"""What was measured on the windows of one fold, and the sums by which predictions of it are judged.

Predictions of a genome do not fit into memory: a pass over the windows keeps sums that add up. Ranks need all bins of a
track at once, so Spearman's rho has the values in a scratch file.
"""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from presage.progress import progress
from presage.sequence.evaluation.correlation import moments
from presage.sequence.evaluation.estimates import scipy_stats
from presage.sequence.evaluation.genes import Genes, locate
from presage.sequence.model.prediction import predict
from presage.sequence.model.sequence_model import SequenceModel
from presage.sequence.targets.scaling import Scale
from presage.sequence.targets.target_set import TargetSet
from presage.sequence.targets.track_names import track_info

Source = Callable[[np.ndarray], np.ndarray]
"""From row numbers of windows to coverage, float32 ``[n, bins, tracks]``."""


class Sums(NamedTuple):
    """What is kept of predictions.

    ``windows`` float64 ``[windows, 6, tracks]``: moments of each window's bins; ``ranks``: those of the ranks that
    bins have among all of their track, or None; ``genes`` float64 ``[genes, tracks]``: coverage over exons.
    """

    windows: np.ndarray
    ranks: np.ndarray | None
    genes: np.ndarray


@dataclass(frozen=True)
class Measured:
    """The windows ``rows`` of a target set with the tracks ``slugs``, in this order, and the genes on them."""

    targets: TargetSet
    rows: np.ndarray
    slugs: list[str]
    info: pd.DataFrame
    genes: Genes | None
    batch_size: int = 8
    ranked: bool = True
    scale: np.ndarray = field(default_factory=lambda: np.ones(0))  # [tracks], what gives unscaled sums back
    bent: Scale | None = None  # where bins must be scaled back one by one, before they are summed

    @staticmethod
    def of(
        slugs: list[str],
        targets: TargetSet,
        tracks: pd.DataFrame,
        genes: pd.DataFrame | None,
        fold: str,
        *,
        rows: np.ndarray | None = None,
        divided_by: Mapping[str, float] | None = None,
        batch_size: int = 8,
        ranked: bool = True,
    ) -> "Measured":
        """The windows of ``fold`` (or those of them that are in ``rows``) and its genes.

        ``divided_by``: slug -> number that the targets of the track were divided by, for sets that do not record their
        scale. Scales are undone before genes become CPM (a type's two strands are one library): bin by bin where
        coverage was squashed or clipped softly, else in the sums. Raises ``ValueError`` where the targets lack a track.
        """
        missing = sorted(set(slugs) - set(targets.tracks))
        if missing:
            raise ValueError(f"targets lack track {missing[0]} of the model")
        columns = [targets.tracks.index(slug) for slug in slugs]
        rows = targets.fold(fold) if rows is None else rows
        info, windows = track_info(slugs, tracks), targets.windows.iloc[rows]
        found = None if genes is None else locate(genes, windows, info, targets.bin_size, fold)
        scale, bent = np.array([(divided_by or {}).get(slug, 1.0) for slug in slugs]), None
        if targets.scale is not None:
            own = targets.scale.select(columns)
            scale, bent = (own.factor, None) if own.linear else (np.ones(len(slugs)), own)
        return Measured(targets, rows, list(slugs), info, found, batch_size, ranked, scale, bent)

    def values(self, rows: np.ndarray) -> np.ndarray:
        """Measured coverage ``[n, bins, tracks]``; a :data:`Source`."""
        return self.targets.values(rows)[..., [self.targets.tracks.index(slug) for slug in self.slugs]]

    def of_model(self, model: SequenceModel) -> Source:
        """A model as a source. Raises ``ValueError`` for one with other tracks."""
        if model.tracks != self.slugs:
            raise ValueError("the model's tracks are not those of the first model")
        return painter(model, self.targets)

    def collect(self, source: Source, desc: str) -> Sums:
        """Go through the windows once and keep only sums."""
        windows = np.zeros((len(self.rows), 6, len(self.slugs)))
        genes = np.zeros((0 if self.genes is None else len(self.genes.columns), len(self.slugs)))
        with tempfile.TemporaryDirectory(prefix="presage-ranks-") as folder:
            scratch = _Scratch(Path(folder), len(self.slugs), len(self.rows)) if self.ranked else None
            for first in progress(range(0, len(self.rows), self.batch_size), desc, "batch"):
                rows = self.rows[first : first + self.batch_size]
                for w, (pred, obs) in enumerate(zip(source(rows), self.values(rows)), first):
                    windows[w] = moments(pred, obs)
                    if scratch:
                        scratch.put(w, pred, obs)
                    if self.genes is not None:
                        gene, bin_ = self.genes.bins[w].T
                        exonic = pred[bin_].astype(np.float64)
                        np.add.at(genes, gene, exonic if self.bent is None else self.bent.inverse(exonic))
            ranks = scratch.moments() if scratch else None
        return Sums(windows, ranks, genes * self.scale)


def painter(model: SequenceModel, targets: TargetSet) -> Source:
    """A model as a source of coverage of a set's windows."""
    return lambda rows: predict(model, targets.sequence(rows)).cpu().numpy()


class _Scratch:
    """Predicted and measured values of all bins on disk, track by track."""

    def __init__(self, folder: Path, tracks: int, windows: int) -> None:
        self._path, self._tracks, self._windows = folder / "values", tracks, windows
        self._values: np.ndarray | None = None

    def put(self, window: int, pred: np.ndarray, obs: np.ndarray) -> None:
        if self._values is None:
            shape = (self._tracks, 2, self._windows, len(obs))
            self._values = np.memmap(self._path, np.float32, "w+", shape=shape)
        self._values[:, 0, window], self._values[:, 1, window] = pred.T, obs.T

    def moments(self) -> np.ndarray:
        """Moments of the ranks (ties at their mean), float64 ``[windows, 6, tracks]``."""
        out = np.zeros((self._windows, 6, self._tracks))
        for track in range(self._tracks if self._values is not None else 0):
            pred, obs = self._values[track]  # type: ignore[index]
            pair = [scipy_stats().rankdata(values).reshape(values.shape) for values in (pred, obs)]
            middle = (pred.size + 1) / 2
            for window, (a, b) in enumerate(zip(*pair)):
                out[window, :, track] = moments(a[:, None] - middle, b[:, None] - middle)[:, 0]
        return out
