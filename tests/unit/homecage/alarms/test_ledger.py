import datetime as dt

import pandas as pd

from presage import tables
from presage.homecage.alarms import ledger

DAY = dt.date(2026, 3, 1)


def _alarms(score: float) -> pd.DataFrame:
    row = {
        **dict.fromkeys(tables.SCHEMAS["alarms"].names, ""),
        "cage": "c1",
        "animal": None,
        "episode": 1,
        "alarm_days": 1,
        "level": "watch",
        "model_hash": "m",
        "first_date": DAY,
        "last_date": DAY,
        "decision_utc": pd.Timestamp("2026-03-02 08:00", tz="UTC"),
        "score": score,
        "threshold": 2.0,
        "budget": 1.0,
    }
    return pd.DataFrame([row])


def test_an_issued_alarm_is_never_rewritten(tmp_path) -> None:
    assert ledger.issue(tmp_path, "m", DAY, _alarms(3.0)) == "written"
    before = ledger.path(tmp_path, "m", DAY).read_bytes()
    assert ledger.issue(tmp_path, "m", DAY, _alarms(3.0)) == "same"
    assert ledger.issue(tmp_path, "m", DAY, _alarms(4.0)) == "differs"
    assert ledger.path(tmp_path, "m", DAY).read_bytes() == before
    assert [p.name for p in (tmp_path / "m").iterdir()] == ["2026-03-01.parquet"]


def test_another_day_of_readings_is_no_other_judgement(tmp_path) -> None:
    assert ledger.issue(tmp_path, "m", DAY, _alarms(3.0)) == "written"
    assert ledger.issue(tmp_path, "m", DAY, _alarms(3.0).assign(data_hash="with the next day")) == "same"
    assert ledger.issue(tmp_path, "m", DAY, _alarms(3.0).assign(level="check")) == "differs"


def test_a_quiet_day_is_kept_too(tmp_path) -> None:
    assert ledger.issue(tmp_path, "m", DAY, tables.empty("alarms")) == "written"
    assert ledger.issue(tmp_path, "m", DAY, _alarms(3.0)) == "differs"
    assert ledger.issue(tmp_path, "other", DAY, _alarms(3.0)) == "written"
    assert ledger.read(tmp_path)["issued"].tolist() == [DAY]
