"""The published DSS colitis mice, activity only, by a detector fixed on healthy mice before their file is opened.

One pre-treatment day (day -1) is the whole baseline, for the healthy mice too. Day 0 is masked: it holds the restraint
stress, not the colitis. Body weight is read once a day; it and the activity of a day are both dated to the end of that
day, so an alarm on the day of the loss has lead 0 (and is late).
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from presage import tables, text_table
from presage.config.distress import Detector
from presage.homecage.detectors import models
from presage.homecage.detectors import panel as panels
from presage.homecage.detectors.detector import Fitted, OwnBaseline, Scorer
from presage.homecage.detectors.judge import OURS
from presage.homecage.detectors.panel import Panel
from presage.homecage.detectors.rules_of_thumb import RatioRule
from presage.homecage.evaluation import statistics
from presage.homecage.evaluation.evaluation_table import frame, row
from presage.homecage.evaluation.healthy import single
from presage.homecage.readings import importers
from presage.homecage.readings.daily import to_daily

FEATURE = "all_activity"
LOSS = 95.0  # % of the starting weight
NEVER = -1
PUBLISHED = {"rule: < 0.60 of day -1": (1, 0.40), "rule: two days < 0.71": (2, 0.29)}
GROUPS = {"DSS": "DSS", "stress_dss": "stress+DSS", "control": "control"}


@dataclass(frozen=True)
class Fixed:
    """A scorer with its threshold, decided before the DSS file is opened."""

    scorer: Fitted
    threshold: float


def one_day_settings(detector: Detector) -> Detector:
    """The detector's settings for activity alone with a fixed baseline of one day."""
    return single(detector, FEATURE).model_copy(
        update={"baseline": "first", "baseline_days": 1, "min_baseline_days": 1}
    )


def fix(healthy: Path, detector: Detector, budget: float, merge_gap: int) -> tuple[dict[str, Fixed], models.Model]:
    """Detector and threshold from the healthy mice: their first whole day is the baseline, the second is masked.

    Also the one-line rules: with their published cuts, and with the threshold of the same budget.
    """
    daily = to_daily(importers.read("mice_rhythms", healthy), source="mice_rhythms")
    settings = one_day_settings(detector)
    panel = _from_first_whole_day(panels.build(daily[~daily["provisional"]], settings.features))
    everything = np.ones(panel.values.shape[:2], dtype=bool)
    fixed: dict[str, Fixed] = {}
    scorers: dict[str, Scorer] = {OURS: OwnBaseline(settings)}
    scorers |= {label: RatioRule(settings, FEATURE, days) for label, (days, _) in PUBLISHED.items()}
    fitted = {}
    for label, scorer in scorers.items():
        model = models.fit(label, scorer, panel, everything, [budget], merge_gap, settings.model_dump(mode="json"))
        fitted[label] = model
        at_budget = label if label == OURS else f"{label}, cut at budget"
        fixed[at_budget] = Fixed(model.scorer, model.thresholds.by_budget[budget])
        if label in PUBLISHED:
            fixed[label] = Fixed(model.scorer, PUBLISHED[label][1])
    return fixed, fitted[OURS]


def evaluate_dss(
    healthy: Path, dss: Path, detector: Detector, budget: float, merge_gap: int, seed: int = 0
) -> tuple[pd.DataFrame, pd.DataFrame, models.Model]:
    """The ``evaluation`` and ``lead_time`` rows of the protocol, and the model that was fixed.

    Detection after treatment (any alarm from day 1 on) apart for DSS and stress+DSS, alarms in controls, and the lead
    over 5 % weight loss of the animals that reach it. Eight controls prove little: no claim of superiority rests on
    them.
    """
    fixed, model = fix(healthy, detector, budget, merge_gap)
    raw = importers.read("relsa", dss)  # opened here, after everything is fixed
    group = dict(text_table.read_csv(dss, sep="\t")[["id", "treatment"]].drop_duplicates("id").to_numpy())
    daily = to_daily(raw, source="relsa_tm_dss")
    panel = _from_first_whole_day(panels.build(daily, one_day_settings(detector).features))
    loss = _loss_day(raw, panel)
    groups = np.array([GROUPS[group[cage]] for cage in panel.cages])
    rows, leads = [], []
    for name, one in fixed.items():
        alarm = np.nan_to_num(one.scorer.score(panel).score, nan=-np.inf) > one.threshold
        first = np.where(alarm.any(axis=1), alarm.argmax(axis=1), NEVER)
        table = _leads(name, budget, panel, groups, first, loss)
        leads.append(table)
        rows += _detection_rows(name, budget, groups, first) + _lead_rows(name, budget, table, seed)
    return frame(rows), pd.concat(leads, ignore_index=True), model


def _from_first_whole_day(panel: Panel) -> Panel:
    """Days from the first on which every animal has a value; the second of them (treatment, in the DSS mice) masked."""
    whole = np.flatnonzero(np.isfinite(panel.values[..., 0]).all(axis=0))[0]
    out = panel.take(days=slice(int(whole), None))
    evidence = out.evidence.copy()
    evidence[:, 1] = 0.0
    return replace(out, evidence=evidence)


def _loss_day(raw: pd.DataFrame, panel: Panel) -> np.ndarray:
    """Index of the day on which each animal is first at or under :data:`LOSS`, :data:`NEVER` for the others."""
    low = raw[(raw["name"] == "weight_percent") & (raw["value"] <= LOSS)]
    day = low.groupby("cage")["time_utc"].min().dt.tz_convert(None)
    dates = day.reindex(panel.cages).to_numpy().astype("datetime64[D]")
    return np.where(np.isnat(dates), NEVER, (dates - panel.dates[0]).astype(int))


def _leads(
    name: str, budget: float, panel: Panel, groups: np.ndarray, first: np.ndarray, loss: np.ndarray
) -> pd.DataFrame:
    """``lead_time`` rows of the animals that lose 5 %: both ends of their days."""
    rows = []
    ends = (panel.dates + np.timedelta64(1, "D")).astype("datetime64[us]")
    for u in np.flatnonzero(loss != NEVER):
        alarmed = first[u] != NEVER
        lead = float(loss[u] - first[u]) if alarmed else None
        status = "missed" if lead is None else "detected" if 0 < lead <= 7 else "early" if lead > 7 else "late"
        rows.append(
            {
                "cage": panel.units[u][0],
                "animal": None,
                "group": groups[u],
                "event": "weight_loss_5pct",
                "event_utc": pd.Timestamp(ends[loss[u]], tz="UTC"),
                "onset_utc": None,
                "decision_utc": pd.Timestamp(ends[first[u]], tz="UTC") if alarmed else pd.NaT,
                "lead_days": lead,
                "delay_days": None,
                "status": status,
                "budget": budget,
                "detector": name,
                "simulated": False,
            }
        )
    frame = pd.DataFrame(rows, columns=tables.SCHEMAS["lead_time"].names)
    frame["onset_utc"] = pd.to_datetime(frame["onset_utc"], utc=True)
    return frame.astype({"lead_days": float, "delay_days": float})


def _detection_rows(name: str, budget: float, groups: np.ndarray, first: np.ndarray) -> list[dict[str, Any]]:
    """Animals with any alarm from day 1 on, by group; exact binomial intervals."""
    rows = []
    sets = {"DSS": groups == "DSS", "stress+DSS": groups == "stress+DSS", "treated": groups != "control"}
    sets["control"] = groups == "control"
    for group, mine in sets.items():
        n, hit = int(mine.sum()), int((first[mine] != NEVER).sum())
        metric = "controls_alarmed" if group == "control" else "detected_after_treatment"
        note = f"{hit} of {n}; activity only, day 0 masked; exact binomial interval"
        if group in ("stress+DSS", "treated"):
            note += "; stress+DSS is no evidence of early illness"
        share = hit / n if n else float("nan")
        ci = statistics.binomial_ci(hit, n)
        rows.append(row(metric, name, share, ci, group=group, budget=budget, n=n, note=note))
    return rows


def _lead_rows(name: str, budget: float, table: pd.DataFrame, seed: int) -> list[dict[str, Any]]:
    """Median lead over 5 % weight loss by group, over all that lose it; a late alarm keeps its lead of 0 or less."""
    rows = []
    for group in ("DSS", "stress+DSS"):
        own = table[table["group"] == group]
        leads = own["lead_days"].to_numpy(dtype=float)
        value = float(statistics.median_with_misses(leads))
        who = own["cage"].to_numpy(dtype=str)
        ci = statistics.bootstrap_ci(leads, who, statistics.median_with_misses, seed)
        counts = own["status"].value_counts()
        note = ", ".join(f"{counts.get(s, 0)} {s}" for s in ("detected", "early", "late", "missed"))
        rows.append(row("median_lead_days", name, value, ci, group=group, budget=budget, n=len(own), unit="d",
                        note=f"{note}; bootstrap over animals"))  # fmt: skip
    return rows
