"""Exact and resampled intervals for small numbers of cases."""

from collections.abc import Callable

import numpy as np
from scipy import stats


def binomial_ci(successes: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Clopper-Pearson interval of a share; (nan, nan) without trials."""
    if n == 0:
        return float("nan"), float("nan")
    tail = (1.0 - level) / 2.0
    low = stats.beta.ppf(tail, successes, n - successes + 1) if successes else 0.0
    high = stats.beta.ppf(1.0 - tail, successes + 1, n - successes) if successes < n else 1.0
    return float(low), float(high)


def poisson_ci(count: int, exposure: float, level: float = 0.95) -> tuple[float, float]:
    """Garwood's exact interval of a rate, ``count`` / ``exposure``; (nan, nan) without exposure."""
    if exposure <= 0:
        return float("nan"), float("nan")
    tail = (1.0 - level) / 2.0
    low = stats.chi2.ppf(tail, 2 * count) / 2.0 if count else 0.0
    return float(low / exposure), float(stats.chi2.ppf(1.0 - tail, 2 * count + 2) / 2.0 / exposure)


def bootstrap_ci(
    values: np.ndarray,
    groups: np.ndarray,
    statistic: Callable[[np.ndarray], np.ndarray],
    seed: int,
    draws: int = 2000,
    level: float = 0.95,
) -> tuple[float, float]:
    """Percentile interval of ``statistic`` by resampling whole ``groups`` (cages); (nan, nan) under two groups.

    ``statistic`` reduces the last axis of an array.
    """
    names = np.unique(groups)
    if len(names) < 2:
        return float("nan"), float("nan")
    members = [values[groups == g] for g in names]
    picks = np.random.default_rng(seed).integers(0, len(names), size=(draws, len(names)))
    if len({len(m) for m in members}) == 1:
        found = statistic(np.stack(members)[picks].reshape(draws, -1))
    else:
        found = np.array([statistic(np.concatenate([members[i] for i in row])) for row in picks])
    low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2], method="inverted_cdf")
    return float(low), float(high)


def mean(values: np.ndarray) -> np.ndarray:
    """Mean over the last axis."""
    return values.mean(axis=-1)


def median_with_misses(leads: np.ndarray) -> np.ndarray:
    """Median over the last axis; NaN (a miss) counts as minus infinity: -inf when more than half were missed."""
    n = leads.shape[-1]
    if n == 0:
        return np.full(leads.shape[:-1], np.nan)
    ordered = np.sort(np.where(np.isnan(leads), -np.inf, leads), axis=-1)
    return (ordered[..., (n - 1) // 2] + ordered[..., n // 2]) / 2.0
