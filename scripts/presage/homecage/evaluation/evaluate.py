"""Detection, lead time and false alarms of judged cages by alarm budget, with intervals: the ``evaluation`` table."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from presage import tables
from presage.config.distress import Alarms, Power, with_budget
from presage.homecage.detectors.classifier import ILL, UNKNOWN, labels
from presage.homecage.detectors.conformal import FittedConformal
from presage.homecage.detectors.detector import FittedBaseline, FittedPersistent
from presage.homecage.detectors.judge import CLASSIFIER, OURS
from presage.homecage.detectors.models import Judged
from presage.homecage.detectors.rules_of_thumb import ONE_LOW_DAY
from presage.homecage.evaluation import controls, statistics
from presage.homecage.evaluation.evaluation_table import frame, row
from presage.homecage.evaluation.inject import following, power_rows
from presage.homecage.evaluation.lead_time import lead_table
from presage.homecage.evaluation.outcome_rows import case_rows, false_alarm_rows, healthy_exposure
from presage.homecage.evaluation.technician import technician_rows
from presage.homecage.recordings.zeitgeber import Lights
from presage.sheets import Cage


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
    power: Power | None = None,
    technicians: pd.DataFrame | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The ``lead_time`` and ``evaluation`` tables over the cages of role evaluate, for every detector and budget.

    Beside detection, lead and false alarms: the same with events moved to where nothing was (a negative control),
    precision of episodes, calibration of probabilities and p-values, false alarms by weekday and cage change, lead over
    the ``technicians`` of a simulated world (:mod:`technician`), and what ``power`` injects.
    """
    groups = {c.cage: c.group or "none" for c in cages if c.role == "evaluate"}
    technicians = tables.empty("events") if technicians is None else technicians
    leads, rows = [], []
    for name, one in judged.items():
        healthy = healthy_exposure(one, groups, events, lights, alarms.horizon_days)
        for budget in with_budget(alarms):
            common: dict[str, Any] = {"detector": name, "budget": budget, "simulated": simulated}
            given = {**common, "merge_gap": alarms.merge_gap_days, "horizon_days": alarms.horizon_days}
            given["latency_minutes"] = latency_minutes
            table = lead_table(one, events, groups, **given)
            leads.append(table)
            cases = case_rows(table, common, alarms, seed)
            alarm = one.alarm(budget) & healthy
            false = false_alarm_rows(healthy, alarm, budget, alarms, common)
            rows += [*cases, *false, *_ppv_row(cases, false, alarms, common)]
            rows += _shifted_rows(lead_table(one, controls.shifted(events), groups, **given), common)
            rows += controls.precision_row(table, alarms.primary_event, healthy, alarm, alarms.merge_gap_days, common)
            strain_of = {c.cage: c.strain for c in cages}
            rows += controls.strain_rows(one, healthy, budget, strain_of, alarms.merge_gap_days, common)
            if name == OURS and budget == alarms.budget:
                rows += technician_rows(table, technicians, alarms, seed, common)
                rows += controls.strata_rows(one, healthy, budget, events, lights, common)
        rows += _day_rows(one, groups, name, simulated)
        rows += _calibration(name, one, healthy, groups, events, lights, alarms, seed, simulated)
        if power is not None and power.falls and name in (OURS, ONE_LOW_DAY):
            common = {"detector": name, "simulated": simulated}
            rows += power_rows(
                one, healthy, alarms, power, _follow(judged), latency_minutes=latency_minutes, seed=seed, common=common
            )
    return pd.concat(leads, ignore_index=True), frame(rows)


def _follow(judged: Mapping[str, Judged]) -> np.ndarray:
    """How features follow activity in these healthy cages, as our newest model learned it."""
    ours = judged[OURS]
    fitted = ours.models[-1].scorer if ours.models else None
    fitted = fitted.scorer if isinstance(fitted, FittedPersistent) else fitted
    return following(fitted, ours.panel) if isinstance(fitted, FittedBaseline) else np.zeros(len(ours.panel.features))


def _shifted_rows(table: pd.DataFrame, common: dict[str, Any]) -> list[dict[str, Any]]:
    """Share of the moved events that have an alarm "in time": luck alone."""
    rows = []
    for event, cases in table.groupby("event", sort=True):
        known = cases[cases["status"] != "not_judged"]
        n, found = len(known), int((known["status"] == "detected").sum())
        if n:
            note = f"negative control: events moved {controls.SHIFT_DAYS} days back; exact binomial interval"
            ci = statistics.binomial_ci(found, n)
            rows.append(row(f"detection_rate_shifted:{event}", value=found / n, ci=ci, n=n, note=note, **common))
    return rows


def _calibration(
    name: str, judged: Judged, healthy: np.ndarray, groups: Mapping[str, str], events: pd.DataFrame, lights: Lights,
    alarms: Alarms, seed: int, simulated: bool,
) -> list[dict[str, Any]]:  # fmt: skip
    """Whether probabilities and p-values mean what they say, of the detectors that give one."""
    common = {"detector": name, "simulated": simulated}
    if judged.models and isinstance(judged.models[-1].scorer, FittedConformal):
        return controls.p_value_rows(10.0**-judged.scores.score, healthy, judged.panel.cages, alarms, seed, common)
    if name != CLASSIFIER or not judged.models:
        return []
    panel = judged.panel
    over = lights.utc(panel.dates[-1].item(), 24.0)
    truth = labels(panel, events, lights, over, judged.models[-1].settings["days_before"])
    known = (truth != UNKNOWN) & judged.scores.judged & np.isin(panel.cages, list(groups))[:, None]
    given = (judged.scores.score, truth == ILL, known, panel.cages, alarms, seed, common)
    return [*controls.calibration_rows(*given), *controls.decision_rows(*given)]


def _ppv_row(
    cases: list[dict[str, Any]], false: list[dict[str, Any]], alarms: Alarms, common: dict[str, Any]
) -> list[dict[str, Any]]:
    """Positive predictive value of an episode at the configured incidence; none without cases of the primary event."""
    found = [r for r in cases if r["metric"] == f"detection_rate:{alarms.primary_event}" and r["group"] == "all"]
    rate = next(r["value"] for r in false if r["metric"] == "false_alarms_per_cage_month")
    if not found or found[0]["value"] is None or rate is None:
        return []
    true = found[0]["value"] * alarms.incidence
    note = f"at {alarms.incidence:g} cases per cage-month" if true + rate else "neither true nor false alarms"
    return [row("ppv", value=true / (true + rate) if true + rate else float("nan"), note=note, **common)]


def _day_rows(judged: Judged, groups: Mapping[str, str], name: str, simulated: bool) -> list[dict[str, Any]]:
    """Share of the evaluated cage-days that could not be judged, by reason."""
    mine = np.isin(judged.panel.cages, list(groups))[:, None]
    days = judged.panel.scheduled & mine
    n = int(days.sum())
    flags = {"no_call": judged.scores.no_call, "warm_up": judged.scores.warm_up, "masked": judged.scores.masked}
    share = {key: (flag & days).sum() / n if n else float("nan") for key, flag in flags.items()}
    return [row(f"{key}_fraction", name, v, n=n, simulated=simulated) for key, v in share.items()]
