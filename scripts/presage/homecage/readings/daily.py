"""The daily summary of readings: what each feature was like by night, by day and over the whole cage-day."""

import numpy as np
import pandas as pd

from presage import tables
from presage.homecage.readings.importers import UNDATED_LIGHTS
from presage.homecage.recordings.zeitgeber import Lights, Schedule

PHASES = ("night", "day", "all")


def to_daily(
    readings: pd.DataFrame,
    *,
    lights: Lights = UNDATED_LIGHTS,
    schedule: Schedule | None = None,
    sampling: str = "",
    source: str = "",
    min_coverage: float = 0.5,
) -> pd.DataFrame:
    """The ``daily`` table: ``night_``, ``day_`` and ``all_`` mean of each feature and cage-day.

    Means are weighted by what was seen. The coverage of a phase is its usable over its scheduled time; under
    ``min_coverage`` the value is null, and also where the feature itself was known (a hidden animal has no speed) for
    less than a tenth of the schedule. ``all_`` is the mean of both phases by their length and null when either is: a
    day of which only the night was recorded would look too active. Readings longer than a phase give ``all_`` only.

    Days that were not over when the last of the ``readings`` was taken (and the schedule's pause after it had passed)
    are provisional.
    """
    if readings.empty:
        return tables.empty("daily")
    date, zt = lights.zeitgeber(pd.DatetimeIndex(readings["time_utc"]))
    rows = readings.assign(
        date=date, phase=np.where(zt < lights.hours, "day", "night"), animal=readings["animal"].fillna("")
    )
    rows["sampling"] = sampling or rows["resolution_s"].map(lambda s: f"sensor {s:g} s")
    long = rows["resolution_s"] > 3600.0 * min(lights.hours, 24.0 - lights.hours)
    rows.loc[long, "phase"] = "all"
    schedule = schedule or Schedule()
    phases = _phase_means(rows, lights, schedule, min_coverage)
    halves = phases[phases["phase"] != "all"]
    whole = _whole_days(halves, lights)
    out = pd.concat([phases, whole], ignore_index=True)
    end = {
        (d, p): lights.utc(pd.Timestamp(d).date(), lights.phase_end(p)) for d, p in set(zip(out["date"], out["phase"]))
    }
    out["end_utc"] = pd.DatetimeIndex([end[k] for k in zip(out["date"], out["phase"])]).as_unit("us")
    out["provisional"] = out["end_utc"] > data_end(rows, schedule)
    out["name"] = out["phase"] + "_" + out["name"]
    out["date"] = pd.to_datetime(out["date"]).dt.date
    out["animal"] = out["animal"].replace("", None)
    out = out.assign(source=source).sort_values(["cage", "date", "name"], ignore_index=True)
    return out[tables.SCHEMAS["daily"].names]


def data_end(readings: pd.DataFrame, schedule: Schedule) -> pd.Timestamp:
    """Up to when something is known: the end of the last reading, and of the schedule's pause after it."""
    seen = readings[readings["coverage"] > 0]
    reach = seen["resolution_s"].clip(lower=schedule.period_s)
    return (seen["time_utc"] + pd.to_timedelta(reach, unit="s")).max()


_KEY = ["cage", "animal", "date", "name", "unit", "sampling"]


def _phase_means(rows: pd.DataFrame, lights: Lights, schedule: Schedule, min_coverage: float) -> pd.DataFrame:
    known = rows["value"].notna()
    rows = rows.assign(
        weight=rows["coverage"] * rows["resolution_s"] * known,
        product=(rows["coverage"] * rows["resolution_s"] * rows["value"]).where(known, 0.0),
        usable=rows["coverage"] * rows["resolution_s"],
    )
    out = rows.groupby([*_KEY, "phase", "resolution_s"], sort=True, as_index=False)[
        ["weight", "product", "usable"]
    ].sum()
    planned = {
        (phase, res): _planned_s(phase, res, lights, schedule)
        for phase, res in set(zip(out["phase"], out["resolution_s"]))
    }
    scheduled = np.array([planned[k] for k in zip(out["phase"], out["resolution_s"])])
    out["coverage"] = (out["usable"] / scheduled).clip(upper=1.0)
    enough = (out["coverage"] >= min_coverage) & (out["weight"] >= 0.1 * scheduled)
    out["value"] = (out["product"] / out["weight"].where(out["weight"] > 0)).where(enough)
    return out[[*_KEY, "phase", "value", "coverage"]]


def _planned_s(phase: str, resolution: float, lights: Lights, schedule: Schedule) -> float:
    """Seconds of ``phase`` in intervals of ``resolution`` in which anything was scheduled."""
    if phase == "all" or resolution > schedule.period_s:
        return 3600.0 * lights.phase_hours(phase)
    first, last = (0.0, lights.hours) if phase == "day" else (lights.hours, 24.0)
    starts = np.arange(first * 3600.0, last * 3600.0, resolution)
    return float(resolution * (schedule.scheduled_s(starts, resolution) > 0).sum())


def _whole_days(halves: pd.DataFrame, lights: Lights) -> pd.DataFrame:
    if halves.empty:
        return halves.assign(phase="all")
    hours = halves["phase"].map(lights.phase_hours)
    rows = halves.assign(hours=hours, product=halves["value"] * hours, covered=halves["coverage"] * hours)
    rows["known"] = hours.where(halves["value"].notna(), 0.0)
    out = rows.groupby(_KEY, sort=True)[["product", "covered", "known"]].sum()
    out["value"] = (out["product"] / 24.0).where(out["known"] >= 24.0)
    out["coverage"] = out["covered"] / 24.0
    return out.reset_index().assign(phase="all")[[*_KEY, "phase", "value", "coverage"]]
