"""The daily table as dense arrays of animal x day x feature, transformed so that higher is always worse."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from presage.config.distress import FeatureWeight
from presage.errors import UserError
from presage.homecage.recordings.zeitgeber import Lights

# A log feature of exactly zero (an animal that never moved) is as bad as the cap on deviations makes it.
FLOOR = 1e-6


@dataclass(frozen=True)
class Panel:
    """Daily values of all units (a cage, or an animal of it) over the same consecutive dates.

    ``units`` (cage, animal or ""); ``dates`` datetime64[D] [D]; ``features`` [F]; ``values`` float64 [U, D, F]
    transformed, NaN where there is none; ``sampling`` int32 [U, D, F] code of unit and sampling, -1 where there is no
    row; ``evidence`` [U, D] share of the day's evidence that events leave (1 ordinary, 0 masked); ``end_utc``
    datetime64[us] [U, D], NaT where there is no row: end of the data window.
    """

    units: list[tuple[str, str]]
    dates: np.ndarray
    features: tuple[FeatureWeight, ...]
    values: np.ndarray
    sampling: np.ndarray
    evidence: np.ndarray
    end_utc: np.ndarray

    @property
    def cages(self) -> np.ndarray:
        """Cage of each unit, [U]."""
        return np.array([cage for cage, _ in self.units], dtype=str)

    @property
    def scheduled(self) -> np.ndarray:
        """Days from a unit's first to its last row, bool [U, D]: the days on which it could have been judged."""
        seen = ~np.isnat(self.end_utc)
        return np.logical_or.accumulate(seen, axis=1) & np.logical_or.accumulate(seen[:, ::-1], axis=1)[:, ::-1]

    def take(self, rows: np.ndarray | slice = slice(None), days: slice = slice(None)) -> "Panel":
        """The units ``rows`` (mask or indices) on ``days``."""
        index = np.arange(len(self.units))[rows]
        arrays = {k: getattr(self, k)[index][:, days] for k in ("values", "sampling", "evidence", "end_utc")}
        return replace(self, units=[self.units[i] for i in index], dates=self.dates[days], **arrays)


def transform(values: np.ndarray, feature: FeatureWeight) -> np.ndarray:
    """Variance-stabilised (log, or arcsine of the root for shares) and signed so that higher is worse."""
    if feature.scale == "log":
        out = np.log(np.maximum(values, FLOOR))
    elif feature.scale == "share":
        out = np.arcsin(np.sqrt(np.clip(values, 0.0, 1.0)))
    else:
        out = np.asarray(values, dtype=np.float64)
    return -out if feature.worse == "down" else out


def inverse(values: np.ndarray, feature: FeatureWeight) -> np.ndarray:
    """Back from :func:`transform` to the feature's own unit."""
    out = -values if feature.worse == "down" else values
    if feature.scale == "log":
        return np.exp(out)
    return np.sin(np.clip(out, 0.0, np.pi / 2)) ** 2 if feature.scale == "share" else out


def build(
    daily: pd.DataFrame,
    features: Sequence[FeatureWeight],
    evidence: pd.DataFrame | None = None,
) -> Panel:
    """Arrange the ``daily`` table. ``evidence`` (from :func:`event_evidence`) thins days with husbandry events.

    Raises :class:`UserError` when none of the ``features`` is there, or two sources give the same one for a cage-day.
    """
    rows = daily[daily["name"].isin([f.name for f in features])]
    if rows.empty:
        names = ", ".join(sorted(daily["name"].unique())[:12])
        raise UserError("detector.features", "none of them is in the readings", f"there are: {names}")
    animal = rows["animal"].fillna("").astype(str)
    units = sorted(set(zip(rows["cage"], animal)))
    first, last = rows["date"].min(), rows["date"].max()
    dates = np.arange(np.datetime64(first, "D"), np.datetime64(last, "D") + 1)
    u = pd.Series({unit: i for i, unit in enumerate(units)}).reindex(list(zip(rows["cage"], animal))).to_numpy()
    d = (rows["date"].to_numpy().astype("datetime64[D]") - dates[0]).astype(int)
    f = rows["name"].map({feature.name: k for k, feature in enumerate(features)}).to_numpy()
    _refuse_doubles(rows, u, d, f)
    shape = (len(units), len(dates), len(features))
    raw = np.full(shape, np.nan)
    raw[u, d, f] = rows["value"].to_numpy(dtype=np.float64)
    values = np.stack([transform(raw[..., k], feature) for k, feature in enumerate(features)], axis=-1)
    sampling = np.full(shape, -1, dtype=np.int32)
    sampling[u, d, f] = pd.factorize(rows["unit"] + "|" + rows["sampling"], sort=True)[0]
    end = np.full(shape, np.datetime64("NaT"), dtype="datetime64[us]")
    end[u, d, f] = pd.DatetimeIndex(rows["end_utc"]).tz_convert(None).as_unit("us").to_numpy()
    latest = np.fmax.reduce(end, axis=2)
    return Panel(units, dates, tuple(features), values, sampling, _evidence(units, dates, evidence), latest)


def _refuse_doubles(rows: pd.DataFrame, *key: np.ndarray) -> None:
    double = pd.MultiIndex.from_arrays(key).duplicated()
    if double.any():
        row = rows[double].iloc[0]
        raise UserError(
            f"cage {row['cage']} {row['date']}",
            f"{row['name']} comes from two sources",
            "keep one of them in readings.sources",
        )


def _evidence(units: list[tuple[str, str]], dates: np.ndarray, table: pd.DataFrame | None) -> np.ndarray:
    out = np.ones((len(units), len(dates)))
    if table is None or table.empty:
        return out
    days = (table["date"].to_numpy().astype("datetime64[D]") - dates[0]).astype(int)
    for cage, animal, day, weight in zip(table["cage"], table["animal"], days, table["weight"]):
        if 0 <= day < len(dates):
            hit = [i for i, (c, a) in enumerate(units) if c == cage and animal in ("", a)]
            out[hit, day] = np.minimum(out[hit, day], weight)
    return out


def event_evidence(events: pd.DataFrame, weights: Mapping[str, float], lights: Lights) -> pd.DataFrame:
    """Rows ``cage animal date weight`` for the events whose kind has a weight under 1."""
    rows = events[events["kind"].isin([k for k, w in weights.items() if w < 1.0])]
    date, _ = lights.zeitgeber(pd.DatetimeIndex(rows["time_utc"]))
    return pd.DataFrame(
        {
            "cage": rows["cage"].to_numpy(),
            "animal": rows["animal"].fillna("").to_numpy(),
            "date": pd.to_datetime(date).date,
            "weight": rows["kind"].map(dict(weights)).to_numpy(dtype=float),
        }
    )
