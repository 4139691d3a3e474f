"""Readings of any sensor: importers into the long table ``readings``.

Files without dates are counted from :data:`UNDATED`, with lights on at 00:00 UTC.
"""

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from presage import plugins, tables, text_table
from presage.config.distress import Source
from presage.errors import UserError, damaged
from presage.homecage.readings.sensor_table import read_table
from presage.homecage.recordings.zeitgeber import Lights

UNDATED = dt.date(2000, 1, 1)
UNDATED_LIGHTS = Lights(zone="UTC", on="00:00", off="12:00")
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
    wide = text_table.read_csv(path)
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
    raw = text_table.read_csv(path, sep="\t")
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
