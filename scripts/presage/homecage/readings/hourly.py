"""Readings by the hour of the cage-day (ZT): what rhythms are measured on, and where an alarm says to look."""

import numpy as np
import pandas as pd

from presage import tables
from presage.homecage.recordings.zeitgeber import Lights

HOURS = 24
_UNIT = ["cage", "animal", "date", "zt", "name", "unit"]


def to_hourly(readings: pd.DataFrame, *, lights: Lights, sampling: str = "", source: str = "") -> pd.DataFrame:
    """The ``hourly`` table of ``readings`` no coarser than an hour: mean of each feature, weighted by what was seen.

    An hour without a known value has none, and ``seen_s`` says how long the cage was seen in it: null with time seen
    is a feature that could not be measured (a hidden animal has no speed).
    """
    rows = readings[readings["resolution_s"] <= 3600.0]
    if rows.empty:
        return tables.empty("hourly")
    date, zt = lights.zeitgeber(pd.DatetimeIndex(rows["time_utc"]))
    seen = (rows["coverage"] * rows["resolution_s"]).to_numpy()
    value = rows["value"].to_numpy(dtype=float)
    weight = np.where(np.isfinite(value), seen, 0.0)
    cells = pd.DataFrame(
        {
            **{key: rows[key] for key in ("cage", "name", "unit")},
            "animal": rows["animal"].fillna(""),
            "date": date,
            "zt": np.minimum(np.floor(zt), HOURS - 1).astype(np.int32),
            "seen_s": seen,
            "weight": weight,
            "product": np.where(weight > 0, weight * np.nan_to_num(value), 0.0),
            "first_utc": rows["time_utc"].where(seen > 0),
        }
    )
    grouped = cells.groupby(_UNIT, sort=True)
    out = grouped[["seen_s", "weight", "product"]].sum()
    out["first_utc"] = grouped["first_utc"].min()
    out = out.reset_index()
    out["value"] = out["product"] / out["weight"].where(out["weight"] > 0)
    out["date"] = pd.to_datetime(out["date"]).dt.date
    out["animal"] = out["animal"].replace("", None)
    out["sampling"] = sampling or f"sensor {rows['resolution_s'].iloc[0]:g} s"
    return out.assign(source=source)[tables.SCHEMAS["hourly"].names]
