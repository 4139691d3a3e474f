"""Detection, lead time and false alarms of judged cages by alarm budget, with intervals: the ``evaluation`` table."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from presage import tables
from presage.config.distress import Alarms, with_budget
from presage.homecage import statistics
from presage.homecage.alarms import MONTH_DAYS, cage_months, count_episodes
from presage.homecage.lead_time import lead_table
from presage.homecage.models import CLINICAL, Judged
from presage.homecage.zeitgeber import Lights
from presage.sheets import Cage

# With no alarm seen, this many expected ones are excluded at 95 % ("rule of three").
RULE_OF_THREE = 3.0


def row(metric: str, detector: str, value: float, ci: tuple[float, float] = (np.nan, np.nan), **rest: Any) -> dict:
    """One row of the ``evaluation`` table; numbers that are not finite become null, with ``note`` saying why."""
    numbers = {k: float(v) if np.isfinite(v) else None for k, v in zip(("value", "ci_low", "ci_high"), (value, *ci))}
    out = {"metric": metric, "detector": detector, "group": "all", "budget": None, "n": 0, "unit": "1", "note": None}
    return {**out, **numbers, "simulated": False, **rest}


def frame(rows: Sequence[dict]) -> pd.DataFrame:
    """Rows as a table."""
    data = pd.DataFrame(rows, columns=tables.SCHEMAS["evaluation"].names)
    return data.astype({"budget": float, "value": float, "ci_low": float, "ci_high": float})


def evaluate_cages(
    judged: Mapping[str, Judged],
    cages: Sequence[Cage],
    events: pd.DataFrame,
    lights: Lights,
    alarms: Alarms,
    *,
    latency_minutes: float,
    simulated: bool,
    seed: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The ``lead_time`` and ``evaluation`` tables over the cages of role evaluate, for every detector and budget."""
    groups = {c.cage: c.group or "none" for c in cages if c.role == "evaluate"}
    leads, rows = [], []
    for name, one in judged.items():
        healthy = healthy_exposure(one, groups, events, lights, alarms.horizon_days)
        for budget in with_budget(alarms):
            table = lead_table(
                one,
                events,
                groups,
                detector=name,
                budget=budget,
                merge_gap=alarms.merge_gap_days,
                horizon_days=alarms.horizon_days,
                latency_minutes=latency_minutes,
                simulated=simulated,
            )
            leads.append(table)
            common = {"detector": name, "budget": budget, "simulated": simulated}
            cases = _case_rows(table, common, alarms, seed)
            false = false_alarm_rows(healthy, one.alarm(budget) & healthy, budget, alarms, common)
            rows += [*cases, *false, *_ppv_row(cases, false, alarms, common)]
        rows += _day_rows(one, groups, name, simulated)
    return pd.concat(leads, ignore_index=True), frame(rows)


def healthy_exposure(
    judged: Judged, groups: Mapping[str, str], events: pd.DataFrame, lights: Lights, horizon_days: float
) -> np.ndarray:
    """Judged days [U, D] of evaluated cages on which an alarm is false.

    Up to the true onset of the cage where it is known, else up to the horizon before its first clinical event; a cage
    that was ill is not healthy again.
    """
    healthy = np.isin(judged.panel.cages, list(groups))[:, None] & judged.scores.judged
    for cage, own in events[events["kind"].isin(CLINICAL)].groupby("cage"):
        onset = own.loc[own["kind"] == "onset", "time_utc"]
        ill = onset.min() if len(onset) else own["time_utc"].min() - pd.Timedelta(days=horizon_days)
        day = lights.zeitgeber(pd.DatetimeIndex([ill]))[0][0]
        healthy[np.ix_(judged.panel.cages == cage, judged.panel.dates >= day)] = False
    return healthy


def false_alarm_rows(
    healthy: np.ndarray, alarm: np.ndarray, budget: float, alarms: Alarms, common: dict, retrospective: bool = False
) -> list[dict]:
    """Episodes and alarm days per healthy cage-month, and what the exposure can show.

    ``healthy`` bool [U, D]: judged days on which an alarm is false; ``alarm`` bool [U, D]: alarms on those days.
    """
    months, count = cage_months(healthy), count_episodes(alarm, alarms.merge_gap_days)
    needed = RULE_OF_THREE / budget
    note = f"{count} episodes in {months:.1f} cage-months; Poisson interval"
    note += "; retrospective, leave-one-out" if retrospective else ""
    if months < needed:
        note += f"; not demonstrable: needs {needed:.0f} alarm-free cage-months"
    n = int(healthy.sum())
    rate, interval = count / months if months else float("nan"), statistics.poisson_ci(count, months)
    burden = 100.0 * float(alarm.sum()) / n if n else float("nan")
    chance = 1.0 - float(np.exp(-budget * alarms.horizon_days / MONTH_DAYS))
    days = f"alarms at random at this budget within {alarms.horizon_days:g} days"
    return [
        row("false_alarms_per_cage_month", value=rate, ci=interval, n=n, unit="1/cage-month", note=note, **common),
        row("alarms_per_day_per_100_cages", value=burden, n=n, unit="1/d", note="alarm days, merged or not", **common),
        row("exposure_needed", value=needed, n=n, unit="cage-month", note="alarm-free, for a 95 % bound", **common),
        row("chance_detection", value=chance, unit="1", note=days, **common),
    ]


def _case_rows(table: pd.DataFrame, common: dict, alarms: Alarms, seed: int) -> list[dict]:
    rows = []
    cohorts = [("all", table), *table.groupby("group", sort=True)]
    for group, of_group in cohorts if table["group"].nunique() > 1 else cohorts[:1]:
        for event, cases in of_group.groupby("event", sort=True):
            known = cases[cases["status"] != "not_judged"]
            n, found = len(known), int((known["status"] == "detected").sum())
            left = len(cases) - n
            note = "exact binomial interval" + (f"; {left} more were never judged in time" if left else "")
            base = {**common, "group": group, "n": n}
            rate = found / n if n else float("nan")
            rows.append(
                row(f"detection_rate:{event}", value=rate, ci=statistics.binomial_ci(found, n), note=note, **base)
            )
            if event == "onset":
                rows += _medians("delay_days", known["delay_days"], known, base, alarms, seed, sign=-1.0)
            else:
                rows += _medians(f"lead_days:{event}", known["lead_days"], known, base, alarms, seed, sign=1.0)
    return rows


def _medians(
    metric: str, values: pd.Series, cases: pd.DataFrame, base: dict, alarms: Alarms, seed: int, sign: float
) -> list[dict]:
    """Median over all cases (a miss is worse than any number) and over the detected ones; bootstrap over cages."""
    rows = []
    for suffix, chosen in (
        ("all", np.ones(len(cases), bool)),
        ("detected", (cases["status"] == "detected").to_numpy()),
    ):
        data, who = sign * values.to_numpy(dtype=float)[chosen], cases["cage"].to_numpy(dtype=str)[chosen]
        value = sign * float(statistics.median_with_misses(data))
        low, high = statistics.bootstrap_ci(data, who, statistics.median_with_misses, seed, alarms.bootstrap)
        ci = (low, high) if sign > 0 else (-high, -low)
        missed = int(np.isnan(data).sum())
        note = f"bootstrap over cages; {missed} of {len(data)} had no alarm that counts"
        rows.append(row(f"{metric}:{suffix}", value=value, ci=ci, unit="d", note=note, **{**base, "n": len(data)}))
    return rows


def _ppv_row(cases: list[dict], false: list[dict], alarms: Alarms, common: dict) -> list[dict]:
    """Positive predictive value of an episode at the configured incidence; none without cases of the primary event."""
    found = [r for r in cases if r["metric"] == f"detection_rate:{alarms.primary_event}" and r["group"] == "all"]
    rate = next(r["value"] for r in false if r["metric"] == "false_alarms_per_cage_month")
    if not found or found[0]["value"] is None or rate is None:
        return []
    true = found[0]["value"] * alarms.incidence
    note = f"at {alarms.incidence:g} cases per cage-month" if true + rate else "neither true nor false alarms"
    return [row("ppv", value=true / (true + rate) if true + rate else float("nan"), note=note, **common)]


def _day_rows(judged: Judged, groups: Mapping[str, str], name: str, simulated: bool) -> list[dict]:
    """Share of the evaluated cage-days that could not be judged, by reason."""
    mine = np.isin(judged.panel.cages, list(groups))[:, None]
    days = judged.panel.scheduled & mine
    n = int(days.sum())
    flags = {"no_call": judged.scores.no_call, "warm_up": judged.scores.warm_up, "masked": judged.scores.masked}
    share = {key: (flag & days).sum() / n if n else float("nan") for key, flag in flags.items()}
    return [row(f"{key}_fraction", name, v, n=n, simulated=simulated) for key, v in share.items()]
