"""Conformal p-values: how many healthy days of other cages were at least as odd as this one.

Oddness is the distance of a day's deviations from none, towards illness only, in the metric of their healthy
correlation. The reference are days of calibration cages, each judged by a model of the other cages (cross-conformal:
Vovk 2015, doi:10.1007/s10472-013-9368-4), so that for a new healthy cage a p-value under 0.01 comes on 1 day in 100,
whatever the distribution.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from presage.config.distress import Detector
from presage.homecage.detectors.baseline import Comparison
from presage.homecage.detectors.detector import FittedBaseline, Scores, correlation, healthy_deviations
from presage.homecage.detectors.panel import Panel

FOLDS = 10
TAIL = 20  # largest reference values through which scores go on beyond the last


@dataclass(frozen=True)
class Conformal:
    """Not yet fitted."""

    settings: Detector

    def fit(self, panel: Panel, healthy: np.ndarray) -> "FittedConformal":
        """The distance on all calibration cages, and its reference from each tenth of them by the others.

        Raises ``ValueError`` when there are fewer than two cages with a judged healthy day.
        """
        cages = np.unique(panel.cages)
        reference = []
        for fold in range(min(FOLDS, len(cages))):
            out = np.isin(panel.cages, cages[fold::FOLDS])
            if out.all():
                continue
            try:
                others = _distance(panel.take(~out), healthy[~out], self.settings)
            except ValueError:
                continue
            score = others.score(panel.take(out)).score
            reference.append(score[healthy[out] & np.isfinite(score)])
        known = np.sort(np.concatenate(reference)) if reference else np.empty(0)
        if not len(known):
            raise ValueError("no healthy day that the other cages could judge")
        return FittedConformal(_distance(panel, healthy, self.settings), known)


@dataclass(frozen=True)
class FittedConformal:
    """``reference`` float64 [n], ascending: distances of healthy days by models that had not seen their cage."""

    distance: "FittedDistance"
    reference: np.ndarray

    def learned(self) -> dict[str, Any]:
        """The distance, and the reference by its quantiles."""
        marks = (0.5, 0.9, 0.99)
        return {
            **self.distance.learned(),
            "reference_days": len(self.reference),
            "reference_quantiles": {f"{q:g}": float(np.quantile(self.reference, q)) for q in marks},
        }

    def score(self, panel: Panel) -> Scores:
        """-log10 of the p-value."""
        scores = self.distance.score(panel)
        return replace(scores, score=-np.log10(self.p_value(scores.score)))

    def p_value(self, value: np.ndarray) -> np.ndarray:
        """(1 + reference days at or over ``value``) / (1 + reference days); NaN stays.

        Over the largest reference value it goes on along an exponential tail, so that scores keep their order: there
        it is at most 1 / (1 + n), for which alone the guarantee holds.
        """
        n = len(self.reference)
        at_least = n - np.searchsorted(self.reference, value, side="left")
        tail = self.reference[-TAIL:]
        slope = max(float(tail.mean() - tail[0]), 1e-9)
        beyond = np.maximum(np.nan_to_num(value, nan=-np.inf) - self.reference[-1], 0.0) / slope
        return np.where(np.isfinite(value), (1.0 + at_least) / (1.0 + n) * np.exp(-beyond), np.nan)


@dataclass(frozen=True)
class FittedDistance(FittedBaseline):
    """Mahalanobis length of the deviations that point towards illness, less its healthy mean, over its healthy spread.

    ``usual``: that mean and spread.
    """

    usual: tuple[float, float] = (0.0, 1.0)

    def _combine(self, result: Comparison, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        z = self._in_own_spread(result)
        known = (np.isfinite(z) * weights).sum(axis=1) >= self.settings.min_weight * weights.sum()
        mean, spread = self.usual
        return np.where(known, (length(z, self.correlation) - mean) / spread, np.nan), z


def length(z: np.ndarray, metric: np.ndarray) -> np.ndarray:
    """sqrt(p' C^-1 p) of the positive parts p of deviations ``z`` [n, F]; what is not known counts as none."""
    towards = np.maximum(np.nan_to_num(z), 0.0)
    return np.sqrt(np.maximum(np.einsum("uf,fg,ug->u", towards, np.linalg.inv(metric), towards), 0.0))


def _distance(panel: Panel, healthy: np.ndarray, settings: Detector) -> FittedDistance:
    spread, z = healthy_deviations(panel, healthy, settings)
    metric = correlation(z)
    usual = length(z[np.isfinite(z).any(axis=1)], metric)
    return FittedDistance(settings, spread, metric, None, (float(usual.mean()), max(float(usual.std()), 1e-6)))
