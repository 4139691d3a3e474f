import datetime as dt

import numpy as np
import pandas as pd
import pytest

from presage import tables
from presage.homecage.readings.daily import to_daily
from presage.homecage.recordings.zeitgeber import Lights, Schedule

LIGHTS = Lights(zone="UTC", on="07:00", off="19:00")
DAY = dt.date(2026, 3, 1)


def _minutes(value: np.ndarray, name: str = "distance", step_min: int = 1) -> pd.DataFrame:
    time = LIGHTS.utc(DAY) + pd.to_timedelta(np.arange(len(value)) * step_min, unit="min")
    return pd.DataFrame({"time_utc": time, "cage": "c1", "animal": None, "name": name, "value": value, "unit": "px/min",
                         "resolution_s": 60.0, "coverage": np.where(np.isnan(value), 0.0, 1.0)})  # fmt: skip


def _value(daily: pd.DataFrame, name: str) -> float:
    return daily.loc[daily["name"] == name, "value"].iloc[0]


def test_phases_are_averaged_apart() -> None:
    daily = to_daily(_minutes(np.r_[np.full(720, 1.0), np.full(720, 5.0)]), lights=LIGHTS)
    assert [_value(daily, f"{p}_distance") for p in ("day", "night", "all")] == [1.0, 5.0, 3.0]
    assert (daily["coverage"] == 1).all() and not daily["provisional"].any()
    assert list(daily.columns) == tables.SCHEMAS["daily"].names


def test_missing_hours_are_not_low_activity() -> None:
    value = np.r_[np.full(720, 1.0), np.full(720, 5.0)]
    value[720:1000] = np.nan  # 280 of 720 night minutes
    daily = to_daily(_minutes(value), lights=LIGHTS)
    night = daily[daily["name"] == "night_distance"].iloc[0]
    assert night["value"] == 5.0 and night["coverage"] == pytest.approx(440 / 720)
    value[720:1200] = np.nan
    daily = to_daily(_minutes(value), lights=LIGHTS)
    assert np.isnan(_value(daily, "night_distance")) and np.isnan(_value(daily, "all_distance"))


def test_a_night_alone_is_no_whole_day() -> None:
    daily = to_daily(_minutes(np.full(720, 1.0)), lights=LIGHTS)
    assert _value(daily, "day_distance") == 1.0
    assert np.isnan(_value(daily, "all_distance"))
    assert daily.loc[daily["name"] == "all_distance", "provisional"].all()


def test_a_fully_recorded_duty_cycle_has_coverage_one() -> None:
    schedule = Schedule(record_s=10.0, period_s=1800.0)
    daily = to_daily(_minutes(np.full(48, 2.0), step_min=30), lights=LIGHTS, schedule=schedule)
    assert (daily["coverage"] == 1.0).all() and (daily["value"] == 2.0).all()
    assert not daily["provisional"].any()  # the last segment was at ZT23.5; nothing more was scheduled
    half = to_daily(_minutes(np.r_[np.full(36, 2.0), [np.nan] * 12], step_min=30), lights=LIGHTS, schedule=schedule)
    assert half.loc[half["name"] == "night_distance", "coverage"].iloc[0] == 0.5


def test_hidden_minutes_have_no_speed_but_are_covered() -> None:
    speed, hidden = np.full(1440, 3.0), np.zeros(1440)
    speed[720:1400], hidden[720:1400] = np.nan, 1.0
    rows = pd.concat([_minutes(speed, "speed").assign(coverage=1.0), _minutes(hidden, "hidden_fraction")])
    daily = to_daily(rows, lights=LIGHTS)
    assert _value(daily, "night_hidden_fraction") == pytest.approx(680 / 720)
    assert np.isnan(_value(daily, "night_speed"))  # seen for less than a tenth of the night
    assert (daily["coverage"] == 1).all()
