"""Readings of any sensor that exports a table: telemetry, cage sensors, scales, score sheets, feeders.

One row a cage (or animal) and time, with a column for each value; CSV, TSV or Parquet. Which columns these are, and
what their values are called and measured in, is said in the configuration, so that no maker's format is built in.
"""

import logging
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from presage import tables, text_table
from presage.config.distress import Source
from presage.errors import UserError, damaged

log = logging.getLogger("presage")


def read_table(path: Path, source: Source, zone: ZoneInfo) -> pd.DataFrame:
    """The ``readings`` table of a sensor's file (or of all files of a folder).

    Times without an offset are local in ``zone``; those in the hour that a clock change repeats or skips are left out,
    with a warning that counts them. Rows may come in any order. A cell that is empty is not known: coverage 0. Without
    ``source.resolution_s`` a reading stands for the usual step between two of its cage.

    Raises :class:`UserError` for a column that is not there, a time or number that cannot be read, times of which some
    have an offset and some not, or two rows of one cage and animal at the same time.
    """
    files = sorted(p for p in path.rglob("*") if p.suffix in READ) if path.is_dir() else [path]
    if not files:
        raise UserError(path, "holds no .csv, .tsv or .parquet file", "correct the path of the readings source")
    wide = pd.concat([_columns(file, source) for file in files], ignore_index=True)
    wide["time_utc"] = _times(wide["time_utc"], zone, path)
    lost = int(wide["time_utc"].isna().sum())
    if lost:
        log.warning("%s: %d rows fall into a clock change of %s and are left out", path, lost, zone.key)
        wide = wide[wide["time_utc"].notna()]
    key = ["cage", "animal", "time_utc"]
    wide = wide.sort_values(key, ignore_index=True)
    twice = wide.duplicated(key)
    if twice.any():
        row = wide[twice].iloc[0]
        who = f"cage {row['cage']}" + (f", animal {row['animal']}" if row["animal"] else "")
        raise UserError(path, f"has two rows of {who} at {row['time_utc']}", "keep one of them")
    step = source.resolution_s or _step(wide, path)
    parts = [wide[key].assign(name=v.name, value=wide[v.column], unit=v.unit) for v in source.values]
    out = pd.concat(parts, ignore_index=True).assign(resolution_s=step)
    out["animal"] = out["animal"].replace("", None)
    out["coverage"] = out["value"].notna().astype(float)
    return out[tables.SCHEMAS["readings"].names]


READ: dict[str, Callable[[Path], pd.DataFrame]] = {
    ".csv": lambda path: text_table.read(path, ","),
    ".tsv": text_table.read,
    ".parquet": pd.read_parquet,
}


def _columns(path: Path, source: Source) -> pd.DataFrame:
    """``time_utc`` (as written), ``cage``, ``animal`` ("" where there is none) and the value columns as numbers."""
    if path.suffix not in READ:
        raise UserError(path, "is no .csv, .tsv or .parquet file", "export the sensor's table as one of them")
    with damaged(path, "export it again"):
        raw = READ[path.suffix](path)
    wanted = [source.time, source.cage, *([source.animal] if source.animal else []), *(v.column for v in source.values)]
    missing = [name for name in wanted if name not in raw]
    if missing:
        there = ", ".join(map(str, raw.columns[:12]))
        raise UserError(path, f"has no column {missing[0]!r} (there are {there})", f"correct source {source.name}")
    out = pd.DataFrame({"time_utc": raw[source.time], "cage": raw[source.cage].astype(str)})
    out["animal"] = raw[source.animal].fillna("").astype(str) if source.animal else ""
    for value in source.values:
        out[value.column] = _numbers(raw[value.column], path, value.column)
    return out


def _numbers(column: pd.Series, path: Path, name: str) -> pd.Series:
    """Float64; empty cells and the usual words for nothing are NaN."""
    if pd.api.types.is_numeric_dtype(column):
        return column.astype(float)
    text = column.astype(str).str.strip()
    empty = text.str.lower().isin(["", "na", "nan", "null", "none", "-"])
    numbers = text_table.numbers(text.where(~empty))
    bad = numbers.isna() & ~empty
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise UserError(f"{path} row {row + 2}, column {name}", f"{text.iloc[row]!r} is no number", "correct the cell")
    return numbers


def _times(column: pd.Series, zone: ZoneInfo, path: Path) -> pd.Series:
    """UTC; NaT in a clock change."""
    if pd.api.types.is_datetime64_any_dtype(column):
        times = column
    else:
        text = column.astype(str).str.strip()
        offset = text.str.contains(r"(?:Z|[+-]\d\d:?\d\d)$", regex=True)
        if offset.any() and not offset.all():
            row = int(np.flatnonzero(offset != offset.iloc[0])[0])
            raise UserError(
                f"{path} row {row + 2}", "times with and without an offset are mixed", "write all of them one way"
            )
        times = pd.to_datetime(text, format="ISO8601", utc=bool(len(offset) and offset.all()), errors="coerce")
        if times.isna().any():
            row = int(np.flatnonzero(times.isna())[0])
            raise UserError(
                f"{path} row {row + 2}", f"{text.iloc[row]!r} is no ISO 8601 time", "write 2026-05-01T13:00:00"
            )
    if not pd.api.types.is_datetime64_any_dtype(times):
        raise UserError(path, "times with and without an offset are mixed", "write all of them one way")
    if times.dt.tz is None:
        times = times.dt.tz_localize(zone, ambiguous="NaT", nonexistent="NaT")
    return times.dt.tz_convert("UTC").astype("datetime64[us, UTC]")


def _step(wide: pd.DataFrame, path: Path) -> float:
    """Seconds from row to row of a cage and animal, the median."""
    steps = wide.groupby(["cage", "animal"], sort=False)["time_utc"].diff().dropna()
    if steps.empty:
        raise UserError(path, "has one row of each cage: what does it stand for?", "give resolution_s in the source")
    return float(steps.dt.total_seconds().median())
