"""The events sheet: what people and scales recorded, as a table with checked kinds and times."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd

from presage import tables, text_table
from presage.errors import UserError
from presage.homecage.recordings.clock import to_utc

KINDS = (
    "onset",
    "technician_note",
    "weight_loss_5pct",
    "weight_loss_10pct",
    "temperature_fall",
    "treatment",
    "cage_change",
    "weighing",
    "camera_fault",
    "light_fault",
    "death",
    "acknowledged",  # somebody has looked after an alarm
)


def read_events(sheet: str | Path | None, zone: ZoneInfo) -> pd.DataFrame:
    """The ``events`` table of a TSV sheet (cage, animal, time_utc, kind, value, note); empty when there is no sheet.

    A time with an offset is taken as it is, one without is facility-local time in ``zone``. Raises :class:`UserError`
    naming row and column.
    """
    if sheet is None:
        return tables.empty("events")
    raw = text_table.read(sheet)
    columns = tables.SCHEMAS["events"].names
    missing = [name for name in ("cage", "time_utc", "kind") if name not in raw]
    if missing:
        raise UserError(sheet, f"has no column {missing[0]!r}", f"the columns are {', '.join(columns)}")
    raw = raw.reindex(columns=columns, fill_value="")
    times, values = [], []
    for number, (kind, when, value) in enumerate(zip(raw["kind"], raw["time_utc"], raw["value"]), start=2):
        where = f"{sheet} row {number}"
        if kind not in KINDS:
            raise UserError(f"{where}, column kind", f"{kind!r} is not known", f"use one of {', '.join(KINDS)}")
        times.append(to_utc(when, zone, f"{where}, column time_utc"))
        try:
            values.append(float(value) if value else None)
        except ValueError:
            raise UserError(f"{where}, column value", f"{value!r} is not a number", "correct it") from None
    raw["time_utc"] = pd.to_datetime(pd.Series(times, dtype=object), utc=True).astype("datetime64[us, UTC]")
    raw["value"] = pd.Series(values, dtype=float)
    for column in ("animal", "note"):
        raw[column] = [text or None for text in raw[column]]
    return raw
