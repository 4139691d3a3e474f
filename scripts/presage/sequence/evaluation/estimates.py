"""A number with its interval, and what it is resampled from.

Definitions are those of docs/numbers.md. Intervals are 95 %; bootstraps resample whole windows, genes or variants,
because bins of one window are not independent.
"""

from typing import Any, NamedTuple

import numpy as np

# scipy.stats takes a third of a second to import, and reading samples needs only the noise ceiling.


def scipy_stats() -> Any:
    """scipy.stats, imported when it is used."""
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


def nanmean(values: np.ndarray, axis: int | None = None) -> np.ndarray:
    """Mean of the finite entries, NaN (and no warning) where there is none."""
    finite = np.isfinite(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(finite, values, 0).sum(axis) / finite.sum(axis)


def proportion(hits: int, n: int) -> Estimate:
    """Share of hits with Wilson's interval (1927, JASA 22:209)."""
    if n == 0:
        return Estimate(np.nan, np.nan, np.nan, 0)
    result = scipy_stats().binomtest(hits, n).proportion_ci(method="wilson")
    return Estimate(hits / n, float(result.low), float(result.high), n)
