"""From minutes to daily and hourly values, one cage at a time: the minutes of a whole colony fit no memory."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from presage import tables
from presage.config.distress import Features
from presage.homecage.alarms.policy import urgent_checks
from presage.homecage.readings.daily import data_end, to_daily
from presage.homecage.readings.hourly import to_hourly
from presage.homecage.readings.rhythm_days import rhythm_days
from presage.homecage.recordings.zeitgeber import Lights, Schedule
from presage.progress import progress

ACTIVITY = "distance"  # whose rhythm is measured where there is video


class Summary(NamedTuple):
    """The ``daily``, ``hourly`` and ``urgent`` tables."""

    daily: pd.DataFrame
    hourly: pd.DataFrame
    urgent: pd.DataFrame


def summarise(
    files: Iterable[tuple[str, str]], *, lights: Lights, schedule: Schedule, features: Features, urgent_hours: float
) -> Summary:
    """Sum up feature ``files``, (cage, path) of one cage-day each.

    Memory is that of one cage's minutes and of everybody's hours. Whether a cage-day was over is judged by the last
    reading of all cages with the same sampling.
    """
    daily, hourly, urgent = [tables.empty("daily")], [tables.empty("hourly")], [tables.empty("urgent")]
    last: dict[str, pd.Timestamp] = {}
    for paths in progress(list(_by_cage(files).values()), "sum up", "cage"):
        for sampling, rows in _by_sampling(paths).items():
            about: dict[str, Any] = {"lights": lights, "sampling": sampling, "source": "video"}
            urgent.append(urgent_checks(rows, lights, urgent_hours))
            daily += [
                to_daily(rows, schedule=schedule, min_coverage=features.min_coverage, **about),
                rhythm_days(rows[rows["animal"].isna()], ACTIVITY, schedule=schedule, **about),
            ]
            hourly.append(to_hourly(rows, **about))
            end = data_end(rows, schedule)
            last[sampling] = max(last.get(sampling, end), end) if pd.notna(end) else last.get(sampling, end)
    table = joined(daily)
    table["provisional"] = table["end_utc"] > pd.to_datetime(table["sampling"].map(last), utc=True)
    return Summary(table, joined(hourly), joined(urgent))


def joined(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """One table of ``parts``; the empty ones among them have no say in its types."""
    return pd.concat([part for part in parts if len(part)] or list(parts[:1]), ignore_index=True)


def _by_cage(files: Iterable[tuple[str, str]]) -> Mapping[str, list[str]]:
    out: dict[str, list[str]] = {}
    for cage, path in files:
        out.setdefault(cage, []).append(path)
    return out


def _by_sampling(paths: Sequence[str]) -> Mapping[str, pd.DataFrame]:
    days: dict[str, list[pd.DataFrame]] = {}
    for path in paths:
        days.setdefault(tables.read_meta(path)["sampling"], []).append(tables.read(path, "readings"))
    return {sampling: pd.concat(some, ignore_index=True) for sampling, some in days.items()}
