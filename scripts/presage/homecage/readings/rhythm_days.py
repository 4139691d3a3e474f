"""The rhythm of each cage-day, as daily values beside the means: when, how strongly and how steadily it was active."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from presage import tables
from presage.homecage.readings import rhythms
from presage.homecage.readings.daily import data_end
from presage.homecage.readings.hourly import HOURS, to_hourly
from presage.homecage.recordings.zeitgeber import Lights, Schedule

STABILITY_DAYS = 7  # of the interdaily stability, which needs several
LEAST_DAYS = 4


def rhythm_days(
    readings: pd.DataFrame,
    feature: str,
    *,
    lights: Lights,
    schedule: Schedule | None = None,
    sampling: str = "",
    source: str = "",
    min_hours: int = 20,
) -> pd.DataFrame:
    """Rows of the ``daily`` table for the rhythm of ``feature`` (an amount of activity) on every cage-day.

    From hourly means (weighted by what was seen), ZT0 to ZT24: ``all_day_night_ratio``, ``all_iv`` (fragmentation),
    ``all_m10`` and ``all_l5`` over their daily mean, ``all_relative_amplitude``, ``all_m10_onset`` and
    ``all_activity_onset`` (ZT hours), ``all_cosinor_amplitude`` over the mesor and ``all_acrophase`` (ZT hours) of the
    24 h cosine that fits the day best, ``all_entropy`` of the day's profile (0: all in one hour, 1: even), and
    ``all_is`` over the last seven days. Null on days with fewer than ``min_hours`` known hours. A day's values hang on
    it and earlier days only. Readings coarser than an hour give none.
    """
    rows = readings[(readings["name"] == feature) & (readings["resolution_s"] <= 3600.0)]
    if rows.empty:
        return tables.empty("daily")
    hours = to_hourly(rows, lights=lights, sampling=sampling)
    hours["animal"] = hours["animal"].fillna("")
    parts = []
    for (cage, animal), mine in hours.groupby(["cage", "animal"], sort=True):
        days = pd.Index(pd.to_datetime(np.unique(mine["date"])))
        grid = np.full((len(days), HOURS), np.nan)
        grid[days.get_indexer(pd.DatetimeIndex(mine["date"])), mine["zt"]] = mine["value"]
        parts += _of_unit(str(cage), str(animal), days, grid, lights, min_hours)
    out = pd.DataFrame(parts)
    ends = {d: lights.utc(d, 24.0) for d in set(out["date"])}
    out["end_utc"] = pd.DatetimeIndex([ends[d] for d in out["date"]]).as_unit("us")
    out["provisional"] = out["end_utc"] > data_end(rows, schedule or Schedule())
    out["sampling"] = hours["sampling"].iloc[0]
    out = out.assign(source=source, animal=out["animal"].replace("", None))
    return out.sort_values(["cage", "date", "name"], ignore_index=True)[tables.SCHEMAS["daily"].names]


def _of_unit(
    cage: str, animal: str, days: pd.Index, grid: np.ndarray, lights: Lights, min_hours: int
) -> list[dict[str, Any]]:
    """Rows of one cage or animal; ``grid`` [day, ZT hour]."""
    rows = []
    for k, day in enumerate(days):
        profile, known = grid[k], int(np.isfinite(grid[k]).sum())
        enough = known >= min_hours
        values = {name: (measure(profile, lights.hours) if enough else np.nan) for name, measure in MEASURES.items()}
        values["is"] = _stability(grid, days, k, min_hours) if enough else np.nan
        for name, value in values.items():
            about = {"cage": cage, "animal": animal, "date": pd.Timestamp(day).date(), "coverage": known / HOURS}
            unit = "h" if name in CLOCK_TIMES else "1"
            rows.append({**about, "name": f"all_{name}", "value": value, "unit": unit})
    return rows


def _stability(grid: np.ndarray, days: pd.Index, k: int, min_hours: int) -> float:
    """IS over the known days of the last week."""
    age = (days[k] - days[: k + 1]).days.to_numpy()
    rows = grid[: k + 1][age < STABILITY_DAYS]
    rows = rows[np.isfinite(rows).sum(axis=1) >= min_hours]
    return rhythms.interdaily_stability(rows.ravel(), HOURS) if len(rows) >= LEAST_DAYS else np.nan


def _over_mean(window: Callable[[np.ndarray], float]) -> Callable[[np.ndarray, float], float]:
    """A window's mean over the day's, so that the unit does not matter."""

    def measure(profile: np.ndarray, _: float) -> float:
        mean = float(np.nanmean(profile))
        return window(rhythms.filled(profile)) / mean if mean > 0 else np.nan

    return measure


MEASURES: dict[str, Callable[[np.ndarray, float], float]] = {
    "day_night_ratio": rhythms.day_night_ratio,
    "iv": lambda profile, _: rhythms.intradaily_variability(profile),
    "l5": _over_mean(lambda profile: rhythms.l5_m10(profile, HOURS)[0]),
    "m10": _over_mean(lambda profile: rhythms.l5_m10(profile, HOURS)[1]),
    "relative_amplitude": lambda profile, _: rhythms.relative_amplitude(rhythms.filled(profile), HOURS),
    "m10_onset": lambda profile, _: rhythms.m10_onset(rhythms.filled(profile), HOURS),
    "activity_onset": rhythms.activity_onset,
    "cosinor_amplitude": lambda profile, _: rhythms.relative_cosine(profile, HOURS),
    "acrophase": lambda profile, _: rhythms.acrophase(profile, HOURS),
    "entropy": lambda profile, _: rhythms.entropy(profile),
}
CLOCK_TIMES = {"m10_onset", "activity_onset", "acrophase"}  # ZT hours; all others have no unit
