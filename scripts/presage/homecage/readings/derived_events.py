"""Events that scales and thermometers tell by themselves, so that nobody has to copy them into the events sheet."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from presage import tables

WEIGHT, TEMPERATURE = "weight", "temperature"  # names of readings
LOSSES = {"weight_loss_5pct": 0.05, "weight_loss_10pct": 0.10}
REFERENCE = 3  # first weighings, or days, whose mean is the reference


def derived_events(readings: Sequence[pd.DataFrame], daily: pd.DataFrame, temperature_fall: float) -> pd.DataFrame:
    """The ``events`` table of what ``readings`` (tables) and the ``daily`` table say.

    ``weight_loss_5pct`` and ``_10pct``: the first weighing (reading ``weight``, any unit) that far under the mean of
    the first three; value: the share lost. ``temperature_fall``: the first whole cage-day whose mean
    ``temperature`` is ``temperature_fall`` degrees under that of the first three; value: degrees, time: the day's end.
    """
    rows = []
    for table in readings:
        weighed = table[(table["name"] == WEIGHT) & table["value"].notna()].sort_values("time_utc")
        for key, own in _units(weighed):
            lost = 1.0 - own["value"].to_numpy(dtype=float) / own["value"].iloc[:REFERENCE].mean()
            for kind, share in LOSSES.items():
                rows += _first(
                    key, own["time_utc"], lost, share, kind, "share of the mean of the first three weighings"
                )
    days = daily[(daily["name"] == f"all_{TEMPERATURE}") & daily["value"].notna() & ~daily["provisional"]]
    for key, own in _units(days.sort_values("date")):
        fall = own["value"].iloc[:REFERENCE].mean() - own["value"].to_numpy(dtype=float)
        rows += _first(key, own["end_utc"], fall, temperature_fall, "temperature_fall", "degrees under the first days")
    frame = pd.DataFrame(rows, columns=tables.SCHEMAS["events"].names)
    return frame.astype({"value": float}) if rows else tables.empty("events")


def added(sheet: pd.DataFrame, derived: pd.DataFrame) -> pd.DataFrame:
    """Both tables; of a kind that the ``sheet`` has for a cage, the sheet's word counts."""
    told = set(zip(sheet["cage"], sheet["kind"]))
    new = np.array([pair not in told for pair in zip(derived["cage"], derived["kind"])], dtype=bool)
    return pd.concat([part for part in (sheet, derived[new]) if len(part)], ignore_index=True) if new.any() else sheet


def _units(table: pd.DataFrame) -> list[tuple[tuple[str, str | None], pd.DataFrame]]:
    """(cage, animal) with more values than the reference takes."""
    animals = table.assign(animal=table["animal"].fillna("")).groupby(["cage", "animal"], sort=True)
    return [((str(cage), str(animal) or None), own) for (cage, animal), own in animals if len(own) > REFERENCE]


def _first(key: tuple[str, str | None], times: pd.Series, values: np.ndarray, limit: float, kind: str,
           note: str) -> list[tuple]:  # fmt: skip
    passed = np.flatnonzero(values >= limit)
    return [(*key, times.iloc[passed[0]], kind, round(float(values[passed[0]]), 4), note)] if len(passed) else []
