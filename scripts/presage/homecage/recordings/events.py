"""The events sheet: what people and scales recorded, as a table with checked kinds and times."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd

from presage import sheets, tables
from presage.homecage.recordings.clock import to_utc


def read_events(sheet: str | Path | None, zone: ZoneInfo) -> pd.DataFrame:
    """The ``events`` table of a TSV sheet (cage, animal, time_utc, kind, value, note); empty when there is no sheet.

    A time with an offset is taken as it is, one without is facility-local time in ``zone``. Raises :class:`UserError`
    naming row and column.
    """
    rows = sheets.read_events(Path(sheet)) if sheet is not None else []
    if not rows:
        return tables.empty("events")
    table = pd.DataFrame(
        {
            "cage": [row.cage for _, row in rows],
            "animal": [row.animal or None for _, row in rows],
            "time_utc": [to_utc(row.time_utc, zone, f"{sheet} row {n}, column time_utc") for n, row in rows],
            "kind": [row.kind for _, row in rows],
            "value": pd.Series([float(row.value) if row.value else None for _, row in rows], dtype=float),
            "note": [row.note or None for _, row in rows],
        }
    )
    return table.astype({"time_utc": "datetime64[us, UTC]"})[tables.SCHEMAS["events"].names]
