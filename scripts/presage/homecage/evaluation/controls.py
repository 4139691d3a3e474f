"""Checks on an evaluation: is anything found where nothing was, when do false alarms come, are probabilities true."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from presage.config.distress import Alarms
from presage.homecage.alarms.policy import cage_months, count_episodes
from presage.homecage.detectors.models import CLINICAL, Judged
from presage.homecage.evaluation import statistics
from presage.homecage.evaluation.evaluation_table import row
from presage.homecage.recordings.zeitgeber import Lights

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
SHIFT_DAYS = 14  # events are moved this far back, where nothing had begun
ACT_AT = (0.01, 0.02, 0.05, 0.1, 0.2, 0.4)  # probabilities of illness at which somebody would go and look
BINS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.4, 1.0)


def shifted(events: pd.DataFrame) -> pd.DataFrame:
    """The clinical events (but for onsets) two weeks too early: an alarm "before" one of them is luck."""
    clinical = events[events["kind"].isin(set(CLINICAL) - {"onset"})]
    return clinical.assign(time_utc=clinical["time_utc"] - pd.Timedelta(days=SHIFT_DAYS))


def precision_row(cases: pd.DataFrame, event: str, healthy: np.ndarray, alarm: np.ndarray, merge_gap: int,
                  common: Mapping[str, Any]) -> list[dict[str, Any]]:  # fmt: skip
    """Share of the episodes that were of an illness: cases of ``event`` found in time over those and false episodes."""
    mine = cases[cases["event"] == event]
    if mine.empty:  # without a scale every episode would be a false one
        note = f"no {event} is known of these cages; alarms.primary_event names the event that makes an episode true"
        return [row("episode_precision", value=float("nan"), n=0, note=note, **common)]
    true = int((mine["status"] == "detected").sum())
    false = count_episodes(alarm & healthy, merge_gap)
    n = true + false
    note = f"{true} true and {false} false episodes in these cages, ill ones as frequent as here"
    value, ci = (true / n, statistics.binomial_ci(true, n)) if n else (float("nan"), (float("nan"),) * 2)
    return [row("episode_precision", value=value, ci=ci, n=n, note=note, **common)]


def strata_rows(
    judged: Judged, healthy: np.ndarray, budget: float, events: pd.DataFrame, lights: Lights, common: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Alarm days per 100 healthy cage-days by day of the week, and by days since the cage was changed.

    Husbandry has a weekly rhythm: false alarms that have one too are about the husbandry.
    """
    alarm, panel = judged.alarm(budget) & healthy, judged.panel
    weekday = (panel.dates.astype("datetime64[D]").view("int64") - 4) % 7  # 1970-01-05 was a Monday
    since = _days_since_change(judged, events, lights)
    strata = {f"weekday {name}": np.broadcast_to(weekday[None] == k, alarm.shape) for k, name in enumerate(WEEKDAYS)}
    strata |= {f"{k} d after cage change": since == k for k in (0, 1, 2)}
    strata["longer after it"] = (since > 2) | (since < 0)
    rows = []
    for name, days in strata.items():
        n, k = int((healthy & days).sum()), int((alarm & days).sum())
        low, high = statistics.binomial_ci(k, n)
        value = 100.0 * k / n if n else float("nan")
        about = {**common, "group": name, "n": n, "unit": "1/100 d"}
        note = f"{k} alarm days; exact interval, as if days were independent"
        rows.append(row("alarm_days", value=value, ci=(100 * low, 100 * high), note=note, **about))
    return rows


def strain_rows(
    judged: Judged, healthy: np.ndarray, budget: float, strain_of: Mapping[str, str], merge_gap: int,
    common: Mapping[str, Any],
) -> list[dict[str, Any]]:  # fmt: skip
    """False-alarm episodes per healthy cage-month strain by strain: a pooled rate can hide one that is never quiet."""
    strain = np.array([strain_of.get(cage, "") for cage in judged.panel.cages])
    alarm, rows = judged.alarm(budget) & healthy, []
    for name in sorted(set(strain[healthy.any(axis=1)]) - {""}):
        mine = strain == name
        months, count = cage_months(healthy[mine]), count_episodes(alarm[mine], merge_gap)
        about = {**common, "group": name, "n": int(healthy[mine].sum()), "unit": "1/cage-month"}
        note = f"{count} episodes in {months:.1f} cage-months; Poisson interval"
        ci = statistics.poisson_ci(count, months)
        rows.append(row("false_alarms_by_strain", value=count / months, ci=ci, note=note, **about))
    return rows if len(rows) > 1 else []


def _days_since_change(judged: Judged, events: pd.DataFrame, lights: Lights) -> np.ndarray:
    """Cage-days since the cage was last changed, int [U, D]; -1 before the first time."""
    panel = judged.panel
    out = np.full(panel.values.shape[:2], -1)
    changes = events[events["kind"] == "cage_change"]
    for cage, when in changes.groupby("cage")["time_utc"]:
        days = np.sort((lights.zeitgeber(pd.DatetimeIndex(when))[0] - panel.dates[0]).astype(int))
        at = np.searchsorted(days, np.arange(len(panel.dates)), side="right") - 1
        out[panel.cages == cage] = np.where(at >= 0, np.arange(len(panel.dates)) - days[at], -1)
    return out


def calibration_rows(
    probability: np.ndarray, ill: np.ndarray, known: np.ndarray, cages: np.ndarray, alarms: Alarms, seed: int,
    common: Mapping[str, Any],
) -> list[dict[str, Any]]:  # fmt: skip
    """Brier score, beside that of always saying the share of ill days, and predicted against observed by bin.

    ``probability`` float64 [U, D]; ``ill`` bool [U, D]; ``known`` bool [U, D]: judged days whose truth is known;
    ``cages`` [U].
    """
    p, y = probability[known], ill[known].astype(float)
    who = np.broadcast_to(cages[:, None], known.shape)[known]
    if not len(p):
        return []
    square, base = (p - y) ** 2, (y.mean() - y) ** 2
    ci = statistics.bootstrap_ci(square, who, statistics.mean, seed, alarms.bootstrap)
    note = "mean squared error of the probability; bootstrap over cages"
    rows = [
        row("brier", value=float(square.mean()), ci=ci, n=len(p), note=note, **common),
        row("brier_of_the_share", value=float(base.mean()), n=len(p), note="always the share of ill days", **common),
    ]
    for low, high in pairwise(BINS):
        mine = (p >= low) & ((p < high) | (high == 1.0))
        n, k = int(mine.sum()), int(y[mine].sum())
        if n:
            about = {**common, "group": f"predicted {low:g} to {high:g}", "n": n}
            ci = statistics.binomial_ci(k, n)
            rows.append(row("reliability_predicted", value=float(p[mine].mean()), **about))
            rows.append(row("reliability_observed", value=k / n, ci=ci, note="exact interval", **about))
    return rows


def decision_rows(
    probability: np.ndarray, ill: np.ndarray, known: np.ndarray, cages: np.ndarray, alarms: Alarms, seed: int,
    common: Mapping[str, Any],
) -> list[dict[str, Any]]:  # fmt: skip
    """Decision curve: net benefit per cage-day of looking at every cage whose probability is at least t (arguments as
    in :func:`calibration_rows`).

    Net benefit = share of true positives - share of false ones x t / (1 - t), where t says how many looks in vain one
    ill cage is worth (Vickers and Elkin 2006, Med Decis Making 26:565). Beside it, looking at all; at none it is 0.
    """
    p, y = probability[known], ill[known].astype(float)
    who = np.broadcast_to(cages[:, None], known.shape)[known]
    rows = []
    for t in ACT_AT if len(p) else ():
        odds = t / (1.0 - t)
        for metric, act in (("net_benefit", p >= t), ("net_benefit_of_all", np.ones(len(p), bool))):
            gain = np.where(act, y - (1.0 - y) * odds, 0.0)
            ci = statistics.bootstrap_ci(gain, who, statistics.mean, seed, alarms.bootstrap)
            about = {**common, "group": f"act at {t:g}", "n": len(p), "unit": "1/cage-day"}
            rows.append(row(metric, value=float(gain.mean()), ci=ci, note="bootstrap over cages", **about))
    return rows


def p_value_rows(
    p: np.ndarray, healthy: np.ndarray, cages: np.ndarray, alarms: Alarms, seed: int, common: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Share of healthy days with a p-value at or under 0.01 and 0.05, which it should not exceed.

    Days of a cage hang together by its baseline, so the interval is a bootstrap over ``cages`` [U].
    """
    mine = healthy & np.isfinite(p)
    who = np.broadcast_to(cages[:, None], mine.shape)[mine]
    rows = []
    for level in (0.01, 0.05):
        small = (p[mine] <= level).astype(float)
        value = float(small.mean()) if len(small) else float("nan")
        ci = statistics.bootstrap_ci(small, who, statistics.mean, seed, alarms.bootstrap)
        note = "healthy days of cages that set nothing; bootstrap over cages"
        rows.append(row(f"p_at_most_{level:g}", value=value, ci=ci, n=len(small), note=note, **common))
    return rows
