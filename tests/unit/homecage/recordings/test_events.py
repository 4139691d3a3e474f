"""The events sheet: what a person wrote becomes a table, or one line that names row and column."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from presage import tables
from presage.errors import UserError
from presage.homecage.recordings.events import read_events

BERLIN = ZoneInfo("Europe/Berlin")


def _sheet(folder: Path, *rows: str, head: str = "cage\tanimal\ttime_utc\tkind\tvalue\tnote") -> Path:
    path = folder / "events.tsv"
    path.write_text("\n".join([head, *rows]) + "\n")
    return path


def test_times_are_local_unless_they_say_otherwise(tmp_path: Path) -> None:
    sheet = _sheet(
        tmp_path,
        "c1\tm2\t2026-07-01T09:00:00\tweighing\t24.5\t",
        "c1\t\t2026-07-01T09:00:00Z\ttechnician_note\t\thunched, piloerect",
    )
    found = read_events(sheet, BERLIN)
    tables.write(tmp_path / "e.parquet", "events", found)
    assert found["time_utc"].tolist() == [pd.Timestamp("2026-07-01T07:00Z"), pd.Timestamp("2026-07-01T09:00Z")]
    assert found["animal"].tolist() == ["m2", None] and found["note"].tolist() == [None, "hunched, piloerect"]
    assert found["value"][0] == 24.5 and pd.isna(found["value"][1])


def test_columns_that_nobody_needs_may_be_left_out(tmp_path: Path) -> None:
    found = read_events(_sheet(tmp_path, "c1\t2026-07-01T09:00:00Z\tdeath", head="cage\ttime_utc\tkind"), BERLIN)
    assert list(found) == tables.SCHEMAS["events"].names and found[["animal", "note", "value"]].isna().all(axis=None)


def test_no_sheet_is_no_event() -> None:
    assert read_events(None, BERLIN).empty


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("c1\t\t2026-07-01T09:00:00\tsick\t\t", r"row 3, column kind: 'sick' is not known; use one of onset, tech"),
        ("c1\t\t1 July\tdeath\t\t", r"row 3, column time_utc: '1 July' is no ISO date-time"),
        ("c1\t\t2026-10-25T02:30:00\tdeath\t\t", r"row 3, column time_utc: .* falls into the clock change of Europe"),
        ("c1\t\t2026-07-01T09:00:00\tweighing\t24,5\t", r"row 3, column value: '24,5' is not a number"),
    ],
)
def test_a_wrong_cell_is_named_by_row_and_column(tmp_path: Path, row: str, told: str) -> None:
    good = "c1\t\t2026-07-01T09:00:00\tdeath\t\t"
    with pytest.raises(UserError, match=told):
        read_events(_sheet(tmp_path, good, row), BERLIN)


def test_a_column_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"events\.tsv: has no column 'kind'; the columns are cage, time_utc, kind"):
        read_events(_sheet(tmp_path, "c1\t2026-07-01T09:00:00", head="cage\ttime_utc"), BERLIN)
