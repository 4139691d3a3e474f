"""One-line rules that any detector has to beat: the ratio of one feature to the own baseline."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from presage.config.distress import Detector
from presage.homecage.detectors import panel as panels
from presage.homecage.detectors.baseline import compare
from presage.homecage.detectors.detector import Scores
from presage.homecage.detectors.panel import Panel

ONE_LOW_DAY = "rule: one low day"


@dataclass(frozen=True)
class RatioRule:
    """``feature`` under a share of its own baseline on each of the last ``days`` days; nothing is learned.

    The score is 1 - ratio (of the best of those days), so that it can be given the threshold of any alarm budget, or a
    published one: "< 0.60" is a score over 0.40.
    """

    settings: Detector
    feature: str
    days: int = 1

    def fit(self, panel: Panel, healthy: np.ndarray) -> "RatioRule":
        """Nothing to learn."""
        return self

    def learned(self) -> dict[str, Any]:
        """The rule itself."""
        return {"rule": f"{self.feature} ratio to own baseline, {self.days} days"}

    def score(self, panel: Panel) -> Scores:
        """1 - ratio to the median of the baseline before each day; every unmasked day enters the baseline."""
        k = [f.name for f in panel.features].index(self.feature)
        feature = panel.features[k]
        seen = np.isfinite(panel.values[..., k])
        masked = panel.scheduled & (panel.evidence <= 0.0)
        ordinary = (panel.evidence >= 1.0) & seen
        score = np.full(seen.shape, np.nan)
        for day in range(seen.shape[1]):
            result = compare(panel, day, 1, ordinary, self.settings)
            now, usual = (panels.inverse(v[:, k], feature) for v in (result.recent, result.level))
            score[:, day] = np.where(masked[:, day], np.nan, 1.0 - now / np.where(usual > 0, usual, np.nan))
        run = score.copy()
        for back in range(1, self.days):  # the weakest of the last days: all of them must be low
            run[:, back:] = np.minimum(run[:, back:], score[:, :-back])
            run[:, :back] = np.nan
        why = np.full(seen.shape, None, dtype=object)
        not_seen = panel.scheduled & ~seen & ~masked
        warm_up = panel.scheduled & seen & ~masked & np.isnan(run)
        return Scores(run, why, not_seen, warm_up, masked)


def rules(settings: Detector, feature: str) -> dict[str, RatioRule]:
    """The rules that results are shown beside."""
    return {
        ONE_LOW_DAY: RatioRule(settings, feature, 1),
        "rule: two low days": RatioRule(settings, feature, 2),
    }
