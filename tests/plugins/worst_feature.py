"""A detector: the largest deviation of any one feature from the own baseline, in its healthy spread; no sum."""

from dataclasses import dataclass

import numpy as np

from presage.config.distress import Detector
from presage.homecage.detectors.detector import FittedBaseline, Scores, healthy_deviations
from presage.homecage.detectors.panel import Panel

PROVIDES = {"detector": {"worst_feature": {}}}


@dataclass(frozen=True)
class WorstFeature:
    """Not yet fitted."""

    settings: Detector

    def fit(self, panel: Panel, healthy: np.ndarray) -> "Fitted":
        """Learn the spread [F] of each feature on healthy days [U, D]."""
        spread, _ = healthy_deviations(panel, healthy, self.settings)
        return Fitted(FittedBaseline(self.settings, spread, np.eye(len(spread))))


@dataclass(frozen=True)
class Fitted:
    """``baseline``: what tells deviations from the own baseline."""

    baseline: FittedBaseline

    def learned(self) -> dict:
        """The spread of each feature."""
        return {"spread": self.baseline.learned()["spread"]}

    def score(self, panel: Panel) -> Scores:
        """The day's largest deviation; days that our own detector does not judge are not judged here either."""
        ours = self.baseline.score(panel)
        today = np.nan_to_num(self.baseline.deviations(panel)[:, :, 0], nan=-np.inf).max(axis=-1)
        score = np.where(ours.judged & np.isfinite(today), today, np.nan)
        return Scores(score, ours.why, ours.no_call, ours.warm_up | (ours.judged & np.isnan(score)), ours.masked)


worst_feature = WorstFeature
