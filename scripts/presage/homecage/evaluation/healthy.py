"""False alarms on healthy animals, leave-one-out, and what the same thresholds see of an injected fall.

Retrospective: the threshold of an animal comes from all days of the others. No claim of prediction is made with it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from presage.config.distress import Alarms, Detector, FeatureWeight, with_budget
from presage.homecage.alarms.policy import cage_months, count_episodes
from presage.homecage.detectors import models
from presage.homecage.detectors import panel as panels
from presage.homecage.detectors.detector import OwnBaseline, Scorer
from presage.homecage.detectors.judge import OURS
from presage.homecage.detectors.panel import Panel
from presage.homecage.detectors.rules_of_thumb import rules
from presage.homecage.evaluation import statistics
from presage.homecage.evaluation.evaluation_table import frame, row
from presage.homecage.evaluation.outcome_rows import false_alarm_rows
from presage.progress import progress

FALL, FALL_DAYS = 0.6, 3  # a 40 % fall that lasts three days


def strain_or_self(cage: str) -> str:
    """What is left out together: all of ``<strain>_<mouse>``'s strain, or the animal itself."""
    return cage.split("_")[0]


def evaluate_healthy(
    daily: pd.DataFrame,
    feature: str,
    detector: Detector,
    alarms: Alarms,
    *,
    name: str,
    group_of: Callable[[str], str] = strain_or_self,
    damaged: Mapping[str, pd.DataFrame] | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Rows of the ``evaluation`` table for healthy animals of ``daily``, with ``feature`` (an amount) alone.

    ``group_of`` maps a cage to what is left out together. ``name`` becomes the rows' group. For each budget, and at
    least 1 and 2: pooled false-alarm episodes per animal-month with Poisson interval, those of each strain, and their
    dispersion; the share of injected falls of 40 % over three days that raise an alarm within them, with a bootstrap
    interval over animals; and the share of the same days that alarm without any fall. ``damaged``: the same days as
    ``daily`` with hours lost, by what was lost (:mod:`lost_hours`); our false alarms on them are given beside.
    """
    settings = single(detector, feature)
    panel = panels.build(daily[~daily["provisional"]], settings.features)
    budgets = sorted({*with_budget(alarms), 1.0, 2.0})
    scorers: dict[str, Scorer] = {OURS: OwnBaseline(settings), **rules(settings, feature)}
    rows = []
    groups = np.array([group_of(c) for c in panel.cages])
    lost = {what: panels.build(days[~days["provisional"]], settings.features) for what, days in (damaged or {}).items()}
    for label, scorer in scorers.items():
        also = lost if label == OURS else {}
        result = leave_out(label, scorer, panel, groups, budgets, alarms.merge_gap_days, also)
        for budget in budgets:
            rows += _rows(result, budget, alarms, label, name, seed)
            rows += _lost_rows(result, budget, alarms, label, name)
    return frame(rows)


def single(detector: Detector, feature: str) -> Detector:
    """The detector with one amount (``feature``, worse when it falls) in place of its features."""
    only = FeatureWeight(name=feature, worse="down", scale="log", weight=1.0)
    return detector.model_copy(update={"features": [only]})


def inject(panel: Panel, unit: int, day: int, days: int = FALL_DAYS, factor: float = FALL) -> Panel:
    """``unit`` alone, with its first feature (an amount) times ``factor`` on ``days`` days from index ``day``."""
    one = panel.take(np.array([unit]))
    values = one.values.copy()
    values[0, day : day + days, 0] -= np.log(factor)  # higher is worse
    return replace(one, values=values)


@dataclass(frozen=True)
class LeftOut:
    """Scores [U, D] of animals by models of the others, with each one's own threshold.

    ``limit`` {budget: [U]}; ``groups`` [U] what was left out together. For every injected fall: its ``unit``, and the
    highest score within its days with it (``fallen``) and without it (``anyway``). ``lost``: scores [U, D] of the same
    animals with hours lost, by what was lost.
    """

    score: np.ndarray
    limit: dict[float, np.ndarray]
    groups: np.ndarray
    unit: np.ndarray
    fallen: np.ndarray
    anyway: np.ndarray
    lost: dict[str, np.ndarray]

    def alarm(self, budget: float) -> np.ndarray:
        """Days with an alarm, bool [U, D]."""
        with np.errstate(invalid="ignore"):
            return self.score > self.limit[budget][:, None]


def leave_out(
    label: str,
    scorer: Scorer,
    panel: Panel,
    groups: np.ndarray,
    budgets: Sequence[float],
    merge_gap: int,
    damaged: Mapping[str, Panel],
) -> LeftOut:
    """Judge each of ``groups`` [U] by a model of all the others: as it is, ``damaged``, and with every possible fall.

    Models and thresholds are always of undamaged days.
    """
    score = np.full(panel.values.shape[:2], np.nan)
    lost = {what: np.full(other.values.shape[:2], np.nan) for what, other in damaged.items()}
    limit = {b: np.full(len(panel.units), np.nan) for b in budgets}
    falls: list[tuple[int, float, float]] = []
    for group in progress(np.unique(groups), f"leave out, {label}", "group"):
        out = groups == group
        others = panel.take(~out)
        everything = np.ones(others.values.shape[:2], dtype=bool)
        model = models.fit(label, scorer, others, everything, budgets, merge_gap, {})
        score[out] = model.scorer.score(panel.take(out)).score
        for what, other in damaged.items():
            lost[what][out] = model.scorer.score(other.take(out)).score
        for b in budgets:
            limit[b][out] = model.thresholds.by_budget[b]
        for unit in np.flatnonzero(out).tolist():
            starts = _starts(np.isfinite(score[unit])).tolist()
            if starts:
                fallen = model.scorer.score(_stack([inject(panel, unit, day) for day in starts])).score
                spans = [slice(day, day + FALL_DAYS) for day in starts]
                falls += [(unit, fallen[k, span].max(), score[unit, span].max()) for k, span in enumerate(spans)]
    table = np.array(falls, dtype=float).reshape(-1, 3)
    return LeftOut(score, limit, groups, table[:, 0].astype(int), table[:, 1], table[:, 2], lost)


def _starts(judged: np.ndarray) -> np.ndarray:
    """Days from which :data:`FALL_DAYS` judged days follow."""
    run = np.convolve(judged.astype(int), np.ones(FALL_DAYS, dtype=int), mode="valid")
    return np.flatnonzero(run == FALL_DAYS)


def _stack(parts: list[Panel]) -> Panel:
    names = ("values", "sampling", "evidence", "end_utc")
    join: dict[str, Any] = {k: np.concatenate([getattr(p, k) for p in parts]) for k in names}
    return replace(parts[0], units=[u for p in parts for u in p.units], **join)


def _rows(result: LeftOut, budget: float, alarms: Alarms, label: str, name: str, seed: int) -> list[dict[str, Any]]:
    judged, alarm = np.isfinite(result.score), result.alarm(budget)
    common: dict[str, Any] = {"detector": label, "budget": budget}
    out = false_alarm_rows(judged, alarm, budget, alarms, {**common, "group": name}, retrospective=True)
    counts, months = [], []
    for group in np.unique(result.groups):
        mine = result.groups == group
        counts.append(count_episodes(alarm[mine], alarms.merge_gap_days))
        months.append(cage_months(judged[mine]))
        if mine.sum() > 1:  # a pooled rate can hide a strain
            own = {**common, "group": f"{name}: {group}"}
            out += false_alarm_rows(judged[mine], alarm[mine], budget, alarms, own, retrospective=True)[:1]
    note = "chi-square of the left-out groups' episodes over its degrees of freedom: 1 when they differ by chance only"
    dispersion = _dispersion(np.array(counts, dtype=float), np.array(months))
    out.append(row("false_alarm_dispersion", value=dispersion, n=len(counts), note=note, group=name, **common))
    limit, unit = result.limit[budget][result.unit], result.unit.astype(str)
    for metric, peak, note in (
        ("sensitivity_40pct_3d", result.fallen, "alarm within an injected fall; bootstrap over animals"),
        ("sensitivity_without_fall", result.anyway, "alarm within the same days as recorded; bootstrap over animals"),
    ):
        hits = (peak > limit).astype(float)
        value = float(hits.mean()) if len(hits) else float("nan")
        ci = statistics.bootstrap_ci(hits, unit, statistics.mean, seed, alarms.bootstrap)
        out.append(row(metric, value=value, ci=ci, n=len(hits), note=note, group=name, **common))
    return out


def _lost_rows(result: LeftOut, budget: float, alarms: Alarms, label: str, name: str) -> list[dict[str, Any]]:
    """False alarms where hours are missing not at random, and how many days became no call."""
    out = []
    days = int(np.isfinite(result.score).sum())
    for what, score in result.lost.items():
        left = 1.0 - np.isfinite(score).sum() / days if days else float("nan")
        with np.errstate(invalid="ignore"):
            alarm = score > result.limit[budget][:, None]
        about = {"detector": label, "budget": budget, "group": f"{name}: {what}"}
        rate = false_alarm_rows(np.isfinite(score), alarm, budget, alarms, about, retrospective=True)[0]
        note = f"{rate['note']}; {100 * left:.1f} % of the judged days became no call"
        out.append({**rate, "metric": "false_alarms_lost_hours", "note": note})
    return out


def _dispersion(counts: np.ndarray, months: np.ndarray) -> float:
    expected = counts.sum() * months / months.sum()
    if len(counts) < 2 or not counts.sum():
        return float("nan")
    return float((((counts - expected) ** 2) / expected).sum() / (len(counts) - 1))
