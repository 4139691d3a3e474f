"""Events that scales and thermometers tell by themselves, so that nobody has to copy them into the events sheet."""

from collections.abc import Sequence
from typing import Any

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
    rows = [row for table in readings for row in _losses(table[(table["name"] == WEIGHT) & table["value"].notna()])]
    days = daily[(daily["name"] == f"all_{TEMPERATURE}") & daily["value"].notna() & ~daily["provisional"]]
    for key, own in _units(days.sort_values("date")):
        fall = own["value"].iloc[:REFERENCE].mean() - own["value"].to_numpy(dtype=float)
        rows += _first(key, own["end_utc"], fall, temperature_fall, "temperature_fall", "degrees under the first days")
    return _events(rows)


def with_derived(sheet: pd.DataFrame, derived: pd.DataFrame) -> pd.DataFrame:
    """The events ``sheet``, what sensors add to it (``derived``), and the losses among its own weighings.

    A row of kind ``weighing`` with a value is one. Of several, the sheet's own word counts first, then the sensors'.
    """
    weighed = sheet[(sheet["kind"] == "weighing") & sheet["value"].notna()]
    return added(added(sheet, derived), _events(_losses(weighed)))


def added(sheet: pd.DataFrame, derived: pd.DataFrame) -> pd.DataFrame:
    """Both tables; of a kind that the ``sheet`` has for a cage, the sheet's word counts."""
    told = set(zip(sheet["cage"], sheet["kind"]))
    new = np.array([pair not in told for pair in zip(derived["cage"], derived["kind"])], dtype=bool)
    # A column without any value has whatever type it was read with.
    typed = [part.astype({"animal": object, "note": object, "value": float}) for part in (sheet, derived[new])]
    return pd.concat([part for part in typed if len(part)], ignore_index=True) if new.any() else sheet


def _losses(weighed: pd.DataFrame) -> list[tuple[Any, ...]]:
    """Rows of ``events`` from columns ``time_utc cage animal value``; mice weighed together without a name are left."""
    rows: list[tuple[Any, ...]] = []
    for key, own in _units(weighed.sort_values("time_utc")):
        if own["time_utc"].duplicated().any():
            continue
        lost = 1.0 - own["value"].to_numpy(dtype=float) / own["value"].iloc[:REFERENCE].mean()
        for kind, share in LOSSES.items():
            rows += _first(key, own["time_utc"], lost, share, kind, "share of the mean of the first three weighings")
    return rows


def _events(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=tables.SCHEMAS["events"].names)
    return frame.astype({"value": float}) if rows else tables.empty("events")


def _units(table: pd.DataFrame) -> list[tuple[tuple[str, str | None], pd.DataFrame]]:
    """(cage, animal) with more values than the reference takes."""
    animals = table.assign(animal=table["animal"].fillna("")).groupby(["cage", "animal"], sort=True)
    return [((str(cage), str(animal) or None), own) for (cage, animal), own in animals if len(own) > REFERENCE]


def _first(key: tuple[str, str | None], times: pd.Series, values: np.ndarray, limit: float, kind: str,
           note: str) -> list[tuple[Any, ...]]:  # fmt: skip
    passed = np.flatnonzero(values >= limit)
    return [(*key, times.iloc[passed[0]], kind, round(float(values[passed[0]]), 4), note)] if len(passed) else []
