"""Variants that are labelled causal or not (fine-mapped eQTLs or caQTLs, say), told apart by their predicted effects.

Names in the `metrics` table, all defined in docs/numbers.md: ``variant_auroc``, ``variant_auprc``,
``variant_sign_accuracy``, ``variant_spearman``, and ``variant_auroc_difference`` from the baseline. They are given for
all variants and by distance to the nearest transcription start, since causal variants lie nearer to genes than others:
the baseline ``tss_distance`` knows nothing else.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from presage.sequence.evaluation.classification import (
    auroc,
    auroc_with_interval,
    average_precision,
    by_class,
    curves,
    sign_accuracy,
)
from presage.sequence.evaluation.estimates import Estimate, interval, scipy_stats
from presage.sequence.evaluation.metrics import Metrics
from presage.sequence.reference.leakage import FOLDS, OUTSIDE

DISTANCE = "tss_distance"
_ONE_CLASS = "needs causal variants and controls"


class Benchmark(NamedTuple):
    """Scored, labelled variants: columns ``causal`` bool, ``score`` (how strong the effect is predicted), ``predicted``
    and ``effect`` (signed log2 ALT over REF; ``effect`` NaN where it is not known), ``distance`` (to the nearest
    transcription start, bp, NaN without one), ``fold``; what ``score`` is, and a prefix of the groups."""

    rows: pd.DataFrame
    score: str
    prefix: str = ""


def splits(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """By the trunk's folds: outside the training fold, all, and each fold that has any."""
    found = {"not_train": rows[rows["fold"].isin(["valid", "test", OUTSIDE])], "all": rows}
    return found | {fold: rows[rows["fold"] == fold] for fold in (*FOLDS, OUTSIDE) if (rows["fold"] == fold).any()}


def groups(rows: pd.DataFrame, edges: Sequence[int], prefix: str = "") -> Iterator[tuple[str, pd.DataFrame]]:
    """(name, rows) of all, and of each bin of distance that has any; ``edges`` in bp, rising."""
    yield prefix or "all", rows
    lead = f"{prefix}, " if prefix else ""
    distance = rows["distance"].abs()
    for low, high in zip((0, *edges), (*edges, np.inf)):
        part = rows[(distance >= low) & (distance < high)]
        if len(part):
            yield lead + bin_name(low, high), part


def bin_name(low: float, high: float) -> str:
    """``tss 1-10 kb``, ``tss >100 kb``."""
    kb = [f"{value / 1000:g}" for value in (low, high)]
    return f"tss >{kb[0]} kb" if np.isinf(high) else f"tss {kb[0]}-{kb[1]} kb"


def benchmark(
    given: Benchmark,
    model: str,
    edges: Sequence[int],
    *,
    resamples: int = 1000,
    seed: int = 0,
    simulated: bool = False,
    only: Sequence[str] = (),
) -> pd.DataFrame:
    """Rows of the `metrics` table: every metric by fold of the trunk and by distance, beside the baseline.

    ``only``: metrics to give; all where it is empty. Where there is one class or nothing varies a value is null, and
    the note says why.
    """
    parts = []
    for split, rows in splits(given.rows).items():
        metrics = Metrics(split, simulated)
        for group, part in groups(rows, edges, given.prefix):
            _add(metrics, part, model, group, given.score, resamples, seed)
        parts.append(metrics.table())
    table = pd.concat(parts, ignore_index=True)
    return table[table["metric"].isin(only)].reset_index(drop=True) if only else table


def _add(metrics: Metrics, rows: pd.DataFrame, model: str, group: str, score: str, resamples: int, seed: int) -> None:
    causal = rows["causal"].to_numpy(bool)
    why = None if 0 < causal.sum() < len(causal) else _ONE_CLASS
    told = {model: rows["score"].to_numpy(float), DISTANCE: _nearness(rows)}
    for name, scores in told.items():
        note = why or (score if name == model else "score: minus the distance to the nearest transcription start")
        metrics.add("variant_auroc", name, auroc_with_interval(scores, causal), group=group, note=note)
        area = average_precision(scores, causal)
        drawn = [] if why else [average_precision(scores[i], causal[i]) for i in by_class(causal, resamples, seed)]
        level = f"; {causal.mean():.3f} of them are causal" if len(causal) else ""
        estimate = interval(area, np.array(drawn, np.float64), len(causal))
        metrics.add("variant_auprc", name, estimate, group=group, note=f"{note}{'' if why else level}")
    pair = [told[model], told[DISTANCE]]
    drawn = (
        []
        if why
        else [auroc(pair[0][i], causal[i]) - auroc(pair[1][i], causal[i]) for i in by_class(causal, resamples, seed)]
    )
    gain = auroc(pair[0], causal) - auroc(pair[1], causal)
    note = why or f"minus {DISTANCE}; variants resampled by class"
    estimate = interval(gain, np.array(drawn, np.float64), len(causal))
    metrics.add("variant_auroc_difference", model, estimate, group=group, note=note)
    known = rows[causal & rows["effect"].notna().to_numpy()]
    signs = sign_accuracy(known["predicted"].to_numpy(float), known["effect"].to_numpy(float))
    note = "causal variants with a known effect" if signs.n else "no causal variant with a known effect"
    metrics.add("variant_sign_accuracy", model, signs, group=group, note=note)
    rho, note = _spearman(known["predicted"].to_numpy(float), known["effect"].to_numpy(float), resamples, seed)
    metrics.add("variant_spearman", model, rho, group=group, note=note)


def _nearness(rows: pd.DataFrame) -> np.ndarray:
    """Minus the distance; a contig without a start counts as farthest."""
    distance = rows["distance"].abs().to_numpy(float)
    return -np.where(np.isnan(distance), np.inf, distance)


def _spearman(predicted: np.ndarray, effect: np.ndarray, resamples: int, seed: int) -> tuple[Estimate, str]:
    if len(effect) < 3 or np.ptp(effect) == 0 or np.ptp(predicted) == 0:
        why = "fewer than three effects" if len(effect) < 3 else "a side does not vary"
        return Estimate(np.nan, np.nan, np.nan, len(effect)), why
    ranks = np.stack([scipy_stats().rankdata(values) for values in (predicted, effect)])
    rng = np.random.default_rng(seed)
    draws = (rng.integers(0, len(effect), len(effect)) for _ in range(resamples))
    with np.errstate(invalid="ignore", divide="ignore"):
        drawn = np.array([np.corrcoef(ranks[:, i])[0, 1] for i in draws])
    return interval(float(np.corrcoef(ranks)[0, 1]), drawn, len(effect)), "causal variants with a known effect"


def benchmark_curves(given: Mapping[str, Benchmark], models: Mapping[str, str], edges: Sequence[int]) -> pd.DataFrame:
    """Curves outside the training fold: ``set model group false_positive_rate true_positive_rate precision``.

    ``given``: set -> its variants; ``models``: column of ``rows`` (``score``, or ``distance``) -> name in the table.
    """
    parts = []
    for name, one in given.items():
        for group, rows in groups(splits(one.rows)["not_train"], edges):
            for column, model in models.items():
                if column in rows or column == "distance":
                    scores = _nearness(rows) if column == "distance" else rows[column].to_numpy(float)
                    found = curves(scores, rows["causal"].to_numpy(bool))
                    parts.append(found.assign(set=name, model=model, group=group))
    columns = ["set", "model", "group", "false_positive_rate", "true_positive_rate", "precision"]
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True)[columns] if filled else pd.DataFrame(columns=columns)
