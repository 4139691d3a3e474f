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
    statistic: Callable[[np.ndarray], float],
    seed: int,
    draws: int = 2000,
    level: float = 0.95,
) -> tuple[float, float]:
    """Percentile interval of ``statistic`` by resampling whole ``groups`` (cages); (nan, nan) under two groups."""
    names = np.unique(groups)
    if len(names) < 2:
        return float("nan"), float("nan")
    members = [values[groups == g] for g in names]
    rng = np.random.default_rng(seed)
    picks = rng.integers(0, len(names), size=(draws, len(names)))
    found = np.array([statistic(np.concatenate([members[i] for i in row])) for row in picks])
    low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2], method="inverted_cdf")
    return float(low), float(high)


def median_with_misses(leads: np.ndarray) -> float:
    """Median in which NaN (a miss) counts as minus infinity; -inf when half or more were missed."""
    values = np.where(np.isnan(leads), -np.inf, leads)
    if not len(values):
        return float("nan")
    low, high = np.sort(values)[[(len(values) - 1) // 2, len(values) // 2]]
    return float((low + high) / 2.0)
