"""Every animal is its own control: level and spread over past ordinary days, and how far recent days are from them."""

from dataclasses import dataclass

import numpy as np

from presage.config.distress import Detector
from presage.homecage.detectors.panel import Panel

# Odd days are no baseline for the level, but they belong to the spread: without them it would shrink with every one
# left out, and scores would creep up. Beyond this many prior standard deviations a residual counts as that many.
CLIP = 2.0


@dataclass(frozen=True)
class Comparison:
    """Recent days against the baseline that ended before them, for all units; float64 [U, F] unless said otherwise.

    ``recent`` mean of the window's days by evidence; ``level`` median of the baseline's days; ``days`` how many those
    were; ``evidence`` sum over the window; ``own_ss`` and ``own_df`` squares and degrees of freedom of the own spread.
    """

    recent: np.ndarray
    level: np.ndarray
    days: np.ndarray
    evidence: np.ndarray
    own_ss: np.ndarray
    own_df: np.ndarray

    def difference(self) -> np.ndarray:
        """(recent - level) in units of one day's spread: its variance is 1/evidence + 1/days times that of a day."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return (self.recent - self.level) / np.sqrt(1.0 / self.evidence + 1.0 / self.days)

    def spread(self, prior: np.ndarray, prior_days: float) -> np.ndarray:
        """Own standard deviation shrunk to the healthy cages' ``prior`` [F], which weighs ``prior_days`` days."""
        return np.sqrt((prior_days * prior**2 + self.own_ss) / np.maximum(prior_days + self.own_df, 1e-9))


def compare(
    panel: Panel, day: int, window: int, ordinary: np.ndarray, settings: Detector, prior: np.ndarray | None = None
) -> Comparison:
    """The ``window`` days that end with index ``day`` against the baseline before them.

    ``ordinary`` bool [U, D]: days that may serve as baseline. The baseline is the last (or, for baseline "first", the
    first) ``baseline_days`` ordinary days with the sampling of ``day``, within ``lookback_days``; with fewer than
    ``min_baseline_days`` of them, odd days serve too, so that a lasting change is learned and not alarmed for ever. A
    longer window may do with as many baseline days fewer: on every judged day all windows are looked at, so that a
    score means the same on the first of them as later. NaN where a unit has no baseline, or nothing was seen on
    ``day``. Only days up to ``day`` are read.
    """
    begin = day - window + 1
    first = settings.baseline == "first"
    least = max(1, settings.min_baseline_days - (0 if first else window - 1))
    past = slice(0 if first else max(0, begin - settings.lookback_days), max(begin, 0))
    values = panel.values[:, past]
    same = (panel.sampling[:, past] == panel.sampling[:, day, None]) & np.isfinite(values)
    good = same & ordinary[:, past, None]
    unmasked = same & (panel.evidence[:, past, None] >= 1.0)
    enough = good.sum(axis=1) >= least
    pool = np.where(enough[:, None], good, unmasked)
    use = _nearest(pool, settings.baseline_days, first)
    days = use.sum(axis=1).astype(float)
    level = np.where(days >= least, _median(values, use), np.nan)
    own_ss, own_df = _own_spread(values, use if first else unmasked, prior)
    span = slice(max(begin, 0), day + 1)
    weight = panel.evidence[:, span, None] * (panel.sampling[:, span] == panel.sampling[:, day, None])
    weight = np.where(np.isfinite(panel.values[:, span]), weight, 0.0)
    total = weight.sum(axis=1)
    product = (weight * np.nan_to_num(panel.values[:, span])).sum(axis=1)
    today = np.isfinite(panel.values[:, day]) & (panel.evidence[:, day, None] > 0)
    recent = np.where(today & (total > 0), product / np.where(total > 0, total, 1.0), np.nan)
    return Comparison(recent, level, days, total, own_ss, own_df)


def _nearest(pool: np.ndarray, count: int, first: bool) -> np.ndarray:
    """The last (first) ``count`` days of ``pool`` [U, days, F] for each unit and feature."""
    order = pool if first else pool[:, ::-1]
    rank = np.cumsum(order, axis=1)
    return pool & ((rank if first else rank[:, ::-1]) <= count)


def _own_spread(values: np.ndarray, pool: np.ndarray, prior: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Sum of squared residuals [U, F] about the median of ``pool``, and its degrees of freedom."""
    rest = np.where(pool, values - _median(values, pool)[:, None], 0.0)
    if prior is not None:
        rest = np.clip(rest, -CLIP * prior, CLIP * prior)
    return (rest**2).sum(axis=1), np.maximum(pool.sum(axis=1) - 1.0, 0.0)


def _median(values: np.ndarray, use: np.ndarray) -> np.ndarray:
    """Median over axis 1 of the values in ``use``; NaN where there is none (no warning, unlike nanmedian)."""
    if not values.shape[1]:
        return np.full((values.shape[0], values.shape[2]), np.nan)
    filled = np.sort(np.where(use, values, np.inf), axis=1)
    count = use.sum(axis=1, keepdims=True)
    low = np.take_along_axis(filled, np.maximum((count - 1) // 2, 0), axis=1)
    high = np.take_along_axis(filled, np.minimum(count // 2, filled.shape[1] - 1), axis=1)
    return np.where(count > 0, (low + high) / 2.0, np.nan)[:, 0]
