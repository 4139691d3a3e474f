"""What each alarm rests on, number by number: value, own band, the hour that was oddest, and the film of it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from presage import tables
from presage.config.distress import Alarms
from presage.config.pose import Clip
from presage.homecage.detectors.judge import alarm_episodes
from presage.homecage.detectors.models import Judged
from presage.homecage.detectors.why import Deviation
from presage.homecage.recordings.zeitgeber import Lights

VIDEO = "video"  # source of what our own cameras saw
CLIP_S = 60
LEAST_DAYS = 3  # earlier days of an hour, before anything is usual for it

Hours = Mapping[tuple[str, str, str], pd.DataFrame]
"""Hourly rows by cage, animal ("" = the cage) and feature without its phase."""


def reasons_table(
    judged: Judged, alarms: Alarms, daily: pd.DataFrame, hourly: pd.DataFrame, lights: Lights, lookback_days: int
) -> pd.DataFrame:
    """The ``reasons`` table: a row for each of the strongest deviations on the worst day of each alarm's episode.

    The hour is the one that day in which the feature was furthest, in its own unit and towards illness, from its median
    at that hour over ``lookback_days`` before; only hours of the feature's phase count. Null where readings are no
    finer than a day, or the feature is a day's alone (a rhythm).
    """
    panel = judged.panel
    units = daily.drop_duplicates(["cage", "name"]).set_index(["cage", "name"])["unit"]
    hours = {
        (str(cage), str(animal), str(name)): rows
        for (cage, animal, name), rows in hourly.assign(animal=hourly["animal"].fillna("")).groupby(
            ["cage", "animal", "name"]
        )
    }
    rows = []
    for found in alarm_episodes(judged, alarms):
        why = judged.scores.why[found.unit, found.worst]
        cage, animal = panel.units[found.unit]
        day = panel.dates[found.worst]
        for rank, deviation in enumerate(why.deviations if why is not None else (), start=1):
            rows.append(
                {
                    "cage": cage,
                    "animal": animal or None,
                    "episode": found.number,
                    "date": day.item(),
                    "rank": rank,
                    "feature": deviation.feature.name,
                    "value": deviation.value,
                    "usual": deviation.usual,
                    "band_low": deviation.low,
                    "band_high": deviation.high,
                    "unit": units.get((cage, deviation.feature.name), ""),
                    "deviation": deviation.z,
                    "window_days": why.window,
                    **_where(hours, cage, animal, day, deviation, lights, lookback_days),
                }
            )
    frame = pd.DataFrame(rows, columns=tables.SCHEMAS["reasons"].names)
    return frame if rows else tables.empty("reasons")


def _where(
    hours: Hours, cage: str, animal: str, day: np.datetime64, deviation: Deviation, lights: Lights, lookback_days: int
) -> dict[str, Any]:
    """``zt``, ``watch_utc`` and ``clip`` of the oddest hour; nulls where it cannot be told."""
    nowhere = {"zt": None, "watch_utc": None, "clip": None}
    phase, _, name = deviation.feature.name.partition("_")
    rows = hours.get((cage, animal, name))
    if rows is None:
        return nowhere
    dark = rows["zt"] >= lights.hours
    rows = rows[dark if phase == "night" else ~dark if phase == "day" else slice(None)]
    age = (day - rows["date"].to_numpy().astype("datetime64[D]")).astype(int)
    now = rows[age == 0].set_index("zt")
    past = rows[(age > 0) & (age <= lookback_days) & rows["value"].notna()].groupby("zt")["value"]
    usual = past.median()[past.count() >= LEAST_DAYS]
    fall = (usual - now["value"]) * (1.0 if deviation.feature.worse == "down" else -1.0)
    if not fall.notna().any():
        return nowhere
    zt = int(fall.idxmax())
    start, film = now.at[zt, "first_utc"], None
    if now.at[zt, "source"] == VIDEO and pd.notna(start):
        film = f"clips/{cage}/{Clip(cage=cage, start=start.to_pydatetime(), seconds=CLIP_S).name()}.mp4"
    return {"zt": zt, "watch_utc": start, "clip": film}
