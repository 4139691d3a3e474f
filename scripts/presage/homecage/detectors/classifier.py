"""The supervised distress classifier: what the days before known clinical events look like, learned across cages.

It sees deviations from the own baseline only, so that nothing of a cage's level can give it away, and no cage is judged
by a model that has seen its days (cross-fitting by cage); only the scale of the deviations is of all calibration cages.
With few events it would learn those cages by heart: below a minimum it refuses.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from presage.config.distress import Classifier, Detector
from presage.homecage.alarms.policy import thresholds
from presage.homecage.detectors.detector import OwnBaseline, Scores
from presage.homecage.detectors.models import (
    CLINICAL,
    UNWELL_AFTER_DAYS,
    UNWELL_BEFORE_DAYS,
    Judged,
    Model,
    fit_dates,
    flags,
)
from presage.homecage.detectors.panel import Panel
from presage.homecage.recordings.zeitgeber import Lights
from presage.provenance import content_hash

ILL, HEALTHY, UNKNOWN = 1, 0, -1
INNER = 3  # folds within the training cages, for the choice of a model and its calibration


def labels(panel: Panel, events: pd.DataFrame, lights: Lights, until: pd.Timestamp, days_before: int) -> np.ndarray:
    """What is known of each day by ``until``, int8 [U, D]: :data:`ILL`, :data:`HEALTHY` or :data:`UNKNOWN`.

    Ill: the ``days_before`` cage-days that end with the one before the cage's first clinical event. Unknown: the week
    before those, the event and two weeks after it, and the last week before ``until``, whose event may be still to
    come. The true onset of a simulated world is never looked at.
    """
    out = np.zeros(panel.values.shape[:2], dtype=np.int8)
    today = _day(until, lights, panel)
    out[:, max(0, today - UNWELL_BEFORE_DAYS) :] = UNKNOWN
    known = events[events["kind"].isin(set(CLINICAL) - {"onset"}) & (events["time_utc"] < until)]
    for cage, when in known.groupby("cage")["time_utc"].min().items():
        rows, day = panel.cages == cage, _day(when, lights, panel)
        out[rows, max(0, day - days_before - UNWELL_BEFORE_DAYS) : max(0, day + UNWELL_AFTER_DAYS + 1)] = UNKNOWN
        out[rows, max(0, day - days_before) : max(0, day)] = ILL
    return out


def _day(when: pd.Timestamp, lights: Lights, panel: Panel) -> int:
    """Index of a moment's cage-day."""
    return int((lights.zeitgeber(pd.DatetimeIndex([when]))[0][0] - panel.dates[0]).astype(int))


@dataclass(frozen=True)
class CrossFitted:
    """Probability of illness float64 [U, D] (NaN where not judged), each cage's by a model of the others.

    ``models``: what was chosen in each fold; ``cases``: cages with an event to learn from.
    """

    probability: np.ndarray
    models: list[dict[str, Any]]
    cases: int

    def learned(self) -> dict[str, Any]:
        """For the card of a model."""
        return {"cases": self.cases, "folds": self.models}

    def score(self, panel: Panel) -> Scores:
        """The probabilities. ``panel`` is the one that was judged: each cage has a model of its own."""
        return flags(panel, self.probability, np.full(self.probability.shape, None, dtype=object), None)


def cross_fit(
    panel: Panel, label: np.ndarray, calibrate: np.ndarray, groups: np.ndarray, detector: Detector, settings: Classifier
) -> CrossFitted:
    """Judge every day of ``panel`` by a classifier that saw only other ``groups`` [U] (cages, or whole sites).

    ``label`` [U, D] (:func:`labels`), which may be shorter than the panel: later days are judged, not learned.
    ``calibrate`` bool [U]: units that set the spread of deviations. Raises ``ValueError`` with fewer than
    ``settings.min_events`` cages with an event, or when a fold is left without one.
    """
    days = label.shape[1]
    cases = len(np.unique(panel.cages[(label == ILL).any(axis=1)]))
    if cases < settings.min_events:
        raise ValueError(f"{cases} cages with an event; {settings.min_events} are needed")
    known = panel.take(calibrate, slice(0, days))
    base = OwnBaseline(detector).fit(known, label[calibrate] == HEALTHY)
    z = base.deviations(panel)
    x = z.reshape(*z.shape[:2], -1)
    judged = np.isfinite(z[..., 0, :]).any(axis=-1)
    usable = judged[:, :days] & (label != UNKNOWN)
    probability, chosen = np.full(judged.shape, np.nan), []
    for train, test in _folds(groups, label, settings.folds):
        rows = usable & train[:, None]
        y, of = label[rows], np.broadcast_to(groups[:, None], rows.shape)[rows]
        model, card = _best(x[:, :days][rows], y, of, settings.seed)
        chosen.append(card)
        mine = judged & test[:, None]
        if mine.any():
            probability[mine] = model.predict_proba(x[mine])[:, 1]
    return CrossFitted(probability, chosen, cases)


def _folds(groups: np.ndarray, label: np.ndarray, n: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """(training units, test units) as bool [U]: groups with a case are dealt out evenly, then those without."""
    names = np.unique(groups)
    with_case = np.array([(label[groups == name] == ILL).any() for name in names])
    order = np.concatenate([names[with_case], names[~with_case]])
    for fold in range(min(n, int(with_case.sum()))):
        test = np.isin(groups, order[fold :: min(n, int(with_case.sum()))])
        yield ~test, test


def _best(x: np.ndarray, y: np.ndarray, groups: np.ndarray, seed: int) -> tuple[Any, dict[str, Any]]:
    """The candidate with the lower log loss in folds by group, calibrated in the same folds; and what was chosen."""
    splits = list(GroupKFold(min(INNER, len(np.unique(groups[y == ILL])))).split(x, y, groups))
    splits = [(a, b) for a, b in splits if len(np.unique(y[a])) == 2 and len(np.unique(y[b])) == 2]
    if len(splits) < 2:
        raise ValueError("too few cages with an event for folds within the training cages")
    loss = {}
    for name, model in candidates(seed).items():
        loss[name] = float(
            np.mean([log_loss(y[b], model.fit(x[a], y[a]).predict_proba(x[b])[:, 1]) for a, b in splits])
        )
    name = min(loss, key=lambda key: loss[key])
    final = CalibratedClassifierCV(candidates(seed)[name], method="sigmoid", cv=splits).fit(x, y)
    return final, {"model": name, "log_loss": {k: round(v, 6) for k, v in loss.items()}, "ill_days": int(y.sum())}


def judge_classifier(
    name: str,
    panel: Panel,
    calibrate: np.ndarray,
    events: pd.DataFrame,
    lights: Lights,
    *,
    detector: Detector,
    settings: Classifier,
    budgets: Sequence[float],
    merge_gap: int,
    first_fit_days: int,
    refit_days: int,
    groups: np.ndarray | None = None,
) -> Judged:
    """Every day by the newest classifier of what was known before it, as ``judge_dated`` of ``models`` does it.

    ``groups`` [U]: units of one are judged by a classifier that saw none of it; cages when None.

    Before there are enough events to learn from, and for good where there never are, days are warm-up.
    """
    shape = panel.values.shape[:2]
    groups = panel.cages if groups is None else groups
    score, model = np.full(shape, np.nan), np.full(shape[1], -1)
    limits, found = {b: np.full(shape[1], np.nan) for b in budgets}, []
    starts = fit_dates(panel, first_fit_days, refit_days)
    for start, stop in zip(starts, [*starts[1:], shape[1]]):
        label = labels(panel.take(days=slice(0, start)), events, lights, lights.utc(panel.dates[start].item()),
                       settings.days_before)  # fmt: skip
        try:
            fitted = cross_fit(panel.take(days=slice(0, stop)), label, calibrate, groups, detector, settings)
            healthy = np.where((label == HEALTHY) & calibrate[:, None], fitted.probability[:, :start], np.nan)
            limit = thresholds(healthy, budgets, merge_gap)
        except ValueError:
            continue
        used = content_hash([np.nan_to_num(panel.values[:, :start], nan=-9e9).tolist(), label.tolist()])
        many = len(np.unique(panel.cages[calibrate]))
        found.append(
            Model(name, panel.dates[start].item(), fitted, limit, many, settings.model_dump(mode="json"), used)
        )
        score[:, start:stop], model[start:stop] = fitted.probability[:, start:], len(found) - 1
        for budget in budgets:
            limits[budget][start:stop] = limit.by_budget[budget]
    return Judged(panel, flags(panel, score, np.full(shape, None, dtype=object), None), found, model, limits)


def candidates(seed: int) -> dict[str, Any]:
    """Fresh models by name. A deviation that is not known is none for the logistic one."""
    return {
        "logistic": make_pipeline(FunctionTransformer(np.nan_to_num), LogisticRegression(C=0.1, max_iter=1000)),
        "boosting": HistGradientBoostingClassifier(
            max_iter=60, max_leaf_nodes=8, min_samples_leaf=15, l2_regularization=1.0, random_state=seed
        ),
    }
