"""Does it hold in a strain, or at a site, that nothing was set on? Judged by what the others set."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from presage.config.distress import Alarms
from presage.homecage.detectors.models import Judged
from presage.homecage.evaluation.lead_time import lead_table
from presage.homecage.evaluation.outcome_rows import case_rows, false_alarm_rows, healthy_exposure
from presage.homecage.recordings.zeitgeber import Lights
from presage.sheets import Cage

APART = ("strain", "site")
PREFIX = "left_out:"

Judge = Callable[[Sequence[Cage], str], Mapping[str, Judged]]
"""Judges all cages by detectors that only those of role calibrate set; the second argument is what is kept apart."""


def splits(cages: Sequence[Cage], by: str) -> Iterable[tuple[str, list[Cage]]]:
    """Each value of ``by`` (a column of the cage sheet) with cages to evaluate, and the sheet without it calibrating.

    None where a single value is left or the others cannot set a threshold.
    """
    names = sorted({getattr(c, by) for c in cages} - {""})
    for name in names if len(names) > 1 else ():
        moved = [replace(c, role="evaluate") if getattr(c, by) == name else c for c in cages]
        mine = any(getattr(c, by) == name and c.role == "evaluate" for c in cages)
        if mine and any(c.role == "calibrate" for c in moved):
            yield name, moved


def left_out_rows(
    judge: Judge,
    cages: Sequence[Cage],
    events: pd.DataFrame,
    lights: Lights,
    alarms: Alarms,
    *,
    latency_minutes: float,
    simulated: bool,
    seed: int,
) -> list[dict[str, Any]]:
    """Rows of the ``evaluation`` table at the configured budget, metrics as elsewhere behind ``left_out:``.

    Detection, lead and delay, and false alarms of the cages of role evaluate; the group ``strain`` (``site``) pools
    over all of them, ``strain <name>`` is one. Own baselines are unaffected: what travels are spreads, thresholds and
    a classifier's labels.
    """
    rows = []
    for by in APART:
        cases: dict[str, list[pd.DataFrame]] = {}
        exposure: dict[str, list[tuple[str, np.ndarray, np.ndarray]]] = {}
        for name, sheet in splits(cages, by):
            groups = {c.cage: f"{by} {name}" for c in cages if getattr(c, by) == name and c.role == "evaluate"}
            for detector, one in judge(sheet, by).items():
                given: dict[str, Any] = {"detector": detector, "budget": alarms.budget, "simulated": simulated}
                given |= {"merge_gap": alarms.merge_gap_days, "horizon_days": alarms.horizon_days}
                table = lead_table(one, events, groups, latency_minutes=latency_minutes, **given)
                healthy = healthy_exposure(one, groups, events, lights, alarms.horizon_days)
                cases.setdefault(detector, []).append(table)
                exposure.setdefault(detector, []).append((f"{by} {name}", healthy, one.alarm(alarms.budget) & healthy))
        for detector, tables in cases.items():
            common = {"detector": detector, "budget": alarms.budget, "simulated": simulated}
            found = case_rows(pd.concat(tables, ignore_index=True), common, alarms, seed)
            rows += [{**r, "group": by if r["group"] == "all" else r["group"]} for r in found]
            parts = exposure[detector]
            pooled = (by, np.concatenate([h for _, h, _ in parts]), np.concatenate([a for _, _, a in parts]))
            for group, healthy, alarm in (pooled, *parts):
                about = {**common, "group": group}
                rows += false_alarm_rows(healthy, alarm, alarms.budget, alarms, about)[:1]
    return [{**r, "metric": PREFIX + r["metric"]} for r in rows]
