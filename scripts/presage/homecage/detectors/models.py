"""Detectors as dated artefacts: each is fitted on what was recorded before its date and judges the days after it."""

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from presage.homecage.alarms import policy as alarms
from presage.homecage.detectors.detector import Fitted, Scorer, Scores
from presage.homecage.detectors.panel import Panel
from presage.homecage.recordings.zeitgeber import Lights
from presage.provenance import content_hash

CLINICAL = ("onset", "technician_note", "weight_loss_5pct", "weight_loss_10pct", "temperature_fall", "death")
# A calibration animal's days around a clinical event are not healthy, whatever the cage sheet says.
UNWELL_BEFORE_DAYS, UNWELL_AFTER_DAYS = 7, 14


@dataclass(frozen=True)
class Model:
    """A fitted scorer with its thresholds. ``fit_date`` is the first cage-day that it has not seen."""

    name: str
    fit_date: dt.date
    scorer: Fitted
    thresholds: alarms.Thresholds
    cages: int
    settings: dict[str, Any]
    data_hash: str

    def card(self) -> dict[str, Any]:
        """Everything that defines the model, as JSON; ``model_hash`` is the hash of the rest."""
        card = {
            "name": self.name,
            "fit_date": self.fit_date.isoformat(),
            "learned": self.scorer.learned(),
            "thresholds": {f"{b:g}": t for b, t in self.thresholds.by_budget.items()},
            "extrapolated_budgets": list(self.thresholds.extrapolated),
            "calibration_cages": self.cages,
            "calibration_months": self.thresholds.exposure_months,
            "settings": self.settings,
            "data_hash": self.data_hash,
        }
        return {**card, "model_hash": content_hash(card)}

    @property
    def hash(self) -> str:
        """Hash of the whole card."""
        return self.card()["model_hash"]


@dataclass(frozen=True)
class Judged:
    """What dated models said of a panel: ``model`` [D] indexes ``models``, -1 before the first; ``thresholds`` [D]."""

    panel: Panel
    scores: Scores
    models: list[Model]
    model: np.ndarray
    thresholds: dict[float, np.ndarray]

    def alarm(self, budget: float) -> np.ndarray:
        """Days whose score is over the threshold, bool [U, D]."""
        with np.errstate(invalid="ignore"):
            return self.scores.score > self.thresholds[budget]


def fit(
    name: str,
    scorer: Scorer,
    panel: Panel,
    healthy: np.ndarray,
    budgets: Sequence[float],
    merge_gap: int,
    settings: dict[str, Any],
) -> Model:
    """Fit ``scorer`` and its thresholds on the ``healthy`` days [U, D] of ``panel`` (calibration cages only).

    The model is dated to the day after the panel's last. Raises ``ValueError`` when there is too little.
    """
    fitted = scorer.fit(panel, healthy)
    score = np.where(healthy, fitted.score(panel).score, np.nan)
    limits = alarms.thresholds(score, budgets, merge_gap)
    date = (panel.dates[-1] + np.timedelta64(1, "D")).item()
    used = {"values": np.nan_to_num(panel.values, nan=-9e9).tolist(), "healthy": healthy.tolist(), "units": panel.units}
    return Model(name, date, fitted, limits, len(np.unique(panel.cages)), settings, content_hash(used))


def fit_dates(panel: Panel, first_fit_days: int, refit_days: int) -> list[int]:
    """Day indices at which models are dated: after ``first_fit_days`` days, then every ``refit_days``."""
    return list(range(first_fit_days, len(panel.dates), refit_days))


def judge_dated(
    name: str,
    scorer: Scorer,
    panel: Panel,
    calibrate: np.ndarray,
    events: pd.DataFrame,
    lights: Lights,
    *,
    budgets: Sequence[float],
    merge_gap: int,
    first_fit_days: int,
    refit_days: int,
    settings: dict[str, Any],
) -> Judged:
    """Judge every day by the newest model that was fitted on what was recorded before it.

    ``calibrate`` bool [U]: units that set spread and threshold. A model of a day uses their days before it and the
    events that had happened by then; where that is too little, the older model (or none: warm-up) stays. So nothing
    that is recorded later changes what is said of a day.
    """
    shape = panel.values.shape[:2]
    score, why = np.full(shape, np.nan), np.full(shape, None, dtype=object)
    model = np.full(shape[1], -1)
    limits = {b: np.full(shape[1], np.nan) for b in budgets}
    models: list[Model] = []
    latest = None
    starts = fit_dates(panel, first_fit_days, refit_days)
    for start, stop in zip(starts, [*starts[1:], shape[1]]):
        known = panel.take(calibrate, slice(0, start))
        until = lights.utc(panel.dates[start].item())
        try:
            new = fit(name, scorer, known, healthy_days(known, events, lights, until), budgets, merge_gap, settings)
        except ValueError:
            new = None
        if new is not None:
            models.append(new)
        if models:
            latest = models[-1].scorer.score(panel.take(days=slice(0, stop)))
            score[:, start:stop], why[:, start:stop] = latest.score[:, start:], latest.why[:, start:]
            model[start:stop] = len(models) - 1
            for budget in budgets:
                limits[budget][start:stop] = models[-1].thresholds.by_budget[budget]
    scores = flags(panel, score, why, latest)
    return Judged(panel, scores, models, model, limits)


def healthy_days(panel: Panel, events: pd.DataFrame, lights: Lights, until: pd.Timestamp | None = None) -> np.ndarray:
    """Days [U, D] that are not near a clinical event which was known by ``until`` (all events when None)."""
    clinical = events[events["kind"].isin(CLINICAL)]
    if until is not None:  # the true onset of a simulated world is never known to a detector
        clinical = clinical[(clinical["time_utc"] < until) & (clinical["kind"] != "onset")]
    out = np.ones(panel.values.shape[:2], dtype=bool)
    for row in clinical.itertuples():
        day = lights.zeitgeber(pd.DatetimeIndex([row.time_utc]))[0][0]
        index = int((day - panel.dates[0]).astype(int))
        span = slice(max(0, index - UNWELL_BEFORE_DAYS), max(0, index + UNWELL_AFTER_DAYS + 1))
        out[panel.cages == row.cage, span] = False
    return out


def flags(panel: Panel, score: np.ndarray, why: np.ndarray, latest: Scores | None) -> Scores:
    """Why each day without a score has none. Before the first model every seen day is warm-up."""
    missing = panel.scheduled & np.isnan(score)
    masked = missing & (panel.evidence <= 0.0)
    seen = np.isfinite(panel.values).any(axis=2) if latest is None else ~latest.no_call
    no_call = missing & ~masked & ~seen
    return Scores(score, why, no_call, missing & ~masked & seen, masked)


def write(models: Sequence[Model], folder: Path) -> None:
    """One JSON card a model, ``<fit date>_<hash>.json``."""
    folder.mkdir(parents=True, exist_ok=True)
    for model in models:
        text = json.dumps(model.card(), indent=1, sort_keys=True) + "\n"
        (folder / f"{model.fit_date}_{model.hash}.json").write_text(text, encoding="utf-8")
