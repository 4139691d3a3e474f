"""The detector: deviations from the own baseline, combined into one score per animal and day.

For each window of the last 1, 2, 3 days every feature's difference from the own level is divided by its standard
error (own spread, shrunk to that of healthy cages) and the weighted sum by its own standard deviation, so that each
window's score has about unit variance in a healthy animal. The score of a day is the largest of them: a scan over how
long it has lasted. Causal: the score of a day reads that day and earlier ones.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from presage.config.distress import Detector
from presage.homecage import panel as panels
from presage.homecage.baseline import Comparison, compare
from presage.homecage.panel import Panel

# Features of a healthy animal are correlated; a matrix from few cages is pulled towards none of it.
CORRELATION_SHRINKAGE = 0.1
MAD_TO_SD = 1.4826


@dataclass(frozen=True)
class Scores:
    """Scores of all units and days, [U, D]: ``score`` float64 (NaN where not judged), higher is worse; ``why`` text.

    A day that was not judged is one of ``no_call`` (too little seen), ``warm_up`` (no baseline yet) and ``masked``
    (an event took its evidence); days outside a unit's recording are none of them.
    """

    score: np.ndarray
    why: np.ndarray
    no_call: np.ndarray
    warm_up: np.ndarray
    masked: np.ndarray

    @property
    def judged(self) -> np.ndarray:
        """Days with a score, bool [U, D]."""
        return np.isfinite(self.score)


class Fitted(Protocol):
    """What scores cage-days after it has seen healthy ones."""

    def score(self, panel: Panel) -> Scores:
        """Score every day of ``panel``, each from it and earlier days only."""

    def learned(self) -> dict:
        """What was found on healthy days, as JSON."""


class Scorer(Protocol):
    """Our detector, or a one-line rule, before it has seen anything."""

    def fit(self, panel: Panel, healthy: np.ndarray) -> Fitted:
        """Learn from the ``healthy`` days [U, D] of ``panel``."""


@dataclass(frozen=True)
class OwnBaseline:
    """Our detector, not yet fitted."""

    settings: Detector

    def fit(self, panel: Panel, healthy: np.ndarray) -> "FittedBaseline":
        """Pooled spread (robust) of each feature about the own baseline, and the features' correlation.

        A feature that no healthy day has is left out (its spread is NaN). Raises ``ValueError`` when that is all of
        them: no animal has a baseline and a day after it.
        """
        ordinary = healthy & (panel.evidence >= 1.0)
        days = range(1, len(panel.dates))
        rows = [compare(panel, day, 1, ordinary, self.settings).difference()[ordinary[:, day]] for day in days]
        differences = np.concatenate(rows) if rows else np.empty((0, len(panel.features)))
        spread = np.array([_robust_sd(column[np.isfinite(column)]) for column in differences.T])
        if np.isnan(spread).all():
            raise ValueError("no healthy day has a baseline before it")
        z = np.clip(differences / spread, -self.settings.cap, self.settings.cap)
        return FittedBaseline(self.settings, spread, _correlation(z))


@dataclass(frozen=True)
class FittedBaseline:
    """Our detector with the ``spread`` [F] and ``correlation`` [F, F] of healthy day-to-day differences."""

    settings: Detector
    spread: np.ndarray
    correlation: np.ndarray

    def learned(self) -> dict:
        """The spread of each feature on its transformed scale, and the correlation."""
        names = [f.name for f in self.settings.features]
        return {
            "spread": {name: None if np.isnan(s) else float(s) for name, s in zip(names, self.spread)},
            "correlation": self.correlation.tolist(),
        }

    def score(self, panel: Panel) -> Scores:
        """One pass through time: a day that scores high is not part of later baselines."""
        shape = panel.values.shape[:2]
        score, why = np.full(shape, np.nan), np.full(shape, None, dtype=object)
        weights = np.where(np.isfinite(self.spread), [f.weight for f in panel.features], 0.0)
        seen = (np.isfinite(panel.values) * weights).sum(axis=2) >= self.settings.min_weight * weights.sum()
        masked = panel.scheduled & (panel.evidence <= 0.0)
        ordinary = (panel.evidence >= 1.0) & seen
        for day in range(shape[1]):
            best = np.full(shape[0], -np.inf)
            for window in self.settings.windows:
                result = compare(panel, day, window, ordinary, self.settings, self.spread)
                value, z = self._combine(result, weights)
                better = seen[:, day] & ~masked[:, day] & (value > best)
                best = np.where(better, value, best)
                for unit in np.flatnonzero(better & (value >= self.settings.freeze_score)).tolist():
                    why[unit, day] = explain(panel, result, z, unit, window)
            score[:, day] = np.where(np.isfinite(best), best, np.nan)
            ordinary[:, day] &= ~(best >= self.settings.freeze_score)
        no_call = panel.scheduled & ~seen & ~masked
        warm_up = panel.scheduled & seen & ~masked & np.isnan(score)
        return Scores(score, why, no_call, warm_up, masked)

    def _combine(self, result: Comparison, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Score [U] over the features that are there, and their capped deviations z [U, F] in standard errors."""
        own = result.spread(self.spread, self.settings.prior_days)
        z = np.clip(result.difference() / own, -self.settings.cap, self.settings.cap)
        active = np.where(np.isfinite(z), weights, 0.0)
        variance = np.einsum("uf,fg,ug->u", active, self.correlation, active)
        total = (active * np.nan_to_num(z)).sum(axis=1)
        known = active.sum(axis=1) >= self.settings.min_weight * weights.sum()
        return np.where(known, total / np.sqrt(np.maximum(variance, 1e-9)), np.nan), z


def explain(panel: Panel, result: Comparison, z: np.ndarray, unit: int, window: int, most: int = 3) -> str:
    """The strongest deviations towards illness in words, such as "night distance -48 % over 2 days"."""
    parts = []
    for k in np.argsort(-np.nan_to_num(z[unit], nan=-np.inf), kind="stable")[:most]:
        if not z[unit, k] > 1.0:
            break
        feature = panel.features[k]
        now, usual = (float(panels.inverse(v[unit, k], feature)) for v in (result.recent, result.level))
        change = f"{100 * (now / usual - 1):+.0f} %" if feature.scale == "log" else f"{usual:.2f} -> {now:.2f}"
        parts.append(f"{feature.name.replace('_', ' ')} {change}")
    span = "on this day" if window == 1 else f"over {window} days"
    return f"{', '.join(parts) or 'many small deviations'} {span}"


def _robust_sd(values: np.ndarray) -> float:
    return max(MAD_TO_SD * float(np.median(np.abs(values))), 1e-6) if len(values) else float("nan")


def _correlation(z: np.ndarray) -> np.ndarray:
    """Correlation about zero over complete pairs, [F, F], shrunk towards independence."""
    known = np.isfinite(z).astype(float)
    filled = np.nan_to_num(z)
    squares = (filled**2).T @ known
    cross = filled.T @ filled
    scale = np.sqrt(squares * squares.T)
    raw = np.divide(cross, scale, out=np.zeros_like(cross), where=scale > 0)
    out = (1.0 - CORRELATION_SHRINKAGE) * raw
    np.fill_diagonal(out, 1.0)
    return out
