"""The evaluation of adapters on held-out coverage: bins of windows, and genes over cell types.

Names in the `metrics` table, all defined in docs/numbers.md:

* ``bin_pearson`` per track and ``all`` (mean over tracks); ``gene_pearson`` per cell type and ``all``
* ``across_types_r``; ``skill`` over predicting each gene's mean over types
* each of them with ``_difference``: minus the reference adapter, paired over windows
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from presage.progress import progress
from presage.sequence.correlation import (
    Estimate,
    across_types_r,
    interval,
    log_cpm,
    mean_pearson,
    moments,
    nanmean,
    resample_counts,
    skill,
)
from presage.sequence.metrics import Metrics
from presage.sequence.model import SequenceModel
from presage.sequence.prediction import predict
from presage.sequence.scaling import Scale
from presage.sequence.targets import TargetSet
from presage.sequence.track_names import track_info

MEAN_OF_TYPES = (
    "mean_of_types"  # baseline: for each type the measured mean over types, so it has seen the answer's mean
)
Replicated = tuple[Estimate, np.ndarray]


class Genes(NamedTuple):
    """Genes of one fold on the windows of that fold.

    ``bins[w]`` holds (gene, bin) index pairs int64 ``[pairs, 2]`` of window ``w``: output bins that touch the gene's
    exons. ``columns`` int64 ``[genes, types]`` is the sense RNA track of each cell type; ``block`` the window that
    holds most bins.
    """

    bins: list[np.ndarray]
    columns: np.ndarray
    types: list[str]
    block: np.ndarray


class Sums(NamedTuple):
    """What is kept of predictions: moments ``[windows, 6, tracks]``, coverage over exons ``[genes, tracks]``."""

    windows: np.ndarray
    genes: np.ndarray


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


def locate(genes: pd.DataFrame, windows: pd.DataFrame, tracks: pd.DataFrame, bin_size: int, split: str) -> Genes | None:
    """Which bins and tracks measure each gene of fold ``split``; None where no gene or no RNA track of both strands
    is there.

    A bin counts whole when any base of it is exonic. ``tracks`` are rows of
    :func:`~presage.sequence.variants.effects.track_info`.
    """
    rna = tracks[tracks["assay"] == "rna"]
    column = {(t.cell_type, t.strand): t.Index for t in rna.itertuples()}
    sense = {strand: {c: column.get((c, strand), column.get((c, "."))) for c in rna["cell_type"]} for strand in "+-"}
    types = [c for c in dict.fromkeys(rna["cell_type"]) if None not in (sense["+"][c], sense["-"][c])]
    genes = genes[genes["fold"] == split]
    bins: list[np.ndarray] = []
    for chrom, start, end in zip(windows["chrom"], windows["out_start"], windows["out_end"]):
        near = np.flatnonzero((genes["chrom"] == chrom) & (genes["start"] < end) & (genes["end"] > start))
        pairs = [(g, b) for g in near for b in _exonic_bins(genes.iloc[g], start, end, bin_size)]
        bins.append(np.array(pairs, np.int64).reshape(-1, 2))
    number = np.array([np.bincount(pairs[:, 0], minlength=len(genes)) for pairs in bins]).reshape(len(bins), len(genes))
    seen = np.flatnonzero(number.any(axis=0))
    if not types or not len(seen):
        return None
    renumber = np.full(len(genes), -1)
    renumber[seen] = np.arange(len(seen))
    bins = [np.stack([renumber[pairs[:, 0]], pairs[:, 1]], axis=1) for pairs in bins]
    columns = np.array([[sense[strand][c] for c in types] for strand in genes["strand"].iloc[seen]], np.int64)
    return Genes(bins, columns, types, number[:, seen].argmax(axis=0))


def _exonic_bins(gene: pd.Series, out_start: int, out_end: int, bin_size: int) -> list[int]:
    """Output bins of a window that touch an exon, each once, ascending."""
    found: set[int] = set()
    for start, end in zip(gene["exon_starts"], gene["exon_ends"]):
        low, high = max(start, out_start), min(end, out_end)
        if low < high:
            found.update(range((low - out_start) // bin_size, (high - 1 - out_start) // bin_size + 1))
    return sorted(found)


def _add_bins(metrics: Metrics, model: str, fits: dict[int, Sums], slugs: list[str], counts: np.ndarray) -> None:
    means = {}
    for seed, sums in fits.items():
        per_track, mean, drawn = mean_pearson(sums.windows, counts)
        for slug, estimate in zip(slugs, per_track):
            note = None if np.isfinite(estimate.value) else "a side does not vary"
            metrics.add("bin_pearson", model, estimate, group=slug, seed=seed, note=note)
        means[seed] = mean, drawn
    metrics.add_mean("bin_pearson", model, means, "mean over tracks; windows resampled")


def add_genes(
    metrics: Metrics,
    model: str,
    fits: dict[int, Sums],
    observed: np.ndarray,
    genes: Genes,
    counts: np.ndarray,
    min_types: int,
) -> None:
    """Add metrics of genes over cell types: ``gene_pearson``, ``across_types_r``, ``skill``.

    ``observed``, like ``genes`` of each fit's sums, is coverage over exons, or molecules, float ``[genes, tracks]``. A
    gene is drawn as often as its window (``counts`` ``[resamples, windows]``).
    """
    weights = counts[:, genes.block]
    raw = np.take_along_axis(observed, genes.columns, axis=1)
    obs = log_cpm(raw)
    expressed = (raw > 0).sum(axis=1) >= min_types
    per_type: dict[int, Replicated] = {}
    across: dict[int, Replicated] = {}
    skills: dict[int, Replicated] = {}
    for seed, sums in fits.items():
        pred = log_cpm(np.take_along_axis(sums.genes, genes.columns, axis=1))
        # One gene is a unit with one value per type.
        units = np.stack([np.ones_like(obs), pred, obs, pred * pred, obs * obs, pred * obs], axis=1)
        types, mean, drawn = mean_pearson(units, weights)
        for name, estimate in zip(genes.types, types):
            note = None if np.isfinite(estimate.value) else "a side does not vary"
            metrics.add("gene_pearson", model, estimate, group=name, seed=seed, note=note)
        per_type[seed] = mean, drawn
        if model != MEAN_OF_TYPES:
            across[seed] = _across(pred[expressed], obs[expressed], weights[:, expressed])
            replicates = np.asarray(skill(pred, obs, weights))
            skills[seed] = interval(float(skill(pred, obs)), replicates, len(obs)), replicates
    metrics.add_mean("gene_pearson", model, per_type, "mean over cell types; genes go with their windows")
    if model == MEAN_OF_TYPES:
        metrics.add(
            "across_types_r", model, Estimate(np.nan, np.nan, np.nan, len(obs)), note="constant over types: undefined"
        )
        metrics.add("skill", model, Estimate(0.0, 0.0, 0.0, len(obs)), note="0 by definition")
        return
    metrics.add_mean("across_types_r", model, across, f"mean over genes seen in >= {min_types} types")
    metrics.add_mean("skill", model, skills, "1 - MSE / MSE of each gene's mean over types, centred log1p CPM")


def _across(pred: np.ndarray, obs: np.ndarray, weights: np.ndarray) -> Replicated:
    """Mean over genes of across-type r, and its replicates. A constant prediction counts as r = 0."""
    r = across_types_r(pred, obs)
    varies = np.ptp(obs, axis=1) > 0
    r, weights = np.nan_to_num(r[varies]), weights[:, varies]
    with np.errstate(invalid="ignore"):
        drawn = weights @ r / weights.sum(axis=1)
    return interval(float(nanmean(r)), drawn, len(r)), drawn


# ---- beside the adapters -----------------------------------------------------------------------------------------


def ceilings(qc: Mapping[str, Any], slugs: Sequence[str], simulated: bool, split: str = "test") -> pd.DataFrame:
    """Rows ``noise_ceiling`` of the `metrics` table for ``slugs``, from the pseudobulk's ``qc["tracks"]``."""
    metrics = Metrics(split, simulated)
    values = []
    for slug in slugs:
        found = qc.get(slug, {}).get("noise_ceiling", {}).get(split)
        values.append(np.nan if found is None else found)
        note = f"halves by {qc[slug]['halved_by']}" if found is not None else "halves do not vary, or were not made"
        metrics.add("noise_ceiling", "measured", Estimate(values[-1], np.nan, np.nan, 1), group=slug, note=note)
    mean = Estimate(float(nanmean(np.array(values))), np.nan, np.nan, len(values))
    metrics.add("noise_ceiling", "measured", mean, note="mean over tracks")
    return metrics.table()


def example(model: SequenceModel, targets: TargetSet, split: str = "test") -> pd.DataFrame:
    """Measured and predicted coverage of one window of ``split``: columns ``window track bin observed predicted``.

    The window is the one with the median total of measured coverage, so that it is neither the best nor an empty one.
    """
    rows = targets.fold(split)
    columns = [targets.tracks.index(slug) for slug in model.tracks]
    totals = np.array([targets.values([row])[..., columns].sum() for row in rows])
    row = rows[np.argsort(totals, kind="stable")[len(rows) // 2]]
    observed = targets.values([row])[0][:, columns]
    predicted = predict(model, targets.sequence([row]))[0].cpu().numpy()
    bins = len(observed)
    return pd.DataFrame(
        {
            "window": int(targets.windows["window"].iloc[row]),
            "track": np.repeat(np.array(model.tracks, object), bins),
            "bin": np.tile(np.arange(bins), len(columns)),
            "observed": observed.T.ravel(),
            "predicted": predicted.T.ravel(),
        }
    )
