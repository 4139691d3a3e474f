"""Genes over cell types: which bins and tracks measure a gene, and what predictions of it are worth."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from presage.sequence.evaluation.correlation import across_types_r, centre, log_cpm, mean_pearson, skill
from presage.sequence.evaluation.estimates import Estimate, interval, nanmean, scipy_stats
from presage.sequence.evaluation.metrics import Metrics

MEAN_OF_TYPES = "mean_of_types"
"""Baseline: for each type the measured mean over types, so it has seen the answer's mean."""
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


def add_genes(
    metrics: Metrics,
    model: str,
    predicted: Mapping[int, np.ndarray],
    observed: np.ndarray,
    genes: Genes,
    counts: np.ndarray,
    min_types: int,
) -> None:
    """Add metrics of genes over cell types: :data:`PER_TYPE` and :data:`ACROSS` ones, and ``skill``.

    ``predicted`` (by seed), like ``observed``, is coverage over exons, or molecules, float ``[genes, tracks]``. A gene
    is drawn as often as its window (``counts`` ``[resamples, windows]``). With one cell type nothing can be said
    across types, and the rows say so.
    """
    weights = counts[:, genes.block]
    raw = np.take_along_axis(observed, genes.columns, axis=1)
    obs = log_cpm(raw)
    expressed = (raw > 0).sum(axis=1) >= min_types
    pred = {s: log_cpm(np.take_along_axis(sums, genes.columns, axis=1)) for s, sums in predicted.items()}
    for metric, view in PER_TYPE.items():
        why = _undefined(metric, model, genes.types)
        if why:
            metrics.add(metric, model, Estimate(np.nan, np.nan, np.nan, len(obs)), note=why)
            continue
        per_type = {}
        for seed, values in pred.items():
            types, mean, drawn = mean_pearson(units(view(values), view(obs)), weights)
            for name, estimate in zip(genes.types, types):
                note = None if np.isfinite(estimate.value) else "a side does not vary"
                metrics.add(metric, model, estimate, group=name, seed=seed, note=note)
            per_type[seed] = mean, drawn
        metrics.add_mean(metric, model, per_type, "mean over cell types; genes go with their windows")
    for metric, view in ACROSS.items():
        why = _undefined(metric, model, genes.types)
        if not why and not expressed.any():
            why = f"no gene is seen in >= {min_types} types"
        if why:
            metrics.add(metric, model, Estimate(np.nan, np.nan, np.nan, int(expressed.sum())), note=why)
            continue
        rows = {s: _across(view(p[expressed]), view(obs[expressed]), weights[:, expressed]) for s, p in pred.items()}
        metrics.add_mean(metric, model, rows, f"mean over genes seen in >= {min_types} types")
    if model == MEAN_OF_TYPES or len(genes.types) < 2:
        value, why = (0.0, "0 by definition") if len(genes.types) > 1 else (np.nan, _ONE_TYPE)
        metrics.add("skill", model, Estimate(value, value, value, len(obs)), note=why)
        return
    replicates = {s: np.asarray(skill(p, obs, weights)) for s, p in pred.items()}
    skills = {s: (interval(float(skill(p, obs)), replicates[s], len(obs)), replicates[s]) for s, p in pred.items()}
    metrics.add_mean("skill", model, skills, "1 - MSE / MSE of each gene's mean over types, centred log1p CPM")


_ONE_TYPE = "one cell type: nothing to compare across"


def _undefined(metric: str, model: str, types: Sequence[str]) -> str | None:
    """Why a metric has no value, whatever the numbers."""
    if metric not in (*ACROSS, "gene_centred_r"):
        return None
    if len(types) < 2:
        return _ONE_TYPE
    return "constant over types: undefined" if model == MEAN_OF_TYPES else None


def _ranks(axis: int) -> Callable[[np.ndarray], np.ndarray]:
    """Ranks along an axis, ties at their mean."""
    return lambda values: scipy_stats().rankdata(values, axis=axis)


# What of log1p CPM [genes, types] is correlated over genes, type by type; and over types, gene by gene.
PER_TYPE: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "gene_pearson": lambda values: values,
    "gene_spearman": _ranks(0),
    "gene_centred_r": centre,
}
ACROSS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "across_types_r": lambda values: values,
    "across_types_rho": _ranks(1),
}


def units(pred: np.ndarray, obs: np.ndarray) -> np.ndarray:
    """Moments of genes, each a unit with one value per type: float64 ``[genes, 6, types]``."""
    x, y = pred - pred.mean(0), obs - obs.mean(0)  # sums of squares of what is centred lose no digits
    return np.stack([np.ones_like(y), x, y, x * x, y * y, x * y], axis=1)


def _across(pred: np.ndarray, obs: np.ndarray, weights: np.ndarray) -> Replicated:
    """Mean over genes of across-type r, and its replicates. A constant prediction counts as r = 0."""
    r = across_types_r(pred, obs)
    varies = np.ptp(obs, axis=1) > 0
    r, weights = np.nan_to_num(r[varies]), weights[:, varies]
    with np.errstate(invalid="ignore"):
        drawn = weights @ r / weights.sum(axis=1)
    return interval(float(nanmean(r)), drawn, len(r)), drawn
