"""Readings of any sensor: importers into the long table ``readings``, and its daily summary by phase.

Files without dates are counted from :data:`UNDATED`, with lights on at 00:00 UTC.
"""

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from presage import plugins, tables
from presage.config.distress import Source
from presage.errors import UserError, damaged
from presage.homecage.sensor_table import read_table
from presage.homecage.zeitgeber import Lights, Schedule

UNDATED = dt.date(2000, 1, 1)
UNDATED_LIGHTS = Lights(zone="UTC", on="00:00", off="12:00")
PHASES = ("night", "day", "all")
Reader = Callable[[Path], pd.DataFrame]
READERS: dict[str, Reader] = {}


def reader(kind: str) -> Callable[[Reader], Reader]:
    """Register an importer under the ``kind`` by which the config names it."""

    def register(function: Reader) -> Reader:
        READERS[kind] = function
        return function

    return register


def read(kind: str, path: str | Path) -> pd.DataFrame:
    """The ``readings`` table of ``path``. Raises :class:`UserError` for a file that is absent or not of ``kind``."""
    path = Path(path)
    if not path.exists():
        raise UserError(path, "does not exist", "correct the path of the readings source")
    readers = READERS | plugins.added("sensor")
    with damaged(path, f"kinds are {', '.join(readers)}", f"is not a {kind} file"):
        found = readers[kind](path)
        tables.check("readings", found)
        return found


def read_source(source: Source, zone: ZoneInfo) -> pd.DataFrame:
    """The ``readings`` table of a source; times without an offset are local in ``zone``.

    Raises :class:`UserError` for a file that is absent or not what the source says.
    """
    if source.kind != "table":
        return read(source.kind, source.path)
    if not Path(source.path).exists():
        raise UserError(source.path, "does not exist", "correct the path of the readings source")
    return read_table(Path(source.path), source, zone)


@reader("readings")
def read_parquet(path: Path) -> pd.DataFrame:
    """Our own table: one parquet file, or a folder of them."""
    files = sorted(path.glob("**/*.parquet")) if path.is_dir() else [path]
    return pd.concat([tables.read(f, "readings") for f in files], ignore_index=True)


@reader("mice_rhythms")
def read_mice_rhythms(path: Path) -> pd.DataFrame:
    """Minute CSV of 26 mice (``time`` 1.., a column a mouse, ``estrus``); recording starts at lights-off (ZT12)."""
    wide = pd.read_csv(path)
    mice = [c for c in wide.columns if c not in ("time", "estrus")]
    name, unit = ("temperature", "degC") if "temp" in path.name else ("activity", "counts/min")
    minutes = wide["time"].to_numpy(dtype=np.int64) - 1
    time = UNDATED_LIGHTS.utc(UNDATED, 12.0) + pd.to_timedelta(minutes, unit="min")
    values = wide[mice].to_numpy(dtype=np.float64)
    return _table(
        cage=np.repeat(mice, len(time)),
        time_utc=np.tile(time, len(mice)),
        name=name,
        value=values.T.ravel(),
        unit=unit,
        resolution_s=60.0,
    )


@reader("relsa")
def read_relsa(path: Path) -> pd.DataFrame:
    """RELSA text table (``id treatment condition day bwc hr hrv temp act``): one value a day; telemetered animals only.

    Day 0 is :data:`UNDATED`. Rows without a value are left out (missing is not zero).
    """
    raw = pd.read_csv(path, sep="\t")
    raw = raw[raw["condition"] == "TM"]
    names = {"act": ("activity", "counts"), "temp": ("temperature", "degC"), "hr": ("heart_rate", "1/min"),
             "hrv": ("heart_rate_variability", "ms"), "bwc": ("weight_percent", "%")}  # fmt: skip
    start = UNDATED_LIGHTS.utc(UNDATED)
    parts = []
    for column, (name, unit) in names.items():
        rows = raw[raw[column].notna()]
        parts.append(
            _table(
                cage=rows["id"].to_numpy(),
                time_utc=start + pd.to_timedelta(rows["day"].to_numpy(), unit="D"),
                name=name,
                value=rows[column].to_numpy(dtype=np.float64),
                unit=unit,
                resolution_s=86400.0,
            )
        )
    return pd.concat(parts, ignore_index=True)


MOUSESTYLES = ("as_probability", "as_numbers", "as_durations", "food", "water", "distance", "as_food_intensity",
               "as_water_intensity", "move_as_intensity")  # fmt: skip


@reader("mousestyles")
def read_mousestyles(path: Path) -> pd.DataFrame:
    """Array (9 features, mouse-days, strain + mouse + day + eleven 2 h bins); cage = ``<strain>_<mouse>``.

    The phase of the bins is not documented here, so only whole days (``all_``) of these readings are to be used: each
    bin stands for an eleventh of the day.
    """
    array = np.load(path, allow_pickle=False)
    strain, mouse, day = (array[0, :, i].astype(int) for i in range(3))
    bins = array.shape[2] - 3
    step = 24.0 / bins
    cage = np.array([f"s{s:02d}_m{m:02d}" for s, m in zip(strain, mouse)])
    start = UNDATED_LIGHTS.utc(UNDATED)
    hours = day[:, None] * 24.0 + np.arange(bins)[None, :] * step
    parts = [
        _table(
            cage=np.repeat(cage, bins),
            time_utc=start + pd.to_timedelta(hours.ravel(), unit="h"),
            name=name,
            value=array[k, :, 3:].ravel(),
            unit="per 2 h",
            resolution_s=step * 3600.0,
        )
        for k, name in enumerate(MOUSESTYLES)
    ]
    return pd.concat(parts, ignore_index=True)


def _table(**columns: object) -> pd.DataFrame:
    frame = pd.DataFrame(columns).assign(animal=None)
    frame["coverage"] = np.where(frame["value"].notna(), 1.0, 0.0)
    frame["time_utc"] = pd.DatetimeIndex(frame["time_utc"]).as_unit("us")
    return frame[tables.SCHEMAS["readings"].names]


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
