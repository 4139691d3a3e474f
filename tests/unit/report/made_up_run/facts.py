"""What the made-up run shares: dates, cell types, events, and rows filled up to a table's contract."""

import datetime as dt

import pandas as pd

from presage import tables

START = dt.date(2026, 3, 2)
DAYS = 24
TYPES = ["astro", "micro", "neuron", "oligo"]
EVENTS = pd.DataFrame(
    [
        ("C01", "onset", 14.3),
        ("C01", "weight_loss_5pct", 19.1),
        ("C01", "technician_note", 19.3),
        ("C02", "onset", 15.2),
        ("C02", "weight_loss_5pct", 20.4),
        ("C02", "cage_change", 7.1),
        ("C03", "cage_change", 7.1),
        ("C05", "camera_fault", 23.5),
    ],
    columns=["cage", "kind", "day"],
)


def filled(table: str, rows: list[dict], **common: object) -> pd.DataFrame:
    """Rows completed with neutral values for the columns of ``table`` that nobody here looks at."""
    neutral = {"string": "x", "int32": 1, "int64": 1, "float": 0.0, "double": 0.0, "bool": False}
    frame = pd.DataFrame(rows).assign(**common)
    for field in tables.SCHEMAS[table]:
        if field.name not in frame:
            frame[field.name] = None if field.nullable else neutral[str(field.type)]
        elif not field.nullable:
            frame[field.name] = frame[field.name].fillna(neutral.get(str(field.type), ""))
    return frame[tables.SCHEMAS[table].names]


def utc(day: float) -> pd.Timestamp:
    """``day`` days after ZT0 of the first cage-day (06:00 UTC)."""
    return (pd.Timestamp(START, tz="UTC") + pd.Timedelta(hours=6) + pd.Timedelta(days=day)).floor("min")
