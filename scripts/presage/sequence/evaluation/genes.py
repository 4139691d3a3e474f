"""Genes over cell types: which bins and tracks measure a gene, and what predictions of it are worth."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from presage.sequence.evaluation.correlation import across_types_r, log_cpm, mean_pearson, skill
from presage.sequence.evaluation.estimates import Estimate, interval, nanmean
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


class Sums(NamedTuple):
    """What is kept of predictions: moments ``[windows, 6, tracks]``, coverage over exons ``[genes, tracks]``."""

    windows: np.ndarray
    genes: np.ndarray


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
