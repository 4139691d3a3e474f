"""The metrics of predicted coverage and of variant effects, each as a small pure function with its interval.

Definitions are those of docs/numbers.md. Intervals are 95 %; bootstraps resample whole windows, genes or variants,
because bins of one window are not independent.
"""

from typing import Any, NamedTuple

import numpy as np

# scipy.stats takes a third of a second to import, and reading samples needs only the noise ceiling: see `_stats`.


def _stats() -> Any:
    from scipy import stats

    return stats


class Estimate(NamedTuple):
    """A value with its 95 % interval (NaN where there is none) and the number of things behind it."""

    value: float
    low: float
    high: float
    n: int


def interval(value: float, resampled: np.ndarray, n: int) -> Estimate:
    """``value`` with the percentile interval of its bootstrap replicates ``[resamples]`` (NaN ones are left out)."""
    kept = resampled[np.isfinite(resampled)]
    low, high = np.percentile(kept, [2.5, 97.5]) if len(kept) else (np.nan, np.nan)
    return Estimate(float(value), float(low), float(high), int(n))


def resample_counts(n: int, resamples: int, seed: int) -> np.ndarray:
    """Bootstrap weights float64 ``[resamples, n]``: how often each unit is drawn. Same seed and n, same draws."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(n, np.full(n, 1 / n), size=resamples).astype(np.float64)


# ---- Pearson from sums that add up over windows ------------------------------------------------------------------


def moments(pred: np.ndarray, obs: np.ndarray) -> np.ndarray:
    """The six sums behind Pearson's r over the bins of one window: ``[bins, tracks]`` twice -> float64 ``[6, tracks]``.

    Sums of several windows add up, so r over all bins, and every bootstrap replicate of it, needs no bin in memory.
    """
    x, y = np.asarray(pred, np.float64), np.asarray(obs, np.float64)
    n = np.full(x.shape[1], float(len(x)))
    return np.stack([n, x.sum(0), y.sum(0), (x * x).sum(0), (y * y).sum(0), (x * y).sum(0)])


def pearson_from_moments(sums: np.ndarray) -> np.ndarray:
    """Pearson's r ``[..., tracks]`` from summed moments ``[..., 6, tracks]``; NaN where a side does not vary."""
    n, x, y, xx, yy, xy = np.moveaxis(sums, -2, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        var_x, var_y = xx - x * x / n, yy - y * y / n
        # What is left of a constant's variance is rounding, of the size of its sum of squares.
        flat = (var_x <= 1e-12 * xx) | (var_y <= 1e-12 * yy)
        return np.where(flat, np.nan, (xy - x * y / n) / np.sqrt(var_x * var_y))


def pearson(pred: np.ndarray, obs: np.ndarray) -> np.ndarray:
    """Pearson's r per column: ``[n, tracks]`` twice -> float64 ``[tracks]``; NaN where a side does not vary."""
    x, y = np.asarray(pred, np.float64), np.asarray(obs, np.float64)
    return pearson_from_moments(moments(x - x.mean(0), y - y.mean(0)))


def mean_pearson(units: np.ndarray, counts: np.ndarray) -> tuple[list[Estimate], Estimate, np.ndarray]:
    """Pearson of every track over pooled units (windows of bins, or single genes), and its mean over tracks.

    Parameters
    ----------
    units : float64 ``[units, 6, tracks]``
        :func:`moments` of each unit.
    counts : float64 ``[resamples, units]``
        Bootstrap weights. Models that are given the same weights have paired replicates.

    Returns
    -------
    tracks : one estimate per track, with the number of values behind it
    mean : estimate of the mean over the tracks whose r is defined, with the number of units
    replicates : float64 ``[resamples]``, the mean's bootstrap replicates
    """
    r = pearson_from_moments(units.sum(0))
    drawn = pearson_from_moments(np.tensordot(counts, units, axes=1))
    values = units[:, 0].sum(0)
    tracks = [interval(r[t], drawn[:, t], int(values[t])) for t in range(len(r))]
    replicates = nanmean(drawn, axis=1)
    return tracks, interval(float(nanmean(r)), replicates, len(units)), replicates


def nanmean(values: np.ndarray, axis: int | None = None) -> np.ndarray:
    """Mean of the finite entries, NaN (and no warning) where there is none."""
    finite = np.isfinite(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(finite, values, 0).sum(axis) / finite.sum(axis)


# ---- across cell types -------------------------------------------------------------------------------------------


def log_cpm(counts: np.ndarray) -> np.ndarray:
    """log1p of counts per million: ``[genes, types]`` -> the same shape; a type's million is over the genes given."""
    total = counts.sum(0, keepdims=True)
    return np.log1p(1e6 * counts / np.where(total > 0, total, 1))


def centre(values: np.ndarray) -> np.ndarray:
    """``[genes, types]`` minus each gene's mean over types."""
    return values - values.mean(1, keepdims=True)


def across_types_r(pred: np.ndarray, obs: np.ndarray) -> np.ndarray:
    """Per gene, Pearson over cell types of log1p CPM: ``[genes, types]`` twice -> ``[genes]``; NaN where undefined."""
    return pearson(np.asarray(pred).T, np.asarray(obs).T)


def skill(pred: np.ndarray, obs: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray | float:
    """1 - MSE / MSE_mean on centred values: 0 is as good as predicting each gene's mean over types, 1 is perfect.

    ``pred`` and ``obs`` are log1p CPM ``[genes, types]``; ``weights`` ``[..., genes]`` counts how often each gene is
    drawn, and gives the result its shape ``[...]``. NaN where no gene varies over types.
    """
    error = ((centre(pred) - centre(obs)) ** 2).sum(1)
    baseline = (centre(obs) ** 2).sum(1)
    drawn = np.ones(len(error)) if weights is None else weights
    with np.errstate(invalid="ignore", divide="ignore"):
        return 1 - (drawn @ error) / (drawn @ baseline)


def noise_ceiling(r: np.ndarray | float) -> np.ndarray | float:
    """Highest r that a perfect model can reach on the whole, from the r of two halves of the data: sqrt(2 r / (1 + r)).

    The Spearman-Brown prophecy gives the whole's reliability 2r / (1 + r), and r with a perfect model is its root. 0
    where the halves do not correlate. Say with it what was halved (donors, or cells).
    """
    clipped = np.clip(r, 0, 1)
    return np.sqrt(2 * clipped / (1 + clipped))


def nearest_column(target: np.ndarray, candidates: np.ndarray) -> int:
    """Index of the column of ``candidates`` ``[n, k]`` that correlates best with ``target`` ``[n]`` (the
    nearest-track baseline).

    Choose on training or validation data only. Raises ``ValueError`` when no candidate varies.
    """
    r = pearson(candidates, np.repeat(np.asarray(target)[:, None], candidates.shape[1], axis=1))
    if np.isnan(r).all():
        raise ValueError("no candidate column correlates with the target: all are constant")
    return int(np.nanargmax(r))


# ---- variants ----------------------------------------------------------------------------------------------------


def auroc(scores: np.ndarray, labels: np.ndarray) -> float:
    """Probability that a positive scores above a negative, ties half (Mann-Whitney); NaN without both classes."""
    labels = np.asarray(labels, bool)
    positives, negatives = int(labels.sum()), int((~labels).sum())
    if not positives or not negatives:
        return float("nan")
    ranks = _stats().rankdata(scores)
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
    everyone = _stats().rankdata(scores)
    # Placement of each positive among the negatives, and of each negative among the positives.
    placed_pos = (everyone[labels] - _stats().rankdata(scores[labels])) / n
    placed_neg = 1 - (everyone[~labels] - _stats().rankdata(scores[~labels])) / m
    variance = placed_pos.var(ddof=1) / m + placed_neg.var(ddof=1) / n
    if area in (0.0, 1.0):
        edge = 0.025 ** (1 / min(m, n))
        low, high = (edge, 1.0) if area == 1.0 else (0.0, 1 - edge)
        return Estimate(area, low, high, m + n)
    logit = np.log(area / (1 - area))
    reach = _stats().norm.ppf(0.975) * np.sqrt(variance) / (area * (1 - area))
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


def proportion(hits: int, n: int) -> Estimate:
    """Share of hits with Wilson's interval (1927, JASA 22:209)."""
    if n == 0:
        return Estimate(np.nan, np.nan, np.nan, 0)
    result = _stats().binomtest(hits, n).proportion_ci(method="wilson")
    return Estimate(hits / n, float(result.low), float(result.high), n)


def sign_accuracy(effects: np.ndarray, truth: np.ndarray) -> Estimate:
    """Share of effects with the true sign, among those whose truth is not 0 (a predicted 0 is wrong)."""
    real = np.asarray(truth) != 0
    return proportion(int((np.sign(effects[real]) == np.sign(truth[real])).sum()), int(real.sum()))
