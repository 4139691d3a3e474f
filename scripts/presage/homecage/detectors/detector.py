"""The detector: deviations from the own baseline, combined into one score per animal and day.

For each window of the last 1, 2, 3 days every feature's difference from the own level is divided by its standard
error (own spread, shrunk to that of healthy cages) and the weighted sum by its own standard deviation, so that each
window's score has about unit variance in a healthy animal. The score of a day is the largest of them: a scan over how
long it has lasted. Causal: the score of a day reads that day and earlier ones.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from presage.config.distress import Detector
from presage.homecage.alarms.policy import persist
from presage.homecage.detectors.baseline import Comparison, compare
from presage.homecage.detectors.charts import Chart
from presage.homecage.detectors.panel import Panel
from presage.homecage.detectors.why import explain

# Features of a healthy animal are correlated; a matrix from few cages is pulled towards none of it.
CORRELATION_SHRINKAGE = 0.1
MAD_TO_SD = 1.4826

Look = tuple[int, Comparison, np.ndarray, np.ndarray]
"""A day through one window: its days, the comparison, score [U] (-inf where not judged), deviations z [U, F]."""


@dataclass(frozen=True)
class Scores:
    """Scores of all units and days, [U, D]: ``score`` float64 (NaN where not judged), higher is worse; ``why`` a
    :class:`~presage.homecage.detectors.why.Why`, or None.

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

    def learned(self) -> dict[str, Any]:
        """What was found on healthy days, as JSON."""


class Scorer(Protocol):
    """Our detector, or a one-line rule, before it has seen anything."""

    def fit(self, panel: Panel, healthy: np.ndarray) -> Fitted:
        """Learn from the ``healthy`` days [U, D] of ``panel``."""


@dataclass(frozen=True)
class Persistent:
    """A detector whose score of a day is the lowest of the last ``days`` judged ones (:func:`alarms.persist`).

    Thresholds that are set on such scores keep their budget.
    """

    scorer: Scorer
    days: int

    def fit(self, panel: Panel, healthy: np.ndarray) -> "FittedPersistent":
        """As the detector itself."""
        return FittedPersistent(self.scorer.fit(panel, healthy), self.days)


@dataclass(frozen=True)
class FittedPersistent:
    """See :class:`Persistent`."""

    scorer: Fitted
    days: int

    def learned(self) -> dict[str, Any]:
        """What the detector learned, and the days."""
        return {**self.scorer.learned(), "persistence_days": self.days}

    def score(self, panel: Panel) -> Scores:
        """The first judged days are warm-up."""
        scores = self.scorer.score(panel)
        lasting = persist(scores.score, self.days)
        return replace(scores, score=lasting, warm_up=scores.warm_up | (scores.judged & np.isnan(lasting)))


@dataclass(frozen=True)
class OwnBaseline:
    """Our detector, not yet fitted."""

    settings: Detector
    chart: Chart | None = None

    def fit(self, panel: Panel, healthy: np.ndarray) -> "FittedBaseline":
        """Pooled spread (robust) of each feature about the own baseline, and the features' correlation."""
        spread, z = healthy_deviations(panel, healthy, self.settings)
        return FittedBaseline(self.settings, spread, correlation(z), self.chart)


def healthy_deviations(panel: Panel, healthy: np.ndarray, settings: Detector) -> tuple[np.ndarray, np.ndarray]:
    """Spread [F] of each feature about the own baseline, and every ordinary day's deviations in it, [days, F], capped.

    A feature that hardly varies is taken to vary by its ``least_spread``: else a trifle would be many spreads. A
    feature that no healthy day has is left out (its spread is NaN). Raises ``ValueError`` when that is all of them:
    no animal has a baseline and a day after it.
    """
    ordinary = healthy & (panel.evidence >= 1.0)
    days = range(1, len(panel.dates))
    rows = [compare(panel, day, 1, ordinary, settings).difference()[ordinary[:, day]] for day in days]
    differences = np.concatenate(rows) if rows else np.empty((0, len(panel.features)))
    columns = [column[np.isfinite(column)] for column in differences.T]
    spread = np.array([_robust_sd(column, f.least_spread) for column, f in zip(columns, panel.features)])
    if np.isnan(spread).all():
        raise ValueError("no healthy day has a baseline before it")
    return spread, np.clip(differences / spread, -settings.cap, settings.cap)


@dataclass(frozen=True)
class FittedBaseline:
    """Our detector with the ``spread`` [F] and ``correlation`` [F, F] of healthy day-to-day differences.

    With a ``chart``, single days are added up by it instead of the scan over windows.
    """

    settings: Detector
    spread: np.ndarray
    correlation: np.ndarray
    chart: Chart | None = None

    def learned(self) -> dict[str, Any]:
        """The spread of each feature on its transformed scale, and the correlation."""
        names = [f.name for f in self.settings.features]
        return {
            "spread": {name: None if np.isnan(s) else float(s) for name, s in zip(names, self.spread)},
            "correlation": self.correlation.tolist(),
            **(self.chart.card() if self.chart else {}),
        }

    def score(self, panel: Panel) -> Scores:
        """One pass through time: a day that scores high is not part of later baselines."""
        shape = panel.values.shape[:2]
        score, why = np.full(shape, np.nan), np.full(shape, None, dtype=object)
        for day, best, looks in self._walk(panel):
            score[:, day] = np.where(np.isfinite(best), best, np.nan)
            for window, result, value, z in looks:
                for unit in np.flatnonzero((value == best) & (value >= self._freeze)).tolist():
                    own = result.spread(self.spread, self.settings.prior_days)[unit]
                    why[unit, day] = why[unit, day] or explain(panel, result, z, own, unit, window)
        seen, masked = self._seen(panel), _masked(panel)
        no_call = panel.scheduled & ~seen & ~masked
        warm_up = panel.scheduled & seen & ~masked & np.isnan(score)
        return Scores(score, why, no_call, warm_up, masked)

    def deviations(self, panel: Panel) -> np.ndarray:
        """Deviations of every day and window from the own baseline, in standard errors: float64 [U, D, W, F]."""
        out = np.full((*panel.values.shape[:2], len(self._windows), len(panel.features)), np.nan)
        for day, _, looks in self._walk(panel):
            for k, (_, _, _, z) in enumerate(looks):
                out[:, day, k] = z
        return np.where((self._seen(panel) & ~_masked(panel))[..., None, None], out, np.nan)

    def _walk(self, panel: Panel) -> Iterator[tuple[int, np.ndarray, list[Look]]]:
        """Day by day: its index, the highest score [U] (-inf where not judged), and the look through each window."""
        seen, masked, weights = self._seen(panel), _masked(panel), self._weights(panel)
        ordinary = (panel.evidence >= 1.0) & seen
        state = self.chart.start(len(panel.units)) if self.chart else np.empty(0)
        for day in range(len(panel.dates)):
            judged, looks = seen[:, day] & ~masked[:, day], []
            for window in self._windows:
                result = compare(panel, day, window, ordinary, self.settings, self.spread)
                value, z = self._combine(result, weights)
                value = np.where(judged, value, np.nan)
                if self.chart:
                    state, value = self.chart.add(state, value)
                looks.append((window, result, np.nan_to_num(value, nan=-np.inf), z))
            best = np.max([value for _, _, value, _ in looks], axis=0)
            yield day, best, looks
            ordinary[:, day] &= ~(best >= self._freeze)

    def _in_own_spread(self, result: Comparison) -> np.ndarray:
        """Deviations z [U, F] in standard errors, capped; the own spread is shrunk to that of healthy cages."""
        own = result.spread(self.spread, self.settings.prior_days)
        return np.clip(result.difference() / own, -self.settings.cap, self.settings.cap)

    @property
    def _windows(self) -> list[int]:
        return [1] if self.chart else self.settings.windows

    @property
    def _freeze(self) -> float:
        return self.chart.freeze if self.chart else self.settings.freeze_score

    def _weights(self, panel: Panel) -> np.ndarray:
        return np.where(np.isfinite(self.spread), [f.weight for f in panel.features], 0.0)

    def _seen(self, panel: Panel) -> np.ndarray:
        """Days of which enough is known, bool [U, D]."""
        weights = self._weights(panel)
        return (np.isfinite(panel.values) * weights).sum(axis=2) >= self.settings.min_weight * weights.sum()

    def _combine(self, result: Comparison, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Score [U] over the features that are there, and their capped deviations z [U, F] in standard errors."""
        z = self._in_own_spread(result)
        active = np.where(np.isfinite(z), weights, 0.0)
        variance = np.einsum("uf,fg,ug->u", active, self.correlation, active)
        total = (active * np.nan_to_num(z)).sum(axis=1)
        known = active.sum(axis=1) >= self.settings.min_weight * weights.sum()
        return np.where(known, total / np.sqrt(np.maximum(variance, 1e-9)), np.nan), z


def _masked(panel: Panel) -> np.ndarray:
    """Days whose evidence an event took, bool [U, D]."""
    return panel.scheduled & (panel.evidence <= 0.0)


def _robust_sd(values: np.ndarray, least: float) -> float:
    return max(MAD_TO_SD * float(np.median(np.abs(values))), least, 1e-6) if len(values) else float("nan")


def correlation(z: np.ndarray) -> np.ndarray:
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
