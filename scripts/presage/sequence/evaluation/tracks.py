"""The evaluation of adapters on held-out coverage: bins of windows, and genes over cell types.

Names in the `metrics` table, all defined in docs/numbers.md:

* ``bin_pearson`` per track and ``all`` (mean over tracks); ``gene_pearson`` per cell type and ``all``
* ``across_types_r``; ``skill`` over predicting each gene's mean over types
* each of them with ``_difference``: minus the reference adapter, paired over windows
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from presage.progress import progress
from presage.sequence.evaluation.correlation import mean_pearson, moments
from presage.sequence.evaluation.estimates import resample_counts
from presage.sequence.evaluation.genes import MEAN_OF_TYPES, Genes, Sums, add_genes, locate
from presage.sequence.evaluation.metrics import Metrics
from presage.sequence.model import SequenceModel
from presage.sequence.prediction import predict
from presage.sequence.scaling import Scale
from presage.sequence.targets import TargetSet
from presage.sequence.track_names import track_info


def evaluate_tracks(
    models: Iterable[tuple[str, int, SequenceModel]],
    targets: TargetSet,
    tracks: pd.DataFrame,
    genes: pd.DataFrame | None,
    *,
    reference: str = "probe",
    split: str = "test",
    resamples: int = 1000,
    min_types: int = 3,
    batch_size: int = 8,
    seed: int = 0,
    divided_by: Mapping[str, float] | None = None,
    baseline: bool = True,
) -> pd.DataFrame:
    """Metrics of every adapter on the windows and genes of one fold.

    Parameters
    ----------
    models : (adapter name, seed of the fit, model), e.g. a generator that loads one after the other; all with the
    same tracks tracks : the `tracks` table (``slug cell_type assay strand``)
    genes : the `genes` table, or None: then only bins are evaluated
    reference : adapter that the others are compared with
    min_types : genes seen in fewer cell types do not enter across-type r
    resamples, seed : of the bootstrap over windows; a gene goes with its window. All models share the draws.
    divided_by : slug -> number that the targets of the track were divided by, for sets that do not record their scale.
        Scales are undone before genes become CPM (a type's two strands are one library): bin by bin where coverage was
        squashed or clipped softly, else in the sums
    baseline : add ``mean_of_types``

    Returns
    -------
    Rows of the `metrics` table: one per metric, adapter, seed and group, and for each adapter the mean over its seeds
    (``seed`` null), which is what is compared. The baseline ``mean_of_types`` stands beside the adapters.
    """
    study: _Study | None = None
    sums: dict[str, dict[int, Sums]] = {}
    for name, fit, model in models:
        study = study or _Study.of(model.tracks, targets, tracks, genes, divided_by or {}, split, batch_size)
        sums.setdefault(name, {})[fit] = study.collect(model, f"evaluate {name}, seed {fit}")
    metrics = Metrics(split, targets.simulated)
    if study is not None:
        counts = resample_counts(len(study.rows), resamples, seed)
        if baseline:
            sums[MEAN_OF_TYPES] = {0: study.collect(study.mean_of_types, "baseline")}
        observed = study.collect(study.measured, "measured genes").genes
        for name, fits in sums.items():
            _add_bins(metrics, name, fits, study.slugs, counts)
            if study.genes is not None:
                add_genes(metrics, name, fits, observed, study.genes, counts, min_types)
        metrics.add_differences(reference, "paired over windows")
    return metrics.table()


@dataclass(frozen=True)
class _Study:
    """The windows of one fold with what was measured there, in the models' order of tracks."""

    targets: TargetSet
    rows: np.ndarray
    slugs: list[str]
    columns: list[int]
    info: pd.DataFrame
    genes: Genes | None
    scale: np.ndarray  # [tracks], what gives unscaled sums back
    bent: Scale | None  # where bins must be scaled back one by one, before they are summed
    batch_size: int

    @staticmethod
    def of(
        slugs: list[str],
        targets: TargetSet,
        tracks: pd.DataFrame,
        genes: pd.DataFrame | None,
        divided_by: Mapping[str, float],
        split: str,
        batch_size: int,
    ) -> "_Study":
        missing = sorted(set(slugs) - set(targets.tracks))
        if missing:
            raise ValueError(f"targets lack track {missing[0]} of the model")
        rows, info = targets.fold(split), track_info(slugs, tracks)
        found = None if genes is None else locate(genes, targets.windows.iloc[rows], info, targets.bin_size, split)
        columns = [targets.tracks.index(slug) for slug in slugs]
        scale, bent = np.array([divided_by.get(slug, 1.0) for slug in slugs]), None
        if targets.scale is not None:
            own = targets.scale.select(columns)
            scale, bent = (own.factor, None) if own.linear else (np.ones(len(slugs)), own)
        return _Study(targets, rows, slugs, columns, info, found, scale, bent, batch_size)

    def measured(self, rows: np.ndarray) -> np.ndarray:
        """Measured coverage ``[n, bins, tracks]``."""
        return self.targets.values(rows)[..., self.columns]

    def mean_of_types(self, rows: np.ndarray) -> np.ndarray:
        """The mean over cell types of the measured tracks of the same assay and strand, for each track."""
        out = self.measured(rows)
        for same in self.info.groupby(["assay", "strand"]).groups.values():
            out[..., same] = out[..., same].mean(axis=-1, keepdims=True)
        return out

    def collect(self, source: SequenceModel | Callable[[np.ndarray], np.ndarray], desc: str) -> Sums:
        """Go through the windows once and keep only sums; ``source`` is a model, or turns row numbers into coverage."""
        if isinstance(source, SequenceModel):
            if source.tracks != self.slugs:
                raise ValueError(f"{desc}: its tracks are not those of the first model")
            model = source
            source = lambda rows: predict(model, self.targets.sequence(rows)).cpu().numpy()  # noqa: E731
        windows = np.zeros((len(self.rows), 6, len(self.slugs)))
        genes = np.zeros((0 if self.genes is None else len(self.genes.columns), len(self.slugs)))
        for first in progress(range(0, len(self.rows), self.batch_size), desc, "batch"):
            rows = self.rows[first : first + self.batch_size]
            for w, (pred, obs) in enumerate(zip(source(rows), self.measured(rows)), first):
                windows[w] = moments(pred, obs)
                if self.genes is not None:
                    gene, bin_ = self.genes.bins[w].T
                    exonic = pred[bin_].astype(np.float64)
                    np.add.at(genes, gene, exonic if self.bent is None else self.bent.inverse(exonic))
        return Sums(windows, genes * self.scale)


def _add_bins(metrics: Metrics, model: str, fits: dict[int, Sums], slugs: list[str], counts: np.ndarray) -> None:
    means = {}
    for seed, sums in fits.items():
        per_track, mean, drawn = mean_pearson(sums.windows, counts)
        for slug, estimate in zip(slugs, per_track):
            note = None if np.isfinite(estimate.value) else "a side does not vary"
            metrics.add("bin_pearson", model, estimate, group=slug, seed=seed, note=note)
        means[seed] = mean, drawn
    metrics.add_mean("bin_pearson", model, means, "mean over tracks; windows resampled")
