"""False alarms on healthy animals, leave-one-out, and what the same thresholds see of an injected fall.

Retrospective: the threshold of an animal comes from all days of the others. No claim of prediction is made with it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from presage.config.distress import Alarms, Detector, FeatureWeight, with_budget
from presage.homecage import evaluate, models, statistics
from presage.homecage import panel as panels
from presage.homecage.alarms import cage_months, count_episodes
from presage.homecage.detector import OwnBaseline, Scorer
from presage.homecage.judge import OURS
from presage.homecage.panel import Panel
from presage.homecage.rules_of_thumb import rules
from presage.progress import progress

FALL, FALL_DAYS = 0.6, 3  # a 40 % fall that lasts three days


def evaluate_healthy(
    daily: pd.DataFrame,
    feature: str,
    detector: Detector,
    alarms: Alarms,
    *,
    name: str,
    group_of: Callable[[str], str] = str,
    seed: int = 0,
) -> pd.DataFrame:
    """Rows of the ``evaluation`` table for healthy animals of ``daily``, with ``feature`` (an amount) alone.

    ``group_of`` maps a cage to what is left out together: itself, or its strain. ``name`` becomes the rows' group. For each
    budget, and at least 1 and 2: pooled false-alarm episodes per animal-month with Poisson interval; the range of the
    groups' own rates; the share of injected falls of 40 % over three days that raise an alarm within them, with a
    bootstrap interval over animals; and the share of the same days that alarm without any fall.
    """
    settings = single(detector, feature)
    panel = panels.build(daily[~daily["provisional"]], settings.features)
    budgets = sorted({*with_budget(alarms), 1.0, 2.0})
    scorers: dict[str, Scorer] = {OURS: OwnBaseline(settings), **rules(settings, feature)}
    rows = []
    for label, scorer in scorers.items():
        result = leave_out(label, scorer, panel, np.array([group_of(c) for c in panel.cages]), budgets, alarms)
        for budget in budgets:
            rows += _rows(result, budget, alarms, label, name, seed)
    return evaluate.frame(rows)


def single(detector: Detector, feature: str) -> Detector:
    """The detector with one amount (``feature``, worse when it falls) in place of its features."""
    return detector.model_copy(update={"features": [FeatureWeight(name=feature, worse="down", scale="log")]})


def inject(panel: Panel, unit: int, day: int, days: int = FALL_DAYS, factor: float = FALL) -> Panel:
    """``unit`` alone, with its first feature (an amount) times ``factor`` on ``days`` days from index ``day``."""
    one = panel.take(np.array([unit]))
    values = one.values.copy()
    values[0, day : day + days, 0] -= np.log(factor)  # higher is worse
    return replace(one, values=values)


def leave_out(
    label: str, scorer: Scorer, panel: Panel, groups: np.ndarray, budgets: Sequence[float], alarms: Alarms
) -> dict[str, np.ndarray | Mapping]:
    """Judge each of ``groups`` [U] by a model of all the others.

    Returns ``alarm`` {budget: bool [U, D]}, ``judged`` [U, D], ``groups``, and for every injected fall its ``unit``, the
    ``seen`` {budget: bool} with it and the ``anyway`` {budget: bool} without it.
    """
    shape = panel.values.shape[:2]
    judged = np.zeros(shape, dtype=bool)
    alarm = {b: np.zeros(shape, dtype=bool) for b in budgets}
    unit_of: list[int] = []
    seen: dict[float, list[bool]] = {b: [] for b in budgets}
    anyway: dict[float, list[bool]] = {b: [] for b in budgets}
    for group in progress(np.unique(groups), f"leave out, {label}", "group"):
        out = groups == group
        others = panel.take(~out)
        everything = np.ones(others.values.shape[:2], dtype=bool)
        model = models.fit(label, scorer, others, everything, budgets, alarms.merge_gap_days, {})
        score = model.scorer.score(panel.take(out)).score
        judged[out] = np.isfinite(score)
        for b in budgets:
            alarm[b][out] = np.nan_to_num(score, nan=-np.inf) > model.thresholds.by_budget[b]
        for row, unit in enumerate(np.flatnonzero(out)):
            starts = _starts(np.isfinite(score[row]))
            if not len(starts):
                continue
            fallen = model.scorer.score(_stack([inject(panel, unit, d) for d in starts])).score
            for k, d in enumerate(starts):
                unit_of.append(int(unit))
                for b in budgets:
                    limit = model.thresholds.by_budget[b]
                    seen[b].append(bool((fallen[k, d : d + FALL_DAYS] > limit).any()))
                    anyway[b].append(bool((score[row, d : d + FALL_DAYS] > limit).any()))
    return {
        "judged": judged,
        "alarm": alarm,
        "groups": groups,
        "unit": np.array(unit_of),
        "seen": {b: np.array(v) for b, v in seen.items()},
        "anyway": {b: np.array(v) for b, v in anyway.items()},
    }


def _starts(judged: np.ndarray) -> np.ndarray:
    """Days from which :data:`FALL_DAYS` judged days follow."""
    run = np.convolve(judged.astype(int), np.ones(FALL_DAYS, dtype=int), mode="valid")
    return np.flatnonzero(run == FALL_DAYS)


def _stack(parts: list[Panel]) -> Panel:
    join = {k: np.concatenate([getattr(p, k) for p in parts]) for k in ("values", "sampling", "evidence", "end_utc")}
    return replace(parts[0], units=[u for p in parts for u in p.units], **join)


def _rows(result: dict, budget: float, alarms: Alarms, label: str, name: str, seed: int) -> list[dict]:
    judged, alarm = result["judged"], result["alarm"][budget] & result["judged"]
    common = {"detector": label, "budget": budget, "group": name}
    out = evaluate.false_alarm_rows(judged, alarm, budget, alarms, common, retrospective=True)
    rates = []
    for group in np.unique(result["groups"]):
        mine = result["groups"] == group
        months = cage_months(judged[mine])
        rates.append(count_episodes(alarm[mine], alarms.merge_gap_days) / months if months else np.nan)
    note = "highest rate of a left-out group; the interval is the groups' 2.5 and 97.5 percentiles"
    spread = tuple(np.nanquantile(rates, [0.025, 0.975]))
    out.append(evaluate.row("false_alarms_highest_group", value=np.nanmax(rates), ci=spread, n=len(rates),
                            unit="1/cage-month", note=note, **common))  # fmt: skip
    unit = result["unit"].astype(str)
    for metric, key, note in (
        ("sensitivity_40pct_3d", "seen", "alarm within an injected fall; bootstrap over animals"),
        ("sensitivity_without_fall", "anyway", "alarm within the same days as recorded; bootstrap over animals"),
    ):
        hits = result[key][budget].astype(float)
        value = float(hits.mean()) if len(hits) else float("nan")
        ci = statistics.bootstrap_ci(hits, unit, lambda v: float(np.mean(v)), seed, alarms.bootstrap)
        out.append(evaluate.row(metric, value=value, ci=ci, n=len(hits), unit="1", note=note, **common))
    return out


def summary(evaluation: pd.DataFrame, name: str, budget: float = 1.0) -> dict[str, float]:
    """Flat keys of ``summary.json`` for one healthy source."""
    rows = evaluation[(evaluation["detector"] == OURS) & (evaluation["group"] == name) & (evaluation["budget"] == budget)]
    rows = rows.set_index("metric")
    rate, hit = rows.loc["false_alarms_per_cage_month"], rows.loc["sensitivity_40pct_3d"]
    return {
        "homecage.healthy.budget": budget,
        "homecage.healthy.false_alarms_per_mouse_month": float(rate["value"]),
        "homecage.healthy.false_alarms_ci_low": float(rate["ci_low"]),
        "homecage.healthy.false_alarms_ci_high": float(rate["ci_high"]),
        "homecage.healthy.mouse_months": float(rate["n"]) / 30.0,
        "homecage.healthy.sensitivity_40pct_3d": float(hit["value"]),
    }
