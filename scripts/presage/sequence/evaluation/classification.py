"""How well scores tell one class of variants from another, and find the sign, each with its interval."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from presage.sequence.evaluation.estimates import Estimate, interval, proportion, scipy_stats


def auroc(scores: np.ndarray, labels: np.ndarray) -> float:
    """Probability that a positive scores above a negative, ties half (Mann-Whitney); NaN without both classes."""
    labels = np.asarray(labels, bool)
    positives, negatives = int(labels.sum()), int((~labels).sum())
    if not positives or not negatives:
        return float("nan")
    ranks = scipy_stats().rankdata(scores)
    return float((ranks[labels].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def auroc_with_interval(scores: np.ndarray, labels: np.ndarray) -> Estimate:
    """AUROC with its interval after DeLong et al. (1988), Biometrics 44:837, on the logit scale so that it stays in
    [0, 1].

    Where the variance is 0 (complete separation) the interval is the exact one for that many of the smaller class:
    one side is 1 or 0, the other what ``0.025 ** (1 / m)`` allows.
    """
    scores, labels = np.asarray(scores, np.float64), np.asarray(labels, bool)
    area = auroc(scores, labels)
    m, n = int(labels.sum()), int((~labels).sum())
    if min(m, n) < 2:
        return Estimate(area, np.nan, np.nan, m + n)
    everyone = scipy_stats().rankdata(scores)
    # Share of the negatives under each positive, and of the positives under each negative: only their spread counts.
    placed_pos = (everyone[labels] - scipy_stats().rankdata(scores[labels])) / n
    placed_neg = (everyone[~labels] - scipy_stats().rankdata(scores[~labels])) / m
    variance = placed_pos.var(ddof=1) / m + placed_neg.var(ddof=1) / n
    if area in (0.0, 1.0):
        edge = 0.025 ** (1 / min(m, n))
        low, high = (edge, 1.0) if area == 1.0 else (0.0, 1 - edge)
        return Estimate(area, low, high, m + n)
    logit = np.log(area / (1 - area))
    reach = scipy_stats().norm.ppf(0.975) * np.sqrt(variance) / (area * (1 - area))
    low, high = 1 / (1 + np.exp(-(logit + np.array([-reach, reach]))))
    return Estimate(area, float(low), float(high), m + n)


def recovered_share(model: np.ndarray, oracle: np.ndarray, labels: np.ndarray, resamples: int, seed: int) -> Estimate:
    """(AUROC - 0.5) / (oracle's AUROC - 0.5), paired bootstrap over variants by class; NaN for a blind oracle."""
    labels = np.asarray(labels, bool)

    def share(index: np.ndarray) -> float:
        reach = auroc(oracle[index], labels[index]) - 0.5
        return (auroc(model[index], labels[index]) - 0.5) / reach if abs(reach) > 1e-9 else np.nan

    rng = np.random.default_rng(seed)
    groups = [np.flatnonzero(labels), np.flatnonzero(~labels)]
    if not all(len(group) for group in groups):
        return Estimate(np.nan, np.nan, np.nan, len(labels))
    drawn = [share(np.concatenate([rng.choice(g, len(g)) for g in groups])) for _ in range(resamples)]
    return interval(share(np.arange(len(labels))), np.array(drawn), len(labels))


def sign_accuracy(effects: np.ndarray, truth: np.ndarray) -> Estimate:
    """Share of effects with the true sign, among those whose truth is not 0 (a predicted 0 is wrong)."""
    real = np.asarray(truth) != 0
    return proportion(int((np.sign(effects[real]) == np.sign(truth[real])).sum()), int(real.sum()))


def average_precision(scores: np.ndarray, labels: np.ndarray) -> float:
    """Area under precision against recall, as steps (scikit-learn's definition); ties move together.

    NaN without both classes or without a score. A score that tells nothing has the share of positives.
    """
    scores, labels = np.asarray(scores, np.float64), np.asarray(labels, bool)
    if not labels.any() or labels.all():
        return float("nan")
    order = np.argsort(-scores, kind="stable")
    last = _ends_of_ties(scores[order])
    hits = np.cumsum(labels[order])[last]
    precision, recall = hits / (np.flatnonzero(last) + 1), hits / hits[-1]
    return float((np.diff(recall, prepend=0) * precision).sum())


def by_class(labels: np.ndarray, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """Bootstrap draws of row numbers, positives and negatives each among themselves."""
    rng = np.random.default_rng(seed)
    groups = [np.flatnonzero(labels), np.flatnonzero(~np.asarray(labels, bool))]
    for _ in range(resamples):
        yield np.concatenate([rng.choice(group, len(group)) for group in groups if len(group)])


def curves(scores: np.ndarray, labels: np.ndarray) -> pd.DataFrame:
    """Columns ``false_positive_rate true_positive_rate precision``, one row per distinct score, from the highest on;
    no row without both classes. True positive rate is recall."""
    labels = np.asarray(labels, bool)
    columns = ["false_positive_rate", "true_positive_rate", "precision"]
    if not labels.any() or labels.all():
        return pd.DataFrame({name: np.empty(0) for name in columns})
    scores = np.asarray(scores, np.float64)
    order = np.argsort(-scores, kind="stable")
    last = _ends_of_ties(scores[order])
    hits, misses = (np.cumsum(part[order])[last] for part in (labels, ~labels))
    rows = pd.DataFrame(
        {columns[0]: misses / misses[-1], columns[1]: hits / hits[-1], columns[2]: hits / (hits + misses)}
    )
    start = pd.DataFrame({columns[0]: [0.0], columns[1]: [0.0], columns[2]: [rows[columns[2]].iloc[0]]})
    return pd.concat([start, rows], ignore_index=True)


def _ends_of_ties(ranked: np.ndarray) -> np.ndarray:
    """bool ``[n]``: the last of each run of equal values (infinite ones too) of a sorted array."""
    return np.append(ranked[1:] != ranked[:-1], True)
