"""The step from daily values to scores, alarms and dated models."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from presage import plugins, tables
from presage.config.distress import Alarms, Compare, Detector, first_amount, with_budget
from presage.errors import UserError
from presage.homecage.alarms import policy as alarming
from presage.homecage.detectors import panel as panels
from presage.homecage.detectors.charts import Chart, Cusum, Ewma
from presage.homecage.detectors.conformal import Conformal
from presage.homecage.detectors.detector import OwnBaseline, Persistent, Scorer
from presage.homecage.detectors.models import Judged, judge_dated
from presage.homecage.detectors.rules_of_thumb import rules
from presage.homecage.recordings.zeitgeber import Lights
from presage.sheets import Cage

OURS, CLASSIFIER = "ours", "classifier"


@dataclass(frozen=True)
class Stamp:
    """What every result row says about its making."""

    seed: int = 0
    code_hash: str = ""
    config_hash: str = ""
    data_hash: str = ""


def judge(
    daily: pd.DataFrame,
    cages: Sequence[Cage],
    events: pd.DataFrame,
    lights: Lights,
    detector: Detector,
    alarms: Alarms,
    compare: Compare | None = None,
    apart: str = "cage",
) -> dict[str, Judged]:
    """Our detector, and those to ``compare`` it with, on the ``daily`` table, each with its own dated models and cuts.

    The classifier judges no cage by a model that saw any cage with the same ``apart`` (a column of the sheet).
    Cage-days that were not over (provisional) are left out. Raises :class:`UserError` when no cage of the sheet may set
    the threshold, or cages have readings but no row in the sheet.
    """
    sheet = {c.cage: c for c in cages}
    unknown = sorted(set(daily["cage"]) - set(sheet))
    if unknown:
        raise UserError("cages sheet", f"has no row for {', '.join(unknown[:5])}", "add the cages that have readings")
    evidence = panels.event_evidence(events, detector.event_weight, lights)
    panel = panels.build(daily[~daily["provisional"]], detector.features, evidence)
    calibrate = np.array([sheet[cage].role == "calibrate" for cage in panel.cages])
    if not calibrate.any():
        raise UserError(
            "cages sheet", "no cage with readings has role calibrate", "name healthy cages that set the threshold"
        )
    rivals = compare.detectors if compare else []
    common: dict[str, Any] = {
        "budgets": with_budget(alarms),
        "merge_gap": alarms.merge_gap_days,
        "first_fit_days": alarms.first_fit_days,
        "refit_days": alarms.refit_days,
    }
    settings = detector.model_dump(mode="json")
    scorers: dict[str, Scorer] = {OURS: OwnBaseline(detector)} | scorers_beside(detector, rivals)
    if alarms.persistence_days > 1:
        scorers = {name: Persistent(scorer, alarms.persistence_days) for name, scorer in scorers.items()}
    judged = {
        name: judge_dated(name, scorer, panel, calibrate, events, lights, settings=settings, **common)
        for name, scorer in scorers.items()
    }
    if compare and "classifier" in rivals:
        from presage.homecage.detectors.classifier import (
            judge_classifier,  # scikit-learn, which daily alarms do not need
        )

        judged[CLASSIFIER] = judge_classifier(
            CLASSIFIER, panel, calibrate, events, lights, detector=detector, settings=compare.classifier,
            groups=np.array([getattr(sheet[cage], apart) for cage in panel.cages]), **common
        )  # fmt: skip
    return judged


def scorers_beside(detector: Detector, rivals: Sequence[str]) -> dict[str, Scorer]:
    """The detectors of ``rivals`` that learn from healthy cages alone, by the name that results carry."""
    found: dict[str, Scorer] = {}
    activity = first_amount(detector.features)
    if "rules" in rivals and activity is not None:
        found |= rules(detector, detector.features[activity].name)
    charts: dict[str, Chart] = {"ewma": Ewma(), "cusum": Cusum()}
    found |= {
        f"chart: {name.upper()}": OwnBaseline(detector, chart) for name, chart in charts.items() if name in rivals
    }
    if "conformal" in rivals:
        found["conformal"] = Conformal(detector)
    found |= {name: make(detector) for name, make in plugins.added("detector").items() if name in rivals}
    return found


def decision_utc(judged: Judged, latency_minutes: float) -> np.ndarray:
    """End of the data window plus latency, datetime64[us] [U, D]."""
    return judged.panel.end_utc + np.timedelta64(round(latency_minutes * 60e6), "us")


def scores_table(judged: Judged, alarms: Alarms, latency_minutes: float, stamp: Stamp) -> pd.DataFrame:
    """The ``distress_scores`` table: one row for each unit and day of its recording."""
    panel, s = judged.panel, judged.scores
    unit, day = np.nonzero(panel.scheduled)
    hashes = [m.hash for m in judged.models] + [""]
    decided = pd.Series(decision_utc(judged, latency_minutes)[unit, day])
    over = pd.Series([panel.dates[d] + np.timedelta64(1, "D") for d in day]).astype("datetime64[us]")
    frame = pd.DataFrame(
        {
            "cage": panel.cages[unit],
            "animal": [panel.units[u][1] or None for u in unit],
            "date": pd.to_datetime(panel.dates[day]).date,
            "decision_utc": decided.fillna(over).dt.tz_localize("UTC"),
            "score": s.score[unit, day],
            "threshold": judged.thresholds[alarms.budget][day],
            "alarm": judged.alarm(alarms.budget)[unit, day],
            "no_call": s.no_call[unit, day],
            "warm_up": s.warm_up[unit, day],
            "masked": s.masked[unit, day],
            "explanation": [None if why is None else str(why) for why in s.why[unit, day]],
            "model_hash": [hashes[judged.model[d]] for d in day],
            "seed": stamp.seed,
            "code_hash": stamp.code_hash,
        }
    )
    return frame[tables.SCHEMAS["distress_scores"].names]


class AlarmEpisode(NamedTuple):
    """An episode of one ``unit`` (index): its ``number`` from 1, its alarm ``days`` (indices) and the ``worst`` one."""

    unit: int
    number: int
    days: np.ndarray
    worst: int


def alarm_episodes(judged: Judged, alarms: Alarms, stop: int | None = None) -> Iterator[AlarmEpisode]:
    """The episodes at the configured budget, as known with the days before index ``stop`` (all when None)."""
    alarm = judged.alarm(alarms.budget)[:, :stop]
    for u in np.flatnonzero(alarm.any(axis=1)).tolist():
        for number, e in enumerate(alarming.episodes(alarm[u], alarms.merge_gap_days), start=1):
            days = e.first + np.flatnonzero(alarm[u, e.first : e.last + 1])
            yield AlarmEpisode(u, number, days, int(days[np.argmax(judged.scores.score[u, days])]))


def alarms_table(
    judged: Judged,
    alarms: Alarms,
    latency_minutes: float,
    stamp: Stamp,
    urgent: pd.DataFrame | None = None,
    until: int | None = None,
) -> pd.DataFrame:
    """The ``alarms`` table: one row for each episode, as known with the days up to index ``until`` (all when None).

    ``level``: watch; check when the score also passes the strictest budget's threshold; urgent for a check of
    :func:`alarms.urgent_checks` (``urgent``), which is a row of its own: it does not wait for the end of the day.
    """
    panel = judged.panel
    stop = len(panel.dates) if until is None else until + 1
    strict = judged.thresholds[min(judged.thresholds)]
    decided = decision_utc(judged, latency_minutes)
    hashes = {"config_hash": stamp.config_hash, "data_hash": stamp.data_hash, "code_hash": stamp.code_hash}
    rows = []
    for found in alarm_episodes(judged, alarms, stop):
        u, days, first = found.unit, found.days, found.days[0]
        rows.append(
            {
                "cage": panel.units[u][0],
                "animal": panel.units[u][1] or None,
                "episode": found.number,
                "first_date": panel.dates[first].item(),
                "last_date": panel.dates[days[-1]].item(),
                "alarm_days": len(days),
                "decision_utc": pd.Timestamp(decided[u, first], tz="UTC"),
                "score": judged.scores.score[u, found.worst],
                "threshold": judged.thresholds[alarms.budget][found.worst],
                "budget": alarms.budget,
                "level": "check" if (judged.scores.score[u, days] > strict[days]).any() else "watch",
                "explanation": str(judged.scores.why[u, found.worst] or "many small deviations"),
                "model_hash": judged.models[judged.model[first]].hash,
                **hashes,
            }
        )
    rows += _urgent_rows(judged, alarms, stop, urgent, hashes)
    frame = pd.DataFrame(rows, columns=tables.SCHEMAS["alarms"].names)
    return frame.sort_values(["cage", "decision_utc"], ignore_index=True) if rows else tables.empty("alarms")


def _urgent_rows(
    judged: Judged, alarms: Alarms, stop: int, urgent: pd.DataFrame | None, hashes: dict[str, Any]
) -> list[dict[str, Any]]:
    """Urgent checks as alarm rows with episode 0: they have no score and no threshold of the detector's."""
    rows = []
    for check in () if urgent is None else urgent.itertuples():
        day = int((np.datetime64(str(check.date), "D") - judged.panel.dates[0]).astype(int))
        if day < stop:
            model = judged.model[day] if 0 <= day < len(judged.model) else -1
            rows.append(
                {
                    "cage": check.cage,
                    "animal": None,
                    "episode": 0,
                    "first_date": check.date,
                    "last_date": check.date,
                    "alarm_days": 1,
                    "decision_utc": check.time_utc,
                    "score": None,
                    "threshold": alarms.urgent_hours,
                    "budget": alarms.budget,
                    "level": "urgent",
                    "explanation": f"{check.state} for {check.hours:.1f} h of the dark",
                    "model_hash": judged.models[model].hash if model >= 0 else "none",
                    **hashes,
                }
            )
    return rows


def issued(
    judged: Judged, alarms: Alarms, latency_minutes: float, stamp: Stamp, urgent: pd.DataFrame | None = None
) -> Iterator[tuple[str, dt.date, pd.DataFrame]]:
    """What was to be said on each judged cage-day: (model hash, date, alarms that were on, as known then)."""
    for index in np.flatnonzero(judged.model >= 0):
        date = judged.panel.dates[index].item()
        table = alarms_table(judged, alarms, latency_minutes, stamp, urgent, until=int(index))
        on = table[table["last_date"] == date] if len(table) else table
        yield judged.models[judged.model[index]].hash, date, on.reset_index(drop=True)
