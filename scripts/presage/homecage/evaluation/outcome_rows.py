"""Rows of the evaluation: what cases were found and how early, and what it costs in false alarms."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from presage.config.distress import Alarms
from presage.homecage.alarms.policy import MONTH_DAYS, cage_months, count_episodes
from presage.homecage.detectors.models import CLINICAL, Judged
from presage.homecage.evaluation import statistics
from presage.homecage.evaluation.evaluation_table import row
from presage.homecage.recordings.zeitgeber import Lights

# With no alarm seen, this many expected ones are excluded at 95 % ("rule of three").
RULE_OF_THREE = 3.0


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
    healthy: np.ndarray, alarm: np.ndarray, budget: float, alarms: Alarms, common: Mapping[str, Any],
    retrospective: bool = False,
) -> list[dict[str, Any]]:  # fmt: skip
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


def case_rows(table: pd.DataFrame, common: Mapping[str, Any], alarms: Alarms, seed: int) -> list[dict[str, Any]]:
    """Detection rate, lead and delay of the cases in ``table`` (``lead_time``), all and cohort by cohort."""
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
                rows += median_rows("delay_days", known["delay_days"], known, base, alarms, seed, sign=-1.0)
            else:
                rows += median_rows(f"lead_days:{event}", known["lead_days"], known, base, alarms, seed, sign=1.0)
    return rows


def median_rows(
    metric: str, values: pd.Series, cases: pd.DataFrame, base: Mapping[str, Any], alarms: Alarms, seed: int, sign: float
) -> list[dict[str, Any]]:
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
